"""Includes and registers."""

from typing import NoReturn

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.gates import INCLUDES, PAPER
from qee.circuits.openqasm.state import State
from qee.circuits.openqasm.symbols import Bits, Qubits


class Declarations(State):
    """Adds what declares registers and brings gates."""

    def include(self) -> None:
        cursor = self.cursor
        cursor.pos += 1
        word = cursor.items[cursor.pos]
        if len(word) < 2 or word[0] not in "\"'":
            cursor.unexpected("the name of a file in quotes")
        allowed = INCLUDES[self.version]
        name = word[1:-1]
        if name not in allowed:
            other = 5 - self.version
            if name in INCLUDES[other]:
                cursor.fail(
                    f"{quoted(name)} is the library of OpenQASM {other}; set the circuit's format to openqasm{other}, "
                    f'or include "{next(iter(allowed))}"',
                    Reason.UNSUPPORTED_CONSTRUCT,
                )
            only = " or ".join(f'"{n}"' for n in allowed)
            cursor.fail(
                f"include of {quoted(name)}: only {only} can be included; write other definitions into the source",
                Reason.UNSUPPORTED_CONSTRUCT,
            )
        for gate in allowed[name].values():
            if self.version == 2 and gate.name not in PAPER:
                self.scope.offer(gate.name, gate)
            elif not self.scope.declare(gate.name, gate):
                cursor.fail(f"{quoted(gate.name)} of {name} is already defined; include it once, and first")
        self.includes.append(name)
        cursor.pos += 1
        cursor.expect(";")

    def add_qubits(self, name: str, size: int | None, at: int) -> None:
        start = self.qubits
        self.qubits += 1 if size is None else size
        if self.qubits > self.limits.max_qubits:
            self._too_many("qubits", self.qubits, self.limits.max_qubits, at)
        self.declare(name, Qubits(size, start), at)

    def add_bits(self, name: str, size: int | None, at: int) -> None:
        self.bits += 1 if size is None else size
        if self.bits > self.limits.max_classical_bits:
            self._too_many("classical bits", self.bits, self.limits.max_classical_bits, at)
        self.declare(name, Bits(size), at)
        self.registers.append((name, 1 if size is None else size))

    def _too_many(self, what: str, number: int, limit: int, at: int) -> NoReturn:
        self.cursor.fail(
            f"{number} {what} are declared up to here, at most {limit} are allowed", Reason.CIRCUIT_TOO_LARGE, at=at
        )

    def old_register(self) -> None:
        """`qreg q[2];` or `creg c[2];`, the keyword at the cursor."""
        cursor = self.cursor
        quantum = cursor.items[cursor.pos] == "qreg"
        cursor.pos += 1
        at = cursor.pos
        name = self.name("the name of a register")
        size: int | None = None
        if self.version == 2 or cursor.items[cursor.pos] == "[":
            cursor.expect("[")
            size = self.expressions.integer("the size of a register", 1)
            cursor.expect("]")
        cursor.expect(";")
        (self.add_qubits if quantum else self.add_bits)(name, size, at)
