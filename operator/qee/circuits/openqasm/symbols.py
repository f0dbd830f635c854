"""Names of a program and their scopes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from qee.circuits.openqasm.gates import Gate
from qee.circuits.openqasm.values import Number
from qee.circuits.tally import Tally

# Name, index (None: a whole register, a selection or a single qubit), number of qubits (None: one), and the position of
# its first qubit among all (0 for arguments; None where it is not known which qubits these are).
Operand = tuple[str, int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Qubits:
    """A qubit (size None) or a register.

    `start`: position of its first qubit among all that are declared. `alias`: another name for qubits that are declared
    elsewhere. `argument`: of the definition around it. `elements`: operands that were read before, by the digits of
    their index.
    """

    size: int | None
    start: int = 0
    alias: bool = False
    argument: bool = False
    elements: dict[str, Operand] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Bits:
    """A classical bit (size None) or a register."""

    size: int | None


@dataclass(frozen=True, slots=True)
class Constant:
    number: Number


@dataclass(frozen=True, slots=True)
class Parameter:
    """An angle of the gate definition around it."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A classical value known only at run time: a variable, an input, a loop's variable, an argument."""

    input: bool = False


@dataclass(frozen=True, slots=True)
class Subroutine:
    """A `def`: the number of its arguments and what one call adds."""

    arguments: int
    tally: Tally


Symbol = Qubits | Bits | Constant | Parameter | Variable | Gate | Subroutine


class Scope:
    """Names in force. Entering costs nothing and leaving costs what was declared inside, however deep one is."""

    def __init__(self, builtin: Mapping[str, Gate]) -> None:
        self.names: dict[str, Symbol] = dict(builtin)
        self._soft: set[str] = set()
        self._undo: list[list[tuple[str, Symbol | None]]] = []
        self._local: list[set[str]] = [set()]

    def enter(self) -> None:
        self._undo.append([])
        self._local.append(set())

    def leave(self) -> None:
        self._local.pop()
        for name, before in reversed(self._undo.pop()):
            if before is None:
                del self.names[name]
            else:
                self.names[name] = before

    def offer(self, name: str, symbol: Symbol) -> None:
        """Binds a name that a declaration may take, before or later."""
        if name not in self.names:
            self.names[name] = symbol
            self._soft.add(name)

    def declare(self, name: str, symbol: Symbol) -> bool:
        """Binds a name in the innermost scope; False if that scope has it already."""
        before = self.names.get(name)
        if name in self._local[-1] or (before is not None and not self._undo and name not in self._soft):
            return False
        if not self._undo:
            self._soft.discard(name)
        self._local[-1].add(name)
        if self._undo:
            self._undo[-1].append((name, before))
        self.names[name] = symbol
        return True
