"""The circuits that outputs other than counts take: the state before the final measurements, and turned copies."""

from typing import Any

from qiskit import ClassicalRegister, QuantumCircuit
from qiskit.circuit import ControlFlowOp

from qee.api.reasons import Reason
from qee.runner.errors import RunnerError

OUTPUTS = frozenset({"probabilities", "statevector", "expectation"})
MAX_PROBABILITY_BITS = 20
MAX_STATEVECTOR_QUBITS = 16


def final_measurements(circuit: QuantumCircuit) -> list[tuple[int, int]]:
    """Qubit and bit of each measurement, by index.

    Raises RunnerError unless each is the last operation of its qubit and its bit, outside of control flow.
    """
    found: list[tuple[int, int]] = []
    over: set[Any] = set()
    for each in circuit.data:
        wires = [*each.qubits, *each.clbits]
        if isinstance(each.operation, ControlFlowOp) or (each.operation.name != "barrier" and over.intersection(wires)):
            raise RunnerError(
                Reason.UNSUPPORTED_CONSTRUCT,
                "outputs: probabilities, statevector and expectation are of the state before the final measurements, "
                "and the circuit measures before its end; ask for counts or memory, or measure at the end only",
            )
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


def rotated(state: QuantumCircuit, basis: str) -> QuantumCircuit:
    """Every qubit measured in its letter's basis (I as Z), into bits that follow the circuit's own."""
    bits = ClassicalRegister(state.num_qubits)
    circuit = state.copy()
    circuit.add_register(bits)
    for qubit, letter in enumerate(reversed(basis)):
        if letter == "Y":
            circuit.sdg(qubit)
        if letter in "XY":
            circuit.h(qubit)
    circuit.measure(circuit.qubits, bits)
    return circuit


def refuse_large(outputs: tuple[str, ...], qubits: int, measured: int) -> None:
    """Raises RunnerError for an array that no result can hold."""
    if "statevector" in outputs and qubits > MAX_STATEVECTOR_QUBITS:
        raise RunnerError(
            Reason.RESULT_TOO_LARGE,
            f"outputs: a statevector of {qubits} qubits has 2^{qubits} amplitudes, {MAX_STATEVECTOR_QUBITS} qubits are "
            "possible; ask for expectation values or counts",
        )
    if "probabilities" in outputs and measured > MAX_PROBABILITY_BITS:
        raise RunnerError(
            Reason.RESULT_TOO_LARGE,
            f"outputs: probabilities of {measured} bits are 2^{measured} numbers, {MAX_PROBABILITY_BITS} bits are "
            "possible; ask for counts, or measure fewer qubits",
        )
