"""A result as text for people: every output, shortened to what fits on a screen, with a count of what is left out."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qee.cli.show import figures
from qee.cli.show.histogram import SHOWN, bars, by_count, by_probability, columns, counts_bars, register_line
from qee.cli.terminal import printable
from qee.documents import CircuitResult, ResultDocument
from qee.results.numbers import amplitudes, bits, reals

MAX_CIRCUITS = 16
MAX_SETS = 4  # of a sweep with histograms; of a longer one each parameter set has a line
LEADING = 3  # outcomes in such a line
MAX_MEMORY = 8
NOTICEABLE = 1e-12  # below it a probability is what rounding left of 0


def shown(document: ResultDocument, results: Sequence[CircuitResult], width: int, blocks: bool = True) -> str:
    """All of it. `width` is the terminal's, `blocks`: it has block characters."""
    return Page(document, width, blocks).shown(results)


_Table = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Page:
    """What results are written on."""

    document: ResultDocument
    width: int
    blocks: bool

    def shown(self, results: Sequence[CircuitResult]) -> str:
        groups = by_circuit(results)
        parts = ["\n".join(figures.missing(self.document))] if self.document.missing else []
        parts += [self.of_circuit(group) for group in groups[:MAX_CIRCUITS]]
        if len(groups) > MAX_CIRCUITS:
            left = len(groups) - MAX_CIRCUITS
            parts.append(f"and {left} more circuits: --circuit NAME shows one, -o table all")
        return "\n\n".join(parts)

    def of_circuit(self, group: Sequence[CircuitResult]) -> str:
        """One circuit's results, all parameter sets."""
        return "\n\n".join("\n".join(lines) for lines in self._circuit(group))

    def _circuit(self, group: Sequence[CircuitResult]) -> Iterator[list[str]]:
        if group[0].expectation is not None:
            yield list(self._expectation(group))
        if len(group) > MAX_SETS:
            yield from self._sweep(group)
            return
        for each in group:
            for output in (self._counts, self._distribution, self._probabilities, self._statevector, self._memory):
                if told := list(output(each)):
                    yield told

    def _table(self, each: CircuitResult) -> _Table:
        return self.document.parameters.get(each.circuit, {})

    def _title(self, each: CircuitResult, what: str) -> str:
        row, table = "", self._table(each)
        if table or each.parameter_set:
            row = f", parameter set {each.parameter_set}"
            row += f" ({figures.point(table, each.parameter_set)})" if table else ""
        return f"{printable(each.circuit)}{row}: {what} on {figures.kind(self.document)}"

    def _counts(self, each: CircuitResult) -> Iterator[str]:
        if each.counts is not None:
            yield self._title(each, f"{each.shots} shots")
            yield from register_line(each)
            yield from counts_bars(each, self.width, self.blocks)

    def _distribution(self, each: CircuitResult) -> Iterator[str]:
        """What a provider gives in place of counts."""
        if each.distribution is None:
            return
        yield self._title(each, "probabilities as the provider gives them, not counts")
        yield from register_line(each)
        found = by_probability(each)
        shown = found[:SHOWN]
        yield from bars([(key, value, f"{value:.6f}") for key, value in shown], self.width, self.blocks)
        if left := len(found) - len(shown):
            yield f"  and {left} more: {100 * max(0.0, 1 - sum(value for _, value in shown)):.1f}%"

    def _probabilities(self, each: CircuitResult) -> Iterator[str]:
        if each.probabilities is None:
            return
        yield self._title(each, "exact probabilities")
        yield from register_line(each)
        values = reals(each.probabilities)
        top = _largest(values)
        if not top:
            return
        size = bits(each.probabilities)
        yield from bars([(f"{n:0{size}b}", values[n], f"{values[n]:.6f}") for n in top], self.width, self.blocks)
        if left := sum(1 for value in values if value > NOTICEABLE) - len(top):
            rest = max(0.0, 1 - sum(values[n] for n in top))
            yield f"  and {left} more: {100 * rest:.1f}%"

    def _statevector(self, each: CircuitResult) -> Iterator[str]:
        if each.statevector is None:
            return
        yield self._title(each, "statevector before the measurements")
        values = amplitudes(each.statevector)
        squares = [abs(value) ** 2 for value in values]
        top = _largest(squares)
        size = bits(each.statevector)
        head = ["STATE", "AMPLITUDE", "PROBABILITY", "PHASE"]
        rows = [
            [f"{n:0{size}b}", figures.amplitude(values[n]), f"{squares[n]:.6f}", figures.phase(values[n], self.blocks)]
            for n in top
        ]
        yield from _indented([head, *rows])
        if left := sum(1 for square in squares if square > NOTICEABLE) - len(top):
            yield f"  and {left} more amplitudes, of {max(0.0, 1 - sum(squares[n] for n in top)):.6f} in all"

    def _memory(self, each: CircuitResult) -> Iterator[str]:
        if each.memory is None:
            return
        yield self._title(each, f"memory of {each.shots} shots")
        if each.counts is None:
            yield from register_line(each)
        left = len(each.memory) - MAX_MEMORY
        yield f"  {' '.join(each.memory[:MAX_MEMORY])}" + (f"  and {left} more" if left > 0 else "")

    def _expectation(self, group: Sequence[CircuitResult]) -> Iterator[str]:
        name, first, kind = printable(group[0].circuit), group[0].expectation or {}, figures.kind(self.document)
        if not self._table(group[0]) and len(group) == 1:
            yield f"{name}: expectation values on {kind}"
            rows = [[printable(o), figures.estimate(v, self.blocks), str(v.shots)] for o, v in first.items()]
            yield from _indented([["OBSERVABLE", "VALUE", "SHOTS"], *rows])
            return
        yield f"{name}: expectation values of {self._sets(group)} on {kind}"
        shown = group[:SHOWN]
        cells = [[figures.estimate(v, self.blocks) for v in (each.expectation or {}).values()] for each in shown]
        yield from self._by_set(group, list(map(printable, first)), cells)

    def _sweep(self, group: Sequence[CircuitResult]) -> Iterator[list[str]]:
        """A line for each parameter set with its leading outcomes."""
        first = group[0]
        name, sets = printable(first.circuit), f"{self._sets(group)}, on {figures.kind(self.document)}"
        for what, there, leading in (
            (f"{first.shots} shots each", first.counts is not None, _leading_counts),
            ("exact probabilities", first.probabilities is not None, _leading_probabilities),
            ("statevectors", first.statevector is not None, _leading_amplitudes),
        ):
            if there:
                lines = self._by_set(group, ["LEADING OUTCOMES"], [[leading(each)] for each in group[:SHOWN]])
                yield [f"{name}: {what}, {sets}", *register_line(first), *lines]
        if first.memory is not None and first.counts is None:
            yield [f"{name}: memory of {first.shots} shots each, {sets}", "  -o table, csv, json or npz has it"]

    def _sets(self, group: Sequence[CircuitResult]) -> str:
        table = self._table(group[0])
        all_ = len(next(iter(table.values()))) if table else len(group)
        return f"{all_} parameter sets" if all_ == len(group) else f"{len(group)} of {all_} parameter sets"

    def _by_set(
        self, group: Sequence[CircuitResult], head: Sequence[str], cells: Sequence[Sequence[str]]
    ) -> Iterator[str]:
        table = self._table(group[0])
        names = figures.parameters(table)
        rows = [
            [str(each.parameter_set), *(printable(table[name][each.parameter_set]) for name in names), *row]
            for each, row in zip(group, cells, strict=False)
        ]
        yield from _indented([["SET", *map(printable, names), *head], *rows])
        if left := len(group) - len(rows):
            yield f"  and {left} more parameter sets: -o table shows all, --plot draws them"
        if hidden := len(table) - len(names):
            yield f"  {hidden} more parameters are not shown: -o csv has all"


def by_circuit(results: Sequence[CircuitResult]) -> list[list[CircuitResult]]:
    """The results of each circuit, in the document's order."""
    groups: dict[str, list[CircuitResult]] = {}
    for each in results:
        groups.setdefault(each.circuit, []).append(each)
    return list(groups.values())


def _leading_counts(each: CircuitResult) -> str:
    found = by_count(each)
    return _leading([(key, count / each.shots) for key, count in found[:LEADING]], len(found))


def _leading_probabilities(each: CircuitResult) -> str:
    found = each.probabilities
    return "" if found is None else _leading_numbers(reals(found), bits(found))


def _leading_amplitudes(each: CircuitResult) -> str:
    found = each.statevector
    return "" if found is None else _leading_numbers([abs(a) ** 2 for a in amplitudes(found)], bits(found))


def _leading_numbers(values: Sequence[float], size: int) -> str:
    top = _largest(values, LEADING)
    return _leading([(f"{n:0{size}b}", values[n]) for n in top], sum(1 for value in values if value > NOTICEABLE))


def _leading(top: Sequence[tuple[str, float]], all_: int) -> str:
    said = "  ".join(f"{key} {100 * share:.1f}%" for key, share in top)
    return said + (f"  and {all_ - len(top)} more" if all_ > len(top) else "")


def _largest(values: Sequence[float], at_most: int = SHOWN) -> list[int]:
    """Indexes of the largest values above 0, the largest first, equal ones in order."""
    return heapq.nsmallest(
        at_most, (n for n, value in enumerate(values) if value > NOTICEABLE), key=lambda n: (-values[n], n)
    )


def _indented(rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"  {line}" for line in columns(rows).splitlines()]
