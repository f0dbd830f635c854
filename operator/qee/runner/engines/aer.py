"""Qiskit Aer, through its public interface."""

import re
from dataclasses import dataclass

import qiskit
import qiskit_aer
from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp

from qee.api.reasons import Reason
from qee.api.result_document import NoiseModel, Register
from qee.api.run_document import CircuitRun
from qee.runner.engines.aer_lowering import digest, instructions, lowered, two_qubit_gates
from qee.runner.engines.entanglement import bond_dimension_bits
from qee.runner.errors import RunnerError
from qee.runner.explain import unsupported
from qee.runner.limits import Room
from qee.runner.outcomes import Execution, Options, Task

_MIB = 1_048_576
_NO_MEMORY = re.compile(r"Insufficient memory to run circuit.* Required memory: (\d+)M, max memory: (\d+)M", re.DOTALL)
_FOREIGN = re.compile(r"contains invalid (?:instructions|parameters)|Invalid gate operation")

# A state of so small a bond dimension (2^7) is exact and cheap as a matrix product, however many qubits it has.
_CHEAP_BOND_BITS = 7


@dataclass(frozen=True)
class Parsed:
    circuit: QuantumCircuit
    registers: tuple[Register, ...]


class AerEngine:
    """All methods of run documents; `automatic` is Aer's own choice, and a matrix product where only that fits."""

    def __init__(self, options: Options, room: Room) -> None:
        self._options = options.simulator
        self._room = room

    def versions(self) -> dict[str, str]:
        return {"qiskit": qiskit.__version__, "qiskit-aer": qiskit_aer.__version__}

    def noise_model(self) -> NoiseModel | None:
        return None

    def parse(self, circuit: CircuitRun) -> Parsed:
        if circuit.format == "openqasm3":
            from qee.runner.engines.aer_openqasm3 import load_openqasm3 as load
        else:
            from qee.runner.engines.aer_openqasm2 import load_openqasm2 as load
        parsed, registers = load(circuit.source)
        if parsed.parameters:
            raise unsupported("input", engine="aer")
        if not any(each.operation.name == "measure" for each in instructions(parsed)):
            raise unsupported("no-measurement", engine="aer")
        return Parsed(self._lowered(parsed, self._options.method), registers)

    def execute(self, parsed: Parsed, task: Task) -> Execution:
        shots, seed = task.shots, task.seed
        method = self._options.method
        result = self._run(parsed.circuit, method, shots, seed)
        if not result.success and method == "automatic" and _NO_MEMORY.search(result.status):
            if not _fits_a_matrix_product(parsed.circuit):
                raise _refusal(result.status, method)
            method = "matrix_product_state"
            parsed = Parsed(self._lowered(parsed.circuit, method), parsed.registers)
            result = self._run(parsed.circuit, method, shots, seed)
        if not result.success:
            raise _refusal(result.status, method)
        only = result.results[0]
        return Execution(
            registers=parsed.registers,
            counts={int(outcome, 16): count for outcome, count in only.data.counts.items()},
            method=str(only.metadata.get("method", method)),
            seed=seed,
            depth=parsed.circuit.depth(),
            two_qubit_gates=two_qubit_gates(parsed.circuit),
            compiled_sha256=digest(parsed.circuit),
        )

    def _lowered(self, circuit: QuantumCircuit, method: str) -> QuantumCircuit:
        return lowered(circuit, qiskit_aer.AerSimulator(method=method), self._room.memory)

    def _run(self, circuit: QuantumCircuit, method: str, shots: int, seed: int) -> qiskit.result.Result:
        simulator = qiskit_aer.AerSimulator(
            method=method,
            enable_truncation=not _has_control_flow(circuit),  # Aer 0.18 would cut off the end of a last if or while
            precision=self._options.precision,
            max_parallel_threads=self._room.threads,
            max_memory_mb=self._room.memory
            // _MIB,  # Aer's default is the host's memory, whatever the container may use
        )
        return simulator.run(circuit, shots=shots, seed_simulator=seed).result()


def _has_control_flow(circuit: QuantumCircuit) -> bool:
    return any(isinstance(each.operation, ControlFlowOp) for each in circuit.data)


def _fits_a_matrix_product(circuit: QuantumCircuit) -> bool:
    position = {qubit: number for number, qubit in enumerate(circuit.qubits)}
    gates = []
    if _has_control_flow(circuit):
        return False  # shot by shot, and with gates that may repeat
    for each in circuit.data:
        if not each.clbits and each.operation.name != "barrier":
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
        return RunnerError(
            Reason.UNSUPPORTED_CONSTRUCT,
            f"simulator.method {method} cannot run every gate of the circuit; set simulator.method: automatic",
        )
    return RunnerError(Reason.RUNNER_FAILED, "Aer failed without a reason that is known; see the pod's log")
