"""OpenQASM to steps: the reader of engine cirq, without an SDK.

The scanner has the first look, so that what reaches this is grammatical, declared and bounded. What is read here runs
on the engine; every other statement is refused with its construct, and the line is that of the token.
"""

from collections.abc import Callable, Iterator, Sequence

from qee.circuits import Limits, ScanError, scan
from qee.circuits.openqasm.expressions import type_keywords
from qee.circuits.openqasm.gates import INCLUDES
from qee.circuits.openqasm.selections import range_length, read_range
from qee.circuits.openqasm.tokens import Cursor
from qee.circuits.openqasm.values import Unknown
from qee.sdk.errors import RunnerError
from qee.sdk.explain import KEYWORDS, invalid
from qee.sdk.openqasm.conditions import Condition, Conditions
from qee.sdk.openqasm.operands import Operands, places
from qee.sdk.openqasm.own_definitions import Call, Definition, expanded
from qee.sdk.openqasm.steps import GATE, MEASURE, RESET, Step, Steps

_PHYSICAL = "$"
_TIMES = ("ns", "us", "µs", "μs", "ms", "s", "dt")
_LIBRARY = frozenset(name for version in INCLUDES.values() for gates in version.values() for name in gates) | {
    "U",
    "CX",
}


def read(source: str, format: str, limits: Limits, own_gates_kept: bool = False) -> Steps:
    """Every operation in order, own gates written out unless they are to be kept.

    Raises RunnerError for what is no program, too large, or not for this engine: never anything else.
    """
    try:
        scan(format, source, limits)
        version = 3 if format == "openqasm3" else 2
        return _Reader(Cursor(source, version, limits.max_tokens), version, own_gates_kept).steps()
    except ScanError as error:
        raise RunnerError(error.reason, str(error)) from error


class _Reader(Operands):
    def __init__(self, cursor: Cursor, version: int, own_gates_kept: bool) -> None:
        super().__init__(cursor, version)
        self._version = version
        self._own_gates_kept = own_gates_kept
        self._conditions = Conditions(cursor, self._bits_at_cursor)
        self._own: dict[str, Definition] = {}
        self._in_force: tuple[Condition, ...] = ()
        self._steps: list[Step] = []
        self._statements: dict[str, Callable[[], None]] = {
            "OPENQASM": self._skip,
            "include": self._skip,
            "barrier": self._skip,
            "qreg": self._old_register,
            "creg": self._old_register,
            "qubit": self._qubit,
            "bit": self._bit,
            "gate": self._definition,
            "let": self._alias,
            "if": self._if,
            "for": self._for,
            "measure": self._measure,
            "reset": self._reset,
            "{": self._block,
        }

    def steps(self) -> Steps:
        items, cursor = self._cursor.items, self._cursor
        while items[cursor.pos]:
            self._statement()
        return Steps(tuple(self._quantum), tuple(self._classical), tuple(self._steps))

    # Statements

    def _statement(self) -> None:
        cursor = self._cursor
        word = cursor.items[cursor.pos]
        statement = self._statements.get(word)
        if word in self._own or (word in _LIBRARY and word not in self._bits):
            self._call()
        elif statement is not None:
            statement()
        elif word == ";" or (word.startswith("@") and len(word) > 1):
            cursor.pos += 1
        elif word in self._bits:
            self._assigned()
        else:
            self._refuse(_construct(word))

    def _skip(self) -> None:
        cursor = self._cursor
        while not cursor.accept(";"):
            cursor.pos += 1

    def _block(self) -> None:
        """`{ ... }` or one statement; aliases and loop variables in it are its own."""
        outer = dict(self._qubits), dict(self._bits)
        if self._cursor.accept("{"):
            while not self._cursor.accept("}"):
                self._statement()
        else:
            self._statement()
        self._qubits, self._bits = outer

    def _if(self) -> None:
        before = self._in_force
        self._cursor.pos += 1
        condition = self._conditions.read()
        self._in_force = (*before, condition)
        self._block()
        if self._cursor.accept("else"):
            self._in_force = (*before, condition.negated())
            self._block()
        self._in_force = before

    def _for(self) -> None:
        cursor = self._cursor
        while cursor.items[cursor.pos + 1] != "in":
            cursor.pos += 1
        name = cursor.items[cursor.pos]
        cursor.pos += 2
        values = self._rounds()
        body = cursor.pos
        outer = self._values.get(name)
        for value in values:
            cursor.pos = body
            self._values[name] = value
            self._block()
        if not values:
            self._skip_statement()
        self._values.pop(name, None)
        if outer is not None:
            self._values[name] = outer

    def _rounds(self) -> Sequence[int]:
        cursor = self._cursor
        at = cursor.pos
        if cursor.accept("["):
            found = read_range(cursor, self._angles, "the range of a loop", None, None)
            cursor.expect("]")
            if isinstance(found, tuple):
                return range(found[0], found[0] + range_length(*found) * found[2], found[2])
        elif cursor.accept("{"):
            values: list[int] = []
            while not cursor.accept("}"):
                values.append(self._angles.integer("a value of the loop", -(2**63)))
                cursor.accept(",")
            return values
        self._refuse("loop-set", at)

    def _skip_statement(self) -> None:
        """The body of a loop without rounds."""
        cursor = self._cursor
        if cursor.items[cursor.pos] in ("if", "for", "while"):
            self._refuse("loop-set")
        if not cursor.accept("{"):
            self._skip()
            return
        depth = 1
        while depth:
            depth += {"{": 1, "}": -1}.get(cursor.items[cursor.pos], 0)
            cursor.pos += 1

    # Declarations

    def _bit(self) -> None:
        cursor = self._cursor
        at = cursor.pos
        if self._in_force or self._values:
            self._refuse("variable", at)
        cursor.pos += 1
        size = self._designator()
        name = cursor.identifier("the name of a register")
        self._declare(False, name, size)
        if cursor.accept("="):
            if not cursor.accept("measure"):
                self._refuse("initialisation", at)
            self._measured(self._operand(), self._bits[name], at)
        cursor.expect(";")

    def _alias(self) -> None:
        cursor = self._cursor
        name = cursor.items[cursor.pos + 1]
        cursor.pos += 3  # let NAME =
        quantum = cursor.items[cursor.pos] in self._qubits or cursor.items[cursor.pos].startswith(_PHYSICAL)
        found: tuple[int, ...] = ()
        while True:
            found += self._operand() if quantum else self._target()
            if not cursor.accept("++"):
                break
        cursor.expect(";")
        (self._qubits if quantum else self._bits)[name] = found

    # Operands

    # What a program does

    def _measure(self) -> None:
        cursor = self._cursor
        at = cursor.pos
        cursor.pos += 1
        source = self._operand()
        if not cursor.accept("->"):
            self._refuse("discarded", at)
        self._measured(source, self._target(), at)
        cursor.expect(";")

    def _assigned(self) -> None:
        """`c = measure q;`, the name at the cursor."""
        cursor = self._cursor
        at = cursor.pos
        target = self._target()
        if not cursor.accept("=") or not cursor.accept("measure"):
            self._refuse("assignment", at)
        self._measured(self._operand(), target, at)
        cursor.expect(";")

    def _measured(self, source: tuple[int, ...], target: tuple[int, ...], at: int) -> None:
        if self._in_force:
            self._refuse("condition-gate", at)
        if len(source) != len(target):
            raise invalid(f"a measurement of {len(source)} qubits into {len(target)} bits", self._cursor.line(at))
        if len(set(target)) < len(target):
            raise invalid("a measurement has the same bit twice", self._cursor.line(at))
        for qubit, bit in zip(source, target, strict=True):
            self._steps.append(Step(MEASURE, MEASURE, (), (qubit,), bit))

    def _reset(self) -> None:
        self._cursor.pos += 1
        found = self._operand()
        self._cursor.expect(";")
        self._steps += [Step(RESET, RESET, (), (qubit,), -1, self._in_force) for qubit in found]

    def _call(self) -> None:
        cursor = self._cursor
        at = cursor.pos
        cursor.pos += 1
        angles = tuple(self._angle() for _ in self._places("(", ")"))
        operands = [self._operand()]
        while cursor.accept(","):
            operands.append(self._operand())
        cursor.expect(";")
        name = cursor.items[at]
        own = self._own.get(name)
        for qubits in self._broadcast(operands, at):
            if own is None or self._own_gates_kept:
                self._steps.append(Step(GATE, name, angles, qubits, -1, self._in_force, own is not None))
            else:
                for gate, values, on in expanded(own, angles, qubits):
                    self._steps.append(Step(GATE, gate, values, on, -1, self._in_force))

    def _places(self, opening: str, closing: str) -> Iterator[int]:
        return places(self._cursor, opening, closing)

    def _angle(self) -> float:
        at = self._cursor.pos
        value = self._angles.value()
        if isinstance(value, Unknown):
            words = self._cursor.items[at : self._cursor.pos]
            timed = any(word[0].isdecimal() and word.endswith(_TIMES) for word in words)
            self._refuse("duration-angle" if timed else "operator", at)
        return float(value)

    def _broadcast(self, operands: list[tuple[int, ...]], at: int) -> list[tuple[int, ...]]:
        """Single qubits go with each element of the registers."""
        times = max(map(len, operands))
        if any(len(each) not in (1, times) for each in operands):
            raise invalid("the registers of this gate differ in size", self._cursor.line(at))
        found = [tuple(each[time if len(each) > 1 else 0] for each in operands) for time in range(times)]
        if any(len(set(each)) < len(each) for each in found):
            raise invalid("a gate uses the same qubit twice", self._cursor.line(at))
        return found

    # Definitions

    def _definition(self) -> None:
        """`gate g(a, b) q, r { ... }`: its calls, each bound to what its name means here."""
        cursor = self._cursor
        name = cursor.items[cursor.pos + 1]
        cursor.pos += 2
        parameters = tuple(cursor.identifier("a parameter") for _ in self._places("(", ")"))
        places: dict[str, int] = {}
        while not cursor.accept("{"):
            if not cursor.accept(","):
                places[cursor.identifier("a qubit")] = len(places)
        outer, self._values = self._values, {each: Unknown({each: 1}) for each in parameters}
        calls: list[Call] = []
        while not cursor.accept("}"):
            call = self._inner_call(places)
            if call is not None:
                calls.append(call)
        self._values = outer
        self._own[name] = Definition(parameters, tuple(calls), self._evaluated)

    def _inner_call(self, places: dict[str, int]) -> Call | None:
        cursor = self._cursor
        at = cursor.pos
        name = cursor.items[at]
        if name == "barrier":
            self._skip()
            return None
        if name == ";" or name.startswith("@"):
            cursor.pos += 1
            return None
        if name not in self._own and name not in _LIBRARY:
            self._refuse(_construct(name))
        cursor.pos += 1
        begins: list[int | float] = []
        for _ in self._places("(", ")"):
            begin = cursor.pos
            value = self._angles.value()
            begins.append(begin if isinstance(value, Unknown) else float(value))
        qubits = []
        while not cursor.accept(";"):
            if not cursor.accept(","):
                qubits.append(places[cursor.identifier("a qubit")])
        return Call(name, self._own.get(name), tuple(begins), tuple(qubits))

    def _evaluated(self, begin: int, values: dict[str, float]) -> float:
        """The expression of a definition that begins there, with these values of its parameters."""
        cursor = self._cursor
        position, outer = cursor.pos, self._values
        cursor.pos, self._values = begin, dict(values)
        value = self._angle()
        cursor.pos, self._values = position, outer
        return value


def _construct(word: str) -> str:
    """That of a statement which begins with this word."""
    if word.startswith(("pragma", "#pragma")):
        return "pragma"
    if word in type_keywords:
        return "variable"
    if word in ("break", "continue"):
        return "for"
    return KEYWORDS.get(word, "expression")
