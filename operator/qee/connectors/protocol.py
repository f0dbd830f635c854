"""What QEE asks of a vendor. A further vendor is one class of this protocol and an entry point (qee.connectors).

An adapter knows nothing of Kubernetes. Its class is loaded in two places: `prepare` is called in a pod that holds no
credential, where the SDK may read circuits; everything else in the connector's worker, a child process that holds the
credential and never sees a circuit's source. Each call is made one at a time, has a deadline, and may be killed with
its process at any moment: an adapter keeps nothing that matters between two calls.

Whatever a provider says goes into these types as it came: texts are cleaned (`wording`) and figures made fit for
status (`figures`) as the types are made, once for all adapters.

    prepare -> (the operator prices and authorises) -> find -> submit -> status ... -> fetch
                                                                 cancel

Standard library only.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from qee.connectors import figures
from qee.connectors.wording import clean
from qee.documents.compiled import Submission, Usage
from qee.sdk.adapters import Compiler


def _made(value: object, name: str, made: Any) -> None:
    object.__setattr__(value, name, made)  # of a frozen dataclass


@dataclass(frozen=True)
class Settings:
    """Of one QuantumBackend. `credentials` is the directory where its Secret is mounted, each key a file; empty: none.

    `options` are those of the backend's spec, strings; which there are, the adapter's module says.
    """

    backend: str
    device: str
    region: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    credentials: str = ""


@dataclass(frozen=True)
class Target:
    """A device as it is now. `snapshot` is what `prepare` compiles against, in a form of the adapter's own (UTF-8).

    `queue_length`: jobs that wait at the device. `calibration_time`: RFC 3339. None: the provider does not tell.
    `max_shots`: of one program. `simulated`: the device is a simulator.
    """

    operational: bool
    message: str
    qubits: int
    basis_gates: tuple[str, ...]
    snapshot: bytes
    simulated: bool = False
    queue_length: int | None = None
    calibration_time: str | None = None
    max_shots: int | None = None

    def __post_init__(self) -> None:
        _made(self, "message", clean(self.message))
        _made(self, "queue_length", figures.count(self.queue_length))
        _made(self, "max_shots", figures.count(self.max_shots))
        _made(self, "calibration_time", figures.moment(self.calibration_time))


Phase = Literal["queued", "running", "succeeded", "failed", "cancelled", "unknown"]
MAX_MESSAGE = 512  # characters of one provider job's message, and of one unit's problem
ENDED: frozenset[Phase] = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True)
class ProviderState:
    """A provider job. A status that the adapter does not know is `unknown`, never a failure.

    `message` is the provider's own word on it. `position` is its place in the queue, where the provider tells.
    """

    phase: Phase
    message: str = ""
    position: int | None = None

    def __post_init__(self) -> None:
        _made(self, "message", clean(self.message, MAX_MESSAGE))
        _made(self, "position", figures.count(self.position))


@dataclass(frozen=True)
class UnitResult:
    """What the provider gave for one unit of a submission, in QEE's bit order (see `qee.connectors.bits`).

    `counts` are of measured shots; what a provider computes or synthesises goes into `probabilities`, by key as
    decimal strings. `memory`: each shot's key in order, where the provider keeps it. `expectation`: value and
    standard error by observable. `problem`: why there is nothing.
    """

    counts: Mapping[str, int] | None = None
    memory: tuple[str, ...] | None = None
    probabilities: Mapping[str, str] | None = None
    expectation: Mapping[str, tuple[str, str]] | None = None
    problem: str = ""

    def __post_init__(self) -> None:
        _made(self, "problem", clean(self.problem, MAX_MESSAGE))


@dataclass(frozen=True)
class Charge:
    """What a provider says that a job has used or cost. None: it does not tell.

    Give it what the provider said, numbers of any kind or text: it is rounded to what status holds, and what is no
    charge (negative, not finite, in no currency) is not told, so that all that was reserved counts. Never raises.
    """

    qpu_milliseconds: int | None = None
    amount: str | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        amount, currency = figures.money(self.amount, self.currency)
        _made(self, "amount", amount)
        _made(self, "currency", currency)
        time = figures.milliseconds(self.qpu_milliseconds)
        # A job that costs something has used something: 0 is what some tell where they bill otherwise.
        _made(self, "qpu_milliseconds", None if time == 0 and float(amount or 0) else time)


@dataclass(frozen=True)
class Fetched:
    """The results of a provider job, one for each of its units in order. `raw_sha256` is of the payload as it came."""

    units: tuple[UnitResult, ...]
    raw_sha256: str
    charge: Charge = Charge()

    def __post_init__(self) -> None:
        _made(self, "raw_sha256", figures.digest(self.raw_sha256))

    @classmethod
    def nothing(cls, submission: Submission, problem: str, charge: Charge | None = None) -> "Fetched":
        """One problem of all units."""
        units = tuple(UnitResult(problem=problem) for _ in submission.units)
        return cls(units, hashlib.sha256(b"").hexdigest(), charge or Charge())


class ProviderError(Exception):
    """A call that gave nothing. The message goes into status: it names what to do; it is cleaned as it is made.

    Every other exception of an adapter counts as Ambiguous in `submit` and as Unreachable elsewhere.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(clean(message))


class Rejected(ProviderError):
    """The provider has said no to what was asked, will do so again, and charges nothing."""


class Throttled(ProviderError):
    """The provider has not taken the call (429); to be repeated after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float = 60.0) -> None:
        super().__init__(message)
        self.retry_after = figures.seconds(retry_after)


class Unauthorized(ProviderError):
    """The credential is refused, expired or missing. Nothing was taken; other credentials may help."""


class Unreachable(ProviderError):
    """No answer, or one that cannot be read. For `submit` use Ambiguous."""


class Ambiguous(ProviderError):
    """A submission that may or may not have been taken: a 5xx, a timeout, a connection that dropped."""


class Gone(ProviderError):
    """The provider does not know the job (404)."""


class AlreadyEnded(ProviderError):
    """The job cannot be cancelled any more (409)."""


class Connector(Compiler, Protocol):
    """One device of one vendor. Raises ProviderErrors, and `prepare` RunnerErrors."""

    FORMATS: ClassVar[tuple[str, ...]]
    """The circuit formats that `prepare` reads."""
    OUTPUTS: ClassVar[tuple[str, ...]]
    """Of spec.outputs: what `fetch` can give."""
    IDEMPOTENT: ClassVar[bool]
    """Whether the provider itself makes one job of two submissions with one key: by an id or token of ours."""

    def __init__(self, settings: Settings) -> None:
        """Reads the credential. Makes no call. Raises Unauthorized where a file is missing, Rejected for an option."""

    @classmethod
    def estimate(cls, submission: Submission) -> Usage:
        """What the submission uses at most. A pure function of what is sent, without the SDK: `prepare` writes it into
        each submission, in a pod that parsed somebody's circuits, and the connector holds that to it. Raises Rejected
        or ValueError where the payload is not what the units say.
        """

    def describe(self) -> Target:
        """The device, live."""

    def find(self, keys: Sequence[str], since: str) -> Mapping[str, Sequence[str]]:
        """Handles of the provider jobs that were submitted under these keys since that moment (RFC 3339), the oldest
        first. A key without any is left out. Follows pagination to its end.
        """

    def submit(self, key: str, submission: Submission) -> str:
        """Exactly one POST that makes a job; the SDK's own retries of it are off. `key` is 40 hexadecimal digits and
        must be kept by the provider so that `find` sees it. Returns the handle.
        """

    def status(self, handles: Sequence[str]) -> Mapping[str, ProviderState]:
        """One look at each, by as few calls as the vendor allows, never waiting for one. Those that the provider does
        not know are left out.
        """

    def fetch(self, handle: str, submission: Submission) -> Fetched:
        """The results of a job that has ended, partial ones included. Never waits for one."""

    def cancel(self, handle: str) -> None:
        """Ask for it. That it has ended, `status` tells. Raises AlreadyEnded or Gone."""
