"""What Aer will do with a circuit, told without doing it."""

from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp, WhileLoopOp

# Each shot draws its own outcome of these, unless the state is a density matrix.
_MIXING = frozenset({"reset", "kraus", "quantum_channel", "superop", "qerror_loc", "pauli_error", "initialize"})

_TRIED_QUBITS, _TRIED_NOISY_QUBITS, _TRIED_STEPS = 12, 6, 1 << 24


def shot_by_shot(circuit: QuantumCircuit, mixed: bool) -> bool:
    """Whether the circuit is simulated anew for each shot, and not once: `measure_sampling` in Aer's own metadata.

    Aer 0.18 leaves out what no measurement sees, and samples unless something acts on a qubit after its measurement.
    `mixed`: the state is a density matrix.
    """
    if any(isinstance(each.operation, ControlFlowOp) for each in circuit.data):
        return True
    seen: set[Any] = set()
    kept = []
    for each in reversed(circuit.data):
        name = each.operation.name
        if name == "barrier" or name.startswith("save_"):
            continue
        if name == "measure" or not seen.isdisjoint(each.qubits):
            seen.update(each.qubits)
            kept.append(each)
    measured: set[Any] = set()
    for each in reversed(kept):
        if each.operation.name == "measure":
            measured.update(each.qubits)
        elif not measured.isdisjoint(each.qubits) or (each.operation.name in _MIXING and not mixed):
            return True
    return False


def trial(circuit: QuantumCircuit, shots: int, noisy: bool) -> int:
    """Shots that show which method Aer takes, where that is cheap; else 0. Under noise their number decides."""
    cheap = circuit.num_qubits <= _TRIED_QUBITS and len(circuit.data) << circuit.num_qubits <= _TRIED_STEPS
    if not cheap or any(isinstance(each.operation, WhileLoopOp) for each in circuit.data):
        return 0
    if not noisy:
        return 1
    return min(shots, (1 << circuit.num_qubits) + 1) if circuit.num_qubits <= _TRIED_NOISY_QUBITS else 0


def fits(qubits: int, mixed: bool, single: bool, memory: int) -> bool:
    """Whether the whole state has room, so that Aer cannot refuse it for its size."""
    amplitude = 8 if single else 16
    return qubits * (2 if mixed else 1) < 62 and amplitude << (qubits * (2 if mixed else 1)) <= memory
