"""OpenQASM 3 (openqasm.com, version 3.1 of the language)."""

from collections.abc import Callable
from typing import NoReturn

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.definitions import MAX_DEFINITION_DEPTH
from qee.circuits.openqasm.expressions import type_keywords
from qee.circuits.openqasm.gates import BUILTIN_3, Gate
from qee.circuits.openqasm.modifiers import MAX_MATRIX_QUBITS, Modifier, controlled, inverted, powered
from qee.circuits.openqasm.selections import read_selections
from qee.circuits.openqasm.symbols import Bits, Operand, Subroutine, Variable
from qee.circuits.openqasm.tokens import Cursor
from qee.circuits.openqasm.values import Unknown, Value
from qee.circuits.openqasm.variables import Variables
from qee.circuits.report import Limits, Scan

_MODIFIERS = frozenset({"ctrl", "negctrl", "inv", "pow"})
_REFUSED = {
    "cal": "calibration blocks (cal) are pulse-level",
    "defcal": "calibrations (defcal) are pulse-level",
    "defcalgrammar": "calibration grammars are pulse-level",
    "extern": "extern functions live outside of the circuit",
    "array": "arrays run on no engine",
    "nop": "nop is not part of OpenQASM 3.0",
}
_KEYWORDS = (
    "OPENQASM include qubit qreg creg const input output gate def let if else for while switch case default break"
    " continue end return box delay barrier reset measure in ctrl negctrl inv pow stretch readonly mutable void pi tau"
    " euler true false"
)


class Qasm3(Variables):
    """One scan of an OpenQASM 3 program."""

    version = 3
    format = "openqasm3"
    keywords = type_keywords | frozenset(_REFUSED) | frozenset(_KEYWORDS.split(" "))

    def __init__(self, cursor: Cursor, limits: Limits) -> None:
        super().__init__(cursor, limits, BUILTIN_3)
        self._physical = 0
        self._statements: dict[str, Callable[[], None]] = {
            "include": self._global(self.include),
            "qubit": self._global(self._qubit),
            "qreg": self._global(self.old_register),
            "creg": self._global(self.old_register),
            "bit": self.bit,
            "const": self.const,
            "input": self._global(self.input),
            "output": self._global(self.output),
            "gate": self.gate_definition,
            "def": self.subroutine,
            "let": self.alias,
            "if": self.if_statement,
            "for": self.for_statement,
            "while": self.while_statement,
            "switch": self.switch,
            "break": self.jump,
            "continue": self.jump,
            "end": self.end,
            "return": self.return_statement,
            "box": self.box,
            "delay": self._delay,
            "barrier": self.barrier,
            "reset": self.reset,
            "measure": self._measure,
            **dict.fromkeys(type_keywords - {"bit"}, self.variable),
            **dict.fromkeys(_MODIFIERS, self._modified_call),
            **dict.fromkeys(_REFUSED, self._refuse),
        }
        self._gate_statements = frozenset({"for", "barrier", "delay", *_MODIFIERS})

    def scan(self) -> Scan:
        self._version_line()
        tally, limit = self.tally, self.limits.max_operations
        while self.cursor.items[self.cursor.pos]:
            at = self.cursor.pos
            self.statement()
            if tally.work > limit:
                self.bound(tally, "the program up to here", at)
        self.bound(tally, "the program", self.cursor.pos)
        self.qubits += self._physical
        return self.result()

    def statement(self) -> None:
        cursor = self.cursor
        word = cursor.items[cursor.pos]
        symbol = self.scope.names.get(word)
        if type(symbol) is Gate and word != "gphase":
            self.call()
            return
        statement = self._statements.get(word)
        if statement is not None:
            if self.in_gate and word not in self._gate_statements and word not in _REFUSED:
                cursor.fail(f"{quoted(word)} inside of a gate definition; only gates may be there")
            statement()
        elif word == "gphase":
            self._modified_call()
        elif isinstance(symbol, (Bits, Variable)) and not self.in_gate:
            self.assignment(symbol)
        elif isinstance(symbol, Subroutine):
            self.expressions.value()
            cursor.expect(";")
        elif word == "{" and not self.in_gate:
            self.tally.add(self.block(), 1)
        elif word.startswith("@") and len(word) > 1:
            self.constructs.add("annotation")
            cursor.pos += 1
        elif word.startswith(("pragma", "#pragma")):
            self.constructs.add("pragma")
            cursor.pos += 1
        else:
            self.not_a_gate()

    def _version_line(self) -> None:
        cursor = self.cursor
        self.version_text = "3.0"
        if not cursor.accept("OPENQASM"):
            return
        version = cursor.items[cursor.pos]
        if version.split(".")[0] == "2":
            cursor.fail("the program is OpenQASM 2; set the circuit's format to openqasm2")
        if version not in ("3", "3.0", "3.1"):
            cursor.fail(f"OpenQASM version {quoted(version)}; 3.0 and 3.1 are known")
        self.version_text = version if "." in version else "3.0"
        cursor.pos += 1
        cursor.expect(";")

    def _refuse(self) -> NoReturn:
        keyword = self.cursor.items[self.cursor.pos]
        self.cursor.fail(f"{_REFUSED[keyword]}; remove it", Reason.UNSUPPORTED_CONSTRUCT)

    def _global(self, statement: Callable[[], None]) -> Callable[[], None]:
        def checked() -> None:
            if self.nested:
                self.cursor.fail(f"{quoted(self.cursor.items[self.cursor.pos])} inside of a block; move it to the top")
            statement()

        return checked

    # Declarations

    def _qubit(self) -> None:
        cursor = self.cursor
        cursor.pos += 1
        size = self.designator()
        at = cursor.pos
        name = self.name("the name of a qubit or register")
        cursor.expect(";")
        self.add_qubits(name, size, at)

    # Operands

    def other_operand(self, name: str) -> Operand:
        if name == "[":
            self.cursor.fail(
                "a gate with a duration runs on no engine; remove the brackets", Reason.UNSUPPORTED_CONSTRUCT
            )
        if not (name.startswith("$") and len(name) > 1) or self.in_gate:
            return super().other_operand(name)
        if self.qubits:
            self.cursor.fail("physical qubits and declared qubits in one program; use one kind")
        number = int(name[1:]) if len(name) < 10 else self.limits.max_qubits
        if number >= self.limits.max_qubits:
            self.cursor.fail(
                f"the physical qubit {quoted(name)}; at most {self.limits.max_qubits} qubits are allowed",
                Reason.CIRCUIT_TOO_LARGE,
            )
        self.constructs.add("physical qubit")
        self._physical = max(self._physical, number + 1)
        self.cursor.pos += 1
        return "$", number, None, number

    def index(self, size: int) -> tuple[int | None, int | None, int]:
        return read_selections(self.cursor, self.expressions, size)

    # Operations

    def gate_body(self) -> None:
        cursor = self.cursor
        while not cursor.accept("}"):
            self.statement()

    def _modified_call(self) -> None:
        """`ctrl(2) @ inv @ x q, r, s;`, `gphase(pi);`"""
        cursor = self.cursor
        at = cursor.pos
        modifiers: list[Modifier] = []
        while cursor.items[cursor.pos] in _MODIFIERS:
            modifiers.append(self._modifier())
            cursor.expect("@")
        if len(modifiers) > MAX_DEFINITION_DEPTH:
            cursor.fail(f"more than {MAX_DEFINITION_DEPTH} modifiers on one gate", at=at)
        gate = self.scope.names.get(cursor.items[cursor.pos])
        if type(gate) is not Gate:
            self.not_a_gate()
        cursor.pos += 1
        values: list[Value] = self.values()
        gate = self._modify(gate, modifiers, at)
        operands: list[Operand] = []
        if gate.qubits or cursor.items[cursor.pos] != ";":
            operands = self.operands()
        else:
            cursor.expect(";")
        self.apply(gate, values, operands, at)

    def _modifier(self) -> Modifier:
        cursor = self.cursor
        kind = cursor.items[cursor.pos]
        self.constructs.add("ctrl modifier" if kind == "negctrl" else f"{kind} modifier")
        cursor.pos += 1
        if kind == "inv" or (kind != "pow" and cursor.items[cursor.pos] != "("):
            return Modifier(kind)
        cursor.expect("(")
        at = cursor.pos
        if kind == "pow":
            exponent = self.expressions.value()
            if isinstance(exponent, Unknown) or abs(exponent) > 2**63:
                cursor.fail("the exponent of pow must be a constant number of ordinary size", at=at)
            number: float = exponent
        else:
            number = self.expressions.integer("the number of controls", 1)
        cursor.expect(")")
        return Modifier(kind, number)

    def _modify(self, gate: Gate, modifiers: list[Modifier], at: int) -> Gate:
        """The gate under its modifiers, of which the last is the innermost. Adjacent controls count together."""
        matrix = False
        controls = negative = steps = 0
        for modifier in reversed([Modifier("end"), *modifiers]):
            if modifier.kind in ("ctrl", "negctrl"):
                steps += 1
                controls += int(modifier.number)
                negative += int(modifier.number) * (modifier.kind == "negctrl")
                if gate.qubits + controls > self.limits.max_qubits:
                    self.cursor.fail(
                        f"{controls} controls make a gate wider than the {self.limits.max_qubits} qubits allowed",
                        Reason.CIRCUIT_TOO_LARGE,
                        at=at,
                    )
            elif modifier.kind == "inv":
                gate = inverted(gate)
            else:
                if controls:
                    gate = controlled(gate, controls, negative, steps)
                    controls = negative = steps = 0
                if modifier.kind == "pow":
                    gate = powered(gate, modifier.number)
                    matrix = True
                if matrix and gate.qubits > MAX_MATRIX_QUBITS:
                    self.cursor.fail(
                        f"pow @ on a gate of {gate.qubits} qubits makes an engine build its matrix; at most"
                        f" {MAX_MATRIX_QUBITS} qubits are allowed, repeat the gate in a loop instead",
                        Reason.CIRCUIT_TOO_LARGE,
                        at=at,
                    )
        return gate

    def _delay(self) -> None:
        """`delay[100ns] q, r[0];`, without operands on all qubits."""
        cursor = self.cursor
        cursor.pos += 1
        cursor.expect("[")
        self.expressions.value()
        cursor.expect("]")
        if cursor.accept(";"):
            self.use_all()
            self.count("delay", max(1, self.qubits))
        else:
            operands = self.operands()
            self.use(operands)
            self.count("delay", sum(1 if operand[2] is None else operand[2] for operand in operands))

    def _measure(self) -> None:
        """`measure q -> c;` or `measure q;`"""
        cursor = self.cursor
        at = cursor.pos
        cursor.pos += 1
        source = self.operand()
        target: int | None = None
        if cursor.accept("->"):
            target = self.target(self.scope.names.get(cursor.items[cursor.pos]))
        else:
            self.constructs.add("measure without target")
        cursor.expect(";")
        self.measure_into(source, target, at)
