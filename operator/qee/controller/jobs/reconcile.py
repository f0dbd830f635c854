"""One job, one step: read it and its child live, decide, carry the plan out.

`reconcile` may be interrupted anywhere and repeated at any time; what it finds decides what is left to do.
"""

import dataclasses
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from qee.api.conditions import Phase
from qee.api.explain import brief
from qee.api.job import QuantumJob
from qee.api.meta import ObjectMeta
from qee.api.reasons import Reason
from qee.controller.backends import BackendsInUse
from qee.controller.jobs.alarms import Alarms
from qee.controller.jobs.attesting import KeyUnreadable, ResultSigner
from qee.controller.jobs.gathering import Gatherer
from qee.controller.jobs.observing import Observer
from qee.controller.jobs.reads import Live, Reads
from qee.controller.jobs.results import Collector, Lost, Stored
from qee.controller.jobs.start import Starter, refused_by_server
from qee.controller.jobs.status import StatusWriter
from qee.controller.jobs.tasks import Tasks, charged
from qee.controller.jobs.verification import Verifier
from qee.controller.settings import Settings
from qee.controller.worker import Worker
from qee.core import times
from qee.core.job import deadline, plan, retry, tasks
from qee.core.job.decide import decide, wake_at_deadline
from qee.core.job.observed import ChildState, PodState, SubmittedTask
from qee.core.job.world import World
from qee.core.refusal import Denied, Refused
from qee.kube.port import ApiError, Conflict, NotFound, Object, Port
from qee.kube.resources import CHILDREN, JOBS, TASKS
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
        reads: Reads | None = None,
    ) -> None:
        self._port = port
        self._reads: Reads = reads or Live(port)
        self._patience = settings.as_patience()
        self._clock = clock
        self.worker = Worker()
        self._starter = Starter(port, settings, self.worker)
        self._verifier = Verifier(port, settings, suite)
        signer = ResultSigner(settings.result_key, suite)
        self._collector = Collector(port, signer, self.worker)
        self._gatherer = Gatherer(port, signer, self._collector, self.worker)
        self.backends = BackendsInUse(port)
        self._tasks = Tasks(port, settings.ledger_namespace, signer, self._collector, self.backends, suite, clock)
        self.budgets = self._tasks.budgets
        self._observer = Observer(port, self._reads, self._patience, self._verifier, self._gatherer, self._tasks)
        self._status = StatusWriter(port, metrics)
        self._alarms = Alarms(port, metrics, clock)
        self._ours: dict[str, str] = {}  # job UID -> UID of its child that this process created or compared

    async def reconcile(self, key: Key) -> float | None:
        """One step. The seconds after which to look again, or None. Raises `ApiError`: the caller backs off."""
        namespace, name = key
        live = await self._reads.job(namespace, name)
        if live is None:
            return await self._release(namespace, name)
        if "deletionTimestamp" in live["metadata"]:  # its children go by owner reference; at a provider nothing does
            return await self._release(namespace, name)
        try:
            job = QuantumJob.model_validate(live)
        except ValidationError as error:
            await self._invalid(live, error)
            return None
        world = await self._observer.world(job, live, self._clock(), self._ours.get(job.metadata.uid))
        if world.task is not None and not world.ended:
            await self._alarms.second_jobs(namespace, world.task)
        if world.ended and world.recorded_task:
            await self._release(namespace, name)
        return await self._apply(world, decide(world, self._patience))

    async def _invalid(self, live: Object, error: ValidationError) -> None:
        """What the schema lets pass and the model does not: CEL counts characters where the model counts bytes."""
        job = QuantumJob.model_construct(metadata=ObjectMeta.model_validate(live["metadata"]))
        world = World(job, live.get("status") or {}, self._clock())
        if job.metadata.deletion_timestamp is None and not world.ended:
            message = f"{brief(error)}. {Reason.INVALID_SPEC.remedy}"
            stamp = {"completionTime": _stamp(world)}
            await self._status.write(world, Phase.FAILED, Reason.INVALID_SPEC, message, stamp)

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
            case plan.Submit(child, pod):
                return await self._submit(world, child, pod)
            case plan.CollectTask(task):
                return await self._collect_task(world, task)
            case plan.CollectLate(task):
                return await self._collect_late(world, task)
            case plan.FetchTask(task, asked_at):
                await self._tasks.fetch(world.job.metadata.namespace, task, asked_at)
                return None if world.ended else 1.0
            case plan.CancelTask(task, after):
                await self._tasks.cancel(world.job.metadata.namespace, task)
                return after
            case plan.Gather(child, pods):
                return await self._gather(world, child, pods)
            case plan.Merge():
                return await self._merge(world, step)
            case plan.Retry():
                return await self._retry(world, step)
            case plan.Pause(child):
                await self._pause(world, child)
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

    async def _pause(self, world: World, child: ChildState | None) -> None:
        await self._take_away(world, child)
        fields: Object = {"child": None}
        if world.task is not None:  # it has ended; what follows is another attempt, and pays anew
            await self._tasks.settle(world)
            fields["attempt"] = world.attempt + 1
        message = "spec.suspend is true; the child was deleted. Set it to false to run the job again."
        await self._status.write(world, Phase.SUSPENDED, Reason.SUSPENDED, message, fields)

    async def _report(
        self, world: World, phase: Phase, reason: Reason, message: str, child: ChildState | SubmittedTask | None
    ) -> None:
        fields: Object = {}
        if child is not None:
            fields = {"attempt": world.attempt, "child": _reference(child)}
        if isinstance(child, SubmittedTask):
            position = child.queue_position
            fields["queue"] = None if position is None else {"position": position}
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
        except (KeyUnreadable, Refused, Lost) as problem:
            return await self._not_stored(world, child, problem)
        return await self._completed(world, child, stored)

    async def _submit(self, world: World, child: ChildState, pod: PodState) -> float | None:
        try:
            submitted = await self._tasks.submit(world, child, pod)
        except ApiError as error:
            if not refused_by_server(error):
                raise
            message = f"{error.message[:400]} {Reason.CHILD_REFUSED.remedy}"
            await self._status.write(world, Phase.PENDING, Reason.CHILD_REFUSED, message)
            return REFUSED_AGAIN
        except (KeyUnreadable, Refused, Lost) as problem:
            return await self._not_stored(world, child, problem)
        fields: Object = {"attempt": world.attempt, "child": _reference(submitted.task)}
        if submitted.cost:
            fields["cost"] = submitted.cost
        await self._status.write(world, Phase.QUEUED, Reason.QUEUED, tasks.WAITS, fields)
        return None

    async def _collect_task(self, world: World, task: SubmittedTask) -> float | None:
        try:
            stored, partial = await self._tasks.collect(world, task)
        except KeyUnreadable as problem:
            message = f"{problem} {Reason.WAITING_FOR_RESULT_KEY.remedy}"
            await self._report(world, Phase.QUEUED, Reason.WAITING_FOR_RESULT_KEY, message, task)
            return ASK_AGAIN
        except Refused as refusal:
            return await self._finish(world, plan.Finish(Phase.FAILED, refusal.reason, refusal.message, task))
        if partial:
            message = f"{task.message} What the provider gave is in {stored.place}."
            end = plan.Finish(Phase.FAILED, Reason.PARTIAL_RESULT, message, task)
        else:
            message = f"The result is in {stored.place}."
            end = plan.Finish(Phase.SUCCEEDED, Reason.COMPLETED, message, task)
        return await self._finish(world, end, {"result": stored.as_status})

    async def _collect_late(self, world: World, task: SubmittedTask) -> float | None:
        try:
            stored, _ = await self._tasks.collect(world, task)
        except KeyUnreadable:
            return ASK_AGAIN
        except Refused as refusal:
            logger.error("%s: %s", world.job.metadata.name, refusal.message)
            return None
        fields = {"result": stored.as_status, **charged(world)}
        phase = world.ended or Phase.FAILED
        await self._status.write(world, phase, Reason.RESULT_STORED, Reason.RESULT_STORED.meaning, fields)
        return None

    async def _release(self, namespace: str, name: str) -> float | None:
        """Of a job that is deleted, or gone: its QuantumTasks stay until nothing of them goes on unseen."""
        after, unconfirmed = await self._tasks.release(namespace, name, self._patience.cancel, self._reads)
        for task in unconfirmed:
            await self._alarms.unconfirmed(namespace, task)
        return after

    async def _gather(self, world: World, child: ChildState, pods: tuple[PodState, ...]) -> float | None:
        try:
            unreadable = await self._gatherer.gather(world, child, pods)
        except (KeyUnreadable, Refused, Lost) as problem:
            return await self._not_stored(world, child, problem)
        if len(unreadable) < len(pods):
            return 0  # parts were stored
        world = dataclasses.replace(world, unreadable=unreadable)
        return await self._apply(world, decide(world, self._patience))

    async def _merge(self, world: World, step: plan.Merge) -> float | None:
        try:
            stored = await self._gatherer.merge(world, step.child, step.missing)
        except (KeyUnreadable, Refused, Lost) as problem:
            return await self._not_stored(world, step.child, problem)
        if not step.missing:
            return await self._completed(world, step.child, stored)
        first = step.missing[0]
        message = (
            f"{len(step.missing)} of {step.child.shards} shards failed; what the others gave is in {stored.place}. "
            f"Shard {first.index}: {first.reason}: {first.message}"
        )
        failed = plan.Finish(Phase.FAILED, Reason.PARTIAL_RESULT, message, step.child)
        return await self._finish(world, failed, {"result": stored.as_status})

    async def _completed(self, world: World, child: ChildState, stored: Stored) -> float | None:
        message = f"The result is in {stored.place}."
        done = plan.Finish(Phase.SUCCEEDED, Reason.COMPLETED, message, child)
        return await self._finish(world, done, {"result": stored.as_status})

    async def _not_stored(
        self, world: World, child: ChildState, problem: KeyUnreadable | Refused | Lost
    ) -> float | None:
        if isinstance(problem, Refused):
            return await self._finish(world, plan.Finish(Phase.FAILED, problem.reason, problem.message, child))
        if isinstance(problem, Lost):
            return await self._apply(world, retry.lost(world, Reason.RESULT_LOST, f"The result is lost: {problem}."))
        message = f"{problem} {Reason.WAITING_FOR_RESULT_KEY.remedy}"
        await self._report(world, Phase.PENDING, Reason.WAITING_FOR_RESULT_KEY, message, child)
        return ASK_AGAIN

    async def _retry(self, world: World, step: plan.Retry) -> float | None:
        message = f"{step.reason}: {step.message} Attempt {step.attempt} follows."
        fields = {"attempt": step.attempt, "child": None}
        await self._status.write(world, Phase.PENDING, Reason.RETRYING, message, fields)
        await self._take_away(world, step.lost)  # afterwards: were it gone unrecorded, this attempt would run again
        return 0

    async def _finish(self, world: World, step: plan.Finish, fields: Object | None = None) -> float | None:
        if step.take_away and isinstance(step.child, ChildState):
            await self._take_away(world, step.child)
        fields = {**(fields or {}), "completionTime": _stamp(world), "attempt": world.attempt}
        if world.cloud:
            await self._tasks.settle(world, step.unconfirmed)
            fields |= charged(world)
        if step.unconfirmed and world.task is not None:
            await self._alarms.unconfirmed(world.job.metadata.namespace, world.task)
        if step.child is not None:
            fields["child"] = _reference(step.child)
            fields.setdefault("startTime", world.status.get("startTime") or _stamp(world))
        await self._status.write(world, step.phase, step.reason, step.message, fields)
        self._ours.pop(world.job.metadata.uid, None)
        self._gatherer.forget(world.job)
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


def _reference(child: ChildState | SubmittedTask) -> Object:
    kind = TASKS.kind if isinstance(child, SubmittedTask) else CHILDREN.kind
    return {"kind": kind, "name": child.name, "uid": child.uid}


def _stamp(world: World) -> str:
    return times.render(world.now)
