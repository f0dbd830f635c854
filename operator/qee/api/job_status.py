"""What QEE reports of a QuantumJob. Written by the operator only; readers drop fields that they do not know."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from qee.api.conditions import ConditionType, Phase, unknown_conditions
from qee.api.declare import ATOMIC, keyed, listed, optional, stored_default
from qee.api.fields import Amount, Count, Currency, Line, Sha256, text
from qee.api.meta import Condition, Observed

SUMMARY_RESULTS = 8
SUMMARY_OUTCOMES = 16

_Word = Annotated[str, text(253)]


class Child(Observed):
    """The object that carries out the current attempt."""

    kind: Annotated[str, text(63)] = Field(description="Job (a simulator pod) or QuantumTask (a cloud submission).")
    name: _Word = Field(description="Its name, in the job's namespace.")
    uid: Annotated[str, text(128)] | None = optional("Its UID. Absent: not created yet.")


class Queue(Observed):
    """Where the job stands in a provider's queue."""

    position: Count | None = optional("Tasks before this one, as the provider tells. Absent: not told.")
    estimated_start: datetime | None = optional(
        "When it is expected to start (RFC 3339), as the provider tells. Absent: not told."
    )


class ExpectationSummary(Observed):
    """The expectation value of one observable."""

    observable: Annotated[str, text(63)] = Field(description="Name of the observable.")
    value: Annotated[str, text(32)] = Field(description="Expectation value, a decimal string.")
    standard_error: Annotated[str, text(32)] | None = optional(
        "Its standard error, a decimal string; 0 where it was computed exactly."
    )


class ResultSummary(Observed):
    """The gist of one result: one circuit with one row of its parameters."""

    circuit: Annotated[str, text(63)] = Field(description="Name of the circuit.")
    parameter_set: Count = Field(default=0, description="Row of the circuit's parameters, from 0.")
    shots: Count | None = optional("Repetitions that were run. Absent: computed exactly.")
    counts: Annotated[dict[str, Count], Field(max_length=SUMMARY_OUTCOMES)] | None = optional(
        "The most frequent outcomes, at most 16, with their occurrences. Bits of all registers joined without spaces,"
        " the first classical bit rightmost."
    )
    distinct: Count | None = optional("How many different outcomes the whole result holds.")
    expectation_values: Annotated[list[ExpectationSummary], Field(max_length=SUMMARY_OUTCOMES)] | None = optional(
        "Expectation values of the circuit's observables, at most 16.", ATOMIC
    )


class Summary(Observed):
    """What fits into the status; the ConfigMap holds everything."""

    results: Annotated[list[ResultSummary], Field(max_length=SUMMARY_RESULTS)] = listed(
        "The first results, at most 8, in the order of the result document.", ATOMIC
    )
    truncated: bool = Field(default=False, description="True: results or outcomes were left out of the summary.")


class ResultFiles(Observed):
    """The files of a result that went to a volume."""

    claim_name: _Word = Field(description="Name of the PersistentVolumeClaim, in the job's namespace.")
    files: Annotated[list[Annotated[str, text(253)]], Field(max_length=1000)] = Field(
        description="Their paths on the volume: UID/ATTEMPT/result-SHARD.json.gz, with the job's UID. Their digests"
        " are in the reference document.",
        json_schema_extra=ATOMIC,
    )
    bytes: Count = Field(description="Length of the uncompressed documents in them, all together, in bytes.")


class Result(Observed):
    """Where the result is, its digest and its gist."""

    config_map: _Word = Field(
        description="Name of the ConfigMap in the job's namespace that holds the result document, or, where the result"
        " went to a volume, the reference document that says where."
    )
    key: _Word = Field(
        description="Its key: result.json or result-reference.json (data), or the same with .gz (binaryData, gzip)."
    )
    sha256: Sha256 = Field(description="SHA-256 of the uncompressed document, in hexadecimal.")
    bytes: Count = Field(description="Length of the uncompressed document in bytes.")
    keyid: Annotated[str, text(71)] | None = optional(
        "Id of the key that signed the document (key result.json.dsse of the ConfigMap): `sha256:` and the SHA-256 of"
        " its SubjectPublicKeyInfo. Absent: it is not signed."
    )
    summary: Summary | None = optional("The gist of the result. Absent: none was made.")
    persistent_volume_claim: ResultFiles | None = optional(
        "Where the result's files lie. Absent: the ConfigMap holds the result."
    )


class Cost(Observed):
    """What the job costs at its provider."""

    estimated: Amount | None = optional(
        "Estimate before submission, a decimal string in units of currency. Absent: none."
    )
    actual: Amount | None = optional("What was charged, a decimal string in units of currency. Absent: not known.")
    currency: Currency | None = optional("ISO 4217 code, as in the backend's price list.")


class Signature(Observed):
    """Who signed the job, and under which policy it was accepted."""

    policy: _Word | None = optional("Name of the trust policy that accepted the signature.")
    keyids: Annotated[list[Line], Field(max_length=16)] = listed(
        "Ids of the keys whose signatures were verified, at most 16.", ATOMIC
    )
    signers: Annotated[list[Line], Field(max_length=16)] = listed(
        "Names that the policy gives to those keys' holders, at most 16.", ATOMIC
    )


class QuantumJobStatus(Observed):
    """What QEE has observed. Programs read the conditions, people the phase."""

    observed_generation: Annotated[int, Field(ge=-1)] = Field(
        default=-1, description="The metadata.generation that the status is about; -1: QEE has not seen the job yet."
    )
    phase: str | None = optional(
        "Where the job stands, for people; programs read the conditions. Absent: QEE has not seen the job yet.",
        {"enum": [p.value for p in Phase]},
    )
    conditions: Annotated[list[Condition], Field(max_length=16)] = listed(
        f"The observations {', '.join(ConditionType)}; docs/reference/conditions.md has the truth table."
        " Wait for Finished, then read Succeeded.",
        keyed("type"),
    )
    attempt: Count | None = optional("Number of the current or last attempt, from 1. Absent: none yet.")
    child: Child | None = optional("The object that carries out the current attempt. Absent: none yet.")
    queue: Queue | None = optional("Place in the provider's queue. Absent: none, or not told.")
    result: Result | None = optional("Where the result is. Absent: there is none.")
    cost: Cost | None = optional("Cost at the provider. Absent: a simulator, or not known.")
    signature: Signature | None = optional("Who signed the job. Absent: not verified, or not required.")
    start_time: datetime | None = optional("When the circuits first began to run (RFC 3339). Absent: not yet.")
    completion_time: datetime | None = optional("When the job ended (RFC 3339). Absent: not yet.")


# Appears on read of an object nobody has written a status for; no controller has to race for the first write.
STATUS_DEFAULT = stored_default({"observedGeneration": -1, "conditions": unknown_conditions()})
