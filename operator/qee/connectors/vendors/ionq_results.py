"""What IonQ gives: probabilities, and measured shots where a job lists them. Bit i of an outcome is qubit i."""

import hashlib
import json
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
        results, raw = [_one(service, submission.units[0], job)], [_raw(service, job)]
    else:
        if len(children) != len(submission.units):
            raise Unreachable(f"fetch: the job has {len(children)} children, {len(submission.units)} were submitted")
        results, raw = [], []
        for unit, child in zip(submission.units, children, strict=True):
            found = service.job(child, "fetch")
            if found is None or found.get("status") != "completed":
                said = "IonQ does not know it" if found is None else str(found.get("status"))
                results.append(UnitResult(problem=f"this circuit's part of the job: {said}"))
                continue
            results.append(_one(service, unit, found))
            raw.append(_raw(service, found))
    return Fetched(tuple(results), hashlib.sha256(b"".join(raw)).hexdigest(), _charge(job))


def _raw(service: Service, job: Mapping[str, Any]) -> bytes:
    path = _path(job, "probabilities")
    return service.result(path) if path else b""


def _one(service: Service, unit: Unit, job: Mapping[str, Any]) -> UnitResult:
    if path := _path(job, "shots"):
        memory = _shots(unit, service.result(path))
        counts: dict[str, int] = {}
        for outcome in memory:
            counts[outcome] = counts.get(outcome, 0) + 1
        return UnitResult(counts=counts, memory=memory)
    path = _path(job, "probabilities")
    if not path:
        return UnitResult(problem="the job lists no results")
    return UnitResult(probabilities=_probabilities(unit, service.result(path)))


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
    took = job.get("execution_duration_ms")
    return Charge(qpu_milliseconds=took if isinstance(took, int) and took >= 0 else None)
