"""Quantum Engine's jobs and results in QEE's words. Imported where the SDK is."""

from collections.abc import Iterator
from typing import Any

from cirq_google.api import v2
from google.protobuf.message import DecodeError

from qee.connectors import bits
from qee.connectors.protocol import Phase, ProviderState, UnitResult, Unreachable
from qee.connectors.vendors.google.payload import KEY, columns
from qee.connectors.wording import quoted
from qee.documents.compiled import Submission, Unit

# cirq_google.cloud.quantum_v1alpha1.types.ExecutionStatus.State
_STATES: dict[int, tuple[Phase, str]] = {
    1: ("queued", "READY"),
    2: ("running", "RUNNING"),
    3: ("running", "CANCELLING"),
    4: ("cancelled", "CANCELLED"),
    5: ("succeeded", "SUCCESS"),
    6: ("failed", "FAILURE"),
}
_RESULT_TYPES = ("cirq.google.api.v2.Result", "cirq.api.google.v2.Result")


def state(job: Any) -> ProviderState:
    """Of a QuantumJob. Quantum Engine tells no place in the queue."""
    number = int(job.execution_status.state)
    phase, word = _STATES.get(number, ("unknown", f"state {number}"))
    failure = job.execution_status.failure
    if phase == "failed" and failure.error_code:
        code = getattr(failure.error_code, "name", str(int(failure.error_code)))
        word = f"{word}: {code}{quoted(failure.error_message)}"
    return ProviderState(phase, word)


def read(submission: Submission, type_url: str, payload: bytes) -> tuple[UnitResult, ...]:
    """Each unit's counts and memory from a v2 Result, whose parts are in the order of the sweep's points."""
    if type_url.rpartition("/")[2] not in _RESULT_TYPES:
        problem = f"Quantum Engine's result is of type {type_url}, not of Cirq's v2"
        return tuple(UnitResult(problem=problem) for _ in submission.units)
    try:
        result = v2.result_pb2.Result.FromString(payload)
    except DecodeError:
        raise Unreachable("fetch: the result cannot be read as Cirq's v2") from None
    parts = [(sweep.repetitions, part) for sweep in result.sweep_results for part in sweep.parameterized_results]
    names = columns(submission.payload)
    if len(parts) > len(submission.units):
        problem = f"Quantum Engine gave {len(parts)} results for {len(submission.units)} parameter sets"
        return tuple(UnitResult(problem=problem) for _ in submission.units)
    found = [_unit(unit, names, *part) for unit, part in zip(submission.units, parts, strict=False)]
    missing = UnitResult(problem="Quantum Engine gave no result for this parameter set")
    return (*found, *[missing] * (len(submission.units) - len(found)))


def _unit(unit: Unit, names: list[str], repetitions: int, part: Any) -> UnitResult:
    """`names`: the qubit of each wire. The engine may list them in any order."""
    if repetitions != unit.shots:
        return UnitResult(problem=f"Quantum Engine ran {repetitions} shots, not {unit.shots}")
    measured = [each for each in part.measurement_results if each.key == KEY]
    if len(part.measurement_results) != 1 or len(measured) != 1 or measured[0].instances > 1:
        return UnitResult(problem="Quantum Engine's result has other measurements than the one that was submitted")
    given = {each.qubit.id: each.results for each in measured[0].qubit_measurement_results}
    if len(given) != len(measured[0].qubit_measurement_results):
        return UnitResult(problem="Quantum Engine's result has a qubit more than once")
    needed = (repetitions + 7) // 8
    if any(len(given.get(name, b"")) < needed for name in names):
        return UnitResult(problem="Quantum Engine's result lacks shots of a measured qubit")
    counts, memory = bits.of_shots(unit, _shots([given[name] for name in names], repetitions))
    return UnitResult(counts=counts, memory=memory)


def _shots(bits: list[bytes], repetitions: int) -> Iterator[list[int]]:
    """Bit i of a qubit's bytes, the lowest first, is shot i (result.proto, QubitMeasurementResult)."""
    for shot in range(repetitions):
        byte, place = divmod(shot, 8)
        yield [column[byte] >> place & 1 for column in bits]
