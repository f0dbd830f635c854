"""The state of one scan, the names in force, and the bounds that every part keeps."""

import difflib
from typing import NoReturn

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.bonds import Bonds
from qee.circuits.openqasm.expressions import Expressions
from qee.circuits.openqasm.gates import INCLUDES, Gate
from qee.circuits.openqasm.symbols import Bits, Constant, Parameter, Scope, Symbol, Tally, Variable
from qee.circuits.openqasm.tokens import Cursor
from qee.circuits.openqasm.values import Unknown, Value
from qee.circuits.report import Limits, Scan

MAX_NAME = 256
MAX_GUESSED = 32  # characters of names among which a misspelt one is looked for, a few hundred of them
# For each operation allowed, engines may also build so many rounds of loops, levels of calls, operands of barriers...
WORK_PER_OPERATION = 4
TERMS_PER_OPERATION = 8  # ... and so many operands in parameter expressions: Cirq needs 17 µs for one


# Names of gates elsewhere, and here.
ALIASES = {
    **{"cnot": "cx", "CNOT": "cx", "toffoli": "ccx", "ccnot": "ccx", "fredkin": "cswap", "hadamard": "h", "not": "x"},
    **{"X": "x", "Y": "y", "Z": "z", "H": "h", "S": "s", "T": "t", "CZ": "cz", "SWAP": "swap", "i": "id", "I": "id"},
    **{"v": "sx", "si": "sdg", "ti": "tdg", "sdag": "sdg", "tdag": "tdg", "cphaseshift": "cp", "phaseshift": "p"},
    **{"Rx": "rx", "Ry": "ry", "Rz": "rz", "RX": "rx", "RY": "ry", "RZ": "rz"},
}


class State:
    """What a scan knows while it reads. Subclasses read the statements."""

    version = 0
    format = ""
    keywords: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()  # keywords of the other dialect that begin a statement

    def __init__(self, cursor: Cursor, limits: Limits, builtin: dict[str, Gate]) -> None:
        self.cursor = cursor
        self.limits = limits
        self.scope = Scope(builtin)
        self.expressions = Expressions(cursor, self.version, self.resolve, self.call_subroutine)
        self.tally = Tally()
        self.definitions = 0  # work of all definitions together
        self.in_gate = False
        self.version_text = ""
        self.qubits = 0
        self.bits = 0
        self.registers: list[tuple[str, int]] = []
        self.includes: list[str] = []
        self.inputs: list[str] = []
        self.used_inputs: set[str] = set()
        self.constructs: set[str] = set()
        self.bonds = Bonds()
        self.feed_forward = False
        self.mid_circuit = False
        self.links: set[tuple[int, int]] = set()
        self.late_resets = False
        self.acted = 0  # as `used`, where blocks are no reason for doubt
        self.selected = 0  # of the operands just read, those in selections
        self.used = 0  # a bit for each qubit's position, set where something was done to it
        self.repeated = False  # inside of a loop or subroutine
        self.measured_alias = False
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
            objects=tally.work + self.definitions,
            multi_qubit_operations=tally.multi_qubit,
            measured=tally.measurements > 0,
            clifford=tally.clifford,
            feed_forward=self.feed_forward,
            mid_circuit=self.mid_circuit,
            needs_deadline="while" in self.constructs,
            includes=tuple(self.includes),
            gates=frozenset(tally.names),
            constructs=frozenset(self.constructs),
            late_resets=self.late_resets,
            links=frozenset(self.links),
            inputs=tuple(self.inputs),
            used_inputs=frozenset(self.used_inputs),
            bond_bits=self.bonds.bits(self.qubits),
            active=None if self.acted < 0 else self.acted.bit_count(),
        )

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
        candidates = [n for n, s in self.scope.names.items() if isinstance(s, kinds) and len(n) <= MAX_GUESSED][:256]
        close = difflib.get_close_matches(name, candidates, n=3) if len(name) <= MAX_GUESSED else []
        alias = ALIASES.get(name, name) if what == "gate" else name
        if alias != name and alias in self.scope.names:
            close = [alias]
        hint = f"; did you mean {' or '.join(map(quoted, close))}?" if close else ""
        standard = next(iter(INCLUDES[self.version]))
        if what == "gate" and not self.includes and alias in INCLUDES[self.version][standard]:
            hint = f'; {"it" if alias == name else f"{quoted(alias)} does it, and"} comes with include "{standard}";'
        if name in self.foreign:
            other = 5 - self.version
            hint = f": it is of OpenQASM {other}; set the circuit's format to openqasm{other}"
        self.cursor.fail(f"{what} {quoted(name)} is not defined{hint}", at=self.cursor.pos - 1)

    def resolve(self, name: str) -> Value:
        """The value of a name in an expression, which was just taken."""
        symbol = self.scope.names.get(name)
        if isinstance(symbol, Constant):
            return symbol.number
        if isinstance(symbol, Parameter):
            return Unknown({name: 1})
        if isinstance(symbol, (Bits, Variable)) and not self.in_gate:
            if isinstance(symbol, Bits) and symbol.size is not None:
                self.tally.work += symbol.size  # Cirq makes a condition of every bit
            elif isinstance(symbol, Variable) and symbol.input:
                self.used_inputs.add(name)
            return Unknown({}, 1)
        if symbol is None:
            self.undefined(name, "name", (Constant, Parameter, Bits, Variable))
        self.cursor.fail(f"{quoted(name)} has no value that could be used here", at=self.cursor.pos - 1)

    def call_subroutine(self, name: str) -> bool:
        return False

    @property
    def nested(self) -> bool:
        return False

    def bound(self, tally: Tally, what: str, at: int) -> None:
        """Fails when the operations of a tally, or what an engine would build for them, are over the limit."""
        limit = self.limits.max_operations
        if tally.operations > limit:
            self._too_large(
                f"{what} expands to {_figure(tally.operations)} operations, at most {limit} are allowed; reduce loop"
                " bounds, gate nesting or registers",
                at,
            )
        if tally.work > WORK_PER_OPERATION * limit:
            self._too_large(
                f"{what} makes an engine build {_figure(tally.work)} objects (operations, rounds, calls, operands"
                f" of barriers), at most {WORK_PER_OPERATION * limit} are allowed; reduce loop bounds and gate nesting",
                at,
            )
        terms = tally.terms + sum(tally.uses.values())
        if terms > TERMS_PER_OPERATION * limit:
            self._too_large(
                f"{what} expands to parameter expressions of {_figure(terms)} operands, at most"
                f" {TERMS_PER_OPERATION * limit} are allowed; compute parameters outside of gate definitions",
                at,
            )

    def define(self, body: Tally, what: str, at: int) -> None:
        """Bounds a definition and all definitions together: engines build each of them, used or not."""
        self.bound(body, what, at)
        self.definitions += body.work + 1
        allowed = WORK_PER_OPERATION * self.limits.max_operations
        if self.definitions > allowed:
            self._too_large(
                f"the definitions up to {what} make an engine build {_figure(self.definitions)} objects, at most"
                f" {allowed} are allowed; define fewer or smaller gates",
                at,
            )

    def _too_large(self, message: str, at: int) -> NoReturn:
        self.cursor.fail(message, Reason.CIRCUIT_TOO_LARGE, at=at)


def _figure(number: int) -> str:
    return str(number) if number < 10**15 else "more than 10^15"
