"""A result as Qiskit's primitives return theirs, so that code written for a Sampler or an Estimator reads it.

Each circuit is a pub. A sweep gives the pub the shape (parameter sets,), a single run (). Its DataBin has
- for each classical register a BitArray, from memory in shot order; from counts alone outcomes are sorted, which keeps
  what the registers have in common, shot by shot;
- `evs` and `stds`, of the pub's shape; with several observables one more axis, in the order of metadata "observables".
Probabilities and statevectors have no place in it. A name that DataBin keeps for itself gets an underscore behind it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qee.documents.result import CircuitResult, Register
from qee.results.errors import NotInstalled, ResultError

if TYPE_CHECKING:
    from qiskit.primitives import PrimitiveResult

    from qee.results.result import Result

_TAKEN = {"keys", "values", "items", "shape", "ndim", "size", "evs", "stds"}


def primitive_result(result: "Result") -> "PrimitiveResult[Any]":
    """Raises ResultError where a circuit has no counts, memory or expectation values, or shots are missing."""
    try:
        from qiskit.primitives import DataBin, PrimitiveResult, PubResult
    except ImportError:
        raise NotInstalled("Qiskit", "aer") from None
    document = result.document
    pubs = []
    for circuit in result.circuits:
        found = result.results_of(circuit)
        first = next(iter(found.values()))
        sweep = bool(document.parameters.get(circuit))
        shape = (result.parameter_sets(circuit),) if sweep else ()
        data = {**_bit_arrays(result, circuit, found, shape), **_estimates(result, circuit, shape)}
        if not data:
            raise ResultError(
                f"circuit {circuit} has neither counts, memory nor expectation values; Qiskit has no more"
            )
        metadata = {"circuit": circuit, "shots": first.shots, "observables": list(result.observables(circuit))}
        pubs.append(PubResult(DataBin(shape=shape, **data), metadata=metadata))
    job = document.job
    about = {"job": f"{job.namespace}/{job.name}", "backend": document.backend, "simulated": document.simulated}
    return PrimitiveResult(pubs, metadata={**about, "seed": document.seed, "missingShards": len(document.missing)})


def _bit_arrays(
    result: "Result", circuit: str, found: dict[int, CircuitResult], shape: tuple[int, ...]
) -> dict[str, Any]:
    import numpy
    from qiskit.primitives import BitArray

    first = next(iter(found.values()))
    if first.counts is None and first.memory is None:
        return {}
    sets = result.parameter_sets(circuit)
    if gone := [row for row in range(sets) if row not in found]:
        raise ResultError(
            f"parameter sets {', '.join(map(str, gone[:8]))} of circuit {circuit} are missing, and a BitArray has no "
            "gaps; take counts() of those that are there"
        )
    if len({each.shots for each in found.values()}) > 1:
        raise ResultError(
            f"the parameter sets of circuit {circuit} have different shots, those of a BitArray equal ones"
        )
    arrays: dict[str, Any] = {}
    stop = sum(register.size for register in first.registers)
    shots = [list(_shots(found[row])) for row in range(sets)]
    for register in first.registers:  # the first register's bits are the rightmost
        start = stop - register.size
        packed = numpy.stack([_packed((key[start:stop] for key in row), register) for row in shots])
        name = f"{register.name}_" if register.name in _TAKEN or register.name.startswith("_") else register.name
        arrays[name] = BitArray(packed.reshape(*shape, *packed.shape[1:]), register.size)
        stop = start
    return arrays


def _shots(each: CircuitResult) -> Iterable[str]:
    if each.memory is not None:
        return each.memory
    return (key for key, count in sorted((each.counts or {}).items()) for _ in range(count))


def _packed(keys: Iterable[str], register: Register) -> Any:
    """uint8 [shots, bytes], the most significant byte first, as BitArray wants it."""
    import numpy

    width = (register.size + 7) // 8
    data = b"".join(int(key, 2).to_bytes(width, "big") for key in keys)
    return numpy.frombuffer(data, dtype=numpy.uint8).reshape(-1, width).copy()


def _estimates(result: "Result", circuit: str, shape: tuple[int, ...]) -> dict[str, Any]:
    names = result.observables(circuit)
    if not names:
        return {}
    import numpy

    found = [result.expectation(circuit, name) for name in names]
    whole = (*shape, len(names)) if len(names) > 1 else shape
    return {
        "evs": numpy.stack([each.value for each in found], axis=-1).reshape(whole),
        "stds": numpy.stack([each.standard_error for each in found], axis=-1).reshape(whole),
    }
