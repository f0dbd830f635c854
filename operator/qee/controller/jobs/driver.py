"""What carries out the steps of a stage: its half with I/O. And the attempts that there are, as tuples of stages."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from qee.controller.jobs.memory import Key
from qee.controller.jobs.reads import Reads
from qee.core.job.child import JobStage
from qee.core.job.outcome import KeyUnreadable, Lost, Outcome, ServerRefused
from qee.core.job.plan import Carry, Finish, Pause, Start, Step
from qee.core.job.world import Stage, World
from qee.core.refusal import Denied, Refused
from qee.kube.port import ApiError

REFUSED = (400, 403, 422)  # by a quota, a policy or a webhook, rather than by a server that fails


S = TypeVar("S", bound=Stage)


class Driver(Generic[S]):
    """Of one stage. Every method may be interrupted anywhere and repeated. Raises `ApiError`.

    `begin` and `carry_out` return what came of it, or raise `Refused`, `Denied`, `Lost` or `KeyUnreadable`. What stands
    here holds of a stage that begins no attempt, costs nothing and holds nothing back.
    """

    stage: ClassVar[type[Any]]

    def begins(self, world: World) -> bool:
        """Whether an attempt at this job begins with this stage."""
        return False

    async def begin(self, world: World, attempt: int) -> Outcome:
        """Make the stage's child, new or found."""
        raise NotImplementedError

    async def observe(self, world: World, reads: Reads, child: JobStage | None) -> S | None:
        """The stage, if it has begun. `child`: the batch/v1 Job under the attempt's name, whosever it is."""
        raise NotImplementedError

    async def carry_out(self, world: World, stage: S, step: Step) -> Outcome:
        """The step that the stage has asked for."""
        raise NotImplementedError

    async def settle(self, world: World, plan: Finish | Pause) -> Mapping[str, Any]:
        """The attempt is over: settle accounts. Fields of status that tell of it."""
        return {}

    async def release(self, key: Key, world: World | None, reads: Reads) -> float | None:
        """Of a job that has ended, or is gone (None): let go of what is being deleted. Seconds until the next look."""
        return None


class Attempts:
    """The tuples of stages that an attempt may consist of. A job's is the first of which something is there."""

    def __init__(self, *kinds: tuple[Driver[Any], ...]) -> None:
        self.kinds = list(kinds)

    @property
    def _drivers(self) -> Sequence[Driver[Any]]:
        return [driver for kind in self.kinds for driver in kind]

    async def observe(self, world: World, reads: Reads, child: JobStage | None) -> tuple[Stage, ...]:
        """The stages that have begun."""
        for kind in self.kinds:
            found = [await driver.observe(world, reads, child) for driver in kind]
            if stages := tuple(stage for stage in found if stage is not None):
                return stages
        return ()

    async def carry_out(self, world: World, plan: Start | Carry) -> Outcome:
        """What came of it; an `ApiError` that says nothing about the job is raised."""
        try:
            if isinstance(plan, Start):
                first = next(kind[0] for kind in self.kinds if kind[0].begins(world))
                return await first.begin(world, plan.attempt)
            driver = next(each for each in self._drivers if isinstance(world.stage, each.stage))
            return await driver.carry_out(world, world.stage, plan.step)
        except (Refused, Denied, Lost, KeyUnreadable) as problem:
            return problem
        except ApiError as error:
            if plan.creates and error.status in REFUSED:
                return ServerRefused(error.message)
            raise

    async def settle(self, world: World, plan: Finish | Pause) -> Mapping[str, Any]:
        fields: dict[str, Any] = {}
        for driver in self._drivers:
            fields |= await driver.settle(world, plan)
        return fields

    async def release(self, key: Key, world: World | None, reads: Reads) -> float | None:
        """The seconds until the next look, or None."""
        waits = [await driver.release(key, world, reads) for driver in self._drivers]
        return min((after for after in waits if after is not None), default=None)
