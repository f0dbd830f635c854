"""QuantumTasks: made of what was compiled once it is priced and reserved, cancelled, collected, and let go."""

import base64
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from qee.api import names
from qee.api.fields import MAX_PACKED
from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.api.task import MAX_PROJECTION
from qee.controller.backends import BackendsInUse
from qee.controller.budgets import Budgets
from qee.controller.jobs import answers, inputs
from qee.controller.jobs.attesting import Ran, ResultSigner, RunFacts
from qee.controller.jobs.pricing import estimate, prices
from qee.controller.jobs.reads import Reads
from qee.controller.jobs.results import Collector, Stored, read_frame, run_document
from qee.core import naming, times
from qee.core.job.observed import ChildState, PodState, SubmittedTask, task_state
from qee.core.job.world import World
from qee.core.money import cost
from qee.core.money.budget import Claim, Settlement
from qee.core.refusal import Refused
from qee.kube import manifests
from qee.kube.port import AlreadyExists, Conflict, NotFound, Object, Port
from qee.kube.resources import TASKS
from qee.signing import authorization, canonical
from qee.signing.authorization import AuthorizationProblem
from qee.signing.libraries import Suite
from qee.signing.projection import of_job

logger = logging.getLogger(__name__)
# Bytes of a task as it is made: etcd takes 1.5 MiB, and signatures, handles, messages, and a result of moderate size
# are still to come.
MAX_TASK = 1_000_000


@dataclass(frozen=True)
class Submitted:
    """The task, new or found, and status.cost."""

    task: SubmittedTask
    cost: dict[str, Any] | None


class Tasks:
    """Raises `Refused`, `Lost`, `KeyUnreadable` or `ApiError`; every method may be repeated."""

    def __init__(
        self,
        port: Port,
        namespace: str | None,
        signer: ResultSigner,
        collector: Collector,
        backends: BackendsInUse,
        suite: Suite,
        clock: Callable[[], datetime],
    ) -> None:
        self._port = port
        self._namespace = namespace
        self._signer = signer
        self._collector = collector
        self._backends = backends
        self._suite = suite
        self._clock = clock
        self.budgets = Budgets(port, clock)

    async def submit(self, world: World, child: ChildState, pod: PodState) -> Submitted:
        """Everything that may be refused is before the reservation, and the reservation before the task."""
        job, key = world.job, self._signer.key()
        if key is None:
            raise Refused(Reason.NO_TASK_KEY, f"{Reason.NO_TASK_KEY.meaning} {Reason.NO_TASK_KEY.remedy}")
        run = await run_document(self._port, job, child)
        document = await read_frame(self._port, job, world.attempt, pod, 0)
        compiled = await self._collector.read(len(document) + len(run), answers.of_compiler, document, run)
        found = await inputs.find_backend(self._port, job)
        backend = inputs.backend(found, job)
        listed = await prices(self._port, self._namespace, found or {})
        estimated = estimate(job, backend, listed, compiled.usages)
        packed = compiled.packed
        if len(packed["data"]) > MAX_PACKED:
            raise Refused(
                Reason.INPUT_TOO_LARGE,
                f"spec.circuits: compiled they take {len(packed['data'])} characters, {MAX_PACKED} are possible. "
                f"{Reason.INPUT_TOO_LARGE.remedy}",
            )
        money = None
        if estimated is not None and listed is not None:
            money = {"amount": cost.amount(estimated), "currency": listed.currency}
        spec = self._spec(world, hashlib.sha256(run).hexdigest(), packed, money)
        _check_size(spec)
        meta = job.metadata
        name = naming.task_name(meta.name, meta.uid, world.attempt)
        spec["authorization"] = authorization.authorise(meta.namespace, name, spec, key, self._clock())
        usage = compiled.usage
        claim = Claim(
            uid=meta.uid,
            name=meta.name,
            attempt=world.attempt,
            cost=estimated,
            currency=listed.currency if listed else None,
            qpu_milliseconds=usage.qpu_milliseconds,
            shots=usage.shots,
        )
        async with self._backends.held(found or {}):
            await self.budgets.reserve(meta.namespace, backend.metadata.name, claim)
            task = await self._create(job, world.attempt, spec)
        return Submitted(task, {"estimated": money["amount"], "currency": money["currency"]} if money else None)

    def _spec(self, world: World, run_sha256: str, packed: Object, money: Object | None) -> Object:
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

    async def _create(self, job: QuantumJob, attempt: int, spec: Object) -> SubmittedTask:
        body = manifests.quantum_task(job, attempt, spec)
        try:
            return task_state(await self._port.create(TASKS, job.metadata.namespace, body))
        except AlreadyExists:
            found = await self._port.get(TASKS, job.metadata.namespace, body["metadata"]["name"])
            if not self.is_ours(job, attempt, found):
                raise Refused(
                    Reason.CHILD_CONFLICT,
                    f"QuantumTask {body['metadata']['name']!r} exists, and it is not what QEE would create. "
                    f"{Reason.CHILD_CONFLICT.remedy}",
                ) from None
            return task_state(found)

    async def find(self, world: World, reads: Reads) -> SubmittedTask | None:
        """The attempt's task, if it is ours."""
        meta = world.job.metadata
        found = await reads.task(meta.namespace, naming.task_name(meta.name, meta.uid, world.attempt))
        ours = found is not None and self.is_ours(world.job, world.attempt, found, world.recorded_child)
        return task_state(found) if found is not None and ours else None

    def is_ours(self, job: QuantumJob, attempt: int, found: Object, recorded: str | None = None) -> bool:
        """Recorded in the job's status, which only the operator writes; or signed with our key for this attempt."""
        if recorded == found["metadata"]["uid"]:
            return True
        spec = found.get("spec") or {}
        key = self._signer.key()
        if key is None or spec.get("attempt") != attempt or (spec.get("job") or {}).get("uid") != job.metadata.uid:
            return False
        meta = found["metadata"]
        try:
            authorization.check(meta["namespace"], meta["name"], spec, [key.public], self._suite)
        except AuthorizationProblem as problem:
            logger.warning("QuantumTask %s/%s: %s", meta["namespace"], meta["name"], problem)
            return False
        return True

    async def cancel(self, namespace: str, task: SubmittedTask) -> None:
        """Tell the connector; the time is beside it, for the wait has an end."""
        meta = task.raw["metadata"]
        patch = {
            "metadata": {
                "resourceVersion": meta["resourceVersion"],
                "uid": task.uid,
                "annotations": {names.ANNOTATION_CANCEL_AT: times.render(self._clock())},
            },
            "spec": {"cancelRequested": True},
        }
        await self._port.patch(TASKS, namespace, task.name, patch)

    async def fetch(self, namespace: str, task: SubmittedTask, asked_at: str) -> None:
        """Pass on to the connector that somebody wants the result to be fetched now."""
        meta = task.raw["metadata"]
        mark = {"resourceVersion": meta["resourceVersion"], "uid": task.uid}
        mark["annotations"] = {names.ANNOTATION_FETCH_AT: asked_at}
        await self._port.patch(TASKS, namespace, task.name, {"metadata": mark})

    async def collect(self, world: World, task: SubmittedTask) -> tuple[Stored, bool]:
        """Store the task's result; whether parts of it are missing."""
        key = self._signer.key()
        spec, status = task.raw["spec"], task.raw["status"]
        packed, compiled = status.get("result") or {}, spec["compiled"]
        size = sum(int(each.get("bytes", 0)) + len(str(each.get("data", ""))) for each in (packed, compiled))
        facts = RunFacts("", _digests(world.job), spec["runSha256"])
        answer = await self._collector.read(size, answers.of_task, packed, compiled, facts)
        ran = Ran("", "", times.parse(answer.started), times.parse(status.get("completionTime")))
        return await self._collector.keep(world, answer, ran, key), answer.partial

    async def settle(self, world: World, unconfirmed: bool = False) -> None:
        """What the attempt has taken of its budgets. Of a task that somebody took away: all that was reserved."""
        if world.task is not None:
            found = settlement(world.task, unconfirmed)
        else:
            found = Settlement(nothing=not world.recorded_task)
        await self.budgets.settle(world.job.metadata.namespace, world.job.metadata.uid, found)

    async def release(
        self, namespace: str, job_name: str, patience: float, reads: Reads
    ) -> tuple[float | None, list[SubmittedTask]]:
        """Let go of the tasks of a job that are being deleted: the seconds until the next look, and those that were let
        go although the provider may go on with them.
        """
        after: float | None = None
        unconfirmed: list[SubmittedTask] = []
        for each in await reads.tasks(namespace, job_name):
            meta, task = each["metadata"], task_state(each)
            if not task.deleting or names.FINALIZER_TASK not in (meta.get("finalizers") or []):
                continue
            since = times.parse(meta["deletionTimestamp"]) or self._clock()
            left = (since + timedelta(seconds=patience) - self._clock()).total_seconds()
            if task.submitted and not task.ended and left > 0:
                after = min(left + 0.5, after or left + 0.5)
                continue
            late = task.submitted and not task.ended
            uid = str(((each.get("spec") or {}).get("job") or {}).get("uid"))
            await self.budgets.settle(namespace, uid, settlement(task, late))
            if await self._let_go(each) and late:
                unconfirmed.append(task)
        return after, unconfirmed

    async def _let_go(self, task: Object) -> bool:
        meta = task["metadata"]
        left = [each for each in meta["finalizers"] if each != names.FINALIZER_TASK]
        patch = {"metadata": {"resourceVersion": meta["resourceVersion"], "uid": meta["uid"], "finalizers": left}}
        try:
            await self._port.patch(TASKS, meta["namespace"], meta["name"], patch)
        except (NotFound, Conflict):  # the next event, or the resync, looks again
            return False
        return True


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


def settlement(task: SubmittedTask, unconfirmed: bool = False) -> Settlement:
    """What an ended task has used, as far as the provider tells; all that was reserved where nobody knows."""
    if not task.submitted:
        return Settlement(nothing=True)
    if unconfirmed or not task.ended:
        return Settlement()
    status: Mapping[str, Any] = task.raw.get("status") or {}
    charge = status.get("charge") or {}
    parts = status.get("parts") or []
    if not any(part.get("handle") for part in parts):
        return Settlement(nothing=True)
    paid = charge.get("amount")
    return Settlement(
        cost=None if paid is None else Decimal(paid),
        currency=charge.get("currency"),
        qpu_milliseconds=charge.get("qpuMilliseconds"),
    )


def charged(world: World) -> Object:
    """status.cost with what the provider has charged, where it tells."""
    charge = ((world.task.raw.get("status") or {}).get("charge") or {}) if world.task else {}
    if "amount" not in charge:
        return {}
    told = {"actual": charge["amount"], "currency": charge["currency"]}
    return {"cost": {**(world.status.get("cost") or {}), **told}}


def _digests(job: QuantumJob) -> list[dict[str, str]]:
    """SHA-256 of every circuit's program, from the spec alone."""
    found = []
    for circuit in job.spec.circuits:
        inline = circuit.source.encode() if circuit.source is not None else base64.b64decode(circuit.data or "")
        digest = circuit.sha256 if circuit.config_map_key_ref else hashlib.sha256(inline).hexdigest()
        found.append({"name": circuit.name, "sha256": str(digest)})
    return found
