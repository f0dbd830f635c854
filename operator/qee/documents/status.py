"""What a job's status shows of a result: its summary, made of the result and read from a reference.

Standard library only: the runner imports this before its sandbox is on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qee.documents.canonical import DocumentError
from qee.documents.codec import Counts, Document, Kind, Number, OmitEmpty, Positive, missing, unknown
from qee.documents.result import CircuitResult, ResultDocument

SUMMARY_RESULTS = 8  # results shown in a job's status
SUMMARY_COUNTS = 16  # outcomes shown of each
SUMMARY_BITS = 256  # outcomes of more bits are not shown: status is not the place for kilobytes of a single key
SUMMARY_NUMBER = 32  # characters of a number that status takes; `summary` writes at most 12 digits


@dataclass(frozen=True)
class _Value(Document):
    observable: str
    value: Number
    standard_error: Number

    def check(self) -> None:
        if max(len(self.value), len(self.standard_error)) > SUMMARY_NUMBER:
            raise DocumentError(f"summary's numbers must have at most {SUMMARY_NUMBER} characters")


@dataclass(frozen=True)
class _Shown(Document):
    """Of one circuit and parameter set. `distinct`, how many outcomes there were, belongs to `counts`."""

    circuit: str
    parameter_set: int
    shots: OmitEmpty[Positive] = 0
    counts: Counts | None = None
    distinct: int | None = None
    expectation_values: tuple[_Value, ...] | None = None

    def check(self) -> None:
        if self.counts is None and self.distinct is not None:
            raise unknown("distinct")
        if self.counts is None:
            return
        if self.distinct is None:
            raise missing("distinct")
        if len(self.counts) > min(SUMMARY_COUNTS, self.distinct):
            raise DocumentError(f"summary's counts must be at most {SUMMARY_COUNTS} and no more than distinct")
        if any(len(key) > SUMMARY_BITS for key in self.counts):
            raise DocumentError(f"summary's counts must have keys of at most {SUMMARY_BITS} bits")


@dataclass(frozen=True)
class _Summary(Document):
    results: tuple[_Shown, ...]
    truncated: bool

    def check(self) -> None:
        if len(self.results) > SUMMARY_RESULTS:
            raise DocumentError(f"summary.results must have at most {SUMMARY_RESULTS} entries")


# A summary within a document: read strictly, then plain values as status has them.
SUMMARY = Kind(
    "an object",
    dict,
    read=lambda value: _Summary.read(value).as_json(),
    write=dict,
)


def summary(result: ResultDocument) -> dict[str, Any]:
    """What a job's status shows: of the first SUMMARY_RESULTS results the values of observables and the SUMMARY_COUNTS
    most frequent outcomes.
    """
    shown = tuple(map(_shown, result.results[:SUMMARY_RESULTS]))
    cut = len(result.results) > len(shown) or any(len(each.counts or ()) < (each.distinct or 0) for each in shown)
    return _Summary(shown, cut).as_json()


def _shown(each: CircuitResult) -> _Shown:
    return _Shown(
        each.circuit,
        each.parameter_set,
        each.shots,
        None if each.counts is None else _shown_counts(each, each.counts),
        None if each.counts is None else len(each.counts),
        None
        if each.expectation is None
        else tuple(
            _Value(name, _short(found.value), _short(found.standard_error)) for name, found in each.expectation.items()
        ),
    )


def _short(number: str) -> str:
    """At most 12 significant digits, as people read them."""
    return format(float(number), ".12g")


def _shown_counts(result: CircuitResult, counts: Mapping[str, int]) -> dict[str, int]:
    if sum(register.size for register in result.registers) > SUMMARY_BITS:
        return {}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:SUMMARY_COUNTS])
