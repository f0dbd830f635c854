"""What OpenQASM 2 and 3 have in common: declarations, operands, gate definitions and calls, measurements."""

import difflib
from collections.abc import Sequence
from typing import NoReturn

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.expressions import Expressions, Unknown, Value
from qee.circuits.gates import INCLUDES, Gate
from qee.circuits.report import Limits, Scan
from qee.circuits.symbols import Bits, Constant, Operand, Parameter, Qubits, Scope, Symbol, Tally, Variable
from qee.circuits.tokens import Cursor

MAX_NESTING = 32  # blocks inside one another; Qiskit's OpenQASM 3 importer breaks between 30 and 50
MAX_DEFINITION_DEPTH = 64  # gate definitions calling one another; it breaks between 100 and 200
TERMS_PER_OPERATION = 8  # operands in parameter expressions for each operation allowed: Cirq needs 17 µs for one
MAX_NAME = 256


class Program:
    """State and statements of one scan. Subclasses add the dialect's statements and the main loop."""

    version = 0
    format = ""
    keywords: frozenset[str] = frozenset()

    def __init__(self, cursor: Cursor, limits: Limits, builtin: dict[str, Gate]) -> None:
        self.cursor = cursor
        self.limits = limits
        self.scope = Scope(builtin)
        self.expressions = Expressions(cursor, self.version, self.resolve, self.call_subroutine)
        self.tally = Tally()
        self.definitions = 0  # operations of all definitions together: engines build each of them, used or not
        self.in_gate = False
        self.version_text = ""
        self.qubits = 0
        self.bits = 0
        self.registers: list[tuple[str, int]] = []
        self.includes: list[str] = []
        self.inputs: list[str] = []
        self.constructs: set[str] = set()
        self.feed_forward = False
        self.mid_circuit = False
        self.repeated = False  # inside of a loop or subroutine
        self.measured: dict[str, set[int] | None] = {}  # None: the whole register

    def result(self) -> Scan:
        if not self.qubits:
            self.cursor.fail("the program declares no qubits")
        tally = self.tally
        return Scan(
            format=self.format,
            version=self.version_text,
            qubits=self.qubits,
            classical_bits=self.bits,
            registers=tuple(self.registers),
            operations=tally.operations,
            multi_qubit_operations=tally.multi_qubit,
            measured=tally.measurements > 0,
            clifford=tally.clifford,
            feed_forward=self.feed_forward,
            mid_circuit=self.mid_circuit,
            needs_deadline="while" in self.constructs,
            includes=tuple(self.includes),
            gates=frozenset(tally.names),
            constructs=frozenset(self.constructs),
            inputs=tuple(self.inputs),
        )

    # Names

    def name(self, wanted: str) -> str:
        """Takes a new or used name, which may not be a keyword of the dialect."""
        word = self.cursor.items[self.cursor.pos]
        if word in self.keywords:
            self.cursor.fail(f"the keyword {quoted(word)} where {wanted} should be")
        if len(word) > MAX_NAME:
            self.cursor.fail(f"a name of {len(word)} characters; at most {MAX_NAME} are possible")
        return self.cursor.identifier(wanted)

    def declare(self, name: str, symbol: Symbol, at: int) -> None:
        if not self.scope.declare(name, symbol):
            self.cursor.fail(f"{quoted(name)} is already defined; choose another name", at=at)

    def undefined(self, name: str, what: str, kinds: type | tuple[type, ...]) -> NoReturn:
        """Fails at the name just taken, with the closest names of the right kind."""
        candidates = [n for n, s in self.scope.names.items() if isinstance(s, kinds)][:1000]
        close = difflib.get_close_matches(name[:64], candidates, n=3)
        hint = f"; did you mean {' or '.join(map(quoted, close))}?" if close else ""
        standard = next(iter(INCLUDES[self.version]))
        if what == "gate" and not self.includes and name in INCLUDES[self.version][standard]:
            hint = f'; it comes with include "{standard}";'
        self.cursor.fail(f"{what} {quoted(name)} is not defined{hint}", at=self.cursor.pos - 1)

    def resolve(self, name: str) -> Value:
        """The value of a name in an expression, which was just taken."""
        symbol = self.scope.names.get(name)
        if isinstance(symbol, Constant):
            return symbol.number
        if isinstance(symbol, Parameter):
            return Unknown({name: 1})
        if isinstance(symbol, (Bits, Variable)) and not self.in_gate:
            return Unknown()
        if symbol is None:
            self.undefined(name, "name", (Constant, Parameter, Bits, Variable))
        self.cursor.fail(f"{quoted(name)} has no value that could be used here", at=self.cursor.pos - 1)

    def call_subroutine(self, name: str) -> bool:
        return False

    # Declarations

    def include(self) -> None:
        cursor = self.cursor
        cursor.pos += 1
        word = cursor.items[cursor.pos]
        if len(word) < 2 or word[0] not in "\"'":
            cursor.unexpected("the name of a file in quotes")
        allowed = INCLUDES[self.version]
        name = word[1:-1]
        if name not in allowed:
            only = " or ".join(f'"{n}"' for n in allowed)
            cursor.fail(
                f"include of {quoted(name)}: only {only} can be included; write other definitions into the source",
                Reason.UNSUPPORTED_CONSTRUCT,
            )
        for gate in allowed[name].values():
            if not self.scope.declare(gate.name, gate):
                cursor.fail(f"{quoted(gate.name)} of {name} is already defined; include it once, and first")
        self.includes.append(name)
        cursor.pos += 1
        cursor.expect(";")

    def add_qubits(self, name: str, size: int | None, at: int) -> None:
        self.qubits += 1 if size is None else size
        if self.qubits > self.limits.max_qubits:
            self._too_many("qubits", self.qubits, self.limits.max_qubits, at)
        self.declare(name, Qubits(size), at)

    def add_bits(self, name: str, size: int | None, at: int) -> None:
        self.bits += 1 if size is None else size
        if self.bits > self.limits.max_classical_bits:
            self._too_many("classical bits", self.bits, self.limits.max_classical_bits, at)
        self.declare(name, Bits(size), at)
        self.registers.append((name, 1 if size is None else size))

    def _too_many(self, what: str, number: int, limit: int, at: int) -> NoReturn:
        self.cursor.fail(
            f"{number} {what} are declared up to here, at most {limit} are allowed", Reason.CIRCUIT_TOO_LARGE, at=at
        )

    def old_register(self) -> None:
        """`qreg q[2];` or `creg c[2];`, the keyword at the cursor."""
        cursor = self.cursor
        quantum = cursor.items[cursor.pos] == "qreg"
        cursor.pos += 1
        at = cursor.pos
        name = self.name("the name of a register")
        size: int | None = None
        if self.version == 2 or cursor.items[cursor.pos] == "[":
            cursor.expect("[")
            size = self.expressions.integer("the size of a register", 1)
            cursor.expect("]")
        cursor.expect(";")
        (self.add_qubits if quantum else self.add_bits)(name, size, at)

    # Operands

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
            return name, None, symbol.size, not symbol.alias
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
        index, size = self.index(symbol.size)
        if index is not None and index >= symbol.size:
            cursor.fail(f"{quoted(name)} has {symbol.size} qubits, so there is no index {index}", at=pos + 2)
        operand = name, index, size, index is not None and not symbol.alias
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

    def index(self, size: int) -> tuple[int | None, int | None]:
        """`[expression]` at the cursor: (index, None), or for a selection (None, number selected)."""
        self.cursor.expect("[")
        index = self.expressions.integer("an index", 0)
        self.cursor.expect("]")
        return index, None

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
        if len(operands) == 1:
            times = operands[0][2]
        else:
            times = self._common_size(operands, at)
        if times is None:
            return 1
        if times > 1:
            self.constructs.add("broadcast")
        return times

    def _common_size(self, operands: Sequence[Operand], at: int) -> int | None:
        times: int | None = None
        for _, _, size, _ in operands:
            if size is not None:
                if times is not None and times != size:
                    self.cursor.fail(f"registers of {times} and {size} qubits cannot be broadcast together", at=at)
                times = size
        if len(set(operands)) < len(operands):
            known = [operand for operand in operands if operand[3]]
            if len(set(known)) < len(known):
                self.cursor.fail("a qubit is given twice to one gate", at=at)
        return times

    def touch(self, operands: Sequence[Operand]) -> None:
        """Notes operations on qubits that were measured before."""
        if not self.measured:
            return
        for name, index, _, sure in operands:
            if not sure:
                self.mid_circuit = True
            elif name in self.measured:
                indices = self.measured[name]
                if indices is None or index is None or index in indices:
                    self.mid_circuit = True

    # Operations

    def apply(self, gate: Gate, values: Sequence[Value], operands: Sequence[Operand], at: int) -> None:
        """Adds a call of a gate to the tally."""
        if len(values) != gate.parameters:
            self.cursor.fail(
                f"gate {quoted(gate.name)} takes {gate.parameters} parameters, {len(values)} are given", at=at
            )
        if len(operands) != gate.qubits and not (gate.qubits == 0 and not operands):
            self.cursor.fail(f"gate {quoted(gate.name)} takes {gate.qubits} qubits, {len(operands)} are given", at=at)
        if gate.opaque:
            self.cursor.fail(
                f"gate {quoted(gate.name)} is opaque, so nothing can run it; define it",
                Reason.UNSUPPORTED_CONSTRUCT,
                at=at,
            )
        times = self.broadcast(operands, at) if operands else 1
        self.touch(operands)
        tally = self.tally
        operations = gate.operations * times
        tally.operations += operations
        tally.work += operations
        tally.multi_qubit += gate.multi_qubit * times
        tally.basis += gate.basis * times
        if tally.clifford and not (gate.clifford is True or gate.is_clifford(values)):
            tally.clifford = False
        if not gate.names <= tally.names:
            tally.names |= gate.names
        if gate.depth > tally.depth:
            tally.depth = gate.depth
        if gate.depth or self.in_gate:
            self._add_terms(gate, values, times)

    def _add_terms(self, gate: Gate, values: Sequence[Value], times: int) -> None:
        """Operands that the expressions of the gate's body have once the values are put in for its parameters."""
        tally = self.tally
        tally.terms += gate.terms * times
        for value, uses in zip(values, gate.uses, strict=True):
            if isinstance(value, Unknown) and value.uses:
                tally.terms += value.terms * uses * times
                for name, count in value.uses.items():
                    tally.uses[name] = tally.uses.get(name, 0) + count * uses * times
            elif gate.depth:
                tally.terms += uses * times

    def values(self) -> list[Value]:
        """`(a, b)` at the cursor, or nothing."""
        cursor = self.cursor
        if not cursor.accept("("):
            return []
        found: list[Value] = []
        if not cursor.accept(")"):
            found.append(self.expressions.value())
            while cursor.accept(","):
                found.append(self.expressions.value())
            cursor.expect(")")
        return found

    def call(self) -> None:
        """`rz(pi/2) q[0];`, the name of the gate at the cursor."""
        cursor = self.cursor
        at = cursor.pos
        gate = self.scope.names.get(cursor.items[at])
        if type(gate) is not Gate:
            self.not_a_gate()
        cursor.pos = at + 1
        self.apply(gate, self.values() if cursor.items[at + 1] == "(" else (), self.operands(), at)

    def not_a_gate(self) -> NoReturn:
        name = self.name("a statement")
        if name in self.scope.names:
            self.cursor.fail(f"{quoted(name)} is not a gate", at=self.cursor.pos - 1)
        self.undefined(name, "gate", Gate)

    def count(self, construct: str, operations: int) -> None:
        self.constructs.add(construct)
        self.tally.operations += operations
        self.tally.work += operations
        self.tally.basis += operations

    def reset(self) -> None:
        self.cursor.pos += 1
        operand = self.operand()
        self.cursor.expect(";")
        self.touch([operand])
        self.count("reset", operand[2] or 1)

    def barrier(self) -> None:
        """`barrier q, r[0];` or, in OpenQASM 3, `barrier;`."""
        cursor = self.cursor
        cursor.pos += 1
        if not (self.version == 3 and cursor.accept(";")):
            self.operands()
        self.count("barrier", 1)

    def measure_into(self, source: Operand, target: int | None, at: int) -> None:
        """Adds a measurement of an operand into `target` bits (None: the result is dropped)."""
        size = 1 if source[2] is None else source[2]
        if target is not None and size != target:
            self.cursor.fail(f"{size} qubits cannot be measured into {target} bits", at=at)
        if self.in_gate:
            self.cursor.fail("a measurement inside of a gate definition", at=at)
        if self.repeated:
            self.mid_circuit = True
        self.touch([source])
        name, index, _, _ = source
        indices = self.measured.setdefault(name, set())
        if index is None:
            self.measured[name] = None
        elif indices is not None:
            indices.add(index)
        self.tally.operations += size
        self.tally.work += size
        self.tally.measurements += 1

    # Definitions

    def gate_definition(self) -> None:
        """`gate name(a, b) q, r { ... }`, the keyword at the cursor."""
        cursor = self.cursor
        if self.in_gate or self.nested:
            cursor.fail("a gate definition inside of another block; move it to the top")
        self.constructs.add("gate")
        at = cursor.pos
        cursor.pos += 1
        name = self.name("the name of a gate")
        outer, self.tally, self.in_gate = self.tally, Tally(), True
        self.scope.enter()
        parameters, qubits = self.gate_signature()
        cursor.expect("{")
        self.gate_body()
        self.scope.leave()
        body, self.tally, self.in_gate = self.tally, outer, False
        self.definitions += body.work
        self.bound(self.definitions, body.terms + sum(body.uses.values()), f"the definition of gate {quoted(name)}", at)
        if body.depth >= MAX_DEFINITION_DEPTH:
            cursor.fail(f"gate definitions that call one another over more than {MAX_DEFINITION_DEPTH} levels", at=at)
        gate = Gate(
            name,
            len(parameters),
            len(qubits),
            body.clifford,
            operations=body.operations,
            multi_qubit=body.multi_qubit,
            names=frozenset(body.names),
            basis=max(16, body.basis),
            uses=tuple(body.uses.get(p, 0) for p in parameters),
            terms=body.terms,
            depth=body.depth + 1,
        )
        self.declare(name, gate, at + 1)

    def gate_signature(self) -> tuple[list[str], list[str]]:
        cursor = self.cursor
        parameters: list[str] = []
        if cursor.accept("(") and not cursor.accept(")"):
            parameters = self._names("a parameter", Parameter())
            cursor.expect(")")
        return parameters, self._names("a qubit", Qubits(None, argument=True))

    def _names(self, wanted: str, symbol: Symbol) -> list[str]:
        names = []
        while True:
            at = self.cursor.pos
            names.append(self.name(wanted))
            self.declare(names[-1], symbol, at)
            if not self.cursor.accept(","):
                return names

    def gate_body(self) -> None:
        """The statements of a gate definition up to its closing brace, which is taken."""
        raise NotImplementedError

    @property
    def nested(self) -> bool:
        return False

    def bound(self, work: int, terms: int, what: str, at: int) -> None:
        """Fails when what an engine would build is over the limit."""
        limit = self.limits.max_operations
        if work > limit:
            self.cursor.fail(
                f"{what} expands to {_figure(work)} operations, at most {limit} are allowed; reduce loop bounds, gate"
                " nesting or registers",
                Reason.CIRCUIT_TOO_LARGE,
                at=at,
            )
        if terms > TERMS_PER_OPERATION * limit:
            self.cursor.fail(
                f"{what} expands to parameter expressions of {_figure(terms)} operands, at most"
                f" {TERMS_PER_OPERATION * limit} are allowed; compute parameters outside of gate definitions",
                Reason.CIRCUIT_TOO_LARGE,
                at=at,
            )


def _figure(number: int) -> str:
    return str(number) if number < 10**15 else "more than 10^15"
