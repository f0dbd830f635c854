"""Starting an attempt: check, use up the signature, snapshot, create.

Each step may be repeated; what is there is compared, not trusted.
"""

import logging

from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.controller.jobs import inputs
from qee.controller.jobs.ledger import Ledger
from qee.controller.jobs.memory import Memory
from qee.controller.settings import Settings
from qee.controller.worker import TooMuch, Worker
from qee.core.checks.prepare import Prepared, prepare, size_of
from qee.core.job.outcome import Done
from qee.core.job.world import World
from qee.core.refusal import Denied, Refused, refused
from qee.kube import manifests
from qee.kube.compare import child_differs
from qee.kube.port import AlreadyExists, NotFound, Object, Port
from qee.kube.resources import CHILDREN, CONFIG_MAPS, NETWORK_POLICIES

logger = logging.getLogger(__name__)


class Starter:
    """Creates children of jobs that were verified in the same step.

    Raises `Denied` and `Refused` where the job may not or cannot run, `ApiError` where the server says no.
    """

    def __init__(self, port: Port, settings: Settings, worker: Worker, ledger: Ledger, memory: Memory) -> None:
        self._port = port
        self._settings = settings
        self._worker = worker
        self._ledger = ledger
        self._memory = memory
        self._unserved: set[str] = set()  # namespaces of which was said that they take no NetworkPolicies

    async def begin(self, world: World, attempt: int) -> Done:
        """The child of this attempt is there, new or found; or a former one of its name is still being deleted."""
        job, verdict = world.job, world.verdict
        if not verdict.allowed:
            raise Denied(verdict.reason, verdict.message)
        prepared = await self._prepare(world)
        image = self._image(prepared.engine)
        await self._ledger.use(job, verdict)  # before anything of the job exists, after all that may refuse it
        await self._deny_network(job.metadata.namespace)
        await self._snapshot(job, prepared)
        expected = manifests.child_job(
            job,
            attempt=attempt,
            backoff_limit=world.attempts_left,
            image=image,
            pull_policy=self._settings.runner.pull_policy,
            prepared=prepared,
            pod_extras=self._settings.runner.pod_extras(),
        )
        try:
            child = await self._port.create(CHILDREN, job.metadata.namespace, expected)
            after = self._settings.patience.queued
        except AlreadyExists:
            child = await self._port.get(CHILDREN, job.metadata.namespace, expected["metadata"]["name"])
            if "deletionTimestamp" in child["metadata"]:
                return Done(1.0)
            if path := child_differs(expected, child):
                raise refused(
                    Reason.CHILD_CONFLICT, f"Job {child['metadata']['name']!r} exists and differs in {path}."
                ) from None
            after = 0.0  # left by a process that was killed: it may be anywhere on its way by now
        self._memory.of(job.metadata).child = child["metadata"]["uid"]
        return Done(after)

    async def _prepare(self, world: World) -> Prepared:
        job, backend, cpu = world.job, inputs.usable(world.backend), self._settings.runner.cpu_request
        labels = await inputs.namespace_labels(self._port, backend, job.metadata.namespace)
        sources = await inputs.sources(self._port, job)
        try:
            prepared = await self._worker.run(size_of(job, sources), prepare, job, backend, sources, labels, cpu)
        except TooMuch as error:
            raise refused(Reason.INPUT_TOO_LARGE, f"spec.circuits: looking at them took more than {error}.") from None
        await inputs.check_claim(self._port, job)
        return prepared

    def _image(self, engine: str) -> str:
        image = self._settings.runner.images.get(engine)
        if image is None:
            raise Refused(
                Reason.NOT_IN_THIS_BUILD,
                f"spec.backendRef.name: this installation has no runner image for engine {engine!r}. "
                f"Set runner.images.{engine} in the operator's settings.",
            )
        return image

    async def _snapshot(self, job: QuantumJob, prepared: Prepared) -> None:
        """The input ConfigMap. One of its name is accepted only with the same bytes, immutable and owned by the job."""
        expected = manifests.input_config_map(job, prepared)
        name = expected["metadata"]["name"]
        try:
            await self._port.create(CONFIG_MAPS, job.metadata.namespace, expected)
        except AlreadyExists:
            live = await self._port.get(CONFIG_MAPS, job.metadata.namespace, name)
            owners = {o.get("uid") for o in live["metadata"].get("ownerReferences") or []}
            same = all(live.get(field) == expected.get(field) for field in ("data", "binaryData", "immutable"))
            if not same or job.metadata.uid not in owners:
                raise refused(
                    Reason.CHILD_CONFLICT, f"ConfigMap {name!r} exists, and it is not the snapshot of this job."
                ) from None

    async def _deny_network(self, namespace: str) -> None:
        """The NetworkPolicy is looked at each time: a tenant may have deleted it, or written another under its name.

        Where both of its names are someone else's the job starts all the same: who may write policies may as well add
        one that allows, and the runner's own socket filter stands.
        """
        if not self._settings.network_policies:
            return
        for policy in manifests.deny_all_policies(namespace):
            if await self._stands(namespace, policy):
                return
        logger.error("namespace %s: both NetworkPolicies qee-runners-deny-all-... are someone else's", namespace)

    async def _stands(self, namespace: str, policy: Object) -> bool:
        """Whether this policy is there, as found or made just now."""
        name = policy["metadata"]["name"]
        try:
            live = await self._port.get(NETWORK_POLICIES, namespace, name)
        except NotFound:
            try:
                await self._port.create(NETWORK_POLICIES, namespace, policy)
            except AlreadyExists:  # by another worker of ours, or by somebody: the next start looks at it
                return True
            except NotFound as error:  # the API is not served
                if namespace not in self._unserved:
                    logger.warning("no NetworkPolicy in namespace %s: %s", namespace, error)
                self._unserved.add(namespace)
            return True
        if live.get("spec") == policy["spec"] and "deletionTimestamp" not in live["metadata"]:
            return True
        logger.warning("NetworkPolicy %s/%s is not QEE's; another one is made", namespace, name)
        return False
