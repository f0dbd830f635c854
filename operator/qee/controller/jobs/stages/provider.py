"""Drives a QuantumTask: it is cancelled, its result fetched and stored, its accounts settled, and it is let go."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from qee.api import names
from qee.api.conditions import Phase
from qee.api.job import QuantumJob
from qee.api.meta import ObjectMeta
from qee.api.task import QuantumTask
from qee.controller.budgets import Budgets
from qee.controller.jobs import answers
from qee.controller.jobs.alarms import Alarms
from qee.controller.jobs.attesting import Execution, ResultSigner, RunFacts
from qee.controller.jobs.driver import Driver
from qee.controller.jobs.memory import Key, Memory
from qee.controller.jobs.reads import Reads
from qee.controller.jobs.results import Collector
from qee.core import naming, times
from qee.core.job.child import JobStage
from qee.core.job.outcome import Done, Outcome, Stored
from qee.core.job.plan import Finish, Pause, Read, Step
from qee.core.job.stages.provider import Cancel, Collect, Fetch, Provider
from qee.core.job.world import Patience, World
from qee.core.money.budget import Settlement
from qee.core.money.charge import charged, settlement
from qee.core.refusal import Refused
from qee.kube.port import Conflict, NotFound, Object, Port
from qee.kube.resources import TASKS

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProviderDriver(Driver[Provider]):
    """Every step may be repeated."""

    stage: ClassVar[type[Provider]] = Provider

    port: Port
    signer: ResultSigner
    collector: Collector
    budgets: Budgets
    alarms: Alarms
    memory: Memory
    patience: Patience
    clock: times.Clock

    async def observe(self, world: World, reads: Reads, child: JobStage | None) -> Provider | None:
        """The attempt's task, if it is ours: looked for before anything is concluded from what became of the Job, for
        the attempt may be with its provider. Of a job that has ended only where its result is still owed.
        """
        meta, recorded = world.job.metadata, world.recorded_kind == names.KIND_TASK
        if world.ended:
            owed = world.ended is not Phase.SUCCEEDED and recorded and not world.status.get("result")
            if not owed:
                return None
        elif child is not None and not child.job.compiles and not recorded:
            return None
        found = await reads.one(Read.TASK, meta.namespace, naming.task_name(meta.name, meta.uid, world.attempt))
        task = self.signer.own_task(world.job, world.attempt, found, world.recorded_child) if found else None
        if task is not None and not world.ended:
            await self.alarms.second_jobs(task, self.memory.of(meta).told)
        return Provider(task) if task is not None or (recorded and not world.ended) else None

    async def carry_out(self, world: World, stage: Provider, step: Step) -> Outcome:
        task = stage.task
        match step:
            case Collect() if task is not None:
                return await self._collect(world, task)
            case Fetch(asked_at) if task is not None:
                await self._patch(task, {names.ANNOTATION_FETCH_AT: asked_at})
                return Done(None if world.ended else 1.0)
            case Cancel(after) if task is not None:  # the time is beside it, for the wait has an end
                at = {names.ANNOTATION_CANCEL_AT: times.render(self.clock())}
                await self._patch(task, at, cancel=True)
                return Done(after)
        raise TypeError(f"{step!r} is no step of {stage!r}")

    async def _patch(self, task: QuantumTask, annotations: Mapping[str, str], cancel: bool = False) -> None:
        """Tell the connector."""
        meta = task.metadata
        mark = {"resourceVersion": meta.resource_version, "uid": meta.uid, "annotations": dict(annotations)}
        spec = {"spec": {"cancelRequested": True}} if cancel else {}
        await self.port.patch(TASKS, meta.namespace, meta.name, {"metadata": mark, **spec})

    async def _collect(self, world: World, task: QuantumTask) -> Outcome:
        """Store the task's result, of which parts may be missing."""
        key = self.signer.key()
        packed = task.status.result.model_dump() if task.status.result is not None else {}
        compiled = task.spec.compiled.model_dump()
        size = sum(int(each.get("bytes", 0)) + len(str(each.get("data", ""))) for each in (packed, compiled))
        facts = RunFacts("", _digests(world.job), task.spec.run_sha256)
        try:
            answer = await self.collector.read(size, answers.of_task, packed, compiled, facts)
            ran = Execution("", "", times.parse(answer.started), task.status.completion_time)
            stored = await self.collector.keep(world, answer, ran, key)
        except Refused as refusal:
            if world.ended:
                logger.error("%s: %s", world.job.metadata.name, refusal.message)
            raise
        partial = f"{task.status.message} What the provider gave is in {stored.place}." if answer.partial else ""
        return Stored(stored.place, {**stored.fields, **charged(task, world.status)}, partial)

    async def settle(self, world: World, plan: Finish | Pause) -> Mapping[str, Any]:
        """What the attempt has taken of its budgets. Of a task that somebody took away: all that was reserved."""
        over = plan.over if isinstance(plan, Pause) else world.may_have_reserved
        if not over:
            return {}
        stage = world.stage
        task = stage.task if isinstance(stage, Provider) else None
        unconfirmed = isinstance(plan, Finish) and plan.unconfirmed
        if task is not None:
            found = settlement(task, unconfirmed)
        else:
            found = Settlement(nothing=world.recorded_kind != names.KIND_TASK)
        await self.budgets.settle(world.job.metadata.namespace, world.job.metadata.uid, found)
        if unconfirmed and task is not None:
            await self.alarms.unconfirmed(task)
        return charged(task, world.status)

    async def release(self, key: Key, world: World | None, reads: Reads) -> float | None:
        """Let go of the tasks of a job that are being deleted, once nothing of them goes on unseen."""
        if world is not None and world.recorded_kind != names.KIND_TASK:
            return None
        waits = [await self._release(found) for found in await reads.all(Read.TASK, *key)]
        return min((after for after in waits if after is not None), default=None)

    async def _release(self, found: Object) -> float | None:
        meta = found["metadata"]
        if "deletionTimestamp" not in meta or names.FINALIZER_TASK not in (meta.get("finalizers") or []):
            return None
        task, now = QuantumTask.model_validate(found), self.clock()
        going = task.submitted and not task.ended
        gives_up = (task.metadata.deletion_timestamp or now) + timedelta(seconds=self.patience.cancel)
        if going and now < gives_up:
            return times.until(gives_up, now)
        await self.budgets.settle(meta["namespace"], task.spec.job.uid, settlement(task, going))
        if await self._let_go(task.metadata) and going:
            await self.alarms.unconfirmed(task)
        return None

    async def _let_go(self, meta: ObjectMeta) -> bool:
        left = [each for each in meta.finalizers if each != names.FINALIZER_TASK]
        patch = {"metadata": {"resourceVersion": meta.resource_version, "uid": meta.uid, "finalizers": left}}
        try:
            await self.port.patch(TASKS, meta.namespace, meta.name, patch)
        except (NotFound, Conflict):  # the next event, or the resync, looks again
            return False
        return True


def _digests(job: QuantumJob) -> list[dict[str, str]]:
    """SHA-256 of every circuit's program, from the spec alone."""
    found = []
    for circuit in job.spec.circuits:
        inline = circuit.inline_program
        digest = circuit.sha256 if inline is None else hashlib.sha256(inline).hexdigest()
        found.append({"name": circuit.name, "sha256": str(digest)})
    return found
