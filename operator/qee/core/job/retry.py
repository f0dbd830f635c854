"""What follows a lost attempt: another one with the same inputs and seeds, while spec.backoffLimit allows it."""

from qee.api.conditions import Phase
from qee.api.reasons import Reason
from qee.core.job.plan import Finish, Retry
from qee.core.job.world import World


def lost(world: World, reason: Reason, message: str) -> Retry | Finish:
    """The attempt gave no result, through no fault of its program."""
    if world.attempts_left > 0:
        return Retry(world.attempt + 1, reason, message, lost=world.child)
    limit = world.backoff_limit
    return Finish(
        Phase.FAILED,
        reason,
        f"{message} No attempt is left (spec.backoffLimit={limit}). {reason.remedy}",
        child=world.child,
        take_away=world.child is not None,
    )
