"""Whatever a pod prints, a table holds or an object is: reading it stays within bounds, twice as much costs twice."""

import pytest
from tests.unit.bounds import jobs, references, results, tables
from tests.unit.bounds.measuring import Measuring

from qee.api.names import MAX_SNAPSHOT_BYTES
from qee.controller.jobs.results import MAX_LOG_BYTES
from qee.controller.worker import CPU_SECONDS, MEMORY
from qee.documents.frame import MAX_DOCUMENT_BYTES

NOISE = 0.1  # seconds
TRIES = 5  # the least of so many counts: other processes make a run dearer, and none cheaper


def least(measuring: Measuring, kind: str, name: str, size: int, memory: int) -> float:
    found = measuring.task(kind, name, size, memory)
    assert "died" not in found, found
    seconds: float = found["seconds"]
    return seconds


def linear(measuring: Measuring, kind: str, name: str, size: int, memory: int) -> float:
    """CPU time at `size`, which must be no more than two and a half times that at half of it."""
    small = large = 1e9
    for _ in range(TRIES):
        small = min(small, least(measuring, kind, name, size // 2, memory))
        large = min(large, least(measuring, kind, name, size, memory))
        if large < 2.5 * small + NOISE:
            return large
    raise AssertionError(f"{small:.3f} s, then {large:.3f} s")


@pytest.mark.parametrize("name", results.DOCUMENTS)
def test_a_hostile_result_is_read_in_time_linear_in_its_size(measuring: Measuring, name: str) -> None:
    linear(measuring, "documents", name, 1_000_000, MEMORY)


@pytest.mark.parametrize("name", results.DOCUMENTS)
def test_the_largest_hostile_result_stays_within_the_workers_bounds(measuring: Measuring, name: str) -> None:
    assert least(measuring, "documents", name, MAX_DOCUMENT_BYTES - 2000, MEMORY) < CPU_SECONDS


@pytest.mark.parametrize("name", results.LOGS)
def test_a_hostile_log_is_searched_in_memory_of_a_few_times_a_frame(measuring: Measuring, name: str) -> None:
    linear(measuring, "logs", name, MAX_LOG_BYTES, 64 * 2**20)


@pytest.mark.parametrize("name", tables.TABLES)
def test_a_hostile_table_is_read_in_a_second_and_100_mib(measuring: Measuring, name: str) -> None:
    assert linear(measuring, "tables", name, MAX_SNAPSHOT_BYTES, 100 * 2**20) < 1


@pytest.mark.parametrize("name", jobs.JOBS)
def test_a_hostile_object_is_read_in_a_second_and_100_mib(measuring: Measuring, name: str) -> None:
    """As large as the API server takes one: 1.5 MiB."""
    assert linear(measuring, "jobs", name, 1_400_000, 100 * 2**20) < 1


@pytest.mark.parametrize("name", references.REFERENCES)
def test_what_a_job_refers_to_is_added_up_while_it_is_read(measuring: Measuring, name: str) -> None:
    """300 circuits that name one ConfigMap of a megabyte took 1.2 GiB before they were refused."""
    assert least(measuring, "sources", name, 900_000, 100 * 2**20) < 3
