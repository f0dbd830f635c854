"""The one place that writes a job's status: a merge patch with the resourceVersion it was decided on, then an Event."""

import logging

from qee.api.conditions import TERMINAL_PHASES, ConditionType, Finding, Phase, Status, conditions_for
from qee.api.reasons import Reason
from qee.controller.kit.status import Statuses
from qee.core import times
from qee.core.job.status_change import StatusChange
from qee.core.job.world import NOT_LOOKED_AT, World
from qee.kube.port import Object, Port
from qee.kube.resources import JOBS
from qee.observe import events
from qee.observe.metrics import Metrics

logger = logging.getLogger(__name__)


class StatusWriter:
    """Writes phases. Raises `Conflict` where the job has changed since it was read: the caller decides anew."""

    def __init__(self, port: Port, metrics: Metrics) -> None:
        self._port = port
        self._statuses = Statuses(port)
        self._metrics = metrics

    async def write(self, world: World, change: StatusChange) -> None:
        """Nothing, and no Event, where status says it already."""
        wanted = _wanted(world, change)
        changed = await self._statuses.write_status(JOBS, _read(world), wanted)
        if "phase" in changed or (changed and change.reason is Reason.RETRYING):
            await self._tell(world, change)
        if changed:
            await self._warn(world, change.phase, wanted["conditions"])

    async def _tell(self, world: World, change: StatusChange) -> None:
        meta, phase, reason, message = world.job.metadata, change.phase, change.reason, change.message
        logger.info("%s/%s: %s, %s: %s", meta.namespace, meta.name, phase, reason, message)
        if phase in TERMINAL_PHASES:
            self._metrics.finished.labels(str(phase), str(reason)).inc()
            if meta.creation_timestamp:
                seconds = (world.now - meta.creation_timestamp).total_seconds()
                self._metrics.end_to_end.labels(str(phase)).observe(max(seconds, 0))
        event = events.transition(world.job, phase, reason, message, world.attempt, world.now)
        await events.send(self._port, event)

    async def _warn(self, world: World, phase: Phase, conditions: list[Object]) -> None:
        """A job that runs although a policy is not satisfied, or because the glass was broken: loud, and once."""
        verdict, before = world.verdict, world.condition(ConditionType.VERIFIED)
        if verdict is NOT_LOOKED_AT or (verdict.verified and not verdict.break_glass):
            return
        if phase is Phase.UNVERIFIED or phase in TERMINAL_PHASES:
            return
        (now,) = (c for c in conditions if c["type"] == ConditionType.VERIFIED)
        known = now["status"] != Status.UNKNOWN
        if known and (now["status"], now["reason"]) != (before.get("status"), before.get("reason")):
            meta = world.job.metadata
            logger.warning("%s/%s: %s: %s", meta.namespace, meta.name, verdict.reason, verdict.message)
            event = events.transition(world.job, phase, verdict.reason, verdict.message, world.attempt, world.now)
            await events.send(self._port, {**event, "type": "Warning"})


def says(world: World, change: StatusChange | None) -> bool:
    """Whether status says it already."""
    return change is not None and all(world.status.get(k) == value for k, value in _wanted(world, change).items())


def _wanted(world: World, change: StatusChange) -> Object:
    return {
        **change.fields,
        **_signature(world),
        "observedGeneration": world.job.metadata.generation,
        "phase": str(world.ended or change.phase),
        "conditions": _conditions(world, change),
    }


def _read(world: World) -> Object:
    meta = world.job.metadata
    named = {"namespace": meta.namespace, "name": meta.name}
    return {"metadata": {**named, "uid": meta.uid, "resourceVersion": meta.resource_version}, "status": world.status}


def _conditions(world: World, change: StatusChange) -> list[Object]:
    meta = world.job.metadata
    conditions = conditions_for(
        change.phase,
        reason=change.reason,
        message=change.message,
        now=world.now,
        generation=meta.generation,
        previous=world.conditions,
        verified=_finding(world),
    )
    if world.condition(ConditionType.SUSPENDED).get("status") == "Unknown" and meta.creation_timestamp:
        # Not suspended since it exists, not since it is looked at: the deadline counts from there.
        for condition in conditions:
            if condition["type"] == ConditionType.SUSPENDED and condition["status"] == "False":
                condition["lastTransitionTime"] = times.render(meta.creation_timestamp)
    return conditions


def _finding(world: World) -> Finding | None:
    """None: what was found before stands."""
    verdict, before = world.verdict, world.condition(ConditionType.VERIFIED)
    if verdict is NOT_LOOKED_AT:
        return None
    if verdict.allowed and not world.stages and before.get("reason") in (Reason.SIGNATURE_USED, Reason.NO_LEDGER):
        return None  # the ledger is asked where a job starts, and this one does not
    return Finding(Status.TRUE if verdict.verified else Status.FALSE, verdict.reason, verdict.message)


def _signature(world: World) -> Object:
    """status.signature. A job that was admitted keeps what it was admitted with, whatever holds by now."""
    if world.verdict is NOT_LOOKED_AT:
        return {}
    found = world.verdict.as_status()
    admitted = bool(world.stages) or world.recorded_child is not None
    return {} if found is None and admitted and not world.verdict.allowed else {"signature": found}
