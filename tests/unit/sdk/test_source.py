"""What the runner reads from a source by itself: statements, includes, sizes, registers, conditions, angles."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qee.api.reasons import Reason
from qee.circuits import Limits
from qee.documents import Register
from qee.sdk.errors import RunnerError
from qee.sdk.openqasm.reader import read
from qee.sdk.registers import check_conditions, declared_registers
from qee.sdk.source import MAX_BITS, Statement, check_source, statements


def test_statements_have_the_line_on_which_they_begin() -> None:
    source = "OPENQASM 3.0; // a; b\n\n/* x;\n y */ qubit q;\nif (c == 1) {\n  x q;\n}\n"
    assert statements(source) == [
        Statement(1, "OPENQASM 3.0"),
        Statement(4, "qubit q"),
        Statement(5, "if (c == 1)"),
        Statement(6, "x q"),
    ]


def test_a_comment_inside_a_string_is_no_comment() -> None:
    assert statements('include "a//b"; // c') == [Statement(1, 'include "a//b"')]


def refusal(source: str, format: str = "openqasm3") -> RunnerError:
    with pytest.raises(RunnerError) as caught:
        check_source(source, format)
    return caught.value


@pytest.mark.parametrize(
    "include",
    [
        'include "/etc/passwd";',
        "include '/etc/passwd';",
        'include/**/"/var/run/secrets/kubernetes.io/serviceaccount/token";',
        'include\n"../stdgates.inc";',
        'include "stdgates.inc"; include "qelib1.inc";',
    ],
)
def test_no_file_but_the_library_is_included_and_its_name_is_not_repeated(include: str) -> None:
    error = refusal(f"OPENQASM 3.0;\n{include}")
    assert error.reason is Reason.INVALID_CIRCUIT
    assert re.fullmatch(r"line 2: only stdgates\.inc can be included; .*", error.message)


def test_the_version_must_be_that_of_the_format() -> None:
    assert "OPENQASM 2, the format is openqasm3" in refusal("OPENQASM 2.0;").message
    assert "OPENQASM 3, the format is openqasm2" in refusal("// x\nOPENQASM 3;", "openqasm2").message
    check_source("OPENQASM 3.1;", "openqasm3")
    check_source("qreg q[1];", "openqasm2")


@pytest.mark.parametrize(
    ("source", "format"),
    [
        (f"qreg q[{MAX_BITS + 1}];", "openqasm2"),
        (f"qreg q[{MAX_BITS}]; qreg r[1];", "openqasm2"),
        ("qubit[99999999999999999999] q;", "openqasm3"),
        ("bit [10_001] c;", "openqasm3"),
        ("creg c [ 10000000 ];", "openqasm2"),
    ],
)
def test_absurd_registers_are_refused_before_anyone_allocates_them(source: str, format: str) -> None:
    assert refusal(source, format).reason is Reason.CIRCUIT_TOO_LARGE


def test_registers_are_found_in_order_of_declaration() -> None:
    source = "bit[2] b;\nbit a;\ncreg c[3]; bit [ 4 ] d;\n// bit x;\nqubit[5] q; bit[0] e;"
    assert declared_registers(source) == (
        Register("b", 2),
        Register("a", 1),
        Register("c", 3),
        Register("d", 4),
    )


@pytest.mark.parametrize("condition", ["if (c == 4) x q[0];", "while (4 == c) { }", "if(c==9)x q[0];"])
def test_a_condition_that_can_never_hold_is_refused(condition: str) -> None:
    with pytest.raises(RunnerError, match="line 2: c has 2 bits and is never"):
        check_conditions(f"creg c[2];\n{condition}")


def test_other_conditions_are_let_through() -> None:
    check_conditions("creg c[2]; if (c == 3) x q[0]; if (c[1] == 1) x q[0]; if (d == 9) x q[0];")


integers = st.integers(0, 30).map(str)
reals = st.sampled_from(["pi", "0.5", "3.0", "theta", "1e2", "sin(1)"])


def nested(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: "".join(parts)),
            inner.map(lambda text: f"({text})"),
            inner.map(lambda text: f"-{text}"),
        ),
        max_leaves=6,
    )


class Number:
    """An integer whose division must leave no remainder."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __add__(self, other: "Number") -> "Number":
        return Number(self.value + other.value)

    def __sub__(self, other: "Number") -> "Number":
        return Number(self.value - other.value)

    def __mul__(self, other: "Number") -> "Number":
        return Number(self.value * other.value)

    def __neg__(self) -> "Number":
        return Number(-self.value)

    def __truediv__(self, other: "Number") -> "Number":
        if other.value == 0 or self.value % other.value:
            raise ArithmeticError
        return Number(self.value // other.value)


def refuses(angle: str) -> bool:
    gate = "u2" if ", " in angle else "rx"
    source = f'include "stdgates.inc"; qubit q; gate g(theta) a {{ {gate}({angle}) a; }} g(1.5) q;'
    try:
        read(source, "openqasm3", Limits())
    except RunnerError as error:
        if "divi" not in error.message:
            raise
        return True
    return False


@given(nested(integers))
def test_integer_angles_are_refused_exactly_when_cutting_off_changes_them(angle: str) -> None:
    expression = re.sub(r"\d+", lambda found: f"F({int(found[0])})", angle.replace("--", "- -"))

    try:
        eval(expression, {"F": Number})
    except ArithmeticError:
        assert refuses(angle)
    else:
        assert not refuses(angle)


@given(nested(reals))
def test_real_angles_are_never_refused(angle: str) -> None:
    assert not refuses(angle)


@pytest.mark.parametrize(
    "angle", ["pi/2", "3*pi/4", "-pi/3", "2*0.5/3", "6/3", "theta/2", "1/2.0", "sin(1)/3", "7, 6/2"]
)
def test_usual_angles_pass(angle: str) -> None:
    assert not refuses(angle)


@pytest.mark.parametrize("angle", ["1/2", "1/2*pi", "pi*(1/3)", "3*1/2", "pi, 1/2", "2/(1+2)", "1/0", "sin(1/2)"])
def test_angles_that_would_be_cut_off_are_refused(angle: str) -> None:
    assert refuses(angle)
