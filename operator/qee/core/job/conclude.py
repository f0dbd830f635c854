"""What follows from what came of a step. With `decide` it is the operator's whole story; as pure as that."""

from dataclasses import replace

from qee.api.conditions import Phase
from qee.api.reasons import Reason
from qee.core import times
from qee.core.job import deadline, retry
from qee.core.job.decide import decide
from qee.core.job.outcome import Done, KeyUnreadable, Learned, Lost, Next, Outcome, ServerRefused, Stored
from qee.core.job.plan import Carry, Nothing, Plan, Report, Start
from qee.core.job.world import Patience, World
from qee.core.refusal import Denied, Refused

ASK_AGAIN = 5.0  # seconds until a missing backend or ConfigMap is looked for again
REFUSED_AGAIN = 15.0  # seconds until a child that a quota or a policy refused is tried again


def conclude(world: World, step: Start | Carry, outcome: Outcome, patience: Patience) -> tuple[World, Plan]:
    """What is known after the step, and what to do now."""
    match outcome:
        case Learned(stage):
            world = replace(world, stages=(*world.stages[:-1], stage))
            return world, decide(world, patience)
        case Denied():
            reason, message = outcome.reason, outcome.message
            verdict = replace(world.verdict, allowed=False, reason=reason, message=message, policies=())
            return replace(world, verdict=verdict), deadline.wake(world, Report(Phase.UNVERIFIED, reason, message))
    if world.ended:
        return world, _after_the_end(world.ended, outcome)
    return world, _plan(world, step, outcome, patience)


def _plan(world: World, step: Start | Carry, outcome: Outcome, patience: Patience) -> Plan:
    match outcome:
        case Next(child, message, fields):
            return Report(Phase.QUEUED, Reason.QUEUED, message, child, fields)
        case Stored(place, fields, ""):
            said = f"The result is in {place}."
            return replace(world.finish(Phase.SUCCEEDED, Reason.COMPLETED, said), fields=fields)
        case Stored(_, fields, partial):
            return replace(world.finish(Phase.FAILED, Reason.PARTIAL_RESULT, partial), fields=fields)
        case Lost():
            return retry.lost(world, Reason.RESULT_LOST, f"The result is lost: {outcome}.")
        case KeyUnreadable() if world.stage is not None:
            message = f"{outcome} {Reason.WAITING_FOR_RESULT_KEY.remedy}"
            return world.stage.key_unreadable(message, ASK_AGAIN)
        case ServerRefused(message):
            said = f"{message[:400]} {Reason.CHILD_REFUSED.remedy}"
            return Report(Phase.PENDING, Reason.CHILD_REFUSED, said, after=REFUSED_AGAIN)
        case Refused():
            return _refused(world, step, outcome, patience)
        case Done(after):
            return Nothing(after)
    raise TypeError(f"{outcome!r} of a job without a stage")


def _refused(world: World, step: Start | Carry, refusal: Refused, patience: Patience) -> Plan:
    """A job that is to start waits for what may still come, within the grace; else it fails."""
    left = patience.missing - times.age(deadline.begins_at(world), world.now)
    if isinstance(step, Start) and refusal.waiting is not None and left > 0:
        return Report(Phase.PENDING, refusal.waiting, refusal.message, after=min(ASK_AGAIN, left + 0.5))
    return world.finish(Phase.FAILED, refusal.reason, refusal.message)


def _after_the_end(phase: Phase, outcome: Outcome) -> Plan:
    """A result that came late is told of; the job's end stays as it is."""
    match outcome:
        case Stored(_, fields, _):
            return Report(phase, Reason.RESULT_STORED, Reason.RESULT_STORED.meaning, fields=fields)
        case KeyUnreadable():
            return Nothing(ASK_AGAIN)
        case Done(after):
            return Nothing(after)
    return Nothing()  # refused, and its driver has logged it
