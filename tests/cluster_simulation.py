"""A job controller and a kubelet for the in-memory API server, driven step by step by a test."""

from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry
from tests import builders, signed
from tests.fakes.port import FakeApiServer

from qee.api.conditions import ConditionType
from qee.api.names import INPUT_KEY, RUNNER_CONTAINER
from qee.controller.settings import RunnerSettings, Settings, VerificationSettings
from qee.controller.wiring import Operator
from qee.documents import RunDocument
from qee.kube.port import Object
from qee.kube.resources import BACKENDS, CHILDREN, CONFIG_MAPS, EVENTS, JOBS, NETWORK_POLICIES, PODS
from qee.observe.metrics import Metrics
from qee.signing.libraries import Suite

KEY = ("default", "bell")
SETTINGS = Settings(
    runner=RunnerSettings(images={"aer": "qee-runner-aer:1", "cirq": "qee-runner-cirq:1"}),
    verification=VerificationSettings(without_policy="Allow"),
)


def suite() -> Suite:
    """Both libraries, asked for once a signature is verified."""
    return signed.SUITE


class Clock:
    """Time stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Simulation:
    """An API server, an operator that watches tell of everything at once, and hands to do what other controllers do."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.clock = Clock()
        self.api = FakeApiServer(now=self.clock)
        self.settings = settings
        self.restart()

    def restart(self) -> None:
        """A new operator process: nothing it had in memory is left."""
        self.metrics = Metrics(CollectorRegistry())
        self.operator = Operator(self.api, self.settings, self.metrics, suite(), self.clock)
        self.reconciler = self.operator.reconciler
        watched = {resource.plural: resource for resource in self.operator.manager.watches.labels}

        def tell(kind: str, plural: str, obj: Object) -> None:
            if plural in watched:
                self.operator.manager.watches.tell(watched[plural], {"type": kind, "object": obj})

        self.api.tell_all(tell)

    def given(self, job: Object | None = None, backend: Object | None = None) -> None:
        self.api.put(BACKENDS, backend or builders.backend())
        self.api.put(JOBS, job or builders.job())

    async def step(self, key: tuple[str, str] = KEY) -> float | None:
        return await self.operator.jobs.reconcile(key)

    # What is there

    def job(self, name: str = "bell") -> Object:
        found = self.api.find(JOBS, "default", name)
        assert found is not None, f"there is no job {name}"
        return found

    @property
    def status(self) -> Object:
        status: Object = self.job()["status"]
        return status

    def condition(self, kind: ConditionType) -> Object:
        return next(c for c in self.status["conditions"] if c["type"] == kind)

    @property
    def outcome(self) -> tuple[str, str]:
        """Phase and the reason of the outcome."""
        return self.status.get("phase", ""), self.condition(ConditionType.SUCCEEDED)["reason"]

    @property
    def message(self) -> str:
        message: str = self.condition(ConditionType.SUCCEEDED)["message"]
        return message

    def children(self) -> list[Object]:
        return self.api.all(CHILDREN, "default")

    def child(self) -> Object:
        (child,) = self.children()
        return child

    def config_maps(self, component: str) -> list[Object]:
        return self.api.all(CONFIG_MAPS, "default", labels=f"qee.dev/component={component}")

    def run_document(self) -> RunDocument:
        (snapshot,) = self.config_maps("input")
        return RunDocument.from_bytes(snapshot["data"][INPUT_KEY].encode())

    def writes(self) -> list[tuple[str, str]]:
        """Verb and kind of the operator's object writes; Events and the namespace's policy apart."""
        told = (EVENTS.plural, NETWORK_POLICIES.plural)
        return [(verb, plural) for verb, plural, *_ in self.api.requests if plural not in told]

    # What others do

    def make_pod(self, name: str | None = None, **status: Any) -> Object:
        return self.api.put(PODS, builders.pod_of(self.child(), name, **status))

    def set_pod(self, state: Object, name: str | None = None, *, phase: str = "Running", **status: Any) -> None:
        pods = [p for p in self.api.all(PODS, "default") if name in (None, p["metadata"]["name"])]
        pod = pods[0] if pods else self.make_pod(name)
        pod["status"] = {"phase": phase, "containerStatuses": [builders.container(state)], **status}
        self.api.put(PODS, pod)

    def set_log(self, data: bytes) -> None:
        (pod,) = self.api.all(PODS, "default")
        self.api.set_log("default", pod["metadata"]["name"], RUNNER_CONTAINER, data)

    def succeed(self, attempt: int = 1) -> bytes:
        """The runner writes its frame and ends well; what it computed."""
        document = builders.result_of(self.run_document())
        self.set_pod(builders.terminated(0), phase="Pending")
        self.set_log(b"some chatter\n" + builders.framed(document, self.job()["metadata"]["uid"], attempt))
        return document

    def set_child(self, condition: str, reason: str = "", message: str = "") -> None:
        child = self.child()
        child["status"] = {"conditions": [{"type": condition, "status": "True", "reason": reason, "message": message}]}
        self.api.put(CHILDREN, child)

    def remove_pods(self) -> None:
        for pod in self.api.all(PODS, "default"):
            self.api.remove(PODS, "default", pod["metadata"]["name"])
