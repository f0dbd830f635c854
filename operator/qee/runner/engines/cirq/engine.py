"""Cirq's own simulators, through their public interface."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from qee.sdk.lazily import LazyImports

with LazyImports(
    "matplotlib.pyplot",
    "matplotlib.collections",
    "matplotlib.lines",
    "matplotlib.patches",
    "mpl_toolkits.mplot3d",
    "mpl_toolkits.axes_grid1",
):
    import cirq
import numpy as np

from qee.api.reasons import Reason
from qee.documents.provenance import NoiseModel
from qee.documents.run import CircuitRun, TranspileOptions
from qee.runner.engines.cirq.branching import Branching, Plan, plan
from qee.runner.engines.cirq.noise import TypedNoise
from qee.runner.engines.cirq.outputs import State, exact
from qee.runner.engines.cirq.stabilizer import is_unitary_clifford, sample_clifford
from qee.sdk.arrays import no_pure_state, of_bits, refuse_large, refuse_methods
from qee.sdk.binding import matched
from qee.sdk.cirq.program import Program
from qee.sdk.diagram import Diagram, labels
from qee.sdk.errors import RunnerError
from qee.sdk.explain import unsupported
from qee.sdk.limits import Room
from qee.sdk.observables import Measurements, measurements
from qee.sdk.outcomes import Estimate, Execution, Options, Task

METHODS = ("automatic", "statevector", "density_matrix", "stabilizer")
MAX_OPERATIONS = 2_000_000
_OPERATION_BYTES = 4096
_SHORTEST = 4  # characters of an operation: x q;
_MIB = 1_048_576
_BUFFERS = {"double": 4, "single": 5}  # times the state: measured with 22 qubits, while samples are drawn
_BATCH_BITS = 2_000_000  # sampled at a time: Cirq needs 20 bytes for each, and a small pod has 50 MiB to spare
_MIXED_QUBITS = 10  # up to which a density matrix is cheaper than a trajectory for each shot
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
    """`automatic` is the stabilizer formalism for Clifford circuits, a density matrix for few noisy qubits, and a state
    vector for all others.
    """

    def __init__(self, chosen: Options, room: Room) -> None:
        options = chosen.simulator
        if options.method not in METHODS:
            raise RunnerError(
                Reason.UNSUPPORTED_CONSTRUCT,
                f"engine cirq does not offer simulator.method {options.method}; use one of {', '.join(METHODS)}, "
                "or a backend whose engine is aer",
            )
        _refuse_transpilation(chosen.transpile)
        self._chosen = chosen
        self._options = options
        self._room = room
        self._dtype = np.complex128 if options.precision == "double" else np.complex64
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
        from qee.runner.engines.cirq import diagram as cirq_diagram

        program = self._load(circuit, own_gates_kept=True)
        names = labels(program.declared) if program.declared else [str(qubit) for qubit in program.qubits]
        return cirq_diagram.diagram(program, names)

    def foreseen(self, parsed: Parsed, task: Task) -> tuple[str | None, bool]:
        program = parsed.program.bound(task.values)
        method, alone = None, False
        if _SAMPLED & parsed.wanted:
            noisy = parsed.noisy.bound(task.values)
            method = self._method(noisy.circuit)
            whole = method == "stabilizer" and is_unitary_clifford(noisy.circuit)
            told = self._stories(noisy.circuit, method) is not None
            alone = not whole and not told and not _sampled_at_once(noisy.circuit, method)
        if self._needs_state(parsed):
            self._refuse_memory(len(_held(program, parsed)), self._exact_method(program))
        if parsed.plan is not None and self._samples_observables:
            for group in parsed.plan.groups:
                method = self._method(self._noisy(program.rotated(group.basis)).circuit)
        return method or self._exact_method(program), alone

    def execute(self, parsed: Parsed, task: Task) -> Execution:
        program = parsed.program.bound(task.values)
        counts = memory = method = None
        if wanted := _SAMPLED & parsed.wanted:
            noisy = parsed.noisy.bound(task.values)
            method = self._method(noisy.circuit)
            counts, memory = self._sampled(noisy, method, task.shots, task.seed, "memory" in wanted)
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
            statevector=state.vector.astype(self._dtype) if state and "statevector" in parsed.wanted else None,
            expectation=values,
            method=method or self._exact_method(program),
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
        refuse_methods(self._options.method, sorted(exactly), _WITHOUT)
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

    def _state_method(self) -> str:
        """Under noise only a density matrix has the state's probabilities exactly."""
        mixed = self._noise is not None or self._options.method == "density_matrix"
        return "density_matrix" if mixed else "statevector"

    def _exact_method(self, program: Program) -> str:
        """After a reset the state is a mixture."""
        return self._state_method() if cirq.has_unitary(program.unmeasured()) else "density_matrix"

    def _state(self, program: Program, parsed: Parsed) -> State:
        circuit, method, qubits = program.unmeasured(), self._exact_method(program), _held(program, parsed)
        self._refuse_memory(len(qubits), method)
        if self._noise is not None:
            circuit = self._noise.applied(circuit)
        return State(circuit, qubits, program.qubits, self._simulator(method, np.random.RandomState(0)))

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
        counts, method = [], self._state_method()
        for number, (group, repetitions) in enumerate(zip(plan.groups, shots, strict=True)):
            turned = self._noisy(program.rotated(group.basis))
            method = self._method(turned.circuit)
            found, _ = self._sampled(turned, method, repetitions, plan.seed(task.seed, number))
            counts.append(found)
        return plan.estimates(counts, task.share), method

    def _sampled(
        self, program: Program, method: str, shots: int, seed: int, memory: bool = False
    ) -> tuple[Counter[int], list[int] | None]:
        """Outcomes with how often they occurred, and in order of the shots if they are asked for."""
        random = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed)))
        counts: Counter[int] = Counter()
        order: list[int] = []
        keys = [key for key, _ in program.bits]
        single = method == "stabilizer" and len(set(keys)) == len(keys) and is_unitary_clifford(program.circuit)
        stories = self._stories(program.circuit, method)
        for batch in _batches(shots, len(keys)):
            if single:
                bits = sample_clifford(program.circuit, keys, batch, random)
            elif stories is not None:
                bits = Branching(stories, method, self._dtype, random).sampled(program.bits, batch)
            else:
                samples = self._simulator(method, random).run(program.circuit, repetitions=batch)
                bits = _last_records(samples, program.bits, batch)
            counts.update(_counted(bits))
            if memory:
                order += _outcomes(bits)
        return counts, order if memory else None

    def _stories(self, circuit: cirq.Circuit, method: str) -> Plan | None:
        """Where the states that wait do not fit into memory, each shot is simulated by itself."""
        found = plan(circuit, method)
        if found is None or found.measurements * self._state_bytes(circuit, method) > self._room.memory:
            return None
        return found

    def _method(self, circuit: cirq.Circuit) -> str:
        asked = self._options.method
        clifford = all(_is_clifford(operation) for operation in circuit.all_operations())
        if asked == "stabilizer" and not clifford:
            raise RunnerError(
                Reason.UNSUPPORTED_CONSTRUCT,
                "simulator.method stabilizer cannot run every gate of the circuit; set simulator.method: automatic",
            )
        if asked == "automatic":
            fits = self._state_bytes(circuit, "statevector") <= self._room.memory
            asked = "stabilizer" if clifford and (is_unitary_clifford(circuit) or not fits) else "statevector"
            if self._noise is not None and _largest_group(circuit) <= _MIXED_QUBITS:
                asked = "density_matrix"
        if asked != "stabilizer":
            self._refuse_memory(_largest_group(circuit), asked)
        return asked

    def _refuse_memory(self, qubits: int, method: str) -> None:
        if (needed := self._bytes(qubits, method)) > self._room.memory:
            raise RunnerError(
                Reason.INSUFFICIENT_MEMORY,
                f"the state needs {needed // _MIB} MiB and {self._room.memory // _MIB} MiB are left; use fewer qubits, "
                "simulator.precision: single, a backend whose engine is aer, or raise spec.resources",
            )

    def _state_bytes(self, circuit: cirq.Circuit, method: str) -> int:
        """Cirq keeps qubits that never met apart, so the largest group that did decides."""
        return self._bytes(_largest_group(circuit), method)

    def _bytes(self, qubits: int, method: str) -> int:
        amplitudes = 1 << (2 * qubits if method == "density_matrix" else qubits)
        return int(np.dtype(self._dtype).itemsize * amplitudes * _BUFFERS[self._options.precision])

    def _simulator(self, method: str, random: np.random.RandomState) -> Any:
        if method == "stabilizer":
            return cirq.CliffordSimulator(seed=random)
        if method == "density_matrix":
            return cirq.DensityMatrixSimulator(dtype=self._dtype, seed=random)
        return cirq.Simulator(dtype=self._dtype, seed=random)

    def _load(self, circuit: CircuitRun, named: bool = False, own_gates_kept: bool = False) -> Program:
        if circuit.format == "qpy":
            raise RunnerError(
                Reason.UNSUPPORTED_CONSTRUCT,
                "format qpy does not run on engine cirq; use a backend whose engine is aer",
            )
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
            raise RunnerError(
                Reason.UNSUPPORTED_CONSTRUCT,
                f"transpile.{field}: engine cirq runs circuits as written; leave it out, or use a backend whose engine "
                "is aer",
            )


def _held(program: Program, parsed: Parsed) -> tuple[cirq.Qid, ...]:
    """The qubits whose state is computed: those that the circuit uses, unless the result has an axis for each."""
    if "statevector" in parsed.wanted or (not program.measured and "probabilities" in parsed.wanted):
        return program.qubits
    used = program.circuit.all_qubits()
    return tuple(qubit for qubit in program.qubits if qubit in used) or program.qubits[:1]


def _sampled_at_once(circuit: cirq.Circuit, method: str) -> bool:
    """As Cirq's simulators decide: all that is random or depends on an outcome comes last."""
    if not circuit.are_all_measurements_terminal():
        return False
    gates = (each for each in circuit.all_operations() if not cirq.is_measurement(each))
    return method == "density_matrix" or all(cirq.has_unitary(each) for each in gates)


def _is_clifford(operation: cirq.Operation) -> bool:
    return bool(cirq.CliffordSimulator.is_supported_operation(operation.without_classical_controls()))


def _refuse_unmeasured_conditions(circuit: cirq.Circuit) -> None:
    """OpenQASM's bits begin as 0; to Cirq a bit that was not measured does not exist."""
    measured: set[Any] = set()
    for operation in circuit.all_operations():
        if not cirq.control_keys(operation) <= measured:
            raise unsupported("condition-unmeasured", engine="cirq")
        measured |= cirq.measurement_key_objs(operation)


def _batches(shots: int, bits: int) -> Iterator[int]:
    """Shots cut into batches; the cut depends on nothing but the job, for the samples depend on it."""
    size = max(1000, _BATCH_BITS // bits)
    for start in range(0, shots, size):
        yield min(size, shots - start)


def _last_records(result: Any, keys: tuple[tuple[str, int], ...], shots: int) -> np.ndarray[Any, Any]:
    """An array of shots by bits: what was last measured into each bit, 0 where nothing was."""
    bits = np.zeros((shots, len(keys)), dtype=np.uint8)
    for column, (key, place) in enumerate(keys):
        if key in result.records:
            bits[:, column] = result.records[key][:, -1, place]
    return bits


def _outcomes(bits: np.ndarray[Any, Any]) -> list[int]:
    """The outcome of each shot of an array of shots by bits."""
    packed = np.packbits(bits, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def _counted(bits: np.ndarray[Any, Any]) -> dict[int, int]:
    """Outcomes of an array of shots by bits: column i is classical bit i."""
    packed = np.packbits(bits, axis=1, bitorder="little")
    rows, counts = np.unique(packed, axis=0, return_counts=True)
    return {int.from_bytes(row.tobytes(), "little"): int(count) for row, count in zip(rows, counts, strict=True)}


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
