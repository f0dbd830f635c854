"""The child Job and its pods, reduced to what a decision needs.

The runner's container is found by its name and its own termination counts: `containerStatuses[0]` may be an injected
sidecar, and a pod's phase lags behind (seen: container terminated while the pod still read Pending).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qee.api.names import (
    ANNOTATION_CANCEL_AT,
    ANNOTATION_FETCH_AT,
    COMPONENT_COMPILER,
    EXIT_OK,
    EXIT_OOM_KILLED,
    EXIT_PERMANENT,
    INDEX_LABEL,
    LABEL_COMPONENT,
    RUNNER_CONTAINER,
)
from qee.api.task import ENDED, TaskState
from qee.core import times


@dataclass(frozen=True)
class Terminated:
    exit_code: int
    reason: str  # Completed | Error | OOMKilled | ...
    message: str  # what the runner wrote to its termination log
    finished_at: datetime | None
    started_at: datetime | None = None

    @property
    def out_of_memory(self) -> bool:
        """Not by the exit code: 137 is any kill, as of a pod that was deleted or whose child Kueue preempted."""
        return self.reason == "OOMKilled"

    @property
    def permanent(self) -> bool:
        """The same input ends the same way again."""
        return self.exit_code == EXIT_PERMANENT or self.out_of_memory

    @property
    def killed(self) -> bool:
        """Someone deleted the pod, or its node went: nothing that the program did."""
        return self.exit_code == EXIT_OOM_KILLED and not self.out_of_memory


@dataclass(frozen=True)
class Waiting:
    reason: str  # ContainerCreating | ImagePullBackOff | CreateContainerConfigError | ...
    message: str


@dataclass(frozen=True)
class PodState:
    """One pod of the child."""

    name: str
    uid: str
    owner_uid: str | None
    created_at: datetime | None
    deleting: bool
    phase: str
    disrupted: bool  # evicted, drained or preempted (condition DisruptionTarget)
    unschedulable: str  # the scheduler's message, empty when scheduled
    running: bool
    terminated: Terminated | None
    waiting: Waiting | None
    image_id: str
    index: int | None
    """The shard that it says it is. Not to be believed: what it wrote names its shard as well."""
    raw: Mapping[str, Any]

    @property
    def succeeded(self) -> bool:
        return self.terminated is not None and self.terminated.exit_code == EXIT_OK

    @property
    def active(self) -> bool:
        return self.phase not in ("Succeeded", "Failed")


@dataclass(frozen=True)
class ChildState:
    """The child Job of the present attempt."""

    name: str
    uid: str
    created_at: datetime | None
    deleting: bool
    suspended: bool
    complete: bool
    failed_reason: str | None  # BackoffLimitExceeded | PodFailurePolicy | DeadlineExceeded | ...; None while not failed
    failed_message: str
    shards: int
    failed_indexes: frozenset[int]
    """Those that the Job controller has given up."""
    compiles: bool
    """What it gives is no result, but what a QuantumTask submits."""
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class SubmittedTask:
    """The QuantumTask of the present attempt."""

    name: str
    uid: str
    deleting: bool
    state: TaskState
    reason: str
    message: str
    submitted: bool
    """The provider may have been asked."""
    queue_position: int | None
    cancel_requested_at: datetime | None
    """None: not requested."""
    raw: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def executed(self) -> bool:
        """The provider has nothing left to do, and something to give: paid for, stored or still to be fetched."""
        parts = (self.raw.get("status") or {}).get("parts") or []
        states = [part.get("state") for part in parts]
        return "Succeeded" in states and not {"", "Queued", "Running"}.intersection(states)

    @property
    def has_result(self) -> bool:
        return bool((self.raw.get("status") or {}).get("result"))

    @property
    def fetch_asked_at(self) -> str:
        return str((self.raw["metadata"].get("annotations") or {}).get(ANNOTATION_FETCH_AT) or "")


def task_state(task: Mapping[str, Any]) -> SubmittedTask:
    meta, status = task["metadata"], task.get("status") or {}
    asked = (task.get("spec") or {}).get("cancelRequested")
    at = times.parse((meta.get("annotations") or {}).get(ANNOTATION_CANCEL_AT)) if asked else None
    return SubmittedTask(
        name=meta["name"],
        uid=meta["uid"],
        deleting="deletionTimestamp" in meta,
        state=TaskState(status.get("state") or TaskState.PENDING),
        reason=str(status.get("reason") or ""),
        message=str(status.get("message") or ""),
        submitted=bool(status.get("submission")),
        queue_position=status.get("queuePosition"),
        cancel_requested_at=at,
        raw=task,
    )


def child_state(job: Mapping[str, Any]) -> ChildState:
    meta, status = job["metadata"], job.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or [] if c.get("status") == "True"}
    failed = conditions.get("Failed")
    shards = int((job.get("spec") or {}).get("completions") or 1)
    return ChildState(
        name=meta["name"],
        uid=meta["uid"],
        created_at=times.parse(meta.get("creationTimestamp")),
        deleting="deletionTimestamp" in meta,
        suspended=bool((job.get("spec") or {}).get("suspend")),
        complete="Complete" in conditions,
        failed_reason=str(failed.get("reason") or "Failed") if failed else None,
        failed_message=str(failed.get("message") or "") if failed else "",
        shards=shards,
        failed_indexes=_indexes(str(status.get("failedIndexes") or ""), shards),
        compiles=(meta.get("labels") or {}).get(LABEL_COMPONENT) == COMPONENT_COMPILER,
        raw=job,
    )


def pod_state(pod: Mapping[str, Any]) -> PodState:
    meta, status = pod["metadata"], pod.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or []}
    runner: Mapping[str, Any] = next(
        (c for c in status.get("containerStatuses") or [] if c["name"] == RUNNER_CONTAINER), {}
    )
    state = runner.get("state") or {}
    owner: Mapping[str, Any] = next((o for o in meta.get("ownerReferences") or [] if o.get("controller")), {})
    scheduled = conditions.get("PodScheduled") or {}
    return PodState(
        name=meta["name"],
        uid=meta["uid"],
        owner_uid=owner.get("uid"),
        created_at=times.parse(meta.get("creationTimestamp")),
        deleting="deletionTimestamp" in meta,
        phase=str(status.get("phase") or "Pending"),
        disrupted=(conditions.get("DisruptionTarget") or {}).get("status") == "True",
        unschedulable=str(scheduled.get("message") or "Unschedulable") if scheduled.get("status") == "False" else "",
        running="running" in state,
        terminated=_terminated(state.get("terminated")),
        waiting=_waiting(state.get("waiting")),
        image_id=str(runner.get("imageID") or ""),
        index=_index((meta.get("labels") or {}).get(INDEX_LABEL)),
        raw=pod,
    )


def _indexes(text: str, shards: int) -> frozenset[int]:
    """`1,3-5,7`, as batch/v1 writes them; what is not of that form or no shard is left out."""
    found: set[int] = set()
    for span in text.split(","):
        ends = [_index(end) for end in span.split("-", 1)]
        if ends[0] is not None and ends[-1] is not None:
            found.update(range(ends[0], min(ends[-1], shards - 1) + 1))
    return frozenset(found)


def _index(text: str | None) -> int | None:
    """Whoever may change labels may write anything there."""
    return int(text) if text is not None and len(text) < 10 and text.isascii() and text.isdecimal() else None


def _terminated(state: Mapping[str, Any] | None) -> Terminated | None:
    if state is None:
        return None
    return Terminated(
        exit_code=int(state.get("exitCode", -1)),
        reason=str(state.get("reason") or ""),
        message=str(state.get("message") or ""),
        finished_at=times.parse(state.get("finishedAt")),
        started_at=times.parse(state.get("startedAt")),
    )


def _waiting(state: Mapping[str, Any] | None) -> Waiting | None:
    if state is None:
        return None
    return Waiting(reason=str(state.get("reason") or ""), message=str(state.get("message") or ""))
