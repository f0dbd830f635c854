"""Whatever a job holds, looking at it takes less than a second of CPU and 200 MiB, and twice for twice the size."""

import pytest
from tests.unit.bounds.measuring import Measuring
from tests.unit.bounds.programs import SHAPES
from tests.unit.bounds.work import PROGRAMS

SMALL, LARGE = 64 * 1024, 128 * 1024
NOISE = 0.05  # seconds; below it a process's own overhead is measured
# Of the operator's look, which others wait for, and of the runner's, which writes out 65,000 rounds of a loop in a pod.
MOST = {"programs": 1.0, "runner": 3.0}
TRIES = 10  # the least of so many counts: other processes make a run dearer, and none cheaper


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_hostile_program_is_looked_at_in_time_and_memory_linear_in_its_size(measuring: Measuring, name: str) -> None:
    linear(measuring, "programs", name)


@pytest.mark.parametrize("name", SHAPES)
def test_the_runner_reads_hostile_text_in_time_linear_in_its_size(measuring: Measuring, name: str) -> None:
    """What it does by itself, before an SDK has the text and after."""
    linear(measuring, "runner", name)


def linear(measuring: Measuring, kind: str, name: str) -> None:
    best = {SMALL: 1e9, LARGE: 1e9}
    for _ in range(TRIES):
        for size in best:
            found = measuring.task(kind, name, size)
            assert "died" not in found, found  # more than 200 MiB, or an exception that is no refusal
            assert "the scanner failed" not in found["outcome"]
            best[size] = min(best[size], found["seconds"])
        if best[LARGE] < MOST[kind] and best[LARGE] < 2.5 * best[SMALL] + NOISE:
            return
    assert best[LARGE] < MOST[kind], f"{best[LARGE]:.2f} s"
    assert best[LARGE] < 2.5 * best[SMALL] + NOISE, f"{best[SMALL]:.3f} s, then {best[LARGE]:.3f} s"
