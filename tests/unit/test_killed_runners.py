"""A runner that was killed: at its memory limit, or because its pod was deleted, its child suspended, its node lost."""

import pytest
from tests import builders
from tests.cluster_simulation import Simulation

from qee.kube.resources import CHILDREN

KILLED = builders.terminated(137, "Error")
GONE = builders.terminated(137, "ContainerStatusUnknown", "The container could not be located")


async def started(**spec: object) -> Simulation:
    simulation = Simulation()
    simulation.given(builders.job(**spec))
    await simulation.step()
    simulation.set_pod(builders.running())
    await simulation.step()
    return simulation


@pytest.mark.parametrize("end", [KILLED, GONE])
async def test_a_kill_is_not_taken_for_the_memory_limit(end: dict[str, object]) -> None:
    simulation = await started()
    simulation.set_pod(end, phase="Failed")
    await simulation.step()
    assert simulation.status["phase"] != "Failed"


async def test_a_child_that_a_kill_has_failed_is_another_attempt() -> None:
    simulation = await started()
    simulation.set_pod(KILLED, phase="Failed")
    simulation.set_child("Failed", "PodFailurePolicy")
    await simulation.step()
    assert (simulation.status["phase"], simulation.status["attempt"]) == ("Pending", 2)
    assert not simulation.children()


async def test_a_kill_with_no_attempt_left_is_a_lost_result() -> None:
    simulation = await started(backoffLimit=0)
    simulation.remove_pods()
    simulation.set_child("Failed", "PodFailurePolicy")
    await simulation.step()
    assert simulation.outcome == ("Failed", "ResultLost")


async def test_a_suspended_child_waits_for_its_turn_though_its_pod_was_killed() -> None:
    simulation = await started()
    child = simulation.child()
    child["spec"]["suspend"] = True
    simulation.api.put(CHILDREN, child)
    simulation.set_pod(KILLED, phase="Failed")
    await simulation.step()
    assert simulation.status["phase"] == "Queued"
