"""A QuantumTask: what its connector has said of it, in the terms of the job."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from qee.api.conditions import ConditionType, Phase
from qee.api.names import ANNOTATION_FETCH_AT, KIND_TASK
from qee.api.reasons import Reason
from qee.api.task import QuantumTask, TaskState
from qee.core import times
from qee.core.job.plan import Carry, Child, Finish, Nothing, Pause, Plan, Read, Reads, Report, Step
from qee.core.job.world import Patience, Stage, World

# One text from the task's creation until the provider begins: each change of text is a write.
WAITS = "Compiled and reserved; it waits for its connector and in the provider's queue."
_FAILURES = {
    TaskState.FAILED: Reason.PROVIDER_FAILED,
    TaskState.LOST: Reason.PROVIDER_LOST,
    TaskState.DENIED: Reason.TASK_DENIED,
}


@dataclass(frozen=True)
class Collect(Step):
    """Store the result that the task holds; of a job that has ended without it its end stays as it is."""

    needs: ClassVar[Reads] = frozenset({Read.JOB, Read.TASK})


@dataclass(frozen=True)
class Fetch(Step):
    """Have the connector fetch the result now; somebody asked for it at that time."""

    asked_at: str


@dataclass(frozen=True)
class Cancel(Step):
    """Have the connector cancel it, and look again after some seconds."""

    needs: ClassVar[Reads] = frozenset({Read.JOB, Read.POLICIES})

    after: float


@dataclass(frozen=True)
class Provider(Stage):
    """The attempt's QuantumTask, which is ours; None where somebody has deleted it."""

    backoff_limit: ClassVar[int] = 0
    reserves: ClassVar[bool] = True

    task: QuantumTask | None

    @property
    def child(self) -> Child | None:
        return Child(KIND_TASK, self.task.metadata.name, self.task.metadata.uid) if self.task is not None else None

    @property
    def has_run(self) -> bool:
        task = self.task
        return task is not None and (task.state is TaskState.SUCCEEDED or (not task.ended and task.executed))

    def report(self, phase: Phase, reason: Reason, message: str, after: float | None = None) -> Report:
        position = self.task.status.queue_position if self.task is not None else None
        queue = None if position is None else {"position": position}
        return Report(phase, reason, message, self.child, {"queue": queue}, after)

    def key_unreadable(self, message: str, after: float) -> Report:
        return self.report(Phase.QUEUED, Reason.WAITING_FOR_RESULT_KEY, message, after)

    def finish(self, phase: Phase, reason: Reason, message: str, take_away: bool = False) -> Finish:
        return Finish(phase, reason, message, self.child)

    def follow(self, world: World, patience: Patience) -> Plan:
        task = self.task
        if task is None:
            reason = Reason.CHILD_LOST
            said = "The QuantumTask was deleted; whether the provider has run it is not known."
            return self.finish(Phase.FAILED, reason, f"{said} {reason.remedy}")
        said, unfetched = task.status.message, task.status.reason == Reason.RESULT_NOT_FETCHED
        match task.state:
            case TaskState.SUCCEEDED:
                return Carry(Collect())
            case TaskState.FAILED | TaskState.LOST | TaskState.DENIED if unfetched:
                return self.finish(Phase.FAILED, Reason.RESULT_NOT_FETCHED, said)
            case TaskState.FAILED | TaskState.LOST | TaskState.DENIED:
                reason = _FAILURES[task.state]
                return self.finish(Phase.FAILED, reason, f"{task.status.reason}: {said} {reason.remedy}")
            case TaskState.CANCELLED:
                reason = Reason.PROVIDER_CANCELLED
                return self.finish(Phase.FAILED, reason, f"{reason.meaning} {said}")
            case TaskState.RUNNING if unfetched:
                return self._fetch_again(world) or self.report(Phase.RUNNING, Reason.RESULT_NOT_FETCHED, said)
            case TaskState.RUNNING:
                return self.report(Phase.RUNNING, Reason.RUNNING, "The provider executes the circuits.")
            case TaskState.SUBMISSION_UNKNOWN:
                reason = Reason.SUBMISSION_UNKNOWN
                return self.report(Phase.QUEUED, reason, f"{reason.meaning} {reason.remedy}")
        if task.deleting:
            return Nothing()
        return self.report(Phase.QUEUED, Reason.QUEUED, said or WAITS)

    def stop(self, world: World, patience: Patience, end: Finish) -> Plan | None:
        """Cancel what may still go on, wait for the provider's word, but not for ever."""
        task = self.task
        if task is None:
            return None
        if task.state is TaskState.SUCCEEDED and end.reason is not Reason.REVOKED:
            return Carry(Collect())  # it came too late to stop anything: what was executed is paid for
        over = self.finish(end.phase, end.reason, end.message)
        if task.ended or (task.state is TaskState.PENDING and task.deleting and not task.submitted):
            return over
        if task.executed and end.reason is not Reason.REVOKED:
            said = "The provider had executed it already; its result is stored if it can be fetched within the hour."
            return replace(over, message=f"{end.message} {said}")
        if task.cancel_requested_at is None:
            return Carry(Cancel(after=1.0))
        given_up = task.cancel_requested_at + timedelta(seconds=patience.cancel)
        if world.now < given_up:
            return Nothing(after=times.until(given_up, world.now))
        message = f"{end.message} {Reason.CANCEL_UNCONFIRMED.meaning} {Reason.CANCEL_UNCONFIRMED.remedy}"
        return replace(over, message=message, unconfirmed=True)

    def suspend(self, world: World, patience: Patience) -> Plan | None:
        """What the provider has not begun is cancelled; what it has, runs to its end."""
        task = self.task
        if task is None:
            return None
        if task.state is TaskState.CANCELLED:
            return Pause(over=True)
        if task.ended or task.state is TaskState.RUNNING:
            return self.follow(world, patience)
        if task.cancel_requested_at is None:
            return Carry(Cancel(after=1.0))
        if world.condition(ConditionType.SUSPENDED).get("status") == "True":
            return Nothing()
        return self.report(Phase.QUEUED, Reason.QUEUED, "spec.suspend is true; the provider is asked to cancel.")

    def _fetch_again(self, world: World) -> Plan | None:
        """`qee fetch`, where the connector has not been told of it."""
        asked = world.job.metadata.annotations.get(ANNOTATION_FETCH_AT, "")[:64]
        told = self.task is not None and self.task.metadata.annotations.get(ANNOTATION_FETCH_AT, "") == asked
        return None if self.task is None or not asked or told else Carry(Fetch(asked))

    def after_the_end(self, world: World, patience: Patience) -> Plan | None:
        """Without a result: one that came since is stored, one that is wished for is fetched."""
        revoked = world.condition(ConditionType.SUCCEEDED).get("reason") == Reason.REVOKED
        if self.task is None or revoked or world.status.get("result"):
            return None
        return Carry(Collect()) if self.task.status.result is not None else self._fetch_again(world)
