"""What is measured is what quantum mechanics says, on every engine, and a wrong bit order would be noticed.

ALARM is 1e-6 for each of about 60 comparisons here: a correct build had a chance below 1e-4 to fail with these seeds.
"""

from functools import cache

import numpy as np
import pytest
from tests.physics.cases import CASES, Case
from tests.physics.running import counts, run
from tests.physics.statistics import ALARM, p_value, p_value_of_two

from qee.documents import ResultDocument
from qee.runner.engines.cirq import sampling as cirq_sampling
from qee.sdk import outcomes

RUNS = [pytest.param(case, engine, id=f"{name}-{engine}") for name, case in CASES.items() for engine in case.engines]


@cache
def result_of(name: str, engine: str) -> ResultDocument:
    case = CASES[name]
    return run(case.source, case.format, engine, case.shots)


@pytest.mark.parametrize(("case", "engine"), RUNS)
def test_counts_follow_the_theory(case: Case, engine: str) -> None:
    assert p_value(result_of(case.name, engine).results[0].counts, case.probabilities) > ALARM


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if len(case.engines) == 2])
def test_both_engines_sample_the_same_distribution(name: str) -> None:
    aer, cirq = (result_of(name, engine).results[0].counts for engine in CASES[name].engines)
    assert p_value_of_two(aer, cirq) > ALARM


ASYMMETRIC = [run for run in RUNS if run.values[0].reversible and run.values[0].name != "wide24"]


@pytest.mark.parametrize(("case", "engine"), ASYMMETRIC)
def test_a_reversed_bit_order_would_be_noticed(case: Case, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "bit_string", lambda outcome, width: format(outcome, f"0{width}b")[::-1])
    assert p_value(counts(case.source, case.format, engine, case.shots), case.probabilities) < ALARM


@pytest.mark.parametrize("name", ["ghz5", "w3", "qft4", "grover3"])
def test_reversed_columns_of_cirq_would_be_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case, counted = CASES[name], cirq_sampling._counted
    monkeypatch.setattr(cirq_sampling, "_counted", lambda bits: counted(np.ascontiguousarray(bits[:, ::-1])))
    assert p_value(counts(case.source, case.format, "cirq", case.shots), case.probabilities) < ALARM


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_registers_have_their_own_marginals_in_order_of_declaration(engine: str) -> None:
    result = result_of("w3", engine).results[0]
    assert [(register.name, register.size) for register in result.registers] == [("low", 1), ("high", 2)]
    assert p_value(result.register_counts["low"], {"0": 2 / 3, "1": 1 / 3}) > ALARM
    assert p_value(result.register_counts["high"], {"10": 1 / 2, "00": 1 / 3, "01": 1 / 6}) > ALARM


@pytest.mark.parametrize(
    ("engine", "method"),
    [
        ("aer", "statevector"),
        ("aer", "density_matrix"),
        ("aer", "matrix_product_state"),
        ("cirq", "statevector"),
        ("cirq", "density_matrix"),
    ],
)
@pytest.mark.parametrize("name", ["w3", "qft4"])
@pytest.mark.parametrize("precision", ["double", "single"])
def test_every_method_gives_the_same_physics(engine: str, method: str, name: str, precision: str) -> None:
    case = CASES[name]
    result = run(case.source, case.format, engine, case.shots, method=method, precision=precision)
    assert p_value(result.results[0].counts, case.probabilities) > ALARM
    assert result.provenance.circuits[0].method == method


@pytest.mark.parametrize("engine", ["aer", "cirq"])
@pytest.mark.parametrize("name", ["ghz5", "ghz100"])
def test_clifford_circuits_run_by_the_stabilizer_method_of_themselves(engine: str, name: str) -> None:
    result = result_of(name, engine)
    assert set(result.results[0].counts) == set(CASES[name].probabilities)
    assert result.provenance.circuits[0].method == "stabilizer"
