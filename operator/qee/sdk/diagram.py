"""What a picture of a circuit shows, as plain data: its wires, and what is done on them in order.

An engine makes it from the SDK's circuit, in the runner's process; whoever paints it needs no SDK.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from qee.documents.canonical import DocumentError
from qee.documents.codec import Document, OmitEmpty, one_of
from qee.documents.result import Register
from qee.sdk.errors import circuit_too_large

DIAGRAM = "diagram"  # what the runner is asked for
MAX_OPERATIONS = 2_000  # nobody reads a picture of more
KINDS = ("gate", "measure", "reset", "barrier", "block")
MAX_TEXT = 24  # characters of a name, a parameter or a condition
MAX_PARAMETERS = 4


@dataclass(frozen=True)
class Operation(Document):
    """One step. `qubits` are acted on, in the operation's own order, if all `controls` are 1 and all `anticontrols` 0.

    `clbits` are those that are measured into, or that `condition` reads. A block of control flow is one operation.
    """

    kind: Annotated[str, one_of(*KINDS)]
    name: str
    qubits: tuple[int, ...]
    controls: OmitEmpty[tuple[int, ...]] = ()
    anticontrols: OmitEmpty[tuple[int, ...]] = ()
    clbits: OmitEmpty[tuple[int, ...]] = ()
    parameters: OmitEmpty[tuple[str, ...]] = ()
    condition: OmitEmpty[str] = ""

    @property
    def touched(self) -> tuple[int, ...]:
        """Every qubit of it."""
        return (*self.qubits, *self.controls, *self.anticontrols)


@dataclass(frozen=True)
class Diagram(Document):
    """`qubits` are the labels of the quantum wires, qubit 0 first. Bits are numbered through the registers."""

    qubits: tuple[str, ...]
    registers: tuple[Register, ...]
    operations: tuple[Operation, ...]

    def check(self) -> None:
        """Every operation is on wires that are there, and on some."""
        bits = sum(register.size for register in self.registers)
        for number, each in enumerate(self.operations):
            if not each.qubits or max(each.touched) >= len(self.qubits) or max(each.clbits, default=-1) >= bits:
                raise DocumentError(f"operations[{number}] must be on wires of the diagram")


@dataclass(frozen=True)
class Answer(Document):
    """What the runner says when it is asked for a DIAGRAM."""

    diagram: Diagram


def refuse_many(operations: int) -> None:
    """Raises RunnerError for more operations than a picture holds."""
    if operations > MAX_OPERATIONS:
        raise circuit_too_large(
            f"{operations} operations, and a picture holds {MAX_OPERATIONS}; leave out --png to have the circuit drawn "
            "as text, or draw a part of it"
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
