"""Bars, one for each outcome, and columns as kubectl prints them."""

from collections.abc import Iterable, Iterator, Sequence

from qee.cli.terminal import printable
from qee.documents import CircuitResult

SHOWN = 16
_EIGHTHS = " ▏▎▍▌▋▊▉"
MIN_BAR, MAX_BAR = 8, 40


def counts_bars(result: CircuitResult, width: int, blocks: bool) -> Iterator[str]:
    """The most frequent outcomes first, SHOWN of them, and what the others are together."""
    outcomes = by_count(result)
    shown, rest = outcomes[:SHOWN], outcomes[SHOWN:]
    if not shown:
        return
    number = len(str(result.shots))
    yield from bars([(key, count / result.shots, f"{count:>{number}}") for key, count in shown], width, blocks)
    if rest:
        left = sum(count for _, count in rest)
        yield f"  and {len(rest)} more: {left} shots, {100 * left / result.shots:.1f}%"


def bars(rows: Sequence[tuple[str, float, str]], width: int, blocks: bool) -> Iterator[str]:
    """A line for each (label, share of the whole, figure), the longest bar for the largest share."""
    most = max((share for _, share, _ in rows), default=0) or 1
    label, number = max(len(key) for key, _, _ in rows), max(len(figure) for _, _, figure in rows)
    length = max(MIN_BAR, min(MAX_BAR, width - label - number - 14))
    for key, share, figure in rows:
        yield f"  {key:>{label}}  {_bar(share / most, length, blocks)}  {figure:>{number}}  {100 * share:5.1f}%"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned columns, three spaces apart, as kubectl prints them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def register_line(result: CircuitResult) -> Iterable[str]:
    """Which bits of a key are whose, where there is more than one register."""
    if len(result.registers) > 1:
        left_to_right = "  ".join(f"{printable(r.name)}[{r.size}]" for r in reversed(result.registers))
        yield f"  registers, left to right: {left_to_right}"


def by_count(result: CircuitResult) -> list[tuple[str, int]]:
    return sorted((result.counts or {}).items(), key=lambda item: (-item[1], item[0]))


def by_probability(result: CircuitResult) -> list[tuple[str, float]]:
    """Of `distribution`, the most probable outcomes first."""
    found = {key: float(value) for key, value in (result.distribution or {}).items()}
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def _bar(share: float, width: int, blocks: bool) -> str:
    if not blocks:
        return ("#" * max(1, round(share * width))).ljust(width)
    eighths = max(1, round(share * width * 8))
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()).ljust(width)
