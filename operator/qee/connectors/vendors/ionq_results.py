"""What IonQ gives: probabilities, and measured shots where a job lists them. Bit i of an outcome is qubit i."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from qee.api.compiled_document import Submission, Unit
from qee.connectors.outcomes import key
from qee.connectors.protocol import Charge, Fetched, Gone, UnitResult, Unreachable
from qee.connectors.vendors.ionq_calls import Service


def fetched(service: Service, handle: str, submission: Submission) -> Fetched:
    """One result for each unit; a job of several circuits has a child for each, in order."""
    job = service.job(handle, "fetch")
    if job is None:
        raise Gone("fetch: IonQ does not know the job")
    children = [str(child) for child in job.get("child_job_ids") or job.get("children") or []]
    if not children:
        if len(submission.units) != 1:
            raise Unreachable("fetch: the job has no children, and several circuits were submitted")
        parts = [_one(service, submission.units[0], job)]
    else:
        if len(children) != len(submission.units):
            raise Unreachable(f"fetch: the job has {len(children)} children, {len(submission.units)} were submitted")
        parts = [_part(service, unit, child) for unit, child in zip(submission.units, children, strict=True)]
    raw = hashlib.sha256(b"".join(data for _, data in parts)).hexdigest()
    return Fetched(tuple(result for result, _ in parts), raw, _charge(job))


def _part(service: Service, unit: Unit, child: str) -> tuple[UnitResult, bytes]:
    found = service.job(child, "fetch")
    if found is None or found.get("status") != "completed":
        said = "IonQ does not know it" if found is None else str(found.get("status"))
        return UnitResult(problem=f"this circuit's part of the job: {said}"), b""
    return _one(service, unit, found)


def _one(service: Service, unit: Unit, job: Mapping[str, Any]) -> tuple[UnitResult, bytes]:
    """The result and the bytes that it was read from."""
    if path := _path(job, "shots"):
        data = service.result(path)
        memory = _shots(unit, data)
        return UnitResult(counts=dict(Counter(memory)), memory=memory), data
    if path := _path(job, "probabilities"):
        data = service.result(path)
        return UnitResult(probabilities=_probabilities(unit, data)), data
    return UnitResult(problem="the job lists no results"), b""


def _path(job: Mapping[str, Any], kind: str) -> str:
    found = (job.get("results") or {}).get(kind)
    return str(found["url"]) if isinstance(found, dict) and isinstance(found.get("url"), str) else ""


def _shots(unit: Unit, data: bytes) -> tuple[str, ...]:
    """Each shot's outcome as a decimal number."""
    try:
        values = [int(value) for value in json.loads(data)]
    except (ValueError, TypeError):
        raise Unreachable("fetch: the shots are no list of numbers") from None
    return tuple(key(unit, lambda wire, value=value: value >> wire & 1) for value in values)  # type: ignore[misc]


def _probabilities(unit: Unit, data: bytes) -> dict[str, str]:
    """Summed over the qubits that are not read. Numbers are never floating point: they are the text as it came."""
    try:
        found = {int(value): Decimal(each) for value, each in json.loads(data, parse_float=Decimal).items()}
    except (ValueError, TypeError, AttributeError, ArithmeticError):
        raise Unreachable("fetch: the probabilities are no object of numbers") from None
    summed: dict[str, Decimal] = {}
    for value, each in found.items():
        outcome = key(unit, lambda wire, value=value: value >> wire & 1)  # type: ignore[misc]
        summed[outcome] = summed.get(outcome, Decimal(0)) + each
    return {outcome: format(each, "f") for outcome, each in summed.items()}


def _charge(job: Mapping[str, Any]) -> Charge:
    """Time on the QPU, where the job tells it; costs are asked for elsewhere, and not by contract customers' names."""
    billed = (job.get("stats") or {}).get("billed_quantum_compute_time_us")
    if isinstance(billed, int) and billed >= 0:
        return Charge(qpu_milliseconds=-(-billed // 1000))
    took = job.get("execution_duration_ms")
    return Charge(qpu_milliseconds=took if isinstance(took, int) and took >= 0 else None)
