"""IBM's answers on a job: its state, its results, what it is charged for."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from qiskit.primitives.containers import BitArray, PubResult
from qiskit_ibm_runtime.json import RuntimeDecoder

from qee.api.compiled_document import Submission, Unit
from qee.api.json_fields import decimal_text
from qee.connectors.outcomes import key, of_integers
from qee.connectors.protocol import Charge, Fetched, Phase, ProviderState, UnitResult
from qee.connectors.vendors.ibm_payload import Payload
from qee.runner.observables import error_of_told

_PHASES: dict[str, Phase] = {
    "QUEUED": "queued",
    "RUNNING": "running",
    "COMPLETED": "succeeded",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "CANCELLED - RAN TOO LONG": "failed",
}
_RAN_TOO_LONG = "1305"  # a job that was stopped at max_execution_time is Cancelled, with this reason
# What a primitive's result is made of. The SDK's decoder reads circuits and settings of classes, too.
_TYPES = frozenset(
    ("PrimitiveResult", "PubResult", "SamplerPubResult", "EstimatorPubResult", "DataBin", "BitArray", "ndarray")
)
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def state(job: Mapping[str, Any]) -> ProviderState:
    """Of the service's description of a job."""
    told = job["state"]
    status = str(told["status"])
    phase = _PHASES.get(status.upper(), "unknown")
    code = told.get("reason_code") or told.get("reasonCode")
    if phase == "cancelled" and str(code) == _RAN_TOO_LONG:
        phase = "failed"
    reason = told.get("reason")
    text = ": ".join(str(part) for part in (status, code, reason) if part)
    return ProviderState(phase, "".join(each if each.isprintable() else " " for each in text)[:300])


def used(metrics: Mapping[str, Any]) -> Charge:
    """The time on the QPU that is charged. While the service still counts, nothing."""
    usage = metrics.get("usage") or {}
    seconds = usage.get("qpu_charge_time_seconds")
    if usage.get("status", "pending") == "pending" or seconds is None:
        return Charge()
    return Charge(qpu_milliseconds=math.ceil(float(seconds) * 1000))


def fetched(ended: ProviderState, content: bytes, submission: Submission) -> Fetched:
    """The units' results. Raises ValueError, TypeError or KeyError where the whole cannot be read."""
    digest = hashlib.sha256(content).hexdigest()
    if ended.phase != "succeeded":
        problem = UnitResult(problem=f"the provider job is {ended.phase}: {ended.message}")
        return Fetched((problem,) * len(submission.units), digest)
    payload = Payload.from_bytes(submission.payload)
    results = _Decoder().decode(content.decode())
    remaining = iter(submission.units)
    found: list[UnitResult] = []
    for number, shape in enumerate(payload.pubs):
        found += _pub_results(results, number, tuple(islice(remaining, shape.units)), payload)
    return Fetched(tuple(found), digest)


class _Decoder(RuntimeDecoder):  # type: ignore[misc]
    def object_hook(self, obj: Any) -> Any:
        if obj.get("__type__", "ndarray") not in _TYPES:
            return None
        return super().object_hook(obj)


def _pub_results(results: Any, number: int, units: tuple[Unit, ...], payload: Payload) -> list[UnitResult]:
    """Of one PUB. One that cannot be read is its units' problem, and leaves the others alone."""
    try:
        pub = results[number]
        if not isinstance(pub, PubResult):
            raise TypeError("no result of a PUB")
        if payload.program == "estimator":
            return list(_expectations(pub, units, payload.params["pubs"][number]))
        return list(_counts(pub, number, units, payload))
    except _UNREADABLE as error:
        return [UnitResult(problem=f"the provider's result cannot be read ({type(error).__name__})")] * len(units)


def _counts(pub: PubResult, number: int, units: tuple[Unit, ...], payload: Payload) -> Iterator[UnitResult]:
    registers = []
    for name, size in payload.pubs[number].registers:
        bits = pub.data[name]
        if not isinstance(bits, BitArray) or bits.num_bits != size:
            raise TypeError(f"register {name}")
        registers.append((bits.reshape(len(units)).array, size))  # without parameters its shape is ()
    for row, unit in enumerate(units):
        shots = _integers([(array[row], size) for array, size in registers])
        counts = Counter(shots)
        memory = None
        if payload.memory:
            keys = {value: key(unit, lambda wire, value=value: value >> wire & 1) for value in counts}  # type: ignore[misc]
            memory = tuple(keys[value] for value in shots)
        yield UnitResult(counts=of_integers(unit, counts), memory=memory)


def _integers(registers: list[tuple[Any, int]]) -> list[int]:
    """Each shot as an integer whose bit i is the circuit's classical bit i. An array has a row of bytes a shot."""
    shots = [0] * len(registers[0][0])
    offset = 0
    for array, size in registers:
        for shot, packed in enumerate(array):
            shots[shot] |= int.from_bytes(packed.tobytes(), "big") << offset
        offset += size
    return shots


def _expectations(pub: PubResult, units: tuple[Unit, ...], sent: Sequence[Any]) -> Iterator[UnitResult]:
    """The estimator's values. `sent` is the PUB as it was submitted: circuit, observables, parameters, precision."""
    shape = (len(units), len(units[0].observables))
    values, errors = (np.asarray(pub.data[name], dtype=float).reshape(shape) for name in ("evs", "stds"))
    shots = math.ceil(float(sent[3]) ** -2 - 1e-9)
    for row, unit in enumerate(units):
        yield UnitResult(
            expectation={
                name: (
                    decimal_text(values[row, column]),
                    decimal_text(error_of_told(values[row, column], errors[row, column], sent[1][column], shots)),
                )
                for column, name in enumerate(unit.observables)
            }
        )
