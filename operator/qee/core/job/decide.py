"""The next step of a job. Read `decide` from top to bottom: it is the operator's whole story.

Pure and level-triggered: the same world gives the same plan, whatever happened before and however often it is asked.
"""

from datetime import timedelta

from qee.api.conditions import ConditionType, Phase
from qee.api.reasons import Reason
from qee.core.job import admission, deadline, tasks, ttl
from qee.core.job.follow import follow
from qee.core.job.plan import Expire, Finish, Follow, Nothing, Pause, Plan, Report, TakeAway
from qee.core.job.world import Patience, World


def decide(world: World, patience: Patience) -> Plan:
    """What to do next with this job."""
    if world.job.metadata.deletion_timestamp is not None:
        return Nothing()  # its children go by owner reference
    if world.ended:
        return _after_the_end(world, patience)
    if world.job.spec.cancel_requested:
        cancelled = "Cancelled: spec.cancelRequested is true."
        return _end(world, patience, Phase.CANCELLED, Reason.CANCELLED, cancelled)
    if world.job.spec.suspend:
        return _suspended(world)
    resumes = world.condition(ConditionType.SUSPENDED).get("status") == "True"
    if not resumes and not world.has_run and (late := _too_late(world, patience)):
        return late
    if stopped := admission.stop(world):
        if world.task is not None and isinstance(stopped, Finish):
            stopped = tasks.stop(world, patience, stopped)
        return stopped if resumes else wake_at_deadline(world, stopped)
    if resumes:
        # The deadline counts from this write on.
        return Report(Phase.PENDING, Reason.PENDING, "Resumed: spec.suspend is false.", after=0)
    if world.task is not None or world.recorded_task:
        return wake_at_deadline(world, tasks.follow(world))
    return wake_at_deadline(world, follow(world, patience))


def _end(world: World, patience: Patience, phase: Phase, reason: Reason, message: str) -> Plan:
    end = Finish(phase, reason, message, child=world.child, take_away=world.child is not None)
    return end if world.task is None else tasks.stop(world, patience, end)


def _too_late(world: World, patience: Patience) -> Plan | None:
    at = deadline.expires_at(world)
    if at is None or world.now < at:
        return None
    return _end(
        world,
        patience,
        Phase.FAILED,
        Reason.DEADLINE_EXCEEDED,
        f"Not finished within activeDeadlineSeconds={deadline.seconds_of(world)}. {Reason.DEADLINE_EXCEEDED.remedy}",
    )


def _suspended(world: World) -> Plan:
    if world.task is not None:
        return tasks.suspend(world)
    if world.child is not None or world.recorded_child:
        return Pause(world.child)
    return Report(Phase.SUSPENDED, Reason.SUSPENDED, "spec.suspend is true; set it to false to run the job.")


def wake_at_deadline(world: World, plan: Plan) -> Plan:
    """A plan that waits must not sleep through the deadline."""
    at = deadline.expires_at(world)
    if at is None or not isinstance(plan, Nothing | Report):
        return plan
    left = max((at - world.now).total_seconds(), 0) + 0.5  # stamps have whole seconds
    after = left if plan.after is None else min(plan.after, left)
    if isinstance(plan, Nothing):
        return Nothing(after)
    return Report(plan.phase, plan.reason, plan.message, plan.child, after)


def _after_the_end(world: World, patience: Patience) -> Plan:
    """Finished: only its time to live, a generation that moved, and a pod that does not end are left to look at."""
    expires = ttl.expires_at(world.completed_at, world.job.spec.ttl_seconds_after_finished)
    if expires is not None and world.now >= expires:
        return Expire()
    if world.status.get("observedGeneration") != world.job.metadata.generation:
        return Follow()
    if late := tasks.after_the_end(world):
        return late
    wakes = [expires] if expires else []
    if world.child and not world.child.deleting and world.completed_at:
        settled = world.completed_at + timedelta(seconds=patience.linger)
        if world.now < settled:
            wakes.append(settled)
        elif any(pod.active for pod in world.pods):
            return TakeAway(world.child)
    if not wakes:
        return Nothing()
    return Nothing(after=(min(wakes) - world.now).total_seconds() + 0.5)
