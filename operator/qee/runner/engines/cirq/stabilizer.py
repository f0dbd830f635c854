"""Samples of a Clifford circuit that ends in measurements, from one simulation instead of one for each shot.

Cirq's CliffordSimulator measures shot by shot: 20 ms each for 100 qubits. Its final state is in CH form (Bravyi et al.
2019, arXiv:1808.00128, section 4.1): U_C U_H |s>, with Hadamards on the qubits v and a U_C of CNOT, CZ and S for which
U_C^-1 Z_p U_C is the product of Z_j with G_pj = 1. Hence U_C maps a basis state y to the basis state x with x = G y
(modulo 2), and U_H |s> is uniform over the y that equal s outside of v: so x is sampled by drawing bits.
"""

from typing import Any

import cirq
import numpy as np

_CHUNK = 16_384  # shots multiplied at a time


def is_unitary_clifford(circuit: cirq.Circuit) -> bool:
    """Clifford gates only, no resets and conditions, then measurements of distinct bits."""
    keys: set[str] = set()
    for operation in circuit.all_operations():
        if cirq.is_measurement(operation):
            key = cirq.measurement_key_name(operation)
            if key in keys:
                return False
            keys.add(key)
        elif cirq.control_keys(operation) or not (
            cirq.has_unitary(operation) and cirq.CliffordSimulator.is_supported_operation(operation)
        ):
            return False
    return bool(circuit.are_all_measurements_terminal())


def sample_clifford(
    circuit: cirq.Circuit, keys: list[str], shots: int, random: np.random.RandomState
) -> np.ndarray[Any, Any]:
    """An array of shots by bits for a circuit that is_unitary_clifford; column i is the measurement keys[i]."""
    measured = {
        cirq.measurement_key_name(each): each.qubits[0]
        for each in circuit.all_operations()
        if cirq.is_measurement(each)
    }
    qubits = sorted(circuit.all_qubits())
    simulated = cirq.StabilizerChFormSimulationState(qubits=qubits, prng=random, initial_state=0)
    for each in circuit.all_operations():
        if not cirq.is_measurement(each):
            cirq.act_on(each, simulated)
    state = simulated.state
    position = {qubit: number for number, qubit in enumerate(qubits)}
    columns = [(column, position[measured[key]]) for column, key in enumerate(keys) if key in measured]
    rows = np.asarray(state.G, dtype=np.uint8)[[row for _, row in columns]]
    free, fixed = np.asarray(state.v, dtype=bool), np.asarray(state.s, dtype=np.uint8)
    bits = np.zeros((shots, len(keys)), dtype=np.uint8)
    for start in range(0, shots, _CHUNK):
        stop = min(start + _CHUNK, shots)
        inner = np.broadcast_to(fixed, (stop - start, len(fixed))).copy()
        inner[:, free] = random.randint(0, 2, size=(stop - start, int(free.sum())), dtype=np.uint8)
        bits[start:stop, [column for column, _ in columns]] = (inner.astype(np.float32) @ rows.T % 2).astype(np.uint8)
    return bits
