"""What the operator asks the API server for, what it takes from watches instead, and what it does when they miss."""

import asyncio
import time

import pytest
from tests import builders, signed
from tests.cluster_simulation import SETTINGS, Simulation
from tests.operators import Controller
from tests.watched import UNSCHEDULABLE, Watched

from qee.controller.settings import VerificationSettings
from qee.kube.resources import BACKENDS, CHILDREN, JOBS, PODS, TRUST_POLICIES

ADA = signed.key("ada")
RESTS_AT_ONCE = SETTINGS.model_copy(update={"patience": SETTINGS.patience.model_copy(update={"linger": 0.0})})


@pytest.fixture
def cluster() -> Watched:
    return Watched(RESTS_AT_ONCE)


def due(cluster: Watched) -> list[float]:
    """Seconds until the keys that wait for their time are looked at."""
    now = time.monotonic()
    return [at - now for kind in cluster.manager.kinds.values() for at in kind.queue._due.values()]


async def test_a_plain_job_costs_at_most_fourteen_requests(cluster: Watched) -> None:
    async with cluster.at_work():
        cluster.apply()
        await cluster.runs()
        await asyncio.sleep(2.2)
        await cluster.quiet()
    for once in (("get", "namespaces"), ("create", "networkpolicies")):  # of a process, and of a namespace
        del cluster.asked[once]
    assert cluster.asked.total() <= 14, cluster.asked


async def test_jobs_that_wait_and_jobs_that_have_ended_cost_nothing(cluster: Watched) -> None:
    names = [f"job-{number}" for number in range(20)]
    async with cluster.at_work():
        for name in names:
            cluster.apply(name)
        for name in names[:10]:
            await cluster.runs(name)
        for name in names[10:]:
            cluster.pod(await cluster.child(name), conditions=[UNSCHEDULABLE])
            await cluster.until(lambda name=name: cluster.status(name).get("phase") == "Queued")
        await asyncio.sleep(2.2)  # jobs that have ended are looked at once more
        await cluster.quiet()
        cluster.asked.clear()
        for name in names:  # what somebody else writes to them is no reason to ask
            job = cluster.api.find(JOBS, "default", name)
            assert job is not None
            cluster.api.put(JOBS, {**job, "metadata": {**job["metadata"], "labels": {"touched": "yes"}}})
        await cluster.quiet()
        assert not cluster.asked
        assert all(seconds > 60 for seconds in due(cluster))


async def test_what_is_known_of_jobs_goes_when_they_go(cluster: Watched) -> None:
    names = [f"job-{number}" for number in range(10)]
    async with cluster.at_work():
        for name in names:
            cluster.apply(name)
        for name in names[:5]:
            await cluster.runs(name)
        for name in names[5:]:
            cluster.pod(await cluster.child(name), builders.running())
        await cluster.quiet()
        for name in names:
            cluster.api.remove(JOBS, "default", name)
        cluster.api.collect_garbage()
        await cluster.quiet()
        operator, watches = cluster.operator, cluster.manager.watches
        for resource in (JOBS, CHILDREN, PODS):
            assert len(watches._stores[resource]) == 0
            assert not any(ear.seen for ear in watches._ears[resource])
        kept = operator.jobs._kept
        assert not kept.unfinished
        assert not kept._resting
        assert len(operator.reconciler.memory) == 0
        queue = cluster.manager.kinds["QuantumJob"].queue
        assert not any((queue._due, queue._ready, queue._again, queue.backoff.failures))


async def test_what_is_known_of_a_job_goes_with_the_resync_where_no_watch_told_of_its_deletion(
    cluster: Watched,
) -> None:
    async with cluster.at_work():
        cluster.apply()
        cluster.pod(await cluster.child(), builders.running())
        await cluster.until(lambda: cluster.status().get("phase") == "Running")
        memory = cluster.operator.reconciler.memory
        assert len(memory) == 1
        with cluster.deaf(JOBS, CHILDREN, PODS):
            cluster.api.remove(JOBS, "default", "bell")
            cluster.api.collect_garbage()
            await cluster.quiet()
        await cluster.manager.kinds["QuantumJob"].passes[0].once()
        assert len(memory) == 0


async def test_a_pod_of_which_no_watch_told_is_found_by_the_resync(cluster: Watched) -> None:
    async with cluster.at_work():
        cluster.apply()
        child = await cluster.child()
        cluster.pod(child, builders.running())
        await cluster.until(lambda: cluster.status().get("phase") == "Running")
        with cluster.deaf(PODS):
            cluster.result(child)
            cluster.pod(child, builders.terminated(0))
            await cluster.quiet()
        assert cluster.status()["phase"] == "Running"
        await cluster.manager.kinds["QuantumJob"].passes[0].once()
        await cluster.until(lambda: cluster.status().get("phase") == "Succeeded")


async def test_a_child_that_was_deleted_while_nobody_watched_is_missed_by_the_resync(cluster: Watched) -> None:
    async with cluster.at_work():
        cluster.apply()
        cluster.pod(await cluster.child(), builders.running())
        await cluster.until(lambda: cluster.status().get("phase") == "Running")
        with cluster.deaf(PODS, CHILDREN):
            for resource in (PODS, CHILDREN):
                for found in cluster.api.all(resource, "default"):
                    cluster.api.remove(resource, "default", found["metadata"]["name"])
            await cluster.quiet()
        await cluster.manager.kinds["QuantumJob"].passes[0].once()
        await cluster.until(lambda: cluster.status().get("attempt") == 2)


async def test_nothing_starts_under_a_policy_that_is_revoked_and_of_which_no_watch_told() -> None:
    cluster = Watched(RESTS_AT_ONCE.model_copy(update={"verification": VerificationSettings()}))
    cluster.api.put(TRUST_POLICIES, signed.policy({"ada": ADA}))
    async with cluster.at_work():
        with cluster.deaf(TRUST_POLICIES):
            cluster.api.put(TRUST_POLICIES, signed.policy([signed.entry("ada", ADA, state="Revoked")]))
            await cluster.quiet()
            cluster.api.put(JOBS, signed.sign_job(builders.job(), ADA))
            await cluster.until(lambda: cluster.status().get("phase") == "Unverified")
            assert not cluster.api.all(CHILDREN)


async def test_nothing_starts_of_a_job_that_was_suspended_and_no_watch_told(cluster: Watched) -> None:
    async with cluster.at_work():
        cluster.apply(backendRef={"kind": "QuantumBackend", "name": "later"})
        await cluster.until(lambda: cluster.status().get("phase") == "Pending")
        with cluster.deaf(JOBS):
            job = cluster.api.find(JOBS, "default", "bell")
            assert job is not None
            cluster.api.put(JOBS, {**job, "spec": {**job["spec"], "suspend": True}})
            await cluster.quiet()
            cluster.api.put(BACKENDS, builders.backend("later"))
            cluster.manager.kinds["QuantumJob"].queue.add(("default", "bell"))
            await cluster.until(lambda: cluster.status().get("phase") == "Suspended")
            assert not cluster.api.all(CHILDREN)


async def test_a_status_that_was_decided_on_an_old_job_is_decided_anew(cluster: Watched) -> None:
    async with cluster.at_work():
        cluster.apply()
        child = await cluster.child()
        with cluster.deaf(JOBS):
            job = cluster.api.find(JOBS, "default", "bell")
            assert job is not None
            cluster.api.put(JOBS, {**job, "metadata": {**job["metadata"], "labels": {"touched": "yes"}}})
            cluster.pod(child, builders.running())
            await cluster.until(lambda: cluster.status().get("phase") == "Running")


async def test_the_age_of_the_resync_is_measured(cluster: Watched) -> None:
    async with cluster.at_work():
        cluster.manager.kinds["QuantumJob"].passes[0].finished_at -= 1000
        registry = cluster.manager._metrics.registry
        await cluster.until(lambda: (registry.get_sample_value("qee_resync_age_seconds") or 0) > 999)


async def test_a_job_that_was_only_read_does_not_count_as_told() -> None:
    simulation = Simulation()
    controller = Controller(simulation)
    simulation.given()
    await controller.passes.run()
    item = await controller.queue.get()
    assert item is not None
    await controller.manager.kinds["QuantumJob"].handle(*item)
    assert simulation.children()
    controller.manager.leads = True
    controller.passes._watching_since -= 61
    simulation.clock.forward(61)
    await controller.passes.run()
    assert "1 jobs" in controller.ailments()[0]
    controller.intake.job({"type": "ADDED", "object": simulation.job()})
    await controller.passes.run()
    assert not controller.ailments()
