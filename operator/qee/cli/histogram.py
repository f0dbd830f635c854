"""A result as text: the histogram for people, the table with every outcome."""

from collections.abc import Iterable, Sequence

from qee.api.documents import CircuitResult, ResultDocument
from qee.cli.terminal import printable

SHOWN = 16
_EIGHTHS = " ▏▎▍▌▋▊▉"
MIN_BAR, MAX_BAR = 8, 40


def histogram(document: ResultDocument, results: Sequence[CircuitResult], width: int, blocks: bool = True) -> str:
    """One histogram for each result, the most frequent outcomes first. `blocks`: the terminal has block characters."""
    return "\n\n".join("\n".join(_one(document, result, width, blocks)) for result in results)


def table(document: ResultDocument, results: Sequence[CircuitResult]) -> str:
    """Every outcome of every result, one a line, in columns."""
    rows = [("CIRCUIT", "SET", "OUTCOME", "COUNT", "FRACTION")]
    for result in results:
        for outcome, count in _by_count(result):
            fraction = f"{count / result.shots:.6f}"
            rows.append((printable(result.circuit), str(result.parameter_set), outcome, str(count), fraction))
    return columns(rows)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Left-aligned columns, three spaces apart, as kubectl prints them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _one(document: ResultDocument, result: CircuitResult, width: int, blocks: bool) -> Iterable[str]:
    yield _title(document, result)
    if len(result.registers) > 1:
        left_to_right = "  ".join(f"{printable(r.name)}[{r.size}]" for r in reversed(result.registers))
        yield f"  registers, left to right: {left_to_right}"
    outcomes = _by_count(result)
    shown, rest = outcomes[:SHOWN], outcomes[SHOWN:]
    if not shown:
        return
    most = shown[0][1]
    label, number = max(len(key) for key, _ in shown), len(str(result.shots))
    bar = max(MIN_BAR, min(MAX_BAR, width - label - number - 14))
    for key, count in shown:
        share = f"{100 * count / result.shots:5.1f}%"
        yield f"  {key:>{label}}  {_bar(count / most, bar, blocks)}  {count:>{number}}  {share}"
    if rest:
        left = sum(count for _, count in rest)
        yield f"  and {len(rest)} more: {left} shots, {100 * left / result.shots:.1f}%"


def _title(document: ResultDocument, result: CircuitResult) -> str:
    kind = "simulated" if document.simulated else "on hardware"
    row = f", parameter set {result.parameter_set}" if result.parameter_set else ""
    return f"{printable(result.circuit)}{row}: {result.shots} shots on {printable(document.backend)} ({kind})"


def _by_count(result: CircuitResult) -> list[tuple[str, int]]:
    return sorted((result.counts or {}).items(), key=lambda item: (-item[1], item[0]))


def _bar(share: float, width: int, blocks: bool) -> str:
    if not blocks:
        return ("#" * max(1, round(share * width))).ljust(width)
    eighths = max(1, round(share * width * 8))
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()).ljust(width)
