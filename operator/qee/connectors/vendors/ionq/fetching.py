"""What IonQ gives for a job, by whichever of its forms the job lists.

A job's `results` are keyed by the formats of IonQ's catalogue, each with an `id` to be fetched from `artifacts` (API of
September 2026), or as before by kind, each with a `url`; a job may list both.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from qee.connectors.bits import Unreadable, numbers
from qee.connectors.protocol import ENDED, Fetched, Gone, UnitResult, Unreachable
from qee.connectors.vendors.ionq import results
from qee.connectors.vendors.ionq.calls import Service, named
from qee.connectors.vendors.ionq.payload import Sent, charge, state
from qee.documents.compiled import Submission, Unit

_AT_ONCE = 16  # requests: a job has hundreds of circuits, each takes several, and the whole must be within one call
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError)


@dataclass(frozen=True)
class _Read:
    """Of one circuit: the result, and the bytes that it was read from. `absent`: IonQ has none, at present."""

    result: UnitResult
    data: bytes = b""
    absent: bool = False


_ABSENT = _Read(UnitResult(problem="IonQ has no result of this circuit"), absent=True)


def fetched(service: Service, handle: str, submission: Submission) -> Fetched:
    """One result for each unit; a job of several circuits has a child for each, in order."""
    job = service.job(handle, "fetch")
    if job is None:
        raise Gone("fetch: IonQ does not know the job")
    sent = Sent.of(submission)
    cost = charge(job, service.cost(handle))
    ended = state(job)
    if ended.phase not in ENDED:
        raise Unreachable(f"fetch: the job has not ended, its status is {job.get('status')!s:.40}")
    if ended.phase != "succeeded":
        return Fetched.nothing(submission, f"the job is {ended.phase} at IonQ: {ended.message}", cost)
    if other := sent.other(job):
        return Fetched.nothing(submission, other, cost)
    children = job.get("child_job_ids") or job.get("children") or []
    if not isinstance(children, list) or not all(named(child) for child in children):
        raise Unreachable("fetch: IonQ's answer has what are no jobs as the job's children")
    if not children and len(submission.units) > 1:
        raise Unreachable("fetch: the job has no children, and several circuits were submitted")
    if children and len(children) != len(submission.units):
        problem = f"the job has {len(children)} children, {len(submission.units)} circuits were submitted"
        return Fetched.nothing(submission, problem, cost)
    if children:
        found = _of_children(service, job, children, submission.units, sent)
    else:
        found = [_one(service, submission.units[0], sent.qubits, job)]
    if all(each.absent for each in found):
        raise Gone(f"fetch: {found[0].result.problem}")
    digest = hashlib.sha256(b"".join(each.data for each in found)).hexdigest()
    return Fetched(tuple(each.result for each in found), digest, cost)


def _of_children(
    service: Service, job: Mapping[str, Any], children: Sequence[str], units: Sequence[Unit], sent: Sent
) -> list[_Read]:
    """The children's distributions lie together, too: one call for what may be hundreds."""
    listed = service.listed(children, "fetch")
    together, data = _together(service, job)

    def child(unit: Unit, handle: str) -> _Read:
        found = listed.get(handle) or service.job(handle, "fetch")
        if found is None:
            return _ABSENT
        if found.get("parent_job_id") not in (None, job["id"]):
            return _Read(UnitResult(problem="this circuit's part of the job belongs to another job"))
        if other := sent.other(found):
            return _Read(UnitResult(problem=other))
        if found.get("status") != "completed":
            return _Read(UnitResult(problem=f"this circuit's part of the job: {found.get('status')!s:.40}"))
        return _one(service, unit, sent.qubits, found, together.get(handle))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(child, units, children))
    return [replace(found[0], data=data + found[0].data), *found[1:]]


def _together(service: Service, job: Mapping[str, Any]) -> tuple[Mapping[str, Any], bytes]:
    """What the job lists of its children's probabilities, by child; nothing where that cannot be read."""
    places = (*_places(job, "probabilities-aggregate"), *_places(job, "probabilities"))
    try:
        data = _first(service, job, (*places, "results/probabilities/aggregated")) if places else None
        found = numbers(data) if data is not None else {}
        return (found, data or b"") if isinstance(found, dict) else ({}, b"")
    except (Unreachable, *_UNREADABLE):
        return {}, b""


def _one(service: Service, unit: Unit, qubits: int, job: Mapping[str, Any], chances: Any = None) -> _Read:
    """Shots, or counts of them, and the distribution. Shots that cannot be read are a problem, whatever else there is;
    a distribution that cannot be is left out where there are shots. `chances`: the distribution, where it was read.
    """
    try:
        counted, data = _measured(service, unit, qubits, job)
    except _UNREADABLE as error:
        return _Read(UnitResult(problem=_why(error, "shots")))
    try:
        if chances is None:
            more = () if counted else ("results/probabilities",)  # every job has it, whatever it lists
            found = _first(service, job, (*_places(job, "probabilities"), *more))
            if found is None:
                return _Read(counted, data) if counted else _ABSENT
            chances, data = numbers(found), data + found
        values = results.probabilities(unit, chances, qubits)
    except _UNREADABLE as error:
        return _Read(counted or UnitResult(problem=_why(error, "probabilities")), data)
    return _Read(replace(counted or UnitResult(), probabilities=values), data)


def _measured(service: Service, unit: Unit, qubits: int, job: Mapping[str, Any]) -> tuple[UnitResult | None, bytes]:
    if (data := _first(service, job, _places(job, "shots"))) is not None:
        return results.shots(unit, qubits, data), data
    if (data := _first(service, job, _places(job, "histogram"))) is not None:
        return results.histogram(unit, qubits, data), data
    return None, b""


def _why(error: Exception, what: str) -> str:
    return str(error) if isinstance(error, Unreadable) else f"IonQ's {what} are of no form that QEE reads"


def _places(job: Mapping[str, Any], kind: str) -> Iterator[str]:
    """Where the job says that its result of a kind lies: under the job itself, whatever an address says besides."""
    listed = job.get("results")
    for name, entry in sorted(listed.items()) if isinstance(listed, dict) else ():
        if (name == kind or name.startswith(f"ionq.result.{kind}.json.")) and isinstance(entry, dict):
            if isinstance(entry.get("id"), str):
                yield f"artifacts/{entry['id']}"
            own = re.fullmatch(rf"(?:https?://[^/]+)?(?:/v\d+\.\d+)?/?jobs/{job['id']}/(\S+)", str(entry.get("url")))
            if own:
                yield own[1]


def _first(service: Service, job: Mapping[str, Any], places: Iterator[str] | Sequence[str]) -> bytes | None:
    """What lies at the first of the places that has something."""
    for place in places:
        try:
            return service.result(str(job["id"]), place)
        except Gone:
            continue
    return None
