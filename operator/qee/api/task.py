"""QuantumTask: one attempt of a QuantumJob at a provider. Made by the operator, carried out by a connector.

To a QPU it is what a Job is to pods. Nobody else writes one: its authorization is signed with QEE's own key.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from qee.api.cel import Rule, rules
from qee.api.declare import keyed, listed, optional
from qee.api.fields import MAX_PACKED, Amount, Count, Currency, Line, Sha256, text
from qee.api.job_options import BackendRef, MaxCost
from qee.api.meta import DNS_NAME, Observed, Resource, Spec
from qee.api.names import ANNOTATION_CANCEL_AT, MAX_SUBMISSIONS

MAX_PROJECTION = 600_000  # characters; a job's inline sources are 128 KiB
MAX_ENVELOPE = 98_304

_Packed = Annotated[str, text(MAX_PACKED, "^[A-Za-z0-9+/]+={0,2}$", "gzip in base64 on one line")]
_Key = Annotated[str, text(40, "^[0-9a-f]{40}$", "40 lower case hexadecimal digits", minimum=40)]
_Word = Annotated[str, text(253)]
_Handle = Annotated[str, text(512)]


class TaskState(StrEnum):
    """Where a QuantumTask stands. The last five are terminal and never change."""

    PENDING = "Pending"
    SUBMITTING = "Submitting"
    SUBMISSION_UNKNOWN = "SubmissionUnknown"
    QUEUED = "Queued"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    LOST = "Lost"
    DENIED = "Denied"


ENDED = frozenset({TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED, TaskState.LOST, TaskState.DENIED})

# Of one provider job: the empty state is that of one that was not submitted, as far as is known.
PartState = Literal["", "Queued", "Running", "Succeeded", "Failed", "Cancelled", "Lost", "Rejected"]
ENDED_PARTS: frozenset[PartState] = frozenset({"Succeeded", "Failed", "Cancelled", "Lost", "Rejected"})


class TaskJob(Spec):
    """The QuantumJob, in the task's own namespace."""

    name: _Word = Field(description="Its name.")
    uid: Annotated[str, text(128)] = Field(description="Its UID.")
    created: Line = Field(description="Its creation (RFC 3339), at which its signature's validity is judged.")


class Admission(Spec):
    """What admitted the job, so that the connector judges for itself."""

    projection: Annotated[str, text(MAX_PROJECTION)] = Field(
        description="The signed part of the QuantumJob as canonical JSON (RFC 8785)."
    )
    envelope: Annotated[str, text(MAX_ENVELOPE)] | None = optional(
        "The job's annotation qee.dev/signature. Absent: it had none."
    )


class Packed(Spec):
    """A document, gzipped."""

    data: _Packed = Field(description="The document, gzip in base64, at most 500 KiB.")
    sha256: Sha256 = Field(description="SHA-256 of the uncompressed document.")
    bytes: Count = Field(description="Its uncompressed length in bytes.")


_IMMUTABLE = Rule(
    "self.backendRef == oldSelf.backendRef && self.job == oldSelf.job && self.attempt == oldSelf.attempt"
    " && self.admission == oldSelf.admission && self.runSha256 == oldSelf.runSha256"
    " && self.compiled == oldSelf.compiled"
    " && self.authorization == oldSelf.authorization && has(self.maxCost) == has(oldSelf.maxCost)"
    " && (!has(self.maxCost) || self.maxCost == oldSelf.maxCost)",
    "a QuantumTask is immutable but for cancelRequested; create a QuantumJob",
)
_CANCEL_ONCE = Rule(
    "!has(oldSelf.cancelRequested) || !oldSelf.cancelRequested || (has(self.cancelRequested) && self.cancelRequested)",
    "cancelRequested cannot be taken back; create a QuantumJob",
    field=".cancelRequested",
)


class QuantumTaskSpec(Spec):
    """What to submit, authorised by whom. Immutable but for cancelRequested."""

    model_config = ConfigDict(json_schema_extra=rules(_IMMUTABLE, _CANCEL_ONCE))

    backend_ref: BackendRef = Field(description="The backend that it is for.")
    job: TaskJob = Field(description="The QuantumJob that it belongs to.")
    attempt: Annotated[int, Field(ge=1, le=1000)] = Field(description="The job's attempt, from 1.")
    admission: Admission = Field(description="What admitted the job.")
    run_sha256: Sha256 = Field(description="SHA-256 of the run document that was compiled.")
    compiled: Packed = Field(description="The compiled document (qee.dev/compiled/v1): what is submitted.")
    max_cost: MaxCost | None = optional("What was reserved for it at most, as the price list has it. Absent: no price.")
    authorization: Annotated[str, text(MAX_ENVELOPE)] = Field(
        description="Envelope (DSSE) of the operator over all fields above, signed with QEE's own key."
    )
    cancel_requested: bool = Field(
        default=False, description="True: cancel it at the provider. Set by the operator, never taken back."
    )


class SubmissionStatus(Observed):
    """The intent to submit, written before the provider is asked. From then on only read."""

    key: _Key = Field(description="What the provider's jobs are found by: a hash of job UID, attempt and specHash.")
    spec_hash: Sha256 = Field(description="SHA-256 of the task's authorised fields.")
    time: datetime = Field(description="When it was written (RFC 3339).")


class PartStatus(Observed):
    """One provider job."""

    index: Count = Field(description="Its number among the task's submissions, from 0.")
    handle: _Handle | None = optional("The provider's id. Absent: not known.")
    state: PartState = Field(default="", description="Its state. Empty: not submitted, as far as is known.")
    message: Annotated[str, text(512, minimum=0)] = Field(default="", description="The provider's word on it.")


class ChargeStatus(Observed):
    """What the provider says that the task has used or cost."""

    qpu_milliseconds: Count | None = optional("Time on the QPU. Absent: not told.")
    amount: Amount | None = optional("Cost, a decimal string. Absent: not told.")
    currency: Currency | None = optional("ISO 4217 code of the amount.")


class QuantumTaskStatus(Observed):
    """What the backend's connector has done and seen. Written by that connector only."""

    observed_generation: Count | None = optional("The metadata.generation it is about.")
    state: str | None = optional(
        "Where the task stands. Absent: no connector has seen it.", {"enum": [state.value for state in TaskState]}
    )
    reason: Annotated[str, text(128, minimum=0)] = Field(default="", description="Why, as one word.")
    message: Annotated[str, text(1024, minimum=0)] = Field(default="", description="Why, for people.")
    submission: SubmissionStatus | None = optional("Absent: the provider was not asked.")
    parts: Annotated[list[PartStatus], Field(max_length=MAX_SUBMISSIONS)] = listed(
        "The provider's jobs, at most 300.", keyed("index")
    )
    duplicates: Annotated[list[_Handle], Field(max_length=100)] = listed(
        "Provider jobs beyond the first of one submission, at most 100; each was asked to end."
    )
    queue_position: Count | None = optional("Tasks before it, as the provider tells.")
    result: Packed | None = optional("The result document. Absent: there is none.")
    charge: ChargeStatus | None = optional("Absent: the provider does not tell.")
    completion_time: datetime | None = optional("When it ended (RFC 3339).")


class QuantumTask(Resource):
    """One attempt of a QuantumJob at a provider. Internal: the operator makes it, a connector carries it out."""

    model_config = ConfigDict(json_schema_extra=rules(DNS_NAME))

    api_version: Literal["qee.dev/v1alpha1"] = "qee.dev/v1alpha1"
    kind: Literal["QuantumTask"] = "QuantumTask"
    spec: QuantumTaskSpec = Field(description="What to submit, authorised by whom.")
    status: QuantumTaskStatus = Field(
        default=QuantumTaskStatus(), description="What the backend's connector has done and seen."
    )

    @property
    def state(self) -> TaskState:
        return TaskState(self.status.state or TaskState.PENDING)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def submitted(self) -> bool:
        """The provider may have been asked."""
        return self.status.submission is not None

    @property
    def executed(self) -> bool:
        """The provider has nothing left to do, and something to give: paid for, stored or still to be fetched."""
        states = {part.state for part in self.status.parts}
        return "Succeeded" in states and states.isdisjoint(("", "Queued", "Running"))

    @property
    def deleting(self) -> bool:
        return self.metadata.deletion_timestamp is not None

    @property
    def cancel_requested_at(self) -> datetime | None:
        """None: not requested, or nobody knows when."""
        at = self.metadata.annotations.get(ANNOTATION_CANCEL_AT)
        return datetime.fromisoformat(at) if self.spec.cancel_requested and at else None


def authorised(spec: dict[str, Any]) -> dict[str, Any]:
    """The fields that the authorization covers."""
    return {name: value for name, value in spec.items() if name not in ("authorization", "cancelRequested")}
