"""A result that is too large for a ConfigMap, as the runner writes it to a volume: file, frame and failures."""

import dataclasses
import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qee.api.names import MAX_STORED_FILE_BYTES
from qee.api.reasons import Reason
from qee.core.job.failure import FROM_RUNNER
from qee.documents import (
    CircuitRun,
    JobReference,
    NoiseOptions,
    ResultDocument,
    RunDocument,
    check_result,
    frame,
)
from qee.documents.reference import ResultReference, is_reference
from qee.documents.reference import files as result_file
from qee.documents.reference.check import check_reference, check_shard_reference
from qee.runner import placing
from qee.sdk.errors import RunnerError

COIN = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[20] q;\nbit[20] c;\nh q;\nc = measure q;\n'
BELL = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'
LARGE = RunDocument(
    JobReference("default", "large", "0f5c"),
    "aer",
    "aer",
    7,
    False,
    (CircuitRun("coin", "openqasm3", COIN, 400_000),),
    outputs=("memory",),
    claim="data",
)
SMALL = dataclasses.replace(LARGE, circuits=(CircuitRun("bell", "openqasm3", BELL, 1000),), outputs=("counts",))


def start(folder: Path, run: RunDocument, *more: str, index: int = 0) -> tuple[int, bytes, dict[str, str] | None]:
    """Exit code, the framed document (empty: none), and what the kubelet would find."""
    source, report = folder / "run.json", folder / "termination-log"
    source.write_bytes(run.to_bytes())
    done = subprocess.run(
        [
            *(sys.executable, "-m", "qee.runner", f"--input={source}", "--run=0f5c.2"),
            *(f"--sha256={hashlib.sha256(run.to_bytes()).hexdigest()}", f"--termination-log={report}", *more),
        ],
        capture_output=True,
        timeout=120,
        env={**os.environ, "JOB_COMPLETION_INDEX": str(index)},
        check=False,
    )
    said = json.loads(report.read_bytes()) if report.exists() else None
    document = frame.decode(done.stdout, "0f5c.2", index) if done.returncode == 0 else b""
    return done.returncode, document, said


def test_a_large_result_is_a_file_and_its_reference_is_framed(tmp_path: Path) -> None:
    code, document, said = start(tmp_path, LARGE, f"--results={tmp_path / 'volume'}")
    assert (code, said) == (0, None)
    reference = ResultReference.from_bytes(document)
    check_reference(reference, LARGE, 2)
    (file,) = reference.files
    assert file.path == "0f5c/2/result-0.json.gz"
    assert file.stored > 1_048_576
    result = ResultDocument.from_bytes(result_file.read(tmp_path / "volume" / file.path, file))
    check_result(result, LARGE)
    assert len(result.results[0].memory or ()) == 400_000
    assert result.provenance.sandbox == "seccomp"
    assert [each.name for each in (tmp_path / "volume/0f5c/2").iterdir()] == ["result-0.json.gz"]


def test_a_small_result_is_framed_as_ever_though_there_is_a_volume(tmp_path: Path) -> None:
    code, document, _ = start(tmp_path, SMALL, f"--results={tmp_path / 'volume'}")
    assert code == 0
    check_result(ResultDocument.from_bytes(document), SMALL)
    assert not (tmp_path / "volume").exists()


def test_each_of_several_shards_writes_to_the_volume_however_small(tmp_path: Path) -> None:
    run = dataclasses.replace(SMALL, shards=2, noise=NoiseOptions(readout="0.01"))
    code, document, _ = start(tmp_path, run, f"--results={tmp_path / 'volume'}", index=1)
    assert code == 0
    assert is_reference(document)
    check_shard_reference(ResultReference.from_bytes(document), run, 1, 2)
    assert (tmp_path / "volume/0f5c/2/result-1.json.gz").exists()


def test_without_a_volume_a_large_result_is_refused_with_the_remedy(tmp_path: Path) -> None:
    circuit = dataclasses.replace(LARGE.circuits[0], shots=2_000_000)
    run = dataclasses.replace(LARGE, circuits=(circuit,), claim=None)
    code, _, said = start(tmp_path, run)
    assert code == 65
    assert said is not None
    assert said["reason"] == "ResultTooLarge"
    assert "name a volume in spec.results" in said["message"]


def test_a_volume_that_cannot_be_written_is_a_failure_that_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "volume").write_text("a file, no directory")
    code, _, said = start(tmp_path, LARGE, f"--results={tmp_path / 'volume'}")
    assert code == 70
    assert said is not None
    assert said["reason"] == "ResultNotWritten"
    assert "PersistentVolumeClaim data: Not a directory" in said["message"]
    assert Reason.RESULT_NOT_WRITTEN in FROM_RUNNER


def test_a_file_of_the_largest_size_is_within_the_runners_own_limit() -> None:
    code = (
        "import resource\nfrom qee.runner import sandbox\n"
        f"sandbox.limit_resources({MAX_STORED_FILE_BYTES})\nprint(resource.getrlimit(resource.RLIMIT_FSIZE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str((MAX_STORED_FILE_BYTES, MAX_STORED_FILE_BYTES))


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "it is full; make room"),
        (errno.EDQUOT, "its quota is used up; make room"),
        (errno.EROFS, "it is read-only; give a claim"),
        (errno.EACCES, "group 65532 may not write to it; give a volume that honours fsGroup"),
        (errno.EFBIG, "it takes no file of this size"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_each_way_not_to_be_written_has_its_own_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: str
) -> None:
    _, document, _ = start(tmp_path, SMALL, f"--results={tmp_path / 'volume'}")
    result = ResultDocument.from_bytes(document)

    def refused(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(placing, "_fits", lambda document: False)
    monkeypatch.setattr(result_file, "write", refused)
    with pytest.raises(RunnerError, match=told) as failed:
        placing.placed(result, SMALL, tmp_path, 2, 0)
    assert (failed.value.reason, failed.value.exit_code) == (Reason.RESULT_NOT_WRITTEN, 70)


def test_a_volume_without_a_claim_in_the_run_document_is_not_written_to(tmp_path: Path) -> None:
    code, _, said = start(tmp_path, dataclasses.replace(SMALL, claim=None), f"--results={tmp_path / 'volume'}")
    assert code == 70
    assert said is not None
    assert "names no claim" in said["message"]
