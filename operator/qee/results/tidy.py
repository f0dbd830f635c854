"""A result as one table: a row for each number, the same for CSV and pandas."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qee.documents.result import CircuitResult, ResultDocument
from qee.results.numbers import amplitudes, bits, reals

KEYS = ("circuit", "parameterSet")
VALUES = ("output", "outcome", "observable", "shot", "count", "value", "imaginary", "standardError", "shots")


def columns(document: ResultDocument, results: Iterable[CircuitResult]) -> list[str]:
    """`circuit, parameterSet`, one column for each parameter of these circuits, then VALUES.

    A parameter that is called as another column gets the prefix `parameter.`.
    """
    names: dict[str, None] = {}
    for circuit in dict.fromkeys(each.circuit for each in results):
        names |= dict.fromkeys(map(column, document.parameters.get(circuit, {})))
    return [*KEYS, *names, *VALUES]


def column(parameter: str) -> str:
    return f"parameter.{parameter}" if parameter in (*KEYS, *VALUES) else parameter


def rows(document: ResultDocument, results: Iterable[CircuitResult]) -> Iterator[dict[str, Any]]:
    """One row for each number; what a row does not have is left out.

    `output` is what spec.outputs calls it. Of counts a row has `outcome` and `count`; of memory `shot` (from 0) and
    `outcome`; of probabilities `outcome` and `value`; of the statevector `outcome` (the basis state), `value` (the
    amplitude's real part) and `imaginary`; of expectation values `observable`, `value` and `standardError`. `shots` is
    what the number was estimated from, 0 where it is exact. Probabilities and amplitudes of exactly 0 have no row.
    """
    for each in results:
        table = document.parameters.get(each.circuit, {})
        point: dict[str, Any] = {
            "circuit": each.circuit,
            "parameterSet": each.parameter_set,
            **{column(name): float(values[each.parameter_set]) for name, values in table.items()},
        }
        yield from _counted(each, point)
        yield from _computed(each, point)
        for name, found in (each.expectation or {}).items():
            yield {
                **point,
                "output": "expectation",
                "observable": name,
                "value": float(found.value),
                "standardError": float(found.standard_error),
                "shots": found.shots,
            }


def _counted(each: CircuitResult, point: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for outcome, count in (each.counts or {}).items():
        yield {**point, "output": "counts", "outcome": outcome, "count": count, "shots": each.shots}
    for outcome, value in (each.distribution or {}).items():
        yield {**point, "output": "distribution", "outcome": outcome, "value": float(value), "shots": 0}
    for shot, outcome in enumerate(each.memory or ()):
        yield {**point, "output": "memory", "shot": shot, "outcome": outcome, "shots": each.shots}


def _computed(each: CircuitResult, point: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if each.probabilities is not None:
        width = bits(each.probabilities)
        for outcome, value in enumerate(reals(each.probabilities)):
            if value:
                yield {
                    **point,
                    "output": "probabilities",
                    "outcome": f"{outcome:0{width}b}",
                    "value": value,
                    "shots": 0,
                }
    if each.statevector is not None:
        width = bits(each.statevector)
        for basis, amplitude in enumerate(amplitudes(each.statevector)):
            if amplitude:
                parts = {"value": amplitude.real, "imaginary": amplitude.imag}
                yield {**point, "output": "statevector", "outcome": f"{basis:0{width}b}", **parts, "shots": 0}
