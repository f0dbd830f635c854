"""Noise on engine aer: a device's snapshot, or typed errors.

Errors are inserted after the gates of the compiled circuit, one by one, and whatever Aer's methods need translated is
translated after that: an error that is keyed to a name would miss a gate under another name. Readout errors are Aer's.

- device: thermal relaxation for the gate's duration, after a depolarizing error that makes the average gate error the
  one reported, as qiskit_aer.noise.NoiseModel.from_backend has it; a gate of error and duration 0 (rz, a change of
  frame) is noiseless.
- typed: rho -> (1-p) rho + p I/2^n after each gate on n qubits, then relaxation for the gate's time.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import CircuitInstruction, ControlFlowOp, Delay, Gate
from qiskit_aer.noise import NoiseModel, QuantumError, ReadoutError, depolarizing_error, thermal_relaxation_error

from qee.api import result_document
from qee.api.reasons import Reason
from qee.api.run_document import NoiseOptions
from qee.devices import Device, UnknownDeviceError, snapshot
from qee.runner.engines.aer_compiled import placed
from qee.runner.errors import RunnerError

_NANOSECONDS = {"s": 1e9, "ms": 1e6, "us": 1e3, "µs": 1e3, "ns": 1.0, "ps": 1e-3}


class Noise(ABC):
    """What is added to a compiled circuit. `physical` has the device's qubit for each of the circuit's."""

    device: Device | None = None

    def __init__(self) -> None:
        self._channels: dict[Any, Any] = {}

    @abstractmethod
    def provenance(self) -> result_document.NoiseModel:
        """What the result records."""

    @abstractmethod
    def refuse_untouched(self, circuit: QuantumCircuit) -> None:
        """Raises RunnerError where a term of the noise touches no gate of the circuit."""

    def applied(self, circuit: QuantumCircuit, physical: Sequence[int] | None = None) -> QuantumCircuit:
        """The circuit with a channel after each gate that has an error."""
        return self._applied(circuit, range(circuit.num_qubits) if physical is None else physical)

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


class DeviceNoise(Noise):
    """That of a snapshot."""

    def __init__(self, device: Device) -> None:
        super().__init__()
        self.device = self._device = device

    def provenance(self) -> result_document.NoiseModel:
        device = self._device
        return result_document.NoiseModel(
            device.name, device.basis_gates, device.qubits, calibration_time=device.calibration_time
        )

    def refuse_untouched(self, circuit: QuantumCircuit) -> None:
        """Readout is part of every device's noise: it always touches something."""

    def _readout(self, qubit: int) -> tuple[float, float]:
        return self._device.readout[qubit]

    def _times(self, qubit: int) -> tuple[float, float]:
        t1, t2 = self._device.t1[qubit], self._device.t2[qubit]
        return t1 * 1e3, min(t2, 2 * t1) * 1e3  # calibrations give t2 > 2 t1 at times, which no qubit has

    def _gate_error(self, name: str, qubits: tuple[int, ...]) -> float:
        gate = self._device.gates[name][qubits]
        return max(gate.error, 1 - self._relaxation_fidelity(gate.duration, qubits))

    def _error(self, name: str, qubits: tuple[int, ...]) -> QuantumError | None:
        gate = self._device.gates[name][qubits]
        relaxation = self._relaxation(gate.duration, qubits)
        relaxed = self._relaxation_fidelity(gate.duration, qubits)
        dimension = 2 ** len(qubits)
        # F(depolarizing after relaxation) = (1-p) F(relaxation) + p/d, solved for p; no more than total depolarizing
        wanted = min(gate.error, dimension / (dimension + 1))
        if wanted <= 1 - relaxed:
            return relaxation
        p = dimension * (wanted - 1 + relaxed) / (dimension * relaxed - 1)
        depolarizing = depolarizing_error(min(p, 4 ** len(qubits) / (4 ** len(qubits) - 1)), len(qubits))
        return depolarizing if relaxation is None else depolarizing.compose(relaxation)


class TypedNoise(Noise):
    """The same errors on every qubit, from spec.noise. Acts on gates of one and two qubits as they are written."""

    def __init__(self, options: NoiseOptions) -> None:
        super().__init__()
        self._one = _probability("oneQubit", options.one_qubit)
        self._two = _probability("twoQubit", options.two_qubit)
        self._flip = _probability("readout", options.readout)
        self._t1 = _time("t1", options.t1) * 1e3
        t2 = _time("t2", options.t2) * 1e3
        if t2 > 2 * self._t1 and options.t2 is not None:
            raise _invalid(f"noise.t2: {options.t2} exceeds twice t1 {options.t1}; no qubit does that: lower t2")
        self._t2 = min(t2, 2 * self._t1)
        self._durations = {name: _time(f"gateTimes.{name}", text) for name, text in options.gate_times.items()}
        if bool(self._durations) != (options.t1 is not None or options.t2 is not None):
            raise _invalid("noise.gateTimes: t1 and t2 act during gateTimes; give both, or neither")

    def provenance(self) -> result_document.NoiseModel:
        return result_document.NoiseModel("typed")

    def refuse_untouched(self, circuit: QuantumCircuit) -> None:
        gates = [operation for operation, _ in placed(circuit) if isinstance(operation, Gate)]
        large = sorted({gate.name for gate in gates if gate.num_qubits > 2})
        if large:
            raise _invalid(
                f"noise: no error is defined for gate {large[0]}, which has more than two qubits; leave "
                "transpile.verbatim out, or write it in gates of one and two qubits"
            )
        names, widths = {gate.name for gate in gates}, {gate.num_qubits for gate in gates}
        if self._one and 1 not in widths:
            raise _invalid("noise.oneQubit: the circuit has no one-qubit gate; leave it out, or run it in another job")
        if self._two and 2 not in widths:
            raise _invalid("noise.twoQubit: the circuit has no two-qubit gate; leave it out, or run it in another job")
        missing = sorted(self._durations.keys() - names)
        if missing:
            raise _invalid(
                f"noise.gateTimes.{missing[0]}: the circuit has no gate {missing[0]}, its gates are "
                f"{', '.join(sorted(names)) or 'none'}; name one of these, or leave it out"
            )

    def _readout(self, qubit: int) -> tuple[float, float]:
        return self._flip, self._flip

    def _times(self, qubit: int) -> tuple[float, float]:
        return self._t1, self._t2

    def _gate_error(self, name: str, qubits: tuple[int, ...]) -> float:
        p = self._depolarizing(qubits)
        relaxed = self._relaxation_fidelity(self._durations.get(name, 0.0), qubits)
        return 1 - (1 - p) * relaxed - p / (1 << len(qubits))

    def _error(self, name: str, qubits: tuple[int, ...]) -> QuantumError | None:
        p = self._depolarizing(qubits)
        depolarizing = depolarizing_error(p, len(qubits)) if p else None
        relaxation = self._relaxation(self._durations.get(name, 0.0), qubits)
        if depolarizing is None or relaxation is None:
            return depolarizing or relaxation
        return depolarizing.compose(relaxation)

    def _depolarizing(self, qubits: tuple[int, ...]) -> float:
        return self._one if len(qubits) == 1 else self._two

    def _channel(self, operation: Any, qubits: tuple[int, ...]) -> Any:
        """The same error object for all qubits: one channel for Aer to compile, not one for each pair."""
        return super()._channel(operation, tuple(range(len(qubits))))


def noise_of(options: NoiseOptions | None) -> Noise | None:
    """The noise that a run document asks for. Raises RunnerError with the field that is wrong."""
    if options is None:
        return None
    if options.device is None:
        return TypedNoise(options)
    try:
        return DeviceNoise(snapshot(options.device))
    except UnknownDeviceError as error:
        raise _invalid(f"noise.device: {error}") from error


def _probability(field: str, text: str | None) -> float:
    value = 0.0 if text is None else float(text)
    if not 0 <= value <= 1:
        raise _invalid(f"noise.{field}: {text} is no probability; give one from 0 to 1")
    return value


def _time(field: str, text: str | None) -> float:
    value = math.inf if text is None else float(text)
    if not value > 0 or (text is not None and math.isinf(value)):
        raise _invalid(f"noise.{field}: {text} is no time above 0; give one, or leave it out")
    return value


def _nanoseconds(delay: Delay) -> float:
    if delay.unit not in _NANOSECONDS or not isinstance(delay.duration, int | float):
        raise RunnerError(
            Reason.UNSUPPORTED_CONSTRUCT, "a delay under noise needs a duration in s, ms, us or ns; write delay[100ns]"
        )
    return float(delay.duration) * _NANOSECONDS[delay.unit]


def _invalid(message: str) -> RunnerError:
    return RunnerError(Reason.INVALID_SPEC, message)
