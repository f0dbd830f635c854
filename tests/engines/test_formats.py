"""QPY on engine aer and Cirq's JSON on engine cirq: bit order, parameters, and what is refused by name."""

import base64
import contextlib
import io
import math
import struct

import cirq
import numpy as np
import pytest
import sympy
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qpy
from qiskit.circuit import Clbit, Gate, Parameter, ParameterVector
from qiskit.circuit.library import PauliEvolutionGate, QFTGate
from qiskit.quantum_info import SparsePauliOp, Statevector

from qee.api.reasons import Reason
from qee.documents.run import CircuitRun
from qee.runner.engines import load
from qee.sdk.errors import RunnerError
from qee.sdk.limits import Room
from qee.sdk.outcomes import Execution, Options, Task

ROOM = Room(threads=1, memory=512 * 1_048_576)
VERSIONS = range(13, qpy.QPY_VERSION + 1)


def qpy_data(circuit: QuantumCircuit, version: int = qpy.QPY_VERSION) -> bytes:
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer, version=version)
    return buffer.getvalue()


def run(engine: str, format: str, source: str, outputs: tuple[str, ...] = ("counts",), **values: float) -> Execution:
    columns = {name: (repr(value),) for name, value in values.items()}
    loaded = load(engine, Options(outputs=outputs), ROOM)
    program = loaded.parse(CircuitRun("c", format, source, 64, parameters=columns))
    return loaded.execute(program, Task(64, 5, values))


def run_qpy(circuit: QuantumCircuit, version: int = qpy.QPY_VERSION, **more: object) -> Execution:
    return run("aer", "qpy", base64.b64encode(qpy_data(circuit, version)).decode(), **more)  # type: ignore[arg-type]


def run_cirq(circuit: cirq.AbstractCircuit, **more: object) -> Execution:
    return run("cirq", "cirq-json", cirq.to_json(circuit), **more)  # type: ignore[arg-type]


def named(execution: Execution) -> dict[str, int]:
    return {register.name: register.size for register in execution.registers}


@pytest.mark.parametrize("version", VERSIONS)
def test_qpy_of_every_version_keeps_bits_registers_and_loose_bits(version: int) -> None:
    circuit = QuantumCircuit(QuantumRegister(4), ClassicalRegister(2, "a"), [Clbit()], ClassicalRegister(1, "b"))
    circuit.x([0, 2])
    circuit.measure(range(4), range(4))
    found = run_qpy(circuit, version)
    assert named(found) == {"a": 2, "bits": 1, "b": 1}
    assert found.counts == {0b0101: 64}


@pytest.mark.parametrize("version", VERSIONS)
def test_parameters_and_elements_of_vectors_keep_their_names(version: int) -> None:
    vector, angle = ParameterVector("t", 2), Parameter("θ")
    circuit = QuantumCircuit(2, 2)
    circuit.rx(2 * vector[0], 0)
    circuit.ry(vector[1] + angle, 1)
    circuit.measure([0, 1], [0, 1])
    found = run_qpy(circuit, version, **{"t[0]": np.pi / 2, "t[1]": 1.0, "θ": -1.0})
    assert found.counts == {0b01: 64}


def test_control_flow_of_qpy_runs() -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    with circuit.for_loop(range(3)):
        circuit.x(0)
    with circuit.switch(circuit.cregs[0]) as case:
        with case(1):
            circuit.x(0)
        with case(case.DEFAULT):
            circuit.y(1)
    circuit.measure([0, 1], [0, 1])
    assert run_qpy(circuit).counts == {0b11: 64}


def test_a_gate_of_the_file_is_not_taken_for_the_library_s_of_the_same_name() -> None:
    mine = QuantumCircuit(1, name="h")
    mine.x(0)
    circuit = QuantumCircuit(1, 1)
    circuit.append(mine.to_gate(), [0])
    circuit.measure(0, 0)
    assert run_qpy(circuit).counts == {1: 64}


def test_definitions_controls_and_synthesised_gates_give_qiskit_s_state() -> None:
    inner = QuantumCircuit(2, name="inner")
    inner.h(0)
    inner.cp(0.4, 0, 1)
    gate = inner.to_gate()
    circuit = QuantumCircuit(4)
    circuit.append(gate, [0, 1])
    circuit.append(gate.control(1, ctrl_state=0), [3, 1, 2])
    circuit.append(QFTGate(3), [0, 1, 2])
    circuit.unitary(np.array([[0, 1j], [1, 0]]), [3])
    circuit.mcx([0, 1, 2], 3)
    expected = Statevector(circuit).data
    found = run_qpy(circuit, outputs=("statevector",)).statevector
    assert abs(np.vdot(expected, found)) == pytest.approx(1, abs=1e-9)


def opaque() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.append(Gate("save_statevector", 1, []), [0])
    circuit.measure(0, 0)
    return circuit


def evolution() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.append(PauliEvolutionGate(SparsePauliOp("X"), 1.0), [0])
    return circuit


def boxed() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    with circuit.box():
        circuit.x(0)
    return circuit


@pytest.mark.parametrize(
    ("circuit", "said"),
    [
        (opaque(), "no definition"),
        (evolution(), "PauliEvolutionGate"),
        (boxed(), "a box"),
    ],
)
def test_what_qpy_may_not_hold_is_refused_by_name(circuit: QuantumCircuit, said: str) -> None:
    with pytest.raises(RunnerError, match=said):
        run_qpy(circuit)


def test_bits_that_two_registers_share_are_refused() -> None:
    bits = [Clbit(), Clbit()]
    circuit = QuantumCircuit(QuantumRegister(1), bits, ClassicalRegister(bits=bits), ClassicalRegister(bits=bits[:1]))
    circuit.measure(0, 0)
    with pytest.raises(RunnerError, match="share classical bits"):
        run_qpy(circuit)


@pytest.mark.parametrize("source", ["", "QISKIT", "####", base64.b64encode(b"QISKIT\x0c" + bytes(20)).decode()])
def test_what_is_no_qpy_is_refused(source: str) -> None:
    with pytest.raises(RunnerError):
        run("aer", "qpy", source)


def test_each_binary_format_has_its_engine() -> None:
    for engine, format in (("cirq", "qpy"), ("aer", "cirq-json")):
        with pytest.raises(RunnerError, match=r"use a backend (whose engine is aer|that reads it)") as caught:
            run(engine, format, "")
        assert caught.value.reason is Reason.UNSUPPORTED_CONSTRUCT


def test_mutated_qpy_is_loaded_or_refused() -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.rx(Parameter("a"), 0)
    circuit.unitary(np.eye(2), [1])
    inner = QuantumCircuit(1, name="inner")
    inner.x(0)
    circuit.append(inner.to_gate().control(1), [0, 1])
    with circuit.if_test((circuit.clbits[0], 0)):
        circuit.x(1)
    circuit.measure([0, 1], [0, 1])
    random = np.random.default_rng(11)
    from qee.sdk.qiskit.qpy import load_qpy

    for version in (13, 18):
        data = qpy_data(circuit, version)
        for _ in range(1500):
            changed = bytearray(data)
            for _ in range(int(random.integers(1, 4))):
                changed[int(random.integers(len(changed)))] = int(random.integers(256))
            with contextlib.suppress(RunnerError):
                load_qpy(base64.b64encode(bytes(changed)).decode())


def test_an_array_of_objects_never_reaches_numpy() -> None:
    circuit = QuantumCircuit(1)
    circuit.unitary(np.eye(2), [0])
    data = qpy_data(circuit)
    assert b"'<c16'" in data
    with pytest.raises(RunnerError, match="array of objects"):
        run("aer", "qpy", base64.b64encode(data.replace(b"'<c16'", b"'|O'  ")).decode())


Q = cirq.LineQubit.range(4)


def test_a_key_is_a_register_and_its_first_qubit_is_bit_0() -> None:
    circuit = cirq.Circuit(cirq.X(Q[0]), cirq.X(Q[3]), cirq.measure(*Q[:3], key="m"), cirq.measure(Q[3], key="n"))
    found = run_cirq(circuit)
    assert named(found) == {"m": 3, "n": 1}
    assert found.counts == {0b1001: 64}
    mirrored = cirq.Simulator(seed=1).run(circuit).data["m"][0]
    assert mirrored == 0b100  # Cirq's own integer has the first qubit in front


def test_qubits_are_in_cirq_s_sorted_order() -> None:
    a, b = cirq.NamedQubit("a"), cirq.NamedQubit("b")
    found = run_cirq(cirq.Circuit(cirq.X(b), cirq.I(a)), outputs=("statevector",))
    assert np.allclose(found.statevector, [0, 0, 1, 0])


def test_symbols_are_parameters_and_keys_condition_gates() -> None:
    circuit = cirq.Circuit(
        cirq.rx(sympy.Symbol("theta")).on(Q[0]),
        cirq.measure(Q[0], key="m"),
        cirq.X(Q[1]).with_classical_controls("m").with_tags("tag"),
        cirq.measure(Q[1], key="n"),
    )
    assert run_cirq(circuit, theta=np.pi).counts == {0b11: 64}
    assert run_cirq(circuit, theta=0.0).counts == {0b00: 64}


def test_of_a_key_measured_twice_the_last_outcome_counts() -> None:
    circuit = cirq.Circuit(cirq.measure(Q[0], key="m"), cirq.X(Q[0]), cirq.measure(Q[0], key="m"))
    assert run_cirq(circuit).counts == {1: 64}


def test_circuit_operations_are_expanded() -> None:
    inner = cirq.FrozenCircuit(cirq.X(Q[0]))
    circuit = cirq.Circuit(cirq.CircuitOperation(inner, repetitions=3), cirq.measure(Q[0]))
    assert run_cirq(circuit.freeze()).counts == {1: 64}


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (cirq.depolarize(0.1)(Q[0]), "noise channel"),
        (cirq.measure(cirq.LineQid(0, 3), key="d"), "qudit"),
        (cirq.measure(Q[0], key="i", invert_mask=(True,)), "invert_mask"),
        (cirq.measure_single_paulistring(cirq.X(Q[0]) * cirq.Z(Q[1]), key="p"), "Pauli string"),
        (cirq.CircuitOperation(cirq.FrozenCircuit(cirq.X(Q[0])), repetitions=10**9), "expand to more than"),
    ],
)
def test_what_cirq_s_json_may_not_hold_is_refused_by_name(operation: cirq.Operation, said: str) -> None:
    with pytest.raises(RunnerError, match=said):
        run_cirq(cirq.Circuit(operation, cirq.measure(Q[1], key="last")))


@pytest.mark.parametrize(
    "source", ["", "{}", "[]", cirq.to_json(Q[0]), '{"cirq_type": "Nothing"}', "[" * 100_000, '{"cirq_type": "os.x"}']
)
def test_what_is_no_circuit_of_cirq_is_refused(source: str) -> None:
    with pytest.raises(RunnerError):
        run("cirq", "cirq-json", source)


def test_mutated_json_is_loaded_or_refused() -> None:
    from qee.sdk.cirq.json_reading import load_cirq_json

    text = cirq.to_json(cirq.Circuit(cirq.X(Q[0]) ** 0.5, cirq.CX(*Q[:2]), cirq.measure(*Q[:2], key="m")))
    random = np.random.default_rng(12)
    for _ in range(200):
        at = int(random.integers(len(text)))
        letter = chr(int(random.integers(32, 127)))
        with contextlib.suppress(RunnerError):
            load_cirq_json(text[:at] + letter + text[at + 1 :])


def test_huge_numbers_in_a_header_cost_nothing() -> None:
    data = bytearray(qpy_data(QuantumCircuit(1), 13))
    start = data.index(b"f\x00\x08") - 2
    struct.pack_into("!I", data, start + 5, 2**32 - 1)
    with pytest.raises(RunnerError, match="4294967295 qubits"):
        run("aer", "qpy", base64.b64encode(bytes(data)).decode())


def _nested(*, measures: bool) -> QuantumCircuit:
    inner = QuantumCircuit(1, int(measures), name="inner")
    inner.measure(0, 0) if measures else inner.reset(0)
    circuit = QuantumCircuit(2, int(measures))
    circuit.ry(1.0, 0)
    circuit.cx(0, 1)
    circuit.append(inner.to_instruction(), [0], [0] if measures else [])
    return circuit


def test_a_reset_within_an_instruction_leaves_a_mixture_and_no_random_state() -> None:
    found = run_qpy(_nested(measures=False), outputs=("probabilities",))
    one = math.sin(0.5) ** 2
    assert found.probabilities == pytest.approx([1 - one, 0, one, 0], abs=1e-9)
    with pytest.raises(RunnerError, match="under reset the state differs"):
        run_qpy(_nested(measures=False), outputs=("statevector",))


def test_a_measurement_within_an_instruction_is_one() -> None:
    found = run_qpy(_nested(measures=True), outputs=("counts", "probabilities", "statevector"))
    assert set(found.counts or {}) == {0, 1}
    assert found.probabilities == pytest.approx([math.cos(0.5) ** 2, math.sin(0.5) ** 2], abs=1e-9)
    assert np.abs(found.statevector) == pytest.approx([math.cos(0.5), 0, 0, math.sin(0.5)], abs=1e-9)


_CONDITIONS = (
    *(cirq.KeyCondition(cirq.MeasurementKey("a"), index) for index in (0, 1, -1, -2)),
    *(
        cirq.BitMaskKeyCondition("a", index, value, True, mask)
        for index in (0, -1)
        for value in (0, 1)
        for mask in (1, 3)
    ),
    cirq.SympyCondition(sympy.Eq(sympy.Symbol("a"), 0)),
)


@pytest.mark.parametrize("condition", _CONDITIONS, ids=str)
def test_a_condition_means_what_it_does_before_it_is_written_or_is_refused(condition: cirq.Condition) -> None:
    circuit = cirq.Circuit(
        cirq.X(Q[0]),
        cirq.measure(Q[0], key="a"),
        cirq.measure(Q[1], key="a"),
        cirq.X(Q[2]).with_classical_controls(condition),
        cirq.measure(Q[2], key="out"),
    )
    meant = int(cirq.Simulator(seed=1).run(circuit).records["out"][0, -1, 0])
    try:
        found = run_cirq(circuit).counts
    except RunnerError as error:
        assert "does not read the field index of KeyCondition" in error.message  # noqa: PT017 (Cirq may learn it)
    else:
        assert found == {meant << 1: 64}  # bit 0 is what was last measured into a: 0


def test_a_field_that_cirq_s_reader_does_not_know_is_refused_by_name() -> None:
    text = cirq.to_json(cirq.Circuit(cirq.X(Q[0]) ** 0.5, cirq.measure(Q[0], key="m")), indent=None)
    for kind in ("LineQubit", "XPowGate", "MeasurementGate", "Moment", "Circuit"):
        marked = f'"cirq_type": "{kind}"'
        assert marked in text
        with pytest.raises(RunnerError, match=f"does not read the field later of {kind}|is no JSON that Cirq reads"):
            run("cirq", "cirq-json", text.replace(marked, f'{marked}, "later": 1'))


def test_what_a_circuit_names_once_is_compared_once() -> None:
    inner = cirq.FrozenCircuit(cirq.X(Q[0]))
    for _ in range(8):
        inner = cirq.FrozenCircuit(cirq.CircuitOperation(inner), cirq.CircuitOperation(inner))
    circuit = cirq.Circuit(cirq.CircuitOperation(inner), cirq.measure(Q[0]))
    assert run_cirq(circuit).counts == {0: 64}
