"""What a stretch of a program adds up to."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """What a stretch of the program adds up to.

    Attributes:
        operations, multi_qubit: expanded; of branches the longest, of loops all rounds.
        work: what engines build besides: every branch, every round (of each loop one at least), levels of calls,
            operands of barriers, elements of aliases, matrices.
        basis: see Gate.basis.
        terms, uses: operands in the expressions of the expanded body, and among them the parameters by name.
        clifford: no gate so far that is not.
        names: standard gates reached.
        depth: levels of gate definitions below.
        measurements: measure statements.
    """

    operations: int = 0
    multi_qubit: int = 0
    work: int = 0
    basis: int = 0
    terms: int = 0
    uses: dict[str, int] = field(default_factory=dict)
    clifford: bool = True
    names: set[str] = field(default_factory=set)
    depth: int = 0
    measurements: int = 0

    def add(self, inner: "Tally", times: int) -> None:
        self.operations += inner.operations * times
        self.multi_qubit += inner.multi_qubit * times
        self._add_built(inner, max(1, times))

    def add_branches(self, branches: "list[Tally]") -> None:
        self.operations += max(branch.operations for branch in branches)
        self.multi_qubit += max(branch.multi_qubit for branch in branches)
        for branch in branches:
            self._add_built(branch, 1)

    def _add_built(self, inner: "Tally", times: int) -> None:
        self.work += max(1, inner.work) * times
        self.basis += inner.basis * times
        self.terms += inner.terms * times
        for name, count in inner.uses.items():
            self.uses[name] = self.uses.get(name, 0) + count * times
        self.clifford = self.clifford and inner.clifford
        self.names |= inner.names
        self.depth = max(self.depth, inner.depth)
        self.measurements += inner.measurements
