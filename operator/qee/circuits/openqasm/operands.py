"""What gates and measurements act on."""

from collections.abc import Sequence

from qee.circuits.errors import quoted
from qee.circuits.openqasm.declarations import Declarations
from qee.circuits.openqasm.symbols import Operand, Qubits

_ALL = -1  # an integer with every bit set


class Operands(Declarations):
    """Adds operands, broadcasts over registers, and the memory of what was measured."""

    def operand(self) -> Operand:
        """A qubit or register at the cursor: `q`, `q[3]`, and in OpenQASM 3 `q[0:2]`, `q[{0, 2}]`, `$3`."""
        cursor = self.cursor
        items, pos = cursor.items, cursor.pos
        name = items[pos]
        symbol = self.scope.names.get(name)
        if type(symbol) is not Qubits or (self.in_gate and not symbol.argument):
            return self.other_operand(name)
        if items[pos + 1] != "[":
            cursor.pos = pos + 1
            return name, None, symbol.size, None if symbol.alias else symbol.start
        if items[pos + 3] == "]":
            known = symbol.elements.get(items[pos + 2])
            if known is not None:
                cursor.pos = pos + 4
                return known
        cursor.pos = pos + 1
        index: int | None = None
        size: int | None = None
        if symbol.size is None:
            cursor.fail(f"{quoted(name)} is a single qubit and has no index")
        index, size, elements = self.index(symbol.size)
        if index is not None and index >= symbol.size:
            cursor.fail(f"{quoted(name)} has {symbol.size} qubits, so there is no index {index}", at=pos + 2)
        if index is None:
            self.selected |= _ALL if symbol.alias else elements << symbol.start
        operand = name, index, size, None if index is None or symbol.alias else symbol.start + index
        if cursor.pos == pos + 4 and items[pos + 2].isdecimal():
            symbol.elements[items[pos + 2]] = operand
        return operand

    def other_operand(self, name: str) -> Operand:
        """What is no declared qubit: an error, unless the dialect knows better."""
        symbol = self.scope.names.get(name)
        if isinstance(symbol, Qubits):
            self.cursor.fail(f"{quoted(name)} is not an argument of this gate definition, so it cannot be used in it")
        if symbol is not None:
            self.cursor.fail(f"{quoted(name)} is not a qubit or quantum register")
        name = self.name("a qubit or quantum register")
        self.undefined(name, "qubit or register", Qubits)

    def index(self, size: int) -> tuple[int | None, int | None, int]:
        """`[expression]` at the cursor: (index, None), or for a selection (None, number selected), and their bits."""
        self.cursor.expect("[")
        index = self.expressions.integer("an index", 0)
        self.cursor.expect("]")
        return index, None, 0

    def operands(self) -> list[Operand]:
        """Comma separated operands up to `;`, which is taken."""
        cursor = self.cursor
        found = [self.operand()]
        while cursor.items[cursor.pos] == ",":
            cursor.pos += 1
            found.append(self.operand())
        cursor.expect(";")
        return found

    def broadcast(self, operands: Sequence[Operand], at: int) -> int:
        """How often a statement with these operands applies. Errors: unequal registers, a qubit given twice."""
        times = operands[0][2] if len(operands) == 1 else self._common_size(operands, at)
        if times is None:
            return 1
        if times > 1:
            self.constructs.add("broadcast")
        return times

    def _common_size(self, operands: Sequence[Operand], at: int) -> int | None:
        if len(operands) == 2 and operands[0][2] is None and operands[1][2] is None:  # as most are
            if operands[0] == operands[1] and operands[0][3] is not None:
                self.cursor.fail("a qubit is given twice to one gate", at=at)
            return None
        times: int | None = None
        whole: set[str] = set()
        for name, index, size, position in operands:
            if size is not None:
                if times is not None and times != size:
                    self.cursor.fail(f"registers of {times} and {size} qubits cannot be broadcast together", at=at)
                times = size
                if position is not None and index is None:
                    whole.add(name)
        if len(set(operands)) < len(operands) or whole:
            known = [operand for operand in operands if operand[3] is not None]
            overlaps = any(name in whole for name, index, _, _ in known if index is not None)
            if overlaps or len(set(known)) < len(known):
                self.cursor.fail("a qubit is given twice to one gate", at=at)
        return times

    def touch(self, operands: Sequence[Operand]) -> None:
        """Notes operations on qubits that were measured before."""
        if not self.measured:
            return
        for name, index, _, _ in operands:
            if self.measured_alias or self.is_alias(name):
                self.mid_circuit = True
            elif name in self.measured:
                indices = self.measured[name]
                if indices is None or index is None or index in indices:
                    self.mid_circuit = True

    def use(self, operands: Sequence[Operand]) -> None:
        """Notes that something is done to qubits, which a reset would then undo."""
        for operand in operands:
            self.acted |= self._acted(operand)
            self.used |= _ALL if self.nested else self._positions(operand)
        self.selected = 0

    def use_all(self) -> None:
        self.acted = self.used = _ALL

    def reset_of(self, operand: Operand) -> None:
        """Notes a reset."""
        if self.nested:
            self.acted |= self._acted(operand)
        self.selected = 0
        if self.used & (_ALL if self.nested else self._positions(operand)):
            self.late_resets = True

    def _acted(self, operand: Operand) -> int:
        """As `_positions`, but exact for selections of a declared register."""
        if operand[3] is not None or self.is_alias(operand[0]) or not self.selected:
            return self._positions(operand)
        return self.selected

    def _positions(self, operand: Operand) -> int:
        """A bit for each of its qubits; where these are not known, for all."""
        _, index, size, position = operand
        if position is None:
            return _ALL
        width = size if index is None and size is not None else 1
        return ((1 << width) - 1) << position

    def is_alias(self, name: str) -> bool:
        symbol = self.scope.names.get(name)
        return isinstance(symbol, Qubits) and symbol.alias
