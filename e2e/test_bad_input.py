"""What cannot run is refused, by the API server or with a reason and a remedy, cheaply and without telling secrets."""

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests import builders

from e2e.bad_circuits import BEYOND_THE_ENGINE, EVERY, QASM2, Bad
from e2e.cluster.choice import Cluster
from e2e.cluster.steps import ClusterError
from e2e.kubernetes import Job, Namespace, Object
from e2e.operator_process import OperatorProcess

SECRET = "SECRET-4b1d7c"
NOISE = bytes(range(256)) * 8
HALF = ("//" + "x" * 600_000 + "\n").encode()
MIB = 2**20


@dataclass(frozen=True)
class Usage:
    """Of the operator's process, up to a moment."""

    cpu_seconds: float
    peak_mib: float
    """Highest resident set size."""

    @classmethod
    def of(cls, pid: int) -> "Usage":
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        ticks = int(fields[11]) + int(fields[12])
        return cls(ticks / os.sysconf("SC_CLK_TCK"), int(status["VmHWM"].split()[0]) / 1024)


@dataclass(frozen=True)
class Refusals:
    """The jobs of this module after their end, and what they cost and left."""

    jobs: dict[str, Job] = field(repr=False)
    before: Usage
    after: Usage
    log: str = field(repr=False)


def config_map(name: str, **fields: Any) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **fields}


def referring(namespace: Namespace, name: str, config_map: str, key: str, data: bytes) -> Object:
    return namespace.job(name, circuits=[builders.circuit_from(config_map, key, data)])


def spec_level(namespace: Namespace) -> list[Object]:
    """Jobs whose circuits are not what is wrong."""
    strict = namespace.backend("aer", f"strict-{namespace.name}", limits={"maxShots": 1000, "maxQubits": 1})
    closed = namespace.backend("aer", f"closed-{namespace.name}", allowedNamespaces={"names": ["elsewhere"]})
    bell, halves = builders.BELL.encode(), ("first", "second")
    two_halves = [{**builders.circuit_from(half, "c", HALF), "name": half} for half in halves]
    return [
        namespace.job("unknown-backend", backendRef={"kind": "QuantumBackend", "name": "nowhere"}),
        namespace.job("closed-backend", backendRef={"kind": "QuantumBackend", "name": closed}),
        namespace.job("too-many-shots", backendRef={"kind": "QuantumBackend", "name": strict}, shots=1001),
        namespace.job("too-many-qubits", backendRef={"kind": "QuantumBackend", "name": strict}),
        namespace.job("noisy", noise={"device": "fake_atlantis"}),
        namespace.job("qpy", circuits=[{"name": "c", "format": "qpy", "data": base64.b64encode(NOISE).decode()}]),
        referring(namespace, "no-config-map", "missing", "c", bell),
        referring(namespace, "no-key", "bell", "missing", bell),
        referring(namespace, "wrong-digest", "bell", "c", b"other bytes"),
        referring(namespace, "binary", "noise", "c", NOISE),
        namespace.job("oversize", circuits=two_halves),
    ]


SPEC_LEVEL = [
    ("unknown-backend", "BackendNotFound", "`kubectl get quantumbackends` lists the names"),
    ("closed-backend", "BackendNotAllowed", "Ask the backend's owner"),
    ("too-many-shots", "LimitExceeded", "maxShots=1000"),
    ("too-many-qubits", "LimitExceeded", "maxQubits=1"),
    ("noisy", "InvalidSpec", "spec.noise.device: 'fake_atlantis' is not known"),
    ("qpy", "InvalidCircuit", "this is no QPY file"),
    ("no-config-map", "InputNotFound", "there is no ConfigMap 'missing'"),
    ("no-key", "InputNotFound", "ConfigMap 'bell' has no key 'missing'"),
    ("wrong-digest", "InputDigestMismatch", "Set sha256 to the digest of the bytes you mean"),
    ("binary", "InvalidCircuit", "byte 128 is not UTF-8"),
    ("oversize", "InputTooLarge", "Split the job"),
]


@pytest.fixture(scope="module")
def refusals(
    namespace: Namespace, node: Cluster, runner_images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Refusals]:
    secret = tmp_path_factory.mktemp("secret") / "token"
    secret.write_text(f"{SECRET}\n")
    reading = [{"name": "c", "format": "openqasm2", "source": f'OPENQASM 2.0;\ninclude "{secret}";\nqreg q[1];'}]
    text, noise = builders.BELL, base64.b64encode(NOISE).decode()
    halves = [config_map(name, data={"c": HALF.decode()}) for name in ("first", "second")]
    namespace.apply(config_map("bell", data={"c": text}), config_map("noise", binaryData={"c": noise}), *halves)
    namespace.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}, "stringData": {"c": SECRET}},
    )
    jobs = [
        *(namespace.job(bad.name, bad.engine, circuits=[bad.circuit], **bad.spec) for bad in EVERY),
        *spec_level(namespace),
        namespace.job("include-secret", circuits=reading),
        referring(namespace, "named-as-a-secret", "token", "c", f"{SECRET}\n".encode()),
    ]
    with OperatorProcess(node.kubeconfig, runner_images, settings={"namespaces": [namespace.name]}) as operator:
        namespace.apply(namespace.job("good"))
        namespace.finished("good")
        before = Usage.of(operator.pid)
        namespace.apply(*jobs)
        found = namespace.finished()
        after = Usage.of(operator.pid)
        assert operator.get("/healthz").status == 200
        yield Refusals(found, before, after, operator.log.read_text())


def changed(namespace: Namespace, key: str, value: Any) -> Object:
    job = namespace.job("refused")
    (circuit,) = job["spec"]["circuits"]
    (circuit if key in circuit else job["spec"])[key] = value
    return job


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("shots", 0, "greater than or equal to 1"),
        ("shots", -1, "greater than or equal to 1"),
        ("shots", 10_000_001, "less than or equal to 10000000"),
        ("shots", 10**30, "spec.shots"),
        ("shots", "many", "spec.shots"),
        ("circuits", [], "at least 1 items"),
        ("source", "", "spec.circuits[0]"),
        ("source", f"{QASM2}//{'x' * 131_072}", "Too long"),
        ("source", 5, "spec.circuits[0].source"),
        ("format", "quil", "openqasm3"),
        ("shotz", 5, "shotz"),
    ],
)
def test_the_api_server_refuses_what_no_job_can_mean(namespace: Namespace, key: str, value: Any, says: str) -> None:
    with pytest.raises(ClusterError) as refusal:
        namespace.apply(changed(namespace, key, value))

    assert says in str(refusal.value)


@pytest.mark.parametrize("bad", EVERY, ids=lambda bad: bad.name)
def test_a_bad_circuit_fails_with_its_reason_and_a_remedy(refusals: Refusals, bad: Bad) -> None:
    job = refusals.jobs[bad.name]

    assert job.outcome == ("Failed", bad.reason)
    assert bad.says in job.message
    assert job.condition("Finished")["status"] == job.condition("Stalled")["status"] == "True"


@pytest.mark.parametrize(("name", "reason", "says"), SPEC_LEVEL, ids=[name for name, _, _ in SPEC_LEVEL])
def test_a_job_that_refers_wrongly_fails_with_its_reason_and_a_remedy(
    refusals: Refusals, name: str, reason: str, says: str
) -> None:
    assert refusals.jobs[name].outcome == ("Failed", reason)
    assert says in refusals.jobs[name].message


def test_only_what_an_engine_must_see_gets_a_pod(refusals: Refusals, namespace: Namespace) -> None:
    owners = {pod["metadata"]["labels"]["qee.dev/job-name"] for pod in namespace.all("pods")}

    assert owners == {"good", *(bad.name for bad in BEYOND_THE_ENGINE)}


def test_a_secret_is_neither_read_as_a_config_map_nor_included(refusals: Refusals) -> None:
    assert refusals.jobs["named-as-a-secret"].outcome == ("Failed", "InputNotFound")
    assert refusals.jobs["include-secret"].outcome == ("Failed", "UnsupportedConstruct")


def test_no_file_and_no_secret_shows_in_status_events_or_logs(refusals: Refusals, namespace: Namespace) -> None:
    logs = "".join(namespace.kubectl("logs", pod["metadata"]["name"]) for pod in namespace.all("pods"))
    told = json.dumps([job.status for job in refusals.jobs.values()]) + json.dumps(namespace.events())

    for text in (told, logs, refusals.log):
        assert SECRET not in text
        assert "root:x" not in text


def test_messages_are_printable_and_short(refusals: Refusals) -> None:
    for job in refusals.jobs.values():
        assert job.message.isprintable(), job.name
        assert 0 < len(job.message) <= 1024


def test_the_operator_stays_small_and_quick_meanwhile(refusals: Refusals) -> None:
    assert refusals.after.peak_mib < refusals.before.peak_mib + 100
    assert refusals.after.cpu_seconds - refusals.before.cpu_seconds < 20
