"""What a job's status shows of a result.

Standard library only: the runner imports this before its sandbox is on.
"""

from collections.abc import Mapping
from typing import Any

from qee.documents.result import CircuitResult, ResultDocument

SUMMARY_RESULTS = 8  # results shown in a job's status
SUMMARY_COUNTS = 16  # outcomes shown of each
SUMMARY_BITS = 256  # outcomes of more bits are not shown: status is not the place for kilobytes of a single key


def summary(result: ResultDocument) -> dict[str, Any]:
    """What a job's status shows: of the first SUMMARY_RESULTS results the values of observables and the SUMMARY_COUNTS
    most frequent outcomes.
    """
    first = result.results[:SUMMARY_RESULTS]
    shown = [_shown(each) for each in first]
    cut = len(result.results) > len(first) or any(len(s.get("counts", ())) < s.get("distinct", 0) for s in shown)
    return {"results": shown, "truncated": cut}


def _shown(each: CircuitResult) -> dict[str, Any]:
    value: dict[str, Any] = {"circuit": each.circuit, "parameterSet": each.parameter_set}
    if each.shots:
        value["shots"] = each.shots
    if each.counts is not None:
        value |= {"counts": _shown_counts(each, each.counts), "distinct": len(each.counts)}
    if each.expectation is not None:
        value["expectationValues"] = [
            {"observable": name, "value": _short(found.value), "standardError": _short(found.standard_error)}
            for name, found in each.expectation.items()
        ]
    return value


def _short(number: str) -> str:
    """At most 12 significant digits, as people read them."""
    return format(float(number), ".12g")


def _shown_counts(result: CircuitResult, counts: Mapping[str, int]) -> dict[str, int]:
    if sum(register.size for register in result.registers) > SUMMARY_BITS:
        return {}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:SUMMARY_COUNTS])
