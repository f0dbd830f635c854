"""What each engine says of a circuit for its picture: names, wires, controls, conditions."""

import base64
import io
from typing import Any

import cirq
import pytest
import sympy
from qiskit import QuantumCircuit, qpy

from qee.documents.result import Register
from qee.documents.run import CircuitRun
from qee.runner.engines import load
from qee.sdk import limits
from qee.sdk.diagram import Diagram, Operation
from qee.sdk.errors import RunnerError
from qee.sdk.outcomes import Options

HEAD = 'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; qubit a; bit[2] c; bit d; '


def diagram(engine: str, source: str, format: str = "openqasm3") -> Diagram:
    return load(engine, Options(), limits.room()).diagram(CircuitRun("one", format, source, 1))


def only(engine: str, statement: str) -> Operation:
    (found,) = diagram(engine, HEAD + statement).operations
    return found


def of_cirq(*operations: Any) -> tuple[Operation, ...]:
    return diagram("cirq", cirq.to_json(cirq.Circuit(operations)), "cirq-json").operations


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_wires_have_the_names_of_the_source(engine: str) -> None:
    found = diagram(engine, HEAD + "h a;")
    assert found.qubits == ("q[0]", "q[1]", "q[2]", "a")
    assert found.registers == (Register("c", 2), Register("d", 1))
    assert found.operations[0].qubits == (3,)


@pytest.mark.parametrize("engine", ["aer", "cirq"])
@pytest.mark.parametrize(
    ("statement", "name", "qubits", "controls"),
    [
        ("h q[1];", "h", (1,), ()),
        ("cx q[2], q[0];", "x", (0,), (2,)),
        ("cz q[0], a;", "z", (3,), (0,)),
        ("ccx q[1], q[0], a;", "x", (3,), (1, 0)),
        ("swap q[2], q[0];", "swap", (2, 0), ()),
        ("cswap a, q[2], q[0];", "swap", (2, 0), (3,)),
        ("crz(0.1) a, q[1];", "rz", (1,), (3,)),
    ],
)
def test_gates_have_their_controls_apart(
    engine: str, statement: str, name: str, qubits: tuple[int, ...], controls: tuple[int, ...]
) -> None:
    found = only(engine, statement)
    assert (found.kind, found.name.lower()) == ("gate", name)
    assert (found.qubits, found.controls, found.anticontrols) == (qubits, controls, ())


@pytest.mark.parametrize(("engine", "half_pi"), [("aer", "π/2"), ("cirq", "0.5π")])
def test_parameters_are_short(engine: str, half_pi: str) -> None:
    assert only(engine, "rx(pi/2) q[0];").parameters == (half_pi,)
    assert len(only(engine, "u3(0.123456789, 1.23456789, 2.3456789) q[0];").parameters) == 3
    assert all(len(each) < 9 for each in only(engine, "u3(0.123456789, 1.23456789, 2.3456789) q[0];").parameters)


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_measurements_go_into_bits_that_are_numbered_through_the_registers(engine: str) -> None:
    found = diagram(engine, HEAD + "c[1] = measure q[2]; d = measure a;").operations
    assert [(each.kind, each.qubits, each.clbits) for each in found] == [
        ("measure", (2,), (1,)),
        ("measure", (3,), (2,)),
    ]


@pytest.mark.parametrize(("engine", "text"), [("aer", "c == 1"), ("cirq", "c == 1")])
def test_a_gate_under_an_if_has_a_condition(engine: str, text: str) -> None:
    *_, found = diagram(engine, HEAD + "c[0] = measure q[0]; c[1] = measure q[1]; if (c == 1) x q[2];").operations
    assert (found.kind, found.name.lower(), found.qubits) == ("gate", "x", (2,))
    assert (found.clbits, found.condition) == ((0, 1), text)


@pytest.mark.parametrize(
    ("statement", "kind", "name", "condition", "parameters", "clbits"),
    [
        ("if (c[1]) { x q[1]; h q[2]; } else { z q[0]; }",
         "block", "if", "c[1] == 1", ("3 operations, with else",), (1,)),
        ("if (!d) { cx q[0], q[1]; }", "gate", "x", "d == 0", (), (2,)),
        ("if (d) { c[0] = measure q[0]; }", "block", "if", "d == 1", ("1 operation",), (0, 2)),
        ("for int i in [0:3] { rx(i*0.1) q[0]; }", "block", "for", "4 rounds", ("1 operation",), ()),
        ("while (d) { h a; d = measure a; }", "block", "while", "d == 1", ("2 operations",), (2,)),
    ],
)  # fmt: skip
def test_control_flow_on_aer_is_a_block(
    statement: str, kind: str, name: str, condition: str, parameters: tuple[str, ...], clbits: tuple[int, ...]
) -> None:
    found = only("aer", statement)
    assert (found.kind, found.name, found.condition) == (kind, name, condition)
    assert (found.parameters, tuple(sorted(found.clbits))) == (parameters, clbits)


def test_gates_of_the_source_are_boxes_with_their_name_on_aer() -> None:
    head = HEAD + "gate mine(t) x, y { cp(t) x, y; } "
    (found,) = diagram("aer", head + "mine(0.25) a, q[0];").operations
    assert (found.name, found.qubits, found.controls, found.parameters) == ("mine", (3, 0), (), ("0.25",))
    (found,) = diagram("aer", head + "ctrl @ mine(0.25) q[2], a, q[0];").operations
    assert (found.name, found.qubits, found.controls) == ("mine", (3, 0), (2,))
    assert only("aer", "negctrl @ x q[0], q[1];").anticontrols == (0,)


def test_gates_of_the_source_are_boxes_with_their_name_on_cirq() -> None:
    source = 'OPENQASM 2.0; include "qelib1.inc"; gate mine x, y { h x; cx x, y; } qreg q[3]; mine q[2], q[0];'
    (found,) = diagram("cirq", source, "openqasm2").operations
    assert (found.name, found.qubits) == ("mine", (2, 0))


def test_a_barrier_a_reset_and_a_delay_are_what_they_are() -> None:
    found = diagram("aer", HEAD + "barrier q; reset a; delay[100ns] q[0];").operations
    assert [(each.kind, each.qubits) for each in found] == [("barrier", (0, 1, 2)), ("reset", (3,)), ("gate", (0,))]
    assert found[2].parameters == ("100.0 ns",)
    assert only("cirq", "reset a;").kind == "reset"


def test_what_only_qpy_can_say_is_drawn() -> None:
    circuit = QuantumCircuit(3, 2)
    circuit.unitary([[0, 1], [1, 0]], [1], label="flip")
    circuit.initialize([0.6, 0.8], 0)
    with circuit.switch(circuit.cregs[0]) as case, case(1):
        circuit.x(2)
    data = io.BytesIO()
    qpy.dump(circuit, data)
    found = diagram("aer", base64.b64encode(data.getvalue()).decode(), "qpy")
    assert found.qubits == ("q[0]", "q[1]", "q[2]")
    assert [(each.kind, each.name, each.qubits) for each in found.operations][:1] == [("gate", "flip", (1,))]
    assert (found.operations[-1].name, found.operations[-1].condition) == ("switch", "c")
    assert found.operations[0].parameters == ()  # a matrix


def test_cirqs_own_gates_have_the_symbols_of_its_text() -> None:
    a, b, c = cirq.LineQubit.range(3)
    found = of_cirq(
        cirq.X(a) ** 0.5,
        cirq.CZ(a, b) ** sympy.Symbol("t"),
        cirq.X(c).controlled_by(a, b, control_values=[0, 1]),
        cirq.FSimGate(0.1, 0.2)(a, b),
        cirq.MatrixGate(cirq.unitary(cirq.CX))(b, c),
        cirq.measure(c, a, key="m"),
        cirq.Z(b).with_classical_controls("m"),
    )
    shown = {(each.name, each.qubits, each.controls, each.anticontrols) for each in found}
    assert shown == {
        ("X^0.5", (0,), (), ()),
        ("Z^t", (1,), (0,), ()),
        ("X", (2,), (1,), (0,)),
        ("FSim", (0, 1), (), ()),
        ("MatrixGate", (1, 2), (), ()),
        ("measure", (2,), (), ()),
        ("measure", (0,), (), ()),
        ("Z", (1,), (), ()),
    }
    assert (found[-1].condition, found[-1].clbits) == ("m", (0, 1))
    assert [each.clbits for each in found if each.kind == "measure"] == [(0,), (1,)]


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_a_circuit_of_too_many_operations_is_refused_with_the_figure(engine: str) -> None:
    assert len(diagram(engine, HEAD + "h a; " * 2000).operations) == 2000
    with pytest.raises(RunnerError, match="2001 operations, and a picture holds 2000"):
        diagram(engine, HEAD + "h a; " * 2001)
