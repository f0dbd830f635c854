"""The total deadline of a job: spec.activeDeadlineSeconds over all attempts, queueing included, suspension not.

The Job controller restarts its own deadline whenever a Job is resumed (batch/v1 `suspend`), so a job that Kueue
preempts would never meet it. This one counts from the job's creation, or from when it was last resumed.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from qee.api.conditions import ConditionType, Phase
from qee.api.reasons import Reason
from qee.core import times
from qee.core.job.plan import Finish, Nothing, Plan, Report
from qee.core.job.world import World


def begins_at(world: World) -> datetime | None:
    """From when the job's time counts: its creation, or the last time it was resumed."""
    begin = world.job.metadata.creation_timestamp
    suspended = world.condition(ConditionType.SUSPENDED)
    if begin and suspended.get("status") == "False":
        resumed = times.parse(suspended.get("lastTransitionTime"))
        return max(begin, resumed) if resumed else begin
    return begin


def expires_at(world: World) -> datetime | None:
    """When the job must have finished; None where it has no deadline."""
    seconds, begin = _seconds(world), begins_at(world)
    return begin + timedelta(seconds=seconds) if begin and seconds is not None else None


def exceeded(world: World) -> Finish | None:
    """The end of a job whose time is over."""
    at = expires_at(world)
    if at is None or world.now < at:
        return None
    reason = Reason.DEADLINE_EXCEEDED
    message = f"Not finished within activeDeadlineSeconds={_seconds(world)}. {reason.remedy}"
    return Finish(Phase.FAILED, reason, message)


def wake(world: World, plan: Plan) -> Plan:
    """A plan that waits must not sleep through the deadline."""
    at = expires_at(world)
    if at is None or not isinstance(plan, Nothing | Report):
        return plan
    left = times.until(max(at, world.now), world.now)
    return replace(plan, after=left if plan.after is None else min(plan.after, left))


def _seconds(world: World) -> int | None:
    """The job's own deadline, else its backend's, which its stages were made with."""
    if world.job.spec.active_deadline_seconds is not None:
        return world.job.spec.active_deadline_seconds
    return next((each.deadline_seconds for each in world.stages if each.deadline_seconds is not None), None)
