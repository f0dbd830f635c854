"""The operator as a process, on a real API server: unsigned jobs are stored and never run, revocation comes at once.

No controllers here: a child Job that exists is all there is to see of a job that may run.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from e2e.cluster.apiserver import ApiServer
from e2e.operator_process import OperatorProcess
from tests import builders, signed
from tests.api.definitions import CRDS

IMAGES = {"aer": "qee-runner-aer:1"}
ADA = signed.key()
SECONDS = 10.0
Object = dict[str, Any]


def define(server: ApiServer, plural: str) -> None:
    server.kubectl("apply", "--server-side", "-f", str(CRDS / f"qee.dev_{plural}.yaml"))
    server.kubectl("wait", "--for=condition=Established", f"crd/{plural}.qee.dev", "--timeout=30s")


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    """One of its own, with jobs and backends defined, and no trust policies yet."""
    server = ApiServer()
    try:
        server.start()
        for plural in ("quantumjobs", "quantumbackends"):
            define(server, plural)
        server.kubectl("create", "namespace", "qee-system")
        apply(server, builders.backend())
        yield server
    finally:
        server.stop()


@pytest.fixture
def operator(server: ApiServer) -> Iterator[OperatorProcess]:
    define(server, "quantumtrustpolicies")
    settings = {"verification": {"withoutPolicy": "Deny"}, "ledgerNamespace": "qee-system"}
    with OperatorProcess(server.kubeconfig, IMAGES, settings=settings) as process:
        yield process


def apply(server: ApiServer, obj: Object) -> None:
    server.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=json.dumps(obj))


def sign(server: ApiServer, name: str, **spec: Any) -> Object:
    cluster = server.kubectl("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")
    return signed.sign_job(builders.job(name, **spec), ADA, audiences=[cluster])


def read(server: ApiServer, kind: str, name: str) -> Object:
    found: Object = json.loads(server.kubectl("get", kind, name, "-o", "json"))
    return found


def children(server: ApiServer, job: str) -> list[Object]:
    found = json.loads(server.kubectl("get", "jobs.batch", "-l", f"qee.dev/job-name={job}", "-o", "json"))
    return list(found["items"])


def verified(server: ApiServer, job: str) -> tuple[str, str]:
    conditions = read(server, "quantumjob", job)["status"]["conditions"]
    (found,) = (c for c in conditions if c["type"] == "Verified")
    return found["status"], found["reason"]


def until(what: Callable[[], object], seconds: float = SECONDS) -> float:
    """Seconds until it holds."""
    begin = time.monotonic()
    while not what():
        assert time.monotonic() - begin < seconds, "waited in vain"
        time.sleep(0.05)
    return time.monotonic() - begin


def test_without_the_resource_the_operator_starts_and_says_what_to_install(server: ApiServer) -> None:
    apply(server, builders.job("before"))
    with OperatorProcess(server.kubeconfig, IMAGES) as process:
        until(lambda: children(server, "before"))
        assert "install the CRDs" in process.log.read_text()


def test_an_unsigned_job_is_stored_and_never_runs(server: ApiServer, operator: OperatorProcess) -> None:
    apply(server, signed.policy({"ada": ADA}))
    apply(server, builders.job("unsigned"))
    until(lambda: verified(server, "unsigned") == ("False", "SignatureMissing"))
    assert read(server, "quantumjob", "unsigned")["status"]["phase"] == "Unverified"
    time.sleep(1)
    assert not children(server, "unsigned")
    assert "configmaps" not in server.kubectl("get", "configmaps", "-l", "qee.dev/job-name=unsigned", "-o", "name")


def test_a_revocation_stops_what_runs_and_what_waits(server: ApiServer, operator: OperatorProcess) -> None:
    apply(server, signed.policy({"ada": ADA}))
    apply(server, sign(server, "runs"))
    until(lambda: children(server, "runs"))
    until(lambda: read(server, "quantumjob", "runs")["status"].get("signature"))
    apply(server, sign(server, "waits", backendRef={"kind": "QuantumBackend", "name": "later"}))
    until(lambda: verified(server, "waits") == ("True", "SignatureVerified"))
    apply(server, signed.policy([signed.entry("ada", ADA, state="Revoked")]))
    took = until(lambda: not children(server, "runs"))
    assert took < 3
    until(lambda: read(server, "quantumjob", "runs")["status"]["phase"] == "Cancelled")
    until(lambda: read(server, "quantumjob", "waits")["status"]["phase"] == "Unverified")
    assert verified(server, "runs") == verified(server, "waits") == ("False", "KeyRevoked")
    until(lambda: read(server, "quantumtrustpolicy", "trust")["status"]["keys"][0]["usable"] is False)
    (ready,) = read(server, "quantumtrustpolicy", "trust")["status"]["conditions"]
    assert (ready["type"], ready["status"]) == ("Ready", "False")


def test_a_one_shot_signature_admits_one_object(server: ApiServer, operator: OperatorProcess) -> None:
    apply(server, signed.policy({"ada": ADA}, simulators="OneShot"))
    manifest = sign(server, "once")
    apply(server, manifest)
    until(lambda: children(server, "once"))
    server.kubectl("delete", "quantumjob", "once")
    server.kubectl("delete", "jobs.batch", "-l", "qee.dev/job-name=once", "--cascade=background")
    apply(server, manifest)
    until(lambda: verified(server, "once") == ("False", "SignatureUsed"))
    assert not children(server, "once")
    entries = server.kubectl("get", "configmaps", "-n", "qee-system", "-l", "qee.dev/component=ledger", "-o", "name")
    assert len(entries.split()) == 1


def test_a_policys_times_are_read_as_the_server_gives_them(server: ApiServer, operator: OperatorProcess) -> None:
    apply(server, signed.policy([signed.entry("ada", ADA, notAfter="2020-01-01T00:00:00Z")]))
    apply(server, sign(server, "late"))
    until(lambda: verified(server, "late") == ("False", "KeyExpired"))
