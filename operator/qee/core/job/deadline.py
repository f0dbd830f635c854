"""The total deadline of a job: spec.activeDeadlineSeconds over all attempts, queueing included, suspension not.

The Job controller restarts its own deadline whenever a Job is resumed (batch/v1 `suspend`), so a job that Kueue
preempts would never meet it. This one counts from the job's creation, or from when it was last resumed.
"""

from datetime import datetime, timedelta

from qee.api.conditions import ConditionType
from qee.core import times
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
    seconds, begin = seconds_of(world), begins_at(world)
    return begin + timedelta(seconds=seconds) if begin and seconds is not None else None


def seconds_of(world: World) -> int | None:
    """The job's own deadline, else its backend's, which the child was made with."""
    if world.job.spec.active_deadline_seconds is not None or world.child is None:
        return world.job.spec.active_deadline_seconds
    seconds: int | None = world.child.raw["spec"].get("activeDeadlineSeconds")
    return seconds
