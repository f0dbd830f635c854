"""`--png`: histograms and sweep curves by matplotlib, which is an extra and is imported here alone."""

import io
import math
from collections.abc import Callable, Sequence
from typing import Any

from qee.cli.problem import Problem, needed
from qee.cli.show import figures
from qee.cli.show.curves import Axis, Curve, Plane, check, curves, is_sweep, plane
from qee.cli.show.histogram import by_count
from qee.documents import CircuitResult, ResultDocument
from qee.results.numbers import amplitudes, bits, reals

MAX_PANELS = 12
MAX_BARS = 32
MAX_LINES = 24  # of labels that stand beside their bars, one below the other
LONG = 10  # bits of an outcome above which its label stands beside its bar
WRAP = 32  # bits of a label in one line
PANEL_INCHES = (6.4, 4.4)
DOTS_PER_INCH = 150

_Draw = Callable[[Any], None]
_QUANTITY = {"expectation": "expectation value", "probability": "probability"}


def png(document: ResultDocument, groups: Sequence[Sequence[CircuitResult]], axis: Axis) -> tuple[bytes, int]:
    """The picture, and how many panels found no place in it. Raises Problem."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise needed("--png", "matplotlib") from None
    check(groups, axis)
    panels = [panel for group in groups for panel in _panels(document, group, axis)]
    if not panels:
        raise Problem("--png: the result has nothing to draw; memory alone is exported by -o csv or -o npz")
    shown = panels[:MAX_PANELS]
    across = 1 if len(shown) == 1 else 2 if len(shown) <= 6 else 3
    down = math.ceil(len(shown) / across)
    figure: Any = Figure(figsize=(PANEL_INCHES[0] * across, PANEL_INCHES[1] * down), layout="constrained")
    FigureCanvasAgg(figure)
    if document.missing:
        figure.suptitle(figures.missing(document)[0], color="tab:red", parse_math=False)
    for number, draw in enumerate(shown):
        draw(figure.add_subplot(down, across, number + 1))
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=DOTS_PER_INCH)
    return data.getvalue(), len(panels) - len(shown)


def _panels(document: ResultDocument, group: Sequence[CircuitResult], axis: Axis) -> list[_Draw]:
    kind = figures.kind(document)
    if is_sweep(group):
        drawn = curves(document, group, axis)
        found: list[_Draw] = []

        def of(curve: Curve) -> set[int]:
            return {group[0].shots} if curve.quantity == "probability" else _shots(group, curve.name)

        if axis.parameter is None and (grid := plane(document, group)) is not None:
            titles = [f"{each.circuit}: {each.name} on {kind}{_each(of(each), ' each')}" for each in drawn]
            return [_map(grid, each, title) for each, title in zip(drawn, titles, strict=True)]
        for quantity in ("expectation", "probability"):
            if chosen := [curve for curve in drawn if curve.quantity == quantity]:
                shots = {number for curve in chosen for number in of(curve)}
                found.append(_curves(chosen, f"{group[0].circuit} on {kind}{_each(shots, ' each')}"))
        return found
    each = group[0]
    found = []
    if each.expectation is not None:
        found.append(_estimates(each, f"{each.circuit} on {kind}{_each(_shots(group))}"))
    if each.counts is not None:
        rows = [(key, float(count)) for key, count in by_count(each)]
        found.append(_bars(rows, "counts", f"{each.circuit} on {kind}, {each.shots} shots"))
    for array, name in ((each.probabilities, "probability"), (each.statevector, "|amplitude|²")):
        if array is not None:
            values = reals(array) if name == "probability" else [abs(a) ** 2 for a in amplitudes(array)]
            keyed = [(f"{n:0{bits(array)}b}", value) for n, value in enumerate(values) if value > 1e-12]
            keyed.sort(key=lambda item: (-item[1], item[0]))
            found.append(_bars(keyed, name, f"{each.circuit} on {kind}, exact"))
    return found


def _shots(group: Sequence[CircuitResult], observable: str | None = None) -> set[int]:
    """Of all observables, or of one."""
    found = [pair for each in group for pair in (each.expectation or {}).items()]
    return {value.shots for name, value in found if observable in (None, name)}


def _each(shots: set[int], each: str = "") -> str:
    """Observables may have different numbers of shots, where a precision was asked for; what is exact has none."""
    if not (sampled := shots - {0}):
        return ", exact"
    least, most = min(sampled), max(sampled)
    return f", {most} shots{each}" if least == most else f", {least} to {most} shots"


def _bars(rows: Sequence[tuple[str, float]], quantity: str, title: str) -> _Draw:
    """The largest in the order of their bits, and the others as one. No label is cut: long ones stand beside."""
    longest = max((len(key) for key, _ in rows), default=0)
    long = longest > LONG
    most = max(1, MAX_LINES // math.ceil(longest / WRAP)) if long else MAX_BARS
    shown = sorted(rows[:most])
    rest = sum(value for _, value in rows[most:])
    labels = [_wrapped(key) for key, _ in shown] + ([f"{len(rows) - most} others"] if rest else [])
    heights = [value for _, value in shown] + ([rest] if rest else [])
    places, thick = range(len(labels)), 0.4 if len(labels) <= 2 else 0.8

    def draw(axes: Any) -> None:
        if long:
            axes.barh(places, heights, thick, color="tab:blue")
            axes.set_yticks(places, labels, fontsize=7, family="monospace")
            axes.invert_yaxis()
            axes.set_xlim(left=0)
        else:
            axes.bar(places, heights, thick, color="tab:blue")
            steep = sum(map(len, labels)) > 40
            axes.set_xticks(places, labels, rotation=90 if steep else 0, fontsize=8 if steep else 10)
            axes.set_xlim(-0.6, len(labels) - 0.4)
            axes.set_ylim(bottom=0)
        outcome = "outcome, bit 0 rightmost"
        axes.set_xlabel(quantity if long else outcome)
        axes.set_ylabel(outcome if long else quantity)
        axes.set_title(title, parse_math=False)

    return draw


def _wrapped(key: str) -> str:
    """From the right, so that lines have the same bits below one another."""
    first = len(key) % WRAP or WRAP
    return "\n".join([key[:first], *(key[at : at + WRAP] for at in range(first, len(key), WRAP))])


def _map(grid: Plane, curve: Curve, title: str) -> _Draw:
    """Colour over two parameters: cells where they form a grid, else points."""

    def draw(axes: Any) -> None:
        x, y = grid.x, grid.y
        columns, rows = sorted(set(x)), sorted(set(y))
        if len(columns) * len(rows) == len(x):
            cells = [[0.0] * len(columns) for _ in rows]
            for across, up, value in zip(x, y, curve.y, strict=True):
                cells[rows.index(up)][columns.index(across)] = value
            drawn = axes.pcolormesh(columns, rows, cells, shading="nearest")
        else:
            drawn = axes.scatter(x, y, c=curve.y)
        axes.set_xlabel(grid.x_label, parse_math=False)
        axes.set_ylabel(grid.y_label, parse_math=False)
        axes.figure.colorbar(drawn, ax=axes, label=_QUANTITY[curve.quantity])
        axes.set_title(title, parse_math=False)

    return draw


def _curves(drawn: Sequence[Curve], title: str) -> _Draw:
    def draw(axes: Any) -> None:
        for curve in drawn:
            exact = not any(curve.errors)
            errors = None if exact else curve.errors
            style = "-" if exact and len(curve.x) > 1 else ""
            small = 2 if len(curve.x) > 200 else 4
            axes.errorbar(curve.x, curve.y, errors, fmt=f"o{style}", ms=small, capsize=2, lw=1, label=curve.name)
        axes.set_xlabel(drawn[0].x_label, parse_math=False)
        axes.set_ylabel(_QUANTITY[drawn[0].quantity])
        axes.set_title(title, parse_math=False)
        axes.grid(alpha=0.3)
        for text in axes.legend().get_texts():
            text.set_parse_math(False)

    return draw


def _estimates(each: CircuitResult, title: str) -> _Draw:
    found = each.expectation or {}

    def draw(axes: Any) -> None:
        values = [float(one.value) for one in found.values()]
        axes.errorbar(
            range(len(found)), values, [float(one.standard_error) for one in found.values()], fmt="o", capsize=4
        )
        axes.set_xticks(range(len(found)), list(found), parse_math=False)
        axes.margins(x=0.3)
        axes.set_ylabel("expectation value")
        axes.set_title(title, parse_math=False)
        axes.grid(alpha=0.3)

    return draw
