"""What may be done next with a job. `decide` and `conclude` return exactly one of these; the controller does it.

`needs`: what must have been read live, not from what watches have told, before the plan may be carried out. `after`:
the seconds after which to look again, or None.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from qee.api.conditions import Phase
from qee.api.reasons import Reason


class Read(StrEnum):
    """What a step reads."""

    JOB = "job"
    CHILD = "child"
    PODS = "pods"
    TASK = "task"
    POLICIES = "policies"
    BACKEND = "backend"


Reads = frozenset[Read]
NOTHING: Reads = frozenset()
EVERYTHING: Reads = frozenset(Read)


@dataclass(frozen=True)
class Child:
    """An object of the attempt, as status.child names it."""

    kind: str
    name: str
    uid: str


class Step:
    """What the stage of an attempt does next by itself, told apart by the stage alone."""

    needs: ClassVar[Reads] = NOTHING
    creates: ClassVar[bool] = False
    """It makes an object, which a quota, a policy or a webhook may refuse."""


@dataclass(frozen=True)
class Nothing:
    """All is as it should be. Look again after some seconds, or only when something changes (None)."""

    needs: ClassVar[Reads] = NOTHING

    after: float | None = None


@dataclass(frozen=True)
class Report:
    """Write the phase where it is not written yet, with further fields of status, and look again after some seconds."""

    phase: Phase
    reason: Reason
    message: str
    child: Child | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    after: float | None = None

    @property
    def needs(self) -> Reads:
        """Of a child that is seen something is told. That there is none, or that the job may not run, is made sure."""
        return NOTHING if self.child is not None else EVERYTHING


@dataclass(frozen=True)
class Start:
    """Check everything, snapshot the inputs, create the attempt's first child. Safe to repeat."""

    needs: ClassVar[Reads] = frozenset({Read.JOB, Read.POLICIES, Read.BACKEND})
    creates: ClassVar[bool] = True

    attempt: int


@dataclass(frozen=True)
class Carry:
    """Have the stage do its next step."""

    step: Step

    @property
    def needs(self) -> Reads:
        return self.step.needs

    @property
    def creates(self) -> bool:
        return self.step.creates


@dataclass(frozen=True)
class Retry:
    """The attempt is lost. Begin the next one, with the same inputs and seeds."""

    needs: ClassVar[Reads] = EVERYTHING
    after: ClassVar[float | None] = 0

    attempt: int
    reason: Reason
    message: str
    lost: Child | None = None


@dataclass(frozen=True)
class Pause:
    """Take the child away and keep the job for later. `over`: what follows is another attempt, and pays anew."""

    needs: ClassVar[Reads] = EVERYTHING
    after: ClassVar[float | None] = None

    child: Child | None = None
    over: bool = False


@dataclass(frozen=True)
class Finish:
    """Write the terminal phase; first take away what still runs. `unconfirmed`: the provider may still go on."""

    needs: ClassVar[Reads] = EVERYTHING
    after: ClassVar[float | None] = None

    phase: Phase
    reason: Reason
    message: str
    child: Child | None = None
    take_away: bool = False
    unconfirmed: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Expire:
    """The job's time to live is over: delete it, and with it everything it owns."""

    needs: ClassVar[Reads] = frozenset({Read.JOB})
    after: ClassVar[float | None] = None


@dataclass(frozen=True)
class TakeAway:
    """Delete the child: its job is finished and pods are still active, or nobody can vouch for it."""

    needs: ClassVar[Reads] = EVERYTHING
    after: ClassVar[float | None] = 0

    child: Child


@dataclass(frozen=True)
class Follow:
    """A finished job's generation has moved (its TTL was changed): observedGeneration follows, nothing else."""

    needs: ClassVar[Reads] = NOTHING
    after: ClassVar[float | None] = 0


Final = Nothing | Report | Retry | Pause | Finish | Expire | TakeAway | Follow
Plan = Start | Carry | Final
