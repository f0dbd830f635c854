"""Reading what a decision may look at: a job, the stages of its attempt, and what verification says of it."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from qee.api.backend import is_cloud
from qee.api.explain import brief
from qee.api.job import QuantumJob
from qee.api.meta import ObjectMeta
from qee.controller.jobs import inputs
from qee.controller.jobs.driver import Attempts
from qee.controller.jobs.memory import Key, Memory
from qee.controller.jobs.reads import Reads
from qee.controller.jobs.verification import Trust, Verifier
from qee.core import naming, times
from qee.core.job.child import JobStage
from qee.core.job.observed import ChildState, PodState, child_state, pod_state
from qee.core.job.plan import Read
from qee.core.job.queueing import starts
from qee.core.job.world import Patience, World
from qee.kube.compare import pod_differs
from qee.kube.port import NotFound, Object, Port
from qee.kube.resources import CONFIG_MAPS
from qee.kube.store import lean
from qee.signing.verdict import Verdict

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Observer:
    """Makes the World of a job. Raises `ApiError`."""

    port: Port
    patience: Patience
    verifier: Verifier
    attempts: Attempts
    memory: Memory
    clock: times.Clock

    async def world(self, key: Key, reads: Reads) -> World | None:
        """The job and what there is of its attempt; None: it is gone, or going.

        Of a job that has not ended there is what verification says of this very object. The backend is read where a
        child may be made: what was verified, and what it runs on, are of one step.
        """
        live = await reads.one(Read.JOB, *key)
        if live is None or "deletionTimestamp" in live["metadata"]:
            return None
        status = live.get("status") or {}
        try:
            world = World(QuantumJob.model_validate(live), status, self.clock())
        except ValidationError as error:  # CEL counts characters where the model counts bytes
            job = QuantumJob.model_construct(metadata=ObjectMeta.model_validate(live["metadata"]))
            return World(job, status, self.clock(), invalid=brief(error))
        child = await self._child(world, reads)
        world = replace(world, stages=await self.attempts.observe(world, reads, child))
        return world if world.ended else await self._verified(world, live, reads, child)

    async def _verified(self, world: World, live: Object, reads: Reads, child: JobStage | None) -> World:
        trust = await self.verifier.trust(reads)
        starts = child is None or not child.known(world)
        found = await reads.one(Read.BACKEND, None, world.job.spec.backend_ref.name) if starts else None
        verdict = self._verdict(world, live, trust, found, starts)
        return replace(world, verdict=verdict, backend=inputs.backend(found, world.job) if starts else None)

    def _verdict(self, world: World, live: Object, trust: Trust, backend: Object | None, starts: bool) -> Verdict:
        """Asked once: it is a function of the object but for its status, of the policies and of what the backend is."""
        meta = world.job.metadata
        known = self.memory.of(meta)
        read = lean(live)["metadata"] | {"resourceVersion": ""}  # it moves with every write; generation with the spec
        asked = (hashlib.sha256(json.dumps(read, sort_keys=True).encode()).digest(), trust.versions, trust.cluster)
        if known.verdict is None or known.asked != asked or (starts and known.cloud != is_cloud(backend)):
            created = meta.creation_timestamp or world.now
            known.verdict = self.verifier.verdict(live, created, trust, backend)
            known.asked, known.cloud = asked, is_cloud(backend)
        return known.verdict

    async def _child(self, world: World, reads: Reads) -> JobStage | None:
        """The batch/v1 Job under the attempt's name, and those pods that it has made."""
        meta = world.job.metadata
        name = naming.child_name(meta.name, meta.uid, world.attempt)
        found, pods = await asyncio.gather(
            reads.one(Read.CHILD, meta.namespace, name), reads.all(Read.PODS, meta.namespace, of=meta.uid)
        )
        if found is None:
            return None
        child = child_state(found)
        ours = [pod_state(pod) for pod in pods if _made_by(found, pod)]
        known = not world.ended and self.memory.of(meta).child == child.uid
        gone = await self._input_gone(world, child, ours)
        return JobStage(child, ours, ours=known, input_gone=gone)

    async def _input_gone(self, world: World, child: ChildState, pods: Sequence[PodState]) -> bool:
        """Asked only of a pod that has not started for a while: without its ConfigMap it never will."""
        if not starts(pods) or times.age(child.created_at, world.now) < self.patience.unstarted:
            return False
        try:
            await self.port.get(CONFIG_MAPS, world.job.metadata.namespace, child.input_name)
        except NotFound:
            return True
        return False


def _made_by(child: Object, pod: Object) -> bool:
    """Anyone in the namespace may make a pod with our labels and the child as owner: its log would be forged."""
    owners = pod["metadata"].get("ownerReferences") or []
    if child["metadata"]["uid"] not in (owner.get("uid") for owner in owners if owner.get("controller")):
        return False
    path = pod_differs(child["spec"]["template"]["spec"], pod["spec"])
    if path:
        made, name = pod["metadata"]["name"], child["metadata"]["name"]
        logger.warning("pod %s is not what its Job %s would make: %s", made, name, path)
    return path is None
