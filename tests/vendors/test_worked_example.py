"""examples/connector, the worked example of the guide: built as its reader would build it, and run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.cluster import sdks
from e2e.cluster.binaries import LOCKS, uv
from e2e.cluster.cache import CHECKOUT
from tests.standins.running import StandIn, WorkerProcess, compiled, standin, worker

from qee.connectors.protocol import Ambiguous, Settings, Throttled, Unauthorized
from qee.documents.run import CircuitRun, JobReference, RunDocument

TOKEN = "canary-acme-1c9e"
KEY = f"{7:040x}"
SOURCE = """OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[4] q; bit[1] low; bit[2] high;
x q[0]; rx(a) q[3]; low[0] = measure q[0]; high[0] = measure q[3]; high[1] = measure q[1];"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with its entry point, as pip installs it."""
    place = tmp_path_factory.mktemp("installed")
    command = [uv(), "pip", "install", "-q", "--python", sys.executable, "--no-deps", "--target", place]
    constraints = ["--build-constraints", LOCKS / "build.txt"]
    subprocess.run([*command, *constraints, CHECKOUT / "examples/connector"], check=True)
    return place


@pytest.fixture
def environment(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = sdks.environment()
    monkeypatch.setattr(
        sdks, "environment", lambda: {**found, "PYTHONPATH": f"{built}{os.pathsep}{found['PYTHONPATH']}"}
    )


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    with standin("acme", "--token", TOKEN) as running:
        yield running


@pytest.fixture
def asked(environment: None, service: StandIn, tmp_path: Path) -> Iterator[WorkerProcess]:
    service.control("reset")
    (tmp_path / "token").write_text(TOKEN)
    with worker("acme", Settings("acme", "one", options={"endpoint": service.url}, credentials=str(tmp_path))) as one:
        yield one


def document(target: bytes = b"{}") -> RunDocument:
    sweep = {"a": ("0", "3.141592653589793")}
    job = JobReference("default", "job", "0c0ffee0-0000-0000-0000-000000000000")
    return RunDocument(job, "acme", "acme", 7, False, (CircuitRun("c", "openqasm3", SOURCE, 50, sweep),), target=target)


def test_a_sweep_goes_there_and_comes_back_bit_by_bit(asked: WorkerProcess, service: StandIn):
    target = asked.call("describe")
    assert (target["qubits"], target["operational"]) == (5, True)
    found = compiled("acme", document(target["snapshot"].encode()))
    counts = []
    for number, submission in enumerate(found.submissions):
        handle = asked.submit(f"{number:040x}", submission)
        for _ in range(2):
            asked.call("status", {"handles": [handle]})
        (unit,) = asked.fetch(handle, submission)["units"]
        counts.append(unit["counts"])
    assert counts == [{"001": 50}, {"011": 50}]  # high, 2 bits, then low
    assert len(service.jobs) == 2


def test_one_key_is_one_job_whatever_becomes_of_the_answer(asked: WorkerProcess, service: StandIn):
    submission = compiled("acme", document()).submissions[0]
    service.fault("submit", "accept-then-drop")
    with pytest.raises(Ambiguous):
        asked.submit(KEY, submission)
    (handle,) = asked.find([KEY])[KEY]
    assert asked.submit(KEY, submission) == handle
    assert len(service.jobs) == 1
    assert asked.find([f"{8:040x}"]) == {}


def test_errors_are_told_apart(asked: WorkerProcess, service: StandIn):
    submission = compiled("acme", document()).submissions[0]
    for fault, error in (("429", Throttled), ("401", Unauthorized), ("503", Ambiguous)):
        service.fault("submit", fault)
        with pytest.raises(error):
            asked.submit(KEY, submission)
    assert service.jobs == []
    handle = asked.submit(KEY, submission)
    asked.call("cancel", {"handle": handle})
    assert asked.call("status", {"handles": [handle, "unheard-of"]})[handle]["phase"] == "unknown"
