"""The files of a large result, wherever they were copied to, become the result again, or are refused by name."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from tests import sharded

from qee.documents import (
    CircuitRun,
    DocumentError,
    JobReference,
    Missing,
    NoiseOptions,
    ResultDocument,
    RunDocument,
)
from qee.documents.merge import merged
from qee.documents.reference import ResultReference, of_result
from qee.documents.reference import files as result_file
from qee.documents.reference.merge import merged_reference
from qee.documents.reference.reading import result_of

JOB = JobReference("default", "bell", "0f5c")
CIRCUITS = tuple(CircuitRun(name, "openqasm3", "x", 100) for name in ("z", "a", "m"))
CUT = RunDocument(JOB, "aer", "aer", 7, False, CIRCUITS[:1], noise=NoiseOptions(readout="0.01"), shards=3, claim="data")
UNITS = dataclasses.replace(CUT, circuits=CIRCUITS)
LOST = Missing(1, "OutOfMemory", "it took too much")


def written(volume: Path, run: RunDocument, *indices: int, **change: Any) -> tuple[ResultReference, list[Path]]:
    """What shards give: the merged reference, and where their files are."""
    found, paths = {}, []
    for index in indices:
        result = dataclasses.replace(ResultDocument.from_bytes(sharded.of_shard(run, index)), **change)
        file = result_file.write(volume, "0f5c", 1, index, result.to_bytes())
        found[index] = of_result(result, "data", 1, file)
        paths.append(volume / file.path)
    missing = [dataclasses.replace(LOST, index=n) for n in range(3) if n not in indices]
    return merged_reference(found, run, 1, missing), paths


@pytest.mark.parametrize("run", [CUT, UNITS], ids=["shots are shared", "circuits apart"])
@pytest.mark.parametrize("indices", [(0, 1, 2), (0, 2)], ids=["whole", "partial"])
def test_files_in_any_order_become_what_the_operator_would_have_merged(
    tmp_path: Path, run: RunDocument, indices: tuple[int, ...]
) -> None:
    reference, paths = written(tmp_path, run, *indices)
    documents = {index: ResultDocument.from_bytes(sharded.of_shard(run, index)) for index in indices}
    wanted = merged(documents, run, reference.missing)
    assert result_of(reference, paths[::-1]) == wanted.to_bytes()


def test_one_whole_file_is_given_byte_for_byte(tmp_path: Path) -> None:
    run = dataclasses.replace(CUT, shards=1)
    result = ResultDocument.from_bytes(sharded.of_shard(run, 0))
    file = result_file.write(tmp_path, "0f5c", 1, 0, result.to_bytes())
    reference = of_result(result, "data", 1, file)
    moved = (tmp_path / file.path).rename(tmp_path / "fetched.gz")
    assert result_of(reference, [moved]) == result.to_bytes()


def test_a_file_that_is_absent_is_named_with_its_digest(tmp_path: Path) -> None:
    reference, paths = written(tmp_path, CUT, 0, 1, 2)
    with pytest.raises(DocumentError, match=r"1 of 3 files are missing: give 0f5c/1/result-1\.json\.gz") as refused:
        result_of(reference, [paths[0], paths[2]])
    assert reference.files[1].sha256 in str(refused.value)


def test_a_file_twice_or_of_another_result_is_refused_by_name(tmp_path: Path) -> None:
    reference, paths = written(tmp_path, CUT, 0, 1, 2)
    with pytest.raises(DocumentError, match="one file too many"):
        result_of(reference, [*paths, paths[0]])
    other = tmp_path / "other.gz"
    other.write_bytes(b"not gzip")
    with pytest.raises(DocumentError, match=r"other.gz is not the result's file") as refused:
        result_of(reference, [paths[0], other])
    assert reference.files[1].sha256 in str(refused.value)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"job": JobReference("default", "bell", "1111")}, "job"),
        ({"backend": "cirq"}, "backend"),
        ({"simulated": False}, "simulated"),
        ({"seed": 8}, "seed"),
        ({"missing": (LOST,)}, "missing"),
    ],
)
def test_a_file_with_the_right_digest_and_another_run_in_it_is_refused(
    tmp_path: Path, change: dict[str, Any], field: str
) -> None:
    run = dataclasses.replace(CUT, shards=1)
    result = ResultDocument.from_bytes(sharded.of_shard(run, 0))
    file = result_file.write(tmp_path, "0f5c", 1, 0, dataclasses.replace(result, **change).to_bytes())
    with pytest.raises(DocumentError, match=f"result-0.json.gz: its {field} is not that of the reference"):
        result_of(of_result(result, "data", 1, file), [tmp_path / file.path])


def test_the_file_of_another_shard_is_refused_though_the_runner_named_it(tmp_path: Path) -> None:
    """Its seeds are another shard's: merged, its trajectories would count twice."""
    result = ResultDocument.from_bytes(sharded.of_shard(CUT, 1))
    file = result_file.write(tmp_path, "0f5c", 1, 0, result.to_bytes())
    with pytest.raises(DocumentError, match="its seed is not that of"):
        result_of(of_result(result, "data", 1, file), [tmp_path / file.path])
