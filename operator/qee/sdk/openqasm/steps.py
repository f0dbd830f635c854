"""What an OpenQASM program does, step by step: what engine cirq is handed in place of text."""

from dataclasses import dataclass

from qee.documents.result import Register
from qee.sdk.openqasm.conditions import Condition

GATE, MEASURE, RESET = "gate", "measure", "reset"


@dataclass(frozen=True, slots=True)
class Step:
    """A gate of the library (or, if it is asked for, one of the program's own), a measurement or a reset.

    `qubits` and `bit` are numbers in order of declaration; `bit` is -1 but for a measurement. Angles are in radians.
    """

    kind: str
    name: str
    angles: tuple[float, ...]
    qubits: tuple[int, ...]
    bit: int = -1
    conditions: tuple[Condition, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """`qubits` and `registers` are all that are declared; physical qubits are a register `$`."""

    qubits: tuple[Register, ...]
    registers: tuple[Register, ...]
    steps: tuple[Step, ...]
