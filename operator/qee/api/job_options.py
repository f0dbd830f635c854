"""How the circuits of a QuantumJob are compiled, simulated, bounded and paid for."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from qee.api.fields import (
    Amount,
    Currency,
    DnsLabel,
    GateName,
    Name,
    NonNegativeDecimal,
    Probability,
    Quantity,
    Seed,
    rules,
    stored_default,
)
from qee.api.meta import Spec
from qee.api.quantity import parse_quantity

MAX_LAYOUT = 1000
MAX_GATE_TIMES = 64


class BackendRef(Spec):
    """The backend that runs the job. Always named: the choice of device is part of what is signed."""

    kind: Literal["QuantumBackend"] = Field(
        default="QuantumBackend",
        description="Kind of the backend. Default, and only value: QuantumBackend.",
        json_schema_extra=stored_default("QuantumBackend"),
    )
    name: DnsLabel = Field(description="Name of the QuantumBackend; `kubectl get quantumbackends` lists them.")


class Transpile(Spec):
    """How a circuit is compiled to the gates and the coupling of the backend."""

    optimization_level: Annotated[int, Field(ge=0, le=3)] | None = Field(
        default=None,
        description="Effort of Qiskit's transpiler: 0 (only what the backend needs) to 3 (slowest, shortest circuits)."
        " Absent: 0 on simulators, 2 on QPUs.",
    )
    initial_layout: (
        Annotated[list[Annotated[int, Field(ge=0, le=99_999)]], Field(min_length=1, max_length=MAX_LAYOUT)] | None
    ) = Field(
        default=None,
        description="Physical qubits (indexes from 0) for the circuit's qubits in order of declaration, each once;"
        " at most"
        " 1000. Absent: chosen by the transpiler.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    seed: Seed | None = Field(
        default=None,
        description="Seed of the transpiler's random choices, 0 to 2^53-1. Absent: derived from the job's seed.",
    )
    verbatim: bool | None = Field(
        default=None,
        description="True: send the gates to the QPU as written, without compiling (Amazon Braket calls it verbatim)."
        " Absent: false.",
    )

    @field_validator("initial_layout")
    @classmethod
    def _each_qubit_once(cls, layout: list[int] | None) -> list[int] | None:
        for qubit in layout or []:
            if (layout or []).count(qubit) > 1:
                raise ValueError(f"qubit {qubit} occurs twice; give each physical qubit at most once")
        return layout


class Simulator(Spec):
    """How a simulator backend computes. Cloud backends refuse it."""

    method: Literal[
        "automatic", "statevector", "density_matrix", "stabilizer", "extended_stabilizer", "matrix_product_state"
    ] = Field(
        default="automatic",
        description="Simulation method, in Qiskit Aer's spelling. automatic: chosen from circuit and noise, and"
        " recorded in"
        " the result. Absent: automatic.",
    )
    precision: Literal["double", "single"] = Field(
        default="double",
        description="Floating point precision of amplitudes: double (16 bytes each) or single (8 bytes). Absent:"
        " double.",
    )


class Noise(Spec):
    """A noise model: that of a known device, or one built from typed errors."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            {
                "rule": "has(self.device) != (has(self.oneQubit) || has(self.twoQubit) || has(self.readout)"
                " || has(self.t1) || has(self.t2) || has(self.gateTimes))",
                "message": "give either device or typed errors (oneQubit, twoQubit, readout, t1, t2, gateTimes)",
            },
            {
                "rule": "!has(self.t1) || !has(self.t2) || double(self.t2) <= 2.0 * double(self.t1)",
                "messageExpression": "'t2 ' + self.t2 + ' exceeds twice t1 ' + self.t1 + '; no qubit does that:"
                " lower t2'",
                "message": "t2 exceeds twice t1; no qubit does that: lower t2",
            },
            {
                "rule": "has(self.gateTimes) == (has(self.t1) || has(self.t2))",
                "message": "t1 and t2 act during gateTimes; give gateTimes with t1 or t2, and only with them",
            },
        )
    )

    device: Name | None = Field(
        default=None,
        description="Noise of a device as the simulator's SDK ships it, for example fake_manila (Qiskit Runtime).",
    )
    one_qubit: Probability | None = Field(
        default=None, description="Probability of a depolarizing error after each one-qubit gate, 0 to 1. Absent: 0."
    )
    two_qubit: Probability | None = Field(
        default=None, description="Probability of a depolarizing error after each two-qubit gate, 0 to 1. Absent: 0."
    )
    readout: Probability | None = Field(
        default=None, description="Probability that a measured bit is flipped, the same for 0 and 1, 0 to 1. Absent: 0."
    )
    t1: NonNegativeDecimal | None = Field(
        default=None, description="Relaxation time in microseconds, above 0. Absent: no relaxation."
    )
    t2: NonNegativeDecimal | None = Field(
        default=None,
        description="Dephasing time in microseconds, above 0, at most twice t1. Absent: 2*t1, no pure dephasing.",
    )
    gate_times: Annotated[dict[GateName, NonNegativeDecimal], Field(min_length=1, max_length=MAX_GATE_TIMES)] | None = (
        Field(
            default=None,
            description="Duration of each gate in nanoseconds by the gate's name, for t1 and t2; gates that are not"
            " listed take"
            " no time. Up to 64 gates.",
        )
    )

    @model_validator(mode="after")
    def _device_or_errors(self) -> "Noise":
        typed = (self.one_qubit, self.two_qubit, self.readout, self.t1, self.t2, self.gate_times)
        if (self.device is not None) == any(error is not None for error in typed):
            raise ValueError("give either device or typed errors (oneQubit, twoQubit, readout, t1, t2, gateTimes)")
        if self.t1 is not None and self.t2 is not None and Decimal(self.t2) > 2 * Decimal(self.t1):
            raise ValueError(f"t2 {self.t2} exceeds twice t1 {self.t1}; no qubit does that: lower t2")
        if (self.gate_times is not None) != (self.t1 is not None or self.t2 is not None):
            raise ValueError("t1 and t2 act during gateTimes; give gateTimes with t1 or t2, and only with them")
        return self


class MaxCost(Spec):
    """A ceiling on what the job may cost at a provider."""

    amount: Amount = Field(description='Ceiling as a decimal string in units of the currency, for example "1.50".')
    currency: Currency = Field(description="ISO 4217 code of the currency, for example USD. Must be the price list's.")


class ComputeResources(Spec):
    """Amounts of CPU and memory."""

    cpu: Quantity | None = Field(
        default=None,
        description='Cores as a Kubernetes quantity above 0, for example "500m" or 2. Absent: see resources.',
    )
    memory: Quantity | None = Field(
        default=None, description='Bytes as a Kubernetes quantity above 0, for example "1Gi". Absent: see resources.'
    )


class Resources(Spec):
    """CPU and memory of the simulator pod, as in a container's resources."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            *(
                {
                    "rule": f"!has(self.requests) || !has(self.limits) || !has(self.requests.{name})"
                    f" || !has(self.limits.{name}) || !isQuantity(string(self.requests.{name}))"
                    f" || !isQuantity(string(self.limits.{name})) || quantity(string(self.requests.{name}))"
                    f".compareTo(quantity(string(self.limits.{name}))) <= 0",
                    "messageExpression": f"'requests.{name} ' + string(self.requests.{name}) + ' exceeds"
                    f" limits.{name} '"
                    f" + string(self.limits.{name}) + '; raise the limit or lower the request'",
                    "message": f"requests.{name} exceeds limits.{name}; raise the limit or lower the request",
                }
                for name in ("cpu", "memory")
            )
        )
    )

    requests: ComputeResources | None = Field(
        default=None, description="What the scheduler reserves for the pod. Absent: estimated from the circuits."
    )
    limits: ComputeResources | None = Field(
        default=None,
        description="What the pod may use; the state must fit into limits.memory. Absent: estimated from the circuits,"
        " within the backend's limits.",
    )

    @model_validator(mode="after")
    def _requests_within_limits(self) -> "Resources":
        for name in ("cpu", "memory"):
            request, limit = getattr(self.requests, name, None), getattr(self.limits, name, None)
            if request is not None and limit is not None and parse_quantity(request) > parse_quantity(limit):
                raise ValueError(
                    f"requests.{name} {request} exceeds limits.{name} {limit}; raise the limit or lower the request"
                )
        return self
