"""Gate modifiers of OpenQASM 3: `ctrl @`, `negctrl @`, `inv @` and `pow(k) @`, and what they cost an engine.

Measured with Qiskit 2.6 and AerSimulator's basis: a controlled U costs 21, 86, 193, 385, 1,069 and 1,789 operations with
2, 3, 4, 6, 10 and 16 controls, cu about twice that, and `pow` builds the gate's dense matrix (10 qubits: 1.1 s).
"""

import math
from dataclasses import dataclass, replace

from qee.circuits.gates import Gate, Rule, half_turns, quarter_turns

MAX_MATRIX_QUBITS = 8

# `ctrl @` of these is a gate of the language itself (first column) or stays one operation with any number of controls.
_CONTROLLED_NAMES = {
    "x": "cx", "y": "cy", "z": "cz", "h": "ch", "p": "cp", "phase": "cphase", "rx": "crx", "ry": "cry", "rz": "crz",
    "cx": "ccx", "CX": "ccx", "swap": "cswap", "U": "cu", "u3": "cu", "u1": "cp", "gphase": "p",
}  # fmt: skip
_SINGLE = frozenset({"x", "z", "p", "phase", "u1", "s", "sdg", "t", "tdg", "gphase", "cx", "CX", "cz", "cp", "cphase"})
_HALF_TURNS = frozenset({"p", "phase", "u1", "rx", "ry", "rz"})
_PAULIS = frozenset({"x", "y", "z"})


@dataclass(frozen=True, slots=True)
class Modifier:
    """One modifier: kind "ctrl", "negctrl", "inv" or "pow"; `number` is the count of controls or the exponent."""

    kind: str
    number: float = 1


def controlled(gate: Gate, controls: int, negative: bool) -> Gate:
    standard = not gate.depth and len(gate.names) == 1 and gate.name in gate.names
    clifford: bool | Rule = False
    names = gate.names
    if standard and gate.name in _CONTROLLED_NAMES and controls == 1:
        names = frozenset({_CONTROLLED_NAMES[gate.name]})
        if gate.name in _PAULIS:
            clifford = True
        elif gate.name in _HALF_TURNS:
            clifford = half_turns
        elif gate.name == "gphase":
            clifford = quarter_turns
    elif standard:
        names = frozenset({f"{'c' * min(controls, 4)}{gate.name}"})
    single = standard and (
        gate.name in _SINGLE or (controls == 1 and gate.name in _CONTROLLED_NAMES and gate.name != "h")
    )
    operations = 1 if single else gate.basis * controls**2
    operations += 2 * controls * negative
    return replace(
        gate,
        qubits=gate.qubits + controls,
        clifford=clifford,
        operations=operations,
        multi_qubit=operations if gate.qubits + controls > 1 else 0,
        names=names,
        basis=32 * (operations if not single else max(4, controls) ** 2),
        depth=gate.depth + 1,
    )


def powered(gate: Gate, exponent: float) -> Gate:
    times = max(1, math.ceil(abs(exponent)))
    whole = float(exponent).is_integer()
    return replace(
        gate,
        clifford=gate.clifford if whole else False,
        operations=gate.operations * times,
        multi_qubit=gate.multi_qubit * times,
        basis=max(gate.basis * times, 16 * 4**gate.qubits),
        uses=tuple(u * times for u in gate.uses),
        terms=gate.terms * times,
        depth=gate.depth + 1,
    )
