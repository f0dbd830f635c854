"""Reading what a decision may look at: a job, its child, that child's pods and parts."""

import asyncio
import dataclasses
import logging
from datetime import datetime, timedelta

from qee.api.conditions import Phase
from qee.api.job import QuantumJob
from qee.controller.jobs.gathering import Gatherer
from qee.controller.jobs.reads import Reads
from qee.controller.jobs.tasks import Tasks
from qee.controller.jobs.verification import Verifier
from qee.core import naming
from qee.core.job.observed import ChildState, PodState, child_state, pod_state
from qee.core.job.world import Patience, World
from qee.kube.compare import input_config_map_name, pod_differs
from qee.kube.port import NotFound, Object, Port
from qee.kube.resources import CONFIG_MAPS

logger = logging.getLogger(__name__)


class Observer:
    """Makes the World of a job. Raises `ApiError`."""

    def __init__(
        self, port: Port, reads: Reads, patience: Patience, verifier: Verifier, gatherer: Gatherer, tasks: Tasks
    ) -> None:
        self._port = port
        self._reads = reads
        self._patience = patience
        self._verifier = verifier
        self._gatherer = gatherer
        self._tasks = tasks

    async def world(self, job: QuantumJob, live: Object, now: datetime, known: str | None) -> World:
        """The job, its child and its pods; and of a job that has not ended, what verification says of this very object.

        `known` is the UID of the child that this process has created or compared, if it has. The backend is read where
        a child may be made: what was verified, and what it runs on, are of one step.
        """
        world = World(job, live.get("status") or {}, now)
        child, pods = await asyncio.gather(self._child(world), self._pods(job))
        if child is not None:
            ours = [pod for pod in pods if pod.owner_uid == child.uid and self._matches(child, pod)]
            world = dataclasses.replace(
                world,
                child=child,
                pods=ours,
                child_is_ours=known == child.uid,
                input_gone=await self._input_gone(world, child, ours),
            )
        if job.metadata.deletion_timestamp is not None:
            return world
        if world.ended:
            owed = world.ended is not Phase.SUCCEEDED and world.recorded_task and not world.status.get("result")
            return dataclasses.replace(world, task=await self._tasks.find(world, self._reads)) if owed else world
        if child is None or child.compiles or world.recorded_task:
            # Before anything is concluded from what became of the Job: the attempt may be with its provider.
            world = dataclasses.replace(world, task=await self._tasks.find(world, self._reads))
        trust = await self._verifier.trust(self._reads)
        backend = None if world.child_is_known else await self._reads.backend(job.spec.backend_ref.name)
        created = job.metadata.creation_timestamp or world.now
        verdict = self._verifier.verdict(live, created, trust, backend)
        parts = await self._gatherer.stored(job, child) if child is not None and world.child_is_known else frozenset()
        return dataclasses.replace(world, verdict=verdict, backend=backend, parts=parts)

    async def _child(self, world: World) -> ChildState | None:
        meta = world.job.metadata
        found = await self._reads.child(meta.namespace, naming.child_name(meta.name, meta.uid, world.attempt))
        return None if found is None else child_state(found)

    async def _pods(self, job: QuantumJob) -> list[PodState]:
        return [pod_state(pod) for pod in await self._reads.pods(job.metadata.namespace, job.metadata.uid)]

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
