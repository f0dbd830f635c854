"""Snapshots of devices: whole, physical, and found by name."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from qee.devices import UnknownDeviceError, names, snapshot

EVERY = pytest.mark.parametrize("name", names())


def test_devices_of_several_sizes_are_there() -> None:
    assert {name: snapshot(name).qubits for name in names()} == {
        "fake_brisbane": 127,
        "fake_guadalupe": 16,
        "fake_manila": 5,
        "fake_montreal": 27,
        "fake_perth": 7,
    }


def test_an_unknown_name_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(
        UnknownDeviceError, match=r"device 'fake_bogus' is not known; known are fake_brisbane, .*manila"
    ):
        snapshot("fake_bogus")


@pytest.mark.parametrize("name", ["../devices", "", "fake_manila.json", "FAKE_MANILA"])
def test_a_name_is_no_path(name: str) -> None:
    with pytest.raises(UnknownDeviceError):
        snapshot(name)


@EVERY
def test_figures_are_physical(name: str) -> None:
    device = snapshot(name)
    assert len(device.t1) == len(device.t2) == len(device.readout) == device.qubits
    assert all(1 < time < 2000 for time in (*device.t1, *device.t2)), "microseconds"
    assert all(0 <= p <= 0.5 for pair in device.readout for p in pair)
    assert set(device.basis_gates) == set(device.gates) >= {"rz", "sx", "x"}
    for table in device.gates.values():
        for qubits, gate in table.items():
            assert all(0 <= qubit < device.qubits for qubit in qubits)
            assert 0 <= gate.error < 1
            assert 0 <= gate.duration < 5000, "nanoseconds"
    assert all(gate.error == 0 == gate.duration for gate in device.gates["rz"].values()), "a change of frame"


@EVERY
def test_every_qubit_can_be_reached_from_every_other(name: str) -> None:
    device = snapshot(name)
    reached, pending = {0}, [0]
    while pending:
        qubit = pending.pop()
        near = {b for a, b in device.coupling if a == qubit} | {a for a, b in device.coupling if b == qubit}
        pending += near - reached
        reached |= near
    assert reached == set(range(device.qubits))


@EVERY
def test_a_snapshot_says_where_it_comes_from(name: str) -> None:
    device = snapshot(name)
    assert device.name == name
    assert datetime.fromisoformat(device.calibration_time).tzinfo == UTC
    assert device.source["package"] == "qiskit-ibm-runtime"
    assert device.source["version"]
    assert "Apache-2.0" in device.source["licence"]


def test_nothing_but_the_standard_library_is_imported() -> None:
    probe = "import sys; import qee.devices as d; d.snapshot('fake_manila'); print(*(m for m in sys.modules))"
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not {"numpy", "qiskit", "pydantic", "qiskit_ibm_runtime"} & set(found.stdout.split())
