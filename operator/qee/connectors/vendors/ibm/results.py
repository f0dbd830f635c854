"""IBM's answers on a job: its state, its results, what it is charged for."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from qee.connectors.bits import key, of_integers
from qee.connectors.figures import count, decimal
from qee.connectors.protocol import Charge, Fetched, Phase, ProviderState, UnitResult
from qee.connectors.vendors.ibm.payload import Payload, Shape
from qee.connectors.vendors.ibm.wire import Bits, Unreadable, bit_array, numbers, pub_fields, pub_results, tally, tensor
from qee.documents.canonical import decimal_text
from qee.documents.compiled import Unit
from qee.sdk.observables import Group, Measurements, error_of_told

_PHASES: dict[str, Phase] = {
    "QUEUED": "queued",
    "RUNNING": "running",
    "COMPLETED": "succeeded",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "CANCELLED - RAN TOO LONG": "failed",
}
_RAN_TOO_LONG = "1305"  # a job that was stopped at max_execution_time is Cancelled, with this reason
_RESULT_SCHEMA = "v2.0"
_FREE = 16 * 2**20  # bytes of a result beside its numbers: names, and times of execution
_MOST = 96 * 2**20  # bytes of a result: several times that are held while it is read, in a pod of 768 MiB
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, ArithmeticError)


def state(job: Mapping[str, Any]) -> ProviderState:
    """Of the service's description of a job, where `state` tells why and `status` alone that it ran too long."""
    told = job["state"] if "state" in job else {"status": job["status"]}
    status = str(told["status"])
    phase = _PHASES.get(status.upper(), "unknown")
    code = told.get("reason_code") or told.get("reasonCode")
    beside = _PHASES.get(str(job.get("status")).upper(), "unknown")
    if phase == "cancelled" and (str(code) == _RAN_TOO_LONG or beside == "failed"):
        phase = "failed"
    text = ": ".join(str(part) for part in (status, code, told.get("reason"), told.get("reason_solution")) if part)
    return ProviderState(phase, text[:300])


def used(metrics: Mapping[str, Any]) -> Charge:
    """The time on the QPU that is charged. While the service still counts, nothing."""
    usage = metrics.get("usage") or {}
    if usage.get("status", "pending") == "pending":
        return Charge()
    seconds = decimal(usage.get("qpu_charge_time_seconds"))
    return Charge() if seconds is None else Charge(qpu_milliseconds=count(seconds * 1000))


def another_job(job: Mapping[str, Any], device: str, program: str) -> str:
    """Why the job that the service describes is not the one that was submitted; empty where it is."""
    ran = (job.get("program") or {}).get("id")
    for what, found, wanted in (("device", job.get("backend"), device), ("program", ran, program)):
        if found and found != wanted:
            return f"IBM ran the job with {what} {str(found)[:60]}, not {wanted}"
    return ""


def result_bytes(payload: Payload, units: Sequence[Unit]) -> int:
    """The most that is read of a job's result: each bit and number in base64, as if it could not be packed."""
    remaining = iter(units)
    total = 0
    for shape in payload.pubs:
        each = next(islice(remaining, shape.units - 1, None))
        width = sum((size + 7) // 8 for _, size in shape.registers)
        # Mitigation gives several numbers of each observable: by noise factor and by extrapolator.
        total += shape.units * (shape.items * _shots(payload, each) * width + 64 * 8 * len(each.observables))
    return min(_FREE + 2 * total, _MOST)


def fetched(content: bytes, payload: Payload, units: Sequence[Unit]) -> Fetched:
    """The units' results. Raises ValueError, TypeError or KeyError where the whole cannot be read."""
    document = json.loads(content)
    if payload.program == "executor":
        if document["schema_version"] != _RESULT_SCHEMA:
            raise ValueError("schema_version")
        parts, wanted = document["data"], sum(each.items for each in payload.pubs)
    else:
        parts, wanted = pub_results(document), len(payload.pubs)
    if len(parts) > wanted:
        problem = f"IBM gave {len(parts)} results for {wanted} circuits"
        found = [UnitResult(problem=problem)] * len(units)
    else:
        found = list(_units(parts, payload, iter(units)))
    return Fetched(tuple(found), hashlib.sha256(content).hexdigest())


def _units(parts: Sequence[Any], payload: Payload, units: Iterator[Unit]) -> Iterator[UnitResult]:
    place = 0
    for shape in payload.pubs:
        own = tuple(islice(units, shape.units))
        given = parts[place : place + shape.items]
        place += shape.items
        try:
            if len(given) < shape.items:
                raise Unreadable("IBM gave none for its circuit")
            if payload.program == "estimator":
                rows = _estimates(given[0], own, payload.params["pubs"][place - 1])
            elif shape.measured is not None:
                rows = _measured(given, shape, own, payload)
            else:
                rows = _counts(given[0], shape, own, payload)
        except _UNREADABLE as error:
            yield from [_problem(error)] * len(own)
            continue
        for number, unit in enumerate(own):
            try:
                yield rows(number, unit)
            except _UNREADABLE as error:
                yield _problem(error)


def _problem(error: Exception) -> UnitResult:
    why = str(error) if isinstance(error, Unreadable) else type(error).__name__
    return UnitResult(problem=f"the provider's result cannot be read ({why[:200]})")


def _counts(part: Any, shape: Shape, units: Sequence[Unit], payload: Payload) -> Any:
    registers = _registers(part, shape, units, payload)
    sizes = [size for _, size in shape.registers]

    def row(number: int, unit: Unit) -> UnitResult:
        outcomes, counts, index = _tally(registers, sizes, number, unit.shots, payload.memory)
        memory = None
        if index is not None:
            keys = [key(unit, lambda wire, value=value: value >> wire & 1) for value in outcomes]  # type: ignore[misc]
            memory = tuple(keys[each] for each in index)
        return UnitResult(counts=of_integers(unit, dict(zip(outcomes, counts, strict=True))), memory=memory)

    return row


def _measured(parts: Sequence[Any], shape: Shape, units: Sequence[Unit], payload: Payload) -> Any:
    """Values and standard errors from the counts of each group of commuting terms."""
    told = shape.measured or {}
    groups = tuple(Group(each["basis"], each["terms"]) for each in told["groups"])
    plan = Measurements(tuple(told["constants"]), told["constants"], groups)
    registers = [_registers(part, shape, units, payload) for part in parts]
    sizes = [size for _, size in shape.registers]

    def row(number: int, unit: Unit) -> UnitResult:
        counts = []
        for each in registers:
            outcomes, times, _ = _tally(each, sizes, number, _shots(payload, unit), False)
            counts.append(dict(zip(outcomes, times, strict=True)))
        found = plan.estimates(counts)
        return UnitResult(
            expectation={
                name: (decimal_text(found[name].value), decimal_text(found[name].standard_error))
                for name in unit.observables
            }
        )

    return row


def _estimates(part: Any, units: Sequence[Unit], sent: Sequence[Any]) -> Any:
    """The estimator's values. `sent` is the PUB as it was submitted: circuit, observables, parameters, precision."""
    fields = pub_fields(part)
    shots = math.ceil(float(sent[3]) ** -2 - 1e-9)
    names = units[0].observables
    shape = (len(units), len(names))
    values, errors = (numbers(fields[name], len(units) * len(names)).reshape(shape) for name in ("evs", "stds"))

    def row(number: int, unit: Unit) -> UnitResult:
        if not (errors[number] >= 0).all():
            raise Unreadable("a standard error is negative or no number")
        found = {}
        for column, name in enumerate(unit.observables):
            value, error = float(values[number, column]), float(errors[number, column])
            found[name] = decimal_text(value), decimal_text(error_of_told(value, error, sent[1][column], shots))
        return UnitResult(expectation=found)

    return row


def _registers(part: Any, shape: Shape, units: Sequence[Unit], payload: Payload) -> list[Bits]:
    executor = payload.program == "executor"
    fields = part["results"] if executor else pub_fields(part)
    if set(fields) != {name for name, _ in shape.registers}:
        told = ", ".join(sorted(map(str, fields)))
        raise Unreadable(
            f"it has registers {told[:60]}, asked for were {', '.join(n for n, _ in shape.registers)[:60]}"
        )
    read = tensor if executor else bit_array
    found = []
    for name, size in shape.registers:
        try:
            found.append(read(fields[name], size, len(units), _shots(payload, units[0])))
        except Unreadable as error:
            raise Unreadable(f"register {name}: {error}") from error
    return found


def _tally(registers: Sequence[Bits], sizes: list[int], number: int, shots: int, order: bool) -> Any:
    for each in registers:
        if each.shots != shots:
            raise Unreadable(f"{each.shots} shots came, {shots} were asked for")
    return tally([each.row(number) for each in registers], sizes, order)


def _shots(payload: Payload, unit: Unit) -> int:
    return int(payload.params["quantum_program"]["shots"]) if payload.program == "executor" else unit.shots
