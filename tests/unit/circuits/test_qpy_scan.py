"""The scanner on QPY: what it counts, what it refuses, and that no bytes make it fail or wait."""

import contextlib
import io
import struct
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qpy
from qiskit.circuit import Parameter, ParameterVector

from qee.api.reasons import Reason
from qee.circuits import Limits, ScanError, scan
from qee.circuits.qpy.circuit import check

VERSIONS = range(13, qpy.QPY_VERSION + 1)


def data_of(circuits: QuantumCircuit | list[QuantumCircuit], version: int = qpy.QPY_VERSION) -> bytes:
    buffer = io.BytesIO()
    qpy.dump(circuits, buffer, version=version)
    return buffer.getvalue()


def rich() -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(3), ClassicalRegister(2, "a"), ClassicalRegister(1, "b"))
    inner = QuantumCircuit(2, name="inner")
    inner.h(0)
    inner.cx(0, 1)
    gate = inner.to_gate()
    circuit.rx(ParameterVector("t", 4)[2] + Parameter("p"), 0)
    circuit.append(gate, [0, 1])
    circuit.append(gate.control(1), [0, 1, 2])
    circuit.unitary(np.eye(2), [0])
    circuit.measure(0, 0)
    with circuit.for_loop(range(5)):
        circuit.x(0)
    with circuit.if_test((circuit.cregs[0], 1)):
        circuit.y(1)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def nested(levels: int) -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.x(0)
    for _ in range(levels):
        gate = circuit.to_gate()
        circuit = QuantumCircuit(1)
        circuit.append(gate, [0])
        circuit.append(gate, [0])
    return circuit


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_walked_to_its_end(version: int) -> None:
    found = scan("qpy", data_of(rich(), version))
    assert (found.qubits, found.classical_bits, found.version) == (3, 3, str(version))
    assert found.registers == (("a", 2), ("b", 1))
    assert set(found.inputs) == {"t[2]", "p"}
    assert (found.measured, found.feed_forward, found.clifford) == (True, True, False)
    assert {"for", "if", "gate"} <= found.constructs


def test_operations_are_multiplied_by_loops_and_definitions() -> None:
    circuit = QuantumCircuit(1)
    with circuit.for_loop(range(1000)):
        circuit.x(0)
    assert scan("qpy", data_of(circuit)).operations >= 1000
    assert scan("qpy", data_of(nested(5))).operations >= 32


@pytest.mark.parametrize(
    ("data", "limits", "reason", "said"),
    [
        (data_of([rich(), rich()]), Limits(), Reason.INVALID_CIRCUIT, "holds 2 circuits"),
        (data_of(rich()), Limits(max_qubits=2), Reason.CIRCUIT_TOO_LARGE, "3 qubits"),
        (data_of(rich()), Limits(max_classical_bits=2), Reason.CIRCUIT_TOO_LARGE, "3 classical bits"),
        (data_of(rich()), Limits(max_operations=3), Reason.CIRCUIT_TOO_LARGE, "instructions"),
        (data_of(rich()), Limits(max_bytes=100), Reason.CIRCUIT_TOO_LARGE, "bytes"),
        (data_of(rich()) + b"x", Limits(), Reason.INVALID_CIRCUIT, "follow the circuit"),
        (data_of(nested(8)), Limits(max_operations=200), Reason.CIRCUIT_TOO_LARGE, "expand"),
        (data_of(rich()).replace(b"YGate", b"AGate"), Limits(), Reason.UNSUPPORTED_CONSTRUCT, "AGate"),
        (data_of(QuantumCircuit()), Limits(), Reason.INVALID_CIRCUIT, "no qubits"),
    ],
)
def test_what_is_refused(data: bytes, limits: Limits, reason: Reason, said: str) -> None:
    with pytest.raises(ScanError, match=said) as caught:
        scan("qpy", data, limits)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("offset", "layout", "value"),
    [(5, "!I", 2**32 - 1), (9, "!I", 2**31), (25, "!Q", 10**9)],
    ids=["qubits", "classical bits", "instructions"],
)
def test_counts_in_the_header_are_held_against_the_bounds_first(offset: int, layout: str, value: int) -> None:
    """HEADER is name size 2, phase type 1 and size 2, qubits 4, bits 4, metadata 8, registers 4, instructions 8."""
    data = bytearray(data_of(rich(), 13))
    struct.pack_into(layout, data, 20 + offset, value)
    begin = time.process_time()
    with pytest.raises(ScanError) as caught:
        scan("qpy", bytes(data))
    assert caught.value.reason is Reason.CIRCUIT_TOO_LARGE
    assert time.process_time() - begin < 0.5


def test_registers_that_are_ranges_are_bounded_together() -> None:
    """From version 18 a register of 1,000 bits takes 16 bytes: 50,000 of them would be 50 million bits."""
    data = bytearray(data_of(QuantumCircuit(1000)))
    at = data.index(b"q\x01" + struct.pack("!I", 1000))
    register = bytes(data[at : at + 15])  # header of 10 bytes, its name q, where it starts
    struct.pack_into("!I", data, 28 + 21, 50_000)
    begin = time.process_time()
    with pytest.raises(ScanError, match="200000 bits in all"):
        scan("qpy", bytes(data[:at]) + register * 50_000 + bytes(data[at + 15 :]))
    assert time.process_time() - begin < 0.5


def test_a_loop_of_a_billion_rounds_is_refused() -> None:
    circuit = QuantumCircuit(1)
    body = QuantumCircuit(1)
    body.x(0)
    circuit.for_loop(range(10**9), None, body, [0], [])
    with pytest.raises(ScanError, match="expand to more than"):
        scan("qpy", data_of(circuit))


def test_every_truncation_is_refused() -> None:
    for version in (13, 18):
        data = data_of(rich(), version)
        for end in range(0, len(data), 3):
            with pytest.raises(ScanError):
                scan("qpy", data[:end])


SEEDS = {version: data_of(rich(), version) for version in (13, 15, 18)}


@settings(max_examples=400, deadline=None)
@given(
    version=st.sampled_from(sorted(SEEDS)),
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=5),
)
def test_flipped_bytes_give_an_answer_or_the_scanner_s_error(version: int, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SEEDS[version])
    for at, value in changes:
        data[at % len(data)] = value
    with contextlib.suppress(ScanError):  # the walk itself, without the scanner's safety net
        assert check(bytes(data))[1].operations >= 0


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_behind_a_good_header_are_refused_or_scanned(data: bytes) -> None:
    with contextlib.suppress(ScanError):
        check(SEEDS[13][:20] + data)


def test_names_that_a_few_bytes_refer_to_are_bounded() -> None:
    """740 kB of references to a vector's name of 64 KiB took 2.2 GiB."""
    elements = ParameterVector("n" * 257, 2)
    circuit = QuantumCircuit(1)
    circuit.rx(elements[0], 0)
    with pytest.raises(ScanError, match="a name has 257 bytes, 256 are possible"):
        scan("qpy", data_of(circuit))


def test_all_names_together_are_bounded() -> None:
    elements = ParameterVector("n" * 256, 4100)
    circuit = QuantumCircuit(1)
    for element in elements:
        circuit.rx(element, 0)
    with pytest.raises(ScanError, match="names have more than 1048576 bytes"):
        scan("qpy", data_of(circuit))
