"""`qee run --local`: the same checks, the same run document and the same runner as on a cluster, on this machine.

The runner is a child process, for it denies itself the network, which cannot be undone; and no SDK is imported here.
"""

import asyncio
import importlib.util
import signal
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import IO, NoReturn

from qee.api.backend import QuantumBackend
from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.cli import exits
from qee.cli.here import checking, given
from qee.cli.manifest import Manifest
from qee.cli.options import JobOptions
from qee.cli.problem import Problem
from qee.cli.show import results
from qee.cli.show.results import View
from qee.cli.terminal import note, printable, spinner
from qee.core.checks.prepare import prepare, run_document
from qee.core.checks.sizing import scans
from qee.core.refusal import Refused
from qee.documents import DocumentError, ResultDocument, RunDocument, check_result

_memory = checking.machine_memory
MODULES = {"aer": "qiskit_aer", "cirq": "cirq"}  # by engine: what its extra installs


def run(
    file: str,
    choice: JobOptions,
    namespace: str | None,
    engine: str | None,
    config_maps: list[str],
    seconds: float | None,
    view: View,
) -> int:
    found = given.read(file, config_maps)
    chosen = given.with_options(found.one_job(choice.job), choice)
    document, deadline = prepared(replace(found, jobs=[chosen]), None, namespace, engine)
    limit = min((each for each in (seconds, deadline) if each is not None), default=None)
    data = _executed(document, limit)
    try:
        check_result(ResultDocument.from_bytes(data), RunDocument.from_bytes(document))
    except DocumentError as error:
        raise Problem(f"the runner's result is not one of this job: {error}; please report it", exits.BUG) from None
    results.present(data, view)
    return exits.OK


def prepared(
    manifest: Manifest, name: str | None, namespace: str | None, engine: str | None
) -> tuple[bytes, float | None]:
    """The run document of one job, and the job's deadline in seconds. Raises Problem."""
    job, backend = _chosen(manifest, name, namespace, engine)
    if engine is not None and engine != job.spec.backend_ref.name:
        note(f"on {engine}, in place of {printable(job.spec.backend_ref.name)}")
    if job.spec.suspend:
        note("spec.suspend is true; a local run ignores it")
    if job.spec.results is not None:
        note("spec.results has no effect on a local run, which prints its result")
    with _refusals(str(job.spec.backend_ref.name)):
        ready = prepare(job, backend, asyncio.run(checking.sources(manifest, job)), {}, "1")
    return ready.document, ready.deadline_seconds


def described(manifest: Manifest, name: str | None, namespace: str | None, engine: str | None) -> RunDocument:
    """The run document of one job, its circuits within bounds, whether or not it could run here. Raises Problem."""
    job, backend = _chosen(manifest, name, namespace, engine)
    with _refusals(str(job.spec.backend_ref.name)):
        sources = asyncio.run(checking.sources(manifest, job))
        document = run_document(job, str(backend.spec.provider), sources)
        scans(job, document, sources.programs)
    return document


def _chosen(
    manifest: Manifest, name: str | None, namespace: str | None, engine: str | None
) -> tuple[QuantumJob, QuantumBackend]:
    """The job, and the backend that stands for its own here; its engine is installed. Raises Problem."""
    job = checking.typed(manifest, manifest.one_job(name), str(uuid.uuid4()), namespace)
    backend = checking.local_backend(manifest, job, engine, _memory())
    provider = str(backend.spec.provider)
    if importlib.util.find_spec(MODULES[provider]) is None:
        raise Problem(f"engine {provider} is not installed: pip install 'qee[{provider}]'")
    return job, backend


@contextmanager
def _refusals(backend: str) -> Iterator[None]:
    """What the operator would refuse is a Problem here."""
    try:
        yield
    except Refused as refusal:
        hint = "" if refusal.waiting is None else " Locally: give the file that holds it with --config-map."
        said = checking.here(refusal.message, backend, _memory())
        raise Problem(f"{refusal.reason}: {said}{hint}", exits.FAILED) from None


def _executed(document: bytes, seconds: float | None) -> bytes:
    from qee.documents.frame import FrameError
    from qee.runner.local import run_local
    from qee.sdk.errors import RunnerError

    previous = signal.signal(signal.SIGTERM, _terminated)  # else the runner would outlive us
    with tempfile.TemporaryFile() as log:
        try:
            with spinner("running"):
                return run_local(document, seconds, log)
        except RunnerError as error:
            code = exits.BUG if error.reason is Reason.RUNNER_FAILED else exits.FAILED
            raise Problem(f"{error.reason}: {error.message}", code) from None
        except FrameError as error:
            raise Problem(f"the runner gave no whole result: {error}; please report it", exits.BUG) from None
        except TimeoutError:
            raise Problem("stopped: --timeout or spec.activeDeadlineSeconds is over", exits.TIMEOUT) from None
        finally:
            signal.signal(signal.SIGTERM, previous)
            _tell(log)


def _terminated(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(exits.INTERRUPTED + number)


def _tell(log: IO[bytes]) -> None:
    """What the runner wrote, but for the line with its error, which is told in its own place."""
    log.seek(0)
    for line in log:
        text = line.decode(errors="replace").rstrip()
        if text and not text.startswith("qee.runner: "):
            note(printable(text))
