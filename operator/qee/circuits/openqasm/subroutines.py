"""Subroutines of OpenQASM 3: `def`, `return`, calls."""

from qee.circuits.errors import quoted
from qee.circuits.openqasm.flow import MAX_NESTING, ControlFlow
from qee.circuits.openqasm.symbols import Bits, Qubits, Subroutine, Symbol, Variable


class Subroutines(ControlFlow):
    """Adds subroutines, counted once and added at each call. Inside of itself its name is unknown: no recursion."""

    _in_subroutine = False
    _calling = 0

    def subroutine(self) -> None:
        """`def name(int a, qubit[2] q) -> bit { ... }`"""
        cursor = self.cursor
        if self.depth or self.in_gate:
            cursor.fail("a subroutine inside of another block; move it to the top")
        self.constructs.add("def")
        at = cursor.pos
        cursor.pos += 1
        name_at = cursor.pos
        name = self.name("the name of a subroutine")
        self.scope.enter()
        cursor.expect("(")
        arguments = 0
        while not cursor.accept(")"):
            if arguments:
                cursor.expect(",")
            self._argument()
            arguments += 1
        if cursor.accept("->"):
            self.type_name()
        if cursor.items[cursor.pos] != "{":
            cursor.unexpected("'{'")
        self._in_subroutine, self.repeated, loops, self.loops = True, True, self.loops, 0
        body = self.block()
        self._in_subroutine, self.repeated, self.loops = False, False, loops
        self.scope.leave()
        self.define(body, f"subroutine {quoted(name)}", at)
        self.declare(name, Subroutine(arguments, body), name_at)

    def _argument(self) -> None:
        cursor = self.cursor
        kind = cursor.items[cursor.pos]
        symbol: Symbol = Variable()
        if kind in ("qubit", "qreg"):
            cursor.pos += 1
            symbol = Qubits(self.designator() if kind == "qubit" else None, alias=True, argument=True)
        elif kind in ("bit", "creg"):
            cursor.pos += 1
            symbol = Bits(self.designator() if kind == "bit" else None)
        else:
            self.type_name()
        at = cursor.pos
        name = self.name("the name of an argument")
        if kind in ("qreg", "creg") and cursor.items[cursor.pos] == "[":
            size = self.designator()
            symbol = Qubits(size, alias=True, argument=True) if kind == "qreg" else Bits(size)
        self.declare(name, symbol, at)

    def return_statement(self) -> None:
        cursor = self.cursor
        if not self._in_subroutine:
            cursor.fail("'return' outside of a subroutine")
        cursor.pos += 1
        if not cursor.accept(";"):
            self.assigned(None)

    def assigned(self, target: int | None) -> None:
        """Reads the right side of an assignment to `target` bits (None: unknown) and its semicolon."""
        cursor = self.cursor
        at = cursor.pos
        if cursor.accept("measure"):
            source = self.operand()
            cursor.expect(";")
            self.measure_into(source, target, at)
        else:
            self.expressions.value()
            cursor.expect(";")

    def call_subroutine(self, name: str) -> bool:
        symbol = self.scope.names.get(name)
        if not isinstance(symbol, Subroutine) or self.in_gate:
            return False
        cursor = self.cursor
        at = cursor.pos - 1
        if self._calling >= MAX_NESTING:
            cursor.fail(f"calls inside one another over more than {MAX_NESTING} levels; flatten them", at=at)
        self._calling += 1
        cursor.expect("(")
        arguments = 0
        while not cursor.accept(")"):
            if arguments:
                cursor.expect(",")
            if isinstance(self.scope.names.get(cursor.items[cursor.pos]), Qubits):
                argument = self.operand()
                self.touch([argument])
                self.use([argument])
            else:
                self.expressions.value()
            arguments += 1
        self._calling -= 1
        if arguments != symbol.arguments:
            cursor.fail(f"{quoted(name)} takes {symbol.arguments} arguments, {arguments} are given", at=at)
        self.tally.add(symbol.tally, 1)
        return True
