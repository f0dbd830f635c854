"""Circuits known by name, on both engines and in both languages, against a third computation and each other.

35 circuits with four tests of distributions each: at ALARM = 1e-6 a correct pair of engines would have failed one of
them with a chance below 1.4e-4 when the seeds were first used (Bonferroni).
"""

from collections.abc import Mapping
from functools import cache

import pytest
from tests.physics.public_circuits import CIRCUITS, PublicCircuit
from tests.physics.running import counts
from tests.physics.statistics import ALARM, p_value, p_value_of_two
from tests.physics.theory import probabilities

SHOTS = 8192
BY_NAME = {circuit.name: circuit for circuit in CIRCUITS}


@cache
def expected(name: str) -> Mapping[str, float]:
    circuit = BY_NAME[name]
    return probabilities(circuit.gates, circuit.qubits)


def test_there_are_at_least_thirty_and_each_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(CIRCUITS) >= 30


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.name)
def test_both_engines_agree_with_the_theory_and_with_each_other(circuit: PublicCircuit) -> None:
    aer = counts(circuit.openqasm3, "openqasm3", "aer", SHOTS, seed=11)
    cirq = counts(circuit.openqasm2, "openqasm2", "cirq", SHOTS, seed=12)
    assert p_value(aer, expected(circuit.name)) > ALARM
    assert p_value(cirq, expected(circuit.name)) > ALARM
    assert p_value_of_two(aer, cirq) > ALARM
    if circuit.certain is not None:
        assert aer == cirq == {circuit.certain: SHOTS}


def test_a_reversal_of_the_bits_is_noticed() -> None:
    """Planted: of circuits whose distribution does not survive it, every reversed one is far off."""
    turned = [
        c for c in CIRCUITS if any(abs(p - expected(c.name)[key[::-1]]) > 0.02 for key, p in expected(c.name).items())
    ]
    assert len(turned) >= 20
    for circuit in turned:
        reversed_bits = {key[::-1]: n for key, n in counts(circuit.openqasm3, "openqasm3", "aer", SHOTS).items()}
        assert p_value(reversed_bits, expected(circuit.name)) < ALARM, circuit.name
