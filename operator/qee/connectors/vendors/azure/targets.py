"""The targets of Azure Quantum that QEE makes programs for: their formats, sizes and options. Standard library only.

Figures and formats are those of azure-quantum 3.13 (azure.quantum.target and azure.quantum.qiskit.backends); options
beyond those of the SDK are those of the providers' pages on learn.microsoft.com/azure/quantum.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qee.connectors.vendors import program_gates
from qee.documents.compiled import Usage

_ONE_QUBIT = ("h", "rx", "ry", "rz", "s", "sdg", "t", "tdg", "x", "y", "z")


@dataclass(frozen=True)
class Option:
    """A key of spec.providerOptions. `read` gives its value on the wire, or raises ValueError."""

    takes: str
    read: Callable[[Any], Any]


def _level(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 3:
        raise ValueError
    return value


def _priority(value: Any) -> str:
    if value not in ("Standard", "High"):
        raise ValueError
    return str(value)


def _mitigation(value: Any) -> dict[str, bool]:
    if not isinstance(value, Mapping) or set(value) != {"debias"} or not isinstance(value["debias"], bool):
        raise ValueError
    return dict(value)


def _noise(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not {"model"} <= set(value) <= {"model", "seed"}:
        raise ValueError
    if not isinstance(value["model"], str) or type(value.get("seed", 0)) is not int:
        raise ValueError
    return dict(value)


def _probabilities(value: Any) -> dict[str, float]:
    if not isinstance(value, Mapping) or not all(isinstance(each, str) for each in value.values()):
        raise ValueError
    read = {str(name): float(each) for name, each in value.items()}
    if not all(0 <= each <= 1 for each in read.values()):
        raise ValueError
    return read


PRIORITY = "priority"
"""The one option that is of the job itself, not of the provider's inputParams."""
MITIGATION = "error-mitigation"
_PRIORITY = {PRIORITY: Option("Standard or High", _priority)}
_DEBIAS = Option("a map with debias: true or false", _mitigation)
_NOISE = Option("a map with model, a string, and optionally seed, an integer", _noise)
_ERRORS = Option("a map of noise parameters, each a probability as a decimal string", _probabilities)
_TKET = Option("0, 1, 2 or 3", _level)


@dataclass(frozen=True)
class Family:
    """The targets of one provider that take programs in one format. `qubits` by what a target's name contains.

    `max_shots` is of its QPUs. `by_bit`: results are by classical bit, of measured shots; else by qubit, probabilities.
    `options`: those of its QPUs, `defaults` what they are told where a job says nothing.
    """

    prefix: str
    input_format: str
    output_format: str
    content_type: str
    basis: tuple[str, ...]
    qubits: Mapping[str, int]
    by_bit: bool
    max_shots: int = 10_000
    simulator_max_shots: int | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    simulator_options: Mapping[str, Option] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)


FAMILIES = (
    Family(
        prefix="ionq.",
        input_format="ionq.circuit.v1",
        output_format="ionq.quantum-results.v1",
        content_type="application/json",
        basis=(*_ONE_QUBIT, "sx", "sxdg", "cx"),
        qubits={"simulator": 29, "aria": 25, "forte": 35},
        by_bit=False,
        options={MITIGATION: _DEBIAS},
        defaults={MITIGATION: {"debias": False}},  # which is on otherwise, for eight times the least price
        simulator_options={"noise": _NOISE},
    ),
    Family(
        prefix="quantinuum.",
        input_format="honeywell.openqasm.v1",
        output_format="honeywell.quantum-results.v1",
        content_type="application/qasm",
        basis=(*_ONE_QUBIT, "cx", "cz"),
        qubits={".h2-": 56},  # the Helios targets take QIR alone
        by_bit=True,
        options={"tket-opt-level": _TKET},
        simulator_options={"tket-opt-level": _TKET, "error-params": _ERRORS},
    ),
    Family(
        prefix="rigetti.",
        input_format="rigetti.quil.v1",
        output_format="rigetti.quil-results.v1",
        content_type="text/plain",
        basis=("h", "rx", "ry", "rz", "s", "t", "x", "y", "z", "cx", "cz"),
        qubits={"sim.qvm": 20, "cepheus-1-108q": 108},
        by_bit=True,
        simulator_max_shots=10_000,
    ),
)


@dataclass(frozen=True)
class Device:
    """One target. `snapshot` is what the connector publishes of it and `prepare` reads."""

    name: str
    family: Family
    qubits: int
    provider: str

    @property
    def simulated(self) -> bool:
        return ".sim." in self.name or self.name.endswith(".simulator")

    @property
    def max_shots(self) -> int | None:
        """None: the SDK names none."""
        return self.family.simulator_max_shots if self.simulated else self.family.max_shots

    @property
    def defaults(self) -> Mapping[str, Any]:
        return {} if self.simulated else self.family.defaults

    @property
    def options(self) -> Mapping[str, Option]:
        return {**_PRIORITY, **(self.family.simulator_options if self.simulated else self.family.options)}

    def snapshot(self) -> bytes:
        shown = {
            "target": self.name,
            "provider": self.provider,
            "qubits": self.qubits,
            "inputFormat": self.family.input_format,
            "basisGates": list(self.family.basis),
            "maxShots": self.max_shots,
        }
        return json.dumps(shown, sort_keys=True, separators=(",", ":")).encode()


def device(name: str, qubits: int | None = None, provider: str = "") -> Device | None:
    """The target of that name; None where QEE makes no programs for it. `qubits`: as the service says."""
    for family in FAMILIES:
        if name.startswith(family.prefix):
            for part, known in family.qubits.items():
                if part in name:
                    return Device(name, family, qubits or known, provider or family.prefix.rstrip("."))
    return None


def from_snapshot(snapshot: bytes) -> Device | None:
    shown = json.loads(snapshot)
    return device(shown["target"], shown["qubits"], shown["provider"])


_COUNTERS: Mapping[str, Callable[[str], tuple[int, int]]] = {
    "ionq.circuit.v1": lambda text: program_gates.ionq(json.loads(text)["circuit"]),
    "honeywell.openqasm.v1": program_gates.openqasm2,
    "rigetti.quil.v1": program_gates.quil,
}


def usage(payload: bytes, shots: int) -> Usage:
    """One provider job; its gates are those of the program, each on one or two qubits. ValueError where the payload is
    for other shots.
    """
    content = json.loads(payload)
    if content["inputParams"]["shots"] != shots:
        raise ValueError(f"the payload asks for {content['inputParams']['shots']} shots, its unit for {shots}")
    ones, twos = _COUNTERS[content["inputDataFormat"]](content["inputData"])
    asked = content["inputParams"].get(MITIGATION, {})
    return Usage(
        tasks=1,
        shots=shots,
        one_qubit_gate_shots=ones * shots,
        two_qubit_gate_shots=twos * shots,
        mitigated_tasks=1 if asked.get("debias") else 0,
    )
