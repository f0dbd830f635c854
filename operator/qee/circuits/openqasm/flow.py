"""Control flow of OpenQASM 3: branches, loops, switches, boxes."""

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.definitions import Definitions
from qee.circuits.openqasm.expressions import type_keywords
from qee.circuits.openqasm.selections import range_length, read_range
from qee.circuits.openqasm.symbols import Bits, Tally, Variable
from qee.circuits.openqasm.values import MAX_INTEGER

MAX_NESTING = 32  # blocks inside one another; Qiskit's OpenQASM 3 importer breaks between 30 and 50
MAX_ELSE_IFS = 60  # Qiskit's importer recurses over them and breaks between 60 and 100


class ControlFlow(Definitions):
    """Adds blocks, and the statements that hold some."""

    depth = 0
    loops = 0

    @property
    def nested(self) -> bool:
        return self.depth > 0

    def statement(self) -> None:
        """Reads one statement at the cursor."""
        raise NotImplementedError

    def block(self) -> Tally:
        """Reads `{ ... }` or one statement, in a scope of its own, and returns what it adds up to."""
        cursor = self.cursor
        if self.depth >= MAX_NESTING:
            cursor.fail(f"blocks inside one another over more than {MAX_NESTING} levels; flatten them")
        self.depth += 1
        outer, self.tally = self.tally, Tally()
        self.scope.enter()
        if cursor.accept("{"):
            while not cursor.accept("}"):
                self.statement()
        else:
            self.statement()
        self.scope.leave()
        inner, self.tally = self.tally, outer
        self.depth -= 1
        return inner

    def condition(self) -> None:
        cursor = self.cursor
        cursor.expect("(")
        self.expressions.most = 1 << self.limits.max_classical_bits
        self.expressions.value()
        self.expressions.most = MAX_INTEGER
        cursor.expect(")")
        self.feed_forward = True

    def if_statement(self) -> None:
        cursor = self.cursor
        self.constructs.add("if")
        branches: list[Tally] = []
        while True:
            cursor.pos += 1
            self.condition()
            branches.append(self.block())
            if not cursor.accept("else"):
                break
            if cursor.items[cursor.pos] != "if":
                branches.append(self.block())
                break
            if len(branches) > MAX_ELSE_IFS:
                cursor.fail(f"more than {MAX_ELSE_IFS} 'else if' in a row; use fewer or a switch")
        self.tally.add_branches(branches)

    def while_statement(self) -> None:
        self.constructs.add("while")
        self.cursor.pos += 1
        self.condition()
        self.tally.add(self._loop_body(), 1)

    def for_statement(self) -> None:
        cursor = self.cursor
        self.constructs.add("for")
        at = cursor.pos
        cursor.pos += 1
        kind = cursor.items[cursor.pos]
        if kind not in ("int", "uint"):
            if kind not in type_keywords:
                cursor.unexpected("the type of the loop's variable")
            cursor.fail(f"a loop over values of type {kind}; use int or uint", Reason.UNSUPPORTED_CONSTRUCT)
        self.type_name()
        variable_at = cursor.pos
        variable = self.name("the name of the loop's variable")
        cursor.expect("in")
        times = self._rounds()
        self.scope.enter()
        self.declare(variable, Variable(), variable_at)
        body = self._loop_body()
        self.scope.leave()
        self.tally.add(body, times)
        self.bound(self.tally, f"the program up to this loop of {times} rounds", at)

    def _rounds(self) -> int:
        cursor = self.cursor
        at = cursor.pos
        if cursor.accept("["):
            found = read_range(cursor, self.expressions, "the range of a loop", None, None)
            if not isinstance(found, tuple):
                cursor.unexpected("':'")
            cursor.expect("]")
            return range_length(*found)
        if cursor.accept("{"):
            times = 0
            while not cursor.accept("}"):
                if times:
                    cursor.expect(",")
                self.expressions.value()
                times += 1
            return times
        name = self.name("a range, a set or a register of bits")
        symbol = self.scope.names.get(name)
        if not isinstance(symbol, Bits) or symbol.size is None:
            cursor.fail(
                f"a loop over {quoted(name)}, whose length is not known; loop over a range of numbers",
                Reason.UNSUPPORTED_CONSTRUCT,
                at=at,
            )
        return symbol.size

    def _loop_body(self) -> Tally:
        self.loops += 1
        before, self.repeated = self.repeated, True
        body = self.block()
        self.repeated = before
        self.loops -= 1
        return body

    def jump(self) -> None:
        """`break;` and `continue;`"""
        cursor = self.cursor
        keyword = cursor.items[cursor.pos]
        if not self.loops:
            cursor.fail(f"{quoted(keyword)} outside of a loop")
        self.constructs.add(keyword)
        cursor.pos += 1
        cursor.expect(";")

    def end(self) -> None:
        self.constructs.add("end")
        self.cursor.pos += 1
        self.cursor.expect(";")

    def switch(self) -> None:
        cursor = self.cursor
        self.constructs.add("switch")
        cursor.pos += 1
        self.condition()
        cursor.expect("{")
        branches = [Tally()]
        while not cursor.accept("}"):
            if cursor.accept("case"):
                self.expressions.value()
                while cursor.accept(","):
                    self.expressions.value()
            else:
                cursor.expect("default")
            if cursor.items[cursor.pos] != "{":
                cursor.unexpected("'{'")
            branches.append(self.block())
        self.tally.add_branches(branches)

    def box(self) -> None:
        cursor = self.cursor
        self.constructs.add("box")
        cursor.pos += 1
        if cursor.accept("["):
            self.expressions.value()
            cursor.expect("]")
        if cursor.items[cursor.pos] != "{":
            cursor.unexpected("'{'")
        self.tally.add(self.block(), 1)

    def designator(self) -> int | None:
        """`[n]` at the cursor as a number of qubits or bits, None if there is none."""
        if not self.cursor.accept("["):
            return None
        size = self.expressions.integer("a size", 1)
        self.cursor.expect("]")
        return size

    def type_name(self) -> None:
        """Reads a classical type such as `int`, `float[64]`, `bit[4]`, `complex[float[32]]`."""
        cursor = self.cursor
        keyword = cursor.items[cursor.pos]
        if keyword not in type_keywords:
            if keyword in ("array", "readonly", "mutable"):
                cursor.fail("arrays run on no engine; use registers of bits", Reason.UNSUPPORTED_CONSTRUCT)
            cursor.unexpected("a type")
        cursor.pos += 1
        if cursor.accept("["):
            if keyword == "complex":
                if cursor.items[cursor.pos] != "float":
                    cursor.unexpected("'float'")
                self.type_name()
            else:
                self.expressions.integer("the width of a type", 1)
            cursor.expect("]")
