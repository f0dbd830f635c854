"""A child whose runner has not started: what it waits for, and which waits are in vain."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from qee.api.reasons import Reason
from qee.core import times
from qee.core.job.observed import ChildState, PodState
from qee.core.job.world import Patience

# Reasons of the kubelet (pkg/kubelet/images and pkg/kubelet/kuberuntime in k8s.io/kubernetes).
IMAGE_NEVER = frozenset({"InvalidImageName", "ErrImageNeverPull"})
IMAGE_TROUBLE = frozenset({"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"})
CONFIG_TROUBLE = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError"}
)
MOUNT_AGAIN = 60.0  # seconds at most until it is asked again whether the input of a pod that does not start is there


@dataclass(frozen=True)
class Queue:
    """`in_vain`: why it will never start. `look_after`: seconds until something is to be seen of which no watch tells,
    an end of patience or an input ConfigMap that is gone; None: watches tell of all that may come.
    """

    waits_for: str
    look_after: float | None = None
    in_vain: tuple[Reason, str] | None = None


def queued(child: ChildState, pods: Sequence[PodState], now: datetime, patience: Patience) -> Queue:
    """What the runner of this child waits for."""
    looks = []
    for pod in pods:
        age, bears = times.age(pod.created_at, now), _bears(pod, patience)
        if bears is not None and pod.waiting is not None:
            if age >= bears[1]:
                said = f"{pod.waiting.reason}: {pod.waiting.message}"
                return Queue(said, in_vain=(bears[0], f"{said[:400]} {bears[0].remedy}"))
            looks.append(bears[1] - age + 0.5)
    if starts(pods) or (not pods and not child.suspended):
        age = times.age(child.created_at, now)
        looks.append(patience.unstarted - age + 0.5 if age < patience.unstarted else min(max(age, 1.0), MOUNT_AGAIN))
    return Queue(_waits_for(child, pods), min(looks, default=None))


def starts(pods: Sequence[PodState]) -> bool:
    """Pods have a node and have not started: if their input ConfigMap is gone, only the kubelet's Events say so."""
    return not any(pod.running or pod.terminated for pod in pods) and any(not pod.unschedulable for pod in pods)


def _bears(pod: PodState, patience: Patience) -> tuple[Reason, float] | None:
    """What this pod's trouble is called once it lasts for so many seconds; None where there is none."""
    if pod.waiting is None or pod.terminated is not None:
        return None
    if pod.waiting.reason in IMAGE_NEVER:
        return Reason.IMAGE_PULL_FAILED, -math.inf
    if pod.waiting.reason in IMAGE_TROUBLE:
        return Reason.IMAGE_PULL_FAILED, patience.image
    if pod.waiting.reason in CONFIG_TROUBLE:
        return Reason.POD_CONFIG_ERROR, patience.configuration
    return None


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
