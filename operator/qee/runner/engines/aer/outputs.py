"""What engine aer computes of the state before the final measurements: probabilities, amplitudes, observables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp

from qee.documents.run import Observable
from qee.runner.engines.aer.compiled import Compiled, apply_layout
from qee.runner.engines.aer.pipeline import Executable, Pipeline
from qee.runner.engines.aer.simulation import Simulation
from qee.runner.engines.aer.states import final_measurements, mixes, unmeasured
from qee.sdk.arrays import no_pure_state, of_bits, refuse_large, refuse_methods
from qee.sdk.errors import invalid_spec
from qee.sdk.observables import measurements
from qee.sdk.outcomes import Estimate, Options, Task
from qee.sdk.qiskit.circuits import bound

# The extended stabilizer approximates, and so has nothing exact.
_WITHOUT = {
    "extended_stabilizer": ("probabilities", "statevector", "expectation"),
    "density_matrix": ("statevector",),
    "stabilizer": ("statevector",),
}
_PROBABILITIES, _STATE = "qee_probabilities", "qee_state"


@dataclass(frozen=True)
class Computed:
    """Arrays and estimates as in Execution, and the method that Aer resolved to."""

    method: str
    probabilities: Any = None
    statevector: Any = None
    expectation: Mapping[str, Estimate] | None = None


class Outputs:
    """The outputs of one circuit, compiled once. Raises RunnerError for what its measurements or its size forbid."""

    def __init__(
        self,
        pipeline: Pipeline,
        options: Options,
        wanted: Sequence[str],
        observables: Sequence[Observable],
        source: QuantumCircuit,
        compiled: Compiled,
        bits: int,
    ) -> None:
        """`wanted` are the outputs to compute, `bits` the classical bits of all registers."""
        final_measurements(source)
        _refuse_noisy_state(options, wanted, source)
        self._wanted = wanted
        self._compiled = compiled
        self._precision = options.precision
        self._single = options.simulator.precision == "single"
        self._observables = observables if "expectation" in wanted else ()
        self._plan = measurements(self._observables, source.num_qubits)
        self._sampled = bool(self._observables) and (options.precision is not None or options.noise is not None)
        self._readout = pipeline.readout(compiled)
        # (qubit of the compiled circuit, bit); without a measurement each qubit of the source stands for a bit
        found = final_measurements(compiled.circuit)
        self._measured = found or [(qubit, bit) for bit, qubit in enumerate(compiled.layout)]
        self._bits = bits if found else source.num_qubits
        refuse_large(tuple(wanted), source.num_qubits, self._bits)
        # noise and resets make a mixture: only a density matrix has its probabilities exactly
        mixed = options.noise is not None or mixes(compiled.circuit)
        self._method = "density_matrix" if mixed else options.simulator.method
        exactly = [each for each in wanted if each != "expectation" or not self._sampled]
        refuse_methods(self._method, exactly, _WITHOUT)
        self._exact = self._with_saves(pipeline)
        state = unmeasured(source)
        self._offset = source.num_clbits
        self._groups: list[Executable] = []
        self._sampling_method = options.simulator.method
        if self._sampled:
            _refuse_verbatim_turns(options, [group.basis for group in self._plan.groups])
            for group in self._plan.groups:
                turned = pipeline.turned(state, compiled, group.basis)
                self._groups.append(pipeline.executable(turned, self._sampling_method))

    def computed(self, simulation: Simulation, values: Mapping[Any, float], task: Task) -> Computed:
        """The outputs for these parameters' values."""
        method, data = "", cast(Any, None)
        if self._exact is not None:
            data, method = simulation.run(bound(self._exact.circuit, values), self._method, 1, task.seed)
        expectation = None
        if self._observables:
            if self._sampled:
                expectation, method = self._estimates(simulation, values, task, method)
            else:
                expectation = {
                    each.name: Estimate(float(np.real(getattr(data, _observable(number)))))
                    for number, each in enumerate(self._observables)
                }
        return Computed(
            method or self._sampling_method,  # observables of identities alone need no run
            self._probabilities(getattr(data, _PROBABILITIES)) if "probabilities" in self._wanted else None,
            self._statevector(getattr(data, _STATE)) if "statevector" in self._wanted else None,
            expectation,
        )

    def foreseen(
        self, simulation: Simulation, values: Mapping[Any, float], task: Task, single: bool, memory: int
    ) -> str | None:
        """The method, where trying is cheap. Raises RunnerError where `computed` would, for a state without room or a
        method without a gate.
        """
        from qee.runner.engines.aer.foreseen import fits, trial

        method = None
        if self._exact is not None:
            circuit, mixed = bound(self._exact.circuit, values), self._method == "density_matrix"
            unsure = self._method == "stabilizer" or not fits(circuit.num_qubits, mixed, single, memory)
            if unsure or trial(circuit, 1, mixed):
                _, method = simulation.run(circuit, self._method, 1, task.seed)
        for executable in self._groups:
            circuit = bound(executable.circuit, values)
            unsure = self._sampling_method == "stabilizer" or not fits(circuit.num_qubits, False, single, memory)
            if shots := trial(circuit, task.shots, self._readout is not None) or int(unsure):
                _, method = simulation.run(circuit, self._sampling_method, shots, task.seed, executable.readout)
        return method

    def _with_saves(self, pipeline: Pipeline) -> Executable | None:
        exact = () if self._sampled else self._observables
        if not exact and not {"probabilities", "statevector"}.intersection(self._wanted):
            return None
        circuit = unmeasured(self._compiled.circuit)
        every = circuit.qubits
        for number, each in enumerate(exact):
            terms = [(apply_layout(label, self._compiled), float(text)) for label, text in each.terms.items()]
            circuit.save_expectation_value(SparsePauliOp.from_list(terms), every, label=_observable(number))
        if "probabilities" in self._wanted:
            circuit.save_probabilities([qubit for qubit, _ in self._measured], label=_PROBABILITIES)
        if "statevector" in self._wanted:
            circuit.save_statevector(label=_STATE)
        return pipeline.executable(self._compiled, self._method, circuit)

    def _estimates(
        self, simulation: Simulation, values: Mapping[Any, float], task: Task, method: str
    ) -> tuple[dict[str, Estimate], str]:
        shots = self._plan.shots(task.shots, self._precision, task.share)
        counts = []
        for number, (executable, repetitions) in enumerate(zip(self._groups, shots, strict=True)):
            seed = self._plan.seed(task.seed, number)
            circuit = bound(executable.circuit, values)
            data, method = simulation.run(circuit, self._sampling_method, repetitions, seed, executable.readout)
            counts.append({int(outcome, 16) >> self._offset: count for outcome, count in data.counts.items()})
        return self._plan.estimates(counts, task.share), method

    def _probabilities(self, found: Any) -> Any:
        """Bit i of the saved array's index is measured qubit i."""
        readout = self._readout and [self._readout[qubit] for qubit, _ in self._measured]
        array = np.asarray(found, dtype=np.float64)
        return of_bits(array, [bit for _, bit in self._measured], self._bits, readout)

    def _statevector(self, found: Any) -> Any:
        """With the source's qubits in their order, qubit 0 the least significant."""
        qubits = self._compiled.circuit.num_qubits
        state = np.asarray(found).reshape((2,) * qubits)  # axis k is qubit n-1-k
        order = [qubits - 1 - self._compiled.layout[qubit] for qubit in reversed(range(qubits))]
        return state.transpose(order).reshape(-1).astype(np.complex64 if self._single else np.complex128)


def _observable(number: int) -> str:
    return f"qee_observable_{number}"


def _refuse_verbatim_turns(options: Options, bases: Sequence[str]) -> None:
    """A device's gates do not always turn a qubit in one step, and verbatim forbids to compile the turn."""
    device = options.noise.device if options.noise else None
    if device and options.transpile and options.transpile.verbatim and any(set(basis) & set("XY") for basis in bases):
        raise invalid_spec(
            "transpile.verbatim: true leaves no room for the gates that measure X and Y of an observable; leave it "
            "out, or ask for Z and I only"
        )


def _refuse_noisy_state(options: Options, wanted: Sequence[str], circuit: QuantumCircuit) -> None:
    if "statevector" in wanted and options.noise is not None:
        raise no_pure_state("noise")
    resets = mixes(circuit) or any(each.operation.name == "reset" for each in circuit.data)
    if "statevector" in wanted and resets:
        raise no_pure_state("reset")
