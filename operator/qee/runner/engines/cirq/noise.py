"""Typed errors on engine cirq, equal in meaning to those on engine aer.

After each gate on n qubits rho -> (1-p) rho + p I/2^n; then each of its qubits relaxes for the gate's time: amplitude
damping by 1 - exp(-t/T1), and so much phase damping that coherences decay by exp(-t/T2). A measured bit is flipped with
the readout's probability.
"""

import math
from collections.abc import Iterator

import cirq
import numpy as np

from qee.documents.provenance import NoiseModel
from qee.documents.run import NoiseOptions
from qee.sdk import noise_fields
from qee.sdk.cirq.program import Written
from qee.sdk.errors import invalid_spec
from qee.sdk.gate_names import by_one_name, one_name

# Names of Qiskit's, which are those of the gate libraries, of gates that Cirq has no tag for.
_NAMES: tuple[tuple[cirq.Gate, str], ...] = (
    (cirq.I, "id"),
    (cirq.X, "x"),
    (cirq.Y, "y"),
    (cirq.Z, "z"),
    (cirq.H, "h"),
    (cirq.S, "s"),
    (cirq.S**-1, "sdg"),
    (cirq.T, "t"),
    (cirq.T**-1, "tdg"),
    (cirq.X**0.5, "sx"),
    (cirq.X**-0.5, "sxdg"),
    (cirq.CNOT, "cx"),
    (cirq.CZ, "cz"),
    (cirq.ControlledGate(cirq.Y), "cy"),
    (cirq.ControlledGate(cirq.H), "ch"),
    (cirq.SWAP, "swap"),
    (cirq.ISWAP, "iswap"),
)
_KINDS: tuple[tuple[type[cirq.Gate], str], ...] = (
    (cirq.Rx, "rx"),
    (cirq.Ry, "ry"),
    (cirq.Rz, "rz"),
    (cirq.ZPowGate, "p"),
    (cirq.CZPowGate, "cp"),
    (cirq.ZZPowGate, "rzz"),
    (cirq.XXPowGate, "rxx"),
    (cirq.YYPowGate, "ryy"),
)
_CONTROLLED = {"rx": "crx", "ry": "cry", "rz": "crz", "u": "cu"}


class TypedNoise:
    """The same errors on every qubit. Raises RunnerError for what contradicts itself, or what engine cirq has not."""

    def __init__(self, options: NoiseOptions) -> None:
        if options.device is not None:
            raise invalid_spec(
                f"noise.device: {options.device}: engine cirq has typed errors only; use a backend whose engine is aer"
            )
        self._one = noise_fields.probability("oneQubit", options.one_qubit)
        self._two = noise_fields.probability("twoQubit", options.two_qubit)
        self._flip = noise_fields.probability("readout", options.readout)
        self._t1 = noise_fields.time("t1", options.t1) * 1e3
        self._t2 = min(noise_fields.time("t2", options.t2) * 1e3, 2 * self._t1)
        times = by_one_name(options.gate_times)
        self._durations = {name: noise_fields.time(f"gateTimes.{name}", text) for name, text in times.items()}
        if options.t2 is not None and noise_fields.time("t2", options.t2) * 1e3 > 2 * self._t1:
            raise invalid_spec(f"noise.t2: {options.t2} exceeds twice t1 {options.t1}; no qubit does that: lower t2")
        if bool(self._durations) != (options.t1 is not None or options.t2 is not None):
            raise invalid_spec(
                "noise.gateTimes: t1 and t2 act during gateTimes; give gateTimes with t1 or t2, and only then"
            )

    def provenance(self) -> NoiseModel:
        return NoiseModel("typed")

    @property
    def readout(self) -> tuple[float, float]:
        """p(0|1) and p(1|0) of every qubit."""
        return self._flip, self._flip

    def small(self, circuit: cirq.Circuit) -> cirq.Circuit:
        """Gates on three or more qubits as gates on one and two, for which errors are defined."""

        def kept(operation: cirq.Operation) -> bool:
            return len(operation.qubits) <= 2 or cirq.is_measurement(operation)

        return cirq.Circuit(cirq.decompose(each, keep=kept, on_stuck_raise=None) for each in circuit.all_operations())

    def refuse_untouched(self, circuit: cirq.Circuit) -> None:
        """Raises RunnerError where a term touches no gate of the circuit."""
        gates = [each for each in circuit.all_operations() if _is_gate(each)]
        widths, names = {len(gate.qubits) for gate in gates}, {name_of(gate) for gate in gates}
        if max(widths, default=0) > 2:
            raise invalid_spec(
                "noise: no error is defined for a gate on more than two qubits that Cirq cannot decompose"
            )
        noise_fields.refuse_untouched(self._one, self._two, self._durations, widths, names)

    def applied(self, circuit: cirq.Circuit) -> cirq.Circuit:
        """The circuit with a channel after each gate that has an error, and measurements that err."""
        return cirq.Circuit(self._noisy(each) for each in circuit.all_operations())

    def _noisy(self, operation: cirq.Operation) -> Iterator[cirq.Operation]:
        if cirq.is_measurement(operation):
            yield self._confused(operation)
            return
        yield operation
        if not _is_gate(operation):
            return
        # what is not applied does not err: the condition of a gate is that of its error
        for channel in self._errors(operation):
            yield channel.with_classical_controls(*operation.classical_controls)

    def _errors(self, operation: cirq.Operation) -> Iterator[cirq.Operation]:
        qubits = operation.qubits
        p = self._one if len(qubits) == 1 else self._two
        if p:
            dimension = 4 ** len(qubits)
            # Cirq counts Pauli errors; a state that is replaced keeps its own in one case of 4^n
            yield cirq.depolarize(p * (dimension - 1) / dimension, n_qubits=len(qubits))(*qubits)
        duration = self._durations.get(name_of(operation), 0.0)
        if duration:
            decay = math.exp(-duration / self._t1)
            # 1 - (exp(-t/T2))^2 / exp(-t/T1), of which either may be too small for a number
            dephasing = max(0.0, -math.expm1(duration / self._t1 - 2 * duration / self._t2))
            for qubit in qubits:
                yield cirq.amplitude_damp(1 - decay)(qubit)
                yield cirq.phase_damp(dephasing)(qubit)

    def _confused(self, operation: cirq.Operation) -> cirq.Operation:
        gate = operation.gate
        if not self._flip or not isinstance(gate, cirq.MeasurementGate):
            return operation
        flip = np.array([[1 - self._flip, self._flip], [self._flip, 1 - self._flip]])
        confused = {(place,): flip for place in range(len(operation.qubits))}
        return cirq.MeasurementGate(
            len(operation.qubits), key=gate.mkey, invert_mask=gate.invert_mask, confusion_map=confused
        )(*operation.qubits)


def name_of(operation: cirq.Operation) -> str:
    """The gate's name as the source has it; of Cirq's own circuits, and of what a larger gate is decomposed into, that
    of the gate libraries; u for another one-qubit gate, and its kind's for others.
    """
    given = operation.without_classical_controls()
    for tag in given.tags:
        if isinstance(tag, Written):
            return one_name(tag.name)
    gate = given.untagged.gate
    for known, name in _NAMES:
        if gate == known:
            return name
    if isinstance(gate, cirq.ControlledGate) and len(operation.qubits) == 2:
        inner = name_of(gate.sub_gate(operation.qubits[1]))
        return _CONTROLLED.get(inner, f"c{inner}")
    for kind, name in _KINDS:
        if isinstance(gate, kind):
            return name
    return "u" if len(operation.qubits) == 1 else type(gate).__name__


def _is_gate(operation: cirq.Operation) -> bool:
    return not cirq.is_measurement(operation) and cirq.has_unitary(operation.without_classical_controls())
