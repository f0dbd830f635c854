"""What is known about one job at one moment: all that a decision may look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from qee.api.backend import is_cloud
from qee.api.conditions import ConditionType, Phase, terminal_phase
from qee.api.job import QuantumJob
from qee.api.names import KIND_TASK
from qee.api.reasons import Reason
from qee.api.task import TaskState
from qee.core import times
from qee.core.job.observed import ChildState, PodState, SubmittedTask
from qee.signing.verdict import Verdict

# Where spec.backoffLimit is absent, of what costs nothing: simulating, and compiling for a QPU. batch/v1 has 6, but a
# circuit that fails twice fails. What was submitted to a provider is never submitted again unless the spec says so.
SIMULATOR_BACKOFF_LIMIT = 2

NOT_LOOKED_AT = Verdict(False, Reason.PENDING, "The signature has not been looked at.")


@dataclass(frozen=True)
class Patience:
    """How long to wait before a state that may pass is reported or given up, in seconds."""

    queued: float = 2.0  # a pod that starts sooner costs no status write for having been queued
    missing: float = 120.0  # for a backend or a ConfigMap that is applied together with the job
    image: float = 120.0  # ImagePullBackOff: the kubelet tries again meanwhile
    configuration: float = 60.0  # CreateContainerConfigError and the like
    unstarted: float = 30.0  # before asking whether the input ConfigMap is still there
    linger: float = 30.0  # a finished job's pod with a sidecar that does not end
    cancel: float = 120.0  # for the provider to confirm that a task is cancelled


@dataclass(frozen=True)
class World:
    """A job, its child and that child's pods, read live, at `now`."""

    job: QuantumJob
    status: Mapping[str, Any]
    now: datetime
    child: ChildState | None = None
    pods: Sequence[PodState] = ()
    task: SubmittedTask | None = None
    """The attempt's QuantumTask, if it is ours."""
    child_is_ours: bool = False
    """The child was created by this process, or compared with what it would create."""
    parts: frozenset[int] | None = frozenset()
    """Of several shards: those whose part is stored. None: the key that parts are signed with cannot be read."""
    unreadable: Mapping[str, tuple[Reason, str]] = field(default_factory=dict)
    """UIDs of pods that ended well and gave no result of their shard, and why; as far as was tried in this step."""
    input_gone: bool = False
    """The child's input ConfigMap does not exist any more, and its pod has not started."""
    verdict: Verdict = NOT_LOOKED_AT
    """What verification finds now. A job that has ended is not looked at."""
    backend: Mapping[str, Any] | None = None
    """The QuantumBackend that the job names; None where there is none, or where nothing is about to start."""

    @property
    def conditions(self) -> list[dict[str, Any]]:
        return list(self.status.get("conditions") or [])

    def condition(self, kind: ConditionType) -> dict[str, Any]:
        return next((c for c in self.conditions if c.get("type") == kind), {})

    @property
    def ended(self) -> Phase | None:
        return terminal_phase(self.conditions)

    @property
    def attempt(self) -> int:
        return int(self.status.get("attempt") or 1)

    @property
    def recorded_child(self) -> str | None:
        """The UID of the child in status, once it was written there."""
        return (self.status.get("child") or {}).get("uid")

    @property
    def recorded_task(self) -> bool:
        """The child in status is a QuantumTask."""
        return (self.status.get("child") or {}).get("kind") == KIND_TASK

    @property
    def child_is_known(self) -> bool:
        """The child is the one that this job was started with."""
        return self.child is not None and (self.child_is_ours or self.recorded_child == self.child.uid)

    @property
    def has_run(self) -> bool:
        """Every shard has ended well: the result need only be stored."""
        if self.task is not None:
            return self.task.state is TaskState.SUCCEEDED or (not self.task.ended and self.task.executed)
        ended = [pod for pod in self.pods if pod.succeeded and pod.uid not in self.unreadable]
        if self.child is not None and self.child.compiles:
            return False
        if self.child is None or self.child.shards == 1:
            return bool(ended)
        if self.parts is None:  # nobody can tell; no deadline ends what only waits for the key
            return not any(pod.active and pod.terminated is None for pod in self.pods)
        done = {pod.index for pod in ended} | self.parts
        return done.issuperset(range(self.child.shards))

    @property
    def completed_at(self) -> datetime | None:
        return times.parse(self.status.get("completionTime"))

    @property
    def backoff_limit(self) -> int:
        limit = self.job.spec.backoff_limit
        if limit is not None:
            return limit
        return 0 if self.task is not None or self.recorded_task else SIMULATOR_BACKOFF_LIMIT

    @property
    def cloud(self) -> bool:
        """The job runs at a provider, as far as this step knows."""
        if self.task is not None or self.recorded_task or (self.child is not None and self.child.compiles):
            return True
        return self.backend is not None and is_cloud(self.backend)

    @property
    def attempts_left(self) -> int:
        """How many more attempts may follow the present one."""
        return max(self.backoff_limit - (self.attempt - 1), 0)
