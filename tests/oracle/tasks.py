"""Following a QuantumTask: what its connector has said of it, in the terms of the job."""

from datetime import timedelta

from tests.oracle.plan import CancelTask, CollectLate, CollectTask, FetchTask, Finish, Nothing, Pause, Plan, Report
from tests.oracle.world import Patience, World

from qee.api.conditions import ConditionType, Phase
from qee.api.names import ANNOTATION_FETCH_AT
from qee.api.reasons import Reason
from qee.api.task import TaskState

LOOK_AGAIN = None  # was 30.0
# One text from the task's creation until the provider begins: each change of text is a write.
WAITS = "Compiled and reserved; it waits for its connector and in the provider's queue."
_FAILURES = {
    TaskState.FAILED: Reason.PROVIDER_FAILED,
    TaskState.LOST: Reason.PROVIDER_LOST,
    TaskState.DENIED: Reason.TASK_DENIED,
}


def follow(world: World) -> Plan:
    """The plan for a job whose attempt has a QuantumTask, or had one."""
    task = world.task
    if task is None:
        return Finish(
            Phase.FAILED,
            Reason.CHILD_LOST,
            f"The QuantumTask was deleted; whether the provider has run it is not known. {Reason.CHILD_LOST.remedy}",
        )
    match task.state:
        case TaskState.SUCCEEDED:
            return CollectTask(task)
        case TaskState.FAILED | TaskState.LOST | TaskState.DENIED:
            unfetched = task.reason == Reason.RESULT_NOT_FETCHED
            reason = Reason.RESULT_NOT_FETCHED if unfetched else _FAILURES[task.state]
            if unfetched:
                return Finish(Phase.FAILED, reason, task.message, task)
            return Finish(Phase.FAILED, reason, f"{task.reason}: {task.message} {reason.remedy}", task)
        case TaskState.CANCELLED:
            reason = Reason.PROVIDER_CANCELLED
            return Finish(Phase.FAILED, reason, f"{reason.meaning} {task.message}", task)
        case TaskState.RUNNING if task.reason == Reason.RESULT_NOT_FETCHED:
            if again := fetch_again(world):
                return again
            return Report(Phase.RUNNING, Reason.RESULT_NOT_FETCHED, task.message, task, after=LOOK_AGAIN)
        case TaskState.RUNNING:
            return Report(Phase.RUNNING, Reason.RUNNING, "The provider executes the circuits.", task)
        case TaskState.SUBMISSION_UNKNOWN:
            reason = Reason.SUBMISSION_UNKNOWN
            return Report(Phase.QUEUED, reason, f"{reason.meaning} {reason.remedy}", task, after=LOOK_AGAIN)
    if task.deleting:
        return Nothing()
    return Report(Phase.QUEUED, Reason.QUEUED, task.message or WAITS, task, after=LOOK_AGAIN)


def stop(world: World, patience: Patience, end: Finish) -> Plan:
    """End a job whose task may still go on: cancel it, wait for the provider's word, but not for ever."""
    task = world.task
    if task is not None and task.state is TaskState.SUCCEEDED and end.reason is not Reason.REVOKED:
        return CollectTask(task)  # it came too late to stop anything: what was executed is paid for
    if task is None or task.ended:
        return Finish(end.phase, end.reason, end.message, task)
    if task.state is TaskState.PENDING and task.deleting and not task.submitted:
        return Finish(end.phase, end.reason, end.message, task)
    if task.executed and end.reason is not Reason.REVOKED:
        said = "The provider had executed it already; its result is stored if it can be fetched within the hour."
        return Finish(end.phase, end.reason, f"{end.message} {said}", task)
    if task.cancel_requested_at is None:
        return CancelTask(task, after=1.0)
    left = (task.cancel_requested_at + timedelta(seconds=patience.cancel) - world.now).total_seconds()
    if left > 0:
        return Nothing(after=left + 0.5)
    message = f"{end.message} {Reason.CANCEL_UNCONFIRMED.meaning} {Reason.CANCEL_UNCONFIRMED.remedy}"
    return Finish(end.phase, end.reason, message, task, unconfirmed=True)


def suspend(world: World) -> Plan:
    """spec.suspend with a task: what the provider has not begun is cancelled; what it has, runs to its end."""
    task = world.task
    if task is None or task.state is TaskState.CANCELLED:
        return Pause(None)
    if task.ended or task.state is TaskState.RUNNING:
        return follow(world)
    if task.cancel_requested_at is None:
        return CancelTask(task, after=1.0)
    if world.condition(ConditionType.SUSPENDED).get("status") == "True":
        return Nothing(after=LOOK_AGAIN)
    return Report(
        Phase.QUEUED, Reason.QUEUED, "spec.suspend is true; the provider is asked to cancel.", task, after=None
    )


def fetch_again(world: World) -> FetchTask | None:
    """`qee fetch`, where the connector has not been told of it."""
    asked = world.job.metadata.annotations.get(ANNOTATION_FETCH_AT, "")[:64]
    if world.task is None or not asked or asked == world.task.fetch_asked_at:
        return None
    return FetchTask(world.task, asked)


def after_the_end(world: World) -> Plan | None:
    """Of a job that has ended without a result: one that came since is stored, one that is wished for is fetched."""
    task = world.task
    revoked = world.condition(ConditionType.SUCCEEDED).get("reason") == Reason.REVOKED
    if task is None or revoked or world.status.get("result"):
        return None
    if task.has_result:
        return CollectLate(task)
    return fetch_again(world)
