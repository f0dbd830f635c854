"""What the stages have in common whose child is a batch/v1 Job: those that simulate, and the one that compiles."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from qee.api.conditions import Phase
from qee.api.names import KIND_CHILD
from qee.api.reasons import Reason
from qee.core import times
from qee.core.job import failure, retry
from qee.core.job.observed import ChildState, PodState
from qee.core.job.plan import Carry, Child, Finish, Nothing, Plan, Retry, Start, Step, TakeAway
from qee.core.job.queueing import queued
from qee.core.job.world import Patience, Stage, World


@dataclass(frozen=True)
class JobStage(Stage):
    """A child Job and those of its pods that are what it would make. `ours`: this process has made the Job, or compared
    it with what it would make. `input_gone`: its input ConfigMap does not exist any more, and no pod has started.
    """

    job: ChildState
    pods: Sequence[PodState] = ()
    ours: bool = False
    input_gone: bool = False

    @classmethod
    def of(cls, found: "JobStage") -> Self:
        """What was found, as this stage."""
        return cls(found.job, found.pods, found.ours, found.input_gone)

    @property
    def child(self) -> Child:
        return Child(KIND_CHILD, self.job.name, self.job.uid)

    @property
    def deadline_seconds(self) -> int | None:
        return self.job.deadline_seconds

    @property
    def has_run(self) -> bool:
        return any(pod.succeeded for pod in self.pods)

    def known(self, world: World) -> bool:
        """The Job is the one that this quantum job was started with."""
        return self.ours or world.recorded_child == self.job.uid

    def disowned(self, world: World) -> Plan | None:
        """Forged, or left by a predecessor: nobody can vouch for it now."""
        if self.job.deleting:
            return Nothing()
        return None if self.known(world) else TakeAway(self.child)

    def follow(self, world: World, patience: Patience) -> Plan:
        if self.job.deleting:
            return Nothing()
        if world.recorded_child not in (None, self.job.uid):
            return retry.lost(world, Reason.CHILD_LOST, "The child Job was replaced by another one of the same name.")
        if not self.known(world):
            return Start(world.attempt)  # left by a predecessor, or forged: creating it anew tells which
        return self.progress(world, patience)

    def progress(self, world: World, patience: Patience) -> Plan:
        """The Job is ours and stays."""
        raise NotImplementedError

    def of_one_pod(self, world: World, patience: Patience, collect: Callable[[PodState], Step]) -> Plan:
        """`progress` of a Job with one pod at a time: `collect` is what follows once one has ended well."""
        if done := next((pod for pod in self.pods if pod.succeeded), None):
            return Carry(collect(done))
        if failed := failure.permanent(self.pods):
            return self.finish(Phase.FAILED, *failed)
        if self.job.complete:
            return retry.lost(world, Reason.RESULT_LOST, "The child Job is complete, but its pod and log are gone.")
        if self.job.failed_reason is not None:
            return self.failed(world)
        if self.input_gone:
            return retry.lost(world, Reason.CHILD_LOST, "The input ConfigMap was deleted before the pod started.")
        if any(pod.running for pod in self.pods):
            return self.running()
        return self.queued(world, patience)

    def running(self) -> Plan:
        return self.report(Phase.RUNNING, Reason.RUNNING, "The circuits are being executed.")

    def queued(self, world: World, patience: Patience) -> Plan:
        """Wait, say what for, or give up on an image or a configuration that will not come right."""
        found = queued(self.job, self.pods, world.now, patience)
        if found.in_vain:
            return self.finish(Phase.FAILED, *found.in_vain, take_away=True)
        waited = times.age(self.job.created_at, world.now)
        if waited < patience.queued and not self.job.suspended and not world.recorded_child:
            return Nothing(after=patience.queued - waited + 0.05)
        return self.report(Phase.QUEUED, Reason.QUEUED, found.waits_for, found.look_after)

    def failed(self, world: World) -> Finish | Retry:
        """The Job has failed as a whole, and no pod that is left tells of a failure that would come again."""
        if self.job.failed_reason == "PodFailurePolicy":  # the exit code of a kill: a pod was deleted, or its node went
            return retry.lost(
                world, Reason.RESULT_LOST, "The pod was deleted or its node lost before it gave a result."
            )
        if self.job.failed_reason == "DeadlineExceeded":
            return self.finish(Phase.FAILED, Reason.DEADLINE_EXCEEDED, Reason.DEADLINE_EXCEEDED.remedy)
        last = failure.last_of(self.pods)
        why = failure.of_pod(last)[1] if last is not None else self.job.failed_message[: failure.MAX_MESSAGE]
        message = f"Every attempt within spec.backoffLimit={world.backoff_limit} failed; the last one: {why}"
        return self.finish(Phase.FAILED, Reason.BACKOFF_LIMIT_EXCEEDED, message)

    def after_the_end(self, world: World, patience: Patience) -> Plan | None:
        """A pod that does not end, for its sidecar goes on, is taken away after a while."""
        if self.job.deleting or world.completed_at is None:
            return None
        settled = world.completed_at + timedelta(seconds=patience.linger)
        if world.now < settled:
            return Nothing(after=times.until(settled, world.now))
        return TakeAway(self.child) if any(pod.active for pod in self.pods) else None
