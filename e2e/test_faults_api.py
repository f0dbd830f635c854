"""An API server that refuses, cuts off and falls silent, and an operator that is killed and paused: no job suffers."""

import os
import signal
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.bench import audit
from e2e.cluster.choice import Cluster
from e2e.kubernetes import Job, Namespace
from e2e.operator_process import OperatorProcess
from e2e.planted.told_modules import MARK
from e2e.proxy import MUTATING, Proxy

SCRIPT = Path(__file__).parent / "planted/told_modules.py"
SDKS = {"qiskit", "qiskit_aer", "cirq", "numpy", "scipy", "sympy", "stim", "qiskit_qasm3_import", "pyseccomp"}
QUIET_SECONDS = 20


@pytest.fixture(scope="module")
def proxy(node: Cluster) -> Iterator[Proxy]:
    with Proxy(node.kubeconfig) as between:
        yield between


@pytest.fixture(scope="module")
def operator(proxy: Proxy, runner_images: dict[str, str], namespace: Namespace) -> Iterator[OperatorProcess]:
    # No resync in time: what a watch misses, nothing else repairs.
    settings = {"namespaces": [namespace.name], "resyncSeconds": 600}
    with OperatorProcess(proxy.kubeconfig, runner_images, SCRIPT, settings) as process:
        yield process


class Once:
    """Refuses each request that an operator makes for a job, the first time, before its log was read and after."""

    def __init__(self, status: int, methods: tuple[str, ...]) -> None:
        self.refused: set[tuple[str, str, bool]] = set()
        self._status = status
        self._methods = methods
        self._log_was_read = False

    def __call__(self, method: str, path: str) -> int | None:
        path, _, query = path.partition("?")
        request = (method, path, self._log_was_read)
        self._log_was_read |= path.endswith("/log")
        if method not in self._methods or "watch=true" in query or request in self.refused:
            return None
        self.refused.add(request)
        return self._status

    def kinds(self) -> list[tuple[str, str]]:
        """Method and the last two parts of the path that were refused."""
        return [(method, "/".join(path.split("/")[-2:])) for method, path, _ in self.refused]


def ran_once(namespace: Namespace, name: str) -> Job:
    """The job once it has succeeded, in one attempt and with one of each thing."""
    job = namespace.finished(name)[name]
    assert job.outcome == ("Succeeded", "Completed")
    assert job.attempt == 1
    assert sum(namespace.result(job).results[0].counts.values()) == 100
    assert len(namespace.of(job.uid, "jobs")) == len(namespace.of(job.uid, "pods")) == 1
    assert len(namespace.results_of(job)) == 1
    return job


@pytest.mark.parametrize(
    ("status", "methods"),
    [(409, MUTATING), (429, MUTATING), (500, MUTATING), (500, ("GET",))],
    ids=["409", "429", "500", "500-reads"],
)
def test_every_request_of_a_job_may_be_refused_once(
    operator: OperatorProcess, proxy: Proxy, namespace: Namespace, status: int, methods: tuple[str, ...]
) -> None:
    once = Once(status, methods)
    proxy.refuse = once
    name = f"refused-{status}-{len(methods)}"
    try:
        namespace.apply(namespace.job(name))
        ran_once(namespace, name)
    finally:
        proxy.refuse = lambda method, path: None

    kinds = once.kinds()
    if "POST" in methods:
        assert kinds.count(("POST", f"{namespace.name}/configmaps")) == 2  # the snapshot's and the result's
        assert ("POST", f"{namespace.name}/jobs") in kinds
        assert ("PATCH", f"{name}/status") in kinds
    if "GET" in methods:
        assert any(path.endswith("/log") for _, path in kinds)


def test_watches_that_are_cut_are_taken_up_again(operator: OperatorProcess, proxy: Proxy, namespace: Namespace) -> None:
    for number in range(3):
        namespace.apply(namespace.job(f"cut-off-{number}"))
        proxy.cut_watches()

    for number in range(3):
        ran_once(namespace, f"cut-off-{number}")


def test_what_happened_while_the_server_was_away_is_noticed(
    operator: OperatorProcess, proxy: Proxy, namespace: Namespace
) -> None:
    proxy.refuse = lambda method, path: 500
    proxy.cut_watches()
    try:
        namespace.apply(namespace.job("unseen"))
        time.sleep(3)
    finally:
        proxy.refuse = lambda method, path: None

    ran_once(namespace, "unseen")


def pod_ended(namespace: Namespace, name: str) -> bool:
    pods = namespace.all("pods", f"qee.dev/job-name={name}")
    return bool(pods) and pods[0]["status"]["phase"] == "Succeeded"


def test_an_operator_that_is_killed_while_a_job_runs_finds_its_result(
    operator: OperatorProcess, proxy: Proxy, namespace: Namespace
) -> None:
    proxy.refuse = lambda method, path: 503 if "/log" in path else None  # else it may have the result before its end
    try:
        namespace.apply(namespace.job("orphaned"))
        namespace.until(lambda: namespace.all("jobs", "qee.dev/job-name=orphaned"), "its child")
        operator.kill()
    finally:
        proxy.refuse = lambda method, path: None
    namespace.until(lambda: pod_ended(namespace, "orphaned"), "the pod to end")
    assert namespace.quantum_job("orphaned").phase in ("", "Pending", "Queued", "Running")

    operator.start()

    ran_once(namespace, "orphaned")


def test_an_operator_that_was_paused_takes_up_where_it_was(operator: OperatorProcess, namespace: Namespace) -> None:
    namespace.apply(namespace.job("waiting"))
    namespace.until(lambda: namespace.all("jobs", "qee.dev/job-name=waiting"), "its child")
    os.kill(operator.pid, signal.SIGSTOP)
    try:
        namespace.until(lambda: pod_ended(namespace, "waiting"), "the pod to end")
        with pytest.raises((urllib.error.URLError, TimeoutError)):
            operator.get("/healthz", seconds=2)
    finally:
        os.kill(operator.pid, signal.SIGCONT)

    ran_once(namespace, "waiting")
    assert operator.get("/healthz").status == 200


def test_the_operator_imports_no_quantum_sdk(operator: OperatorProcess, namespace: Namespace) -> None:
    namespace.apply(namespace.job("looked-at"))
    ran_once(namespace, "looked-at")

    os.kill(operator.pid, signal.SIGUSR1)

    line = namespace.until(
        lambda: next((line for line in operator.log.read_text().splitlines() if line.startswith(MARK)), None),
        "the operator to tell its modules",
    )
    modules = line.removeprefix(MARK).split()
    assert "qee.circuits.scanner" in modules
    assert not SDKS & {module.partition(".")[0] for module in modules}


def test_an_operator_that_cannot_resync_says_so_and_recovers(
    node: Cluster, runner_images: dict[str, str], namespace: Namespace
) -> None:
    settings = {"namespaces": [f"{namespace.name}-nobody"], "resyncSeconds": 1}
    with Proxy(node.kubeconfig) as alone, OperatorProcess(alone.kubeconfig, runner_images, settings=settings) as sick:
        namespace.until(lambda: not ailment(sick), "the operator to be well")  # a pass may take longer than 3 s

        alone.refuse = lambda method, path: 500

        assert "no resync for" in namespace.until(lambda: ailment(sick), "the operator to be ill")
        alone.refuse = lambda method, path: None
        namespace.until(lambda: not ailment(sick), "the operator to be well")


def ailment(operator: OperatorProcess) -> str:
    try:
        operator.get("/healthz")
    except urllib.error.HTTPError as error:
        return error.read().decode()
    return ""


def test_an_operator_with_nothing_to_do_writes_nothing(
    operator: OperatorProcess, proxy: Proxy, node: Cluster, namespace: Namespace
) -> None:
    namespace.finished()
    time.sleep(8)  # the last look at what lingers
    written = len(proxy.writes)
    mark = audit.Position.now(node.audit_log) if node.audit_log else None

    time.sleep(QUIET_SECONDS)

    assert [write.what for write in proxy.writes[written:]] == []
    if mark is not None:
        mine = [entry for entry in mark.entries() if (entry.get("objectRef") or {}).get("namespace") == namespace.name]
        assert audit.writes(mine) == []
