"""What may be done next with a job. `decide` returns exactly one of these; the controller carries it out."""

from dataclasses import dataclass

from qee.api.conditions import Phase
from qee.api.reasons import Reason
from qee.core.job.observed import ChildState, PodState, SubmittedTask
from qee.documents.result import Missing


@dataclass(frozen=True)
class Nothing:
    """All is as it should be. Look again after some seconds, or only when something changes (None)."""

    after: float | None = None


@dataclass(frozen=True)
class Report:
    """Write the phase where it is not written yet, and look again after some seconds."""

    phase: Phase
    reason: Reason
    message: str
    child: ChildState | SubmittedTask | None = None
    after: float | None = None


@dataclass(frozen=True)
class Start:
    """Check everything, snapshot the inputs, create the attempt's child. Safe to repeat."""

    attempt: int


@dataclass(frozen=True)
class Collect:
    """Read the result from the pod's log, store it, report success."""

    child: ChildState
    pod: PodState


@dataclass(frozen=True)
class Submit:
    """Read what was compiled from the pod's log, price it, reserve it, create the attempt's QuantumTask."""

    child: ChildState
    pod: PodState


@dataclass(frozen=True)
class CollectTask:
    """Store the result that the QuantumTask holds, report success."""

    task: SubmittedTask


@dataclass(frozen=True)
class CollectLate:
    """Store the result that came to the QuantumTask of a job that had ended without it. Its end stays as it is."""

    task: SubmittedTask


@dataclass(frozen=True)
class FetchTask:
    """Have the connector fetch the result now; somebody asked for it at that time."""

    task: SubmittedTask
    asked_at: str


@dataclass(frozen=True)
class CancelTask:
    """Have the connector cancel it, and look again after some seconds."""

    task: SubmittedTask
    after: float


@dataclass(frozen=True)
class Gather:
    """Read what these pods' shards gave, and store each as a part."""

    child: ChildState
    pods: tuple[PodState, ...]


@dataclass(frozen=True)
class Merge:
    """Put the stored parts together, store the result, report success; or failure, where shards are missing."""

    child: ChildState
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True)
class Retry:
    """The attempt is lost. Begin the next one, with the same inputs and seeds."""

    attempt: int
    reason: Reason
    message: str
    lost: ChildState | None = None


@dataclass(frozen=True)
class Pause:
    """Take the child away and keep the job for later."""

    child: ChildState | None


@dataclass(frozen=True)
class Finish:
    """Write the terminal phase; first take away what still runs. `unconfirmed`: the provider may still go on."""

    phase: Phase
    reason: Reason
    message: str
    child: ChildState | SubmittedTask | None = None
    take_away: bool = False
    unconfirmed: bool = False


@dataclass(frozen=True)
class Expire:
    """The job's time to live is over: delete it, and with it everything it owns."""


@dataclass(frozen=True)
class TakeAway:
    """Delete the child: its job is finished and pods are still active, or nobody can vouch for it."""

    child: ChildState


@dataclass(frozen=True)
class Follow:
    """A finished job's generation has moved (its TTL was changed): observedGeneration follows, nothing else."""


Plan = (
    Nothing
    | Report
    | Start
    | Collect
    | Submit
    | CollectTask
    | CollectLate
    | FetchTask
    | CancelTask
    | Gather
    | Merge
    | Retry
    | Pause
    | Finish
    | Expire
    | TakeAway
    | Follow
)
