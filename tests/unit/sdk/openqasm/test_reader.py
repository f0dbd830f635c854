"""The reader of engine cirq: what a program does, step by step, and which construct of which line is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qee.api.reasons import Reason
from qee.circuits import Limits
from qee.circuits.openqasm.tokens import Cursor
from qee.sdk.errors import RunnerError
from qee.sdk.openqasm.operands import places
from qee.sdk.openqasm.reader import read
from qee.sdk.openqasm.steps import Steps

LIMITS = Limits(max_operations=200_000)
THREE = 'OPENQASM 3;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[3] c;\n'
TWO = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n'


def of(source: str, format: str = "openqasm3") -> Steps:
    return read(source, format, LIMITS)


def told(body: str) -> list[str]:
    """Name, qubits and conditions of each step of an OpenQASM 3 program."""
    return [
        " ".join([each.name, *map(str, each.qubits), *(one.text for one in each.conditions)])
        for each in of(THREE + body).steps
    ]


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        ("if (c == 1) barrier q[0]; x q[1];", ["x 1"]),
        ("if (c == 1) { barrier q; } else x q[1];", ["x 1 !(c == 1)"]),
        ("if (c[0] ^ c[1]) x q[1:2];", ["x 1 c[0] ^ c[1]", "x 2 c[0] ^ c[1]"]),
        ('if (c == "101") { if (!c[0]) y q[0]; }', ['y 0 c == "101" !c[0]']),
        ("for int i in [-2:-1] x q[0];", ["x 0", "x 0"]),
        ("for int i in [0:-1:-2] { h q[-1]; }", ["h 2", "h 2", "h 2"]),
        ("for int i in [1:0] { x q[0]; { y q[1]; } } z q[2];", ["z 2"]),
        ("x q[{1, 2}][0]; y q[0:2][1:2][1];", ["x 1", "y 2"]),
        ("let a = q[1:2] ++ q[0]; x a; y a[-1];", ["x 1", "x 2", "x 0", "y 0"]),
        ("gate g a { x a; } gate h2 a, b { g b; } h2 q[0], q[2];", ["x 2"]),
        ("gate nothing() a { } nothing q; barrier q;", []),
        ("cx q[0], q[1:2];", ["cx 0 1", "cx 0 2"]),
        ("c[2] = measure q[0]; measure q[1] -> c[0];", ["measure 0", "measure 1"]),
        ("@note\nx q[0x1]; reset q[0b10];", ["x 1", "reset 2"]),
    ],
)
def test_a_program_is_read_as_it_is_meant(body: str, steps: list[str]) -> None:
    assert told(body) == steps


def test_a_definition_calls_what_its_names_meant_where_it_was_written() -> None:
    source = "gate first(zeta, alpha) b, a { rx(zeta) a; rz(alpha) b; }\ngate g(t) a { first(t/2, sin(t)) q1, a; }\n"
    source = source.replace("gate g(t) a", "gate g(t) q1, a")
    steps = of(f"{THREE}{source}g(pi) q[2], q[0];").steps
    assert [(each.name, each.qubits) for each in steps] == [("rx", (0,)), ("rz", (2,))]
    assert steps[0].angles == pytest.approx((1.5707963267948966,))
    assert steps[1].angles == pytest.approx((0.0,), abs=1e-12)


def test_physical_qubits_are_counted_from_0_to_the_highest() -> None:
    found = of('include "stdgates.inc"; bit[2] c; x $4; c[0] = measure $4; cx $0, $2;')
    assert [each.qubits for each in found.steps] == [(4,), (4,), (0, 2)]
    assert found.qubits[0].size == 5


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("x q[0]; const float a = 1.0; x q[1];", "line 5: engine cirq does not run a constant"),
        ("x q[0];\n\nctrl @ x q[0], q[1];", "line 7: engine cirq does not run a gate modifier"),
        ("h q[0]; while (c == 0) {\nx q[0]; }", "line 5: engine cirq does not run while"),
        ("x q[0];\nif (c == 0) c[0] = measure q[0];", "line 6: engine cirq does not run a condition on anything but"),
        ("x q[0];\nif (c == 8) x q[0];", "line 6: a comparison of 3 bits with 8, which they never are"),
        ('x q[0];\nif (c == "1000") x q[0];', "line 6: a comparison of 3 bits with 8"),
        ("x q[0];\nif (c + 1 == 2) x q[0];", "line 6: engine cirq does not run such a condition"),
        ("if (c) x q[0];", "line 5: engine cirq does not run such a condition"),
        ("int i = 1; x q[0];", "line 5: engine cirq does not run a classical variable"),
        ("bit d = 1; x q[0];", "line 5: engine cirq does not run a bit initialised with a value"),
        ("c[0] = c[1];", "line 5: engine cirq does not run an assignment"),
        ("measure q[0];", "line 5: engine cirq does not run a measurement whose result is discarded"),
        ("x q[0]; rx(1/2) q[0];", "line 5: engine cirq does not run a division of integers"),
        ("rx(mod(3, 2)) q[0];", "line 5: engine cirq does not run such an operator"),
        ("gate g(t) a { rx(log(t)) a; }\ng(0) q[0];", "the function log is not defined for its argument"),
        ("gate g(t) a { rx(1.0/t) a; }\ng(0) q[0];", "divides by zero"),
        ("cx q[0], q[0:1];", "line 5: a (gate uses the same qubit|qubit is given) twice"),
        ("let a = q[0:1]; cx a[0], q[0];", "line 5: a gate uses the same qubit twice"),
        ("#pragma braket noise bit_flip(0.1) q[0]\nx q[0];", "line 5: engine cirq does not run a pragma"),
        ("delay[10ns] q[0];", "line 5: engine cirq does not run delay"),
        ("inv @ s q[0];", "line 5: engine cirq does not run a gate modifier"),
    ],
)
def test_what_is_refused_is_the_statement_that_is_meant(body: str, said: str) -> None:
    with pytest.raises(RunnerError, match=said) as caught:
        of(THREE + body)
    assert caught.value.reason in (Reason.UNSUPPORTED_CONSTRUCT, Reason.INVALID_CIRCUIT)


@given(
    head=st.sampled_from(["", "OPENQASM 3;", "OPENQASM 3.0;", "OPENQASM 3.1;", "OPENQASM\t3 ;"]),
    include=st.sampled_from(['include"stdgates.inc";', "include 'stdgates.inc';", 'include\n"stdgates.inc" ;']),
    size=st.sampled_from(["3", "0x3", "1_0-7", "2*1+1", "0b11"]),
    angle=st.sampled_from(
        ["pi/2", "1_0.5e-1_0*0+pi/2", ".5*pi", "π/2", "tau/4", "pi*2**-1.0", "(pi)/(1+1)", "+0.0+pi/2"]
    ),
    index=st.sampled_from(["1", "-2", "0x1", "2-1", "{1}", "1:1"]),
    blank=st.sampled_from(["\n", "\r\n", " ", "\t", "/* x q[0]; */", "// x q[0];\n", "\n\n"]),
)
def test_every_spelling_is_the_same_program(
    head: str, include: str, size: str, angle: str, index: str, blank: str
) -> None:
    if angle.startswith("+"):  # OpenQASM 3 has no unary plus
        angle = angle[1:]
    lines = [head, include, f"qubit[{size}] q;", f"bit[{size}] c;", f"rx({angle}) q[{index}];", "c = measure q;"]
    found = of(blank.join(lines))
    assert [(each.name, each.qubits) for each in found.steps] == [
        ("rx", (1,)),
        *(("measure", (qubit,)) for qubit in range(3)),
    ]
    assert found.steps[0].angles == pytest.approx((1.5707963267948966,))


@given(
    st.lists(
        st.sampled_from(
            [*THREE.split(), "if", "(", ")", "{", "}", ";", "c", "[0]", "==", "1", "x", "q", "$1", "@", ","]
        )
    )
)
def test_whatever_is_written_is_read_or_refused(words: list[str]) -> None:
    for head, format in ((THREE, "openqasm3"), (TWO, "openqasm2")):
        try:
            of(head + " ".join(words), format)
        except RunnerError as error:
            assert error.message  # noqa: PT017 (most are refused)


def test_what_nested_definitions_come_to_is_read_in_proportion() -> None:
    gates = "gate g0 a { x a; }\n" + "".join(f"gate g{n} a {{ g{n - 1} a; g{n - 1} a; }}\n" for n in range(1, 13))
    assert len(of(f"{TWO}{gates}g12 q[0];", "openqasm2").steps) == 4096


def test_conditions_on_registers_of_any_width_hold() -> None:
    source = 'OPENQASM 3;\ninclude "stdgates.inc";\nqubit q;\nbit[200] c;\n'
    (step,) = of(f"{source}if (c == {hex(1 << 199)}) x q;").steps
    (condition,) = step.conditions
    assert condition.holds({bit: int(bit == 199) for bit in range(200)})
    assert not condition.holds(dict.fromkeys(range(200), 0))


def test_a_list_in_brackets_is_walked_once_however_often_an_iterator_is_asked_for() -> None:
    """From Python 3.13 on a generator expression asks twice."""
    cursor = Cursor("(a, b) c", 3, 100)
    walk = iter(iter(places(cursor, "(", ")")))
    for at, word in zip(walk, "ab", strict=False):
        assert cursor.items[at] == word
        cursor.pos += 1
    assert cursor.accept("c")
