"""A circuit's layout as PNG, painted by matplotlib. That is an extra: whoever imports this module asks for it."""

import io
import math
import warnings
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Arc, Circle, Polygon, Rectangle

from qee.cli.problem import Problem
from qee.cli.show.circuit_layout import Layout, Mark, layout
from qee.cli.terminal import printable
from qee.sdk.diagram import Diagram

INCHES = 0.45  # between two wires
DOTS_PER_INCH = 150
READABLE = 72  # dots per inch that a large picture has at least
MAX_PIXELS = 64_000_000  # four bytes each in memory
MAX_SIDE = 60_000  # matplotlib's painter takes less than 2^16

_HALF = 0.35  # of a box's height
_DOT = 0.09
_LARGE, _SMALL, _TINY = 10, 8, 6  # points
_QUANTUM, _CLASSICAL = "black", "dimgrey"
_FILL = {"gate": "aliceblue", "block": "lemonchiffon", "reset": "whitesmoke", "measure": "whitesmoke"}
_WIRES, _LINES, _BOXES, _TEXT = 1, 2, 3, 4  # what is painted above what


def png(diagram: Diagram) -> bytes:
    """The picture. Raises Problem."""
    if not diagram.qubits:
        raise Problem("--png: the circuit has no qubits, and so nothing to draw")
    plan = layout(diagram)
    width, height = plan.width * INCHES, plan.height * INCHES
    dots = min(float(DOTS_PER_INCH), math.sqrt(MAX_PIXELS / (width * height)), MAX_SIDE / max(width, height))
    if dots < READABLE:
        raise Problem(
            f"--png: the picture would have {width * READABLE:.0f} by {height * READABLE:.0f} pixels; leave it out to "
            "have the circuit drawn as text, or draw a part of it"
        )
    figure: Any = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, plan.width)
    axes.set_ylim(plan.height, 0)  # downwards
    _Painter(axes, plan).paint()
    data = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name in letters that the font has not: boxes
        figure.savefig(data, format="png", dpi=dots)
    return data.getvalue()


class _Painter:
    """Lengths are the layout's, so that a circle is one: both axes have the same scale."""

    def __init__(self, axes: Any, plan: Layout) -> None:
        self._axes = axes
        self._plan = plan

    def paint(self) -> None:
        for number, row in enumerate(self._plan.rows):
            self._wires(number, row)
        for mark in self._plan.marks:
            self._mark(mark)

    def _wires(self, number: int, row: range) -> None:
        left = self._plan.margin
        right = left + self._plan.length(row)
        for wire, each in enumerate(self._plan.wires):
            y = self._y(number, wire)
            classical = each.size is not None
            self._text(left - 0.15, y, printable(each.label), _LARGE, ha="right")
            for off in (-0.04, 0.04) if classical else (0.0,):
                self._line((left, right), (y + off, y + off), _CLASSICAL if classical else _QUANTUM, _WIRES, 0.8)
            if each.size is not None and each.size > 1:
                self._line((left + 0.05, left + 0.2), (y + 0.14, y - 0.14), _CLASSICAL, _LINES, 0.8)
                self._text(left + 0.16, y - 0.2, str(each.size), _TINY, color=_CLASSICAL)

    def _mark(self, mark: Mark) -> None:
        row, x = self._plan.centre(mark.column)
        x += self._plan.margin
        if mark.symbol == "barrier":
            for wire in mark.ports:
                y = self._y(row, wire)
                self._line((x, x), (y - 0.5, y + 0.5), "grey", _LINES, 1.2, "--")
            return
        self._connections(mark, row, x)
        for wire, value in mark.controls:
            self._circle(x, self._y(row, wire), _DOT, "black" if value else "white")
        for wire in mark.ports if mark.symbol in ("not", "dot", "cross") else ():
            self._symbol(mark.symbol, x, self._y(row, wire))
        if mark.symbol == "box":
            self._box(mark, row, x)
        if mark.symbol == "meter":
            self._meter(mark, row, x)

    def _connections(self, mark: Mark, row: int, x: float) -> None:
        """Between the qubits, and from the lowest of them, or from the box, to classical wires."""
        touched = [self._y(row, wire) for wire in mark.operation.touched]
        if len(touched) > 1:
            self._line((x, x), (min(touched), max(touched)), _QUANTUM, _LINES, 1.0)
        if not mark.bits:
            return
        lowest = self._y(row, max(wire for wire, _ in mark.bits))
        for off in (-0.04, 0.04):
            self._line((x + off, x + off), (max(touched), lowest), _CLASSICAL, _LINES, 0.8)
        writes = mark.symbol == "meter"
        for wire, bit in mark.bits:
            y, size = self._y(row, wire), self._plan.wires[wire].size
            if writes:
                corners = [(x - 0.13, y - 0.22), (x + 0.13, y - 0.22), (x, y - 0.02)]
                self._axes.add_artist(Polygon(corners, fc=_CLASSICAL, ec="none", zorder=_BOXES))
            else:
                self._circle(x, y, 0.07, _CLASSICAL)
            if writes and size != 1:
                self._text(x + 0.2, y - 0.22, str(bit), _TINY, color=_CLASSICAL, ha="left")

    def _symbol(self, symbol: str, x: float, y: float) -> None:
        if symbol == "dot":
            self._circle(x, y, _DOT, "black")
        elif symbol == "not":
            self._circle(x, y, 0.2, "white")
            self._line((x - 0.2, x + 0.2), (y, y), _QUANTUM, _TEXT, 1.0)
            self._line((x, x), (y - 0.2, y + 0.2), _QUANTUM, _TEXT, 1.0)
        else:
            self._line((x - 0.12, x + 0.12), (y - 0.12, y + 0.12), _QUANTUM, _TEXT, 1.2)
            self._line((x - 0.12, x + 0.12), (y + 0.12, y - 0.12), _QUANTUM, _TEXT, 1.2)

    def _box(self, mark: Mark, row: int, x: float) -> None:
        top, bottom = self._y(row, min(mark.ports)) - _HALF, self._y(row, max(mark.ports)) + _HALF
        left, width = x - mark.width / 2, mark.width
        fill = _FILL.get(mark.operation.kind, "white")
        self._axes.add_artist(Rectangle((left, top), width, bottom - top, fc=fill, ec="black", lw=0.9, zorder=_BOXES))
        several = len(mark.ports) > 1
        for number, wire in enumerate(mark.ports if several else ()):
            self._text(left + 0.07, self._y(row, wire), str(number), _TINY, ha="left")
        middle = x + (0.1 if several else 0.0)
        size = _LARGE if len(mark.lines) == 1 else _SMALL
        self._text(middle, (top + bottom) / 2, "\n".join(map(printable, mark.lines)), size)

    def _meter(self, mark: Mark, row: int, x: float) -> None:
        y = self._y(row, mark.ports[0])
        fill = _FILL["measure"]
        corner, side = (x - _HALF, y - _HALF), 2 * _HALF
        self._axes.add_artist(Rectangle(corner, side, side, fc=fill, ec="black", lw=0.9, zorder=_BOXES))
        self._axes.add_artist(Arc((x, y + 0.15), 0.46, 0.46, theta1=180, theta2=360, lw=0.9, zorder=_TEXT))
        self._line((x, x + 0.17), (y + 0.15, y - 0.17), _QUANTUM, _TEXT, 0.9)

    def _y(self, row: int, wire: int) -> float:
        return row * (len(self._plan.wires) + 1.0) + 1.0 + wire

    def _line(
        self, x: tuple[float, float], y: tuple[float, float], color: str, order: int, width: float, style: str = "-"
    ) -> None:
        self._axes.add_artist(Line2D(x, y, color=color, zorder=order, linewidth=width, linestyle=style))

    def _circle(self, x: float, y: float, radius: float, fill: str) -> None:
        self._axes.add_artist(Circle((x, y), radius, fc=fill, ec="black", lw=0.9, zorder=_BOXES))

    def _text(self, x: float, y: float, text: str, size: int, **more: Any) -> None:
        style = {"ha": "center", "va": "center", "zorder": _TEXT} | more
        self._axes.text(x, y, text, fontsize=size, parse_math=False, **style)
