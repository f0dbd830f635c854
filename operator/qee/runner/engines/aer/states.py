"""The circuits that outputs other than counts take: the state before the final measurements, and turned copies."""

from collections.abc import Sequence
from typing import Any

from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import ControlFlowOp

from qee.sdk.arrays import measured_early

_RESETS = frozenset({"reset", "initialize"})


def mixes(circuit: QuantumCircuit) -> bool:
    """Is a qubit reset after something has happened to it? Then the state differs from shot to shot."""
    used: set[Any] = set()
    for each in circuit.data:
        if each.operation.name in _RESETS and used.intersection(each.qubits):
            return True
        if each.operation.name not in ("barrier", "reset"):
            used.update(each.qubits)
    return False


def final_measurements(circuit: QuantumCircuit) -> list[tuple[int, int]]:
    """Qubit and bit of each measurement, by index.

    Raises RunnerError unless each is the last operation of its qubit and its bit, outside of control flow.
    """
    found: list[tuple[int, int]] = []
    over: set[Any] = set()
    for each in circuit.data:
        wires = [*each.qubits, *each.clbits]
        if isinstance(each.operation, ControlFlowOp) or (each.operation.name != "barrier" and over.intersection(wires)):
            raise measured_early()
        if each.operation.name == "measure":
            found.append((circuit.find_bit(each.qubits[0]).index, circuit.find_bit(each.clbits[0]).index))
            over.update(wires)
    return found


def unmeasured(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit without its measurements, which are final."""
    state = circuit.copy_empty_like()
    for each in circuit.data:
        if each.operation.name != "measure":
            state.append(each)
    return state


def rotated(state: QuantumCircuit, basis: str, qubits: Sequence[int] | None = None) -> QuantumCircuit:
    """Every qubit measured in its letter's basis (I as Z), into bits that follow the circuit's own.

    `qubits` has the circuit's qubit for each letter from the right; without it they are the circuit's in their order.
    """
    bits = ClassicalRegister(len(basis))
    circuit = state.copy()
    circuit.add_register(bits)
    turned = list(range(len(basis)) if qubits is None else qubits)
    for qubit, letter in zip(turned, reversed(basis), strict=True):
        if letter == "Y":
            circuit.sdg(qubit)
        if letter in "XY":
            circuit.h(qubit)
    circuit.measure(turned, bits)
    return circuit
