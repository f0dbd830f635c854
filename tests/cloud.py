"""A cloud in memory: a cluster with a cloud backend, a pod that compiles, and a connector before a provider.

What compiles is a stand-in too: the units are those of the run document, the payload says nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests import builders, signed
from tests.cluster_simulation import SETTINGS, Simulation, suite
from tests.fakes.provider import Killed, Provider

from qee.api import names
from qee.connectors.attempt import Attempt
from qee.connectors.pacing import Pace
from qee.connectors.rounds import Rounds
from qee.connectors.task_end import Device
from qee.connectors.verification import Judge
from qee.controller.settings import RunnerSettings, Settings
from qee.documents import CompiledCircuit, Register, RunDocument
from qee.documents.compiled import CompiledDocument, Submission, Unit, Usage
from qee.documents.packing import pack
from qee.kube.port import Object, Resource
from qee.kube.resources import BACKENDS, BUDGETS, CONFIG_MAPS, JOBS, PODS, TASKS

QEE = "qee-system"
MUTATING = ("create", "patch", "patch_status", "delete")
CALLS = ("submit", "cancel", "find")
BACKEND = "fez"
GRACE = 120.0
RESULTS = signed.key("results")
PRICES = """{"apiVersion": "qee.dev/prices/v1", "asOf": "2026-01-01", "source": "a test", "currency": "USD",
 "devices": {"device": {"perTask": "0.30", "perShot": "0.001"}}}"""


def settings(directory: Path) -> Settings:
    key = directory / "result.key"
    key.write_bytes(RESULTS.pem(None))
    (directory / "result.pub").write_text(RESULTS.public.pem())
    images = {**SETTINGS.runner.images, "ibm": "qee-connector-ibm:1"}
    update = {"runner": RunnerSettings(images=images), "ledger_namespace": QEE, "result_key": key}
    return SETTINGS.model_copy(update=update)


def backend(**spec: Any) -> Object:
    ready = {"type": "Ready", "status": "True", "reason": "DeviceTakesJobs", "message": ""}
    status = {
        "conditions": [{**ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        "qubits": 5,
        "formats": ["openqasm3"],
        "outputs": ["counts", "memory"],
        "maxShots": 10_000,
        "target": pack(b"{}"),
    }
    prices = {"configMapRef": {"name": "prices"}}
    spec = {"device": "device", "prices": prices, **spec}
    return {**builders.backend(BACKEND, "ibm", **spec), "status": status}


_backend = backend


def budget(name: str = "team", **limits: Any) -> Object:
    given = limits or {"cost": {"amount": "100", "currency": "USD"}}
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_BUDGET,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"limits": given, "period": "Month"},
    }


def job(name: str = "bell", **spec: Any) -> Object:
    return builders.job(name, backendRef={"kind": names.KIND_BACKEND, "name": BACKEND}, **spec)


def usage(units: Sequence[Unit]) -> Usage:
    return Usage(tasks=1, shots=sum(unit.shots for unit in units), qpu_milliseconds=1000)


def compiled(run: RunDocument, parts: int = 1) -> CompiledDocument:
    """What the adapter's `prepare` would give, over so many submissions for each circuit."""
    register = Register("c", 2)
    units = [
        Unit(circuit.name, row, circuit.shots, (register,), (0, 1))
        for circuit in run.circuits
        for row in range(circuit.parameter_sets)
    ]
    return CompiledDocument(
        job=run.job,
        backend=run.backend,
        provider=run.engine,
        target_sha256=hashlib.sha256(run.target or b"").hexdigest(),
        simulated=False,
        submissions=tuple(Submission(b"payload", (unit,), usage((unit,))) for unit in units),
        circuits=tuple(CompiledCircuit(circuit.name, "qpu", 3, 1, "0" * 64) for circuit in run.circuits),
    )


class Cloud(Simulation):
    """`provider` outlives processes; `connect` starts a new connector, `restart` a new operator."""

    def __init__(
        self,
        directory: Path,
        *,
        idempotent: bool = True,
        budgets: tuple[Object, ...] = (budget(),),
        provider: Any = None,
        backend: Object | None = None,
        per_minute: float = 10_000,
    ) -> None:
        self.directory = directory
        self.per_minute = per_minute
        self.provider: Any = provider or Provider(idempotent)
        super().__init__(settings(directory))
        self.api.add_namespace(QEE)
        self.api.put(BACKENDS, backend or _backend())
        prices = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "prices", "namespace": QEE}}
        self.api.put(CONFIG_MAPS, {**prices, "data": {names.PRICES_KEY: PRICES}})
        for each in budgets:
            self.api.put(BUDGETS, each)
        self.connect()

    def compiled(self, run: RunDocument) -> CompiledDocument:
        """What the pod that compiles gives."""
        return compiled(run)

    def estimate(self, submission: Submission) -> Usage:
        """What the adapter says of it."""
        return usage(submission.units)

    def connect(self) -> None:
        """A new connector process: nothing it had in memory is left."""
        judge = Judge(self.api, suite(), self.directory / "result.pub", "Allow", self.estimate, self.clock)
        client = self.provider
        pace = Pace(self.per_minute, lambda: self.clock().timestamp())
        device = Device("device", None)
        attempt = Attempt(self.api, client, judge, pace, client.idempotent, GRACE, self.clock, lambda: device)
        self.rounds = Rounds(self.api, BACKEND, client, attempt, self.clock, 10)

    def given_cloud(self, name: str = "bell", **spec: Any) -> None:
        self.api.put(JOBS, job(name, **spec))

    def compile(self, name: str = "bell") -> None:
        """The Job controller makes the pod that compiles, and it ends well."""
        for child in self.children():
            if child["metadata"]["labels"][names.LABEL_JOB_NAME] != name:
                continue
            pod = builders.pod_of(child)
            if self.api.find(PODS, "default", pod["metadata"]["name"]) is not None:
                continue
            pod["status"] = {"phase": "Succeeded", "containerStatuses": [builders.container(builders.terminated(0))]}
            self.api.put(PODS, pod)
            uid = child["metadata"]["labels"][names.LABEL_JOB_UID]
            runs = [RunDocument.from_bytes(c["data"][names.INPUT_KEY].encode()) for c in self.config_maps("input")]
            (run,) = [each for each in runs if each.job.uid == uid]
            attempt = int(child["metadata"]["labels"][names.LABEL_ATTEMPT])
            frame = builders.framed(self.compiled(run).to_bytes(), uid, attempt)
            self.api.set_log("default", pod["metadata"]["name"], names.RUNNER_CONTAINER, frame)

    async def round(self) -> None:
        """One round of the connector, with what its watch would have told."""
        seen = set()
        for task in self.api.all(TASKS, "default"):
            self.rounds.take("MODIFIED", task)
            seen.add(task["metadata"]["uid"])
        for uid in set(self.rounds.notes) - seen:
            del self.rounds.notes[uid]
        await self.rounds.round()

    def tasks(self) -> list[Object]:
        return self.api.all(TASKS, "default")

    @property
    def task(self) -> Object:
        (task,) = self.tasks()
        return task

    def budget(self, name: str = "team") -> Mapping[str, Any]:
        found = self.api.find(BUDGETS, "default", name)
        assert found is not None
        status: Mapping[str, Any] = found.get("status") or {}
        return status

    def change(self, **spec: Any) -> None:
        live = self.job()
        self.api.put(JOBS, {**live, "spec": {**live["spec"], **spec}})

    def delete(self) -> None:
        """`kubectl delete`: the garbage collector deletes what the job owns; finalizers hold it."""
        self.api.remove(JOBS, "default", "bell")
        self.api.collect_garbage()

    async def settle(self, rounds: int = 12, seconds: float = 20.0) -> None:
        """Operator and connector in turn, until nothing changes any more."""
        for _ in range(rounds):
            for found in self.api.all(JOBS, "default"):
                await self.step(("default", found["metadata"]["name"]))
                self.compile(found["metadata"]["name"])
            if not self.api.all(JOBS, "default"):
                await self.step()
            await self.round()
            self.clock.forward(seconds)


class Killer:
    """Ends whichever process is at work, once, around one of the mutating requests and calls that are counted."""

    def __init__(self, cloud: Cloud, when: str, point: int) -> None:
        self.struck = False
        self.at = ""
        self._seen = 0
        self._point = point

        def strike(what: str) -> None:
            if self._seen == self._point and not self.struck:
                self.struck, self.at = True, what
                raise Killed
            self._seen += 1

        def request(verb: str, resource: Resource, name: str | None) -> None:
            if verb in MUTATING and resource.plural != "events":
                strike(f"{verb} {resource.plural}")

        getattr(cloud.api, when).append(request)
        setattr(cloud.provider, when, lambda call: strike(call) if call in CALLS else None)


async def play(cloud: Cloud, scenario: str, killer: Killer) -> None:
    cloud.given_cloud()
    if scenario != "runs":
        cloud.provider.held = True
    for number in range(40):
        if number == 6 and scenario == "is cancelled":
            cloud.change(cancelRequested=True)
        if number == 6 and scenario == "is deleted":
            cloud.delete()
        try:
            await cloud.step()
            cloud.compile()
        except Killed:
            cloud.restart()
        try:
            await cloud.round()
        except Killed:
            cloud.connect()
        cloud.clock.forward(15)
