"""Control flow as Qiskit builds it, against what its loops and conditions mean, and angles that are none."""

import base64
import io
import math

import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import IfElseOp, Parameter
from qiskit.circuit.classical import expr
from tests.physics.running import counts
from tests.physics.statistics import ALARM, p_value

from qee.api.reasons import Reason
from qee.sdk.errors import RunnerError

HEAD = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; '
OLD_HEAD = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg c[2]; '


def of_qpy(circuit: QuantumCircuit) -> dict[str, int]:
    file = io.BytesIO()
    qpy.dump(circuit, file)
    return counts(base64.b64encode(file.getvalue()).decode(), "qpy", "aer")


def of_one(angle: float) -> dict[str, float]:
    one = math.sin(angle / 2) ** 2
    return {"00": 1 - one, "01": one}


@pytest.mark.parametrize("engine", ["aer", "cirq"])
@pytest.mark.parametrize(
    ("body", "angle"),
    [
        ("for int i in {1, 2, 2} { rx(0.4 * i) q[0]; }", 2.0),
        ("for int i in {3, 3, 3} { rx(0.4) q[0]; }", 1.2),
        ("for int i in {1, 1} { for int k in {-2, 5, -2} { rx(0.3 * k) q[0]; } ry(0.0) q[1]; }", 0.6),
        ("if (c == 0) { for int i in {2, 1, 2} { rx(0.2 * i) q[0]; } }", 1.0),
    ],
)
def test_a_value_that_comes_twice_is_two_rounds(engine: str, body: str, angle: float) -> None:
    found = counts(f"{HEAD}{body} c[0] = measure q[0];", "openqasm3", engine)
    assert p_value(found, of_one(angle)) > ALARM


def test_loops_that_are_left_early_repeat_values_or_are_refused() -> None:
    counted, summed = QuantumCircuit(2, 2), QuantumCircuit(2, 2)
    turn = Parameter("turn")
    with counted.for_loop((1, 2, 2)):
        counted.x(1)
        counted.measure(1, 1)
        with counted.if_test((counted.clbits[1], 1)):
            counted.break_loop()
    with summed.for_loop((1, 2, 2), turn):
        summed.rx(turn, 1)
        summed.measure(1, 1)
        with summed.if_test((summed.clbits[1], 1)):
            summed.break_loop()
    assert of_qpy(counted) == {"10": 1024}
    with pytest.raises(RunnerError, match="a for loop over such a set"):
        of_qpy(summed)


def test_blocks_of_qpy_inside_one_another_run() -> None:
    circuit = QuantumCircuit(3, 3)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.for_loop(range(3)), circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
        with circuit.if_test(expr.logic_not(circuit.clbits[2])) as otherwise:
            circuit.x(2)
        with otherwise:
            circuit.x(0)
        circuit.measure(2, 2)
    circuit.measure([0, 1], [0, 1])
    assert of_qpy(circuit) == {"111": 1024}


@pytest.mark.parametrize("kind", ["bit", "expression", "register"])
def test_a_condition_on_bits_that_a_block_names_otherwise_is_refused(kind: str) -> None:
    """The block's bit 0 is the circuit's bit 1, and has the name of its bit 0."""
    inner, block, circuit = (QuantumCircuit(3, 2) for _ in range(3))
    inner.x(2)
    condition = {"bit": (block.clbits[0], 1), "expression": expr.lift(block.clbits[0]), "register": (block.cregs[0], 1)}
    block.if_test(condition[kind], inner, range(3), range(2))
    circuit.x(1)
    circuit.measure([0, 1], [0, 1])
    circuit.append(IfElseOp((circuit.clbits[1], 1), block), range(3), [1, 0])
    circuit.measure(2, 0)
    with pytest.raises(RunnerError, match="classical bits are not the circuit's own"):
        of_qpy(circuit)


@pytest.mark.parametrize("engine", ["aer", "cirq"])
@pytest.mark.parametrize("angle", ["3.2us", "100dt", "2*5ms", "3im", '"1011"', '"10"*0.5'])
def test_what_is_no_angle_is_not_taken_for_a_number(engine: str, angle: str) -> None:
    with pytest.raises(RunnerError) as refused:
        counts(f"{HEAD}h q[0]; rz({angle}) q[0]; h q[0]; c = measure q;", "openqasm3", engine)
    assert refused.value.reason in (Reason.UNSUPPORTED_CONSTRUCT, Reason.INVALID_CIRCUIT)
    assert "line 1" in str(refused.value)


@pytest.mark.parametrize("engine", ["aer", "cirq"])
@pytest.mark.parametrize(
    ("format", "body"),
    [
        ("openqasm3", "rz(1e400) q[0];"),
        ("openqasm3", "rz(1e300*1e300) q[0];"),
        ("openqasm3", "gate g(t) a { rz(t*1e300) a; } g(1e300) q[0];"),
        ("openqasm2", "rz(1e400) q[0];"),
        ("openqasm2", "gate g(t) a { rz(t*1e300) a; } g(1e300) q[0];"),
    ],
)
def test_an_angle_without_bound_is_refused(engine: str, format: str, body: str) -> None:
    head = HEAD if format == "openqasm3" else OLD_HEAD
    with pytest.raises(RunnerError, match=r"too large|infinite|overflows"):
        counts(f"{head}h q[0]; {body} measure q -> c;", format, engine)
