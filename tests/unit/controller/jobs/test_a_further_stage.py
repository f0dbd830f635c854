"""A further stage is a pure half and a driver. `decide`, `conclude` and `reconcile` do not know of it."""

from dataclasses import dataclass

from tests.cluster_simulation import Simulation

from qee.api.conditions import Phase
from qee.api.reasons import Reason
from qee.controller.jobs.driver import Driver
from qee.controller.jobs.reads import Reads
from qee.core.job.child import JobStage
from qee.core.job.outcome import Done, Lost, Outcome, Stored
from qee.core.job.plan import Carry, Child, Plan, Step
from qee.core.job.world import Patience, Stage, World
from qee.kube.port import Object
from qee.kube.resources import CONFIG_MAPS, JOBS


class Copy(Step):
    """Take what somebody has written into the ConfigMap."""


@dataclass(frozen=True)
class Paper(Stage):
    """A ConfigMap, in which somebody writes the answer by hand."""

    found: Object

    @property
    def child(self) -> Child:
        return Child("ConfigMap", self.found["metadata"]["name"], self.found["metadata"]["uid"])

    def follow(self, world: World, patience: Patience) -> Plan:
        if "answer" in self.found.get("data", {}):
            return Carry(Copy())
        return self.report(Phase.RUNNING, Reason.RUNNING, "Somebody is writing.")


class PaperDriver(Driver[Paper]):
    stage = Paper

    def __init__(self, simulation: Simulation) -> None:
        self.api = simulation.api

    def begins(self, world: World) -> bool:
        return True

    async def begin(self, world: World, attempt: int) -> Outcome:
        await self.api.create(CONFIG_MAPS, "default", {"metadata": {"name": f"paper-{attempt}"}})
        return Done(0)

    async def observe(self, world: World, reads: Reads, child: JobStage | None) -> Paper | None:
        found = self.api.find(CONFIG_MAPS, "default", f"paper-{world.attempt}")
        return Paper(found) if found else None

    async def carry_out(self, world: World, stage: Paper, step: Step) -> Outcome:
        if stage.found["data"]["answer"] == "illegible":
            raise Lost("nobody can read it")
        return Stored("a drawer", {"result": {**RESULT, "configMap": stage.child.name}})


RESULT = {"key": "answer", "sha256": "0" * 64, "bytes": 1}


def with_paper() -> Simulation:
    simulation = Simulation()
    simulation.reconciler.attempts.kinds.insert(0, (PaperDriver(simulation),))
    simulation.given()
    return simulation


def write(simulation: Simulation, attempt: int, answer: str) -> None:
    paper = simulation.api.find(CONFIG_MAPS, "default", f"paper-{attempt}")
    assert paper is not None
    simulation.api.put(CONFIG_MAPS, {**paper, "data": {"answer": answer}})


async def test_an_attempt_may_consist_of_a_further_stage() -> None:
    simulation = with_paper()
    for _ in range(2):
        await simulation.step()
    assert simulation.status["phase"] == "Running"
    assert simulation.status["child"]["kind"] == "ConfigMap"
    write(simulation, 1, "42")
    await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")
    assert simulation.status["result"]["configMap"] == "paper-1"
    assert not simulation.children()


async def test_what_it_loses_is_a_new_attempt_and_what_is_cancelled_is_taken_away() -> None:
    simulation = with_paper()
    await simulation.step()
    write(simulation, 1, "illegible")
    for _ in range(3):
        await simulation.step()
    assert simulation.status["attempt"] == 2
    assert simulation.api.find(CONFIG_MAPS, "default", "paper-1") is None
    job = simulation.job()
    simulation.api.put(JOBS, {**job, "spec": {**job["spec"], "cancelRequested": True}})
    await simulation.step()
    assert simulation.outcome == ("Cancelled", "Cancelled")
    assert simulation.api.find(CONFIG_MAPS, "default", "paper-2") is None
