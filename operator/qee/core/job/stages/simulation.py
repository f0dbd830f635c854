"""A Job whose one pod simulates: its result is read as soon as its runner has ended well."""

from dataclasses import dataclass

from qee.core.job.child import JobStage
from qee.core.job.observed import PodState
from qee.core.job.plan import Plan, Step
from qee.core.job.world import Patience, World


@dataclass(frozen=True)
class Collect(Step):
    """Read the result from the pod's log and store it. That the runner has ended well is true for ever: nothing need be
    read live.
    """

    pod: PodState


class Simulation(JobStage):
    """One pod at a time."""

    def progress(self, world: World, patience: Patience) -> Plan:
        return self.of_one_pod(world, patience, Collect)
