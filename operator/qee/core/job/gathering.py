"""Following a child of several shards: what one gave is stored as soon as it ends, and what one loses the others keep.

A shard fails by itself, and for good where its error would come again or its own retries are used up. The job ends when
each shard has given its part or failed so. Where what a shard gave is lost, the others are waited for; then another
attempt follows, which has only the lost parts to add.
"""

from collections.abc import Iterable, Mapping

from qee.api.conditions import Phase
from qee.api.reasons import Reason
from qee.core.job import failure, retry
from qee.core.job.observed import ChildState
from qee.core.job.plan import Finish, Gather, Merge, Plan, Report
from qee.core.job.queueing import queued
from qee.core.job.world import Patience, World
from qee.documents.result import Missing

Why = tuple[Reason, str]
KEY_AGAIN = 5.0  # seconds until the key for parts is tried again


def follow(world: World, child: ChildState, patience: Patience) -> Plan:
    """The plan for a job whose child has several shards, and is ours."""
    if world.parts is None:
        return _key_unreadable(world, child)
    absent = [index for index in range(child.shards) if index not in world.parts]
    if not absent:
        return Merge(child)
    ready = [pod for pod in world.pods if pod.succeeded and pod.index in absent and pod.uid not in world.unreadable]
    if ready:
        return Gather(child, tuple(ready))
    failed = {index: why for index in absent if (why := _for_good(world, child, index))}
    if len(failed) == len(absent):
        return _end(world, child, failed)
    if child.failed_reason == "DeadlineExceeded":
        return failure.of_child(world, child)
    if child.complete or child.failed_reason is not None:
        return _lost(world, child, absent, failed)
    if world.input_gone:
        return retry.lost(world, Reason.CHILD_LOST, "The input ConfigMap was deleted before the pods started.")
    if any(pod.running for pod in world.pods):
        return Report(Phase.RUNNING, Reason.RUNNING, "The circuits are being executed.", child)
    return _waiting(world, child, absent, failed, patience)


def _key_unreadable(world: World, child: ChildState) -> Report:
    if any(pod.running for pod in world.pods):
        return Report(Phase.RUNNING, Reason.RUNNING, "The circuits are being executed.", child, after=KEY_AGAIN)
    reason = Reason.WAITING_FOR_RESULT_KEY
    return Report(Phase.PENDING, reason, f"{reason.meaning} {reason.remedy}", child, after=KEY_AGAIN)


def _for_good(world: World, child: ChildState, index: int) -> Why | None:
    """Why this shard will give nothing in this attempt nor in another; None where it may."""
    ended = [pod for pod in world.pods if pod.index == index and pod.terminated and not pod.succeeded]
    for pod in ended:
        if pod.terminated is not None and pod.terminated.permanent and not pod.disrupted:
            return failure.of_pod(pod)
    last = max(ended, key=lambda pod: str(pod.created_at), default=None)
    if index not in child.failed_indexes or last is None or last.terminated is None or last.terminated.killed:
        return None
    limit = world.backoff_limit
    message = f"Every attempt within spec.backoffLimit={limit} failed; the last one: {failure.of_pod(last)[1]}"
    return Reason.BACKOFF_LIMIT_EXCEEDED, message


def _lost(world: World, child: ChildState, absent: Iterable[int], failed: Mapping[int, Why]) -> Plan:
    """All pods have ended, and shards have given nothing for which they are not to blame."""
    lost = {index: _of_lost(world, index) for index in absent if index not in failed}
    index, (reason, message) = next(iter(lost.items()))
    if world.attempts_left > 0 or not world.parts:
        return retry.lost(world, reason, f"Shard {index} of {child.shards}: {message}")
    return _end(world, child, {**failed, **lost})


def _of_lost(world: World, index: int) -> Why:
    for pod in world.pods:
        if pod.index == index and pod.uid in world.unreadable:
            return world.unreadable[pod.uid]
    return Reason.RESULT_LOST, "The pod and its log are gone, and its part of the result was not stored yet."


def _waiting(
    world: World, child: ChildState, absent: Iterable[int], failed: Mapping[int, Why], patience: Patience
) -> Plan:
    plan = queued(world, patience)
    if isinstance(plan, Finish) and world.parts:  # pods that will never start
        return _end(world, child, {index: failed.get(index, (plan.reason, plan.message)) for index in absent})
    return plan


def _end(world: World, child: ChildState, failed: Mapping[int, Why]) -> Merge | Finish:
    """Each absent shard has failed for good: keep what the others gave, if any gave something."""
    if world.parts:
        return Merge(child, tuple(Missing(index, str(reason), said) for index, (reason, said) in failed.items()))
    index, (reason, message) = next(iter(failed.items()))
    return Finish(Phase.FAILED, reason, f"All {child.shards} shards failed; shard {index}: {message}", child=child)
