"""`--png`: histograms and sweep curves by matplotlib, which is an extra and is imported here alone."""

import io
import math
from collections.abc import Callable, Sequence
from typing import Any

from qee.api.documents import CircuitResult, ResultDocument
from qee.cli import figures
from qee.cli.curves import Axis, Curve, curves, is_sweep
from qee.cli.histogram import by_count
from qee.cli.problem import Problem
from qee.results.numbers import amplitudes, bits, reals

MAX_PANELS = 12
MAX_BARS = 32
PANEL_INCHES = (6.4, 4.4)
DOTS_PER_INCH = 150

_Draw = Callable[[Any], None]


def png(document: ResultDocument, groups: Sequence[Sequence[CircuitResult]], axis: Axis) -> tuple[bytes, int]:
    """The picture, and how many panels found no place in it. Raises Problem."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise Problem("--png needs matplotlib, which is not installed: pip install 'qee[plot]'") from None
    if axis.chosen and not any(map(is_sweep, groups)):
        raise Problem("--parameter and --outcome are for sweeps; no circuit here has several parameter sets")
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
        for quantity in ("expectation", "probability"):
            if chosen := [curve for curve in drawn if curve.quantity == quantity]:
                shots = group[0].shots if quantity == "probability" else _shots(group)
                found.append(_curves(chosen, f"{group[0].circuit} on {kind}{_each(shots, document, chosen)}"))
        return found
    each = group[0]
    found = []
    if each.expectation is not None:
        found.append(_estimates(each, f"{each.circuit} on {kind}{_each(_shots(group), document)}"))
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


def _shots(group: Sequence[CircuitResult]) -> int:
    return max((found.shots for each in group for found in (each.expectation or {}).values()), default=0)


def _each(shots: int, document: ResultDocument, drawn: Sequence[Curve] = ()) -> str:
    if not shots:
        return ", exact"
    return f", {shots} shots{' each' if drawn else ''}"


def _bars(rows: Sequence[tuple[str, float]], quantity: str, title: str) -> _Draw:
    """The largest MAX_BARS in the order of their bits, and the others as one."""
    shown = sorted(rows[:MAX_BARS])
    rest = sum(value for _, value in rows[MAX_BARS:])

    def draw(axes: Any) -> None:
        labels = [key for key, _ in shown] + (["others"] if rest else [])
        axes.bar(range(len(labels)), [value for _, value in shown] + ([rest] if rest else []), color="tab:blue")
        steep = len(labels) * max(map(len, labels)) > 40
        axes.set_xticks(range(len(labels)), labels, rotation=90 if steep else 0, fontsize=8 if steep else 10)
        axes.set_xlabel("outcome, bit 0 rightmost")
        axes.set_ylabel(quantity)
        axes.set_xlim(-1, max(len(labels), 4))
        axes.set_ylim(bottom=0)
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
        axes.set_ylabel("expectation value" if drawn[0].quantity == "expectation" else "probability")
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
