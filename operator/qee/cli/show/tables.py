"""`-o table`: every number of a result, one a line, a table for each output."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from qee.cli.show.histogram import by_count, by_probability, columns
from qee.cli.terminal import printable
from qee.documents import CircuitResult, ResultDocument
from qee.results.numbers import amplitudes, bits, reals

NONE = "-"  # in the column of a parameter that the row's circuit does not have


def table(document: ResultDocument, results: Sequence[CircuitResult]) -> str:
    """A table for each output that is there: counts, memory, probabilities, statevector, expectation."""
    names = dict.fromkeys(p for each in results for p in document.parameters.get(each.circuit, {}))
    parts = []
    for head, there, cells in _TABLES:
        held = [each for each in results if there(each)]
        if not held:
            continue
        rows = [["CIRCUIT", "SET", *map(printable, names), *head]]
        rows += [[*_point(document, each, names), *row] for each in held for row in cells(each)]
        parts.append(columns(rows))
    return "\n\n".join(parts)


def _point(document: ResultDocument, each: CircuitResult, names: Iterable[str]) -> list[str]:
    found = document.parameters.get(each.circuit, {})
    values = [printable(found[name][each.parameter_set]) if name in found else NONE for name in names]
    return [printable(each.circuit), str(each.parameter_set), *values]


def _counts(each: CircuitResult) -> Iterator[list[str]]:
    for outcome, count in by_count(each):
        yield [outcome, str(count), f"{count / each.shots:.6f}"]


def _distribution(each: CircuitResult) -> Iterator[list[str]]:
    for outcome, value in by_probability(each):
        yield [outcome, f"{value:.12g}"]


def _memory(each: CircuitResult) -> Iterator[list[str]]:
    for shot, outcome in enumerate(each.memory or ()):
        yield [str(shot), outcome]


def _probabilities(each: CircuitResult) -> Iterator[list[str]]:
    if each.probabilities is not None:
        size = bits(each.probabilities)
        for outcome, value in enumerate(reals(each.probabilities)):
            yield [f"{outcome:0{size}b}", f"{value:.12g}"]


def _statevector(each: CircuitResult) -> Iterator[list[str]]:
    if each.statevector is not None:
        size = bits(each.statevector)
        for state, value in enumerate(amplitudes(each.statevector)):
            yield [f"{state:0{size}b}", f"{value.real:.12g}", f"{value.imag:.12g}", f"{abs(value) ** 2:.12g}"]


def _expectation(each: CircuitResult) -> Iterator[list[str]]:
    for name, found in (each.expectation or {}).items():
        yield [printable(name), found.value, found.standard_error, str(found.shots)]


_Kind = tuple[list[str], Callable[[CircuitResult], bool], Callable[[CircuitResult], Iterator[list[str]]]]
_TABLES: tuple[_Kind, ...] = (
    (["OUTCOME", "COUNT", "FRACTION"], lambda each: each.counts is not None, _counts),
    (["SHOT", "OUTCOME"], lambda each: each.memory is not None, _memory),
    (["OUTCOME", "PROBABILITY"], lambda each: each.probabilities is not None, _probabilities),
    (["OUTCOME", "PROBABILITY"], lambda each: each.distribution is not None, _distribution),
    (["STATE", "REAL", "IMAGINARY", "PROBABILITY"], lambda each: each.statevector is not None, _statevector),
    (["OBSERVABLE", "VALUE", "STDERROR", "SHOTS"], lambda each: each.expectation is not None, _expectation),
)
