"""Drives a Job whose one pod simulates."""

from dataclasses import dataclass
from typing import ClassVar

from qee.controller.jobs.driver import Driver
from qee.controller.jobs.reads import Reads
from qee.controller.jobs.results import Collector
from qee.controller.jobs.start import Starter
from qee.core.job.child import JobStage
from qee.core.job.outcome import Outcome
from qee.core.job.plan import Step
from qee.core.job.stages.simulation import Collect, Simulation
from qee.core.job.world import World


@dataclass(frozen=True)
class SimulationDriver(Driver[Simulation]):
    """Jobs that nothing else begins begin here; where their work is cut, the child that is made is one of shards."""

    stage: ClassVar[type[Simulation]] = Simulation

    starter: Starter
    collector: Collector

    def begins(self, world: World) -> bool:
        return True

    async def begin(self, world: World, attempt: int) -> Outcome:
        return await self.starter.begin(world, attempt)

    async def observe(self, world: World, reads: Reads, child: JobStage | None) -> Simulation | None:
        one_pod = child is not None and not child.job.compiles and child.job.shards == 1
        return Simulation.of(child) if child is not None and one_pod else None

    async def carry_out(self, world: World, stage: Simulation, step: Step) -> Outcome:
        match step:
            case Collect(pod):
                return await self.collector.collect(world, stage.job, pod)
        raise TypeError(f"{step!r} is no step of a simulation")
