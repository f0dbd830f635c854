"""Where noise acts on a circuit of engine aer, whatever its model.

Errors are inserted after the gates of the compiled circuit, one by one, and whatever Aer's methods need translated is
translated after that: an error that is keyed to a name would miss a gate under another name. Readout errors are Aer's.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ControlFlowOp, Delay, Gate
from qiskit_aer.noise import NoiseModel, QuantumError, ReadoutError, pauli_error, thermal_relaxation_error

from qee.devices import Device
from qee.documents.provenance import NoiseModel as RecordedNoise
from qee.runner.engines.aer.compiled import placed
from qee.sdk.errors import unsupported_construct

_NANOSECONDS = {"s": 1e9, "ms": 1e6, "us": 1e3, "µs": 1e3, "ns": 1.0, "ps": 1e-3}


class Noise(ABC):
    """What is added to a compiled circuit. `physical` has the device's qubit for each of the circuit's."""

    device: Device | None = None

    def __init__(self) -> None:
        self._channels: dict[Any, Any] = {}

    @abstractmethod
    def provenance(self) -> RecordedNoise:
        """What the result records."""

    @abstractmethod
    def refuse_untouched(self, circuit: QuantumCircuit) -> None:
        """Raises RunnerError where a term of the noise touches no gate of the circuit."""

    def applied(self, circuit: QuantumCircuit, physical: Sequence[int] | None = None) -> QuantumCircuit:
        """The circuit with a channel after each gate that has an error."""
        on = range(circuit.num_qubits) if physical is None else physical
        if any(map(any, self.readout(circuit.num_qubits, physical))):
            circuit = _read_once(circuit)
        return self._applied(circuit, on)

    def model(self, qubits: int, physical: Sequence[int] | None = None) -> NoiseModel:
        """The readout errors, for Aer's option noise_model."""
        model = NoiseModel()
        for position, (zero_for_one, one_for_zero) in enumerate(self.readout(qubits, physical)):
            if zero_for_one or one_for_zero:
                table = [[1 - one_for_zero, one_for_zero], [zero_for_one, 1 - zero_for_one]]
                model.add_readout_error(ReadoutError(table), [position])
        return model

    def readout(self, qubits: int, physical: Sequence[int] | None = None) -> list[tuple[float, float]]:
        """p(0|1) and p(1|0) of each of the circuit's qubits."""
        return [self._readout(qubit) for qubit in (range(qubits) if physical is None else physical)]

    def success(self, circuit: QuantumCircuit, physical: Sequence[int] | None = None) -> float:
        """The product of the fidelities of gates and readouts, 0 to 1, each block of control flow once."""
        product = 1.0
        for operation, positions in placed(circuit):
            qubits = tuple(positions) if physical is None else tuple(physical[each] for each in positions)
            if operation.name == "measure":
                product *= 1 - sum(self._readout(qubits[0])) / 2
            elif isinstance(operation, Gate):
                product *= 1 - self._gate_error(operation.name, qubits)
        return product

    @abstractmethod
    def _readout(self, qubit: int) -> tuple[float, float]: ...

    @abstractmethod
    def _gate_error(self, name: str, qubits: tuple[int, ...]) -> float:
        """1 minus the average gate fidelity."""

    @abstractmethod
    def _error(self, name: str, qubits: tuple[int, ...]) -> QuantumError | None: ...

    @abstractmethod
    def _times(self, qubit: int) -> tuple[float, float]:
        """t1 and t2 in ns, infinite where there are none."""

    def _applied(self, circuit: QuantumCircuit, physical: Sequence[int]) -> QuantumCircuit:
        wires = dict(zip(circuit.qubits, physical, strict=True))
        noisy = circuit.copy_empty_like()
        for each in circuit.data:
            operation = each.operation
            qubits = tuple(wires[qubit] for qubit in each.qubits)
            if isinstance(operation, ControlFlowOp):
                operation = operation.replace_blocks([self._applied(block, qubits) for block in operation.blocks])
                noisy.append(CircuitInstruction(operation, each.qubits, each.clbits))
                continue
            noisy.append(each)
            channel = self._channel(operation, qubits)
            if channel is not None:
                noisy.append(CircuitInstruction(channel, each.qubits))
        return noisy

    def _channel(self, operation: Any, qubits: tuple[int, ...]) -> Any:
        """One instruction for each error: Aer tells errors apart by their identity, and copies each that it sees."""
        if isinstance(operation, Delay):
            key: Any = (_nanoseconds(operation), qubits)
        elif isinstance(operation, Gate) and qubits:
            key = (operation.name, qubits)
        else:
            return None
        if key not in self._channels:
            error = self._relaxation(*key) if isinstance(operation, Delay) else self._error(*key)
            self._channels[key] = None if error is None or error.ideal() else error.to_instruction()
        return self._channels[key]

    def _relaxation(self, duration: float, qubits: tuple[int, ...]) -> QuantumError | None:
        """Of each qubit for `duration` ns; the first qubit is the lowest of the channel."""
        combined = None
        for qubit in qubits:
            t1, t2 = self._times(qubit)
            if duration <= 0 or math.isinf(t2):
                return None
            one = thermal_relaxation_error(t1, t2, duration)
            combined = one if combined is None else combined.expand(one)
        return combined

    def _relaxation_fidelity(self, duration: float, qubits: tuple[int, ...]) -> float:
        """The average gate fidelity of that channel (Nielsen, quant-ph/0205035, from the process fidelity)."""
        process = 1.0
        for qubit in qubits:
            t1, t2 = self._times(qubit)
            process *= (1 + math.exp(-duration / t1) + 2 * math.exp(-duration / t2)) / 4
        dimension = 1 << len(qubits)
        return (dimension * process + 1) / (dimension + 1)


def _read_once(circuit: QuantumCircuit) -> QuantumCircuit:
    """A measurement whose bit another one overwrites, unread, as what it does to its qubit: it loses its coherence.

    Where Aer draws all shots from one state, it flips a bit once for each measurement into it, the last outcome too.
    """
    if any(isinstance(each.operation, ControlFlowOp) for each in circuit.data):
        return circuit  # simulated shot by shot, and bits are read
    written: set[Any] = set()
    lost = set()
    for place in reversed(range(len(circuit.data))):
        each = circuit.data[place]
        if each.operation.name == "measure":
            if each.clbits[0] in written:
                lost.add(place)
            written.add(each.clbits[0])
    if not lost:
        return circuit
    dephased = pauli_error([("I", 0.5), ("Z", 0.5)]).to_instruction()
    changed = circuit.copy_empty_like()
    for place, each in enumerate(circuit.data):
        changed.append(CircuitInstruction(dephased, each.qubits) if place in lost else each)
    return changed


def _nanoseconds(delay: Delay) -> float:
    if delay.unit not in _NANOSECONDS or not isinstance(delay.duration, int | float):
        raise unsupported_construct("a delay under noise needs a duration in s, ms, us or ns; write delay[100ns]")
    return float(delay.duration) * _NANOSECONDS[delay.unit]
