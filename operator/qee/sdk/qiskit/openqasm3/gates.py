"""Gates of OpenQASM 3 with the phases that its specification gives them, under modifiers.

Qiskit's `U`, `u2` and `u3` differ from those of OpenQASM 3.0 and 3.1 by a phase. It shows where a gate is controlled,
or a fraction of it is taken: there, and nowhere else, the phase is added.
"""

import math
from collections.abc import Sequence
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import Gate, ParameterExpression
from qiskit.circuit.library import PhaseGate, U2Gate, U3Gate, UGate, UnitaryGate
from qiskit.quantum_info import Operator

from qee.sdk.explain import invalid, unsupported

Modifiers = Sequence[tuple[str, float]]  # "ctrl", "negctrl", "inv", "pow", and the number; the innermost is the last


def phase_of(gate: Gate) -> Any:
    """What Qiskit's gate lacks, in radians: U is 2π-periodic in OpenQASM 3, u2 and u3 are special unitary."""
    if gate.base_class is UGate:
        return gate.params[0] / 2
    if gate.base_class in (U2Gate, U3Gate):
        return -(gate.params[-2] + gate.params[-1]) / 2
    return 0


def modified(gate: Gate, modifiers: Modifiers, line: int | None) -> Gate:
    """The gate under modifiers. Raises RunnerError for a fraction of a gate whose angles are no numbers."""
    phase = phase_of(gate)
    if isinstance(phase, ParameterExpression) or phase:
        inner = QuantumCircuit(gate.num_qubits, global_phase=phase)
        inner.append(gate, inner.qubits)
        gate = _gate(f"{gate.name}_of_openqasm3", inner, gate.params)
    for kind, number in reversed(modifiers):
        if kind == "inv":
            gate = gate.inverse()
        elif kind == "pow":
            gate = _power(gate, number, line)
        else:
            controls = int(number)
            state = (1 << controls) - 1 if kind == "ctrl" else 0
            gate = gate.control(controls, ctrl_state=state, annotated=False)
    return gate


def modified_phase(phase: Any, modifiers: Modifiers, line: int | None) -> tuple[Any, Gate | None]:
    """`gphase` under modifiers: a phase while nothing controls it, then a gate."""
    for position in reversed(range(len(modifiers))):
        kind, number = modifiers[position]
        if kind == "inv":
            phase = -phase
        elif kind == "pow":
            if not float(number).is_integer():
                if isinstance(phase, ParameterExpression):
                    raise unsupported("pow-of-parameter", line, "aer")
                phase = math.remainder(phase, math.tau)
            phase = phase * number
        else:
            return 0, modified(_controlled_phase(phase, int(number), kind == "ctrl"), modifiers[:position], line)
    return phase, None


def _controlled_phase(phase: Any, controls: int, positive: bool) -> Gate:
    gate: Gate = PhaseGate(phase)
    if controls > 1:
        gate = gate.control(controls - 1, annotated=False)
    if positive:
        return gate
    inner = QuantumCircuit(controls)
    inner.x(inner.qubits)
    inner.append(gate, inner.qubits)
    inner.x(inner.qubits)
    return _gate(f"negctrl{controls}_gphase", inner, [phase])


def _power(gate: Gate, exponent: float, line: int | None) -> Gate:
    """The principal value: Qiskit's own power of p(3π) is not that of the matrix."""
    if not any(isinstance(each, ParameterExpression) for each in gate.params):
        power = int(exponent) if float(exponent).is_integer() else exponent
        return UnitaryGate(Operator(gate).power(power))
    if not float(exponent).is_integer():
        raise unsupported("pow-of-parameter", line, "aer")
    inner = QuantumCircuit(gate.num_qubits)
    once = gate if exponent >= 0 else gate.inverse()
    for _ in range(abs(int(exponent))):
        inner.append(once, inner.qubits)
    return _gate(f"{gate.name}_to_{int(exponent)}", inner, gate.params)


def _gate(name: str, definition: QuantumCircuit, parameters: Sequence[Any]) -> Gate:
    gate = Gate(name, definition.num_qubits, list(parameters))
    gate.definition = definition
    return gate


def number_of_controls(value: int, line: int | None) -> int:
    if value < 1:
        raise invalid("the number of controls is at least 1", line)
    return value
