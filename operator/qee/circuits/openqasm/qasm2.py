"""OpenQASM 2 (arXiv:1707.03429)."""

from typing import NoReturn

from qee.circuits.errors import quoted
from qee.circuits.openqasm.definitions import Definitions
from qee.circuits.openqasm.gates import BUILTIN_2, Gate
from qee.circuits.openqasm.state import ALIASES
from qee.circuits.openqasm.symbols import Bits
from qee.circuits.openqasm.tokens import Cursor
from qee.circuits.openqasm.values import MAX_INTEGER
from qee.circuits.report import Limits, Scan

_OF_OPENQASM_3 = (
    "qubit bit input output const let def extern for while switch box delay ctrl negctrl inv pow gphase int uint float"
    " angle bool complex duration stretch array cal defcal defcalgrammar return end"
)
_KEYWORDS = "OPENQASM include qreg creg gate opaque measure reset barrier if U CX pi sin cos tan exp ln sqrt"


class Qasm2(Definitions):
    """One scan of an OpenQASM 2 program."""

    version = 2
    format = "openqasm2"
    keywords = frozenset(_KEYWORDS.split(" "))
    foreign = frozenset(_OF_OPENQASM_3.split(" "))

    def __init__(self, cursor: Cursor, limits: Limits) -> None:
        super().__init__(cursor, limits, BUILTIN_2)
        self._statements = {
            "include": self.include,
            "qreg": self.old_register,
            "creg": self.old_register,
            "gate": self.gate_definition,
            "opaque": self._opaque,
            "if": self._if,
            "barrier": self.barrier,
            "reset": self.reset,
            "measure": self._measure,
        }

    def scan(self) -> Scan:
        self._version_line()
        items, statements, call = self.cursor.items, self._statements, self.call
        tally, limit = self.tally, self.limits.max_operations
        while True:
            at = self.cursor.pos
            word = items[at]
            statement = statements.get(word)
            if statement is not None:
                statement()
            elif word == ";":
                self.cursor.pos += 1
            elif not word:
                break
            else:
                call()
            if tally.work > limit:
                self.bound(tally, "the program up to here", at)
        self.bound(tally, "the program", self.cursor.pos)
        return self.result()

    def name(self, wanted: str) -> str:
        name = super().name(wanted)
        if not (name.isascii() and name[0].islower()):
            self.cursor.fail(
                f"{quoted(name)}: names of OpenQASM 2 begin with a lower-case letter", at=self.cursor.pos - 1
            )
        return name

    def not_a_gate(self) -> NoReturn:
        word = self.cursor.items[self.cursor.pos]
        if word in ALIASES and not word.islower():
            self.cursor.fail(f"gate {quoted(word)} is not defined; did you mean {quoted(ALIASES[word])}?")
        super().not_a_gate()

    def _version_line(self) -> None:
        cursor = self.cursor
        if not cursor.accept("OPENQASM"):
            if cursor.items[0] in self.foreign or "stdgates.inc" in cursor.items[1]:
                cursor.fail("the program is OpenQASM 3; set the circuit's format to openqasm3")
            cursor.unexpected("OPENQASM 2.0;")
        version = cursor.items[cursor.pos]
        if version.split(".")[0] == "3":
            cursor.fail("the program is OpenQASM 3; set the circuit's format to openqasm3")
        if version not in ("2.0", "2"):
            cursor.fail(f"OpenQASM version {quoted(version)}; 2.0 is known")
        cursor.pos += 1
        cursor.expect(";")
        self.version_text = "2.0"

    def gate_body(self) -> None:
        cursor = self.cursor
        while not cursor.accept("}"):
            if cursor.items[cursor.pos] == "barrier":
                self.barrier()
            else:
                self.call()

    def _opaque(self) -> None:
        cursor = self.cursor
        self.constructs.add("opaque")
        at = cursor.pos
        cursor.pos += 1
        name = self.name("the name of a gate")
        self.scope.enter()
        parameters, qubits = self.gate_signature()
        self.scope.leave()
        cursor.expect(";")
        self.declare(name, Gate(name, len(parameters), len(qubits), opaque=True), at + 1)

    def _if(self) -> None:
        """`if (c == 3) x q[0];`"""
        cursor = self.cursor
        cursor.pos += 1
        cursor.expect("(")
        name = self.name("a classical register")
        register = self.scope.names.get(name)
        if not isinstance(register, Bits):
            self.undefined(name, "classical register", Bits)
        cursor.expect("==")
        self.tally.work += register.size or 1  # Cirq makes a condition of every bit
        self.expressions.most = 1 << self.limits.max_classical_bits
        self.expressions.integer("the value of a condition", 0)
        self.expressions.most = MAX_INTEGER
        cursor.expect(")")
        self.constructs.add("if")
        self.feed_forward = True
        word = cursor.items[cursor.pos]
        if word == "measure":
            self._measure()
        elif word == "reset":
            self.reset()
        else:
            self.call()

    def _measure(self) -> None:
        """`measure q -> c;` or `measure q[0] -> c[0];`"""
        cursor = self.cursor
        at = cursor.pos
        cursor.pos += 1
        source = self.operand()
        cursor.expect("->")
        name = self.name("a classical register")
        target = self.scope.names.get(name)
        if not isinstance(target, Bits):
            self.undefined(name, "classical register", Bits)
        size = target.size or 1
        if cursor.accept("["):
            self.expressions.integer(f"the index of {quoted(name)}", 0, size - 1)
            cursor.expect("]")
            size = 1
        cursor.expect(";")
        self.measure_into(source, size, at)
