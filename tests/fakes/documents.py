"""Result documents with chosen numbers."""

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace

from qee.documents import CircuitResult, JobReference, Provenance, Register, ResultDocument
from qee.documents.check import register_marginals
from qee.documents.result import Array, Expectation, Missing

SWEEP = {"energy": {"theta": ("0", "0.5", "1.0"), "phi": ("1", "1", "1")}}


def document(
    *results: CircuitResult,
    parameters: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None,
    missing: Sequence[Missing] = (),
    simulated: bool = True,
) -> ResultDocument:
    provenance = Provenance("aer", {}, "double", "none", 1, (), "", "", "0", 1)
    return ResultDocument(
        job=JobReference("default", "bell", "1"),
        backend="aer",
        simulated=simulated,
        results=results,
        seed=7,
        seed_drawn=False,
        provenance=provenance,
        parameters=parameters or {},
        missing=tuple(missing),
    )


def stored(found: ResultDocument) -> bytes:
    """Its bytes, with a provenance that can be read back."""
    whole = Provenance("aer", {}, "double", "none", 1, (), "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "0", 1)
    return replace(found, provenance=whole).to_bytes()


def counted(
    counts: Mapping[str, int], *registers: Register, circuit: str = "bell", row: int = 0, memory: Sequence[str] = ()
) -> CircuitResult:
    width = len(next(iter(counts)))
    one = CircuitResult(circuit, row, sum(counts.values()), registers or (Register("c", width),), counts)
    return CircuitResult(
        circuit, row, one.shots, one.registers, counts, register_marginals(one), tuple(memory) or None, seeds=(7,)
    )


def expected(values: Mapping[str, tuple[str, str, int]], circuit: str = "energy", row: int = 0) -> CircuitResult:
    """Expectation values as (value, standard error, shots) by observable."""
    found = {name: Expectation(*value) for name, value in values.items()}
    return CircuitResult(circuit, row, 0, expectation=found, seeds=(7,))


def computed(
    probabilities: Sequence[float] = (), statevector: Sequence[complex] = (), circuit: str = "state", row: int = 0
) -> CircuitResult:
    return CircuitResult(
        circuit,
        row,
        0,
        probabilities=reals("float64", probabilities) if probabilities else None,
        statevector=reals("complex128", [part for a in statevector for part in (a.real, a.imag)], 2)
        if statevector
        else None,
        seeds=(7,),
    )


def reals(dtype: str, numbers: Sequence[float], parts: int = 1) -> Array:
    data = struct.pack(f"<{len(numbers)}d", *numbers)
    return Array(dtype, (len(numbers) // parts,), base64.b64encode(data).decode())


def sweep(rows: Sequence[int] = (0, 1, 2), missing: Sequence[Missing] = ()) -> ResultDocument:
    """Two observables over theta = 0, 0.5, 1: `even` from 100 shots, `exact` without error."""
    values = {row: {"even": (f"{1 - row}.25", "0.0625", 100), "exact": (f"0.{row}", "0", 0)} for row in rows}
    return document(*(expected(values[row], row=row) for row in rows), parameters=SWEEP, missing=missing)
