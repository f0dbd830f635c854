"""`-o csv` and `-o npz`: a result for other programs."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from qee.cli.problem import needed
from qee.documents import CircuitResult, ResultDocument
from qee.results import Result, tidy


def as_csv(document: ResultDocument, results: Sequence[CircuitResult]) -> str:
    """One tidy table with a header, without a line break at its end; `qee.results.tidy` tells the columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, tidy.columns(document, results), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(tidy.rows(document, results))
    return text.getvalue().rstrip("\n")


def as_npz(document: ResultDocument, results: Sequence[CircuitResult]) -> bytes:
    """numpy's archive. The first axis of every array but `outcomes` and `observables` is the parameter set.

    Of each circuit there are, where the result has them, under CIRCUIT.NAME:
    `parameters.P` float64 [sets]; `present` bool [sets], False where a failed shard left a gap (counts of 0, nan, "");
    `outcomes` str [outcomes] and `counts` int64 [sets, outcomes]; `memory` str [sets, shots]; `probabilities`
    float64 [sets, 2^bits]; `statevector` complex [sets, 2^qubits]; `observables` str, and of each
    `expectation.O` and `standard_error.O` float64 [sets].

    Raises Problem where numpy is not installed.
    """
    try:
        import numpy
    except ImportError:
        raise needed("-o npz", "numpy") from None
    arrays: dict[str, Any] = {}
    whole = Result(document)
    for circuit in dict.fromkeys(each.circuit for each in results):
        for name, values in _arrays(whole, circuit, numpy).items():
            arrays[f"{circuit}.{name}"] = values
    data = io.BytesIO()
    numpy.savez_compressed(data, **arrays)
    return data.getvalue()


def _arrays(result: Result, circuit: str, numpy: Any) -> dict[str, Any]:
    found, sets = result.results_of(circuit), result.parameter_sets(circuit)
    first = next(iter(found.values()))
    arrays: dict[str, Any] = {f"parameters.{name}": each for name, each in result.parameters(circuit).items()}
    arrays["present"] = numpy.array([row in found for row in range(sets)])
    if first.counts is not None:
        outcomes = sorted({key for each in found.values() for key in each.counts or {}})
        counts = numpy.zeros((sets, len(outcomes)), dtype=numpy.int64)
        for row, each in found.items():
            counts[row] = [(each.counts or {}).get(key, 0) for key in outcomes]
        arrays |= {"outcomes": numpy.array(outcomes), "counts": counts}
    if first.memory is not None:
        width = sum(register.size for register in first.registers)
        memory = numpy.full((sets, max(each.shots for each in found.values())), "", dtype=f"<U{width}")
        for row, each in found.items():
            memory[row, : each.shots] = each.memory or ()
        arrays["memory"] = memory
    for name, there, read in (
        ("probabilities", first.probabilities is not None, result.probabilities),
        ("statevector", first.statevector is not None, result.statevector),
    ):
        if there:
            rows = {row: read(circuit, row) for row in found}
            example = next(iter(rows.values()))
            filled = numpy.full((sets, *example.shape), numpy.nan, dtype=example.dtype)
            for row, values in rows.items():
                filled[row] = values
            arrays[name] = filled
    if names := result.observables(circuit):
        arrays["observables"] = numpy.array(names)
        for name in names:
            arrays[f"expectation.{name}"], arrays[f"standard_error.{name}"] = result.expectation(circuit, name)
    return arrays
