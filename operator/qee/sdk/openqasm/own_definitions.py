"""Gates that a program defines, written out into those of the library."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qee.circuits.openqasm.expressions import type_keywords
from qee.circuits.openqasm.gates import INCLUDES
from qee.circuits.openqasm.tokens import Cursor
from qee.circuits.openqasm.values import Unknown
from qee.sdk.explain import KEYWORDS
from qee.sdk.openqasm.operands import Operands, places

LIBRARY = frozenset(name for version in INCLUDES.values() for gates in version.values() for name in gates) | {"U", "CX"}
Written = tuple[str, tuple[float, ...], tuple[int, ...]]  # name, angles in radians, qubits


@dataclass(frozen=True, slots=True)
class Call:
    """`angles`: a number, or as an integer the place of an expression in the definition's parameters. `qubits`: which
    of the definition's. `own` is what the name meant when the definition was read; None: the library's.
    """

    name: str
    own: "Definition | None"
    angles: tuple[int | float, ...]
    qubits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """`evaluated` gives the value of an expression by its place."""

    parameters: tuple[str, ...]
    calls: tuple[Call, ...]
    evaluated: Callable[[int, dict[str, float]], float]


def expanded(definition: Definition, angles: tuple[float, ...], qubits: tuple[int, ...]) -> Iterator[Written]:
    """The gates that a call comes to, in order. Its cost is that of the calls inside one another."""
    values = dict(zip(definition.parameters, angles, strict=True))
    for call in definition.calls:
        given = tuple(definition.evaluated(each, values) if isinstance(each, int) else each for each in call.angles)
        on = tuple(qubits[place] for place in call.qubits)
        if call.own is None:
            yield call.name, given, on
        else:
            yield from expanded(call.own, given, on)


class OwnGates:
    """The gates defined so far."""

    def __init__(self, known: Operands) -> None:
        self._known = known
        self._own: dict[str, Definition] = {}

    def get(self, name: str) -> Definition | None:
        return self._own.get(name)

    def define(self) -> None:
        """`gate g(a, b) q, r { ... }`: its calls, each bound to what its name means here."""
        cursor = self._known.cursor
        name = cursor.items[cursor.pos + 1]
        cursor.pos += 2
        parameters = tuple(cursor.identifier("a parameter") for _ in places(cursor, "(", ")"))
        numbers: dict[str, int] = {}
        while not cursor.accept("{"):
            if not cursor.accept(","):
                numbers[cursor.identifier("a qubit")] = len(numbers)
        outer, self._known.values = self._known.values, {each: Unknown({each: 1}) for each in parameters}
        calls: list[Call] = []
        while not cursor.accept("}"):
            call = self._inner_call(numbers)
            if call is not None:
                calls.append(call)
        self._known.values = outer
        self._own[name] = Definition(parameters, tuple(calls), self._evaluated)

    def _inner_call(self, numbers: dict[str, int]) -> Call | None:
        cursor = self._known.cursor
        at = cursor.pos
        name = cursor.items[at]
        if name == "barrier":
            skip(cursor)
            return None
        if name == ";" or name.startswith("@"):
            cursor.pos += 1
            return None
        if name not in self._own and name not in LIBRARY:
            self._known.refuse(construct_of(name))
        cursor.pos += 1
        begins: list[int | float] = []
        for _ in places(cursor, "(", ")"):
            begin = cursor.pos
            value = self._known.angles.value()
            begins.append(begin if isinstance(value, Unknown) else float(value))
        qubits = []
        while not cursor.accept(";"):
            if not cursor.accept(","):
                qubits.append(numbers[cursor.identifier("a qubit")])
        return Call(name, self._own.get(name), tuple(begins), tuple(qubits))

    def _evaluated(self, begin: int, values: dict[str, float]) -> float:
        """The expression of a definition that begins there, with these values of its parameters."""
        cursor = self._known.cursor
        position, outer = cursor.pos, self._known.values
        cursor.pos, self._known.values = begin, dict(values)
        value = self._known.angle()
        cursor.pos, self._known.values = position, outer
        return value


def construct_of(word: str) -> str:
    """That of a statement which begins with this word."""
    if word.startswith(("pragma", "#pragma")):
        return "pragma"
    if word in type_keywords:
        return "variable"
    if word in ("break", "continue"):
        return "for"
    return KEYWORDS.get(word, "expression")


def skip(cursor: Cursor) -> None:
    """A statement up to its semicolon."""
    while not cursor.accept(";"):
        cursor.pos += 1
