"""The operator at work on an API server in memory: told by watches, as Kopf tells it, with a Job controller beside."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator

from prometheus_client import CollectorRegistry
from tests import builders
from tests.cluster_simulation import SETTINGS, suite
from tests.fakes.port import FakeApiServer

from qee.api.names import INPUT_KEY, LABEL_JOB_UID, RUNNER_CONTAINER
from qee.controller.settings import Settings
from qee.controller.wiring import Operator
from qee.documents.run import RunDocument
from qee.kube.port import Object, Resource
from qee.kube.resources import BACKENDS, CHILDREN, CONFIG_MAPS, JOBS, PODS
from qee.observe.metrics import Metrics

UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}


class Watched:
    """`asked` counts the operator's requests by verb and kind, but for watches."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.api = FakeApiServer()
        self.api.put(BACKENDS, builders.backend())
        self.asked: Counter[tuple[str, str]] = Counter()
        self.api.before.append(self._count)
        self.operator = Operator(self.api, settings, Metrics(CollectorRegistry()), suite())
        self.manager = self.operator.manager
        self._deaf: set[Resource] = set()

    def _count(self, verb: str, resource: Resource, name: str | None) -> None:
        if verb != "watch":
            self.asked[verb, resource.plural] += 1

    async def _watch(self, resource: Resource) -> None:
        async for kind, obj in self.api.watch(resource, None, timeout_seconds=3600):
            if resource not in self._deaf:
                self.manager.watches.tell(resource, {"type": kind, "object": obj})

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        watches = [asyncio.create_task(self._watch(resource)) for resource in self.manager.watches.labels]
        work = asyncio.create_task(self.operator.run())
        await self.quiet()
        self.asked.clear()
        try:
            yield
        finally:
            self.manager.stop()
            await work
            for task in watches:
                task.cancel()

    @contextlib.contextmanager
    def deaf(self, *resources: Resource) -> Iterator[None]:
        """What happens to these meanwhile, no watch tells."""
        self._deaf |= set(resources)
        yield
        self._deaf -= set(resources)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.005)

    async def quiet(self) -> None:
        """Until no request has been made for a moment."""
        before = -1
        while before != self.asked.total():
            before = self.asked.total()
            await asyncio.sleep(0.1)

    # Jobs, and what others do to them

    def apply(self, name: str = "bell", **spec: object) -> None:
        self.api.put(JOBS, builders.job(name, **spec))

    def status(self, name: str = "bell") -> Object:
        found = self.api.find(JOBS, "default", name) or {}
        status: Object = found.get("status") or {}
        return status

    async def child(self, name: str = "bell") -> Object:
        def found() -> list[Object]:
            return list(self.api.all(CHILDREN, "default", labels=f"qee.dev/job-name={name}"))

        await self.until(found)
        return found()[0]

    def pod(self, child: Object, state: Object | None = None, **status: object) -> Object:
        """The child's one pod, with its runner in this state."""
        pod = builders.pod_of(child)
        statuses = [builders.container(state)] if state else []
        pod["status"] = {"phase": "Pending", "containerStatuses": statuses, **status}
        return self.api.put(PODS, pod)

    def result(self, child: Object) -> None:
        """The pod's log, as the runner writes it."""
        uid = child["metadata"]["labels"][LABEL_JOB_UID]
        runs = [each["data"][INPUT_KEY] for each in self.api.all(CONFIG_MAPS, "default") if INPUT_KEY in each["data"]]
        (run,) = [found for text in runs if (found := RunDocument.from_bytes(text.encode())).job.uid == uid]
        frame = builders.framed(builders.result_of(run), uid, 1)
        self.api.set_log("default", builders.pod_of(child)["metadata"]["name"], RUNNER_CONTAINER, frame)

    async def runs(self, name: str = "bell") -> None:
        """The job, which is there, to its end; through Running."""
        child = await self.child(name)
        self.pod(child, builders.waiting("ContainerCreating"))
        self.pod(child, builders.running())
        await self.until(lambda: self.status(name).get("phase") == "Running")
        self.result(child)
        self.pod(child, builders.terminated(0))
        await self.until(lambda: self.status(name).get("phase") == "Succeeded")
        self.pod(child, builders.terminated(0), phase="Succeeded")
        child["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
        self.api.put(CHILDREN, child)
