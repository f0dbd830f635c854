"""Calls of gates under modifiers, `ctrl(2) @ inv @ x q, r, s;`, and what they cost an engine.

Measured with Qiskit 2.6 and AerSimulator's basis: a controlled U costs 21, 86, 193, 385, 1,069 and 1,789 operations
with 2, 3, 4, 6, 10 and 16 controls, cu about twice that, and `pow` diagonalises the gate's matrix: 0.04 s and
3 MiB with 8 qubits, 0.14 s with 9, 1.1 s with 10.
"""

import math
from dataclasses import dataclass, replace

from qee.circuits.openqasm.bounds import too_large
from qee.circuits.openqasm.definitions import MAX_DEFINITION_DEPTH
from qee.circuits.openqasm.gates import Gate, Rule, half_turns, quarter_turns
from qee.circuits.openqasm.names import not_a_gate
from qee.circuits.openqasm.operands import operands
from qee.circuits.openqasm.operations import apply, values
from qee.circuits.openqasm.program import Program
from qee.circuits.openqasm.reader import Reader
from qee.circuits.openqasm.symbols import Operand
from qee.circuits.openqasm.values import Unknown

MODIFIERS = frozenset({"ctrl", "negctrl", "inv", "pow"})
MAX_MATRIX_QUBITS = 8

# `ctrl @` of these is a gate of the language itself.
_CONTROLLED_NAMES = {
    "x": "cx", "y": "cy", "z": "cz", "h": "ch", "p": "cp", "phase": "cphase", "rx": "crx", "ry": "cry", "rz": "crz",
    "cx": "ccx", "CX": "ccx", "swap": "cswap", "U": "cu", "u3": "cu", "u1": "cp", "gphase": "p",
}  # fmt: skip
# Operations that remain of them with any number of controls, given at once or, for the first row, one by one.
_ANY_CHAIN = frozenset({"x", "p", "phase", "u1", "gphase", "cx", "CX", "cp", "cphase", "ccx"})
_ANY_CONTROLS = {**dict.fromkeys(_ANY_CHAIN | {"t", "tdg"}, 1), **dict.fromkeys(("z", "s", "sdg", "cz"), 4)}
_HALF_TURNS = frozenset({"p", "phase", "u1", "rx", "ry", "rz"})
_PAULIS = frozenset({"x", "y", "z"})


@dataclass(frozen=True, slots=True)
class Modifier:
    """One modifier: kind "ctrl", "negctrl", "inv" or "pow"; `number` is the count of controls or the exponent."""

    kind: str
    number: float = 1


def modified_call(reader: Reader, program: Program) -> None:
    """`ctrl(2) @ inv @ x q, r, s;`, `gphase(pi);`"""
    at = reader.pos
    modifiers: list[Modifier] = []
    while reader.items[reader.pos] in MODIFIERS:
        modifiers.append(_modifier(reader, program))
        reader.expect("@")
    if len(modifiers) > MAX_DEFINITION_DEPTH:
        reader.fail(f"more than {MAX_DEFINITION_DEPTH} modifiers on one gate", at=at)
    gate = program.scope.names.get(reader.items[reader.pos])
    if type(gate) is not Gate:
        not_a_gate(reader, program)
    reader.pos += 1
    angles = values(reader)
    gate = _modified(reader, program, gate, modifiers, at)
    on: list[Operand] = []
    if gate.qubits or reader.items[reader.pos] != ";":
        on = operands(reader, program)
    else:
        reader.expect(";")
    apply(reader, program, gate, angles, on, at)


def _modifier(reader: Reader, program: Program) -> Modifier:
    kind = reader.items[reader.pos]
    program.constructs.add("ctrl modifier" if kind == "negctrl" else f"{kind} modifier")
    reader.pos += 1
    if kind == "inv" or (kind != "pow" and reader.items[reader.pos] != "("):
        return Modifier(kind)
    reader.expect("(")
    at = reader.pos
    if kind == "pow":
        exponent = reader.expressions.value()
        if isinstance(exponent, Unknown) or abs(exponent) > 2**63:
            reader.fail("the exponent of pow must be a constant number of ordinary size", at=at)
        number: float = exponent
    else:
        number = reader.expressions.integer("the number of controls", 1)
    reader.expect(")")
    return Modifier(kind, number)


def _modified(reader: Reader, program: Program, gate: Gate, modifiers: list[Modifier], at: int) -> Gate:
    """The gate under its modifiers, of which the last is the innermost. Adjacent controls count together."""
    limit = program.limits.max_qubits
    matrix = False
    controls = negative = steps = 0
    for modifier in reversed([Modifier("end"), *modifiers]):
        if modifier.kind in ("ctrl", "negctrl"):
            steps += 1
            controls += int(modifier.number)
            negative += int(modifier.number) * (modifier.kind == "negctrl")
            if gate.qubits + controls > limit:
                too_large(reader, f"{controls} controls make a gate wider than the {limit} qubits allowed", at)
        elif modifier.kind == "inv":
            gate = inverted(gate)
        else:
            if controls:
                gate = controlled(gate, controls, negative, steps)
                controls = negative = steps = 0
            if modifier.kind == "pow":
                gate = powered(gate, modifier.number)
                matrix = True
            if matrix and gate.qubits > MAX_MATRIX_QUBITS:
                too_large(
                    reader,
                    f"pow @ on a gate of {gate.qubits} qubits makes an engine build its matrix; at most"
                    f" {MAX_MATRIX_QUBITS} qubits are allowed, repeat the gate in a loop instead",
                    at,
                )
    return gate


def controlled(gate: Gate, controls: int, negative: int = 0, steps: int = 1) -> Gate:
    """The gate under so many controls in all, `negative` of them by negctrl, given by so many adjacent modifiers."""
    plain = gate.depth == 0
    operations = gate.basis * controls**2 * 4 ** (steps - 1)
    name = gate.name if plain else ""
    if controls == 1 and name in _CONTROLLED_NAMES and name != "h":
        operations = 1
    elif name in (_ANY_CONTROLS if steps == 1 else _ANY_CHAIN):
        operations = _ANY_CONTROLS[name]
    operations += 2 * negative
    names = gate.names
    if plain:
        names = frozenset({_CONTROLLED_NAMES.get(name, f"c{name}") if controls == 1 else f"mc{name}"})
    clifford: bool | Rule = False
    if controls == 1:
        if name in _PAULIS:
            clifford = True
        elif name in _HALF_TURNS:
            clifford = half_turns
        elif name == "gphase":
            clifford = quarter_turns
    return replace(
        gate,
        qubits=gate.qubits + controls,
        clifford=clifford,
        operations=operations,
        multi_qubit=operations if gate.qubits + controls > 1 else 0,
        work=gate.work + operations,
        names=names,
        basis=32 * max(operations, (gate.qubits + controls - 1) ** 2),
        depth=gate.depth + 1,
    )


def inverted(gate: Gate) -> Gate:
    return replace(gate, work=2 * gate.work)


def powered(gate: Gate, exponent: float) -> Gate:
    times = max(1, math.ceil(abs(exponent)))
    whole = float(exponent).is_integer()
    return replace(
        gate,
        clifford=gate.clifford if whole else False,
        operations=gate.operations * times,
        multi_qubit=gate.multi_qubit * times,
        work=(gate.work + 1) * times + 4**gate.qubits // 64,
        basis=max(gate.basis * times, 16 * 4**gate.qubits),
        uses=tuple(u * times for u in gate.uses),
        terms=gate.terms * times,
        depth=gate.depth + 1,
    )
