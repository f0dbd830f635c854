"""QPY by its header, Cirq's JSON by counting: neither is built."""

import contextlib
import io
import json
import struct
import time

import cirq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qpy

from qee.api.reasons import Reason
from qee.circuits import Limits, ScanError
from qee.circuits.cirq_json import scan_cirq_json
from qee.circuits.qpy.scan import OLDEST, read_header


def qpy_bytes(version: int, circuits: int = 1) -> bytes:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    buffer = io.BytesIO()
    qpy.dump([circuit] * circuits, buffer, version=version)
    return buffer.getvalue()


@pytest.mark.parametrize("version", range(OLDEST, qpy.QPY_VERSION + 1))
def test_every_version_that_qiskit_writes_is_read(version: int) -> None:
    header = read_header(qpy_bytes(version, circuits=3))
    assert (header.version, header.programs) == (version, 3)
    assert header.qiskit[0] == 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.INVALID_CIRCUIT),
        (b"QISKI", Reason.INVALID_CIRCUIT),
        (b"QISKIT", Reason.INVALID_CIRCUIT),
        (b"OPENQASM 3;", Reason.INVALID_CIRCUIT),
        (qpy_bytes(13)[:15], Reason.INVALID_CIRCUIT),
        (b"QISKIT\x0c" + qpy_bytes(13)[7:], Reason.UNSUPPORTED_CONSTRUCT),
        (b"QISKIT\xff" + qpy_bytes(13)[7:], Reason.UNSUPPORTED_CONSTRUCT),
        (struct.pack("!6sBBBBQc", b"QISKIT", 13, 1, 4, 0, 1, b"e"), Reason.UNSUPPORTED_CONSTRUCT),
        (struct.pack("!6sBBBBQc", b"QISKIT", 13, 1, 4, 0, 0, b"p"), Reason.CIRCUIT_TOO_LARGE),
        (struct.pack("!6sBBBBQc", b"QISKIT", 13, 1, 4, 0, 2**63, b"p"), Reason.CIRCUIT_TOO_LARGE),
    ],
)
def test_other_headers_are_refused(data: bytes, reason: Reason) -> None:
    with pytest.raises(ScanError) as caught:
        read_header(data)
    assert caught.value.reason == reason


Q = cirq.LineQubit.range(3)


def repeated(levels: int, repetitions: int) -> cirq.Circuit:
    inner = cirq.FrozenCircuit(cirq.X(Q[0]), cirq.CX(Q[0], Q[1]))
    for _ in range(levels):
        inner = cirq.FrozenCircuit(cirq.CircuitOperation(inner, repetitions=repetitions))
    return cirq.Circuit(cirq.CircuitOperation(inner), cirq.measure(*Q, key="m"))


def doubled(levels: int) -> cirq.Circuit:
    inner = cirq.FrozenCircuit(cirq.X(Q[0]) ** 0.5)
    for _ in range(levels):
        inner = cirq.FrozenCircuit(cirq.CircuitOperation(inner), cirq.CircuitOperation(inner))
    return cirq.Circuit(cirq.CircuitOperation(inner))


@pytest.mark.parametrize(
    "circuit",
    [
        cirq.Circuit(cirq.H(Q[0]), cirq.CX(*Q[:2]), cirq.measure(*Q[:2], key="m")),
        repeated(2, 3),
        repeated(3, -2),
        doubled(6),
        cirq.Circuit(
            cirq.measure(Q[0], key="a"), cirq.X(Q[1]).with_classical_controls("a"), cirq.X(Q[2]).with_tags("t")
        ),
        cirq.Circuit(cirq.ControlledOperation([Q[0]], cirq.Y(Q[1])), cirq.PauliString({Q[2]: cirq.X})),
        cirq.testing.random_circuit(5, 10, 0.7, random_state=3),
    ],
)
def test_operations_equal_what_cirq_unrolls_to(circuit: cirq.Circuit) -> None:
    found = scan_cirq_json(cirq.to_json(circuit), Limits())
    unrolled = cirq.unroll_circuit_op(circuit, deep=True, tags_to_check=None)
    assert found.operations == len(list(unrolled.all_operations()))
    assert found.qubits == len(circuit.all_qubits())
    assert found.measured == bool(circuit.all_measurement_key_names())


def test_a_measured_key_is_a_register() -> None:
    circuit = cirq.Circuit(cirq.measure(*Q, key="m"), cirq.measure(Q[0], key="n"))
    assert scan_cirq_json(cirq.to_json(circuit), Limits()).registers == (("m", 3), ("n", 1))


@pytest.mark.parametrize("circuit", [repeated(4, 100), doubled(20), repeated(1, 10**9)])
def test_circuits_inside_one_another_are_refused_before_they_cost_anything(circuit: cirq.Circuit) -> None:
    text = cirq.to_json(circuit, indent=None)
    began = time.process_time()
    with pytest.raises(ScanError) as caught:
        scan_cirq_json(text, Limits())
    assert caught.value.reason == Reason.CIRCUIT_TOO_LARGE
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.INVALID_CIRCUIT),
        ("[]", Reason.INVALID_CIRCUIT),
        ("{}", Reason.INVALID_CIRCUIT),
        ("NaN", Reason.INVALID_CIRCUIT),
        ('{"cirq_type": "Moment"}', Reason.INVALID_CIRCUIT),
        ('{"cirq_type": "REF", "key": 1}', Reason.INVALID_CIRCUIT),
        ('{"cirq_type": "Circuit", "moments": []}', Reason.INVALID_CIRCUIT),
        ('{"cirq_type": "pandas.DataFrame"}', Reason.UNSUPPORTED_CONSTRUCT),
        ('{"cirq_type": ["Circuit"]}', Reason.UNSUPPORTED_CONSTRUCT),
        ("[" * 100_000, Reason.CIRCUIT_TOO_LARGE),
        ('{"a":' * 100_000, Reason.CIRCUIT_TOO_LARGE),
        ("[" + "[]," * 200_000 + "[]]", Reason.CIRCUIT_TOO_LARGE),
        ("9" * 100_000, Reason.CIRCUIT_TOO_LARGE),
        ('"' + "[" * 100_000, Reason.INVALID_CIRCUIT),
        ('"\\' * 100_000, Reason.INVALID_CIRCUIT),
    ],
)
def test_what_is_no_circuit_is_refused(text: str, reason: Reason) -> None:
    began = time.process_time()
    with pytest.raises(ScanError) as caught:
        scan_cirq_json(text, Limits())
    assert caught.value.reason == reason
    assert time.process_time() - began < 2


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["cirq_type", "key", "val", "moments", "operations", "circuit", "repetitions"]), inner
        ),
        st.builds(
            lambda kind, rest: {"cirq_type": kind, **rest},
            st.sampled_from(["Circuit", "Moment", "CircuitOperation", "VAL", "REF", "LineQubit", "MeasurementGate"]),
            st.dictionaries(
                st.sampled_from(["key", "val", "operations", "circuit", "repetitions", "num_qubits"]), inner
            ),
        ),
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(document=JSON)
def test_any_json_gives_a_scan_or_a_scan_error(document: object) -> None:
    with contextlib.suppress(ScanError):
        assert scan_cirq_json(json.dumps(document), Limits()).qubits > 0
