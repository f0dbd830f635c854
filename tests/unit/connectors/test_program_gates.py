"""Gates of programs as they are sent, counted without an SDK."""

import pytest

from qee.connectors.vendors import program_gates

QASM = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[3];
creg c[2];
h q[0];
rz(pi/2) q[1];
cx q[0],q[2];
barrier q[0],q[1];
measure q[0] -> c[0];
measure q[2] -> c[1];
"""
QUIL = "DECLARE ro BIT[2]\nRX(1.5) 0\nCNOT 0 1\nCZ 1 0\nMEASURE 0 ro[0]\n"


def test_gates_are_counted_by_how_many_qubits_they_take() -> None:
    assert program_gates.openqasm2(QASM) == (2, 1)
    assert program_gates.quil(QUIL) == (1, 2)
    instructions = [
        {"gate": "h", "target": 0},
        {"gate": "cnot", "targets": [1], "controls": [0]},
        {"gate": "swap", "targets": [0, 1]},
        {"gate": "x", "target": 1, "control": 0},
    ]
    assert program_gates.ionq(instructions) == (1, 3)


@pytest.mark.parametrize(
    "hidden",
    [
        "gate many a { h a; h a; } many q[0];",
        "opaque many a; many q[0];",
        "h q;",
        "if (c == 1) x q[0];",
        "reset q[0];",
        'include "more.inc";',
        "U(0,0,0) q[0];",
        "measure q -> c;",
    ],
)
def test_what_may_hide_gates_is_refused_in_openqasm2(hidden: str) -> None:
    with pytest.raises(ValueError, match="no gate that"):
        program_gates.openqasm2(QASM + hidden)


@pytest.mark.parametrize("hidden", ["DEFGATE G:", "DAGGER S 0", "RESET", "RESET 0", "JUMP @A", "FORKED X 0", "x 0"])
def test_what_may_hide_gates_is_refused_in_quil(hidden: str) -> None:
    with pytest.raises(ValueError, match="no gate that"):
        program_gates.quil(QUIL + hidden)
