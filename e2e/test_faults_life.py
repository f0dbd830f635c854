"""Suspending, cancelling, expiring, deleting, applying again, in every phase: nothing is left, nothing runs twice."""

from collections.abc import Iterator

import pytest

from e2e.cluster.choice import Cluster
from e2e.jobs import queued, slow
from e2e.kubernetes import PATIENT, Job, Namespace
from e2e.operator_process import PATIENCE, OperatorProcess


@pytest.fixture(scope="module", autouse=True)
def operator(node: Cluster, runner_images: dict[str, str], namespace: Namespace) -> Iterator[OperatorProcess]:
    settings = {"namespaces": [namespace.name], "patience": {**PATIENCE, "missing": 600.0}}
    with OperatorProcess(node.kubeconfig, runner_images, settings=settings) as process:
        yield process


def test_a_job_suspended_while_it_runs_gives_its_pod_up_and_runs_anew_when_resumed(namespace: Namespace) -> None:
    namespace.apply(slow(namespace, "paused", activeDeadlineSeconds=3600))
    job = namespace.in_phase("Running", "paused")["paused"]

    namespace.set_spec("paused", suspend=True)
    suspended = namespace.in_phase("Suspended", "paused")["paused"]
    namespace.until(lambda: not namespace.of(job.uid, "jobs,pods"), "its child to go")
    namespace.set_spec("paused", suspend=False)

    assert not suspended.child
    again = namespace.in_phase("Running", "paused")["paused"]
    assert again.attempt == 1
    assert len(namespace.of(job.uid, "jobs")) == 1
    namespace.delete("quantumjob", "paused", wait=False)


def test_a_job_that_is_created_suspended_makes_nothing_until_it_is_resumed(namespace: Namespace) -> None:
    namespace.apply(namespace.job("held", suspend=True))
    job = namespace.in_phase("Suspended", "held")["held"]
    made = namespace.of(job.uid)

    namespace.set_spec("held", suspend=False)

    assert not made
    assert namespace.finished("held")["held"].outcome == ("Succeeded", "Completed")


@pytest.mark.parametrize("phase", ["Running", "Queued", "Suspended", "Pending"])
def test_a_cancelled_job_stops_wherever_it_is(namespace: Namespace, phase: str) -> None:
    name = f"cancelled-{phase.lower()}"
    namespace.apply(waiting_in(namespace, phase, name))
    job = namespace.in_phase(phase, name)[name]

    namespace.set_spec(name, cancelRequested=True)

    assert namespace.finished(name)[name].outcome == ("Cancelled", "Cancelled")
    namespace.until(lambda: not namespace.of(job.uid, "jobs,pods"), "its child to go")


def waiting_in(namespace: Namespace, phase: str, name: str) -> dict[str, object]:
    """A job that reaches the phase and stays there."""
    missing = {"kind": "QuantumBackend", "name": f"never-{namespace.name}"}
    return {
        "Running": slow(namespace, name),
        "Queued": queued(namespace, name),
        "Suspended": namespace.job(name, suspend=True),
        "Pending": namespace.job(name, backendRef=missing),
    }[phase]


def test_a_job_is_deleted_with_all_it_made_when_its_time_to_live_is_over(namespace: Namespace) -> None:
    namespace.apply(namespace.job("mortal", ttlSecondsAfterFinished=3))
    uid = namespace.finished("mortal")["mortal"].uid

    namespace.kubectl("wait", "--for=delete", "quantumjob/mortal", f"--timeout={PATIENT:g}s")

    namespace.gone([uid])


def test_deleting_in_any_phase_leaves_nothing(namespace: Namespace) -> None:
    phases = ("Running", "Queued", "Suspended", "Pending")
    named = {phase: f"deleted-{phase.lower()}" for phase in phases}
    ended = {"deleted-succeeded": "Succeeded", "deleted-failed": "Failed"}
    namespace.apply(*(waiting_in(namespace, phase, name) for phase, name in named.items()))
    namespace.apply(
        namespace.job("deleted-succeeded"),
        namespace.job("deleted-failed", circuits=[{"name": "c", "format": "openqasm3", "source": "nonsense"}]),
    )
    jobs = [namespace.in_phase(phase, name)[name] for phase, name in named.items()]
    jobs += [namespace.in_phase(phase, name)[name] for name, phase in ended.items()]

    namespace.delete("quantumjobs", *(job.name for job in jobs))

    namespace.gone(job.uid for job in jobs)


def test_deleted_and_applied_again_a_job_is_a_new_run(namespace: Namespace) -> None:
    first = _run(namespace, "again")
    before = namespace.result(first)
    namespace.delete("quantumjob", "again")

    second = _run(namespace, "again")

    after = namespace.result(second)
    assert second.uid != first.uid
    assert (before.job.uid, after.job.uid) == (first.uid, second.uid)
    assert before.seed != after.seed  # drawn from the UID
    assert second.child != first.child
    namespace.gone([first.uid])


def _run(namespace: Namespace, name: str) -> Job:
    namespace.apply(namespace.job(name))
    return namespace.finished(name)[name]


def test_a_job_that_succeeded_does_not_run_again_whatever_becomes_of_what_it_made(
    namespace: Namespace, operator: OperatorProcess
) -> None:
    names = {kind: f"bereft-of-{kind}" for kind in ("jobs", "pods", "configmaps")}
    namespace.apply(*map(namespace.job, names.values()))
    before = namespace.finished(*names.values())

    for kind, name in names.items():
        namespace.delete(kind, "--selector", f"qee.dev/job-uid={before[name].uid}")
    bereft = names["configmaps"]
    told = namespace.until(lambda: _without_result(namespace, bereft), "the job to tell of its lost result")
    operator.kill()
    operator.start()  # the first thing it does is a full resync

    assert "run the job again for the whole result" in told.condition("ResultsStored")["message"]
    after = namespace.finished(*names.values())
    for name, job in after.items():
        assert job.phase == "Succeeded"
        for field in ("completionTime", "result", "child", "attempt"):
            assert job.status[field] == before[name].status[field]
    assert not namespace.of(before[names["jobs"]].uid, "jobs,pods")
    assert not namespace.of(before[names["pods"]].uid, "pods")


def _without_result(namespace: Namespace, name: str) -> Job | None:
    job = namespace.quantum_job(name)
    return job if job.condition("ResultsStored")["reason"] == "ResultDeleted" else None
