"""Shards of a noisy run: each has trajectories of its own, and together they follow the theory.

ALARM is 1e-6 for each of six comparisons.
"""

from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest
from tests.physics.running import run_document
from tests.physics.statistics import ALARM, p_value, p_value_of_two

from qee.documents import NoiseOptions, ResultDocument, RunDocument, check_result, check_shard, merged, shards
from qee.runner.process import execute

SHOTS, SHARDS, FLIP = 20_000, 4, 0.1
BELL = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;'
SAME = 0.5 * ((1 - FLIP) ** 2 + FLIP**2)  # of 00, and of 11: both bits read right, or both wrong
THEORY = {"00": SAME, "11": SAME, "01": FLIP * (1 - FLIP), "10": FLIP * (1 - FLIP)}


def noisy(count: int = SHARDS) -> RunDocument:
    return replace(
        run_document(BELL, "openqasm3", "aer", SHOTS),
        outputs=("counts", "memory"),
        noise=NoiseOptions(readout=str(FLIP)),
        shards=count,
    )


def shard(run: RunDocument, index: int) -> ResultDocument:
    return execute(run, index, "none", 0.0)


def memory(result: ResultDocument) -> tuple[str, ...]:
    return result.results[0].memory or ()


def test_the_union_of_shards_fits_the_theory_and_no_two_are_alike() -> None:
    run = noisy()
    found = {index: shard(run, index) for index in range(SHARDS)}
    for index, each in found.items():
        check_shard(each, run, index)
        assert p_value(each.results[0].counts or {}, THEORY) > ALARM
    result = merged(found, run)
    check_result(result, run)
    counts = result.results[0].counts or {}
    assert sum(counts.values()) == SHOTS
    assert p_value(counts, THEORY) > ALARM
    assert p_value_of_two(counts, shard(noisy(1), 0).results[0].counts or {}) > ALARM
    assert Counter(memory(result)) == Counter(counts)
    for one, other in combinations(found.values(), 2):
        alike = sum(a == b for a, b in zip(memory(one), memory(other), strict=True)) / (SHOTS // SHARDS)
        by_chance = sum(p * p for p in THEORY.values())
        assert abs(alike - by_chance) < 5 * (by_chance / (SHOTS // SHARDS)) ** 0.5, "shot by shot they are independent"


def test_planted_equal_seeds_give_equal_shards_and_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: every shard draws from the seed of the first, so 20,000 shots are 5,000 of which each is
    counted four times. The counts alone look well; the seeds tell.
    """
    honest = shards.circuit_seed
    run = noisy()
    monkeypatch.setattr(shards, "circuit_seed", lambda seed, circuit, set_, index: honest(seed, circuit, set_, 0))
    first, second = shard(run, 0), shard(run, 1)
    assert memory(first) == memory(second)
    monkeypatch.undo()
    check_shard(first, run, 0)
    with pytest.raises(ValueError, match="seeds of this shard"):
        check_shard(second, run, 1)
