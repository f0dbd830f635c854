"""QuantumJob: one run of quantum circuits on a simulator or a QPU."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from qee.api.cel import Rule, rules
from qee.api.declare import ATOMIC, keyed, optional, stored
from qee.api.fields import MAX_SECONDS, NonNegativeDecimal, Seconds, Seed, Shots, refuse_huge
from qee.api.job_circuit import Circuit, refuse_duplicates
from qee.api.job_options import BackendRef, MaxCost, Noise, Resources, Results, Simulator, Transpile
from qee.api.job_status import STATUS_DEFAULT, QuantumJobStatus
from qee.api.meta import DNS_NAME, Resource, Spec
from qee.api.names import MAX_CIRCUITS, MAX_INLINE_BYTES, MAX_SAFE_INTEGER

Output = Literal["counts", "memory", "probabilities", "statevector", "expectation"]

# Fields that may change while the job exists. All others are what was signed and what runs.
MUTABLE = ("suspend", "cancelRequested", "ttlSecondsAfterFinished")

# In characters, the only length that CEL can afford; the model counts bytes, and has the last word on non-ASCII text.
MAX_OPTION_VALUES = 4096  # of providerOptions; every reader of the job walks through them
_INLINE = "self.circuits.map(c, (has(c.source) ? size(c.source) : 0) + (has(c.data) ? size(c.data) : 0)).sum()"

_INLINE_SIZE = Rule(
    f"{_INLINE} <= {MAX_INLINE_BYTES}",
    f"the inline circuits hold %s bytes, above {MAX_INLINE_BYTES}; move sources into a ConfigMap (configMapKeyRef) or"
    " split the job",
    (_INLINE,),
    field=".circuits",
)
_EXPECTATION = Rule(
    "!has(self.outputs) || self.circuits.exists(c, has(c.observables)) == ('expectation' in self.outputs)",
    "observables and the output expectation belong together; give both or neither",
    field=".outputs",
)
_PRECISION_OF_EXPECTATION = Rule(
    "!has(self.precision) || (has(self.outputs) && 'expectation' in self.outputs)",
    "precision is that of expectation values; add expectation to outputs or remove precision",
    field=".precision",
)
_PRECISION_ABOVE_ZERO = Rule(
    "double(self) > 0.0", "is %s; give a standard error above 0, or leave precision out", ("self",)
)
_CANCEL_ONCE = Rule(
    "!has(oldSelf.cancelRequested) || !oldSelf.cancelRequested || (has(self.cancelRequested) && self.cancelRequested)",
    "cancelRequested cannot be taken back; apply the job under another name to run it",
    field=".cancelRequested",
)
_OUTPUTS_ONCE = Rule("self.all(o, self.exists_one(p, p == o))", "an output occurs twice; give each at most once")


class QuantumJobSpec(Spec):
    """What to run, where and within which bounds. Immutable, except suspend, cancelRequested and
    ttlSecondsAfterFinished.
    """

    model_config = ConfigDict(
        json_schema_extra=rules(_INLINE_SIZE, _EXPECTATION, _PRECISION_OF_EXPECTATION, _CANCEL_ONCE)
    )

    backend_ref: BackendRef = Field(description="The backend that runs the job. Immutable.")
    circuits: Annotated[list[Circuit], Field(min_length=1, max_length=MAX_CIRCUITS)] = Field(
        description="The programs to run, 1 to 300, each with a name of its own. Immutable, their order included.",
        json_schema_extra=keyed("name"),
    )
    shots: Shots = stored(
        1024,
        "Repetitions of every circuit without shots of its own, 1 to 10000000. Does not apply to statevector,"
        " probabilities and exact expectation values. Default: 1024, as in Qiskit's samplers. Immutable.",
    )
    precision: NonNegativeDecimal | None = optional(
        "Standard error wanted for each expectation value, a decimal string above 0; decides the shots. Absent: exact"
        " on a noiseless simulator (standard error 0), else from shots. Immutable.",
        rules(_PRECISION_ABOVE_ZERO),
    )
    outputs: Annotated[list[Output], Field(min_length=1, max_length=5)] = stored(
        ["counts"],
        "What the result holds: counts (occurrences of each outcome), memory (each shot's outcome in"
        " order), probabilities, statevector (simulators only, noiseless), expectation (of observables). Each at most"
        " once. Default: [counts]. Immutable.",
        {**ATOMIC, **rules(_OUTPUTS_ONCE)},
    )
    seed: Seed | None = optional(
        "Seed of every random choice, 0 to 2^53-1 (9007199254740991). The same seed, image, method and shard count"
        " repeat the result on a simulator. Absent: derived from the job's UID and recorded in the result. Immutable."
    )
    transpile: Transpile | None = optional("How circuits are compiled. Absent: see its fields. Immutable.")
    simulator: Simulator = Field(
        default=Simulator(), description="How a simulator backend computes. Absent: see its fields. Immutable."
    )
    noise: Noise | None = optional("Noise model of a simulator backend. Absent: noiseless. Immutable.")
    shards: Annotated[int, Field(ge=1, le=1000)] | None = optional(
        "Pods over which parameter sets, circuits or noise trajectories are spread, 1 to 1000. Results repeat only"
        " with the same number. Absent: 1. Immutable."
    )
    max_cost: MaxCost | None = optional(
        "Ceiling on the estimated cost at a provider; a dearer job is not submitted. Absent: no ceiling but the"
        " namespace's budget. Immutable."
    )
    active_deadline_seconds: Seconds | None = optional(
        "Seconds from the job's creation, or from when it was last resumed, until it fails with DeadlineExceeded,"
        " over all attempts, waiting included, 1 to 31536000 (365 days). Absent: the backend's limit, else none."
        " Immutable."
    )
    backoff_limit: Annotated[int, Field(ge=0, le=100)] | None = optional(
        "Further attempts after one was lost or failed for reasons outside the circuit, 0 to 100; they keep the"
        " seeds. Absent: 2 on simulators, 0 on cloud backends, where only definite, uncharged failures count."
        " Immutable."
    )
    suspend: bool = Field(
        default=False,
        description="True: nothing is started, and a running simulator pod is stopped; false again: it starts anew."
        " Mutable, not signed. Absent: false.",
    )
    cancel_requested: bool = Field(
        default=False,
        description="True: the job is stopped and ends as Cancelled; `qee cancel` sets it. Mutable from false to true"
        " only, not signed. Absent: false.",
    )
    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=MAX_SECONDS)] | None = optional(
        "Seconds after the end until the job and its result are deleted, 0 to 31536000 (365 days). Mutable, not"
        " signed. Absent: never."
    )
    resources: Resources | None = optional(
        "CPU and memory of the simulator pod. Absent: estimated from the circuits. Immutable."
    )
    results: Results | None = optional(
        "Where a result goes that is too large for a ConfigMap. Absent: such a job fails with ResultTooLarge."
        " Immutable."
    )
    provider_options: Annotated[dict[str, Any], Field(min_length=1, max_length=64)] | None = optional(
        "Options that are passed to the vendor's SDK as they are: strings, booleans, integers within 2^53-1, lists"
        " and maps, at most 8 levels deep; up to 64 keys, 4096 values in all. Absent: none. Immutable.",
        {"additionalProperties": None, "x-kubernetes-preserve-unknown-fields": True},
    )

    @property
    def claim(self) -> str | None:
        """The PersistentVolumeClaim that takes large results."""
        return self.results.persistent_volume_claim.claim_name if self.results is not None else None

    @field_validator("circuits")
    @classmethod
    def _circuits_named_apart(cls, circuits: list[Circuit]) -> list[Circuit]:
        refuse_duplicates("circuit", [c.name for c in circuits])
        return circuits

    @field_validator("outputs")
    @classmethod
    def _each_output_once(cls, outputs: list[Output]) -> list[Output]:
        if len(set(outputs)) != len(outputs):
            raise _OUTPUTS_ONCE.error()
        return outputs

    @field_validator("precision")
    @classmethod
    def _precision_above_zero(cls, precision: str | None) -> str | None:
        if precision is not None and not float(precision) > 0:
            raise _PRECISION_ABOVE_ZERO.error(precision)
        refuse_huge("", [precision] if precision else [])
        return precision

    @field_validator("provider_options")
    @classmethod
    def _options_survive_json(cls, options: dict[str, Any] | None) -> dict[str, Any] | None:
        if _count(options, MAX_OPTION_VALUES) > MAX_OPTION_VALUES:  # first: they are no more than these, then
            raise ValueError(f"holds more than {MAX_OPTION_VALUES} values; remove some")
        refuse_unsafe(options, depth=8)
        return options

    @model_validator(mode="after")
    def _circuits_fit_into_the_object(self) -> "QuantumJobSpec":
        inline = sum(c.inline_bytes for c in self.circuits)
        if inline > MAX_INLINE_BYTES:
            raise _INLINE_SIZE.error(inline)
        return self

    @model_validator(mode="after")
    def _observables_with_expectation(self) -> "QuantumJobSpec":
        expectation = "expectation" in self.outputs
        if any(c.observables for c in self.circuits) != expectation:
            raise _EXPECTATION.error()
        if self.precision is not None and not expectation:
            raise _PRECISION_OF_EXPECTATION.error()
        return self


class QuantumJob(Resource):
    """One run of quantum circuits on the backend that it names. Its result is stored in a ConfigMap beside it."""

    model_config = ConfigDict(json_schema_extra=rules(DNS_NAME))

    api_version: Literal["qee.dev/v1alpha1"] = "qee.dev/v1alpha1"
    kind: Literal["QuantumJob"] = "QuantumJob"
    spec: QuantumJobSpec = Field(
        description="What to run. Immutable, except suspend, cancelRequested and ttlSecondsAfterFinished."
    )
    status: QuantumJobStatus = Field(
        default=QuantumJobStatus(),
        description="What QEE has observed. Written by the operator only.",
        json_schema_extra=STATUS_DEFAULT,
    )


def _count(value: Any, most: int) -> int:
    """All values in it, itself included; counted no further than one above `most`."""
    pending, found = [value], 0
    while pending and found <= most:
        each = pending.pop()
        found += 1
        if isinstance(each, dict | list):
            pending += list(each.values() if isinstance(each, dict) else each)[: most + 1]
    return found


def refuse_unsafe(value: Any, depth: int) -> None:
    """Raises ValueError for what does not survive JSON readers: fractions, integers beyond 2^53-1, deep nesting."""
    if depth < 0:
        raise ValueError("is nested more than 8 levels deep; flatten it")
    match value:
        case str() | bool():
            return
        case int():
            if abs(value) > MAX_SAFE_INTEGER:
                raise ValueError(f"{value} is beyond 2^53-1; give it as a string")
        case float():
            raise ValueError(f"{value} is not an integer; give it as a string")
        case dict():
            for item in value.values():
                refuse_unsafe(item, depth - 1)
        case list():
            for item in value:
                refuse_unsafe(item, depth - 1)
        case None:
            return
        case _:
            raise ValueError("is neither string, boolean, integer, list nor map; give it as a string")
