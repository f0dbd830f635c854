"""Drives a Job of several shards: what each gave is kept in a ConfigMap of its own as soon as it has ended, and in the
end all of them are put together. These parts outlive pods, attempts and the operator.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from qee.api.job import QuantumJob
from qee.api.names import COMPONENT_PART, LABEL_COMPONENT, LABEL_JOB_UID
from qee.api.reasons import Reason
from qee.controller.jobs import answers
from qee.controller.jobs.attesting import Execution, ResultSigner
from qee.controller.jobs.driver import Driver
from qee.controller.jobs.memory import Memory
from qee.controller.jobs.parts import Part, PartStore, name_of
from qee.controller.jobs.reads import Reads
from qee.controller.jobs.results import Collector, not_of_this_job, read_frame, run_document
from qee.core import times
from qee.core.job.child import JobStage
from qee.core.job.observed import ChildState, PodState
from qee.core.job.outcome import Done, KeyUnreadable, Learned, Lost, Outcome, Stored
from qee.core.job.plan import Step
from qee.core.job.stages.shards import Gather, Merge, Shards, Why
from qee.core.job.world import World
from qee.core.refusal import Refused
from qee.documents import Missing
from qee.documents.canonical import TooManyValues
from qee.kube.port import Port
from qee.kube.resources import CONFIG_MAPS

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShardsDriver(Driver[Shards]):
    """Its child is made as that of a simulation: how many shards there are is known once it is prepared."""

    stage: ClassVar[type[Shards]] = Shards

    port: Port
    signer: ResultSigner
    collector: Collector
    parts: PartStore
    memory: Memory

    async def observe(self, world: World, reads: Reads, child: JobStage | None) -> Shards | None:
        if child is None or child.job.compiles or child.job.shards == 1:
            return None
        stage = Shards.of(child)
        if world.ended or not stage.known(world):
            return stage
        return replace(stage, parts=await self._stored(world.job, child.job))

    async def carry_out(self, world: World, stage: Shards, step: Step) -> Outcome:
        match step:
            case Gather(pods):
                unreadable = await self._gather(world, stage.job, pods)
                if len(unreadable) < len(pods):
                    return Done(0)  # parts were stored
                return Learned(replace(stage, unreadable=unreadable))
            case Merge(missing):
                return await self._merge(world, stage.job, missing)
        raise TypeError(f"{step!r} is no step of shards")

    async def _stored(self, job: QuantumJob, child: ChildState) -> frozenset[int] | None:
        """The shards whose part is there. None: the key that parts are signed with is not."""
        try:
            key = self.signer.key()
        except KeyUnreadable:
            return None
        names = {name_of(job, child, key, index): index for index in range(child.shards)}
        labels = f"{LABEL_JOB_UID}={job.metadata.uid},{LABEL_COMPONENT}={COMPONENT_PART}"
        there = [
            found["metadata"]
            async for found in self.port.list(CONFIG_MAPS, job.metadata.namespace, labels=labels, metadata_only=True)
            if found["metadata"]["name"] in names
        ]
        checked = self.memory.of(job.metadata).parts
        unseen = [meta for meta in there if meta["uid"] not in checked]
        if unseen:
            try:
                run = await run_document(self.port, job, child)
            except Lost as lost:  # the next attempt's snapshot will have the same bytes
                logger.warning("%s/%s: parts are not looked at: %s", job.metadata.namespace, job.metadata.name, lost)
            else:
                for meta in unseen:
                    if await self.parts.read(job, meta["name"], run, names[meta["name"]], key):
                        checked.add(meta["uid"])
        return frozenset(names[meta["name"]] for meta in there if meta["uid"] in checked)

    async def _gather(self, world: World, child: ChildState, pods: Sequence[PodState]) -> dict[str, Why]:
        """Store what these pods gave; UIDs of those that gave nothing of their shard, and why.

        Raises `Lost`, `Refused` or `KeyUnreadable` where no part can be stored at all.
        """
        job = world.job
        key = self.signer.key()
        run = await run_document(self.port, job, child)
        unreadable: dict[str, Why] = {}
        done: set[int] = set()
        for pod in pods:
            if pod.index is None or pod.index in done:
                continue
            try:
                document = await read_frame(self.port, job, world.attempt, pod, pod.index)
                size = len(document) + len(run)
                await self.collector.read(size, answers.check_part, document, run, pod.index, world.attempt)
            except Lost as lost:
                unreadable[pod.uid] = (Reason.RESULT_LOST, f"Its result is lost: {lost}.")
            except Refused as refusal:
                if refusal.reason is Reason.RESULT_TOO_LARGE:
                    raise
                unreadable[pod.uid] = (refusal.reason, refusal.message)
            else:
                name = name_of(job, child, key, pod.index)
                await self.parts.store(job, name, run, pod.index, Part(document, pod.image_id), key)
                done.add(pod.index)
        for uid, (_, message) in unreadable.items():
            logger.warning("%s/%s, pod %s: %s", job.metadata.namespace, job.metadata.name, uid, message)
        return unreadable

    async def _merge(self, world: World, child: ChildState, missing: Sequence[Missing]) -> Outcome:
        """Put the parts together and store the result, `missing` shards named in it."""
        job = world.job
        key = self.signer.key()
        run = await run_document(self.port, job, child)
        parts: dict[int, Part] = {}
        size = 0
        for index in set(range(child.shards)) - {each.index for each in missing}:
            part = await self.parts.read(job, name_of(job, child, key, index), run, index, key)
            if part is None:
                raise Lost(f"the part of shard {index} is gone")
            parts[index] = part
            size += len(part.document)
            if size > answers.MAX_PARTS_BYTES:
                raise not_of_this_job(TooManyValues(f"its parts hold more than {answers.MAX_PARTS_BYTES} bytes"))
        given = {index: part.document for index, part in parts.items()}
        result = await self.collector.read(size + len(run), answers.put_together, given, run, world.attempt, missing)
        ran = Execution(
            child.image,
            ",".join(sorted({part.image_id for part in parts.values()})),
            times.parse(result.started),
            times.parse(result.completed),
        )
        stored = await self.collector.keep(world, result, ran, key)
        if not missing:
            return stored
        first = missing[0]
        partial = (
            f"{len(missing)} of {child.shards} shards failed; what the others gave is in {stored.place}. "
            f"Shard {first.index}: {first.reason}: {first.message}"
        )
        return Stored(stored.place, stored.fields, partial)
