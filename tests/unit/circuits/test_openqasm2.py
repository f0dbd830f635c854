"""What the scanner reads in OpenQASM 2."""

import pytest

from qee.circuits import Scan, ScanError, scan

HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[4];\ncreg c[4];\n'


def found(body: str, head: str = HEAD) -> Scan:
    return scan("openqasm2", head + body)


def refusal(body: str, head: str = HEAD) -> str:
    with pytest.raises(ScanError) as caught:
        scan("openqasm2", head + body)
    return str(caught.value)


def test_a_bell_circuit() -> None:
    assert found("h q[0];\ncx q[0],q[1];\nmeasure q -> c;") == Scan(
        format="openqasm2",
        version="2.0",
        qubits=4,
        classical_bits=4,
        registers=(("c", 4),),
        operations=6,
        objects=6,
        multi_qubit_operations=1,
        measured=True,
        clifford=True,
        feed_forward=False,
        mid_circuit=False,
        includes=("qelib1.inc",),
        gates=frozenset({"h", "cx"}),
        bond_bits=1,
        links=frozenset({(0, 1)}),
        active=4,
    )


@pytest.mark.parametrize(
    ("body", "operations"),
    [
        ("", 0),
        (";;", 0),
        ("x q;", 4),
        ("qreg r[4]; cx q, r;", 4),
        ("qreg r[2]; cx q[0], r;", 2),
        ("U(0,0,pi) q; CX q[0], q[1];", 5),
        ("gate g(a,b) p,r { u3(a,b,a*b) p; cx p,r; barrier p,r; } g(0.1,pi) q[0],q[1];", 3),
        ("gate g() p { x p; } g() q;", 4),
        ("opaque magic(a) p,r;", 0),
        ("if(c==3) x q[0];", 1),
        ("if(c==3) measure q[0] -> c[0];", 1),
        ("barrier q, q[0]; reset q; measure q[0] -> c[3];", 6),
        ("rx(-(2+3)*pi/4^2^0.5 + ln(2) - cos(pi)) q[0]; // done", 1),
        ("c4x q[0],q[1],q[2],q[3],r[0];", 1),
    ],
)
def test_operations_are_counted_as_expanded(body: str, operations: int) -> None:
    head = HEAD + "qreg r[1];\n" if "r[0]" in body else HEAD
    assert found(body, head).operations == operations


@pytest.mark.parametrize(
    ("body", "construct"),
    [("if(c==1) x q[0];", "if"), ("opaque g a;", "opaque"), ("gate g a { }", "gate"), ("reset q;", "reset")],
)
def test_constructs_are_named(body: str, construct: str) -> None:
    assert construct in found(body).constructs


def test_a_condition_is_feed_forward() -> None:
    assert found("measure q -> c; if(c==1) x q[0];").feed_forward
    assert found("measure q -> c; if(c==1) x q[0];").mid_circuit


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("x q[4];", "no index 4"),
        ("x q[0:1];", "':' where ']' should be"),
        ("cx q[0],q[0];", "given twice"),
        ("measure q -> c[0];", "4 qubits cannot be measured into 1 bits"),
        ("measure q[0] -> c[4];", "at most 3"),
        ("measure q[0] -> d[0];", "classical register 'd' is not defined"),
        ("for int i in [0:1] { }", "gate 'for' is not defined"),
        ("ctrl @ x q[0],q[1];", "gate 'ctrl' is not defined"),
        ("if(c==1) { x q[0]; }", "'{' where a statement should be"),
        ("if(q==1) x q[0];", "classical register 'q' is not defined"),
        ("qreg Q[1];", "begin with a lower-case letter"),
        ("qreg cx[1];", "already defined"),
        ("/* note */", "/* opens no comment"),
        ("rx(2**3) q[0];", "'**' where ')' should be"),
        ("rx(theta) q[0];", "'theta' is not defined"),
        ("x q[1];\nx q[4];", "line 6"),
    ],
)
def test_mistakes_are_named(body: str, words: str) -> None:
    assert words in refusal(body)


def test_the_version_line_comes_first() -> None:
    assert refusal("", "qreg q[1];") == "line 1: 'qreg' where OPENQASM 2.0; should be"
    assert "set the circuit's format to openqasm3" in refusal("", "OPENQASM 3.0;")
    assert "2.0 is known" in refusal("", "OPENQASM 2.1;")
