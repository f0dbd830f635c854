"""Whether a job may start, and whether one that has started may go on."""

from tests.oracle.plan import Finish, Nothing, Plan, Report, TakeAway
from tests.oracle.world import World

from qee.api.conditions import Phase
from qee.api.reasons import Reason


def stop(world: World) -> Plan | None:
    """What to do with a job that verification refuses now; None: it may start, or go on.

    A job that has started is stopped by a revocation alone, where the policy says so: policies that changed since it
    was admitted are about jobs to come. One that has not started waits for policies that are content with it.
    """
    verdict, child = world.verdict, world.child
    if verdict.allowed:
        return None
    if world.task is not None or world.recorded_task:
        return _revoked(world) if verdict.cancels else None
    if child is None:
        return _revoked(world) if verdict.cancels and world.recorded_child else _unverified(world)
    if child.deleting:
        return Nothing()
    if not world.child_is_known:
        return TakeAway(child)  # forged, or left by a predecessor; nobody can vouch for it now
    return _revoked(world) if verdict.cancels else None


def _unverified(world: World) -> Report:
    return Report(Phase.UNVERIFIED, world.verdict.reason, world.verdict.message)


def _revoked(world: World) -> Finish:
    message = f"{Reason.REVOKED.meaning} {world.verdict.message}"
    return Finish(Phase.CANCELLED, Reason.REVOKED, message, world.child, take_away=world.child is not None)
