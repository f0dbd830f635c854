"""OpenQASM to steps: the reader of engine cirq, without an SDK.

The scanner has the first look, so that what reaches this is grammatical, declared and bounded. What is read here runs
on the engine; every other statement is refused with its construct, and the line is that of the token.
"""

from collections.abc import Callable, Sequence

from qee.circuits import Limits, ScanError, scan
from qee.circuits.openqasm.selections import range_length, read_range
from qee.circuits.openqasm.tokens import Cursor
from qee.sdk.errors import RunnerError
from qee.sdk.explain import invalid
from qee.sdk.openqasm.conditions import Condition, Conditions
from qee.sdk.openqasm.operands import Operands, places
from qee.sdk.openqasm.own_definitions import LIBRARY, OwnGates, construct_of, expanded, skip
from qee.sdk.openqasm.steps import GATE, MEASURE, RESET, Step, Steps

_PHYSICAL = "$"


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


class _Reader:
    def __init__(self, cursor: Cursor, version: int, own_gates_kept: bool) -> None:
        self._cursor = cursor
        self._known = Operands(cursor, version)
        self._own = OwnGates(self._known)
        self._own_gates_kept = own_gates_kept
        self._conditions = Conditions(cursor, self._known.bits_at_cursor)
        self._in_force: tuple[Condition, ...] = ()
        self._steps: list[Step] = []
        self._statements: dict[str, Callable[[], None]] = {
            **dict.fromkeys(("OPENQASM", "include", "barrier"), lambda: skip(cursor)),
            "qreg": self._known.old_register,
            "creg": self._known.old_register,
            "qubit": self._known.qubit,
            "bit": self._bit,
            "gate": self._own.define,
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
        return Steps(tuple(self._known.quantum), tuple(self._known.classical), tuple(self._steps))

    # Statements

    def _statement(self) -> None:
        cursor = self._cursor
        word = cursor.items[cursor.pos]
        statement = self._statements.get(word)
        if self._own.get(word) or (word in LIBRARY and word not in self._known.bits):
            self._call()
        elif statement is not None:
            statement()
        elif word == ";" or (word.startswith("@") and len(word) > 1):
            cursor.pos += 1
        elif word in self._known.bits:
            self._assigned()
        else:
            self._known.refuse(construct_of(word))

    def _block(self) -> None:
        """`{ ... }` or one statement; aliases and loop variables in it are its own."""
        outer = dict(self._known.qubits), dict(self._known.bits)
        if self._cursor.accept("{"):
            while not self._cursor.accept("}"):
                self._statement()
        else:
            self._statement()
        self._known.qubits, self._known.bits = outer

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
        outer = self._known.values.get(name)
        for value in values:
            cursor.pos = body
            self._known.values[name] = value
            self._block()
        if not values:
            self._skip_statement()
        self._known.values.pop(name, None)
        if outer is not None:
            self._known.values[name] = outer

    def _rounds(self) -> Sequence[int]:
        cursor = self._cursor
        at = cursor.pos
        if cursor.accept("["):
            found = read_range(cursor, self._known.angles, "the range of a loop", None, None)
            cursor.expect("]")
            if isinstance(found, tuple):
                return range(found[0], found[0] + range_length(*found) * found[2], found[2])
        elif cursor.accept("{"):
            values: list[int] = []
            while not cursor.accept("}"):
                values.append(self._known.angles.integer("a value of the loop", -(2**63)))
                cursor.accept(",")
            return values
        self._known.refuse("loop-set", at)

    def _skip_statement(self) -> None:
        """The body of a loop without rounds."""
        cursor = self._cursor
        if cursor.items[cursor.pos] in ("if", "for", "while"):
            self._known.refuse("loop-set")
        if not cursor.accept("{"):
            skip(cursor)
            return
        depth = 1
        while depth:
            depth += {"{": 1, "}": -1}.get(cursor.items[cursor.pos], 0)
            cursor.pos += 1

    # Declarations

    def _bit(self) -> None:
        cursor = self._cursor
        at = cursor.pos
        if self._in_force or self._known.values:
            self._known.refuse("variable", at)
        cursor.pos += 1
        size = self._known.designator()
        name = cursor.identifier("the name of a register")
        self._known.declare(False, name, size)
        if cursor.accept("="):
            if not cursor.accept("measure"):
                self._known.refuse("initialisation", at)
            self._measured(self._known.operand(), self._known.bits[name], at)
        cursor.expect(";")

    def _alias(self) -> None:
        cursor = self._cursor
        name = cursor.items[cursor.pos + 1]
        cursor.pos += 3  # let NAME =
        quantum = cursor.items[cursor.pos] in self._known.qubits or cursor.items[cursor.pos].startswith(_PHYSICAL)
        found: tuple[int, ...] = ()
        while True:
            found += self._known.operand() if quantum else self._known.target()
            if not cursor.accept("++"):
                break
        cursor.expect(";")
        (self._known.qubits if quantum else self._known.bits)[name] = found

    # What a program does

    def _measure(self) -> None:
        cursor = self._cursor
        at = cursor.pos
        cursor.pos += 1
        source = self._known.operand()
        if not cursor.accept("->"):
            self._known.refuse("discarded", at)
        self._measured(source, self._known.target(), at)
        cursor.expect(";")

    def _assigned(self) -> None:
        """`c = measure q;`, the name at the cursor."""
        cursor = self._cursor
        at = cursor.pos
        target = self._known.target()
        if not cursor.accept("=") or not cursor.accept("measure"):
            self._known.refuse("assignment", at)
        self._measured(self._known.operand(), target, at)
        cursor.expect(";")

    def _measured(self, source: tuple[int, ...], target: tuple[int, ...], at: int) -> None:
        if self._in_force:
            self._known.refuse("condition-gate", at)
        if len(source) != len(target):
            raise invalid(f"a measurement of {len(source)} qubits into {len(target)} bits", self._cursor.line(at))
        if len(set(target)) < len(target):
            raise invalid("a measurement has the same bit twice", self._cursor.line(at))
        for qubit, bit in zip(source, target, strict=True):
            self._steps.append(Step(MEASURE, MEASURE, (), (qubit,), bit))

    def _reset(self) -> None:
        self._cursor.pos += 1
        found = self._known.operand()
        self._cursor.expect(";")
        self._steps += [Step(RESET, RESET, (), (qubit,), -1, self._in_force) for qubit in found]

    def _call(self) -> None:
        cursor = self._cursor
        at = cursor.pos
        cursor.pos += 1
        angles = tuple(self._known.angle() for _ in places(cursor, "(", ")"))
        operands = [self._known.operand()]
        while cursor.accept(","):
            operands.append(self._known.operand())
        cursor.expect(";")
        name = cursor.items[at]
        own = self._own.get(name)
        for qubits in self._broadcast(operands, at):
            if own is None or self._own_gates_kept:
                self._steps.append(Step(GATE, name, angles, qubits, -1, self._in_force, own is not None))
            else:
                for gate, values, on in expanded(own, angles, qubits):
                    self._steps.append(Step(GATE, gate, values, on, -1, self._in_force))

    def _broadcast(self, operands: list[tuple[int, ...]], at: int) -> list[tuple[int, ...]]:
        """Single qubits go with each element of the registers."""
        times = max(map(len, operands))
        if any(len(each) not in (1, times) for each in operands):
            raise invalid("the registers of this gate differ in size", self._cursor.line(at))
        found = [tuple(each[time if len(each) > 1 else 0] for each in operands) for time in range(times)]
        if any(len(set(each)) < len(each) for each in found):
            raise invalid("a gate uses the same qubit twice", self._cursor.line(at))
        return found
