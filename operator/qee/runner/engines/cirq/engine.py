"""Cirq's own simulators, through their public interface."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from qee.sdk.lazily import OF_CIRQ, LazyImports

with LazyImports(*OF_CIRQ):
    import cirq
import numpy as np

from qee.documents.provenance import NoiseModel
from qee.documents.run import CircuitRun, TranspileOptions
from qee.runner.engines.cirq.methods import Methods
from qee.runner.engines.cirq.noise import TypedNoise
from qee.runner.engines.cirq.outputs import State, exact
from qee.runner.engines.cirq.sampling import Sampling
from qee.sdk.arrays import no_pure_state, of_bits, refuse_large, refuse_methods
from qee.sdk.binding import matched
from qee.sdk.cirq.program import Program
from qee.sdk.diagram import Diagram, labels
from qee.sdk.errors import unsupported_construct
from qee.sdk.explain import unsupported
from qee.sdk.limits import Room
from qee.sdk.observables import Measurements, measurements
from qee.sdk.outcomes import Estimate, Execution, Options, Task

MAX_OPERATIONS = 2_000_000
_OPERATION_BYTES = 4096
_SHORTEST = 4  # characters of an operation: x q;
_SAMPLED = frozenset({"counts", "memory"})
_WITHOUT = {"stabilizer": ("probabilities", "statevector", "expectation"), "density_matrix": ("statevector",)}


@dataclass(frozen=True)
class Parsed:
    """`program` is as given, `noisy` what is sampled. `plan` has the circuit's observables."""

    program: Program
    noisy: Program
    plan: Measurements | None
    wanted: frozenset[str]

    @property
    def circuit(self) -> cirq.Circuit:
        return self.program.circuit


class CirqEngine:
    """Which simulator runs a circuit is in `methods`, how shots are drawn in `sampling`."""

    def __init__(self, chosen: Options, room: Room) -> None:
        self._methods = Methods(chosen.simulator, room.memory, chosen.noise is not None)
        self._sampling = Sampling(self._methods)
        _refuse_transpilation(chosen.transpile)
        self._chosen = chosen
        self._room = room
        self._noise = TypedNoise(chosen.noise) if chosen.noise is not None else None

    def versions(self) -> dict[str, str]:
        return {"cirq-core": cirq.__version__, "numpy": np.__version__}

    def noise_model(self) -> NoiseModel | None:
        return None if self._noise is None else self._noise.provenance()

    def parse(self, circuit: CircuitRun) -> Parsed:
        program = self._load(circuit, named=self._noise is not None)
        flat = cirq.Circuit(program.circuit.all_operations())
        symbols = {str(symbol): symbol for symbol in cirq.parameter_names(flat)}
        if self._noise is not None:
            flat = self._noise.small(flat)
            self._noise.refuse_untouched(flat)
        program = replace(program, circuit=flat, parameters=matched(circuit.parameters, symbols))
        wanted = frozenset(self._chosen.outputs) - (frozenset() if circuit.observables else {"expectation"})
        if not program.measured and _SAMPLED & wanted:
            raise unsupported("no-measurement", engine="cirq")
        _refuse_unmeasured_conditions(flat)
        plan = measurements(circuit.observables, len(program.qubits)) if "expectation" in wanted else None
        if wanted - _SAMPLED:
            self._refuse_outputs(program, wanted)
        return Parsed(program, self._noisy(program), plan, wanted)

    def drawn(self, circuit: CircuitRun, width: int) -> str:
        program = self._load(circuit, own_gates_kept=True)
        order = cirq.QubitOrder.explicit(program.qubits)
        return "\n\n".join(_folded(program.circuit.to_text_diagram(qubit_order=order).splitlines(), width))

    def diagram(self, circuit: CircuitRun) -> Diagram:
        from qee.runner.engines.cirq.diagram import diagram

        program = self._load(circuit, own_gates_kept=True)
        names = labels(program.declared) if program.declared else [str(qubit) for qubit in program.qubits]
        return diagram(program, names)

    def foreseen(self, parsed: Parsed, task: Task) -> tuple[str | None, bool]:
        program = parsed.program.bound(task.values)
        method, alone = None, False
        if _SAMPLED & parsed.wanted:
            noisy = parsed.noisy.bound(task.values)
            method = self._methods.of(noisy.circuit)
            alone = self._sampling.shot_by_shot(noisy.circuit, method)
        if self._needs_state(parsed):
            self._methods.refuse_memory(len(_held(program, parsed)), self._methods.exact(program))
        if parsed.plan is not None and self._samples_observables:
            for group in parsed.plan.groups:
                method = self._methods.of(self._noisy(program.rotated(group.basis)).circuit)
        return method or self._methods.exact(program), alone

    def execute(self, parsed: Parsed, task: Task) -> Execution:
        program = parsed.program.bound(task.values)
        counts = memory = method = None
        if wanted := _SAMPLED & parsed.wanted:
            noisy = parsed.noisy.bound(task.values)
            method = self._methods.of(noisy.circuit)
            counts, memory = self._sampling.sampled(noisy, method, task.shots, task.seed, "memory" in wanted)
        state = self._state(program, parsed) if self._needs_state(parsed) else None
        values: Any = None
        if parsed.plan is not None:
            if self._samples_observables:
                values, method = self._estimates(parsed.plan, program, task)
            elif state is not None:
                values = exact(state, parsed.plan)
        gates = [each for each in program.circuit.all_operations() if not cirq.is_measurement(each)]
        return Execution(
            registers=program.registers,
            counts=counts if "counts" in parsed.wanted else None,
            memory=memory,
            probabilities=self._probabilities(state, program) if "probabilities" in parsed.wanted else None,
            statevector=state.vector.astype(self._methods.dtype) if state and "statevector" in parsed.wanted else None,
            expectation=values,
            method=method or self._methods.exact(program),
            seed=task.seed,
            depth=len(program.circuit),
            two_qubit_gates=sum(len(each.qubits) == 2 for each in gates),
            compiled_sha256=_digest(parsed.circuit),
        )

    @property
    def _samples_observables(self) -> bool:
        return self._chosen.precision is not None or self._noise is not None

    def _needs_state(self, parsed: Parsed) -> bool:
        exactly = parsed.plan is not None and not self._samples_observables
        return exactly or bool(parsed.wanted & {"probabilities", "statevector"})

    def _refuse_outputs(self, program: Program, wanted: frozenset[str]) -> None:
        measured = program.final_measurements()
        exactly = wanted - _SAMPLED - ({"expectation"} if self._samples_observables else set())
        refuse_methods(self._chosen.simulator.method, sorted(exactly), _WITHOUT)
        if "statevector" in wanted:
            if self._noise is not None:
                raise no_pure_state("noise")
            if not cirq.has_unitary(program.unmeasured()):
                raise no_pure_state("reset")
        bits = len(program.bits) if measured else len(program.qubits)
        refuse_large(tuple(wanted), len(program.qubits), bits)

    def _noisy(self, program: Program) -> Program:
        if self._noise is None:
            return program
        return replace(program, circuit=self._noise.applied(program.circuit))

    def _state(self, program: Program, parsed: Parsed) -> State:
        circuit, method, qubits = program.unmeasured(), self._methods.exact(program), _held(program, parsed)
        self._methods.refuse_memory(len(qubits), method)
        if self._noise is not None:
            circuit = self._noise.applied(circuit)
        return State(circuit, qubits, program.qubits, self._methods.simulator(method, np.random.RandomState(0)))

    def _probabilities(self, state: State | None, program: Program) -> Any:
        if state is None:
            return None
        place = {qubit: number for number, qubit in enumerate(state.qubits)}
        found = program.final_measurements() or [(qubit, number) for number, qubit in enumerate(program.qubits)]
        readout = None if self._noise is None else [self._noise.readout] * len(found)
        width = len(program.bits) if program.measured else len(program.qubits)
        array = state.probabilities([place[qubit] for qubit, _ in found])
        return of_bits(array, [bit for _, bit in found], width, readout)

    def _estimates(self, plan: Measurements, program: Program, task: Task) -> tuple[dict[str, Estimate], str]:
        shots = plan.shots(task.shots, self._chosen.precision, task.share)
        counts, method = [], self._methods.of_state()
        for number, (group, repetitions) in enumerate(zip(plan.groups, shots, strict=True)):
            turned = self._noisy(program.rotated(group.basis))
            method = self._methods.of(turned.circuit)
            found, _ = self._sampling.sampled(turned, method, repetitions, plan.seed(task.seed, number))
            counts.append(found)
        return plan.estimates(counts, task.share), method

    def _load(self, circuit: CircuitRun, named: bool = False, own_gates_kept: bool = False) -> Program:
        if circuit.format == "qpy":
            raise unsupported_construct("format qpy does not run on engine cirq; use a backend whose engine is aer")
        if circuit.format == "cirq-json":
            from qee.sdk.cirq.json_reading import load_cirq_json

            return load_cirq_json(circuit.source)
        from qee.sdk.cirq.openqasm import load_openqasm

        expanded = min(MAX_OPERATIONS, self._room.memory // _OPERATION_BYTES)
        allowed = max(expanded, len(circuit.source) // _SHORTEST)
        return load_openqasm(circuit.source, circuit.format, allowed, named=named, own_gates_kept=own_gates_kept)


def _folded(lines: list[str], width: int) -> list[str]:
    """Cirq's diagrams are as wide as the circuit is deep."""
    long = max(map(len, lines), default=0)
    return ["\n".join(line[start : start + width].rstrip() for line in lines) for start in range(0, long, width)]


def _refuse_transpilation(options: TranspileOptions | None) -> None:
    if options is None:
        return
    for field, given in (
        ("optimizationLevel", options.optimization_level),
        ("initialLayout", options.initial_layout is not None),
        ("verifyEquivalence", options.verify_equivalence),
    ):
        if given:
            raise unsupported_construct(
                f"transpile.{field}: engine cirq runs circuits as written; leave it out, or use a backend whose engine "
                "is aer"
            )


def _held(program: Program, parsed: Parsed) -> tuple[cirq.Qid, ...]:
    """The qubits whose state is computed: those that the circuit uses, unless the result has an axis for each."""
    if "statevector" in parsed.wanted or (not program.measured and "probabilities" in parsed.wanted):
        return program.qubits
    used = program.circuit.all_qubits()
    return tuple(qubit for qubit in program.qubits if qubit in used) or program.qubits[:1]


def _refuse_unmeasured_conditions(circuit: cirq.Circuit) -> None:
    """OpenQASM's bits begin as 0; to Cirq a bit that was not measured does not exist."""
    measured: set[Any] = set()
    for operation in circuit.all_operations():
        if not cirq.control_keys(operation) <= measured:
            raise unsupported("condition-unmeasured", engine="cirq")
        measured |= cirq.measurement_key_objs(operation)


def _described(circuit: cirq.Circuit) -> Iterator[str]:
    for operation in circuit.all_operations():
        conditions = sorted(map(str, operation.classical_controls))
        yield f"{operation.without_classical_controls().untagged!r} {conditions}"


def _digest(circuit: cirq.Circuit) -> str:
    """SHA-256 of the executed operations with their parameters and qubits, as lowercase hexadecimal digits."""
    sha = hashlib.sha256()
    for line in _described(circuit):
        sha.update(line.encode() + b"\n")
    return sha.hexdigest()
