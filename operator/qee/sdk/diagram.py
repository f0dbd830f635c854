"""What a picture of a circuit shows, as plain data: its wires, and what is done on them in order.

An engine makes it from the SDK's circuit, in the runner's process; whoever paints it needs no SDK.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qee.api.reasons import Reason
from qee.documents.canonical import DocumentError, Fields
from qee.documents.result import Register
from qee.sdk.errors import RunnerError

DIAGRAM = "diagram"  # what the runner is asked for, and where its answer has it
MAX_OPERATIONS = 2_000  # nobody reads a picture of more
KINDS = ("gate", "measure", "reset", "barrier", "block")
MAX_TEXT = 24  # characters of a name, a parameter or a condition
MAX_PARAMETERS = 4
_LISTS = ("controls", "anticontrols", "clbits", "parameters")


@dataclass(frozen=True)
class Operation:
    """One step. `qubits` are acted on, in the operation's own order, if all `controls` are 1 and all `anticontrols` 0.

    `clbits` are those that are measured into, or that `condition` reads. A block of control flow is one operation.
    """

    kind: str
    name: str
    qubits: tuple[int, ...]
    controls: tuple[int, ...] = ()
    anticontrols: tuple[int, ...] = ()
    clbits: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()
    condition: str = ""

    def as_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {"kind": self.kind, "name": self.name, "qubits": list(self.qubits)}
        value |= {name: list(found) for name in _LISTS if (found := getattr(self, name))}
        return value | ({"condition": self.condition} if self.condition else {})

    @classmethod
    def from_fields(cls, fields: Fields) -> "Operation":
        def integers(name: str) -> tuple[int, ...]:
            return tuple(fields.integers(name)) if fields.has(name) else ()

        operation = cls(
            fields.one_of("kind", KINDS),
            fields.text("name"),
            tuple(fields.integers("qubits")),
            integers("controls"),
            integers("anticontrols"),
            integers("clbits"),
            tuple(fields.texts("parameters")) if fields.has("parameters") else (),
            fields.text("condition") if fields.has("condition") else "",
        )
        fields.finish()
        return operation

    @property
    def touched(self) -> tuple[int, ...]:
        """Every qubit of it."""
        return (*self.qubits, *self.controls, *self.anticontrols)


@dataclass(frozen=True)
class Diagram:
    """`qubits` are the labels of the quantum wires, qubit 0 first. Bits are numbered through the registers."""

    qubits: tuple[str, ...]
    registers: tuple[Register, ...]
    operations: tuple[Operation, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "qubits": list(self.qubits),
            "registers": [register.as_json() for register in self.registers],
            "operations": [operation.as_json() for operation in self.operations],
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "Diagram":
        """Raises DocumentError, also for an operation on no qubit or on wires that are not there."""
        diagram = cls(
            tuple(fields.texts("qubits")),
            tuple(Register.from_fields(each) for each in fields.objects("registers")),
            tuple(Operation.from_fields(each) for each in fields.objects("operations")),
        )
        fields.finish()
        bits = sum(register.size for register in diagram.registers)
        for number, each in enumerate(diagram.operations):
            if not each.qubits or max(each.touched) >= len(diagram.qubits) or max(each.clbits, default=-1) >= bits:
                raise DocumentError(f"operations[{number}] must be on wires of the diagram")
        return diagram


def refuse_many(operations: int) -> None:
    """Raises RunnerError for more operations than a picture holds."""
    if operations > MAX_OPERATIONS:
        raise RunnerError(
            Reason.CIRCUIT_TOO_LARGE,
            f"{operations} operations, and a picture holds {MAX_OPERATIONS}; leave out --png to have the circuit drawn "
            "as text, or draw a part of it",
        )


def labels(declared: Sequence[Register]) -> tuple[str, ...]:
    """Of the qubits of these registers: `q[0]`, `q[1]`; of a single one the name alone."""
    return tuple(
        register.name if register.size == 1 else f"{register.name}[{number}]"
        for register in declared
        for number in range(register.size)
    )


def short(text: str, most: int = MAX_TEXT) -> str:
    """On one line, the end cut off where it is long; never empty."""
    line = " ".join(text.split()) or "?"
    return line if len(line) <= most else line[: most - 1] + "…"


def listed(parameters: Sequence[str]) -> tuple[str, ...]:
    """Each short, and not too many."""
    shown = [short(each) for each in parameters[:MAX_PARAMETERS]]
    return (*shown, "…") if len(parameters) > MAX_PARAMETERS else tuple(shown)
