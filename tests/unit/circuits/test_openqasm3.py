"""What the scanner reads in OpenQASM 3."""

import pytest

from qee.circuits import Limits, Scan, ScanError, scan

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[4] q;\nbit[4] c;\n'


def found(body: str, head: str = HEAD) -> Scan:
    return scan("openqasm3", head + body, Limits())


def refusal(body: str, head: str = HEAD) -> str:
    with pytest.raises(ScanError) as caught:
        scan("openqasm3", head + body)
    return str(caught.value)


def test_a_bell_circuit() -> None:
    assert found("h q[0]; cx q[0], q[1]; c = measure q;") == Scan(
        format="openqasm3",
        version="3.0",
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
        includes=("stdgates.inc",),
        gates=frozenset({"h", "cx"}),
        bond_bits=1,
        links=frozenset({(0, 1)}),
        active=4,
    )


@pytest.mark.parametrize(
    ("body", "operations"),
    [
        ("", 0),
        ("x q[0];", 1),
        ("x q;", 4),
        ("cx q[0], q[1];", 1),
        ("cx q[0:1], q[2:3];", 2),
        ("cx q[0], q[1:3];", 3),
        ("h q[{0, 2}];", 2),
        ("h q[-1]; h q[3:-1:0]; h q[-2:-1];", 7),
        ("let a = q[0:1] ++ q[3]; h a;", 3),
        ("let a = q; let b = a[1:2]; h b;", 2),
        ("gate g a, b { h a; cx a, b; } g q[0], q[1]; g q[2], q[3];", 4),
        ("gate g a { } g q;", 0),
        ("gate g(t) a { rx(t) a; } gate k a { g(1) a; g(2) a; } k q;", 8),
        ("gate g a { for int i in [1:3] { x a; } } g q[0];", 3),
        ("for int i in [0:9] x q[0];", 10),
        ("for int i in [0:2:9] { x q[0]; }", 5),
        ("for int i in [9:-3:0] { x q[0]; }", 4),
        ("for int i in [9:0] { x q[0]; }", 0),
        ("for uint[8] i in {1, 5, 6} { x q; }", 12),
        ("for int i in [0:1] for int j in [0:2] { x q[0]; y q[0]; }", 12),
        ("const int n = 2; for int i in [n:n**3] { x q[0]; }", 7),
        ("const uint n = 7 % 4; const int m = (n << 2) - 1; for int i in [1:m] x q[0];", 11),
        ("for int i in c { x q[0]; }", 4),
        ("if (c == 1) { x q[0]; y q[0]; } else z q[0];", 2),
        ("if (c[0]) x q[0]; else if (c[1]) { x q; } else { }", 4),
        ("switch (c) { case 0 { x q[0]; } case 1, 2 { x q; } default { } }", 4),
        ("while (c != 1) { x q; c = measure q; }", 8),
        ("box { x q; } box[10ns] { x q[0]; }", 5),
        ("reset q; reset q[0]; barrier q; barrier; barrier q[0], q[1]; delay[10ns] q; delay[1dt];", 5 + 3 + 8),
        (
            "c = measure q; measure q -> c; c[0] = measure q[1]; measure q[0:1] -> c[2:3]; measure q[0];",
            4 + 4 + 1 + 2 + 1,
        ),
        ("bit[4] d = measure q; bit e = measure q[0];", 5),
        ("def f(qubit[2] a, int n) -> bit { h a; return measure a[0]; } c[0] = f(q[0:1], 3); f(q[1:2], 4);", 6),
        ("inv @ s q; inv @ inv @ x q[0];", 5),
        ("pow(3) @ s q; pow(-2) @ x q[0];", 14),
        ("ctrl @ x q[0], q[1]; ctrl(2) @ x q[0], q[1], q[2]; ctrl @ ctrl @ x q[0], q[1], q[2];", 3),
        ("gphase(pi); ctrl @ gphase(pi) q[0];", 2),
        ("U(0, 0, pi) q; qreg r[2]; creg d[2]; x r; d = measure r;", 8),
        ("// x q;\n/* x q; */ x /* and */ q; // done", 4),
        ("pragma x q;\n#pragma x q;\n@note x q;\nx q;", 4),
        ("{ x q; { x q; } }", 8),
        ("x q[0];\r\nx\tq[1];", 2),
        ("rx(-pi/2 + 3*(π - tau/4)**2 - sin(1.5e-3) * .5) q[0];", 1),
        ("rx(float(int(3)) / 2) q[0]; rx(2 * 0x1F - 0b10 + 0o7 + 1_000) q[0];", 2),
    ],
)
def test_operations_are_counted_as_expanded(body: str, operations: int) -> None:
    assert found(body).operations == operations


@pytest.mark.parametrize(
    ("body", "construct"),
    [
        ("if (c == 1) x q;", "if"),
        ("for int i in [0:1] x q;", "for"),
        ("while (c == 1) x q;", "while"),
        ("switch (c) { case 1 { } }", "switch"),
        ("def f() { }", "def"),
        ("gate g a { }", "gate"),
        ("input float x1;", "input"),
        ("output bit d;", "output"),
        ("const int n = 1;", "const"),
        ("int n;", "variable"),
        ("c[0] = true;", "assignment"),
        ('bit[2] d = "01";', "initial value"),
        ("let a = q;", "alias"),
        ("reset q;", "reset"),
        ("barrier q;", "barrier"),
        ("delay[10ns] q;", "delay"),
        ("box { }", "box"),
        ("ctrl @ x q[0], q[1];", "ctrl modifier"),
        ("negctrl @ x q[0], q[1];", "ctrl modifier"),
        ("inv @ x q;", "inv modifier"),
        ("pow(2) @ x q;", "pow modifier"),
        ("x q;", "broadcast"),
        ("measure q;", "measure without target"),
        ("end;", "end"),
        ("for int i in [0:1] { break; }", "break"),
        ("@bind here\nx q[0];", "annotation"),
        ("pragma here\nx q[0];", "pragma"),
    ],
)
def test_constructs_are_named(body: str, construct: str) -> None:
    assert construct in found(body).constructs
    assert construct not in found("x q[0];").constructs


def test_only_while_needs_a_deadline() -> None:
    assert found("while (c == 1) x q;").needs_deadline
    assert not found("for int i in [0:1] x q;").needs_deadline


def test_registers_come_in_order_of_declaration_and_a_bit_is_a_register_of_one() -> None:
    assert found("bit[2] a; bit b; creg d[3];").registers == (("c", 4), ("a", 2), ("b", 1), ("d", 3))
    assert found("bit[2] a; bit b; creg d[3];").classical_bits == 10


def test_qubits_add_up() -> None:
    assert found("qubit a; qubit[2] b; qreg d[3];").qubits == 10


def test_physical_qubits_count_up_to_the_highest() -> None:
    assert found("h $7; cx $0, $7;", 'include "stdgates.inc";').qubits == 8


def test_inputs_are_named() -> None:
    assert found("input angle[32] theta; input float phi; rx(theta + phi) q[0];").inputs == ("theta", "phi")


@pytest.mark.parametrize(
    ("body", "clifford"),
    [
        ("h q; s q; cx q[0], q[1]; swap q[1], q[2]; reset q; c = measure q;", True),
        ("t q[0];", False),
        ("rz(pi/2) q; rx(-3*pi/2) q; p(π) q; cp(pi) q[0], q[1]; U(pi/2, 0, pi) q[0];", True),
        ("rz(pi/4) q;", False),
        ("rz(1/2 * pi) q[0];", True),
        ("gate g a { rz(pi/2) a; s a; } g q;", True),
        ("gate g a { t a; }", True),
        ("gate g a { t a; } g q;", False),
        ("gate g(x1) a { rz(x1) a; } g(pi/2) q;", False),
        ("input float x1; rz(x1) q[0];", False),
        ("if (c == 1) t q[0];", False),
        ("for int i in [1:0] { t q[0]; }", False),
        ("ctrl @ x q[0], q[1]; negctrl @ z q[0], q[1]; ctrl @ rz(pi) q[0], q[1]; pow(2) @ s q[0]; inv @ s q[0];", True),
        ("ctrl @ h q[0], q[1];", False),
        ("ctrl(2) @ x q[0], q[1], q[2];", False),
        ("pow(0.5) @ x q[0];", False),
        ("pow(2) @ t q[0];", False),
    ],
)
def test_clifford_circuits_are_recognised(body: str, clifford: bool) -> None:
    assert found(body).clifford is clifford


@pytest.mark.parametrize(
    ("body", "mid_circuit", "feed_forward"),
    [
        ("h q; c = measure q;", False, False),
        ("c[0] = measure q[0]; h q[1]; c[1] = measure q[1];", False, False),
        ("c[0] = measure q[0]; h q[0];", True, False),
        ("c[0] = measure q[0]; h q;", True, False),
        ("c = measure q; h q[0];", True, False),
        ("c = measure q; c = measure q;", True, False),
        ("c[0] = measure q[0]; reset q[0];", True, False),
        ("c[0] = measure q[0]; barrier q;", False, False),
        ("c[0] = measure q[0]; if (c[0]) x q[1];", False, True),
        ("for int i in [0:1] { c[0] = measure q[0]; }", True, False),
        ("let a = q[0:1]; c[0] = measure q[0]; h a;", True, False),
        ("let a = q[0:1]; c[0:1] = measure a; h q[0];", True, False),
        ("c[0:1] = measure q[0:1]; c[2] = measure q[2];", True, False),
        ("qubit r; c[0:1] = measure q[0:1]; h r;", False, False),
        ("while (c[0] == false) { h q[0]; }", False, True),
    ],
)
def test_measurements_in_the_middle_and_what_follows_them(body: str, mid_circuit: bool, feed_forward: bool) -> None:
    scanned = found(body)
    assert (scanned.mid_circuit, scanned.feed_forward) == (mid_circuit, feed_forward)


def test_gates_are_those_that_calls_reach() -> None:
    scanned = found("gate g a { t a; } gate unused a { y a; } g q; ctrl @ x q[0], q[1]; inv @ s q[0];")
    assert scanned.gates == {"t", "cx", "s"}


@pytest.mark.parametrize(
    ("version", "shown"), [("OPENQASM 3;", "3.0"), ("OPENQASM 3.0;", "3.0"), ("OPENQASM 3.1;", "3.1"), ("", "3.0")]
)
def test_versions(version: str, shown: str) -> None:
    assert found("qubit q;", version).version == shown


def test_the_other_version_is_named_with_the_remedy() -> None:
    assert refusal("", "OPENQASM 2.0;") == "line 1: the program is OpenQASM 2; set the circuit's format to openqasm2"
    assert "3.0 and 3.1 are known" in refusal("", "OPENQASM 4.0;")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("x q[4];", "no index 4"),
        ("x q[-5];", "no index -5"),
        ("h q[2:5];", "goes beyond"),
        ("h q[{0, 4}];", "at most 3"),
        ("x q[0], q[1];", "takes 1 qubits, 2 are given"),
        ("cx q[0];", "takes 2 qubits, 1 are given"),
        ("rx q[0];", "takes 1 parameters, 0 are given"),
        ("rx(1, 2) q[0];", "takes 1 parameters, 2 are given"),
        ("cx q[0], q[0];", "given twice"),
        ("cx q, q;", "given twice"),
        ("cx q[0], q[-4];", "given twice"),
        ("cx q[0:1], q[1:3];", "2 and 3 qubits"),
        ("cx q, q[0];", "given twice"),
        ("bit[2] d; d = measure q;", "4 qubits cannot be measured into 2 bits"),
        ("x c[0];", "not a qubit"),
        ("c = q;", "no value"),
        ("q = measure c;", "not a gate"),
        ("measure q -> q;", "cannot be assigned to"),
        ("qubit q;", "already defined"),
        ("qubit x;", "already defined"),
        ("gate x a { }", "already defined"),
        ("gate g a, a { }", "already defined"),
        ("gate g a { x q[0]; }", "not an argument of this gate definition"),
        ("gate g a { x a[0]; }", "has no index"),
        ("gate g a { rx(c) a; }", "no value"),
        ("gate g a { c[0] = measure a; }", "not a"),
        ("gate g a { reset a; }", "inside of a gate definition"),
        ("gate g a { qubit b; }", "inside of a gate definition"),
        ("if (c) { qubit b; }", "inside of a block"),
        ("if (c) { include \"stdgates.inc\"; }", "inside of a block"),
        ("include \"stdgates.inc\";", "already defined"),
        ("break;", "outside of a loop"),
        ("return;", "outside of a subroutine"),
        ("rx(y1) q[0];", "'y1' is not defined"),
        ("rx(nofunction(1)) q[0];", "function 'nofunction' is not defined"),
        ("rx(1 +) q[0];", "')' where a value should be"),
        ("rx(1 2) q[0];", "'2' where ')' should be"),
        ("x q[0]", "the program ends where ';' should follow"),
        ("if c == 1 x q;", "'c' where '(' should be"),
        ("const int n = 1.5;", "not of its type int"),
        ("const uint n = -1;", "not of its type uint"),
        ("for int i in [0:0:3] x q;", "step 0"),
        ("for int i in [:3] x q;", "first and a last value"),
        ("rx(1 / 0) q[0];", "divides by zero"),
        ("rx(sqrt(-1)) q[0];", "not defined for its argument"),
        ("pow(c) @ x q[0];", "constant number"),
        ("ctrl(0) @ x q[0];", "at least 1"),
        ("ctrl(1.5) @ x q[0], q[1];", "constant integer"),
        ("h $0;", "physical qubits and declared qubits"),
        ("def f(int n) { } f();", "takes 1 arguments, 0 are given"),
        ("c += ;", "where a value should be"),
        ("qubit if;", "the keyword 'if'"),
        ("if (c == 1) { } else", "the program ends"),
        ("case 1 { }", "keyword 'case'"),
    ],
)  # fmt: skip
def test_mistakes_are_named(body: str, words: str) -> None:
    assert words in refusal(body)


def test_a_line_is_that_of_the_mistake() -> None:
    assert refusal("x q;\n/*\n\n*/ rx(pi,\n  oops) q;").startswith("line 9: ")
