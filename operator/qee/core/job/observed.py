"""A child Job and its pods, reduced to what a decision needs.

The runner's container is found by its name and its own termination counts: `containerStatuses[0]` may be an injected
sidecar, and a pod's phase lags behind (seen: container terminated while the pod still read Pending).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qee.api import names
from qee.core import times

SHA256_ARGUMENT = "--sha256="


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
        return self.exit_code == names.EXIT_PERMANENT or self.out_of_memory

    @property
    def killed(self) -> bool:
        """Someone deleted the pod, or its node went: nothing that the program did."""
        return self.exit_code == names.EXIT_OOM_KILLED and not self.out_of_memory


@dataclass(frozen=True)
class Waiting:
    reason: str  # ContainerCreating | ImagePullBackOff | CreateContainerConfigError | ...
    message: str


@dataclass(frozen=True)
class PodState:
    """One pod of the child."""

    name: str
    uid: str
    created_at: datetime | None
    phase: str
    disrupted: bool  # evicted, drained or preempted (condition DisruptionTarget)
    unschedulable: str  # the scheduler's message, empty when scheduled
    running: bool
    terminated: Terminated | None
    waiting: Waiting | None
    image_id: str
    index: int | None
    """The shard that it says it is. Not to be believed: what it wrote names its shard as well."""

    @property
    def succeeded(self) -> bool:
        return self.terminated is not None and self.terminated.exit_code == names.EXIT_OK

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
    deadline_seconds: int | None
    image: str
    """Of its runner's container."""
    input_name: str
    """The ConfigMap that its pods take their input from."""
    input_sha256: str
    """The digest of the input that they were told to expect."""


def child_state(job: Mapping[str, Any]) -> ChildState:
    meta, spec, status = job["metadata"], job.get("spec") or {}, job.get("status") or {}
    pods = (spec.get("template") or {}).get("spec") or {}
    containers = (each for each in pods.get("containers") or [] if each["name"] == names.RUNNER_CONTAINER)
    runner: Mapping[str, Any] = next(containers, {})
    arguments = [str(each) for each in runner.get("args") or []]
    digests = (each.removeprefix(SHA256_ARGUMENT) for each in arguments if each.startswith(SHA256_ARGUMENT))
    conditions = {c["type"]: c for c in status.get("conditions") or [] if c.get("status") == "True"}
    failed = conditions.get("Failed")
    shards = int(spec.get("completions") or 1)
    return ChildState(
        name=meta["name"],
        uid=meta["uid"],
        created_at=times.parse(meta.get("creationTimestamp")),
        deleting="deletionTimestamp" in meta,
        suspended=bool(spec.get("suspend")),
        complete="Complete" in conditions,
        failed_reason=str(failed.get("reason") or "Failed") if failed else None,
        failed_message=str(failed.get("message") or "") if failed else "",
        shards=shards,
        failed_indexes=_indexes(str(status.get("failedIndexes") or ""), shards),
        compiles=(meta.get("labels") or {}).get(names.LABEL_COMPONENT) == names.COMPONENT_COMPILER,
        deadline_seconds=spec.get("activeDeadlineSeconds"),
        image=str(runner.get("image") or ""),
        input_name=_input_name(pods),
        input_sha256=next(digests, ""),
    )


def pod_state(pod: Mapping[str, Any]) -> PodState:
    meta, status = pod["metadata"], pod.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or []}
    runner: Mapping[str, Any] = next(
        (c for c in status.get("containerStatuses") or [] if c["name"] == names.RUNNER_CONTAINER), {}
    )
    state = runner.get("state") or {}
    scheduled = conditions.get("PodScheduled") or {}
    return PodState(
        name=meta["name"],
        uid=meta["uid"],
        created_at=times.parse(meta.get("creationTimestamp")),
        phase=str(status.get("phase") or "Pending"),
        disrupted=(conditions.get("DisruptionTarget") or {}).get("status") == "True",
        unschedulable=str(scheduled.get("message") or "Unschedulable") if scheduled.get("status") == "False" else "",
        running="running" in state,
        terminated=_terminated(state.get("terminated")),
        waiting=_waiting(state.get("waiting")),
        image_id=str(runner.get("imageID") or ""),
        index=_index((meta.get("labels") or {}).get(names.INDEX_LABEL)),
    )


def _input_name(pods: Mapping[str, Any]) -> str:
    volumes = (each for each in pods.get("volumes") or [] if each["name"] == names.INPUT_VOLUME)
    return next((str((each.get("configMap") or {}).get("name") or "") for each in volumes), "")


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
