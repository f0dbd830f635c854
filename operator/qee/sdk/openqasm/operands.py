"""Registers, and what a statement of OpenQASM acts on: names and selections as the numbers of qubits and bits."""

from collections.abc import Iterator
from typing import NoReturn

from qee.circuits.openqasm.expressions import Expressions
from qee.circuits.openqasm.selections import range_length, read_range
from qee.circuits.openqasm.tokens import Cursor
from qee.circuits.openqasm.values import Unknown, Value
from qee.documents.result import Register
from qee.sdk.explain import invalid, unsupported

ENGINE = "cirq"
_PHYSICAL = "$"
_TIMES = ("ns", "us", "µs", "μs", "ms", "s", "dt")


class _Angles(Expressions):
    """A division of integers with a rest is hardly ever meant; engines disagree about it."""

    def quotient(self, left: int, right: int) -> int:
        if left % right:
            raise unsupported("integer-division", self._cursor.line(), ENGINE)
        return left // right


class Operands:
    """What is declared, and the operands and angles at the cursor.

    Attributes:
        qubits, bits: numbers of a name's, in order of declaration.
        values: loops' variables, and a definition's parameters.
        quantum, classical: the registers.
    """

    def __init__(self, cursor: Cursor, version: int) -> None:
        self.cursor = cursor
        self.angles = _Angles(cursor, version, self._value_of, lambda _: False)
        self.qubits: dict[str, tuple[int, ...]] = {}
        self.bits: dict[str, tuple[int, ...]] = {}
        self.values: dict[str, Value] = {}
        self.quantum: list[Register] = []
        self.classical: list[Register] = []
        self._size = {"qubits": 0, "bits": 0}

    def refuse(self, construct: str, at: int | None = None) -> NoReturn:
        raise unsupported(construct, self.cursor.line(at), ENGINE)

    def old_register(self) -> None:
        cursor = self.cursor
        quantum = cursor.items[cursor.pos] == "qreg"
        name = cursor.items[cursor.pos + 1]
        cursor.pos += 2
        self.declare(quantum, name, self.designator())
        cursor.expect(";")

    def qubit(self) -> None:
        cursor = self.cursor
        cursor.pos += 1
        size = self.designator()
        self.declare(True, cursor.identifier("the name of a register"), size)
        cursor.expect(";")

    def designator(self) -> int | None:
        if not self.cursor.accept("["):
            return None
        size = self.angles.integer("a size", 1)
        self.cursor.expect("]")
        return size

    def declare(self, quantum: bool, name: str, size: int | None) -> None:
        kind = "qubits" if quantum else "bits"
        start, number = self._size[kind], 1 if size is None else size
        self._size[kind] += number
        (self.qubits if quantum else self.bits)[name] = tuple(range(start, start + number))
        (self.quantum if quantum else self.classical).append(Register(name, number))

    def operand(self) -> tuple[int, ...]:
        """The numbers of the qubits at the cursor."""
        cursor = self.cursor
        name = cursor.items[cursor.pos]
        if name.startswith(_PHYSICAL):
            cursor.pos += 1
            return (self._physical(int(name[1:])),)
        found = self.qubits.get(name)
        if found is None:
            self.refuse("duration" if name == "[" else "operand")
        cursor.pos += 1
        return self._selected(found)

    def _physical(self, number: int) -> int:
        if number >= self._size["qubits"]:
            self._size["qubits"] = number + 1
            self.quantum = [Register(_PHYSICAL, number + 1)]
        return number

    def bits_at_cursor(self) -> tuple[int, ...] | None:
        found = self.bits.get(self.cursor.items[self.cursor.pos])
        if found is None:
            return None
        self.cursor.pos += 1
        return self._selected(found)

    def target(self) -> tuple[int, ...]:
        found = self.bits_at_cursor()
        return self.refuse("variable") if found is None else found

    def _selected(self, found: tuple[int, ...]) -> tuple[int, ...]:
        while self.cursor.items[self.cursor.pos] == "[":
            found = self._selection(found)
        return found

    def _selection(self, found: tuple[int, ...]) -> tuple[int, ...]:
        """`[2]`, `[-1]`, `[0:2]`, `[{0, 2}]` of these."""
        cursor = self.cursor
        at = cursor.pos
        size = len(found)
        cursor.pos += 1
        places: list[int] = []
        if cursor.accept("{"):
            while not cursor.accept("}"):
                places.append(self.angles.integer("an index", -size, size - 1))
                cursor.accept(",")
        else:
            chosen = read_range(cursor, self.angles, "an index", 0, size - 1)
            if isinstance(chosen, tuple):
                start, stop, step = (
                    each + size if each < 0 and number < 2 else each for number, each in enumerate(chosen)
                )
                places += range(start, start + range_length(start, stop, step) * step, step)
            elif isinstance(chosen, int) and not isinstance(chosen, bool):
                places.append(chosen)
            else:
                self.refuse("loop-index", at)
        cursor.expect("]")
        if any(not -size <= place < size for place in places):
            raise invalid(f"an index lies outside of a register of {size}", cursor.line(at))
        if not places:
            raise invalid("a range is empty", cursor.line(at))
        return tuple(found[place] for place in places)

    def _value_of(self, name: str) -> Value:
        found = self.values.get(name)
        if found is None:
            self.refuse("angle-name", self.cursor.pos - 1)
        return found

    def angle(self) -> float:
        """A number in radians; what is no number by now is refused."""
        at = self.cursor.pos
        value = self.angles.value()
        if isinstance(value, Unknown):
            words = self.cursor.items[at : self.cursor.pos]
            timed = any(word[0].isdecimal() and word.endswith(_TIMES) for word in words)
            self.refuse("duration-angle" if timed else "operator", at)
        return float(value)


def places(cursor: Cursor, opening: str, closing: str) -> Iterator[int]:
    """Walks over a list in brackets, which may be absent or empty, stopping at each element."""
    if cursor.accept(opening):
        while not cursor.accept(closing):
            cursor.accept(",")
            yield cursor.pos
