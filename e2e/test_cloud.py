"""Signed jobs through the vendors' real SDKs to stand-ins of their services, on QEE as its chart installs it."""

import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from e2e import chart, clouds
from e2e.clouds import Clouds
from e2e.cluster.choice import Cluster
from e2e.cluster.clients import kubectl
from e2e.kubernetes import Namespace
from e2e.signing import Signer
from qee.api import names

# First (2 bits) reads 01, second (3 bits) 011: neither, nor both together, is the same read backwards.
TWO_REGISTERS = """OPENQASM 3.0;
include "stdgates.inc";
qubit[5] q;
bit[2] first;
bit[3] second;
x q[0];
x q[2];
x q[3];
first[0] = measure q[0];
first[1] = measure q[1];
second[0] = measure q[2];
second[1] = measure q[3];
second[2] = measure q[4];
"""
KEY = "01101"


@pytest.fixture(scope="module")
def running(node: Cluster, images: dict[str, str], release_as_found: None) -> Iterator[Clouds]:
    """The release with a connector for each vendor, and the stand-ins that they speak with."""
    if node.name != "node":
        pytest.skip("stand-ins listen on this machine, where pods of another cluster do not reach them")
    with clouds.running(clouds.address(node.kubeconfig)) as found:
        chart.install_crds(node.kubeconfig)
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": chart.NAMESPACE}}
        kubectl(node.kubeconfig, "apply", "-f", "-", input=json.dumps(namespace))
        for body in found.objects():
            kubectl(node.kubeconfig, "apply", "-f", "-", input=json.dumps(body))
        chart.install(node.kubeconfig, {**chart.image_values(images), **found.values()}, *chart.TAKE_OVER)
        yield found
        for body in found.objects():
            kind, meta = body["kind"], body["metadata"]
            kubectl(node.kubeconfig, "delete", kind, meta["name"], "--namespace", meta["namespace"])


@pytest.fixture(scope="module")
def space(node: Cluster, running: Clouds) -> Iterator[Namespace]:
    made = Namespace(node.kubeconfig, "cloud").create()
    made.apply(clouds.budget(made.name))
    for vendor in running.standins:
        made.until(lambda vendor=vendor: _ready(made, vendor), f"backend {clouds.backend(vendor)} to be Ready")
    yield made
    kubectl(node.kubeconfig, "delete", "namespace", made.name, "--timeout=120s")  # no finalizer keeps it


@pytest.fixture(scope="module")
def signer(space: Namespace) -> Iterator[Signer]:
    made = Signer(space.kubeconfig, space.name, [space.name])
    made.install()
    made.trusted_in(space)
    yield made
    made.remove()


vendors = pytest.mark.parametrize("vendor", clouds.VENDORS)


@vendors
def test_a_signed_job_goes_to_the_provider_and_comes_back_right(
    vendor: str, running: Clouds, space: Namespace, signer: Signer
) -> None:
    standin = running.standins[vendor]
    standin.control("reset")
    name = f"right-{vendor}"
    space.apply(signer.sign(_job(space, vendor, name, shots=100)))
    done = space.finished(name)[name]

    assert done.outcome == ("Succeeded", "Completed"), done.message
    assert done.status["child"]["kind"] == "QuantumTask"
    assert done.status["cost"]["estimated"] == "0.4"
    (result,) = space.result(done).results
    if clouds.VENDORS[vendor].counts:
        assert result.counts == {KEY: 100}
        assert result.register_counts == {"first": {"01": 100}, "second": {"011": 100}}
    else:
        assert result.counts is None
        assert result.distribution is not None
        assert float(result.distribution[KEY]) == pytest.approx(1, abs=1e-3)
    assert len(standin.jobs) == 1
    assert len(standin.requests("submit")) >= 1
    provenance = space.result(done).provenance
    assert provenance.engine == vendor
    assert provenance.provider is not None
    assert [job.handle for job in provenance.provider.jobs] == [standin.jobs[0]["handle"]]


@vendors
def test_a_submission_whose_answer_is_lost_is_one_job(
    vendor: str, running: Clouds, space: Namespace, signer: Signer
) -> None:
    standin = running.standins[vendor]
    standin.control("reset")
    standin.fault("submit", "accept-then-drop")
    name = f"lost-{vendor}"
    space.apply(signer.sign(_job(space, vendor, name)))
    done = space.finished(name)[name]

    assert done.outcome == ("Succeeded", "Completed"), done.message
    assert len(standin.jobs) == 1


@vendors
def test_deleting_a_queued_job_cancels_it_at_the_provider(
    vendor: str, running: Clouds, space: Namespace, signer: Signer
) -> None:
    standin = running.standins[vendor]
    standin.control("reset")
    standin.control("release", hold=True)
    name = f"deleted-{vendor}"
    space.apply(signer.sign(_job(space, vendor, name)))
    space.until(lambda: standin.jobs, "the provider to have the job")
    space.until(lambda: _handles(space, name), "its handle to be written")
    space.delete("quantumjob", name, wait=False)
    space.until(lambda: not space.all("quantumtasks", f"{names.LABEL_JOB_NAME}={name}"), "the task to go")

    assert [job["phase"] for job in standin.jobs] == ["cancelled"]
    standin.control("release")


def test_a_ceiling_below_the_estimate_makes_no_call(running: Clouds, space: Namespace, signer: Signer) -> None:
    vendor = next(iter(running.standins))
    standin = running.standins[vendor]
    standin.control("reset")
    space.apply(signer.sign(_job(space, vendor, "dear", maxCost={"amount": "0.39", "currency": "USD"})))
    done = space.finished("dear")["dear"]

    assert done.outcome == ("Failed", "CostExceeded")
    assert standin.requests("submit") == []
    assert standin.requests("find") == []


def test_tenants_with_the_stock_role_admin_read_budgets_and_cannot_write_them(space: Namespace) -> None:
    body = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "tenant"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"},
        "subjects": [{"kind": "User", "name": "tenant", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    space.apply(body)

    def may(verb: str, resource: str) -> bool:
        words = ("auth", "can-i", verb, resource, "--as=tenant", "--namespace", space.name)
        try:
            return kubectl(space.kubeconfig, *words).strip() == "yes"
        except Exception:  # kubectl's exit status says no as well
            return False

    resources = ("quantumbudgets.qee.dev", "quantumtasks.qee.dev")
    space.until(lambda: all(may("get", resource) for resource in resources), "the role to take effect")
    for resource in resources:
        for verb in ("create", "update", "patch", "delete"):
            assert not may(verb, resource), f"{verb} {resource}"
    assert not may("patch", "quantumbudgets.qee.dev/status")


def test_no_credential_is_to_be_seen_anywhere(running: Clouds, space: Namespace) -> None:
    """After all that: in no object but its Secret, no log, no event, no process of another pod."""
    canaries = [clouds.token(vendor) for vendor in running.standins]
    config = space.kubeconfig
    kinds = "quantumjobs,quantumtasks,quantumbackends,quantumbudgets,configmaps,events,pods,jobs,leases"
    texts = {"objects": kubectl(config, "get", kinds, "--all-namespaces", "--output=json")}
    pods = json.loads(kubectl(config, "get", "pods", "--namespace", chart.NAMESPACE, "--output=json"))["items"]
    for pod in pods:
        name = pod["metadata"]["name"]
        texts[f"log of {name}"] = kubectl(config, "logs", name, "--namespace", chart.NAMESPACE, "--all-containers")
    texts["processes"] = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    standins = "tests.standins."  # of this test: they are told the credential as an argument
    texts["processes"] = "\n".join(line for line in texts["processes"].splitlines() if standins not in line)
    for where, text in texts.items():
        for canary in canaries:
            assert canary not in text, where


def _job(space: Namespace, vendor: str, name: str, **spec: object) -> dict[str, object]:
    reference = {"kind": names.KIND_BACKEND, "name": clouds.backend(vendor)}
    circuit = {"name": "registers", "format": "openqasm3", "source": TWO_REGISTERS}
    job: dict[str, object] = space.job(name, **{"backendRef": reference, "circuits": [circuit], "shots": 100, **spec})
    return job


def _ready(space: Namespace, vendor: str) -> bool:
    found = json.loads(kubectl(space.kubeconfig, "get", "quantumbackend", clouds.backend(vendor), "--output=json"))
    conditions = (found.get("status") or {}).get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _handles(space: Namespace, name: str) -> list[str]:
    tasks = space.all("quantumtasks", f"{names.LABEL_JOB_NAME}={name}")
    parts = [part for task in tasks for part in (task.get("status") or {}).get("parts") or []]
    time.sleep(0.2)
    return [part["handle"] for part in parts if part.get("handle")]
