"""The conditions of a QuantumJob: what each phase says in each of them, and how the list moves on.

The truth table is data (`PHASES`), so that the reference page, the controller and the tests read the same one.
kstatus (Flux's and Helm's idea of "done"; Argo CD has health checks of its own) looks at `Reconciling` and `Stalled`
only; `Finished` is what scripts wait for; `Succeeded` is the outcome. Standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from qee.api.reasons import Reason

# What the CRD's status default carries: a time before any object, so that no reader takes it for an observation.
EPOCH = "1970-01-01T00:00:00Z"
MAX_MESSAGE = 1024  # characters; eight conditions repeat it, and Events are cut there too


class Phase(StrEnum):
    """Where a job stands, for people. No code branches on `status.phase`."""

    PENDING = "Pending"
    UNVERIFIED = "Unverified"
    SUSPENDED = "Suspended"
    QUEUED = "Queued"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


TERMINAL_PHASES = frozenset({Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED})


class ConditionType(StrEnum):
    """The types of `status.conditions`, in the order in which they are listed."""

    VERIFIED = "Verified"
    SUBMITTED = "Submitted"
    FINISHED = "Finished"
    SUCCEEDED = "Succeeded"
    RESULTS_STORED = "ResultsStored"
    SUSPENDED = "Suspended"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"


class Status(StrEnum):
    """A condition's status. Two stand in the table only.

    `FOUND`: what verification finds whenever the job is looked at. `KEPT`: the outcome does not change what was known.
    """

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"
    FOUND = "Found"
    KEPT = "Kept"


@dataclass(frozen=True)
class Finding:
    """What verification has found: status, reason and message of the condition Verified."""

    status: Status
    reason: Reason
    message: str


_T, _F, _U, _V, _K = Status.TRUE, Status.FALSE, Status.UNKNOWN, Status.FOUND, Status.KEPT

# Columns in the order of ConditionType. A Failed or Cancelled job keeps Submitted: it may have ended before its child
# was made, or long after.
#                  Verified Submitted Finished Succeeded ResultsStored Suspended Reconciling Stalled
_ROWS: Mapping[Phase, tuple[Status, ...]] = {
    Phase.PENDING: (_V, _F, _F, _U, _F, _F, _T, _F),
    Phase.UNVERIFIED: (_F, _F, _F, _U, _F, _F, _F, _T),
    Phase.SUSPENDED: (_U, _F, _F, _U, _F, _T, _F, _F),  # unsuspending verifies again
    Phase.QUEUED: (_V, _T, _F, _U, _F, _F, _F, _F),
    Phase.RUNNING: (_V, _T, _F, _U, _F, _F, _F, _F),
    Phase.SUCCEEDED: (_V, _T, _T, _T, _T, _F, _F, _F),
    Phase.FAILED: (_V, _K, _T, _F, _F, _F, _F, _T),
    Phase.CANCELLED: (_V, _K, _T, _F, _F, _F, _F, _T),
}

PHASES: Mapping[Phase, Mapping[ConditionType, Status]] = {
    phase: dict(zip(ConditionType, row, strict=True)) for phase, row in _ROWS.items()
}

# What is kept (of Verified: where nothing was found, because nobody looked), and what the condition says where there is
# nothing to keep. Submitted=False is not kept: its reason, a wait that is over, would be stale.
_KEEPS = {
    ConditionType.VERIFIED: ({Status.TRUE, Status.FALSE}, Status.UNKNOWN),
    ConditionType.SUBMITTED: ({Status.TRUE}, Status.FALSE),
}

# Conditions whose reason follows from their status; all others carry the job's reason and message.
OWN_REASONS: Mapping[tuple[ConditionType, Status], Reason] = {
    (ConditionType.SUBMITTED, Status.TRUE): Reason.ACCEPTED,
    (ConditionType.RESULTS_STORED, Status.TRUE): Reason.RESULT_STORED,
    (ConditionType.SUSPENDED, Status.FALSE): Reason.NOT_SUSPENDED,
}


def unknown_conditions() -> list[dict[str, Any]]:
    """The schema default of `status.conditions`: every type Unknown since 1970, so that first sight costs no write."""
    return [
        {
            "type": kind.value,
            "status": Status.UNKNOWN.value,
            "reason": Reason.PENDING.value,
            "message": Reason.PENDING.meaning,
            "lastTransitionTime": EPOCH,
        }
        for kind in ConditionType
    ]


def status_of(conditions: Sequence[Mapping[str, Any]], kind: ConditionType) -> Status:
    """The status of one condition; Unknown where it is absent."""
    found = _find(conditions, kind)
    return Status(found["status"]) if found else Status.UNKNOWN


def terminal_phase(conditions: Sequence[Mapping[str, Any]]) -> Phase | None:
    """The phase in which the job ended, read from its conditions; None while it has not."""
    if status_of(conditions, ConditionType.FINISHED) is not Status.TRUE:
        return None
    succeeded = _find(conditions, ConditionType.SUCCEEDED) or {}
    if succeeded.get("status") == Status.TRUE:
        return Phase.SUCCEEDED
    return Phase.CANCELLED if succeeded.get("reason") in (Reason.CANCELLED, Reason.REVOKED) else Phase.FAILED


def conditions_for(
    phase: Phase,
    *,
    reason: Reason,
    message: str,
    now: datetime,
    generation: int,
    previous: Sequence[Mapping[str, Any]],
    verified: Finding | None = None,
) -> list[dict[str, Any]]:
    """All conditions of a job in `phase`, in the order of `ConditionType`.

    `reason` and `message` (cut at 1024 characters) say why the job is in that phase; conditions with a reason of
    their own (`OWN_REASONS`) say that. `verified` is what `FOUND` stands for; None: nobody looked. `now` must be aware;
    it is written to the second. `lastTransitionTime` moves only with the status, and away from the schema default's
    1970. Every `observedGeneration` becomes `generation`.

    A job that failed in some of its shards (`Reason.PARTIAL_RESULT`) has `ResultsStored=True`: what the others gave.

    A job that has ended stays as it ended: whatever is asked, only `observedGeneration` follows. Two exceptions: a
    job whose stored result is gone (`Reason.RESULT_DELETED`) gets `ResultsStored=False`, one whose result came after
    it had ended without it (`Reason.RESULT_STORED`) gets `ResultsStored=True`; its outcome stays.

    Raises ValueError where `now` has no time zone.
    """
    if now.tzinfo is None:
        raise ValueError("now has no time zone; pass an aware datetime")
    stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = _cut(message)
    ended = terminal_phase(previous)
    outcome = _find(previous, ConditionType.SUCCEEDED) or {}
    stored = ended in (None, Phase.SUCCEEDED) or outcome.get("reason") == Reason.PARTIAL_RESULT
    stored = stored or status_of(previous, ConditionType.RESULTS_STORED) is Status.TRUE

    def condition(kind: ConditionType) -> dict[str, Any]:
        before = _find(previous, kind)
        result_gone = phase is Phase.SUCCEEDED and reason is Reason.RESULT_DELETED and stored
        if result_gone and kind is ConditionType.RESULTS_STORED:
            return _moved(kind, Status.FALSE, reason, text, stamp, generation, before)
        came_late = ended in (Phase.FAILED, Phase.CANCELLED) and reason is Reason.RESULT_STORED
        if came_late and kind is ConditionType.RESULTS_STORED:
            return _moved(kind, Status.TRUE, reason, text, stamp, generation, before)
        if ended and before:
            return {**before, "observedGeneration": generation}
        status = PHASES[ended or phase][kind]
        if kind is ConditionType.RESULTS_STORED and phase is Phase.FAILED and reason is Reason.PARTIAL_RESULT:
            status = Status.TRUE
        if status is Status.FOUND and verified:
            told = _cut(verified.message)
            return _moved(kind, verified.status, verified.reason, told, stamp, generation, before)
        if status in (Status.FOUND, Status.KEPT):
            kept, status = _KEEPS[kind]
            if before and before["status"] in kept:
                return {**before, "observedGeneration": generation}
        own = OWN_REASONS.get((kind, status))
        if own:
            return _moved(kind, status, own, own.meaning, stamp, generation, before)
        return _moved(kind, status, reason, text, stamp, generation, before)

    return [condition(kind) for kind in ConditionType]


def _cut(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"


def _find(conditions: Sequence[Mapping[str, Any]], kind: ConditionType) -> Mapping[str, Any] | None:
    return next((c for c in conditions if c.get("type") == kind.value), None)


def _moved(
    kind: ConditionType,
    status: Status,
    reason: Reason,
    message: str,
    stamp: str,
    generation: int,
    before: Mapping[str, Any] | None,
) -> dict[str, Any]:
    since = before.get("lastTransitionTime", EPOCH) if before and before.get("status") == status.value else EPOCH
    return {
        "type": kind.value,
        "status": status.value,
        "reason": reason.value,
        "message": message,
        "lastTransitionTime": stamp if since == EPOCH else since,
        "observedGeneration": generation,
    }
