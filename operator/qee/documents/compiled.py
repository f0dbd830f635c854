"""What a cloud job's circuits were compiled to: the bytes that a connector submits, and how to read what comes back.

The pod that compiles writes it to its log; the operator checks it, prices it and puts it into a QuantumTask; the
connector submits its payloads and turns the provider's answers into a result document. Standard library only.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qee.api.names import COMPILED_FORMAT, MAX_SUBMISSIONS
from qee.documents.canonical import DocumentError, Fields, canonical_json, parsed
from qee.documents.provenance import CompiledCircuit
from qee.documents.result import Register
from qee.documents.run import JobReference

NOT_MEASURED = -1


@dataclass(frozen=True)
class Usage:
    """What a submission uses at most, in the units that providers charge for.

    `tasks`: provider jobs. `shots`: all repetitions of all programs. `qpu_milliseconds`: time on the QPU, where the
    provider stops the job at it; None where it does not. `one_qubit_gate_shots`, `two_qubit_gate_shots`: gates times
    repetitions, the two-qubit ones after the provider's own counting. `mitigated_tasks`: those of `tasks` that run with
    the provider's error mitigation, where it has a price of its own. `programs`: circuits of one task that the provider
    charges one by one; 0: it does not.
    """

    tasks: int
    shots: int
    qpu_milliseconds: int | None = None
    one_qubit_gate_shots: int = 0
    two_qubit_gate_shots: int = 0
    mitigated_tasks: int = 0
    programs: int = 0

    def as_json(self) -> dict[str, Any]:
        value = {
            "tasks": self.tasks,
            "shots": self.shots,
            "oneQubitGateShots": self.one_qubit_gate_shots,
            "twoQubitGateShots": self.two_qubit_gate_shots,
        }
        if self.mitigated_tasks:
            value["mitigatedTasks"] = self.mitigated_tasks
        if self.programs:
            value["programs"] = self.programs
        return value if self.qpu_milliseconds is None else {**value, "qpuMilliseconds": self.qpu_milliseconds}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Usage":
        usage = cls(
            tasks=fields.integer("tasks", at_least=1),
            shots=fields.integer("shots", at_least=1),
            qpu_milliseconds=fields.integer("qpuMilliseconds", at_least=1) if fields.has("qpuMilliseconds") else None,
            one_qubit_gate_shots=fields.integer("oneQubitGateShots"),
            two_qubit_gate_shots=fields.integer("twoQubitGateShots"),
            mitigated_tasks=fields.integer("mitigatedTasks", at_least=1) if fields.has("mitigatedTasks") else 0,
            programs=fields.integer("programs", at_least=1) if fields.has("programs") else 0,
        )
        fields.finish()
        return usage


@dataclass(frozen=True)
class Unit:
    """One circuit with one row of its parameters, as the provider runs it.

    `wires[i]` is where the provider's result has the value of classical bit i (bit 0 is the rightmost of a key of
    `counts`): an index whose meaning is the adapter's own, NOT_MEASURED for a bit that no measurement writes, which
    reads 0. `observables` are the names of those whose expectation values the provider estimates itself, in its order.
    """

    circuit: str
    parameter_set: int
    shots: int
    registers: tuple[Register, ...]
    wires: tuple[int, ...]
    observables: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {
            "circuit": self.circuit,
            "parameterSet": self.parameter_set,
            "shots": self.shots,
            "registers": [register.as_json() for register in self.registers],
            "wires": ["-" if wire == NOT_MEASURED else str(wire) for wire in self.wires],
        }
        return {**value, "observables": list(self.observables)} if self.observables else value

    @classmethod
    def from_fields(cls, fields: Fields) -> "Unit":
        unit = cls(
            circuit=fields.text("circuit"),
            parameter_set=fields.integer("parameterSet"),
            shots=fields.integer("shots", at_least=1),
            registers=tuple(Register.from_fields(register) for register in fields.objects("registers")),
            wires=tuple(_wire(text) for text in fields.texts("wires")),
            observables=tuple(fields.texts("observables")) if fields.has("observables") else (),
        )
        fields.finish()
        if len(unit.wires) != sum(register.size for register in unit.registers):
            raise DocumentError("wires must have an entry for each classical bit")
        return unit


def _wire(text: str) -> int:
    if text == "-":
        return NOT_MEASURED
    if not (text.isascii() and text.isdecimal() and len(text) < 8):
        raise DocumentError("wires must be indexes, or - for a bit that is not measured")
    return int(text)


@dataclass(frozen=True)
class Submission:
    """One provider job. `payload` is what the adapter's `submit` sends, in a form of its own."""

    payload: bytes
    units: tuple[Unit, ...]
    usage: Usage

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.payload).hexdigest()

    def as_json(self) -> dict[str, Any]:
        return {
            "payload": base64.b64encode(self.payload).decode(),
            "units": [unit.as_json() for unit in self.units],
            "usage": self.usage.as_json(),
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "Submission":
        try:
            payload = base64.b64decode(fields.text("payload"), validate=True)
        except binascii.Error:
            raise DocumentError("a payload is not base64") from None
        submission = cls(
            payload,
            tuple(Unit.from_fields(unit) for unit in fields.objects("units")),
            Usage.from_fields(fields.object("usage")),
        )
        fields.finish()
        if not submission.units:
            raise DocumentError("a submission has no units")
        return submission


@dataclass(frozen=True)
class CompiledDocument:
    """All submissions of one attempt. `target_sha256` is the digest of the snapshot that was compiled against.

    `circuits` say how each circuit was compiled, `versions` by which packages; `simulated` is true where the device is
    a simulator that the provider runs.
    """

    job: JobReference
    backend: str
    provider: str
    target_sha256: str
    simulated: bool
    submissions: tuple[Submission, ...]
    circuits: tuple[CompiledCircuit, ...]
    versions: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        return canonical_json(
            {
                "apiVersion": COMPILED_FORMAT,
                "job": self.job.as_json(),
                "backend": self.backend,
                "provider": self.provider,
                "targetSha256": self.target_sha256,
                "simulated": self.simulated,
                "submissions": [submission.as_json() for submission in self.submissions],
                "circuits": [circuit.as_json() for circuit in self.circuits],
                "versions": dict(self.versions),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "CompiledDocument":
        """Raises DocumentError with the path of the field that is wrong."""
        fields = parsed(data, "compiled document")
        fields.literal("apiVersion", COMPILED_FORMAT)
        versions = fields.object("versions")
        document = cls(
            job=JobReference.from_fields(fields.object("job")),
            backend=fields.text("backend"),
            provider=fields.text("provider"),
            target_sha256=fields.sha256("targetSha256"),
            simulated=fields.boolean("simulated"),
            submissions=tuple(Submission.from_fields(each) for each in fields.objects("submissions")),
            circuits=tuple(CompiledCircuit.from_fields(each) for each in fields.objects("circuits")),
            versions={name: versions.text(name) for name in versions.names()},
        )
        fields.finish()
        if not 1 <= len(document.submissions) <= MAX_SUBMISSIONS:
            raise DocumentError(
                f"submissions must have 1 to {MAX_SUBMISSIONS} items, it has {len(document.submissions)}"
            )
        return document

    @property
    def usage(self) -> Usage:
        """Of all submissions together."""
        each = [submission.usage for submission in self.submissions]
        times = [usage.qpu_milliseconds for usage in each]
        return Usage(
            tasks=sum(usage.tasks for usage in each),
            shots=sum(usage.shots for usage in each),
            qpu_milliseconds=None if None in times else sum(time or 0 for time in times),
            one_qubit_gate_shots=sum(usage.one_qubit_gate_shots for usage in each),
            two_qubit_gate_shots=sum(usage.two_qubit_gate_shots for usage in each),
            mitigated_tasks=sum(usage.mitigated_tasks for usage in each),
            programs=sum(usage.programs for usage in each),
        )
