"""Noise on engine aer: a device's snapshot, or typed errors.

- device: thermal relaxation for the gate's duration, after a depolarizing error that makes the average gate error the
  one reported, as qiskit_aer.noise.NoiseModel.from_backend has it; a gate of error and duration 0 (rz, a change of
  frame) is noiseless.
- typed: rho -> (1-p) rho + p I/2^n after each gate on n qubits, then relaxation for the gate's time.
"""

from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import Gate
from qiskit_aer.noise import QuantumError, depolarizing_error

from qee.devices import Device, UnknownDeviceError, snapshot
from qee.documents.provenance import NoiseModel
from qee.documents.run import NoiseOptions
from qee.runner.engines.aer.channels import Noise
from qee.runner.engines.aer.compiled import placed
from qee.sdk import noise_fields
from qee.sdk.errors import invalid_spec
from qee.sdk.gate_names import by_one_name


class DeviceNoise(Noise):
    """That of a snapshot."""

    def __init__(self, device: Device) -> None:
        super().__init__()
        self.device = self._device = device

    def provenance(self) -> NoiseModel:
        device = self._device
        return NoiseModel(device.name, device.basis_gates, device.qubits, calibration_time=device.calibration_time)

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
        self._one = noise_fields.probability("oneQubit", options.one_qubit)
        self._two = noise_fields.probability("twoQubit", options.two_qubit)
        self._flip = noise_fields.probability("readout", options.readout)
        self._t1 = noise_fields.time("t1", options.t1) * 1e3
        t2 = noise_fields.time("t2", options.t2) * 1e3
        if t2 > 2 * self._t1 and options.t2 is not None:
            raise invalid_spec(f"noise.t2: {options.t2} exceeds twice t1 {options.t1}; no qubit does that: lower t2")
        self._t2 = min(t2, 2 * self._t1)
        times = by_one_name(options.gate_times)
        self._durations = {name: noise_fields.time(f"gateTimes.{name}", text) for name, text in times.items()}
        if bool(self._durations) != (options.t1 is not None or options.t2 is not None):
            raise invalid_spec("noise.gateTimes: t1 and t2 act during gateTimes; give both, or neither")

    def provenance(self) -> NoiseModel:
        return NoiseModel("typed")

    def refuse_untouched(self, circuit: QuantumCircuit) -> None:
        gates = [operation for operation, _ in placed(circuit) if isinstance(operation, Gate)]
        large = sorted({gate.name for gate in gates if gate.num_qubits > 2})
        if large:
            raise invalid_spec(
                f"noise: no error is defined for gate {large[0]}, which has more than two qubits; leave "
                "transpile.verbatim out, or write it in gates of one and two qubits"
            )
        names, widths = {gate.name for gate in gates}, {gate.num_qubits for gate in gates}
        noise_fields.refuse_untouched(self._one, self._two, self._durations, widths, names)

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
        raise invalid_spec(f"noise.device: {error}") from error
