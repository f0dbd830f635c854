"""Programs that the languages allow and that were refused, and what is said of one in the other language."""

import pytest

from qee.circuits import Limits, ScanError, scan

THREE = 'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[100] c; '
TWO = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg c[100]; '


def refusal(format: str, source: str) -> str:
    with pytest.raises(ScanError) as caught:
        scan(format, source)
    return caught.value.message


@pytest.mark.parametrize(
    "body",
    [
        "if (c == 590295810358705651712) x q[0];",
        "if (c == 0x200000000000000000) x q[0];",
        "x q[{1, 2}][0];",
        "x q[0:2][0:1][1];",
        "c[{0, 1}][1] = measure q[0];",
        "let a = q[0:2][0:1]; x a[1];",
        "for int i in [-2:-1] x q[0];",
    ],
)
def test_openqasm_3_is_taken(body: str):
    scan("openqasm3", THREE + body)


@pytest.mark.parametrize("name", ["swap", "rzz", "cu", "sx", "p", "u", "cp", "rxx", "csx", "c4x", "u0"])
@pytest.mark.parametrize("first", [True, False])
def test_a_name_that_the_paper_s_library_has_not_can_be_defined(name: str, first: bool):
    definition = f"gate {name} a, b {{ CX a, b; CX b, a; }} "
    head, tail = TWO.split(" include ")
    text = f"{head} {definition} include {tail}" if first else f"{TWO}{definition}"
    assert scan("openqasm2", f"{text} {name} q[0], q[1];").operations == 2


def test_a_name_of_the_paper_s_library_or_of_the_program_is_defined_once():
    assert "'cx' is already defined" in refusal("openqasm2", TWO + "gate cx a, b { CX a, b; }")
    assert "'swap' is already defined" in refusal("openqasm2", TWO + "gate swap a, b { } gate swap a, b { }")


def test_a_value_in_a_condition_has_the_digits_of_the_largest_register():
    bits = Limits().max_classical_bits
    scan("openqasm2", f"{TWO} if (c == {(1 << bits) - 1}) x q[0];")
    assert "an integer of 64 bits or more" in refusal("openqasm2", f"{TWO} if (c == {1 << bits}) x q[0];")
    assert "an integer of 64 bits or more" in refusal("openqasm3", f"{THREE} for int i in [0:{1 << 69}] x q[0];")


@pytest.mark.parametrize(
    ("format", "source"),
    [
        ("openqasm2", 'include "stdgates.inc"; qubit q;'),
        ("openqasm2", "qubit[2] q; bit[2] c;"),
        ("openqasm2", "OPENQASM 2.0; qubit[2] q;"),
        ("openqasm2", 'OPENQASM 2.0; include "stdgates.inc"; qreg q[2];'),
        ("openqasm2", TWO + "ctrl @ x q[0], q[1];"),
        ("openqasm3", 'include "qelib1.inc"; qreg q[1];'),
    ],
)
def test_the_other_language_is_named(format: str, source: str):
    other = "openqasm3" if format == "openqasm2" else "openqasm2"
    assert f"set the circuit's format to {other}" in refusal(format, source)


@pytest.mark.parametrize(
    ("name", "said"), [("cnot", "cx"), ("CNOT", "cx"), ("toffoli", "ccx"), ("H", "h"), ("RX", "rx")]
)
def test_a_gate_s_name_elsewhere_is_translated(name: str, said: str):
    assert f"did you mean '{said}'?" in refusal("openqasm3", THREE + f"{name} q[0];")
    assert f"did you mean '{said}'?" in refusal("openqasm2", TWO + f"{name} q[0];")
    without = refusal("openqasm3", f"OPENQASM 3.0; qubit[3] q; {name} q[0];")
    assert f"'{said}' does it, and comes with include" in without
