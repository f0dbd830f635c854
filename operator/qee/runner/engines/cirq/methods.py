"""Which of Cirq's simulators runs a circuit, and whether its state fits into memory."""

from typing import Any

import cirq
import numpy as np

from qee.api.reasons import Reason
from qee.documents.run import SimulatorOptions
from qee.runner.engines.cirq.stabilizer import is_unitary_clifford
from qee.sdk.cirq.program import Program
from qee.sdk.errors import RunnerError, unsupported_construct

METHODS = ("automatic", "statevector", "density_matrix", "stabilizer")
_MIB = 1_048_576
_BUFFERS = {"double": 4, "single": 5}  # times the state: measured with 22 qubits, while samples are drawn
_MIXED_QUBITS = 10  # up to which a density matrix is cheaper than a trajectory for each shot


class Methods:
    """`automatic` is the stabilizer formalism for Clifford circuits, a density matrix for few noisy qubits, and a state
    vector for all others. `memory` is what a state may have, in bytes.
    """

    def __init__(self, options: SimulatorOptions, memory: int, noisy: bool) -> None:
        if options.method not in METHODS:
            raise unsupported_construct(
                f"engine cirq does not offer simulator.method {options.method}; use one of {', '.join(METHODS)}, "
                "or a backend whose engine is aer"
            )
        self.dtype = np.complex128 if options.precision == "double" else np.complex64
        self._options = options
        self._memory = memory
        self._noisy = noisy

    def of(self, circuit: cirq.Circuit) -> str:
        asked = self._options.method
        clifford = all(_is_clifford(operation) for operation in circuit.all_operations())
        if asked == "stabilizer" and not clifford:
            raise unsupported_construct(
                "simulator.method stabilizer cannot run every gate of the circuit; set simulator.method: automatic"
            )
        if asked == "automatic":
            fits = self.fits(circuit, "statevector")
            asked = "stabilizer" if clifford and (is_unitary_clifford(circuit) or not fits) else "statevector"
            if self._noisy and _largest_group(circuit) <= _MIXED_QUBITS:
                asked = "density_matrix"
        if asked != "stabilizer":
            self.refuse_memory(_largest_group(circuit), asked)
        return asked

    def refuse_memory(self, qubits: int, method: str) -> None:
        if (needed := self._bytes(qubits, method)) > self._memory:
            raise RunnerError(
                Reason.INSUFFICIENT_MEMORY,
                f"the state needs {needed // _MIB} MiB and {self._memory // _MIB} MiB are left; use fewer qubits, "
                "simulator.precision: single, a backend whose engine is aer, or raise spec.resources",
            )

    def fits(self, circuit: cirq.Circuit, method: str, states: int = 1) -> bool:
        """Whether so many states do. Cirq keeps qubits that never met apart, so the largest group that did decides."""
        return states * self._bytes(_largest_group(circuit), method) <= self._memory

    def _bytes(self, qubits: int, method: str) -> int:
        amplitudes = 1 << (2 * qubits if method == "density_matrix" else qubits)
        return int(np.dtype(self.dtype).itemsize * amplitudes * _BUFFERS[self._options.precision])

    def of_state(self) -> str:
        """Under noise only a density matrix has the state's probabilities exactly."""
        mixed = self._noisy or self._options.method == "density_matrix"
        return "density_matrix" if mixed else "statevector"

    def exact(self, program: Program) -> str:
        """After a reset the state is a mixture."""
        return self.of_state() if cirq.has_unitary(program.unmeasured()) else "density_matrix"

    def simulator(self, method: str, random: np.random.RandomState) -> Any:
        if method == "stabilizer":
            return cirq.CliffordSimulator(seed=random)
        if method == "density_matrix":
            return cirq.DensityMatrixSimulator(dtype=self.dtype, seed=random)
        return cirq.Simulator(dtype=self.dtype, seed=random)


def _is_clifford(operation: cirq.Operation) -> bool:
    return bool(cirq.CliffordSimulator.is_supported_operation(operation.without_classical_controls()))


def _largest_group(circuit: cirq.Circuit) -> int:
    """Qubits in the largest set that gates connect."""
    leader: dict[Any, Any] = {}

    def find(qubit: Any) -> Any:
        while leader.setdefault(qubit, qubit) != qubit:
            leader[qubit] = leader[leader[qubit]]
            qubit = leader[qubit]
        return qubit

    for operation in circuit.all_operations():
        for qubit in operation.qubits:
            leader[find(qubit)] = find(operation.qubits[0])
    sizes: dict[Any, int] = {}
    for qubit in list(leader):
        sizes[find(qubit)] = sizes.get(find(qubit), 0) + 1
    return max(sizes.values(), default=0)
