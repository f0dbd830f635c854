"""The next step of a job. Read `decide` from top to bottom: it is the operator's whole story, but for what becomes of
a step that was taken, which is `conclude`'s.

Pure and level-triggered: the same world gives the same plan, whatever happened before and however often it is asked.
"""

from qee.api.conditions import ConditionType, Phase
from qee.api.reasons import Reason
from qee.core import times
from qee.core.job import admission, deadline, retry, ttl
from qee.core.job.plan import Expire, Finish, Follow, Nothing, Pause, Plan, Report, Start
from qee.core.job.world import Patience, World


def decide(world: World, patience: Patience) -> Plan:
    """What to do next with this job, which nobody has deleted."""
    if world.invalid:
        return _invalid(world)
    if world.ended:
        return _after_the_end(world, patience)
    if world.job.spec.cancel_requested:
        cancelled = "Cancelled: spec.cancelRequested is true."
        return _end(world, patience, Finish(Phase.CANCELLED, Reason.CANCELLED, cancelled))
    if world.job.spec.suspend:
        return _suspended(world, patience)
    resumes = world.condition(ConditionType.SUSPENDED).get("status") == "True"
    if not resumes and not world.has_run and (late := deadline.exceeded(world)):
        return _end(world, patience, late)
    if stopped := admission.stop(world):
        if isinstance(stopped, Finish):
            stopped = _end(world, patience, stopped)
        return stopped if resumes else deadline.wake(world, stopped)
    if resumes:
        # The deadline counts from this write on.
        return Report(Phase.PENDING, Reason.PENDING, "Resumed: spec.suspend is false.", after=0)
    return deadline.wake(world, _go_on(world, patience))


def _go_on(world: World, patience: Patience) -> Plan:
    if world.stage is not None:
        return world.stage.follow(world, patience)
    if world.recorded_child:
        return retry.lost(world, Reason.CHILD_LOST, "The child Job was deleted before its result was read.")
    return Start(world.attempt)


def _end(world: World, patience: Patience, end: Finish) -> Plan:
    plans = (stage.stop(world, patience, end) for stage in reversed(world.stages))
    return next((plan for plan in plans if plan is not None), end)


def _suspended(world: World, patience: Patience) -> Plan:
    plans = (stage.suspend(world, patience) for stage in reversed(world.stages))
    if plan := next((plan for plan in plans if plan is not None), None):
        return plan
    if world.recorded_child:
        return Pause()
    return Report(Phase.SUSPENDED, Reason.SUSPENDED, "spec.suspend is true; set it to false to run the job.")


def _invalid(world: World) -> Plan:
    if world.ended:
        return Nothing()
    message = f"{world.invalid}. {Reason.INVALID_SPEC.remedy}"
    return Report(Phase.FAILED, Reason.INVALID_SPEC, message, fields={"completionTime": times.render(world.now)})


def _after_the_end(world: World, patience: Patience) -> Plan:
    """Finished: only its time to live, a generation that moved, and what its stages have left are to be looked at."""
    expires = ttl.expires_at(world.completed_at, world.job.spec.ttl_seconds_after_finished)
    if expires is not None and world.now >= expires:
        return Expire()
    if world.status.get("observedGeneration") != world.job.metadata.generation:
        return Follow()
    plans = [stage.after_the_end(world, patience) for stage in reversed(world.stages)]
    if act := next((plan for plan in plans if plan is not None and not isinstance(plan, Nothing)), None):
        return act
    wakes = [plan.after for plan in plans if isinstance(plan, Nothing) and plan.after is not None]
    if expires is not None:
        wakes.append(times.until(expires, world.now))
    return Nothing(min(wakes, default=None))
