"""A Job whose one pod compiles for a QPU. What it gives is no result, but what the next stage submits."""

from dataclasses import dataclass
from typing import ClassVar

from qee.core.job.child import JobStage
from qee.core.job.observed import PodState
from qee.core.job.plan import EVERYTHING, Nothing, Plan, Reads, Step
from qee.core.job.world import Patience, World


@dataclass(frozen=True)
class Submit(Step):
    """Read what was compiled from the pod's log, price it, reserve it, create the attempt's QuantumTask."""

    needs: ClassVar[Reads] = EVERYTHING
    creates: ClassVar[bool] = True

    pod: PodState


class Compile(JobStage):
    """One pod at a time. It costs nothing, but a process that was killed may have reserved for what follows."""

    reserves: ClassVar[bool] = True

    @property
    def has_run(self) -> bool:
        return False

    def progress(self, world: World, patience: Patience) -> Plan:
        return self.of_one_pod(world, patience, Submit)

    def running(self) -> Plan:
        return Nothing()  # compiling is not the running that people wait for: no write for it
