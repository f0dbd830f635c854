"""Curves on a terminal: points and error bars in braille, eight dots to a character, or in plain characters."""

from collections.abc import Sequence

from qee.cli.show import figures
from qee.cli.show.curves import Axis, Curve, check, curves, is_sweep
from qee.cli.show.showing import MAX_CIRCUITS, Page
from qee.cli.terminal import printable
from qee.documents import CircuitResult, ResultDocument

HEIGHT = 16  # lines of a plot
MAX_WIDTH = 100
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column of a braille character
_BRAILLE = 0x2800


def plotted(
    document: ResultDocument, groups: Sequence[Sequence[CircuitResult]], axis: Axis, width: int, blocks: bool
) -> str:
    """Sweeps as curves, everything else as its histogram. Raises Problem where the axis fits no sweep."""
    check(groups, axis)
    page = Page(document, width, blocks)
    parts = ["\n".join(figures.missing(document))] if document.missing else []
    for group in groups[:MAX_CIRCUITS]:
        drawn = curves(document, group, axis) if is_sweep(group) else []
        parts += [_plot(page, curve) for curve in drawn] or [page.of_circuit(group)]
    if (left := len(groups) - MAX_CIRCUITS) > 0:
        parts.append(f"and {left} more circuits: --circuit NAME shows one")
    return "\n\n".join(parts)


def _plot(page: Page, curve: Curve) -> str:
    low, high = _range([y - e for y, e in _pairs(curve)] + [y + e for y, e in _pairs(curve)])
    left, right = _range(curve.x)
    labels = [f"{low + (high - low) * step / 4:.4g}" for step in range(4, -1, -1)]
    margin = max(map(len, labels))
    canvas = _Canvas(max(20, min(MAX_WIDTH, page.width) - margin - 5), HEIGHT, page.blocks)
    for x, (y, error) in zip(curve.x, _pairs(curve), strict=True):
        across = (x - left) / (right - left)
        if error > 0:
            canvas.bar(across, (y - error - low) / (high - low), (y + error - low) / (high - low))
    for x, y in zip(curve.x, curve.y, strict=True):
        canvas.point((x - left) / (right - left), (y - low) / (high - low))
    ticks = {round(step * (HEIGHT - 1) / 4): label for step, label in enumerate(labels)}
    axis, corner, dash = ("┤", "└", "─") if page.blocks else ("|", "+", "-")
    lines = [_title(page.document, curve)]
    lines += [f"  {ticks.get(n, ''):>{margin}} {axis}{line}".rstrip() for n, line in enumerate(canvas.lines())]
    lines.append(f"  {'':>{margin}} {corner}{dash * canvas.width}")
    ends, name = (f"{left:.6g}", f"{right:.6g}"), printable(curve.x_label)
    lines.append(f"  {'':>{margin}}  {ends[0]}{name:^{max(1, canvas.width - sum(map(len, ends)))}}{ends[1]}")
    return "\n".join(lines)


def _pairs(curve: Curve) -> list[tuple[float, float]]:
    return list(zip(curve.y, curve.errors, strict=True))


def _title(document: ResultDocument, curve: Curve) -> str:
    what = "probability of" if curve.quantity == "probability" else "expectation of"
    bars = ", bars: one standard error" if any(curve.errors) else ", exact"
    return f"{printable(curve.circuit)}: {what} {printable(curve.name)} on {figures.kind(document)}{bars}"


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if high - low <= 1e-12 * max(1.0, abs(low), abs(high)):  # a constant gets room above and below
        return low - 0.5, high + 0.5
    return low, high


class _Canvas:
    """`width` x `height` characters. Coordinates are fractions from 0 to 1, left to right and bottom to top."""

    def __init__(self, width: int, height: int, braille: bool) -> None:
        self.width = width
        self._braille = braille
        columns, rows = (2, 4) if braille else (1, 1)
        self._size = (width * columns, height * rows)
        self._marks: dict[tuple[int, int], str] = {}

    def point(self, across: float, up: float) -> None:
        """With braille two dots wide and high, so that it stands out from a bar."""
        column, row = self._place(across, up)
        reach = 1 if self._braille else 0
        for right in range(reach + 1):
            for down in range(reach + 1):
                at = (min(column + right, self._size[0] - 1), min(row + down, self._size[1] - 1))
                self._marks[at] = "*"

    def bar(self, across: float, low: float, high: float) -> None:
        column, bottom = self._place(across, low)
        for row in range(self._place(across, high)[1], bottom + 1):
            self._marks.setdefault((column, row), "|")

    def lines(self) -> list[str]:
        if not self._braille:
            return ["".join(self._marks.get((x, y), " ") for x in range(self._size[0])) for y in range(self._size[1])]
        cells: dict[tuple[int, int], int] = {}
        for x, y in self._marks:
            at = (x // 2, y // 4)
            cells[at] = cells.get(at, 0) | _DOTS[y % 4][x % 2]
        height = self._size[1] // 4
        return [
            "".join(chr(_BRAILLE + cells[(x, y)]) if (x, y) in cells else " " for x in range(self.width))
            for y in range(height)
        ]

    def _place(self, across: float, up: float) -> tuple[int, int]:
        columns, rows = self._size
        return round(across * (columns - 1)), round((1 - up) * (rows - 1))
