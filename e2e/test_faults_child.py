"""What happens to a child Job and its pods: forged, deleted, edited, evicted, killed, unable to start, too slow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e import forging
from e2e.cluster.choice import Cluster
from e2e.jobs import queued, slow
from e2e.kubernetes import Job, Namespace, Object
from e2e.operator_process import PATIENCE, OperatorProcess


@pytest.fixture(scope="module")
def operator(node: Cluster, runner_images: dict[str, str], namespace: Namespace) -> Iterator[OperatorProcess]:
    images = {**runner_images, "cirq": "localhost/qee-no-such-image:1"}
    settings = {"namespaces": [namespace.name], "patience": {**PATIENCE, "missing": 600.0}}
    script = Path(__file__).parent / "planted/small_pods.py"
    with OperatorProcess(node.kubeconfig, images, script, settings) as process:
        namespace.apply(  # these end by themselves, while other tests go on
            slow(namespace, "late", activeDeadlineSeconds=6),
            namespace.job("no-image", "cirq"),
            namespace.job("out-of-memory"),
        )
        yield process


def running(namespace: Namespace, name: str, **spec: Any) -> Job:
    """A slow job whose pod runs."""
    namespace.apply(slow(namespace, name, **spec))
    return namespace.in_phase("Running", name)[name]


def only_pod(namespace: Namespace, job: Job) -> Object:
    (pod,) = namespace.of(job.uid, "pods")
    return pod


def other_pod(namespace: Namespace, job: Job, before: Object) -> Object:
    """The running pod that has replaced `before`."""

    def look() -> Object | None:
        pods = [pod for pod in namespace.of(job.uid, "pods") if pod["metadata"]["uid"] != before["metadata"]["uid"]]
        return next((pod for pod in pods if pod["status"]["phase"] == "Running"), None)

    return namespace.until(look, f"another pod of {job.name}")


def test_a_child_forged_beforehand_is_not_run_for_the_job(
    operator: OperatorProcess, namespace: Namespace, runner_images: dict[str, str]
) -> None:
    late = f"late-{namespace.name}"
    namespace.apply(namespace.job("forged", backendRef={"kind": "QuantumBackend", "name": late}))
    job = namespace.in_phase("Pending", "forged")["forged"]
    frame = forging.frame(job)
    child = forging.child_job(job, runner_images["aer"], frame)
    namespace.apply(child)
    logged = (f"job/{child['metadata']['name']}", "--ignore-errors")
    namespace.until(lambda: frame in namespace.kubectl("logs", *logged), "the forged frame to be logged")

    namespace.backend("aer", late)

    ended = namespace.finished("forged")["forged"]
    assert ended.outcome == ("Failed", "ChildConflict")
    assert f"Job {child['metadata']['name']!r} exists and differs in spec.template.spec" in ended.message
    assert "look at the audit log, delete it, and apply the job again" in ended.message
    assert not namespace.results_of(job)


@pytest.mark.parametrize("limit", [0, 2])
def test_a_child_deleted_by_hand_is_another_attempt_while_any_is_left(
    operator: OperatorProcess, namespace: Namespace, limit: int
) -> None:
    name = f"deleted-{limit}"
    namespace.apply(queued(namespace, name, backoffLimit=limit))
    job = namespace.in_phase("Queued", name)[name]

    namespace.delete("job", job.child)

    if limit == 0:
        ended = namespace.finished(name)[name]
        assert ended.outcome == ("Failed", "ChildLost")
        assert "No attempt is left (spec.backoffLimit=0)" in ended.message
        assert not namespace.of(job.uid, "jobs,pods")
    else:
        again = namespace.until(lambda: _with_child(namespace, name, 2), "a second attempt")
        assert again.child != job.child
        assert [each["metadata"]["name"] for each in namespace.of(job.uid, "jobs")] == [again.child]


def _with_child(namespace: Namespace, name: str, attempt: int) -> Job | None:
    job = namespace.quantum_job(name)
    return job if job.attempt == attempt and job.child else None


def test_a_child_suspended_by_hand_is_queued_and_runs_when_it_is_resumed(
    operator: OperatorProcess, namespace: Namespace
) -> None:
    job = running(namespace, "edited")

    namespace.change("job", job.child, {"spec": {"suspend": True}})
    queued_ = namespace.in_phase("Queued", "edited")["edited"]
    namespace.until(lambda: not namespace.of(job.uid, "pods"), "the pod to go")
    namespace.change("job", job.child, {"spec": {"suspend": False}})

    assert "someone suspended it" in queued_.condition("Finished")["message"]
    again = namespace.in_phase("Running", "edited")["edited"]
    assert (again.child, again.attempt) == (job.child, 1)
    namespace.delete("quantumjob", "edited", wait=False)


def test_an_evicted_pod_is_replaced_within_its_attempt(operator: OperatorProcess, namespace: Namespace) -> None:
    job = running(namespace, "evicted")
    pod = only_pod(namespace, job)

    namespace.evict(pod)

    other_pod(namespace, job, pod)
    again = namespace.in_phase("Running", "evicted")["evicted"]
    assert (again.child, again.attempt) == (job.child, 1)
    namespace.delete("quantumjob", "evicted", wait=False)


def test_a_pod_deleted_by_hand_is_replaced(operator: OperatorProcess, namespace: Namespace) -> None:
    job = running(namespace, "bereft")
    pod = only_pod(namespace, job)

    namespace.delete("pod", pod["metadata"]["name"])

    other_pod(namespace, job, pod)
    assert namespace.in_phase("Running", "bereft")["bereft"].attempt == 2
    namespace.delete("quantumjob", "bereft", wait=False)


def test_a_pod_forged_into_the_child_is_not_listened_to(
    operator: OperatorProcess, namespace: Namespace, runner_images: dict[str, str]
) -> None:
    namespace.apply(queued(namespace, "imitated"))
    job = namespace.in_phase("Queued", "imitated")["imitated"]
    pod = forging.pod(namespace.get("job", job.child), runner_images["aer"], forging.frame(job))
    namespace.apply(pod)

    again = namespace.until(lambda: _with_child(namespace, "imitated", 2), "a second attempt")

    assert again.phase == "Queued"
    assert f"pod {pod['metadata']['name']} is not what its Job {job.child} would make" in operator.log.read_text()
    assert not namespace.results_of(job)


def test_a_job_past_its_deadline_is_stopped(operator: OperatorProcess, namespace: Namespace) -> None:
    job = namespace.finished("late")["late"]

    assert job.outcome == ("Failed", "DeadlineExceeded")
    assert "activeDeadlineSeconds=6. Raise spec.activeDeadlineSeconds" in job.message
    namespace.until(lambda: not namespace.of(job.uid, "jobs,pods"), "its child to go")


def test_an_image_that_cannot_be_pulled_ends_the_job(operator: OperatorProcess, namespace: Namespace) -> None:
    job = namespace.finished("no-image")["no-image"]

    assert job.outcome == ("Failed", "ImagePullFailed")
    assert "qee-no-such-image" in job.message
    assert "Check the image in the operator's settings" in job.message
    namespace.until(lambda: not namespace.of(job.uid, "jobs,pods"), "its child to go")


def test_a_runner_out_of_memory_ends_the_job_at_once(operator: OperatorProcess, namespace: Namespace) -> None:
    job = namespace.finished("out-of-memory")["out-of-memory"]

    assert job.outcome == ("Failed", "OutOfMemory")
    assert "Raise spec.resources.limits.memory" in job.message
    assert len(namespace.of(job.uid, "pods")) == 1
