"""What a cloud job's circuits were compiled to: the bytes that a connector submits, and how to read what comes back.

The pod that compiles writes it to its log; the operator checks it, prices it and puts it into a QuantumTask; the
connector submits its payloads and turns the provider's answers into a result document. Standard library only.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from qee.api.names import COMPILED_FORMAT, MAX_SUBMISSIONS
from qee.documents.canonical import DocumentError
from qee.documents.codec import TEXT, Document, Message, OmitEmpty, Positive, Sha256, list_of
from qee.documents.provenance import CompiledCircuit
from qee.documents.result import Register
from qee.documents.run import JobReference

NOT_MEASURED = -1


def _wire(text: str) -> int:
    if text == "-":
        return NOT_MEASURED
    if not (text.isascii() and text.isdecimal() and len(text) < 8):
        raise DocumentError("wires must be indexes, or - for a bit that is not measured")
    return int(text)


def _payload(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise DocumentError("a payload is not base64") from None


_PAYLOAD = TEXT._replace(read=_payload, write=lambda payload: base64.b64encode(payload).decode())
_WIRES = list_of(TEXT)._replace(
    read=lambda texts: tuple(map(_wire, texts)),
    write=lambda wires: ["-" if wire == NOT_MEASURED else str(wire) for wire in wires],
)


@dataclass(frozen=True)
class Usage(Document):
    """What a submission uses at most, in the units that providers charge for.

    `tasks`: provider jobs. `shots`: all repetitions of all programs. `qpu_milliseconds`: time on the QPU, where the
    provider stops the job at it; None where it does not. `one_qubit_gate_shots`, `two_qubit_gate_shots`: gates times
    repetitions, the two-qubit ones after the provider's own counting. `mitigated_tasks`: those of `tasks` that run with
    the provider's error mitigation, where it has a price of its own. `programs`: circuits of one task that the provider
    charges one by one; 0: it does not.
    """

    tasks: Positive
    shots: Positive
    qpu_milliseconds: Positive | None = None
    one_qubit_gate_shots: int = 0
    two_qubit_gate_shots: int = 0
    mitigated_tasks: OmitEmpty[Positive] = 0
    programs: OmitEmpty[Positive] = 0


@dataclass(frozen=True)
class Unit(Document):
    """One circuit with one row of its parameters, as the provider runs it.

    `wires[i]` is where the provider's result has the value of classical bit i (bit 0 is the rightmost of a key of
    `counts`): an index whose meaning is the adapter's own, NOT_MEASURED for a bit that no measurement writes, which
    reads 0. `observables` are the names of those whose expectation values the provider estimates itself, in its order.
    """

    circuit: str
    parameter_set: int
    shots: Positive
    registers: tuple[Register, ...]
    wires: Annotated[tuple[int, ...], _WIRES]
    observables: OmitEmpty[tuple[str, ...]] = ()

    def check(self) -> None:
        if len(self.wires) != sum(register.size for register in self.registers):
            raise DocumentError("wires must have an entry for each classical bit")


@dataclass(frozen=True)
class Submission(Document):
    """One provider job. `payload` is what the adapter's `submit` sends, in a form of its own."""

    payload: Annotated[bytes, _PAYLOAD]
    units: tuple[Unit, ...]
    usage: Usage

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.payload).hexdigest()

    def check(self) -> None:
        if not self.units:
            raise DocumentError("a submission has no units")


@dataclass(frozen=True)
class CompiledDocument(Message, what="compiled document", apiVersion=COMPILED_FORMAT):
    """All submissions of one attempt. `target_sha256` is the digest of the snapshot that was compiled against.

    `circuits` say how each circuit was compiled, `versions` by which packages; `simulated` is true where the device is
    a simulator that the provider runs.
    """

    job: JobReference
    backend: str
    provider: str
    target_sha256: Sha256
    simulated: bool
    submissions: tuple[Submission, ...]
    circuits: tuple[CompiledCircuit, ...]
    versions: Mapping[str, str] = field(default_factory=dict)

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

    def check(self) -> None:
        if not 1 <= len(self.submissions) <= MAX_SUBMISSIONS:
            raise DocumentError(f"submissions must have 1 to {MAX_SUBMISSIONS} items, it has {len(self.submissions)}")
