"""Expectation values of weighted Pauli sums: which terms are measured together, how often, and with what error.

Terms that agree on every qubit where both have a letter (they commute qubit by qubit) are measured in one rotated
circuit, those of all observables of a circuit together: Kandala et al., Nature 549, 242 (2017), supplement. The terms
of one group are correlated, so an observable's variance is estimated from the whole weighted sum of the group in each
shot, never term by term; groups are independent, and their variances add up.

Shots that all agree do not prove that every shot would. So the spread, not the value, is estimated as if two more shots
had been seen, one at each end of what the weighted sum can give: Laplace's rule of succession, for one Pauli string
p = (count + 1) / (shots + 2).

Letters of a label: the leftmost is the highest qubit. Outcomes are integers whose bit i is qubit i.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qee.documents.run import Observable, circuit_seed
from qee.sdk.errors import invalid_spec
from qee.sdk.outcomes import Estimate

MAX_SHOTS = 10_000_000  # of one group, as of a circuit (qee.api.fields.Shots)


@dataclass
class Group:
    """Terms that one circuit measures. `basis`: for each qubit, the highest first, the letter to measure, or I.

    `terms`: by observable, each as its label and coefficient.
    """

    basis: str
    terms: dict[str, list[tuple[str, float]]] = field(default_factory=dict)

    def bound(self, observable: str) -> float:
        """The largest absolute value that the observable's part can have in one shot, hence its standard deviation."""
        return math.fsum(abs(coefficient) for _, coefficient in self.terms.get(observable, ()))

    def takes(self, label: str) -> bool:
        return all("I" in pair or pair[0] == pair[1] for pair in zip(self.basis, label, strict=True))

    def add(self, observable: str, label: str, coefficient: float) -> None:
        self.basis = "".join(b if a == "I" else a for a, b in zip(self.basis, label, strict=True))
        self.terms.setdefault(observable, []).append((label, coefficient))


@dataclass(frozen=True)
class Measurements:
    """What has to be measured for a circuit's observables. `constants` are the coefficients of their identity terms."""

    names: tuple[str, ...]
    constants: Mapping[str, float]
    groups: tuple[Group, ...]

    def shots(self, shots: int, precision: float | None, share: tuple[int, int] = (1, 1)) -> list[int]:
        """Shots of each group, in order: `shots` each; or as many as `precision` takes whatever the state is.

        `precision` is the standard error wanted for each observable. The part of a group with coefficients c has a
        standard deviation of at most b = sum |c|, so that n = b * sum(b over the groups) / precision^2 shots suffice.
        `share` is the part of them that falls to this shard. Raises RunnerError where it takes too many.
        """
        if precision is None:
            return [shots] * len(self.groups)
        totals = {name: math.fsum(group.bound(name) for group in self.groups) for name in self.names}
        numerator, denominator = share
        found = []
        for group in self.groups:
            wanted = max(group.bound(name) / precision * (totals[name] / precision) for name in group.terms)
            if not wanted <= MAX_SHOTS:
                raise invalid_spec(
                    f"precision: {precision:g} takes {wanted:.2g} shots of one measurement, {MAX_SHOTS} are possible; "
                    "ask for a larger standard error, or on a noiseless simulator leave precision out"
                )
            found.append(max(2, -(-math.ceil(wanted - 1e-9) * numerator // denominator)))
        return found

    def seed(self, seed: int, group: int) -> int:
        """The seed of a group's measurement, from that of the execution."""
        return circuit_seed(seed, "observables", group, 0)

    def estimates(self, counts: Sequence[Mapping[int, int]], share: tuple[int, int] = (1, 1)) -> dict[str, Estimate]:
        """Values and standard errors from each group's counts, which are by outcome of all qubits.

        `share` is the part of all shots that these are: the shards' errors, added in quadrature, are then those of the
        whole, with the two added shots once and not once for each shard.
        """
        tables = [_table(each, len(group.basis)) for each, group in zip(counts, self.groups, strict=True)]
        found = {}
        for name in self.names:
            value, variance, shots = self.constants[name], 0.0, 0
            for group, (bits, weights) in zip(self.groups, tables, strict=True):
                if name in group.terms:
                    mean, seen, number = _mean(group, name, bits, weights)
                    squared = squared_error(mean, seen * number, group.bound(name), number, share[0] / share[1])
                    value, variance, shots = value + mean, variance + squared, shots + number
            found[name] = Estimate(value, math.sqrt(variance), shots)
        return found

    def exact(self, expectation: Callable[[str], float]) -> dict[str, Estimate]:
        """Exact values, from a function that gives the expectation value of one Pauli label."""
        known: dict[str, float] = {}
        found = {}
        for name in self.names:
            parts = [self.constants[name]]
            for group in self.groups:
                for label, coefficient in group.terms.get(name, ()):
                    if label not in known:
                        known[label] = expectation(label)
                    parts.append(coefficient * known[label])
            found[name] = Estimate(math.fsum(parts))
        return found

    def labels(self) -> list[str]:
        """Every label but the identity, once."""
        found = (label for group in self.groups for terms in group.terms.values() for label, _ in terms)
        return list(dict.fromkeys(found))


def measurements(observables: Sequence[Observable], qubits: int) -> Measurements:
    """Groups of the observables' terms, greedily, the heaviest terms first. Raises RunnerError for a wrong label."""
    constants = dict.fromkeys((each.name for each in observables), 0.0)
    terms: list[tuple[float, str, str]] = []
    for each in observables:
        for label, text in each.terms.items():
            if len(label) != qubits:
                raise invalid_spec(
                    f"observables[{each.name}].terms: {label[:40]} has {len(label)} letters, the circuit has {qubits} "
                    "qubits; give one letter for each qubit, the highest leftmost"
                )
            if set(label) == {"I"}:
                constants[each.name] += float(text)
            else:
                terms.append((float(text), each.name, label))
    groups: list[Group] = []
    for coefficient, name, label in sorted(terms, key=lambda term: (-abs(term[0]), term[2], term[1])):
        group = next((group for group in groups if group.takes(label)), None)
        if group is None:
            group = Group("I" * qubits)
            groups.append(group)
        group.add(name, label, coefficient)
    return Measurements(tuple(constants), constants, tuple(groups))


def _table(counts: Mapping[int, int], qubits: int) -> tuple[Any, Any]:
    """Outcomes as rows of bits, column i being qubit i, and how often each occurred."""
    import numpy as np

    size = (qubits + 7) // 8
    raw = np.frombuffer(b"".join(outcome.to_bytes(size, "little") for outcome in counts), dtype=np.uint8)
    bits = np.unpackbits(raw.reshape(len(counts), size), axis=1, count=qubits, bitorder="little")
    return bits, np.fromiter(counts.values(), dtype=np.float64, count=len(counts))


def _mean(group: Group, name: str, bits: Any, weights: Any) -> tuple[float, float, int]:
    """Mean of the observable's part over the shots, the square of its error by these shots alone, and the shots."""
    import numpy as np

    values = np.zeros(len(weights))
    for label, coefficient in group.terms[name]:
        measured = [qubit for qubit, letter in enumerate(reversed(label)) if letter != "I"]
        values += coefficient * (1.0 - 2.0 * (bits[:, measured].sum(axis=1) & 1))
    shots = int(weights.sum())
    mean = float(weights @ values) / shots
    return mean, float(weights @ (values - mean) ** 2) / shots**2, shots


def squared_error(mean: float, spread: float, bound: float, shots: int, added: float = 1.0) -> float:
    """The square of a mean's standard error, from values within -bound and bound. `spread` is their mean squared
    deviation from the mean; `added` the weight of one more value at each end.
    """
    total = shots + 2 * added
    within = shots * spread + shots * 2 * added / total * mean**2  # about the mean of all, which is drawn towards 0
    return (within + 2 * added * bound**2) / total / shots


def error_of_told(value: float, told: float, terms: Mapping[str, float], shots: int) -> float:
    """The standard error of a value that a provider estimated, from the one that it tells: at least that of as many
    shots which all agree. `terms` are the observable's, with their coefficients.
    """
    identity = math.fsum(coefficient for label, coefficient in terms.items() if set(label) == {"I"})
    bound = math.fsum(abs(coefficient) for label, coefficient in terms.items() if set(label) != {"I"})
    return max(told, math.sqrt(squared_error(value - identity, 0.0, bound, shots)))
