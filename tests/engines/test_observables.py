"""Grouping, shot allocation and standard errors, against states whose distributions are known without a simulator."""

import math

import numpy as np
import pytest

from qee.api.documents import Observable
from qee.api.reasons import Reason
from qee.runner.errors import RunnerError
from qee.runner.observables import Measurements, measurements


def of(qubits: int = 2, **observables: dict[str, str]) -> Measurements:
    return measurements([Observable(name, terms) for name, terms in observables.items()], qubits)


def bell_counts(basis: str, shots: int, random: np.random.Generator) -> dict[int, int]:
    """Of (|00> + |11>)/sqrt 2: XX and ZZ are 1, YY is -1, single letters are 0."""
    odd = basis == "YY"
    ones = int(random.binomial(shots, 0.5))
    outcomes = {0b01: ones, 0b10: shots - ones} if odd else {0b00: ones, 0b11: shots - ones}
    return {outcome: count for outcome, count in outcomes.items() if count}


def test_terms_that_commute_qubit_by_qubit_are_measured_together() -> None:
    plan = of(h={"ZI": "0.5", "IZ": "-0.5", "ZZ": "0.25", "XX": "1", "II": "3"}, x={"XI": "2"})
    assert [group.basis for group in plan.groups] == ["XX", "ZZ"]
    assert plan.constants == {"h": 3.0, "x": 0.0}
    assert sorted(plan.labels()) == ["IZ", "XI", "XX", "ZI", "ZZ"]


def test_every_pair_within_a_group_commutes_on_every_qubit() -> None:
    random = np.random.default_rng(3)
    terms = {"".join(random.choice(list("IXYZ"), 5)): f"{random.normal():.6f}" for _ in range(200)}
    plan = of(5, h=terms)
    kept = {label: c for group in plan.groups for label, c in group.terms["h"]}
    assert kept == {label: float(c) for label, c in terms.items() if set(label) != {"I"}}
    for group in plan.groups:
        for label, _ in group.terms["h"]:
            assert all(letter in ("I", basis) for letter, basis in zip(label, group.basis, strict=True))


def test_the_leftmost_letter_is_the_highest_qubit() -> None:
    plan = of(3, low={"IIZ": "1"}, high={"ZII": "1"})
    found = plan.estimates([{0b001: 10}])
    assert (found["low"].value, found["high"].value) == (-1.0, 1.0)


def test_the_error_of_terms_measured_together_is_that_of_their_sum() -> None:
    """In a Bell state ZI and IZ are equal in every shot: their difference has no spread, their sum twice one's."""
    plan = of(difference={"ZI": "1", "IZ": "-1"}, sum={"ZI": "1", "IZ": "1"})
    (group,) = plan.groups
    assert group.basis == "ZZ"
    found = plan.estimates([{0b00: 500, 0b11: 500}])
    assert (found["difference"].value, found["difference"].standard_error) == (0.0, 0.0)
    assert found["sum"].standard_error == pytest.approx(2 / math.sqrt(999))
    assert found["sum"].shots == 1000


def test_over_200_seeds_the_interval_contains_the_truth_in_90_to_99_percent() -> None:
    """H = XX + YY/2 + (ZI + IZ)/4 of a Bell state: 1 - 1/2 + 0, its error that of (ZI + IZ)/4 alone.

    With 95 % each, fewer than 180 or more than 198 hits of 200 have a chance of 1.2e-3; the seeds are fixed.
    """
    plan = of(h={"XX": "1", "YY": "0.5", "ZI": "0.25", "IZ": "0.25"})
    hits = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        counts = [bell_counts(group.basis, 400, random) for group in plan.groups]
        found = plan.estimates(counts)["h"]
        hits += abs(found.value - 0.5) <= 1.96 * found.standard_error
    assert 180 <= hits <= 198


@pytest.mark.parametrize("share", [(1, 1), (1, 4)])
def test_the_shots_suffice_for_the_precision_whatever_the_state(share: tuple[int, int]) -> None:
    plan = of(h={"XX": "1", "YY": "0.5", "ZI": "0.25", "IZ": "0.25"}, small={"ZZ": "0.1"})
    shots = plan.shots(1, 0.01, share)
    for name in plan.names:
        worst = sum(group.bound(name) ** 2 / n for group, n in zip(plan.groups, shots, strict=True))
        assert worst <= 0.01**2 * share[1]
    assert sum(shots) <= 1.01 * sum(plan.shots(1, 0.01)) / share[1] + len(shots)


def test_a_precision_that_takes_too_many_shots_is_refused_with_figures() -> None:
    with pytest.raises(
        RunnerError, match=r"precision: 1e-06 takes 1e\+12 shots of one measurement, 10000000"
    ) as caught:
        of(h={"ZZ": "1"}).shots(1, 1e-6)
    assert caught.value.reason is Reason.INVALID_SPEC


def test_one_shot_claims_no_certainty() -> None:
    assert of(h={"ZZ": "0.5"}).estimates([{0: 1}])["h"].standard_error == 0.5


def test_identities_are_exact_and_need_no_measurement() -> None:
    plan = of(one={"II": "1.5"}, h={"ZZ": "1"})
    found = plan.estimates([{0: 10}])
    assert (found["one"].value, found["one"].standard_error, found["one"].shots) == (1.5, 0.0, 0)


def test_exact_values_ask_for_each_label_once() -> None:
    asked: list[str] = []

    def expectation(label: str) -> float:
        asked.append(label)
        return {"ZZ": 1.0, "XX": 1.0, "ZI": 0.0}[label]

    found = of(a={"ZZ": "0.5", "XX": "0.25"}, b={"ZZ": "2", "ZI": "1", "II": "-1"}).exact(expectation)
    assert {name: (e.value, e.standard_error, e.shots) for name, e in found.items()} == {
        "a": (0.75, 0.0, 0),
        "b": (1.0, 0.0, 0),
    }
    assert sorted(asked) == ["XX", "ZI", "ZZ"]


def test_a_label_of_another_length_is_refused_by_name() -> None:
    with pytest.raises(RunnerError, match=r"observables\[h\]\.terms: ZZZ has 3 letters, the circuit has 2 qubits"):
        of(h={"ZZZ": "1"})


def test_more_qubits_than_a_machine_word() -> None:
    plan = of(100, h={"Z" + "I" * 98 + "Z": "1"})
    found = plan.estimates([{0: 3, (1 << 99) | 1: 3, 1 << 99: 2}])["h"]
    assert found.value == pytest.approx((6 - 2) / 8)


def test_groups_have_seeds_of_their_own() -> None:
    plan = of(h={"XX": "1", "ZZ": "1"})
    assert len({plan.seed(5, 0), plan.seed(5, 1), plan.seed(6, 0), 5}) == 4
