"""Aer itself: one run of one circuit, with its memory bounded and its failures in own words."""

import re
from functools import cache
from typing import Any

import qiskit_aer
from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp

from qee.api.reasons import Reason
from qee.documents.run import SimulatorOptions
from qee.runner.engines.aer.entanglement import bond_dimension_bits
from qee.runner.engines.aer.lowering import lowered
from qee.sdk.errors import RunnerError, unsupported_construct
from qee.sdk.limits import Room

_MIB = 1_048_576
_NO_MEMORY = re.compile(r"Insufficient memory to run circuit.* Required memory: (\d+)M, max memory: (\d+)M", re.DOTALL)
_FOREIGN = re.compile(r"contains invalid (?:instructions|parameters)|Invalid gate operation")

# A state of so small a bond dimension (2^7) is exact and cheap as a matrix product, however many qubits it has.
_CHEAP_BOND_BITS = 7


class Simulation:
    """All methods of run documents; `automatic` is Aer's own choice, and a matrix product where only that fits."""

    def __init__(self, options: SimulatorOptions, room: Room) -> None:
        self._options = options
        self._room = room
        self._simulator = cache(self._new_simulator)  # making one costs as much as running a small circuit

    def lowered(self, circuit: QuantumCircuit, method: str) -> QuantumCircuit:
        """The circuit in gates that the method knows."""
        return lowered(circuit, self._simulator(method, True), self._room.memory)

    def basis(self) -> Any:
        """A simulator, for its gates."""
        return self._simulator(self._options.method, True)

    def run(
        self, circuit: QuantumCircuit, method: str, shots: int, seed: int, readout: Any = None, memory: bool = False
    ) -> tuple[Any, str]:
        """Aer's data of the circuit, which is lowered and bound, and the method that it resolved to.

        Raises RunnerError.
        """
        result = self._tried(circuit, method, shots, seed, readout, memory)
        if not result.success and method == "automatic" and _NO_MEMORY.search(result.status):
            if not _fits_a_matrix_product(circuit):
                raise _refusal(result.status, method)
            method = "matrix_product_state"
            result = self._tried(self.lowered(circuit, method), method, shots, seed, readout, memory)
        if not result.success:
            raise _refusal(result.status, method)
        only = result.results[0]
        return only.data, str(only.metadata.get("method", method))

    def _tried(self, circuit: QuantumCircuit, method: str, shots: int, seed: int, readout: Any, memory: bool) -> Any:
        # Aer 0.18 would cut off the end of a last if or while
        simulator = self._simulator(method, not _has_control_flow(circuit))
        return simulator.run(circuit, shots=shots, seed_simulator=seed, noise_model=readout, memory=memory).result()

    def _new_simulator(self, method: str, truncation: bool) -> Any:
        return qiskit_aer.AerSimulator(
            method=method,
            enable_truncation=truncation,
            precision=self._options.precision,
            max_parallel_threads=self._room.threads,
            # Aer's default is the host's memory, whatever the container may use
            max_memory_mb=self._room.memory // _MIB,
        )


def _has_control_flow(circuit: QuantumCircuit) -> bool:
    return any(isinstance(each.operation, ControlFlowOp) for each in circuit.data)


def _fits_a_matrix_product(circuit: QuantumCircuit) -> bool:
    position = {qubit: number for number, qubit in enumerate(circuit.qubits)}
    gates = []
    if _has_control_flow(circuit):
        return False  # shot by shot, and with gates that may repeat
    for each in circuit.data:
        if not each.clbits and each.operation.name != "barrier" and not each.operation.name.startswith("save_"):
            gates.append((each.operation.name, [position[qubit] for qubit in each.qubits]))
    return bond_dimension_bits(gates, circuit.num_qubits) <= _CHEAP_BOND_BITS


def _refusal(status: str, method: str) -> RunnerError:
    """Aer's status holds gate names and figures; only the figures are passed on."""
    if memory := _NO_MEMORY.search(status):
        return RunnerError(
            Reason.INSUFFICIENT_MEMORY,
            f"the state needs {memory[1]} MiB and {memory[2]} MiB are left; use fewer qubits, "
            "simulator.precision: single, simulator.method: matrix_product_state, or raise spec.resources",
        )
    if _FOREIGN.search(status):
        return unsupported_construct(
            f"simulator.method {method} cannot run every gate of the circuit; set simulator.method: automatic"
        )
    return RunnerError(Reason.RUNNER_FAILED, "Aer failed without a reason that is known; see the pod's log")
