"""Whether a job may start, and whether one that has started may go on."""

from qee.api.conditions import Phase
from qee.api.reasons import Reason
from qee.core.job.plan import Finish, Plan, Report
from qee.core.job.world import World


def stop(world: World) -> Plan | None:
    """What to do with a job that verification refuses now; None: it may start, or go on.

    A job that has started is stopped by a revocation alone, where the policy says so: policies that changed since it
    was admitted are about jobs to come. One that has not started waits for policies that are satisfied.
    """
    verdict = world.verdict
    if verdict.allowed:
        return None
    if world.stage is None:
        return _revoked(world) if verdict.cancels and world.recorded_child else _unverified(world)
    if disowned := world.stage.disowned(world):
        return disowned
    return _revoked(world) if verdict.cancels else None


def _unverified(world: World) -> Report:
    return Report(Phase.UNVERIFIED, world.verdict.reason, world.verdict.message)


def _revoked(world: World) -> Finish:
    return Finish(Phase.CANCELLED, Reason.REVOKED, f"{Reason.REVOKED.meaning} {world.verdict.message}")
