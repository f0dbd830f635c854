"""Qiskit Aer, through its public interface."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import qiskit
import qiskit_aer
from qiskit import QuantumCircuit

from qee.documents.provenance import NoiseModel, Size
from qee.documents.result import Register
from qee.documents.run import CircuitRun
from qee.runner.engines.aer.compiled import Compiled, of_active_qubits
from qee.runner.engines.aer.pipeline import Executable, Pipeline
from qee.runner.engines.aer.simulation import Simulation
from qee.sdk.binding import matched
from qee.sdk.diagram import Diagram
from qee.sdk.explain import unsupported
from qee.sdk.limits import Room
from qee.sdk.outcomes import Execution, Options, Task
from qee.sdk.qiskit.circuits import bound, digest, instructions, size_of, without_fresh_resets
from qee.sdk.qiskit.loading import load
from qee.sdk.registers import declared_qubits
from qee.sdk.source import LIBRARIES

if TYPE_CHECKING:  # imported where it is needed: most jobs need none of it
    from qee.runner.engines.aer.outputs import Outputs

_SAMPLED = frozenset({"counts", "memory"})


@dataclass(frozen=True)
class Program:
    """A circuit, compiled once for all of its parameter sets. `parameters` are the circuit's, by column.

    `outputs` are those that are computed without sampling the circuit itself; None where there are none.
    """

    executable: Executable
    registers: tuple[Register, ...]
    parameters: Mapping[str, Any]
    size: Size
    digest: str
    estimated_success: float | None
    outputs: "Outputs | None"

    @property
    def circuit(self) -> QuantumCircuit:
        return self.executable.circuit


class AerEngine:
    """Counts and memory here; what is computed from the state in `outputs`."""

    def __init__(self, options: Options, room: Room) -> None:
        self._options = options
        self._method = options.simulator.method
        self._simulation = Simulation(options.simulator, room)
        self._room = room
        self._pipeline = Pipeline(options, self._simulation, room.memory)
        self._noise = self._pipeline.noise

    def versions(self) -> dict[str, str]:
        return {"qiskit": qiskit.__version__, "qiskit-aer": qiskit_aer.__version__}

    def noise_model(self) -> NoiseModel | None:
        return None if self._noise is None else self._noise.provenance()

    def parse(self, circuit: CircuitRun) -> Program:
        given, registers = load(circuit)
        given = without_fresh_resets(given)
        parameters = matched(circuit.parameters, {each.name: each for each in given.parameters})
        measured = any(each.operation.name == "measure" for each in instructions(given))
        if not measured and _SAMPLED.intersection(self._options.outputs):
            raise unsupported("no-measurement", engine="aer")
        compiled = self._pipeline.compiled(given)
        executable = self._pipeline.executable(of_active_qubits(compiled), self._method)
        if self._noise is not None:
            self._noise.refuse_untouched(executable.compiled.circuit)
        clean = executable.circuit if self._noise is None else executable.compiled.circuit
        physical = executable.compiled.physical
        return Program(
            executable,
            registers,
            parameters,
            size_of(clean),
            digest(clean),
            None if self._noise is None else self._noise.success(clean, physical),
            self._outputs(circuit, given, compiled, registers),
        )

    def drawn(self, circuit: CircuitRun, width: int) -> str:
        given, _ = load(circuit)
        return str(given.draw("text", fold=width))

    def diagram(self, circuit: CircuitRun) -> Diagram:
        from qee.sdk.qiskit.diagram import diagram

        given, registers = load(circuit)
        declared = declared_qubits(circuit.source) if circuit.format in LIBRARIES else ()
        return diagram(given, registers, declared)

    def foreseen(self, parsed: Program, task: Task) -> tuple[str | None, bool]:
        """Shots are run where Aer might refuse the circuit: where its state does not fit, which ends at once or is
        cheap, and with a method that not every gate has; and where they cost nothing, to learn the method.
        """
        from qee.runner.engines.aer.foreseen import fits, shot_by_shot, trial

        values = {parsed.parameters[name]: value for name, value in task.values.items()}
        circuit = bound(parsed.circuit, values)
        single = self._options.simulator.precision == "single"
        sampled = bool(_SAMPLED.intersection(self._options.outputs))
        mixed = self._method == "density_matrix"
        if self._method == "automatic" and self._noise is not None:  # Aer's own rule, see qee.circuits.resources
            mixed = task.shots > 1 << circuit.num_qubits and fits(circuit.num_qubits, True, single, self._room.memory)
        method = None
        shots = trial(circuit, task.shots, self._noise is not None)
        if self._method == "stabilizer" or not fits(circuit.num_qubits, mixed, single, self._room.memory):
            shots = shots or 1
        if sampled and shots:
            _, method = self._simulation.run(circuit, self._method, shots, task.seed, parsed.executable.readout)
            mixed = method == "density_matrix"
        if parsed.outputs:
            computed = parsed.outputs.foreseen(self._simulation, values, task, single, self._room.memory)
            method = method or (None if sampled else computed)
        return method, sampled and shot_by_shot(circuit, mixed)

    def execute(self, parsed: Program, task: Task) -> Execution:
        values = {parsed.parameters[name]: value for name, value in task.values.items()}
        counts = memory = method = None
        if wanted := _SAMPLED.intersection(self._options.outputs):
            data, method = self._simulation.run(
                bound(parsed.circuit, values),
                self._method,
                task.shots,
                task.seed,
                parsed.executable.readout,
                "memory" in wanted,
            )
            if "counts" in wanted:
                counts = {int(outcome, 16): count for outcome, count in data.counts.items()}
            if "memory" in wanted:
                memory = [int(outcome, 16) for outcome in data.memory]
        computed = parsed.outputs.computed(self._simulation, values, task) if parsed.outputs else None
        return Execution(
            registers=parsed.registers,
            counts=counts,
            memory=memory,
            probabilities=computed.probabilities if computed else None,
            statevector=computed.statevector if computed else None,
            expectation=computed.expectation if computed else None,
            method=method or (computed.method if computed else self._method),
            seed=task.seed,
            depth=parsed.size.depth,
            two_qubit_gates=parsed.size.two_qubit_gates,
            compiled_sha256=parsed.digest,
            source=parsed.executable.compiled.source,
            estimated_success=parsed.estimated_success,
            equivalent=parsed.executable.compiled.equivalent,
        )

    def _outputs(
        self, circuit: CircuitRun, given: QuantumCircuit, compiled: Compiled, registers: tuple[Register, ...]
    ) -> "Outputs | None":
        wanted = [each for each in self._options.outputs if each not in _SAMPLED]
        if not circuit.observables:
            wanted = [each for each in wanted if each != "expectation"]
        if not wanted:
            return None
        from qee.runner.engines.aer.outputs import Outputs

        bits = sum(register.size for register in registers)
        return Outputs(self._pipeline, self._options, tuple(wanted), circuit.observables, given, compiled, bits)
