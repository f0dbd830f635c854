"""The gates that programs get from the language and from the standard includes.

Names and arities are those of stdgates.inc (OpenQASM 3.0) and of Qiskit's qelib1.inc, which holds the one of the
OpenQASM 2 paper (arXiv:1707.03429). The files themselves are never read.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qee.circuits.openqasm.values import Unknown, Value

QUARTER = math.pi / 2
_TOLERANCE = 1e-9  # of an angle, in quarter turns

Rule = Callable[[Sequence[float]], bool]


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate that a program may call.

    Attributes:
        parameters, qubits: how many it takes.
        operations, multi_qubit: standard gates that one call expands to, and those of them on two or more qubits.
        clifford: whether a call is a Clifford operation, as a fact or by its angles in radians.
        work: operations, calls inside of calls and their operands (see Tally.work).
        names: standard gates that a call reaches.
        basis: gates of the basis that engines unroll to before they add controls; bounds `ctrl @`.
        uses: per parameter, how often it occurs in the expressions of the expanded body.
        terms: other operands of these expressions.
        depth: levels of gate definitions below this one.
        opaque: declared without a body, so that nothing can run it.
    """

    name: str
    parameters: int
    qubits: int
    clifford: bool | Rule = False
    operations: int = 1
    multi_qubit: int = 0
    work: int = 1
    names: frozenset[str] = frozenset()
    basis: int = 16
    uses: tuple[int, ...] = ()
    terms: int = 0
    depth: int = 0
    opaque: bool = False

    def is_clifford(self, values: Sequence[Value]) -> bool:
        if isinstance(self.clifford, bool):
            return self.clifford
        angles = [float(v) for v in values if not isinstance(v, Unknown)]
        if len(angles) < len(values) or not all(map(math.isfinite, angles)):
            return False
        return self.clifford(angles)


def _multiple(angle: float, unit: float) -> bool:
    turns = angle / unit
    return abs(turns - round(turns)) < _TOLERANCE * max(1.0, QUARTER / unit)


def quarter_turns(angles: Sequence[float]) -> bool:
    return all(_multiple(a, QUARTER) for a in angles)


def half_turns(angles: Sequence[float]) -> bool:
    return all(_multiple(a, math.pi) for a in angles)


def _euler(angles: Sequence[float]) -> bool:
    """U(θ,φ,λ): at θ=0 only φ+λ matters, at θ=π only φ-λ, else θ, φ and λ must all be quarter turns."""
    theta, phi, lam = angles
    if _multiple(theta, 2 * math.pi):
        return _multiple(phi + lam, QUARTER)
    if _multiple(theta, math.pi):
        return _multiple(phi - lam, QUARTER)
    return quarter_turns(angles)


def _base(name: str, parameters: int, qubits: int, clifford: bool | Rule) -> Gate:
    return Gate(
        name,
        parameters,
        qubits,
        clifford,
        multi_qubit=int(qubits > 1),
        names=frozenset({name}),
        basis=16 if qubits < 2 else 32 if qubits == 2 else 32 * 4 ** (qubits - 2),
        uses=(1,) * parameters,
    )


def _table(*rows: tuple[str, int, int, bool | Rule]) -> dict[str, Gate]:
    return {name: _base(name, parameters, qubits, clifford) for name, parameters, qubits, clifford in rows}


def _of(qubits: int, parameters: int, clifford: bool | Rule, names: str) -> list[tuple[str, int, int, bool | Rule]]:
    return [(name, parameters, qubits, clifford) for name in names.split()]


_COMMON = [
    *_of(1, 0, True, "x y z h s sdg sx id"),
    *_of(1, 0, False, "t tdg"),
    *_of(1, 1, quarter_turns, "p rx ry rz u1"),
    *_of(1, 2, quarter_turns, "u2"),
    *_of(1, 3, _euler, "u3"),
    *_of(2, 0, True, "cx cy cz swap"),
    *_of(2, 0, False, "ch"),
    *_of(2, 1, half_turns, "cp crx cry crz"),
    *_of(2, 4, False, "cu"),
    *_of(3, 0, False, "ccx cswap"),
]

STDGATES = _table(
    *_COMMON,
    *_of(1, 1, quarter_turns, "phase"),
    *_of(2, 0, True, "CX"),
    *_of(2, 1, half_turns, "cphase"),
)

QELIB1 = _table(
    *_COMMON,
    *_of(1, 0, True, "sxdg"),
    *_of(1, 1, True, "u0"),
    *_of(1, 3, _euler, "u"),
    *_of(2, 0, False, "csx"),
    *_of(2, 1, half_turns, "cu1"),
    *_of(2, 1, quarter_turns, "rxx rzz"),
    *_of(2, 3, False, "cu3"),
    *_of(3, 0, False, "rccx"),
    *_of(4, 0, False, "rc3x c3x c3sqrtx"),
    *_of(5, 0, False, "c4x"),
)

BUILTIN_3 = _table(*_of(1, 3, _euler, "U"), *_of(0, 1, True, "gphase"))
BUILTIN_2 = _table(*_of(1, 3, _euler, "U"), *_of(2, 0, True, "CX"))

# Of qelib1.inc what the paper's file has; the others are Qiskit's, and a program may define them itself.
_PAPER = "u3 u2 u1 cx id x y z h s sdg t tdg rx ry rz cz cy ch ccx crz cu1 cu3"
PAPER = frozenset(_PAPER.split(" "))

INCLUDES = {2: {"qelib1.inc": QELIB1}, 3: {"stdgates.inc": STDGATES}}
