"""Registers, and what a statement of OpenQASM acts on: names and selections as the numbers of qubits and bits."""

from collections.abc import Iterator
from typing import NoReturn

from qee.circuits.openqasm.expressions import Expressions
from qee.circuits.openqasm.selections import range_length, read_range
from qee.circuits.openqasm.tokens import Cursor
from qee.circuits.openqasm.values import Value
from qee.documents.result import Register
from qee.sdk.explain import invalid, unsupported

ENGINE = "cirq"
_PHYSICAL = "$"


class _Angles(Expressions):
    """A division of integers with a rest is hardly ever meant; engines disagree about it."""

    def quotient(self, left: int, right: int) -> int:
        if left % right:
            raise unsupported("integer-division", self._cursor.line(), ENGINE)
        return left // right


class Operands:
    """The part of the reader that knows what is declared."""

    def __init__(self, cursor: Cursor, version: int) -> None:
        self._cursor = cursor
        self._angles = _Angles(cursor, version, self._value_of, lambda _: False)
        self._qubits: dict[str, tuple[int, ...]] = {}
        self._bits: dict[str, tuple[int, ...]] = {}
        self._values: dict[str, Value] = {}  # loops' variables, and a definition's parameters
        self._quantum: list[Register] = []
        self._classical: list[Register] = []
        self._size = {"qubits": 0, "bits": 0}

    def _refuse(self, construct: str, at: int | None = None) -> NoReturn:
        raise unsupported(construct, self._cursor.line(at), ENGINE)

    def _old_register(self) -> None:
        cursor = self._cursor
        quantum = cursor.items[cursor.pos] == "qreg"
        name = cursor.items[cursor.pos + 1]
        cursor.pos += 2
        self._declare(quantum, name, self._designator())
        cursor.expect(";")

    def _qubit(self) -> None:
        cursor = self._cursor
        cursor.pos += 1
        size = self._designator()
        self._declare(True, cursor.identifier("the name of a register"), size)
        cursor.expect(";")

    def _designator(self) -> int | None:
        if not self._cursor.accept("["):
            return None
        size = self._angles.integer("a size", 1)
        self._cursor.expect("]")
        return size

    def _declare(self, quantum: bool, name: str, size: int | None) -> None:
        kind = "qubits" if quantum else "bits"
        start, number = self._size[kind], 1 if size is None else size
        self._size[kind] += number
        (self._qubits if quantum else self._bits)[name] = tuple(range(start, start + number))
        (self._quantum if quantum else self._classical).append(Register(name, number))

    def _operand(self) -> tuple[int, ...]:
        """The numbers of the qubits at the cursor."""
        cursor = self._cursor
        name = cursor.items[cursor.pos]
        if name.startswith(_PHYSICAL):
            cursor.pos += 1
            return (self._physical(int(name[1:])),)
        found = self._qubits.get(name)
        if found is None:
            self._refuse("duration" if name == "[" else "operand")
        cursor.pos += 1
        return self._selected(found)

    def _physical(self, number: int) -> int:
        if number >= self._size["qubits"]:
            self._size["qubits"] = number + 1
            self._quantum = [Register(_PHYSICAL, number + 1)]
        return number

    def _bits_at_cursor(self) -> tuple[int, ...] | None:
        found = self._bits.get(self._cursor.items[self._cursor.pos])
        if found is None:
            return None
        self._cursor.pos += 1
        return self._selected(found)

    def _target(self) -> tuple[int, ...]:
        found = self._bits_at_cursor()
        return self._refuse("variable") if found is None else found

    def _selected(self, found: tuple[int, ...]) -> tuple[int, ...]:
        while self._cursor.items[self._cursor.pos] == "[":
            found = self._selection(found)
        return found

    def _selection(self, found: tuple[int, ...]) -> tuple[int, ...]:
        """`[2]`, `[-1]`, `[0:2]`, `[{0, 2}]` of these."""
        cursor = self._cursor
        at = cursor.pos
        size = len(found)
        cursor.pos += 1
        places: list[int] = []
        if cursor.accept("{"):
            while not cursor.accept("}"):
                places.append(self._angles.integer("an index", -size, size - 1))
                cursor.accept(",")
        else:
            chosen = read_range(cursor, self._angles, "an index", 0, size - 1)
            if isinstance(chosen, tuple):
                start, stop, step = (
                    each + size if each < 0 and number < 2 else each for number, each in enumerate(chosen)
                )
                places += range(start, start + range_length(start, stop, step) * step, step)
            elif isinstance(chosen, int) and not isinstance(chosen, bool):
                places.append(chosen)
            else:
                self._refuse("loop-index", at)
        cursor.expect("]")
        if any(not -size <= place < size for place in places):
            raise invalid(f"an index lies outside of a register of {size}", cursor.line(at))
        if not places:
            raise invalid("a range is empty", cursor.line(at))
        return tuple(found[place] for place in places)

    def _value_of(self, name: str) -> Value:
        found = self._values.get(name)
        if found is None:
            self._refuse("angle-name", self._cursor.pos - 1)
        return found


def places(cursor: Cursor, opening: str, closing: str) -> Iterator[int]:
    """Walks over a list in brackets, which may be absent or empty, stopping at each element."""
    if cursor.accept(opening):
        while not cursor.accept(closing):
            cursor.accept(",")
            yield cursor.pos
