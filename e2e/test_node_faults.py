"""The API server, the kubelet and the whole node go away and come back: jobs that ran then end well, once."""

import time
from collections.abc import Iterator

import pytest

from e2e.cluster.choice import Cluster
from e2e.cluster.node import Node
from e2e.cluster.processes import stop
from e2e.jobs import slow
from e2e.kubernetes import Job, Namespace, Object
from e2e.operator_process import OperatorProcess


@pytest.fixture(scope="module")
def machine(node: Cluster) -> Iterator[Node]:
    """The node whose processes these tests stop. It runs again afterwards, whatever failed."""
    if not isinstance(node, Node):
        pytest.skip("only a node on this machine is taken apart: QEE_CLUSTER=node, without QEE_KUBECONFIG")
    yield node
    node.up()


@pytest.fixture(scope="module")
def operator(machine: Node, runner_images: dict[str, str], namespace: Namespace) -> Iterator[OperatorProcess]:
    settings = {"namespaces": [namespace.name]}
    with OperatorProcess(machine.kubeconfig, runner_images, settings=settings) as process:
        yield process


def halt(machine: Node, name: str) -> None:
    """Ends one of the node's processes; `machine.up()` starts it again."""
    stop(machine.state / "run", name)


def with_child(namespace: Namespace, name: str) -> None:
    """Applies a Bell job and waits until its child is there, a second or two before its pod has run."""
    namespace.apply(namespace.job(name))
    namespace.until(lambda: namespace.all("jobs", f"qee.dev/job-name={name}"), "its child")


def ran_once(namespace: Namespace, name: str) -> Job:
    job = namespace.finished(name)[name]
    assert job.outcome == ("Succeeded", "Completed")
    assert job.attempt == 1
    assert sum(namespace.result(job).results[0].counts.values()) == 100
    assert len(namespace.of(job.uid, "jobs")) == 1
    return job


def running_pod(namespace: Namespace, job: Job, other_than: str = "") -> Object:
    def look() -> Object | None:
        pods = [pod for pod in namespace.of(job.uid, "pods") if pod["metadata"]["uid"] != other_than]
        return next((pod for pod in pods if pod["status"]["phase"] == "Running"), None)

    return namespace.until(look, f"a running pod of {job.name}")


def test_a_job_survives_a_restart_of_the_api_server(
    operator: OperatorProcess, machine: Node, namespace: Namespace
) -> None:
    pid = operator.pid
    with_child(namespace, "through-an-outage")

    halt(machine, "kube-apiserver")
    time.sleep(4)  # the pod ends meanwhile
    machine.up()

    ran_once(namespace, "through-an-outage")
    namespace.apply(namespace.job("after-an-outage"))
    ran_once(namespace, "after-an-outage")
    assert operator.alive()
    assert operator.pid == pid


def test_a_job_survives_a_restart_of_the_kubelet(
    operator: OperatorProcess, machine: Node, namespace: Namespace
) -> None:
    namespace.apply(slow(namespace, "long"))
    long = namespace.in_phase("Running", "long")["long"]
    pod = running_pod(namespace, long)
    with_child(namespace, "short")

    halt(machine, "kubelet")
    time.sleep(4)
    machine.up()

    ran_once(namespace, "short")
    assert running_pod(namespace, long)["metadata"]["uid"] == pod["metadata"]["uid"]
    assert namespace.quantum_job("long").phase == "Running"
    namespace.delete("quantumjob", "long", wait=False)


def test_a_job_that_ran_when_its_node_restarted_runs_again(
    operator: OperatorProcess, machine: Node, namespace: Namespace
) -> None:
    namespace.apply(namespace.job("before"), slow(namespace, "interrupted"))
    done = ran_once(namespace, "before")
    job = namespace.in_phase("Running", "interrupted")["interrupted"]
    pod = running_pod(namespace, job)

    machine.down()
    machine.up()

    running_pod(namespace, job, other_than=pod["metadata"]["uid"])
    again = namespace.in_phase("Running", "interrupted")["interrupted"]
    assert again.attempt <= 2
    assert len(namespace.of(job.uid, "jobs")) == 1
    assert namespace.quantum_job("before").status == done.status
    with_child(namespace, "afterwards")
    ran_once(namespace, "afterwards")
    namespace.delete("quantumjob", "interrupted", wait=False)
