"""Faults that a simulator's wrapper may well have, each planted here: the test that is to notice it does.

What is called below are the tests themselves, under the names that they have in their own modules.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.engines import test_observables
from tests.physics import test_engines_agree, test_public_circuits
from tests.physics.public_circuits import CIRCUITS
from tests.unit.documents import test_shards

from qee.documents import shards
from qee.documents.run import NoiseOptions, Observable
from qee.runner.engines.aer import noise as aer_noise
from qee.sdk import observables, outcomes
from qee.sdk.observables import Group, measurements

ADDER = next(circuit for circuit in CIRCUITS if circuit.name == "adder_n10")
FAILS = (AssertionError, pytest.fail.Exception)


def test_reversed_bits_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    straight = outcomes.bit_string
    monkeypatch.setattr(outcomes, "bit_string", lambda outcome, width: straight(outcome, width)[::-1])
    with pytest.raises(FAILS):
        test_public_circuits.test_both_engines_agree_with_the_theory_and_with_each_other(ADDER)


def test_a_dropped_noise_model_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aer_noise.Noise, "applied", lambda self, circuit, physical=None: circuit)
    with pytest.raises(FAILS):
        test_engines_agree.test_every_typed_error_means_the_same_on_both(NoiseOptions(two_qubit="0.05"))


def test_equal_seeds_of_shards_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    seed = shards.circuit_seed
    monkeypatch.setattr(shards, "circuit_seed", lambda job, circuit, row, index: seed(job, circuit, row, 0))
    with pytest.raises(FAILS):
        test_shards.test_every_shot_of_every_set_is_run_once_and_nobody_is_idle()


def _term_by_term(group: Group, name: str, bits: Any, weights: Any) -> tuple[float, float, int]:
    """The mean as it should be, and an error that takes terms measured together for independent."""
    shots, mean, squared = int(weights.sum()), 0.0, 0.0
    for label, coefficient in group.terms[name]:
        measured = [qubit for qubit, letter in enumerate(reversed(label)) if letter != "I"]
        values = 1.0 - 2.0 * (bits[:, measured].sum(axis=1) & 1)
        one = float(weights @ values) / shots
        mean += coefficient * one
        squared += coefficient**2 * (1 - one**2) / shots
    return mean, squared, shots


def _of_the_shots(group: Group, name: str, bits: Any, weights: Any) -> tuple[float, float, int]:
    """The spread of the shots in place of that of their mean."""
    mean, squared, shots = _RIGHT(group, name, bits, weights)
    return mean, squared * shots, shots


_RIGHT: Callable[[Group, str, Any, Any], tuple[float, float, int]] = observables._mean


@pytest.mark.parametrize("wrong", [_term_by_term, _of_the_shots])
def test_a_wrong_standard_error_is_noticed(monkeypatch: pytest.MonkeyPatch, wrong: Any) -> None:
    monkeypatch.setattr(observables, "_mean", wrong)
    with pytest.raises(FAILS):
        test_observables.test_over_200_seeds_the_interval_contains_the_truth_in_90_to_99_percent()


def test_the_wrong_error_was_that_of_correlated_terms() -> None:
    """So that the test above fails for its reason: of uncorrelated terms both say the same."""
    plan = measurements([Observable("o", {"ZI": "1", "IZ": "1"})], 2)
    bits, weights = observables._table({0: 250, 1: 250, 2: 250, 3: 250}, 2)
    right, wrong = _RIGHT(plan.groups[0], "o", bits, weights), _term_by_term(plan.groups[0], "o", bits, weights)
    assert np.sqrt(right[1]) == pytest.approx(np.sqrt(wrong[1]), rel=1e-3)
