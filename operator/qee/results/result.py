"""A result as notebooks want it: by circuit and parameter set, as counts, arrays, tables or Qiskit's objects."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from qee.documents.result import Array, CircuitResult, ResultDocument
from qee.results.errors import NotInstalled, ResultError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame
    from qiskit.primitives import PrimitiveResult


class ExpectationValues(NamedTuple):
    """An observable over a circuit's sweep: float64 arrays [parameter sets]; nan where a failed shard left a gap."""

    value: "NDArray[Any]"
    standard_error: "NDArray[Any]"


class Result:
    """One job's result.

    `circuit` may be left out where the result has only one, `parameter_set` where the circuit has only one. Outcomes
    are strings with classical bit 0 rightmost and the register declared last leftmost; an array's index is that string
    read as a binary number. Every method raises ResultError for what the result does not hold.

    Attributes:
        document: the whole document, typed.
        circuits: the circuits' names, in the job's order.
        missing: shards that failed for good, as (index, reason, message); not empty: this result is partial.
    """

    def __init__(self, document: ResultDocument) -> None:
        self.document = document
        self.circuits = tuple(dict.fromkeys(each.circuit for each in document.results))
        self.missing = tuple((each.index, each.reason, each.message) for each in document.missing)
        self._results = {(each.circuit, each.parameter_set): each for each in document.results}

    def __repr__(self) -> str:
        job, kind = self.document.job, "simulated" if self.document.simulated else "on hardware"
        partial = f", PARTIAL: {len(self.missing)} shards missing" if self.missing else ""
        shown = ", ".join(self.circuits[:4]) + (", ..." if len(self.circuits) > 4 else "")
        return f"<Result of {job.namespace}/{job.name} on {self.document.backend} ({kind}): {shown}{partial}>"

    @property
    def backend(self) -> str:
        return self.document.backend

    @property
    def simulated(self) -> bool:
        return self.document.simulated

    def parameter_sets(self, circuit: str | None = None) -> int:
        """Rows of the circuit's sweep, those that a failed shard left out included; 1 for a circuit without one."""
        table = self._table(self._named(circuit))
        return len(next(iter(table.values()))) if table else 1

    def counts(
        self, circuit: str | None = None, parameter_set: int | None = None, *, register: str | None = None
    ) -> dict[str, int]:
        """How often each outcome occurred: of all registers joined, or of one classical register."""
        each = self._one(circuit, parameter_set)
        if register is None:
            return dict(self._has(each, "counts", each.counts))
        marginals = self._has(each, "counts", each.register_counts)
        if register not in marginals:
            raise ResultError(f"circuit {each.circuit} has no register {register!r}; it has {_listed(list(marginals))}")
        return dict(marginals[register])

    def distribution(self, circuit: str | None = None, parameter_set: int | None = None) -> dict[str, float]:
        """Probabilities by outcome, where a provider gives them in place of counts."""
        each = self._one(circuit, parameter_set)
        found = self._has(each, "distribution", each.distribution)
        return {outcome: float(value) for outcome, value in found.items()}

    def memory(self, circuit: str | None = None, parameter_set: int | None = None) -> list[str]:
        """Each shot's outcome, in order."""
        each = self._one(circuit, parameter_set)
        return list(self._has(each, "memory", each.memory))

    def probabilities(self, circuit: str | None = None, parameter_set: int | None = None) -> "NDArray[Any]":
        """The exact distribution, float64 or float32 [2^bits]."""
        each = self._one(circuit, parameter_set)
        return _array(self._has(each, "probabilities", each.probabilities))

    def statevector(self, circuit: str | None = None, parameter_set: int | None = None) -> "NDArray[Any]":
        """The state before the final measurements, complex [2^qubits], qubit 0 the least significant bit."""
        each = self._one(circuit, parameter_set)
        return _array(self._has(each, "statevector", each.statevector))

    def observables(self, circuit: str | None = None) -> tuple[str, ...]:
        """Names of the circuit's observables; none where no expectation values were asked for."""
        name = self._named(circuit)
        return tuple(next(each for each in self.document.results if each.circuit == name).expectation or ())

    def expectation(self, circuit: str | None = None, observable: str | None = None) -> ExpectationValues:
        """An observable's values and standard errors, one for each parameter set. Errors of 0: exact."""
        numpy = _numpy()
        name = self._named(circuit)
        there = self.observables(name)
        if not there:
            raise ResultError(f"circuit {name} has no expectation values; add expectation to spec.outputs")
        if observable is None and len(there) > 1:
            raise ResultError(f"circuit {name} has several observables; name one of {_listed(there)}")
        chosen = there[0] if observable is None else observable
        if chosen not in there:
            raise ResultError(f"circuit {name} has no observable {chosen!r}; it has {_listed(there)}")
        values, errors = (numpy.full(self.parameter_sets(name), numpy.nan) for _ in range(2))
        for (of, row), each in self._results.items():
            if of == name and each.expectation is not None:
                found = each.expectation[chosen]
                values[row], errors[row] = float(found.value), float(found.standard_error)
        return ExpectationValues(values, errors)

    def parameters(self, circuit: str | None = None) -> "dict[str, NDArray[Any]]":
        """The sweep's columns by parameter, float64 [parameter sets]; empty for a circuit without a sweep."""
        numpy = _numpy()
        table = self._table(self._named(circuit))
        return {name: numpy.array([float(value) for value in values]) for name, values in table.items()}

    def to_pandas(self) -> "DataFrame":
        """All numbers as one tidy table, with the columns of `qee result -o csv`: see `qee.results.tidy`."""
        try:
            import pandas
        except ImportError:
            raise NotInstalled("pandas", "notebook") from None
        from qee.results import tidy

        results = self.document.results
        rows = list(tidy.rows(self.document, results))
        frame = pandas.DataFrame(rows, columns=tidy.columns(self.document, results)).dropna(axis="columns", how="all")
        whole = [name for name in ("shot", "count", "shots") if name in frame]
        return frame.astype(dict.fromkeys(whole, "Int64"))

    def to_primitive_result(self) -> "PrimitiveResult[Any]":
        """The same as Qiskit's primitives return it; see `qee.results.primitive`."""
        from qee.results import primitive

        return primitive.primitive_result(self)

    def results_of(self, circuit: str) -> dict[int, CircuitResult]:
        """What the document holds of the circuit, by parameter set."""
        return {row: each for (of, row), each in self._results.items() if of == circuit}

    def _named(self, circuit: str | None) -> str:
        if circuit is None:
            if len(self.circuits) != 1:
                raise ResultError(f"the result has several circuits; name one of {_listed(self.circuits)}")
            return self.circuits[0]
        if circuit not in self.circuits:
            raise ResultError(f"the result has no circuit {circuit!r}; it has {_listed(self.circuits)}")
        return circuit

    def _table(self, circuit: str) -> Mapping[str, tuple[str, ...]]:
        return self.document.parameters.get(circuit, {})

    def _one(self, circuit: str | None, parameter_set: int | None) -> CircuitResult:
        name = self._named(circuit)
        sets = self.parameter_sets(name)
        if parameter_set is None and sets > 1:
            raise ResultError(f"circuit {name} has {sets} parameter sets; give parameter_set, 0 to {sets - 1}")
        row = parameter_set or 0
        if not 0 <= row < sets:
            raise ResultError(f"circuit {name} has no parameter set {row}; give 0 to {sets - 1}")
        if (name, row) not in self._results:
            raise ResultError(f"parameter set {row} of circuit {name} is missing: a shard failed; see Result.missing")
        return self._results[(name, row)]

    def _has(self, each: CircuitResult, output: str, found: Any) -> Any:
        if found is None:
            raise ResultError(f"circuit {each.circuit} has no {output}; add {output} to spec.outputs and run it again")
        return found


def _array(numbers: Array) -> "NDArray[Any]":
    numpy = _numpy()
    little = numpy.dtype(numbers.dtype).newbyteorder("<")
    found: NDArray[Any] = numpy.frombuffer(numbers.raw(), dtype=little).astype(numbers.dtype).reshape(numbers.shape)
    return found


def _numpy() -> Any:
    try:
        import numpy
    except ImportError:
        raise NotInstalled("numpy", "notebook") from None
    return numpy


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
