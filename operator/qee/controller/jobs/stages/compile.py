"""Drives a Job whose one pod compiles for a QPU: what it gives is priced, reserved, and made a QuantumTask."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from qee.api import names
from qee.api.backend import QuantumBackend
from qee.api.fields import MAX_PACKED
from qee.api.job import QuantumJob
from qee.api.names import KIND_TASK
from qee.api.reasons import Reason
from qee.api.task import MAX_PROJECTION
from qee.controller.backends import BackendsInUse
from qee.controller.budgets import Budgets
from qee.controller.jobs import answers, inputs
from qee.controller.jobs.attesting import ResultSigner
from qee.controller.jobs.driver import Driver
from qee.controller.jobs.reads import Live, Reads
from qee.controller.jobs.results import Collector, read_frame, run_document
from qee.controller.jobs.start import Starter
from qee.core import naming, times
from qee.core.job.child import JobStage
from qee.core.job.observed import ChildState, PodState
from qee.core.job.outcome import Next, Outcome
from qee.core.job.plan import Child, Read, Step
from qee.core.job.stages.compile import Compile, Submit
from qee.core.job.stages.provider import WAITS
from qee.core.job.world import World
from qee.core.money import cost
from qee.core.money.budget import Claim
from qee.core.money.estimate import estimate
from qee.core.refusal import Refused, refused
from qee.kube import manifests
from qee.kube.port import AlreadyExists, Object, Port
from qee.kube.resources import TASKS
from qee.signing import authorization, canonical
from qee.signing.profiles.job import of_job

# Bytes of a task as it is made: etcd takes 1.5 MiB, and signatures, handles, messages, and a result of moderate size
# are still to come.
MAX_TASK = 1_000_000


@dataclass(frozen=True)
class CompileDriver(Driver[Compile]):
    """Attempts at a provider's device begin here. Every step may be repeated."""

    stage: ClassVar[type[Compile]] = Compile

    port: Port
    namespace: str | None
    starter: Starter
    collector: Collector
    signer: ResultSigner
    backends: BackendsInUse
    budgets: Budgets
    clock: times.Clock

    def begins(self, world: World) -> bool:
        return isinstance(world.backend, QuantumBackend) and world.backend.cloud

    async def begin(self, world: World, attempt: int) -> Outcome:
        return await self.starter.begin(world, attempt)

    async def observe(self, world: World, reads: Reads, child: JobStage | None) -> Compile | None:
        return Compile.of(child) if child is not None and child.job.compiles else None

    async def carry_out(self, world: World, stage: Compile, step: Step) -> Outcome:
        match step:
            case Submit(pod):
                return await self._submit(world, stage.job, pod)
        raise TypeError(f"{step!r} is no step of a pod that compiles")

    async def _submit(self, world: World, child: ChildState, pod: PodState) -> Outcome:
        """Everything that may be refused is before the reservation, and the reservation before the task."""
        job, key = world.job, self.signer.key()
        if key is None:
            raise refused(Reason.NO_TASK_KEY, Reason.NO_TASK_KEY.meaning)
        run = await run_document(self.port, job, child)
        document = await read_frame(self.port, job, world.attempt, pod, 0)
        compiled = await self.collector.read(len(document) + len(run), answers.of_compiler, document, run)
        found = await Live(self.port).one(Read.BACKEND, None, job.spec.backend_ref.name)
        backend = inputs.usable(inputs.backend(found, job))
        listed = await inputs.prices(self.port, self.namespace, backend)
        estimated = estimate(job, backend, listed, compiled.usages)
        _check_packed(compiled.packed)
        money = None
        if estimated is not None and listed is not None:
            money = {"amount": cost.amount(estimated), "currency": listed.currency}
        spec = _spec(world, hashlib.sha256(run).hexdigest(), compiled.packed, money)
        _check_size(spec)
        name = naming.task_name(job.metadata.name, job.metadata.uid, world.attempt)
        spec["authorization"] = authorization.authorise(job.metadata.namespace, name, spec, key, self.clock())
        claim = Claim(
            uid=job.metadata.uid,
            name=job.metadata.name,
            attempt=world.attempt,
            cost=estimated,
            currency=listed.currency if listed else None,
            qpu_milliseconds=compiled.usage.qpu_milliseconds,
            shots=compiled.usage.shots,
        )
        async with self.backends.held(found or {}):
            await self.budgets.reserve(job.metadata.namespace, backend.metadata.name, claim)
            task = await self._create(job, world.attempt, spec)
        fields = {"cost": {"estimated": money["amount"], "currency": money["currency"]}} if money else {}
        return Next(task, WAITS, fields)

    async def _create(self, job: QuantumJob, attempt: int, spec: Object) -> Child:
        body = manifests.quantum_task(job, attempt, spec)
        name = body["metadata"]["name"]
        try:
            task = await self.port.create(TASKS, job.metadata.namespace, body)
        except AlreadyExists:
            task = await self.port.get(TASKS, job.metadata.namespace, name)
            if self.signer.own_task(job, attempt, task) is None:
                raise refused(
                    Reason.CHILD_CONFLICT, f"QuantumTask {name!r} exists, and it is not what QEE would create."
                ) from None
        return Child(KIND_TASK, name, task["metadata"]["uid"])


def _check_packed(packed: Mapping[str, Any]) -> None:
    if len(packed["data"]) > MAX_PACKED:
        raise refused(
            Reason.INPUT_TOO_LARGE,
            f"spec.circuits: compiled they take {len(packed['data'])} characters, {MAX_PACKED} are possible.",
        )


def _spec(world: World, run_sha256: str, packed: Object, money: Object | None) -> Object:
    job = world.job
    envelope = job.metadata.annotations.get(names.ANNOTATION_SIGNATURE)
    created = job.metadata.creation_timestamp or world.now
    return {
        "backendRef": {"kind": names.KIND_BACKEND, "name": job.spec.backend_ref.name},
        "job": {"name": job.metadata.name, "uid": job.metadata.uid, "created": times.render(created)},
        "attempt": world.attempt,
        "admission": {
            "projection": canonical.dumps(of_job(job).value).decode(),
            **({"envelope": envelope} if envelope else {}),
        },
        "runSha256": run_sha256,
        "compiled": packed,
        **({"maxCost": money} if money else {}),
    }


def _check_size(spec: Mapping[str, Any]) -> None:
    """Raises `Refused` where the task would not be stored, or would leave its own status no room."""
    signed, whole = len(spec["admission"]["projection"]), len(canonical.dumps(dict(spec)))
    if signed > MAX_PROJECTION or whole > MAX_TASK:
        raise Refused(
            Reason.INPUT_TOO_LARGE,
            f"spec: what is signed of it takes {signed} characters ({MAX_PROJECTION} are possible), with what was "
            f"compiled {whole} ({MAX_TASK} are possible). Move parameters into a ConfigMap (parametersFrom), or submit "
            "several jobs.",
        )
