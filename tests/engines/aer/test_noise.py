"""Noise models of engine aer: the channels of a device, and what is refused by name."""

import math

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, QuantumRegister
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Kraus, SuperOp, average_gate_fidelity
from qiskit.transpiler import InstructionProperties, QubitProperties, Target
from qiskit_aer.noise import QuantumError
from qiskit_aer.noise.device import basic_device_gate_errors

from qee.api.reasons import Reason
from qee.devices import Device, names, snapshot
from qee.documents import NoiseOptions
from qee.runner.engines.aer.channels import Noise
from qee.runner.engines.aer.noise import DeviceNoise, noise_of
from qee.sdk.errors import RunnerError


def channels(circuit: QuantumCircuit) -> list[QuantumError]:
    return [each.operation._quantum_error for each in circuit.data if each.operation.name == "quantum_channel"]


def one_gate(name: str, qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits)
    circuit.append(get_standard_gate_name_mapping()[name], range(qubits))
    return circuit


def target_of(device: Device) -> Target:
    """As Qiskit Runtime's fake backends describe themselves to Aer."""
    times = zip(device.t1, device.t2, strict=True)
    target = Target(
        num_qubits=device.qubits, qubit_properties=[QubitProperties(t1 * 1e-6, t2 * 1e-6) for t1, t2 in times]
    )
    for name, table in device.gates.items():
        properties = {q: InstructionProperties(gate.duration * 1e-9, gate.error) for q, gate in table.items()}
        target.add_instruction(get_standard_gate_name_mapping()[name], properties)
    return target


@pytest.mark.parametrize("name", ["fake_manila", "fake_perth"])
def test_a_device_has_the_channels_that_qiskit_aer_makes_of_its_calibration(name: str) -> None:
    device = snapshot(name)
    noise = DeviceNoise(device)
    theirs = {
        (gate, tuple(qubits)): error for gate, qubits, error in basic_device_gate_errors(target=target_of(device))
    }
    assert {gate for gate, _ in theirs} == {"cx", "id", "sx", "x"}
    for (gate, qubits), error in theirs.items():
        (mine,) = channels(noise.applied(one_gate(gate, len(qubits)), qubits))
        assert np.allclose(SuperOp(mine).data, SuperOp(error).data, atol=1e-10), (gate, qubits)


@pytest.mark.parametrize("name", names())
def test_the_average_gate_error_is_the_reported_one_or_what_relaxation_alone_makes(name: str) -> None:
    device = snapshot(name)
    noise = DeviceNoise(device)
    for gate, table in device.gates.items():
        for qubits in list(table)[:4]:
            circuit = one_gate(gate, len(qubits))
            found = channels(noise.applied(circuit, qubits))
            error = 1 - average_gate_fidelity(SuperOp(found[0])) if found else 0.0
            assert error >= table[qubits].error - 1e-9
            assert noise.success(circuit, qubits) == pytest.approx(1 - error, abs=1e-9)


def test_a_change_of_frame_is_noiseless() -> None:
    circuit = QuantumCircuit(1)
    circuit.rz(0.3, 0)
    assert channels(DeviceNoise(snapshot("fake_manila")).applied(circuit, [0])) == []


def typed(**fields: object) -> Noise:
    noise = noise_of(NoiseOptions(**fields))  # type: ignore[arg-type]
    assert noise is not None
    return noise


def test_a_delay_relaxes_for_its_duration() -> None:
    circuit = QuantumCircuit(1)
    circuit.delay(2, 0, unit="us")
    (found,) = channels(typed(t1="50", t2="30", gate_times={"x": "30"}).applied(circuit))
    plus = np.full((2, 2), 0.5)
    after = np.asarray(plus.reshape(4) @ SuperOp(found).data.T).reshape(2, 2)
    assert abs(after[0, 1]) == pytest.approx(0.5 * math.exp(-2 / 30))
    assert [each.operation.name for each in DeviceNoise(snapshot("fake_manila")).applied(circuit, [1]).data] == [
        "delay",
        "quantum_channel",
    ]


def test_a_delay_without_a_unit_of_time_is_refused() -> None:
    circuit = QuantumCircuit(1)
    circuit.delay(100, 0, unit="dt")
    with pytest.raises(RunnerError, match="a delay under noise needs a duration in s, ms, us or ns"):
        DeviceNoise(snapshot("fake_manila")).applied(circuit, [0])


def test_one_error_is_one_instruction_however_often_it_occurs() -> None:
    circuit = QuantumCircuit(3)
    for _ in range(5):
        circuit.cx(0, 1)
        circuit.cx(1, 2)
    found = channels(typed(two_qubit="0.1").applied(circuit))
    assert len(found) == 10
    assert len({error.id for error in found}) == 1


def test_parameters_stay_unbound_under_noise() -> None:
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("theta"), 0)
    noisy = typed(one_qubit="0.1").applied(circuit)
    assert [parameter.name for parameter in noisy.parameters] == ["theta"]
    assert len(channels(noisy)) == 1


def test_the_estimated_success_is_the_product_of_fidelities() -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    noise = typed(one_qubit="0.02", two_qubit="0.1", readout="0.03")
    assert noise.success(circuit) == pytest.approx((1 - 0.02 / 2) * (1 - 0.1 * 3 / 4) * 0.97**2)
    device = snapshot("fake_manila")
    native = QuantumCircuit(2, 1)
    native.cx(0, 1)
    native.measure(0, 0)
    readout = 1 - sum(device.readout[1]) / 2
    expected = (1 - device.gates["cx"][1, 0].error) * readout
    assert DeviceNoise(device).success(native, (1, 0)) == pytest.approx(expected)


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(2, "q"))
    circuit.h(0)
    circuit.cx(0, 1)
    return circuit


def ones() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.x(0)
    return circuit


@pytest.mark.parametrize(
    ("fields", "circuit", "message"),
    [
        ({"two_qubit": "0.1"}, ones(), r"noise\.twoQubit: the circuit has no two-qubit gate"),
        ({"one_qubit": "0.1"}, one_gate("cz", 2), r"noise\.oneQubit: the circuit has no one-qubit gate"),
        (
            {"t1": "50", "gate_times": {"h": "30", "cz": "300"}},
            bell(),
            r"noise\.gateTimes\.cz: the circuit has no gate cz, its gates are cx, h; name one of these",
        ),
        ({"two_qubit": "0.1"}, one_gate("ccx", 3), r"no error is defined for gate ccx, which has more than two qubits"),
    ],
)
def test_a_term_that_touches_no_gate_fails_by_name(
    fields: dict[str, object], circuit: QuantumCircuit, message: str
) -> None:
    with pytest.raises(RunnerError, match=message) as caught:
        typed(**fields).refuse_untouched(circuit)
    assert caught.value.reason is Reason.INVALID_SPEC


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"one_qubit": "1.5"}, r"noise\.oneQubit: 1\.5 is no probability; give one from 0 to 1"),
        ({"two_qubit": "-0.1"}, r"noise\.twoQubit: -0\.1 is no probability"),
        ({"readout": "nan"}, r"noise\.readout: nan is no probability"),
        ({"t1": "0", "gate_times": {"x": "30"}}, r"noise\.t1: 0 is no time above 0"),
        ({"t2": "-1", "gate_times": {"x": "30"}}, r"noise\.t2: -1 is no time above 0"),
        ({"t1": "50", "gate_times": {"x": "0"}}, r"noise\.gateTimes\.x: 0 is no time above 0"),
        ({"t1": "50", "t2": "101", "gate_times": {"x": "30"}}, r"noise\.t2: 101 exceeds twice t1 50"),
        ({"t1": "50"}, r"noise\.gateTimes: t1 and t2 act during gateTimes; give both, or neither"),
        ({"gate_times": {"x": "30"}}, r"noise\.gateTimes: t1 and t2 act during gateTimes"),
        ({"device": "fake_bogus"}, r"noise\.device: device 'fake_bogus' is not known; known are fake_brisbane, "),
    ],
)
def test_a_bad_value_is_refused_with_field_value_and_remedy(fields: dict[str, object], message: str) -> None:
    with pytest.raises(RunnerError, match=message) as caught:
        typed(**fields)
    assert caught.value.reason is Reason.INVALID_SPEC


def test_channels_are_trace_preserving() -> None:
    device = snapshot("fake_brisbane")
    noise = DeviceNoise(device)
    for qubits in list(device.gates["ecr"])[:5]:
        (found,) = channels(noise.applied(one_gate("ecr", 2), qubits))
        assert Kraus(SuperOp(found)).is_cptp(atol=1e-7)
