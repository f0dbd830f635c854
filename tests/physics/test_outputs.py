"""Every output of a simulator against theory, with states that show a wrong bit order, on both engines alike."""

import dataclasses
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from tests.physics.running import JOB
from tests.physics.statistics import ALARM, p_value

from qee.api.reasons import Reason
from qee.documents import (
    Array,
    CircuitResult,
    CircuitRun,
    Observable,
    ResultDocument,
    RunDocument,
    SimulatorOptions,
    check_result,
)
from qee.runner.process import execute
from qee.sdk.errors import RunnerError

ENGINES = pytest.mark.parametrize("engine", ["aer", "cirq"])
HEAD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
# q0 is turned by 0.7, q1 by 1.3, q2 is 1; q0 goes into b[0], q1 into a[1], q2 into a[0]: nothing is symmetric
STATE = f"{HEAD}qreg q[3];\nry(0.7) q[0];\nry(1.3) q[1];\nx q[2];\n"
MEASURED = f"{STATE}creg a[2];\ncreg b[2];\nmeasure q[0] -> b[0];\nmeasure q[1] -> a[1];\nmeasure q[2] -> a[0];\n"
ONE = {0: math.sin(0.35) ** 2, 1: math.sin(0.65) ** 2, 2: 1.0}


def run(
    engine: str, source: str, outputs: tuple[str, ...], format: str = "openqasm2", **change: Any
) -> tuple[CircuitResult, ...]:
    fields = {name: change.pop(name) for name in ("parameters", "observables", "shots") if name in change}
    circuit = CircuitRun("c", format, source, **{"shots": 1000, **fields})
    document = dataclasses.replace(RunDocument(JOB, engine, engine, 7, False, (circuit,), outputs), **change)
    result = execute(document, 0, "none", 0.0)
    check_result(result, document)
    return ResultDocument.from_bytes(result.to_bytes()).results


def numbers(array: Array | None) -> Any:
    assert array is not None
    kind = {"float64": "<f8", "complex128": "<c16", "complex64": "<c8"}[array.dtype]
    return np.frombuffer(array.raw(), dtype=kind)


def expected(outcome: int) -> float:
    """Of bits a0 a1 b0 b1, the first lowest: q2, q1, q0 and nothing."""
    a0, a1, b0, b1 = (outcome >> bit & 1 for bit in range(4))
    chances = [(a0, ONE[2]), (a1, ONE[1]), (b0, ONE[0]), (b1, 0.0)]
    return math.prod(one if bit else 1 - one for bit, one in chances)


@ENGINES
def test_probabilities_are_those_of_the_joined_bits(engine: str) -> None:
    (result,) = run(engine, MEASURED, ("probabilities",))
    assert numbers(result.probabilities) == pytest.approx([expected(outcome) for outcome in range(16)], abs=1e-9)
    assert (result.shots, result.counts) == (0, None)


@ENGINES
def test_probabilities_without_a_measurement_are_those_of_the_qubits(engine: str) -> None:
    (result,) = run(engine, STATE, ("probabilities",))
    known = [math.prod(ONE[q] if value >> q & 1 else 1 - ONE[q] for q in range(3)) for value in range(8)]
    assert numbers(result.probabilities) == pytest.approx(known, abs=1e-9)


@ENGINES
def test_the_statevector_has_qubit_0_as_its_lowest_bit(engine: str) -> None:
    (result,) = run(engine, MEASURED, ("statevector",))
    state = numbers(result.statevector)
    known = np.zeros(8, dtype=complex)
    for value in range(4):
        known[4 + value] = (math.sin(0.35) if value & 1 else math.cos(0.35)) * (
            math.sin(0.65) if value & 2 else math.cos(0.65)
        )
    assert abs(np.vdot(known, state)) == pytest.approx(1, abs=1e-9)


@ENGINES
def test_a_statevector_in_single_precision_is_half_as_long(engine: str) -> None:
    (result,) = run(engine, STATE, ("statevector",), simulator=SimulatorOptions(precision="single"))
    assert result.statevector is not None
    assert (result.statevector.dtype, len(result.statevector.raw())) == ("complex64", 64)


@ENGINES
def test_memory_has_every_shot_and_the_same_outcomes_as_counts(engine: str) -> None:
    (result,) = run(engine, MEASURED, ("counts", "memory"), shots=4000)
    assert result.memory is not None
    assert Counter(result.memory) == result.counts
    assert p_value(dict(result.counts), {format(o, "04b"): expected(o) for o in range(16)}) > ALARM
    halves = [Counter(result.memory[:2000]), Counter(result.memory[2000:])]
    assert all(p_value(dict(half), {format(o, "04b"): expected(o) for o in range(16)}) > ALARM for half in halves)


@ENGINES
def test_memory_of_a_dynamic_circuit_follows_its_own_measurements(engine: str) -> None:
    registers = "qreg q[2];\ncreg a[1];\ncreg b[1];\n"
    source = f"{HEAD}{registers}h q[0];\nmeasure q[0] -> a[0];\nif(a==1) x q[1];\nmeasure q[1] -> b[0];\n"
    (result,) = run(engine, source, ("counts", "memory"))
    assert result.memory is not None
    assert set(result.memory) == {"00", "11"}


@ENGINES
@pytest.mark.parametrize(
    ("terms", "value"),
    [
        ({"IIZ": "1"}, math.cos(0.7)),
        ({"IZI": "1"}, math.cos(1.3)),
        ({"ZII": "1"}, -1.0),
        ({"IIX": "1"}, math.sin(0.7)),
        (
            {"ZZZ": "0.5", "III": "2", "IXX": "-1.5"},
            2 - 0.5 * math.cos(0.7) * math.cos(1.3) - 1.5 * math.sin(0.7) * math.sin(1.3),
        ),
        ({"IIY": "3"}, 0.0),
    ],
)
def test_exact_expectation_values(engine: str, terms: dict[str, str], value: float) -> None:
    for source in (STATE, MEASURED):
        (result,) = run(engine, source, ("expectation",), observables=(Observable("o", terms),))
        assert result.expectation is not None
        found = result.expectation["o"]
        assert (float(found.value), float(found.standard_error), found.shots) == (
            pytest.approx(value, abs=1e-9),
            0.0,
            0,
        )


@ENGINES
def test_sampled_expectation_values_contain_the_truth_in_90_to_99_percent_of_200_seeds(engine: str) -> None:
    """ZI and IZ are measured together and correlated; XX apart. A correct interval of 95 % fails this once in 800."""
    source = f"{HEAD}qreg q[2];\nry(1.1) q[0];\ncx q[0], q[1];\n"
    observable = Observable("o", {"ZI": "0.7", "IZ": "0.6", "XX": "0.5", "YY": "0.2"})
    truth = 1.3 * math.cos(1.1) + (0.5 - 0.2) * math.sin(1.1)
    hits = 0
    for seed in range(200):
        (result,) = run(engine, source, ("expectation",), observables=(observable,), precision="0.08", seed=seed)
        assert result.expectation is not None
        found = result.expectation["o"]
        assert 0 < float(found.standard_error) <= 0.09
        assert found.shots > 0
        hits += abs(float(found.value) - truth) <= 1.96 * float(found.standard_error)
    assert 180 <= hits <= 198


@ENGINES
def test_all_outputs_at_once(engine: str) -> None:
    every = ("counts", "memory", "probabilities", "statevector", "expectation")
    (result,) = run(engine, MEASURED, every, observables=(Observable("z", {"IIZ": "1"}),))
    assert None not in (result.counts, result.memory, result.probabilities, result.statevector, result.expectation)


SWEEP = """OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta;
input angle phi;
qubit[2] q;
bit[2] c;
ry(theta) q[0];
rx(phi) q[1];
c = measure q;
"""


def test_a_sweep_gives_each_row_what_its_values_say() -> None:
    columns = {"phi": ("0.1", "0.2", "0.3"), "theta": ("1.5", "0.5", "1e-1")}
    found = run("aer", SWEEP, ("counts", "probabilities"), "openqasm3", parameters=columns, shots=3000)
    assert [each.parameter_set for each in found] == [0, 1, 2]
    for each, phi, theta in zip(found, columns["phi"], columns["theta"], strict=True):
        low, high = math.sin(float(theta) / 2) ** 2, math.sin(float(phi) / 2) ** 2
        known = [(1 - low) * (1 - high), low * (1 - high), (1 - low) * high, low * high]
        assert numbers(each.probabilities) == pytest.approx(known, abs=1e-9)
        assert each.counts is not None
        assert p_value(dict(each.counts), {format(n, "02b"): p for n, p in enumerate(known)}) > ALARM
    assert len({each.seeds for each in found}) == 3


def test_both_spellings_of_a_vectors_element_are_one_parameter() -> None:
    source = SWEEP.replace("theta", "_theta_0_").replace("phi", "_theta_1_")
    for names in (("theta[0]", "theta[1]"), ("_theta_0_", "_theta_1_")):
        (result,) = run(
            "aer", source, ("probabilities",), "openqasm3", parameters={names[0]: (str(math.pi),), names[1]: ("0",)}
        )
        assert numbers(result.probabilities) == pytest.approx([0, 1, 0, 0], abs=1e-9)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"theta": ("1",)}, "parameters: no values for phi, which the circuit takes; add a column for each"),
        ({}, "parameters: no values for phi, theta, which the circuit takes"),
        (
            {"theta": ("1",), "phi": ("1",), "psi": ("1",)},
            "parameters: the circuit does not use psi; its parameters are phi, theta; remove the column",
        ),
    ],
)
def test_columns_that_do_not_fit_are_refused_by_name(columns: dict[str, tuple[str, ...]], message: str) -> None:
    with pytest.raises(RunnerError) as caught:
        run("aer", SWEEP, ("counts",), "openqasm3", parameters=columns)
    assert caught.value.reason is Reason.INVALID_SPEC
    assert message in caught.value.message


EARLY = f"{HEAD}qreg q[2];\ncreg c[2];\nh q[0];\nmeasure q[0] -> c[0];\nx q[0];\nmeasure q[1] -> c[1];\n"


@ENGINES
@pytest.mark.parametrize("output", ["probabilities", "statevector", "expectation"])
def test_what_is_of_the_final_state_needs_measurements_at_the_end(engine: str, output: str) -> None:
    with pytest.raises(RunnerError, match="measures before its end; ask for counts or memory"):
        run(engine, EARLY, (output,), observables=(Observable("z", {"IZ": "1"}),) if output == "expectation" else ())


@ENGINES
def test_a_label_of_another_length_is_refused_by_name(engine: str) -> None:
    with pytest.raises(RunnerError, match=r"observables\[z\]\.terms: ZZ has 2 letters, the circuit has 3 qubits"):
        run(engine, STATE, ("expectation",), observables=(Observable("z", {"ZZ": "1"}),))


@ENGINES
def test_a_state_that_no_result_holds_is_refused_with_figures(engine: str) -> None:
    source = f"{HEAD}qreg q[22];\nh q[21];\n"
    with pytest.raises(RunnerError, match=r"a statevector of 22 qubits has 2\^22 amplitudes, 16 qubits are possible"):
        run(engine, source, ("statevector",))
    with pytest.raises(RunnerError, match=r"probabilities of 22 bits are 2\^22 numbers, 20 bits are possible"):
        run(engine, source, ("probabilities",))


@ENGINES
def test_counts_need_a_measurement(engine: str) -> None:
    with pytest.raises(RunnerError, match="a circuit without measurements"):
        run(engine, STATE, ("counts", "statevector"))


@pytest.mark.parametrize("method", ["statevector", "density_matrix", "matrix_product_state", "stabilizer"])
def test_expectation_values_by_every_method(method: str) -> None:
    source = f"{HEAD}qreg q[3];\nh q[0];\ncx q[0], q[1];\ns q[1];\nx q[2];\n"
    observables = (Observable("o", {"ZXY": "1", "IZZ": "2", "ZYX": "4"}),)
    (result,) = run("aer", source, ("expectation",), observables=observables, simulator=SimulatorOptions(method))
    assert result.expectation is not None
    # (|00> + i|11>)/sqrt 2 has XY = YX = 1 and ZZ = 1; q2 is 1
    assert float(result.expectation["o"].value) == pytest.approx(-1 + 2 - 4, abs=1e-9)


def test_compiling_at_a_high_level_changes_no_output() -> None:
    from qee.documents import TranspileOptions

    every = ("counts", "probabilities", "statevector", "expectation")
    observables = (Observable("z", {"IIZ": "1", "IXI": "0.5"}),)
    for level in (0, 1, 2, 3):
        options = TranspileOptions(optimization_level=level)
        (result,) = run("aer", MEASURED + "", every, observables=observables, transpile=options)
        assert numbers(result.probabilities) == pytest.approx([expected(o) for o in range(16)], abs=1e-9)
        assert result.expectation is not None
        assert float(result.expectation["z"].value) == pytest.approx(math.cos(0.7) + 0.5 * math.sin(1.3), abs=1e-9)
        state = numbers(result.statevector)
        (plain,) = run("aer", MEASURED, ("statevector",))
        assert abs(np.vdot(state, numbers(plain.statevector))) == pytest.approx(1, abs=1e-9)
