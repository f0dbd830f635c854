"""The order in which Aer gets a circuit: the one that qiskit.transpile gives, from the size on that Aer fuses."""

import pytest
from qiskit import QuantumCircuit, qasm3, transpile
from qiskit.quantum_info import Operator
from qiskit_aer import AerSimulator
from tests.physics.public_circuits import PublicCircuit, quantum_volume

from qee.runner.engines.aer.lowering import lowered

SIMULATOR = AerSimulator()


def listed(circuit: QuantumCircuit) -> list[tuple[str, list[int]]]:
    return [(each.operation.name, [circuit.find_bit(q).index for q in each.qubits]) for each in circuit.data]


def made(qubits: int) -> QuantumCircuit:
    source = PublicCircuit("qv", qubits, tuple(quantum_volume(qubits, 1))).openqasm3
    circuit: QuantumCircuit = qasm3.loads(source)
    return circuit


def test_a_large_circuit_is_in_the_order_of_transpile() -> None:
    circuit = made(14)
    done = lowered(circuit, SIMULATOR, 10**9)
    assert listed(done) == listed(transpile(circuit, SIMULATOR, optimization_level=0)) != listed(circuit)


def test_a_small_circuit_and_one_that_is_no_state_vector_stay_as_they_are() -> None:
    for circuit in (made(13), QuantumCircuit(40, 1)):
        assert lowered(circuit, SIMULATOR, 10**9) is circuit


@pytest.mark.parametrize("seed", range(3))
def test_the_order_changes_nothing_that_the_circuit_does(seed: int) -> None:
    few = PublicCircuit("qv", 6, tuple(quantum_volume(6, seed)))
    narrow: QuantumCircuit = qasm3.loads(few.openqasm3)
    narrow.remove_final_measurements()
    wide = QuantumCircuit(14)
    wide.compose(narrow, qubits=range(5, 11), inplace=True)
    done = lowered(wide, SIMULATOR, 10**9)
    again = QuantumCircuit(6)
    for each in done.data:
        again.append(each.operation, [done.find_bit(q).index - 5 for q in each.qubits])
    assert Operator(again).equiv(Operator(narrow))
