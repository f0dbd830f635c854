"""What is known about one job at one moment: all that a decision may look at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel

from qee.api.backend import QuantumBackend
from qee.api.conditions import ConditionType, Phase, terminal_phase
from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.core import times
from qee.core.job.plan import Child, Finish, Pause, Plan, Report
from qee.core.refusal import Refused
from qee.signing.verdict import Verdict

# Where spec.backoffLimit is absent, of what costs nothing: simulating, and compiling for a QPU. batch/v1 has 6, but a
# circuit that fails twice fails. What was submitted to a provider is never submitted again unless the spec says so.
SIMULATOR_BACKOFF_LIMIT = 2

NOT_LOOKED_AT = Verdict(False, Reason.PENDING, "The signature has not been looked at.")


class Patience(BaseModel, frozen=True, extra="forbid"):
    """How long to wait before a state that may pass is reported or given up, in seconds. An installation may set it."""

    queued: float = 2.0  # a pod that starts sooner costs no status write for having been queued
    missing: float = 120.0  # for a backend or a ConfigMap that is applied together with the job
    image: float = 120.0  # ImagePullBackOff: the kubelet tries again meanwhile
    configuration: float = 60.0  # CreateContainerConfigError and the like
    unstarted: float = 30.0  # before asking whether the input ConfigMap is still there
    linger: float = 30.0  # a finished job's pod with a sidecar that does not end
    cancel: float = 120.0  # for the provider to confirm that a task is cancelled


class Stage:
    """What there is of one stage of an attempt, and what to do about it. Pure; its driver does it.

    What stands here holds of a stage with a child that costs nothing and is deleted to stop it.
    """

    backoff_limit: ClassVar[int] = SIMULATOR_BACKOFF_LIMIT
    """How many further attempts there are where spec.backoffLimit is absent."""
    reserves: ClassVar[bool] = False
    """Its attempt may have reserved money."""

    @property
    def child(self) -> Child | None:
        """As status names it; None where it is gone."""
        raise NotImplementedError

    @property
    def deadline_seconds(self) -> int | None:
        """The job's deadline, as the stage was made with it."""
        return None

    @property
    def has_run(self) -> bool:
        """All has ended well: the result need only be stored."""
        return False

    def report(self, phase: Phase, reason: Reason, message: str, after: float | None = None) -> Report:
        """With the fields of status that show the stage."""
        return Report(phase, reason, message, self.child, after=after)

    def key_unreadable(self, message: str, after: float) -> Report:
        """Its result waits for the key that results are signed with."""
        return self.report(Phase.PENDING, Reason.WAITING_FOR_RESULT_KEY, message, after)

    def finish(self, phase: Phase, reason: Reason, message: str, take_away: bool = False) -> Finish:
        """The job's end; `take_away`: what runs of the stage is deleted first."""
        return Finish(phase, reason, message, self.child, take_away)

    def disowned(self, world: "World") -> Plan | None:
        """What to do with something that nobody can vouch for; None: it is the job's own."""
        return None

    def follow(self, world: "World", patience: Patience) -> Plan:
        """The job may run: wait for the stage, take the next step, or see how it failed."""
        raise NotImplementedError

    def stop(self, world: "World", patience: Patience, end: Finish) -> Plan | None:
        """The job is to end so: take away what runs first. None: there is nothing of the stage to stop."""
        return replace(end, child=self.child, take_away=True)

    def suspend(self, world: "World", patience: Patience) -> Plan | None:
        """The job is to rest. None: there is nothing of the stage to suspend."""
        return Pause(self.child)

    def after_the_end(self, world: "World", patience: Patience) -> Plan | None:
        """The job has ended: what is left to do, or when to look (`Nothing`)."""
        return None


@dataclass(frozen=True)
class World:
    """A job and what there is of its present attempt, at `now`."""

    job: QuantumJob
    status: Mapping[str, Any]
    now: datetime
    stages: tuple[Stage, ...] = ()
    """Those of the attempt that have begun, in their order."""
    verdict: Verdict = NOT_LOOKED_AT
    """What verification finds now. A job that has ended is not looked at."""
    backend: QuantumBackend | Refused | None = None
    """The QuantumBackend that the job names, or why it cannot be used; None where nothing is about to start."""
    invalid: str = ""
    """Why the job cannot be read, where the schema lets pass what the model does not; `job` is its metadata only."""

    @property
    def stage(self) -> Stage | None:
        """The present one."""
        return self.stages[-1] if self.stages else None

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
    def recorded_kind(self) -> str | None:
        """The kind of the child in status."""
        return (self.status.get("child") or {}).get("kind")

    @property
    def has_run(self) -> bool:
        return self.stage is not None and self.stage.has_run

    @property
    def completed_at(self) -> datetime | None:
        return times.parse(self.status.get("completionTime"))

    @property
    def backoff_limit(self) -> int:
        if self.job.spec.backoff_limit is not None:
            return self.job.spec.backoff_limit
        return self.stage.backoff_limit if self.stage is not None else SIMULATOR_BACKOFF_LIMIT

    @property
    def attempts_left(self) -> int:
        """How many more attempts may follow the present one."""
        return max(self.backoff_limit - (self.attempt - 1), 0)

    def finish(self, phase: Phase, reason: Reason, message: str, take_away: bool = False) -> Finish:
        """The job's end, as its stage has it."""
        if self.stage is None:
            return Finish(phase, reason, message)
        return self.stage.finish(phase, reason, message, take_away)

    @property
    def may_have_reserved(self) -> bool:
        """The job runs at a provider, as far as this step knows."""
        if any(stage.reserves for stage in self.stages):
            return True
        found = self.backend
        return found is not None and (isinstance(found, Refused) or found.cloud)
