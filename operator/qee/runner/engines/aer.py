"""Qiskit Aer, through its public interface."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import qiskit
import qiskit_aer
from qiskit import QuantumCircuit
from qiskit.circuit import ControlFlowOp

from qee.api.reasons import Reason
from qee.api.result_document import NoiseModel, Register
from qee.api.run_document import CircuitRun
from qee.runner.engines.aer_compiled import Compiled, as_written, size_of
from qee.runner.engines.aer_lowering import digest, instructions, lowered
from qee.runner.engines.entanglement import bond_dimension_bits
from qee.runner.errors import RunnerError
from qee.runner.explain import unsupported
from qee.runner.limits import Room
from qee.runner.outcomes import Execution, Options, Task

if TYPE_CHECKING:  # their imports take a quarter of a second, and most jobs need neither
    from qee.runner.engines.aer_noise import Noise
    from qee.runner.engines.aer_transpile import Compiler

_MIB = 1_048_576
_NO_MEMORY = re.compile(r"Insufficient memory to run circuit.* Required memory: (\d+)M, max memory: (\d+)M", re.DOTALL)
_FOREIGN = re.compile(r"contains invalid (?:instructions|parameters)|Invalid gate operation")

# A state of so small a bond dimension (2^7) is exact and cheap as a matrix product, however many qubits it has.
_CHEAP_BOND_BITS = 7


@dataclass(frozen=True)
class Parsed:
    """`circuit` is what Aer gets, noise included; `compiled` the same before noise and without its translation."""

    circuit: QuantumCircuit
    registers: tuple[Register, ...]
    compiled: Compiled


class AerEngine:
    """All methods of run documents; `automatic` is Aer's own choice, and a matrix product where only that fits."""

    def __init__(self, options: Options, room: Room) -> None:
        self._options = options.simulator
        self._room = room
        self._noise: Noise | None = None
        self._compiler: Compiler | None = None
        if options.noise is not None or options.transpile is not None:
            from qee.runner.engines import aer_noise, aer_transpile

            self._noise = aer_noise.noise_of(options.noise)
            self._compiler = aer_transpile.Compiler(options.transpile, self._noise, options.seed, room.memory)

    def versions(self) -> dict[str, str]:
        return {"qiskit": qiskit.__version__, "qiskit-aer": qiskit_aer.__version__}

    def noise_model(self) -> NoiseModel | None:
        return None if self._noise is None else self._noise.provenance()

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
        compiled = self._compiled(parsed)
        return Parsed(self._lowered(self._noisy(compiled), self._options.method), registers, compiled)

    def execute(self, parsed: Parsed, task: Task) -> Execution:
        shots, seed = task.shots, task.seed
        method = self._options.method
        result = self._run(parsed, method, shots, seed)
        if not result.success and method == "automatic" and _NO_MEMORY.search(result.status):
            if not _fits_a_matrix_product(parsed.circuit):
                raise _refusal(result.status, method)
            method = "matrix_product_state"
            parsed = Parsed(self._lowered(parsed.circuit, method), parsed.registers, parsed.compiled)
            result = self._run(parsed, method, shots, seed)
        if not result.success:
            raise _refusal(result.status, method)
        only = result.results[0]
        clean = parsed.circuit if self._noise is None else parsed.compiled.circuit
        size = size_of(clean)
        return Execution(
            registers=parsed.registers,
            counts={int(outcome, 16): count for outcome, count in only.data.counts.items()},
            method=str(only.metadata.get("method", method)),
            seed=seed,
            depth=size.depth,
            two_qubit_gates=size.two_qubit_gates,
            compiled_sha256=digest(clean),
            source=parsed.compiled.source,
            estimated_success=None if self._noise is None else self._noise.success(clean, parsed.compiled.physical),
            equivalent=parsed.compiled.equivalent,
        )

    def _compiled(self, circuit: QuantumCircuit) -> Compiled:
        if self._compiler is None:
            return as_written(circuit)
        return self._compiler.compile(circuit, qiskit_aer.AerSimulator(method=self._options.method))

    def _noisy(self, compiled: Compiled) -> QuantumCircuit:
        """Raises RunnerError where a term of the noise touches no gate."""
        if self._noise is None:
            return compiled.circuit
        self._noise.refuse_untouched(compiled.circuit)
        return self._noise.applied(compiled.circuit, compiled.physical)

    def _lowered(self, circuit: QuantumCircuit, method: str) -> QuantumCircuit:
        return lowered(circuit, qiskit_aer.AerSimulator(method=method), self._room.memory)

    def _run(self, parsed: Parsed, method: str, shots: int, seed: int) -> qiskit.result.Result:
        circuit = parsed.circuit
        readout = None if self._noise is None else self._noise.model(circuit.num_qubits, parsed.compiled.physical)
        simulator = qiskit_aer.AerSimulator(
            method=method,
            enable_truncation=not _has_control_flow(circuit),  # Aer 0.18 would cut off the end of a last if or while
            precision=self._options.precision,
            max_parallel_threads=self._room.threads,
            max_memory_mb=self._room.memory
            // _MIB,  # Aer's default is the host's memory, whatever the container may use
        )
        return simulator.run(circuit, shots=shots, seed_simulator=seed, noise_model=readout).result()


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
