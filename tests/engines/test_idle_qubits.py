"""Qubits that are declared and not used cost no memory, and what is told before a run counts as the run does."""

import base64
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qpy

from qee.circuits import scan
from qee.documents.run import CircuitRun, NoiseOptions, SimulatorOptions
from qee.runner.engines import load
from qee.sdk.limits import Room
from qee.sdk.outcomes import Options, Task

HEADER = 'OPENQASM 3.0; include "stdgates.inc"; '


def executed(source: str, format: str = "openqasm3", noise: NoiseOptions | None = None) -> tuple[int, dict[int, int]]:
    """The qubits that Aer gets, and counts."""
    loaded = load("aer", Options(SimulatorOptions(), ("counts",), None, noise, None, 7), Room(1, 2**28))
    parsed = loaded.parse(CircuitRun("c", format, source, 100))
    found = loaded.execute(parsed, Task(100, 1, {}, (1, 1))).counts
    assert found is not None
    return parsed.circuit.num_qubits, dict(found)


def test_two_qubits_of_127_in_qpy_are_simulated_as_two():
    circuit = QuantumCircuit(127, 2)
    circuit.x(90)
    circuit.cx(90, 17)
    circuit.t(17)
    circuit.barrier()
    circuit.measure([17, 90], [0, 1])
    data = io.BytesIO()
    qpy.dump(circuit, data)
    assert scan("qpy", data.getvalue()).active == 2
    assert executed(base64.b64encode(data.getvalue()).decode(), "qpy") == (2, {3: 100})


def test_under_noise_each_qubit_keeps_its_own():
    source = f"{HEADER} qubit[60] q; bit[2] c; x q[50]; t q[3]; c[0] = measure q[50]; c[1] = measure q[3];"
    assert executed(source, noise=NoiseOptions(one_qubit="0", readout="0")) == (2, {1: 100})


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_the_scanner_counts_the_qubits_that_are_simulated(seed: int):
    draw, body = random.Random(seed), ""
    for _ in range(draw.randint(1, 7)):
        a, b = draw.sample(range(60), 2)
        body += draw.choice(
            (
                f"x q[{a}]; ",
                f"cx q[{a}], q[{b}]; ",
                f"reset q[{a}]; ",
                "barrier q; ",
                f"barrier q[{a}]; ",
                f"if (c == 0) {{ x q[{a}]; }} ",
                f"if (c == 0) {{ reset q[{a}]; }} ",
                f"for int i in [0:1] {{ t q[{a}]; }} ",
                f"c[1] = measure q[{b}]; ",
                f"x q[{{{a}, {b}}}]; ",
                f"cx q[{a % 20}:3:{a % 20 + 4}], q[30:2:32]; ",
                f"barrier q[{a}:59]; ",
                f"x q[{a}:-1][0]; " if a == 59 else "",
                f"c[1:2] = measure q[{{{b}, {a}}}]; ",
            )
        )
    source = f"{HEADER} qubit[60] q; bit[3] c; {body} c[0] = measure q[0];"
    assert scan("openqasm3", source).active == executed(source)[0], source


@pytest.mark.parametrize("body", ["let a = q[0:1]; x a[0];", "delay[10ns];"])
def test_where_the_scanner_cannot_tell_it_does_not_guess(body: str):
    assert scan("openqasm3", f"{HEADER} qubit[60] q; bit c; {body} c = measure q[0];").active is None
