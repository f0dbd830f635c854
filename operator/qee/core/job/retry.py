"""What follows a lost attempt: another one with the same inputs and seeds, while spec.backoffLimit allows it."""

from qee.api.conditions import Phase
from qee.api.reasons import Reason
from qee.core.job.plan import Finish, Retry
from qee.core.job.world import World


def lost(world: World, reason: Reason, message: str) -> Retry | Finish:
    """The attempt gave no result, through no fault of its program."""
    stage = world.stage
    if world.attempts_left > 0:
        return Retry(world.attempt + 1, reason, message, lost=stage.child if stage is not None else None)
    message = f"{message} No attempt is left (spec.backoffLimit={world.backoff_limit}). {reason.remedy}"
    return world.finish(Phase.FAILED, reason, message, take_away=True)
