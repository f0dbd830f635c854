"""The runner on this machine, as a child process: what `qee run --local` uses.

A child, because the runner denies itself the network and ends its own process.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import IO

from qee.api.names import EXIT_OK, EXIT_PERMANENT, INDEX_ENV
from qee.api.reasons import Reason
from qee.documents import DocumentError, ResultDocument, RunDocument, check_shard, frame, merged, shards
from qee.sdk.errors import RunnerError


def run_local(document: bytes, timeout: float | None = None, stderr: IO[bytes] | None = None) -> bytes:
    """The result document's bytes for a run document's; its shards run one after the other, with the cluster's seeds.

    The sandbox is best-effort: without libseccomp the result's provenance says `sandbox: none`. `timeout` is in
    seconds; `stderr` takes what the runner writes there, else it goes to ours.
    Raises RunnerError as the runner reports it, TimeoutError when the time is over, and FrameError for a broken frame.
    """
    run = RunDocument.from_bytes(document)
    number = shards.count(run)
    if number == 1:
        return _run_shard(document, 0, timeout, stderr)
    end = None if timeout is None else time.monotonic() + timeout
    found: dict[int, ResultDocument] = {}
    for index in range(number):
        left = None if end is None else max(end - time.monotonic(), 0.0)
        given = _run_shard(document, index, left, stderr)
        try:
            found[index] = ResultDocument.from_bytes(given)
            check_shard(found[index], run, index)
        except DocumentError as error:
            raise RunnerError(Reason.RUNNER_FAILED, f"shard {index} gave what is not its result: {error}") from error
    return merged(found, run).to_bytes()


def _run_shard(document: bytes, index: int, timeout: float | None, stderr: IO[bytes] | None) -> bytes:
    run = f"{uuid.uuid4()}.1"
    with tempfile.TemporaryDirectory(prefix="qee-") as folder:
        source, report = Path(folder, "run.json"), Path(folder, "termination-log")
        source.write_bytes(document)
        command = [
            *(sys.executable, "-P", "-m", "qee.runner"),  # -P: a json.py in the current directory is not imported
            f"--input={source}",
            f"--sha256={hashlib.sha256(document).hexdigest()}",
            f"--run={run}",
            "--sandbox=best-effort",
            f"--termination-log={report}",
        ]
        environment = {**os.environ, INDEX_ENV: str(index)}
        child = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, env=environment
        )
        try:
            log, _ = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"the local run did not end within {timeout} seconds") from None
        finally:
            if child.poll() is None:
                child.kill()
                child.communicate()
        if child.returncode == EXIT_OK:
            return frame.decode(log, run, index)
        raise _reported(report, child.returncode)


def _reported(report: Path, code: int) -> RunnerError:
    """The error that the runner left; if it died without leaving one, what its exit code says."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        found = json.loads(report.read_bytes())
        return RunnerError(Reason(found["reason"]), found["message"])
    if code == -9:
        return RunnerError(Reason.OUT_OF_MEMORY, "the runner was killed, probably because memory ran out")
    what = "an error" if code in (EXIT_PERMANENT, 1) else f"signal {-code}" if code < 0 else f"code {code}"
    return RunnerError(Reason.RUNNER_FAILED, f"the runner ended with {what} and left no report")
