"""Cirq's own simulators, through their public interface."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qee.runner.lazily import LazyImports

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
from qee.api.result_document import NoiseModel, Register
from qee.api.run_document import CircuitRun
from qee.runner.engines.cirq_openqasm import load_openqasm
from qee.runner.engines.cirq_stabilizer import is_unitary_clifford, sample_clifford
from qee.runner.errors import RunnerError
from qee.runner.explain import invalid, unsupported
from qee.runner.limits import Room
from qee.runner.outcomes import Execution, Options, Task

METHODS = ("automatic", "statevector", "density_matrix", "stabilizer")
MAX_OPERATIONS = 2_000_000
_OPERATION_BYTES = 4096
_MIB = 1_048_576
_BUFFERS = {"double": 4, "single": 5}  # times the state: measured with 22 qubits, while samples are drawn
_BATCH_BITS = 5_000_000  # sampled at a time: Cirq needs 40 bytes for each


@dataclass(frozen=True)
class Parsed:
    circuit: cirq.Circuit
    registers: tuple[Register, ...]


class CirqEngine:
    """`automatic` is the stabilizer formalism for Clifford circuits and a state vector for all others."""

    def __init__(self, chosen: Options, room: Room) -> None:
        options = chosen.simulator
        if options.method not in METHODS:
            raise RunnerError(
                Reason.UNSUPPORTED_CONSTRUCT,
                f"engine cirq does not offer simulator.method {options.method}; use one of {', '.join(METHODS)}, "
                "or a backend whose engine is aer",
            )
        self._options = options
        self._room = room
        self._dtype = np.complex128 if options.precision == "double" else np.complex64

    def versions(self) -> dict[str, str]:
        return {"cirq-core": cirq.__version__, "numpy": np.__version__}

    def noise_model(self) -> NoiseModel | None:
        return None

    def parse(self, circuit: CircuitRun) -> Parsed:
        nested, registers = load_openqasm(circuit.source, circuit.format)
        self._refuse_expansion(nested)
        parsed = cirq.Circuit(cirq.unroll_circuit_op(nested, deep=True, tags_to_check=None).all_operations())
        if cirq.is_parameterized(parsed):
            raise unsupported("input", engine="cirq")
        if not any(cirq.is_measurement(operation) for operation in parsed.all_operations()):
            raise unsupported("no-measurement", engine="cirq")
        _refuse_unmeasured_conditions(parsed)
        if not cirq.measurement_key_names(parsed) <= set(_keys(registers)):
            raise invalid("a classical register's declaration is not understood; write creg c[2]; or bit[2] c;")
        return Parsed(parsed, registers)

    def execute(self, parsed: Parsed, task: Task) -> Execution:
        shots, seed = task.shots, task.seed
        method = self._method(parsed.circuit)
        random = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed)))
        keys = _keys(parsed.registers)
        counts: Counter[int] = Counter()
        for batch in _batches(shots, len(keys)):
            if method == "stabilizer" and is_unitary_clifford(parsed.circuit):
                bits = sample_clifford(parsed.circuit, keys, batch, random)
            else:
                samples = self._simulator(method, random).run(parsed.circuit, repetitions=batch)
                bits = _last_records(samples, keys, batch)
            counts.update(_counted(bits))
        gates = [each for each in parsed.circuit.all_operations() if not cirq.is_measurement(each)]
        return Execution(
            registers=parsed.registers,
            counts=counts,
            method=method,
            seed=seed,
            depth=len(parsed.circuit),
            two_qubit_gates=sum(len(each.qubits) == 2 for each in gates),
            compiled_sha256=_digest(parsed.circuit),
        )

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
        if asked != "stabilizer" and (needed := self._state_bytes(circuit, asked)) > self._room.memory:
            raise RunnerError(
                Reason.INSUFFICIENT_MEMORY,
                f"the state needs {needed // _MIB} MiB and {self._room.memory // _MIB} MiB are left; use fewer qubits, "
                "simulator.precision: single, a backend whose engine is aer, or raise spec.resources",
            )
        return asked

    def _state_bytes(self, circuit: cirq.Circuit, method: str) -> int:
        """Cirq keeps qubits that never met apart, so the largest group that did decides."""
        qubits = _largest_group(circuit)
        amplitudes = 1 << (2 * qubits if method == "density_matrix" else qubits)
        return int(np.dtype(self._dtype).itemsize * amplitudes * _BUFFERS[self._options.precision])

    def _simulator(self, method: str, random: np.random.RandomState) -> Any:
        if method == "stabilizer":
            return cirq.CliffordSimulator(seed=random)
        if method == "density_matrix":
            return cirq.DensityMatrixSimulator(dtype=self._dtype, seed=random)
        return cirq.Simulator(dtype=self._dtype, seed=random)

    def _refuse_expansion(self, circuit: cirq.AbstractCircuit) -> None:
        allowed = max(len(circuit), min(MAX_OPERATIONS, self._room.memory // _OPERATION_BYTES))
        count = _operations(circuit, {})
        if count > allowed:
            raise RunnerError(
                Reason.CIRCUIT_TOO_LARGE,
                f"gate definitions expand to {count} operations, {allowed} are allowed; reduce the nesting of gates",
            )


def _keys(registers: tuple[Register, ...]) -> list[str]:
    """The importer's measurement keys, by classical bit."""
    return [f"{register.name}_{bit}" for register in registers for bit in range(register.size)]


def _is_clifford(operation: cirq.Operation) -> bool:
    return bool(cirq.CliffordSimulator.is_supported_operation(operation.without_classical_controls()))


def _operations(circuit: cirq.AbstractCircuit, memo: dict[int, int]) -> int:
    """Operations when every gate definition is expanded, without expanding any: a definition is counted once."""
    total = 0
    for operation in circuit.all_operations():
        inner = operation.without_classical_controls()
        if isinstance(inner, cirq.CircuitOperation):
            key = id(inner.circuit)
            if key not in memo:
                memo[key] = _operations(inner.circuit, memo)
            total += memo[key]
        else:
            total += 1
    return total


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


def _last_records(result: Any, keys: list[str], shots: int) -> np.ndarray[Any, Any]:
    """An array of shots by bits: what was last measured into each bit, 0 where nothing was."""
    bits = np.zeros((shots, len(keys)), dtype=np.uint8)
    for column, key in enumerate(keys):
        if key in result.records:
            bits[:, column] = result.records[key][:, -1, 0]
    return bits


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
        yield f"{operation.without_classical_controls()!r} {sorted(map(str, cirq.control_keys(operation)))}"


def _digest(circuit: cirq.Circuit) -> str:
    """SHA-256 of the executed operations with their parameters and qubits, as lowercase hexadecimal digits."""
    sha = hashlib.sha256()
    for line in _described(circuit):
        sha.update(line.encode() + b"\n")
    return sha.hexdigest()
