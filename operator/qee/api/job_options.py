"""How the circuits of a QuantumJob are compiled, simulated, bounded and paid for."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from qee.api.cel import Rule, rules
from qee.api.declare import ATOMIC, optional, stored
from qee.api.fields import (
    Amount,
    Currency,
    DnsLabel,
    DnsSubdomain,
    GateName,
    Name,
    NonNegativeDecimal,
    Probability,
    Quantity,
    Seed,
    refuse_huge,
)
from qee.api.meta import Spec
from qee.api.quantity import parse_quantity

MAX_LAYOUT = 1000
MAX_GATE_TIMES = 64


class BackendRef(Spec):
    """The backend that runs the job. Always named: the choice of device is part of what is signed."""

    kind: Literal["QuantumBackend"] = stored(
        "QuantumBackend", "Kind of the backend. Default, and only value: QuantumBackend."
    )
    name: DnsLabel = Field(description="Name of the QuantumBackend; `kubectl get quantumbackends` lists them.")


_QUBITS_ONCE = Rule("self.all(q, self.exists_one(p, p == q))", "a qubit occurs twice; give each physical qubit once")


class Transpile(Spec):
    """How a circuit is compiled to the gates and the coupling of the backend."""

    optimization_level: Annotated[int, Field(ge=0, le=3)] | None = optional(
        "Effort of Qiskit's transpiler: 0 (only what the backend needs) to 3 (slowest, shortest circuits). Absent: 0"
        " on simulators, 2 on QPUs."
    )
    initial_layout: (
        Annotated[list[Annotated[int, Field(ge=0, le=99_999)]], Field(min_length=1, max_length=MAX_LAYOUT)] | None
    ) = optional(
        "Physical qubits (indexes from 0) for the circuit's qubits in order of declaration, each once; at most 1000."
        " Absent: chosen by the transpiler.",
        {**ATOMIC, **rules(_QUBITS_ONCE)},
    )
    seed: Seed | None = optional(
        "Seed of the transpiler's random choices, 0 to 2^53-1. Absent: derived from the job's seed."
    )
    verbatim: bool | None = optional(
        "True: send the gates to the QPU as written, without compiling (Amazon Braket calls it verbatim). Absent:"
        " false."
    )
    verify_equivalence: bool | None = optional(
        "True: check that the compiled circuit does what the given one does (MQT QCEC, on engine aer), and fail the"
        " job if it does not. Circuits beyond the check's size, and dynamic ones, are reported as not_checked."
        " Absent: false."
    )

    @field_validator("initial_layout")
    @classmethod
    def _each_qubit_once(cls, layout: list[int] | None) -> list[int] | None:
        if layout is not None and len(set(layout)) != len(layout):
            raise _QUBITS_ONCE.error()
        return layout


class Simulator(Spec):
    """How a simulator backend computes. Cloud backends refuse it."""

    method: Literal[
        "automatic", "statevector", "density_matrix", "stabilizer", "extended_stabilizer", "matrix_product_state"
    ] = Field(
        default="automatic",
        description="Simulation method, in Qiskit Aer's spelling. automatic: chosen from circuit and noise, and"
        " recorded in the result. Absent: automatic.",
    )
    precision: Literal["double", "single"] = Field(
        default="double",
        description="Floating point precision of amplitudes: double (16 bytes each) or single (8 bytes). Absent:"
        " double.",
    )


_ERRORS = ("oneQubit", "twoQubit", "readout", "t1", "t2", "gateTimes")
_DEVICE_OR_ERRORS = Rule(
    f"has(self.device) != ({' || '.join(f'has(self.{name})' for name in _ERRORS)})",
    f"give either device or typed errors ({', '.join(_ERRORS)})",
)
_T2 = Rule(
    "!has(self.t1) || !has(self.t2) || double(self.t2) <= 2.0 * double(self.t1)",
    "t2 %s exceeds twice t1 %s; no qubit does that: lower t2",
    ("self.t2", "self.t1"),
)
_TIME_ABOVE_ZERO = Rule("double(self) > 0.0", "is %s; give a time above 0 in microseconds, or leave it out", ("self",))
_GATE_TIMES = Rule(
    "has(self.gateTimes) == (has(self.t1) || has(self.t2))",
    "t1 and t2 act during gateTimes; give gateTimes with t1 or t2, and only with them",
)


class Noise(Spec):
    """A noise model: that of a known device, or one built from typed errors."""

    model_config = ConfigDict(json_schema_extra=rules(_DEVICE_OR_ERRORS, _T2, _GATE_TIMES))

    device: Name | None = optional(
        "Noise of a device from its snapshot in the image, for example fake_manila; circuits are compiled for it."
        " docs/guide/noise.md lists them."
    )
    one_qubit: Probability | None = optional(
        "Probability of a depolarizing error after each one-qubit gate, 0 to 1. Absent: 0."
    )
    two_qubit: Probability | None = optional(
        "Probability of a depolarizing error after each two-qubit gate, 0 to 1. Absent: 0."
    )
    readout: Probability | None = optional(
        "Probability that a measured bit is flipped, the same for 0 and 1, 0 to 1. Absent: 0."
    )
    t1: NonNegativeDecimal | None = optional(
        "Relaxation time in microseconds, above 0. Absent: no relaxation.", rules(_TIME_ABOVE_ZERO)
    )
    t2: NonNegativeDecimal | None = optional(
        "Dephasing time in microseconds, above 0, at most twice t1. Absent: 2*t1, no pure dephasing.",
        rules(_TIME_ABOVE_ZERO),
    )
    gate_times: Annotated[dict[GateName, NonNegativeDecimal], Field(min_length=1, max_length=MAX_GATE_TIMES)] | None = (
        optional(
            "Duration of each gate in nanoseconds by the gate's name, for t1 and t2; gates that are not listed take no"
            " time. Up to 64 gates."
        )
    )

    @field_validator("t1", "t2")
    @classmethod
    def _time_above_zero(cls, time: str | None) -> str | None:
        if time is not None and not float(time) > 0:
            raise _TIME_ABOVE_ZERO.error(time)
        refuse_huge("", [time] if time else [])
        return time

    @field_validator("gate_times")
    @classmethod
    def _finite_times(cls, times: dict[str, str] | None) -> dict[str, str] | None:
        for gate, time in (times or {}).items():
            refuse_huge(f"{gate}: ", [time])
        return times

    @model_validator(mode="after")
    def _device_or_errors(self) -> "Noise":
        typed = (self.one_qubit, self.two_qubit, self.readout, self.t1, self.t2, self.gate_times)
        if (self.device is not None) == any(error is not None for error in typed):
            raise _DEVICE_OR_ERRORS.error()
        if self.t1 is not None and self.t2 is not None and Decimal(self.t2) > 2 * Decimal(self.t1):
            raise _T2.error(self.t2, self.t1)
        if (self.gate_times is not None) != (self.t1 is not None or self.t2 is not None):
            raise _GATE_TIMES.error()
        return self


class MaxCost(Spec):
    """A ceiling on what the job may cost at a provider."""

    amount: Amount = Field(description='Ceiling as a decimal string in units of the currency, for example "1.50".')
    currency: Currency = Field(description="ISO 4217 code of the currency, for example USD. Must be the price list's.")


class ResultsClaim(Spec):
    """A volume that takes results which are too large for a ConfigMap."""

    claim_name: DnsSubdomain = Field(
        description="Name of a PersistentVolumeClaim in the job's own namespace. Its owner dedicates it to results by"
        ' the label qee.dev/results: "true"; without the label the job is refused.'
    )


class Results(Spec):
    """Where a result goes that is too large for a ConfigMap. Cloud backends refuse it."""

    persistent_volume_claim: ResultsClaim = Field(
        description="A volume that the simulator pod writes results to: of a job of one pod a result that takes more"
        " than 700 KiB in gzip and base64, of a job of several shards each shard's. status.result names the files;"
        " smaller results are in the ConfigMap as ever."
    )


class ComputeResources(Spec):
    """Amounts of CPU and memory."""

    cpu: Quantity | None = optional(
        'Cores as a Kubernetes quantity above 0, for example "500m" or 2. Absent: see resources.'
    )
    memory: Quantity | None = optional(
        'Bytes as a Kubernetes quantity above 0, for example "1Gi". Absent: see resources.'
    )


def _within_limit(name: str) -> Rule:
    request, limit = f"self.requests.{name}", f"self.limits.{name}"
    present = f"has(self.requests) && has(self.limits) && has({request}) && has({limit})"
    valid = f"isQuantity(string({request})) && isQuantity(string({limit}))"  # a bad one is told by its own rule
    return Rule(
        f"!({present} && {valid}) || quantity(string({request})).compareTo(quantity(string({limit}))) <= 0",
        f"requests.{name} %s exceeds limits.{name} %s; raise the limit or lower the request",
        (request, limit),
    )


_WITHIN_LIMITS = {name: _within_limit(name) for name in ("cpu", "memory")}


class Resources(Spec):
    """CPU and memory of the simulator pod, as in a container's resources."""

    model_config = ConfigDict(json_schema_extra=rules(*_WITHIN_LIMITS.values()))

    requests: ComputeResources | None = optional(
        "What the scheduler reserves for the pod. Absent: estimated from the circuits."
    )
    limits: ComputeResources | None = optional(
        "What the pod may use; the state must fit into limits.memory. Absent: estimated from the circuits, within the"
        " backend's limits."
    )

    @model_validator(mode="after")
    def _requests_within_limits(self) -> "Resources":
        for name, rule in _WITHIN_LIMITS.items():
            request, limit = getattr(self.requests, name, None), getattr(self.limits, name, None)
            if request is not None and limit is not None and parse_quantity(request) > parse_quantity(limit):
                raise rule.error(request, limit)
        return self
