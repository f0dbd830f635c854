"""A Job of several shards: what one gave is stored as soon as it ends, and what one loses the others keep.

A shard fails by itself, and for good where its error would come again or its own retries are used up. The job ends when
each shard has given its part or failed so. Where what a shard gave is lost, the others are waited for; then another
attempt follows, which has only the lost parts to add.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from qee.api.conditions import Phase
from qee.api.reasons import Reason
from qee.core.job import failure, retry
from qee.core.job.child import JobStage
from qee.core.job.observed import PodState
from qee.core.job.plan import EVERYTHING, Carry, Finish, Plan, Read, Reads, Step
from qee.core.job.world import Patience, World
from qee.documents.result import Missing

Why = tuple[Reason, str]
KEY_AGAIN = 5.0  # seconds until the key for parts is tried again


@dataclass(frozen=True)
class Gather(Step):
    """Read what these pods' shards gave, and store each as a part."""

    needs: ClassVar[Reads] = frozenset({Read.PODS})

    pods: tuple[PodState, ...]


@dataclass(frozen=True)
class Merge(Step):
    """Put the stored parts together and store the result; in part, where shards are missing."""

    needs: ClassVar[Reads] = EVERYTHING

    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True)
class Shards(JobStage):
    """`parts`: the shards whose part is stored; None: the key that parts are signed with cannot be read.

    `unreadable`: UIDs of pods that ended well and gave no result of their shard, and why; as far as was tried in this
    step.
    """

    parts: frozenset[int] | None = frozenset()
    unreadable: Mapping[str, Why] = field(default_factory=dict)

    @property
    def has_run(self) -> bool:
        if self.parts is None:  # nobody can tell; no deadline ends what only waits for the key
            return not any(pod.active and pod.terminated is None for pod in self.pods)
        done = {pod.index for pod in self.pods if pod.succeeded and pod.uid not in self.unreadable} | self.parts
        return done.issuperset(range(self.job.shards))

    def progress(self, world: World, patience: Patience) -> Plan:
        if self.parts is None:
            return self._key_unreadable()
        absent = [index for index in range(self.job.shards) if index not in self.parts]
        if not absent:
            return Carry(Merge())
        ready = [pod for pod in self.pods if pod.succeeded and pod.index in absent and pod.uid not in self.unreadable]
        if ready:
            return Carry(Gather(tuple(ready)))
        failed = {index: why for index in absent if (why := self._permanent(world, index))}
        if len(failed) == len(absent):
            return self._end(failed)
        if self.job.failed_reason == "DeadlineExceeded":
            return self.failed(world)
        if self.job.complete or self.job.failed_reason is not None:
            return self._lost(world, absent, failed)
        if self.input_gone:
            return retry.lost(world, Reason.CHILD_LOST, "The input ConfigMap was deleted before the pods started.")
        if any(pod.running for pod in self.pods):
            return self.running()
        plan = self.queued(world, patience)
        if isinstance(plan, Finish) and self.parts:  # pods that will never start
            return self._end({index: failed.get(index, (plan.reason, plan.message)) for index in absent})
        return plan

    def _key_unreadable(self) -> Plan:
        if any(pod.running for pod in self.pods):
            return self.report(Phase.RUNNING, Reason.RUNNING, "The circuits are being executed.", KEY_AGAIN)
        reason = Reason.WAITING_FOR_RESULT_KEY
        return self.key_unreadable(f"{reason.meaning} {reason.remedy}", KEY_AGAIN)

    def _permanent(self, world: World, index: int) -> Why | None:
        """Why this shard will give nothing in this attempt nor in another; None where it may."""
        ended = [pod for pod in self.pods if pod.index == index and pod.terminated and not pod.succeeded]
        if why := failure.permanent(ended):
            return why
        last = failure.last_of(ended)
        if index not in self.job.failed_indexes or last is None or last.terminated is None or last.terminated.killed:
            return None
        limit = world.backoff_limit
        message = f"Every attempt within spec.backoffLimit={limit} failed; the last one: {failure.of_pod(last)[1]}"
        return Reason.BACKOFF_LIMIT_EXCEEDED, message

    def _lost(self, world: World, absent: Iterable[int], failed: Mapping[int, Why]) -> Plan:
        """All pods have ended, and shards have given nothing for which they are not to blame."""
        lost = {index: self._of_lost(index) for index in absent if index not in failed}
        index, (reason, message) = next(iter(lost.items()))
        if world.attempts_left > 0 or not self.parts:
            return retry.lost(world, reason, f"Shard {index} of {self.job.shards}: {message}")
        return self._end({**failed, **lost})

    def _of_lost(self, index: int) -> Why:
        for pod in self.pods:
            if pod.index == index and pod.uid in self.unreadable:
                return self.unreadable[pod.uid]
        return Reason.RESULT_LOST, "The pod and its log are gone, and its part of the result was not stored yet."

    def _end(self, failed: Mapping[int, Why]) -> Plan:
        """Each absent shard has failed for good: keep what the others gave, if any gave something."""
        if self.parts:
            return Carry(Merge(tuple(Missing(index, str(reason), said) for index, (reason, said) in failed.items())))
        index, (reason, message) = next(iter(failed.items()))
        return self.finish(Phase.FAILED, reason, f"All {self.job.shards} shards failed; shard {index}: {message}")
