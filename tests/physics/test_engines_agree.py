"""The same program on both engines gives the same numbers: not samples, so that nothing is left to chance."""

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.physics.running import run_document
from tests.physics.test_outputs import HEAD, numbers, run

from qee.api.reasons import Reason
from qee.documents import NoiseOptions, Observable, SimulatorOptions
from qee.runner.process import execute
from qee.sdk.errors import RunnerError

QUBITS = f"{HEAD}qreg q[3];\ncreg a[2];\ncreg b[1];\n"
GATES = """ry(0.7) q[0];
cx q[0], q[1];
ry(1.1) q[1];
cz q[1], q[2];
h q[2];
rz(0.4) q[2];
cx q[2], q[0];
ry(0.5) q[0];
"""
SOURCE = f"{QUBITS}{GATES}measure q[0] -> b[0];\nmeasure q[1] -> a[1];\nmeasure q[2] -> a[0];\n"
MIXED = SimulatorOptions("density_matrix")

NOISES = {
    "one qubit": NoiseOptions(one_qubit="0.03"),
    "two qubits": NoiseOptions(two_qubit="0.05"),
    "readout": NoiseOptions(readout="0.04"),
    "relaxation": NoiseOptions(t1="50", t2="70", gate_times={"cx": "9000", "h": "4000"}),
    "relaxation without dephasing": NoiseOptions(t1="50", gate_times={"cz": "20000"}),
    "dephasing alone": NoiseOptions(t2="30", gate_times={"ry": "5000", "cx": "5000"}),
    "all": NoiseOptions(None, "0.01", "0.02", "0.03", "80", "60", {"cx": "3000", "rz": "1000"}),
    "everything is replaced": NoiseOptions(one_qubit="1", two_qubit="1"),
}


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
def test_every_typed_error_means_the_same_on_both(noise: NoiseOptions) -> None:
    found = [
        numbers(run(engine, SOURCE, ("probabilities",), noise=noise, simulator=MIXED)[0].probabilities)
        for engine in ("aer", "cirq")
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-9)
    (ideal,) = run("aer", SOURCE, ("probabilities",))
    assert np.abs(found[0] - numbers(ideal.probabilities)).max() > 1e-3


def test_gates_on_three_qubits_err_on_both() -> None:
    """Decomposed in different ways: both lose fidelity, and neither runs it whole."""
    source = f"{HEAD}qreg q[3];\ncreg c[3];\nx q[0];\nx q[1];\nccx q[0], q[1], q[2];\nmeasure q -> c;\n"
    for engine in ("aer", "cirq"):
        (result,) = run(engine, source, ("probabilities",), noise=NoiseOptions(two_qubit="0.02"))
        found = numbers(result.probabilities)[0b111]
        assert 0.85 < found < 0.98**4


@pytest.mark.parametrize(
    "gate", ["h q[0];", "ccx q[0], q[1], q[2];", "cu3(0.3, 0.2, 0.1) q[0], q[2];", "swap q[1], q[2];"]
)
def test_states_and_observables_agree(gate: str) -> None:
    source = f"{QUBITS}{GATES}{gate}\n"
    observables = (Observable("o", {"XYZ": "0.5", "ZIX": "-1", "IYI": "2", "III": "0.25"}),)
    states, values = [], []
    for engine in ("aer", "cirq"):
        (result,) = run(engine, source, ("statevector", "expectation"), observables=observables)
        states.append(numbers(result.statevector))
        assert result.expectation is not None
        values.append(float(result.expectation["o"].value))
    assert abs(np.vdot(*states)) == pytest.approx(1, abs=1e-9)
    assert values[0] == pytest.approx(values[1], abs=1e-9)


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_noisy_observables_have_the_analytic_value(engine: str) -> None:
    """Depolarizing after ry and after the h of the basis change: <X> of a turned qubit shrinks by (1-p)^2."""
    p = 0.1
    source = f"{HEAD}qreg q[1];\nry(0.9) q[0];\n"
    (result,) = run(
        engine,
        source,
        ("expectation",),
        observables=(Observable("x", {"X": "1"}),),
        noise=NoiseOptions(one_qubit=str(p)),
        shots=200_000,
    )
    assert result.expectation is not None
    found = result.expectation["x"]
    assert abs(float(found.value) - (1 - p) ** 2 * math.sin(0.9)) < 5 * float(found.standard_error)
    assert found.shots == 200_000


@pytest.mark.parametrize("engine", ["aer", "cirq"])
@pytest.mark.parametrize(
    ("noise", "message"),
    [
        (NoiseOptions(two_qubit="0.1"), "noise.twoQubit: the circuit has no two-qubit gate"),
        (
            NoiseOptions(t1="10", gate_times={"cz": "100"}),
            "noise.gateTimes.cz: the circuit has no gate cz, its gates are h; name one of these",
        ),
    ],
)
def test_a_term_that_touches_no_gate_fails_by_name(engine: str, noise: NoiseOptions, message: str) -> None:
    source = f"{HEAD}qreg q[1];\ncreg c[1];\nh q[0];\nmeasure q -> c;\n"
    with pytest.raises(RunnerError) as caught:
        run(engine, source, ("counts",), noise=noise)
    assert caught.value.reason is Reason.INVALID_SPEC
    assert message in caught.value.message


ALIKE = {
    "cp": "h q[0];\nh q[1];\ncu1(pi) q[0], q[1];\nh q[1];\n",
    "u1": "h q[0];\nu1(pi/2) q[0];\nu1(pi/2) q[0];\nh q[0];\ncx q[0], q[1];\n",
    "u3": "u3(0.4, 0.2, 0.1) q[0];\ncx q[0], q[1];\nh q[1];\n",
    "cz": "h q[0];\nh q[1];\ncz q[0], q[1];\ncu1(pi) q[0], q[1];\nh q[1];\n",
    "cy": "h q[0];\ncy q[0], q[1];\nh q[0];\n",
    "cu3": "h q[0];\ncu3(0.9, 0.2, 0.3) q[0], q[1];\nh q[0];\n",
    "id": "h q[0];\nid q[0];\nh q[0];\ncx q[0], q[1];\n",
    "CX": "h q[0];\nCX q[0], q[1];\nh q[0];\n",
}


@pytest.mark.parametrize(
    ("name", "gates"), [("cu1", ALIKE["cp"]), *((name, ALIKE[name]) for name in ALIKE if name != "cp")]
)
def test_gate_times_are_those_of_the_name_that_was_written(name: str, gates: str) -> None:
    source = f"{HEAD}qreg q[2];\ncreg c[2];\n{gates}measure q -> c;\n"
    noise = NoiseOptions(t1="50", t2="40", gate_times={name: "15000"})
    aer, cirq, ideal = (
        numbers(run(engine, source, ("probabilities",), noise=each)[0].probabilities)
        for engine, each in (("aer", noise), ("cirq", noise), ("aer", None))
    )
    assert aer == pytest.approx(cirq, abs=1e-9)
    assert np.abs(aer - ideal).max() > 1e-3


@pytest.mark.parametrize("engine", ["aer", "cirq"])
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("U", "U(pi, 0, pi) q[1];"),
        ("u", "U(pi, 0, pi) q[1];"),
        ("phase", "phase(1.0) q[0];"),
        ("p", "phase(1.0) q[0];"),
        ("cphase", "cphase(1.0) q[0], q[1];"),
        ("CX", "CX q[0], q[1];"),
        ("cx", "CX q[0], q[1];"),
        ("id", "id q[0];"),
        ("id", "gate mine a { id a; } mine q[0];"),
        ("cu", "cu(1.0, 1.0, 1.0, 1.0) q[0], q[1];"),
        ("u3", "u3(pi, 0, pi) q[1];"),
    ],
)
def test_a_gate_s_time_is_taken_under_each_of_its_names(engine: str, name: str, call: str) -> None:
    source = f'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nx q[0];\n{call}\nc = measure q;\n'
    noise = NoiseOptions(t1="0.001", t2="0.001", gate_times={name: "1000000"})  # all decays to 0
    document = replace(run_document(source, "openqasm3", engine, 100), noise=noise)
    (result,) = execute(document, 0, "none", 0.0).results
    decayed = "0" if "q[0]" in call else "1"
    assert {key[-1] for key in result.counts} == {decayed}


@pytest.mark.parametrize("engine", ["aer", "cirq"])
@pytest.mark.parametrize(("method", "output"), [("stabilizer", "statevector"), ("density_matrix", "statevector")])
def test_a_method_without_an_exact_output_is_not_replaced(engine: str, method: str, output: str) -> None:
    source = f"{HEAD}qreg q[1];\nh q[0];\n"
    with pytest.raises(RunnerError, match=f"simulator.method: {method} has no exact {output}"):
        run(engine, source, (output,), simulator=SimulatorOptions(method))


@pytest.mark.parametrize("engine", ["aer", "cirq"])
@pytest.mark.parametrize(
    ("noise", "message"),
    [
        (NoiseOptions(t1="10", t2="30", gate_times={"h": "100"}), "noise.t2: 30 exceeds twice t1 10"),
        (NoiseOptions(t1="10"), "noise.gateTimes: t1 and t2 act during gateTimes"),
        (NoiseOptions(gate_times={"h": "100"}), "noise.gateTimes: t1 and t2 act during gateTimes"),
    ],
)
def test_times_that_contradict_each_other_are_refused(engine: str, noise: NoiseOptions, message: str) -> None:
    with pytest.raises(RunnerError) as caught:
        run(engine, f"{HEAD}qreg q[1];\ncreg c[1];\nh q[0];\nmeasure q -> c;\n", ("counts",), noise=noise)
    assert message in caught.value.message
