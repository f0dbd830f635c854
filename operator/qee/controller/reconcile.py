"""One job, one step: read it and its child live, decide, carry the plan out.

`reconcile` may be interrupted anywhere and repeated at any time; what it finds decides what is left to do.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from qee.api import names
from qee.api.conditions import Phase
from qee.api.explain import explain
from qee.api.job import QuantumJob
from qee.api.meta import ObjectMeta
from qee.api.reasons import Reason
from qee.controller import inputs
from qee.controller.attesting import KeyUnreadable, ResultSigner
from qee.controller.results import Collector, Lost
from qee.controller.settings import Settings
from qee.controller.start import Starter, refused_by_server
from qee.controller.status import StatusWriter
from qee.controller.verification import Verifier
from qee.core import deadline, naming, plan, retry, times
from qee.core.decide import decide, wake_at_deadline
from qee.core.observed import ChildState, PodState, child_state, pod_state
from qee.core.refusal import Denied, Refused
from qee.core.world import World
from qee.kube.compare import input_config_map_name, pod_differs
from qee.kube.port import ApiError, Conflict, NotFound, Object, Port
from qee.kube.resources import CHILDREN, CONFIG_MAPS, JOBS, PODS
from qee.observe.metrics import Metrics
from qee.signing.libraries import Suite

logger = logging.getLogger(__name__)
Key = tuple[str, str]  # namespace and name of a QuantumJob
ASK_AGAIN = 5.0  # seconds until a missing backend or ConfigMap is looked for again
REFUSED_AGAIN = 15.0  # seconds until a child that a quota or a policy refused is tried again


def utc_now() -> datetime:
    return datetime.now(UTC)


class Reconciler:
    """Carries plans out. It remembers only which children it has compared itself: losing that costs one comparison."""

    def __init__(
        self,
        port: Port,
        settings: Settings,
        metrics: Metrics,
        suite: Suite,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._port = port
        self._patience = settings.as_patience()
        self._clock = clock
        self._starter = Starter(port, settings)
        self._verifier = Verifier(port, settings, suite)
        self._collector = Collector(port, ResultSigner(settings.result_key, suite))
        self._status = StatusWriter(port, metrics)
        self._ours: dict[str, str] = {}  # job UID -> UID of its child that this process created or compared

    async def reconcile(self, key: Key) -> float | None:
        """One step. The seconds after which to look again, or None. Raises `ApiError`: the caller backs off."""
        namespace, name = key
        try:
            live = await self._port.get(JOBS, namespace, name)
        except NotFound:
            return None
        try:
            job = QuantumJob.model_validate(live)
        except ValidationError as error:
            await self._invalid(live, error)
            return None
        world = await self._observe(job, live)
        return await self._apply(world, decide(world, self._patience))

    async def _invalid(self, live: Object, error: ValidationError) -> None:
        """What the schema lets pass and the model does not: CEL counts characters where the model counts bytes."""
        job = QuantumJob.model_construct(metadata=ObjectMeta.model_validate(live["metadata"]))
        world = World(job, live.get("status") or {}, self._clock())
        if job.metadata.deletion_timestamp is None and not world.ended:
            message = f"{'; '.join(explain(error)[:3])}. {Reason.INVALID_SPEC.remedy}"
            stamp = {"completionTime": _stamp(world)}
            await self._status.write(world, Phase.FAILED, Reason.INVALID_SPEC, message, stamp)

    async def _observe(self, job: QuantumJob, live: Object) -> World:
        """The job, its child and its pods; and of a job that has not ended, what verification says of this very object.

        The backend is read where a child may be made: what was verified, and what it runs on, are of one step.
        """
        world = World(job, live.get("status") or {}, self._clock())
        child, pods = await asyncio.gather(self._child(world), self._pods(job))
        if child is not None:
            ours = [pod for pod in pods if pod.owner_uid == child.uid and self._matches(child, pod)]
            world = dataclasses.replace(
                world,
                child=child,
                pods=ours,
                child_is_ours=self._ours.get(job.metadata.uid) == child.uid,
                input_gone=await self._input_gone(world, child, ours),
            )
        if world.ended or job.metadata.deletion_timestamp is not None:
            return world
        trust = await self._verifier.trust()
        backend = None if world.child_is_known else await inputs.find_backend(self._port, job)
        created = job.metadata.creation_timestamp or world.now
        verdict = self._verifier.verdict(live, created, trust, backend)
        return dataclasses.replace(world, verdict=verdict, backend=backend)

    async def _child(self, world: World) -> ChildState | None:
        meta = world.job.metadata
        try:
            live = await self._port.get(CHILDREN, meta.namespace, naming.child_name(meta.name, meta.uid, world.attempt))
        except NotFound:
            return None
        return child_state(live)

    async def _pods(self, job: QuantumJob) -> list[PodState]:
        labels = f"{names.LABEL_JOB_UID}={job.metadata.uid}"
        return [pod_state(pod) async for pod in self._port.list(PODS, job.metadata.namespace, labels=labels)]

    def _matches(self, child: ChildState, pod: PodState) -> bool:
        """Anyone in the namespace may make a pod with our labels and the child as owner: its log would be forged."""
        path = pod_differs(child.raw["spec"]["template"]["spec"], pod.raw["spec"])
        if path:
            logger.warning("pod %s is not what its Job %s would make: %s", pod.name, child.name, path)
        return path is None

    async def _input_gone(self, world: World, child: ChildState, pods: list[PodState]) -> bool:
        """Asked only of a pod that has not started for a while: without its ConfigMap it never will."""
        started = any(pod.running or pod.terminated for pod in pods)
        patience = timedelta(seconds=self._patience.unstarted)
        if started or not pods or child.created_at is None or world.now - child.created_at < patience:
            return False
        name = input_config_map_name(child.raw["spec"]["template"]["spec"])
        try:
            await self._port.get(CONFIG_MAPS, world.job.metadata.namespace, name or "")
        except NotFound:
            return True
        return False

    async def _apply(self, world: World, step: plan.Plan) -> float | None:
        match step:
            case plan.Nothing(after):
                return after
            case plan.Report(phase, reason, message, child, after):
                await self._report(world, phase, reason, message, child)
                return after
            case plan.Start(attempt):
                return await self._start(world, attempt)
            case plan.Collect(child, pod):
                return await self._collect(world, child, pod)
            case plan.Retry():
                return await self._retry(world, step)
            case plan.Pause(child):
                await self._take_away(world, child)
                message = "spec.suspend is true; the child was deleted. Set it to false to run the job again."
                await self._status.write(world, Phase.SUSPENDED, Reason.SUSPENDED, message, {"child": None})
                return None
            case plan.Finish():
                return await self._finish(world, step)
            case plan.Expire():
                await self._delete(JOBS, world.job.metadata.namespace, world.job.metadata.name, world.job.metadata.uid)
                return None
            case plan.TakeAway(child):
                await self._take_away(world, child)
                return 0
            case plan.Follow():
                await self._status.follow_generation(world)
                return 0

    async def _report(self, world: World, phase: Phase, reason: Reason, message: str, child: ChildState | None) -> None:
        fields: Object = {}
        if child is not None:
            fields = {"attempt": world.attempt, "child": _reference(child)}
        if phase is Phase.RUNNING and "startTime" not in world.status:
            fields["startTime"] = _stamp(world)
        await self._status.write(world, phase, reason, message, fields)

    async def _start(self, world: World, attempt: int) -> float | None:
        try:
            started = await self._starter.start(world, attempt)
        except Denied as denial:
            verdict = dataclasses.replace(
                world.verdict, allowed=False, reason=denial.reason, message=denial.message, policies=()
            )
            denied = plan.Report(Phase.UNVERIFIED, denial.reason, denial.message)
            world = dataclasses.replace(world, verdict=verdict)
            return await self._apply(world, wake_at_deadline(world, denied))
        except Refused as refusal:
            return await self._refused(world, refusal)
        except ApiError as error:
            if not refused_by_server(error):
                raise
            message = f"{error.message[:400]} {Reason.CHILD_REFUSED.remedy}"
            await self._status.write(world, Phase.PENDING, Reason.CHILD_REFUSED, message)
            return REFUSED_AGAIN
        if started is None:
            return 1.0
        self._ours[world.job.metadata.uid] = started.child["metadata"]["uid"]
        return 0 if started.found else self._patience.queued

    async def _refused(self, world: World, refusal: Refused) -> float | None:
        """Wait for what may still come, within the grace; else the job fails."""
        since = deadline.begins_at(world)
        waited = (world.now - since).total_seconds() if since else 0.0
        if refusal.waiting is not None and waited < self._patience.missing:
            await self._status.write(world, Phase.PENDING, refusal.waiting, refusal.message)
            return min(ASK_AGAIN, self._patience.missing - waited + 0.5)
        return await self._finish(world, plan.Finish(Phase.FAILED, refusal.reason, refusal.message, world.child))

    async def _collect(self, world: World, child: ChildState, pod: PodState) -> float | None:
        try:
            stored = await self._collector.collect(world, child, pod)
        except KeyUnreadable as error:
            message = f"{error} {Reason.WAITING_FOR_RESULT_KEY.remedy}"
            await self._report(world, Phase.PENDING, Reason.WAITING_FOR_RESULT_KEY, message, child)
            return ASK_AGAIN
        except Refused as refusal:
            return await self._finish(world, plan.Finish(Phase.FAILED, refusal.reason, refusal.message, child))
        except Lost as lost:
            return await self._apply(world, retry.lost(world, Reason.RESULT_LOST, f"The result is lost: {lost}."))
        message = f"The result is in ConfigMap {stored.as_status['configMap']}."
        done = plan.Finish(Phase.SUCCEEDED, Reason.COMPLETED, message, child)
        return await self._finish(world, done, {"result": stored.as_status})

    async def _retry(self, world: World, step: plan.Retry) -> float | None:
        message = f"{step.reason}: {step.message} Attempt {step.attempt} follows."
        fields = {"attempt": step.attempt, "child": None}
        await self._status.write(world, Phase.PENDING, Reason.RETRYING, message, fields)
        await self._take_away(world, step.lost)  # afterwards: were it gone unrecorded, this attempt would run again
        return 0

    async def _finish(self, world: World, step: plan.Finish, fields: Object | None = None) -> float | None:
        if step.take_away:
            await self._take_away(world, step.child)
        fields = {**(fields or {}), "completionTime": _stamp(world), "attempt": world.attempt}
        if step.child is not None:
            fields["child"] = _reference(step.child)
            fields.setdefault("startTime", world.status.get("startTime") or _stamp(world))
        await self._status.write(world, step.phase, step.reason, step.message, fields)
        self._ours.pop(world.job.metadata.uid, None)
        return self._patience.linger + 1.0 if step.child is not None and not step.take_away else None

    async def _take_away(self, world: World, child: ChildState | None) -> None:
        if child is not None:
            await self._delete(CHILDREN, world.job.metadata.namespace, child.name, child.uid)

    async def _delete(self, resource: Any, namespace: str, name: str, uid: str) -> None:
        """Delete that very object; one that is gone, or another under its name, is no concern of ours."""
        try:
            await self._port.delete(resource, namespace, name, uid=uid)
        except (NotFound, Conflict):
            logger.debug("%s %s/%s is gone already", resource.kind, namespace, name)


def _reference(child: ChildState) -> Object:
    return {"kind": CHILDREN.kind, "name": child.name, "uid": child.uid}


def _stamp(world: World) -> str:
    return times.render(world.now)
