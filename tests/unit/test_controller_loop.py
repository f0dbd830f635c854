"""Watch events in, keys out; the resync repairs what they missed; a loop that survives errors and knows it is ill."""

import asyncio
import time

import pytest
from tests import builders
from tests.cluster_simulation import KEY, Simulation
from tests.operators import Controller

from qee.api.conditions import ConditionType
from qee.controller.jobs import resync as resync_module
from qee.kube.port import ApiError, Object
from qee.kube.resources import CHILDREN, CONFIG_MAPS, JOBS


def event(obj: Object, kind: str = "MODIFIED") -> Object:
    return {"type": kind, "object": obj}


@pytest.fixture
def simulation() -> Simulation:
    return Simulation()


@pytest.fixture
def controller(simulation: Simulation) -> Controller:
    return Controller(simulation)


def queued(controller: Controller) -> int:
    return len(controller.queue)


async def drained(controller: Controller) -> None:
    while len(controller.queue):
        item = await controller.queue.get()
        assert item is not None
        controller.queue.done(item[0])


async def finished(simulation: Simulation) -> None:
    simulation.given()
    await simulation.step()
    simulation.make_pod()
    simulation.succeed()
    await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")


# Intake


async def test_a_new_job_is_queued_once_and_its_own_status_writes_are_not_news(
    simulation: Simulation, controller: Controller
) -> None:
    simulation.given()
    job = simulation.job()
    controller.intake.job(event(job, "ADDED"))
    assert queued(controller) == 1
    await drained(controller)
    job["status"]["phase"] = "Running"
    job["status"]["observedGeneration"] = 1
    controller.intake.job(event(job))
    assert queued(controller) == 0
    job["metadata"]["generation"] = 2
    controller.intake.job(event(job))
    assert queued(controller) == 1


async def test_a_finished_job_is_not_queued_at_start(simulation: Simulation, controller: Controller) -> None:
    await finished(simulation)
    controller.intake.job(event(simulation.job(), "ADDED"))
    assert queued(controller) == 0
    assert controller.intake.knows(simulation.job()["metadata"]["uid"])


async def test_of_a_pods_events_only_those_that_matter_are_news(simulation: Simulation, controller: Controller) -> None:
    simulation.given()
    await simulation.step()
    pod = simulation.make_pod()
    controller.intake.pod(event(pod, "ADDED"))
    assert queued(controller) == 0, "a pod that has just been made changes nothing"
    for state, news in [
        (builders.waiting("ContainerCreating"), 0),
        (builders.running(), 1),
        (builders.running(), 0),
        (builders.terminated(), 1),
        (builders.terminated(), 0),
    ]:
        pod["status"] = {"phase": "Running", "containerStatuses": [builders.container(state)]}
        controller.intake.pod(event(pod))
        assert queued(controller) == news, state
        await drained(controller)


async def test_a_deleted_child_is_news(simulation: Simulation, controller: Controller) -> None:
    simulation.given()
    await simulation.step()
    controller.intake.child(event(simulation.child(), "DELETED"))
    item = await controller.queue.get()
    assert item is not None
    assert item[0] == KEY


# Resync


async def test_a_resync_queues_what_the_watch_missed(simulation: Simulation, controller: Controller) -> None:
    simulation.given()
    await controller.passes.run()
    assert queued(controller) == 1


async def test_a_resync_writes_nothing_when_all_is_well(simulation: Simulation, controller: Controller) -> None:
    await finished(simulation)
    controller.intake.job(event(simulation.job(), "ADDED"))
    before = len(simulation.api.requests)
    await controller.passes.run()
    assert queued(controller) == 0
    assert len(simulation.api.requests) == before


async def test_a_deleted_result_is_told_and_the_phase_stays(simulation: Simulation, controller: Controller) -> None:
    await finished(simulation)
    simulation.api.remove(CONFIG_MAPS, "default", "bell-result")
    await controller.passes.run()
    stored = simulation.condition(ConditionType.RESULTS_STORED)
    assert (stored["status"], stored["reason"]) == ("False", "ResultDeleted")
    assert "bell-result" in stored["message"]
    assert simulation.outcome == ("Succeeded", "Completed")
    before = len(simulation.api.requests)
    await controller.passes.run()
    assert len(simulation.api.requests) == before, "told once"


async def test_children_of_finished_jobs_are_swept_by_one_request(
    simulation: Simulation, controller: Controller
) -> None:
    await finished(simulation)
    other = builders.job("other")
    simulation.api.put(JOBS, other)
    await simulation.step(("default", "other"))
    simulation.clock.forward(3500)
    await controller.passes.run()
    assert len(simulation.children()) == 2, "kept for an hour"
    simulation.clock.forward(200)
    await controller.passes.run()
    (left,) = simulation.children()
    assert left["metadata"]["labels"]["qee.dev/job-name"] == "other"
    assert [r[0] for r in simulation.api.requests].count("delete_collection") == 1


async def test_a_sweep_comes_in_batches(
    simulation: Simulation, controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resync_module, "BATCH", 1)
    await finished(simulation)
    child = simulation.child()
    simulation.clock.forward(4000)
    await controller.passes.run()
    assert simulation.children() == []
    selector = simulation.api.requests[-1][4]
    assert child["metadata"]["labels"]["qee.dev/job-uid"] in str(selector)


async def test_a_watch_that_tells_nothing_is_an_ailment(simulation: Simulation, controller: Controller) -> None:
    await finished(simulation)
    controller.manager.leads = True
    await controller.passes.run()
    assert not controller.ailments(), "within the grace"
    simulation.clock.forward(61)
    await controller.passes.run()
    assert not controller.ailments(), "this process has only just begun to watch"
    controller.passes._watching_since -= 61
    await controller.passes.run()
    assert "1 jobs" in controller.ailments()[0]
    controller.intake.job(event(simulation.job(), "ADDED"))
    await controller.passes.run()
    assert not controller.ailments()


# The loop


async def running(controller: Controller) -> asyncio.Task[None]:
    task = asyncio.create_task(controller.run())
    await asyncio.sleep(0)
    return task


async def test_the_loop_runs_a_job_to_its_end(simulation: Simulation, controller: Controller) -> None:
    simulation.given()
    task = await running(controller)
    while not simulation.api.all(CHILDREN):
        await asyncio.sleep(0.01)
    controller.stop()
    async with asyncio.timeout(2):
        await task


async def test_the_loop_survives_an_api_server_that_is_away(simulation: Simulation, controller: Controller) -> None:
    simulation.given()
    away = [5]

    def fail(*_: object) -> None:
        if away[0]:
            away[0] -= 1
            raise ApiError(0, "Unreachable", "connection refused")

    await controller.passes.run()
    simulation.api.before.append(fail)
    task = await running(controller)
    async with asyncio.timeout(10):
        while not simulation.api.all(CHILDREN):
            await asyncio.sleep(0.01)
    controller.stop()
    await task


async def test_a_bug_in_one_job_does_not_stop_the_others(
    simulation: Simulation, controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation.given()
    simulation.api.put(JOBS, builders.job("other"))
    real = controller.reconciler.reconcile

    async def reconcile(key: tuple[str, str]) -> float | None:
        if key == KEY:
            raise RuntimeError("a bug")
        return await real(key)

    monkeypatch.setattr(controller.reconciler, "reconcile", reconcile)
    task = await running(controller)
    while not simulation.api.all(CHILDREN):
        await asyncio.sleep(0.01)
    controller.stop()
    await task
    assert simulation.metrics.registry.get_sample_value("qee_reconcile_errors_total", {"error": "bug"}) == 1


def test_a_hung_loop_and_an_overdue_resync_are_ailments(controller: Controller) -> None:
    controller.manager.leads = True
    assert controller.ailments() == []
    controller.manager.beat_at = time.monotonic() - 31
    controller.passes.finished_at = time.monotonic() - 3 * 600 - 1
    assert len(controller.ailments()) == 2


def test_a_standby_is_well_however_long_it_waits(controller: Controller) -> None:
    controller.manager.beat_at = time.monotonic() - 3600
    assert controller.ailments() == []


def test_metrics_never_carry_a_jobs_name(simulation: Simulation, controller: Controller) -> None:
    from prometheus_client import generate_latest

    simulation.given()
    controller.intake.job(event(simulation.job(), "ADDED"))
    text = generate_latest(simulation.metrics.registry).decode()
    assert 'qee_jobs{phase="Pending"} 1.0' in text
    assert "bell" not in text
    assert simulation.job()["metadata"]["uid"] not in text
