"""Classical declarations and assignments of OpenQASM 3, and aliases."""

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.selections import read_selections
from qee.circuits.openqasm.subroutines import Subroutines
from qee.circuits.openqasm.symbols import Bits, Constant, Qubits, Variable
from qee.circuits.openqasm.values import Unknown

_ASSIGNMENTS = frozenset(("=", "+=", "-=", "*=", "/=", "&=", "|=", "~=", "^=", "<<=", ">>=", "%=", "**="))


class Variables(Subroutines):
    """Adds bits, constants, variables, inputs, outputs and aliases."""

    def bit(self) -> None:
        cursor = self.cursor
        cursor.pos += 1
        size = self.designator()
        at = cursor.pos
        name = self.name("the name of a bit or register")
        if self.nested:
            self.constructs.add("variable")
        self.add_bits(name, size, at)
        if cursor.accept("="):
            if cursor.items[cursor.pos] != "measure":
                self.constructs.add("initial value")
            self.assigned(1 if size is None else size)
        else:
            cursor.expect(";")

    def const(self) -> None:
        cursor = self.cursor
        self.constructs.add("const")
        cursor.pos += 1
        kind = cursor.items[cursor.pos]
        self.type_name()
        at = cursor.pos
        name = self.name("the name of a constant")
        cursor.expect("=")
        value = self.expressions.value()
        cursor.expect(";")
        if isinstance(value, Unknown):
            self.declare(name, Variable(), at)
            return
        if kind in ("float", "angle"):
            value = float(value)
        elif kind in ("int", "uint") and (isinstance(value, (bool, float)) or (kind == "uint" and value < 0)):
            cursor.fail(f"the constant {quoted(name)} is not of its type {kind}", at=at)
        self.declare(name, Constant(value), at)

    def variable(self) -> None:
        cursor = self.cursor
        self.constructs.add("variable")
        self.type_name()
        at = cursor.pos
        name = self.name("the name of a variable")
        if cursor.accept("="):
            self.assigned(None)
        else:
            cursor.expect(";")
        self.declare(name, Variable(), at)

    def input(self) -> None:
        cursor = self.cursor
        self.constructs.add("input")
        cursor.pos += 1
        if cursor.accept("bit"):
            self.designator()
        else:
            self.type_name()
        at = cursor.pos
        name = self.name("the name of an input")
        cursor.expect(";")
        self.declare(name, Variable(input=True), at)
        self.inputs.append(name)

    def output(self) -> None:
        self.constructs.add("output")
        self.cursor.pos += 1
        if self.cursor.items[self.cursor.pos] == "bit":
            self.bit()
        else:
            self.variable()

    def alias(self) -> None:
        """`let a = q[0:2] ++ r;`"""
        cursor = self.cursor
        self.constructs.add("alias")
        cursor.pos += 1
        at = cursor.pos
        name = self.name("the name of an alias")
        cursor.expect("=")
        kinds, sizes = [], []
        while True:
            kind, size = self._alias_part()
            kinds.append(kind)
            sizes.append(size)
            if not cursor.accept("++"):
                break
        cursor.expect(";")
        if len(set(kinds)) > 1:
            cursor.fail("an alias of qubits and bits together", at=at)
        total = sizes[0] if len(sizes) == 1 else sum(1 if s is None else s for s in sizes)
        quantum = kinds[0] is Qubits
        elements = total or 1
        limit = self.limits.max_qubits if quantum else self.limits.max_classical_bits
        if elements > limit:  # a ++ a, line after line, doubles
            self.cursor.fail(
                f"an alias of {elements} elements, at most {limit} are allowed", Reason.CIRCUIT_TOO_LARGE, at=at
            )
        self.tally.work += elements
        self.declare(name, Qubits(total, alias=True) if quantum else Bits(total), at)

    def _alias_part(self) -> tuple[type, int | None]:
        cursor = self.cursor
        symbol = self.scope.names.get(cursor.items[cursor.pos])
        if not isinstance(symbol, Bits):
            size = self.operand()[2]
            self.selected = 0
            return Qubits, size
        cursor.pos += 1
        if symbol.size is not None and cursor.items[cursor.pos] == "[":
            return Bits, read_selections(cursor, self.expressions, symbol.size)[1]
        return Bits, symbol.size

    def target(self, symbol: object) -> int | None:
        """Reads what is assigned to, `c` or `c[0:2]`: its number of bits, None if it is a variable."""
        cursor = self.cursor
        name = self.name("a bit, register or variable")
        if isinstance(symbol, Bits):
            if cursor.items[cursor.pos] != "[":
                return 1 if symbol.size is None else symbol.size
            if symbol.size is None:
                cursor.fail(f"{quoted(name)} is a single bit and has no index")
            number = read_selections(cursor, self.expressions, symbol.size)[1]
            return 1 if number is None else number
        if not isinstance(symbol, Variable) or symbol.input:
            cursor.fail(f"{quoted(name)} cannot be assigned to", at=cursor.pos - 1)
        while cursor.items[cursor.pos] == "[":
            self.expressions.skip_index()
        return None

    def assignment(self, symbol: Bits | Variable) -> None:
        cursor = self.cursor
        target = self.target(symbol)
        operator = cursor.items[cursor.pos]
        if operator not in _ASSIGNMENTS:
            cursor.unexpected("'='")
        cursor.pos += 1
        if operator != "=" or cursor.items[cursor.pos] != "measure":
            self.constructs.add("assignment")
        self.assigned(target)
