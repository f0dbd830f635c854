"""Grouping, shot allocation and standard errors, against states whose distributions are known without a simulator."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from qee.api.reasons import Reason
from qee.documents import Observable
from qee.documents.merge import _average
from qee.documents.result import Expectation
from qee.sdk.errors import RunnerError
from qee.sdk.observables import Measurements, error_of_told, measurements


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
    """In a Bell state ZI and IZ are equal in every shot: their difference has no spread, their sum twice one's.

    To the difference's error only the two shots add that were not seen, one at -2 and one at 2.
    """
    plan = of(difference={"ZI": "1", "IZ": "-1"}, sum={"ZI": "1", "IZ": "1"})
    (group,) = plan.groups
    assert group.basis == "ZZ"
    found = plan.estimates([{0b00: 500, 0b11: 500}])
    assert found["difference"].value == 0.0
    assert found["difference"].standard_error == pytest.approx(math.sqrt(8 / 1002 / 1000))
    assert found["sum"].standard_error == pytest.approx(2 / math.sqrt(1000))
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


SHOTS = (10, 25, 50, 100, 400)
ANGLES = tuple(index / 20 for index in range(1, 63))  # of ry on |0>: of 0 and of pi nothing is random


@pytest.mark.parametrize("coefficient", ["1", "-0.25"])
def test_an_error_of_one_term_is_that_of_count_plus_1_of_shots_plus_2(coefficient: str) -> None:
    plan = of(1, z={"Z": coefficient})
    for shots in SHOTS:
        for ones in range(shots + 1):
            counts = {outcome: count for outcome, count in ((0, shots - ones), (1, ones)) if count}
            p = (ones + 1) / (shots + 2)
            wanted = 2 * abs(float(coefficient)) * math.sqrt(p * (1 - p) / shots)
            assert plan.estimates([counts])["z"].standard_error == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("shots", SHOTS)
def test_the_interval_of_one_term_contains_the_truth_at_any_angle(shots: int) -> None:
    """Every outcome of ry(angle), Z, with its own chance: no sampling. A count jumps, so one angle alone may have less
    than the average: 83 % is the least, where shots * p is close to 2 and no shot came out 1, in 13 % of the runs.
    """
    plan = of(1, z={"Z": "1"})
    found = [
        plan.estimates([{outcome: count for outcome, count in ((0, shots - ones), (1, ones)) if count}])["z"]
        for ones in range(shots + 1)
    ]
    coverage = []
    for angle in ANGLES:
        p, truth = math.sin(angle / 2) ** 2, math.cos(angle)
        coverage.append(
            sum(
                math.comb(shots, ones) * p**ones * (1 - p) ** (shots - ones)
                for ones, each in enumerate(found)
                if abs(each.value - truth) <= 1.96 * each.standard_error
            )
        )
    assert min(coverage) >= 0.83
    assert 0.9 <= sum(coverage) / len(coverage) <= 0.99


def product(angles: Sequence[float], shots: int, random: np.random.Generator) -> dict[int, int]:
    """Outcomes of ry(angle) on each qubit of |0...0>."""
    ones = random.random((shots, len(angles))) < np.sin(np.array(angles) / 2) ** 2
    return dict(Counter(int(row @ (1 << np.arange(len(angles)))) for row in ones))


def superposed(angle: float, qubits: int, shots: int, random: np.random.Generator) -> dict[int, int]:
    """Of cos(angle/2) |0...0> + sin(angle/2) |1...1>."""
    ones = int(random.binomial(shots, math.sin(angle / 2) ** 2))
    return {outcome: n for outcome, n in ((0, shots - ones), ((1 << qubits) - 1, ones)) if n}


def covered(weights: Sequence[float], shots: int, alike: bool) -> float:
    """How often the interval of a weighted sum of ZII, IZI, IIZ and IZZ contains the truth, over angles and seeds.

    `alike`: all qubits agree in each shot, so that the terms are correlated.
    """
    plan = of(3, h=dict(zip(("IIZ", "IZI", "ZII", "IZZ", "III"), map(str, (*weights, 2)), strict=True)))
    random = np.random.default_rng(shots)
    hits = []
    for _ in range(2000):
        angles = random.uniform(0.05, 3.1, 3)
        a, b, c = np.cos(angles)
        if alike:
            counts, (a, b, c), ab = superposed(angles[0], 3, shots, random), (a, a, a), 1.0
        else:
            counts, ab = product(angles, shots, random), a * b
        found = plan.estimates([counts])["h"]
        truth = float(np.dot(weights, (a, b, c, ab))) + 2
        hits.append(abs(found.value - truth) <= 1.96 * found.standard_error)
    return float(np.mean(hits))


@pytest.mark.parametrize("shots", [25, 100, 400])
def test_the_interval_of_a_weighted_sum_contains_the_truth(shots: int) -> None:
    assert 0.9 <= covered((0.5, -1, 0.75, 0.3), shots, alike=False) <= 0.99
    assert 0.9 <= covered((0.5, 1, 0.75, 0.3), shots, alike=True) <= 0.99


@pytest.mark.parametrize("shots", [25, 400])
def test_where_correlated_terms_cancel_the_interval_is_rather_too_wide(shots: int) -> None:
    """That they always cancel is known of the shots alone."""
    assert covered((0.5, -1, 0.75, 0.3), shots, alike=True) >= 0.9


@pytest.mark.parametrize("angle", [0.1, 0.2, 0.5, 1.5])
def test_shards_claim_the_error_of_the_whole(angle: float) -> None:
    """Ten shards of 25 shots, merged as the operator does, against one of 250."""
    plan = of(2, h={"ZI": "1", "IZ": "0.5"})
    random = np.random.default_rng(7)
    pieces = [superposed(angle, 2, 25, random) for _ in range(10)]
    whole = plan.estimates([dict(sum(map(Counter, pieces), Counter()))])["h"]
    merged = _average(
        [
            Expectation(repr(each.value), repr(each.standard_error), each.shots)
            for each in (plan.estimates([piece], (1, 10))["h"] for piece in pieces)
        ]
    )
    assert float(merged.value) == pytest.approx(whole.value)
    assert float(merged.standard_error) == pytest.approx(whole.standard_error, rel=0.1)


def test_a_provider_s_error_is_at_least_that_of_shots_which_all_agree() -> None:
    own = of(h={"ZZ": "0.5", "II": "3"}).estimates([{0: 100}])["h"]
    terms = {"ZZ": 0.5, "II": 3.0}
    assert error_of_told(own.value, 0.0, terms, 100) == pytest.approx(own.standard_error)
    assert error_of_told(own.value, 0.25, terms, 100) == 0.25
    assert error_of_told(3.0, 0.0, {"II": 3.0}, 100) == 0.0


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
    assert of(h={"ZZ": "0.5"}).estimates([{0: 1}])["h"].standard_error == pytest.approx(math.sqrt(2 / 9))


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
