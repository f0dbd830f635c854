"""Following the child of the present attempt, from its absence to the runner's exit code."""

from tests.oracle import failure, gathering, retry
from tests.oracle.observed import PodState
from tests.oracle.plan import Collect, Finish, Nothing, Plan, Report, Start, Submit
from tests.oracle.queueing import queued
from tests.oracle.world import Patience, World

from qee.api.conditions import Phase
from qee.api.reasons import Reason


def follow(world: World, patience: Patience) -> Plan:
    """The plan for a job that may run: start its attempt, wait for it, collect its result, or see how it failed."""
    child = world.child
    if child is None:
        if world.recorded_child:
            return retry.lost(world, Reason.CHILD_LOST, "The child Job was deleted before its result was read.")
        return Start(world.attempt)
    if child.deleting:
        return Nothing()
    if world.recorded_child not in (None, child.uid):
        return retry.lost(world, Reason.CHILD_LOST, "The child Job was replaced by another one of the same name.")
    if not world.recorded_child and not world.child_is_ours:
        return Start(world.attempt)  # left by a predecessor, or forged: creating it anew tells which
    if child.shards > 1:
        return gathering.follow(world, child, patience)

    if done := next((pod for pod in world.pods if pod.succeeded), None):
        return Submit(child, done) if child.compiles else Collect(child, done)
    if failed := _permanent_failure(world):
        return failed
    if child.complete:
        return retry.lost(world, Reason.RESULT_LOST, "The child Job is complete, but its pod and log are gone.")
    if child.failed_reason is not None:
        return failure.of_child(world, child)
    if world.input_gone:
        return retry.lost(world, Reason.CHILD_LOST, "The input ConfigMap was deleted before the pod started.")
    if child.compiles and any(pod.running for pod in world.pods):
        return Nothing()  # compiling is not the running that people wait for: no write for it
    if any(pod.running for pod in world.pods):
        return Report(Phase.RUNNING, Reason.RUNNING, "The circuits are being executed.", child)
    return queued(world, patience)


def _permanent_failure(world: World) -> Finish | None:
    """A runner that ended in a way that will not change: the Job controller says so only seconds later."""
    for pod in world.pods:
        if pod.terminated is not None and pod.terminated.permanent and not pod.disrupted:
            return _finish(world, pod)
    return None


def _finish(world: World, pod: PodState) -> Finish:
    reason, message = failure.of_pod(pod)
    return Finish(Phase.FAILED, reason, message, child=world.child)
