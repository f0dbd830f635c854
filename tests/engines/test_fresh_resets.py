"""A reset of a qubit to which nothing has happened is none: it is dropped, and changes nothing."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.quantum_info import Statevector

from qee.connectors.vendors.qiskit_programs import programs
from qee.documents.run import CircuitRun, JobReference, RunDocument, SimulatorOptions
from qee.runner.engines import load
from qee.sdk.limits import Room
from qee.sdk.outcomes import Execution, Options, Task
from qee.sdk.qiskit.circuits import without_fresh_resets
from qee.sdk.qiskit.loading import load as read

HEADER = 'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[3] c; '
END = "c = measure q;"


def execution(body: str, output: str = "counts") -> Execution:
    loaded = load("aer", Options(SimulatorOptions(), (output,), None, None, None, 7), Room(1, 2**30))
    return loaded.execute(loaded.parse(CircuitRun("c", "openqasm3", HEADER + body, 50)), Task(50, 1, {}, (1, 1)))


def resets(body: str) -> int:
    circuit, _ = read(CircuitRun("c", "openqasm3", HEADER + body, 50))
    return without_fresh_resets(circuit).count_ops().get("reset", 0)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("reset q; h q[0];", 0),
        ("reset q[0]; reset q[0]; x q[0];", 0),
        ("barrier q; reset q;", 0),
        ("x q[0]; reset q[1];", 0),
        ("x q[0]; reset q;", 1),
        ("cx q[0], q[1]; reset q;", 2),
        ("c[0] = measure q[0]; reset q[0];", 1),
        ("if (c == 0) { x q[0]; } reset q;", 1),
        ("if (c == 0) { reset q[0]; }", 0),  # in a block it stays, but is not counted here
        ("gate g a, b { x b; } g q[0], q[1]; reset q;", 2),
        ("for int i in [0:1] { x q[2]; } reset q;", 1),
        ("delay[10ns] q[0]; reset q[0];", 1),
    ],
)
def test_only_a_reset_of_a_qubit_that_was_not_touched_is_dropped(body: str, left: int):
    assert resets(body + END) == left


def test_a_reset_in_a_loop_s_block_stays():
    body = "for int i in [0:2] { reset q[0]; x q[0]; } "
    assert execution(body + END).counts == {1: 50}


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_a_program_with_resets_of_basis_states_ends_as_it_is_counted(seed: int):
    draw, state, body = random.Random(seed), [0, 0, 0], ""
    for _ in range(8):
        kind, qubit = draw.choice(("x", "reset", "reset", "cx", "if", "barrier")), draw.randrange(3)
        other = (qubit + 1) % 3
        if kind == "x":
            state[qubit] ^= 1
            body += f"x q[{qubit}]; "
        elif kind == "reset":
            state[qubit] = 0
            body += f"reset q[{qubit}]; "
        elif kind == "cx":
            state[other] ^= state[qubit]
            body += f"cx q[{qubit}], q[{other}]; "
        elif kind == "if":
            state[other] = 0 if state[qubit] else state[other]
            body += f"c[0] = measure q[{qubit}]; if (c[0]) {{ reset q[{other}]; }} "
        else:
            body += "barrier q; "
    assert execution(body + END).counts == {state[0] | state[1] << 1 | state[2] << 2: 50}, body


def test_a_program_that_begins_with_resets_has_a_statevector():
    found = execution("reset q; h q[0]; cx q[0], q[1];", "statevector").statevector
    assert found is not None
    assert np.allclose(np.abs(np.asarray(found)) ** 2, [0.5, 0, 0, 0.5, 0, 0, 0, 0])


def test_what_vendors_compile_begins_without_resets_and_binds_parameters_as_declared():
    gate = 'OPENQASM 3.0; include "stdgates.inc"; gate g(theta, phi) a { ry(theta) a; rz(phi) a; } '
    source = f"{gate} qubit[2] q; bit[2] c; reset q; g(pi, 0) q[0]; c = measure q;"
    run = CircuitRun("one", "openqasm3", source, 100)
    document = RunDocument(JobReference("default", "job", "uid"), "braket", "braket", 7, False, (run,))
    (program,) = programs(document)
    assert "reset" not in program.circuit.count_ops()
    state = Statevector(program.circuit.remove_final_measurements(inplace=False))
    assert state.probabilities() == pytest.approx([0, 1, 0, 0])
