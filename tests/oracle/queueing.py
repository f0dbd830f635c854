"""A child whose runner has not started: what it waits for, and which waits are in vain."""

from collections.abc import Sequence
from datetime import datetime

from tests.oracle.observed import ChildState, PodState
from tests.oracle.plan import Finish, Nothing, Plan, Report
from tests.oracle.world import Patience, World

from qee.api.conditions import Phase
from qee.api.reasons import Reason

# Reasons of the kubelet (pkg/kubelet/images and pkg/kubelet/kuberuntime in k8s.io/kubernetes).
IMAGE_NEVER = frozenset({"InvalidImageName", "ErrImageNeverPull"})
IMAGE_TROUBLE = frozenset({"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"})
CONFIG_TROUBLE = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError"}
)
LOOK_AGAIN = None  # was 30.0: nobody looks again on a timer that a watch would tell of


def queued(world: World, patience: Patience) -> Plan:
    """Wait, say what for, or give up on an image or a configuration that will not come right."""
    child = world.child
    if child is None:
        raise ValueError("queued() is for a job with a child")
    for pod in world.pods:
        if trouble := _trouble(child, pod, world.now, patience):
            return trouble
    waited = _age(child.created_at, world.now)
    if waited < patience.queued and not child.suspended and not world.recorded_child:
        return Nothing(after=patience.queued - waited + 0.05)
    return Report(Phase.QUEUED, Reason.QUEUED, _waits_for(child, world.pods), child, after=LOOK_AGAIN)


def _trouble(child: ChildState, pod: PodState, now: datetime, patience: Patience) -> Finish | None:
    if pod.waiting is None or pod.terminated is not None:
        return None
    age = _age(pod.created_at, now)
    why = pod.waiting.reason
    if why in IMAGE_NEVER or (why in IMAGE_TROUBLE and age >= patience.image):
        return _give_up(child, Reason.IMAGE_PULL_FAILED, pod)
    if why in CONFIG_TROUBLE and age >= patience.configuration:
        return _give_up(child, Reason.POD_CONFIG_ERROR, pod)
    return None


def _give_up(child: ChildState, reason: Reason, pod: PodState) -> Finish:
    said = f"{pod.waiting.reason}: {pod.waiting.message}" if pod.waiting else ""
    return Finish(Phase.FAILED, reason, f"{said[:400]} {reason.remedy}", child=child, take_away=True)


def _waits_for(child: ChildState, pods: Sequence[PodState]) -> str:
    if child.suspended:
        return "The child Job is suspended: Kueue has not admitted it yet, or someone suspended it."
    for pod in pods:
        if pod.unschedulable:
            return f"No node has room: {pod.unschedulable[:400]}"
        if pod.waiting and pod.waiting.reason in IMAGE_TROUBLE:
            return f"The node cannot get the runner's image yet: {pod.waiting.message[:400]}"
        if pod.waiting and pod.waiting.reason in CONFIG_TROUBLE:
            return f"The kubelet cannot start the container yet: {pod.waiting.message[:400]}"
    return "The pod has not started yet."  # one text for all short waits: each change of text is a write


def _age(since: datetime | None, now: datetime) -> float:
    return (now - since).total_seconds() if since else 0.0
