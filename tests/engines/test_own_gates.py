"""Gates that a source defines under a name that Qiskit or Aer knows: they do what the source says, on every engine."""

import pytest

from qee.documents.run import CircuitRun, SimulatorOptions, TranspileOptions
from qee.runner.engines import load
from qee.sdk.errors import RunnerError
from qee.sdk.limits import Room
from qee.sdk.outcomes import Options, Task
from qee.sdk.qiskit.openqasm2 import load_openqasm2
from qee.sdk.qiskit.own_gates import told_apart

# Each turns qubit 0 over, whatever its name promises.
SOURCES = {
    "h": "gate h a { U(pi, 0, pi) a; } qubit[2] q; bit[2] c; h q[0]; c = measure q;",
    "rzz": "gate rzz(t) a, b { U(pi, 0, pi) a; } qubit[2] q; bit[2] c; rzz(0.3) q[0], q[1]; c = measure q;",
    "ecr": "gate ecr a, b { U(pi, 0, pi) a; } qubit[2] q; bit[2] c; ecr q[0], q[1]; c = measure q;",
    "inner": "gate x a { U(0, 0, 0) a; } gate y a { U(pi, 0, pi) a; x a; } qubit[2] q; bit[2] c; y q[0];"
    " c = measure q;",
    "pauli": "gate pauli a { U(pi, 0, pi) a; } qubit[2] q; bit[2] c; pauli q[0]; c = measure q;",
    "in a block": "gate z a { U(pi, 0, pi) a; } qubit[2] q; bit[2] c; if (c == 0) { z q[0]; } c = measure q;",
    "with a parameter": "input float t; gate rz(a) b { U(a, 0, pi) b; } qubit[2] q; bit[2] c; rz(t) q[0];"
    " c = measure q;",
}
OPENQASM2 = "OPENQASM 2.0; gate h a { U(pi, 0, pi) a; } qreg q[2]; creg c[2]; h q[0]; measure q -> c;"


def counts(engine: str, circuit: CircuitRun, level: int | None) -> dict[int, int]:
    transpile = None if level is None else TranspileOptions(optimization_level=level)
    options = Options(SimulatorOptions(), ("counts",), None, None, transpile, 7)
    loaded = load(engine, options, Room(1, 2**30))
    row = circuit.row(0) if circuit.parameters else {}
    found = loaded.execute(loaded.parse(circuit), Task(100, 1, row, (1, 1))).counts
    assert found is not None
    return dict(found)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("level", [None, 0, 1, 3])
def test_a_gate_does_what_its_source_says(name: str, level: int | None):
    parameters = {"t": ("3.141592653589793",)} if "input" in SOURCES[name] else {}
    circuit = CircuitRun("c", "openqasm3", f"OPENQASM 3.0; {SOURCES[name]}", 100, parameters)
    assert counts("aer", circuit, level) == {1: 100}


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_in_openqasm_2_as_well(engine: str):
    assert counts(engine, CircuitRun("c", "openqasm2", OPENQASM2, 100), None) == {1: 100}


def test_one_that_expands_beyond_its_memory_is_refused_before_it_is_expanded():
    levels = "".join(f"gate g{n + 1} a {{ g{n} a; g{n} a; }} " for n in range(8))
    first = "OPENQASM 2.0; gate x a { U(pi, 0, pi) a; } gate g0 a { x a; }"
    circuit, _ = load_openqasm2(f"{first} {levels} qreg q[1]; creg c[1]; g8 q[0]; measure q -> c;")
    with pytest.raises(RunnerError, match="expand to 257 operations, 100 are allowed"):
        told_apart(circuit, 100 * 8192)


@pytest.mark.parametrize("name", ["swap", "sx", "p", "u", "cu", "rzz"])
def test_a_register_or_gate_may_have_a_name_that_only_qiskit_added_to_the_library(name: str):
    head = 'OPENQASM 2.0; include "qelib1.inc";'
    register = f"{head} qreg {name}[1]; creg c[2]; x {name}[0]; measure {name}[0] -> c[0];"
    assert counts("aer", CircuitRun("c", "openqasm2", register, 100), None) == {1: 100}
    gate = f"{head} gate {name} a {{ x a; }} qreg q[2]; creg c[2]; {name} q[0]; measure q -> c;"
    assert counts("aer", CircuitRun("c", "openqasm2", gate, 100), None) == {1: 100}
