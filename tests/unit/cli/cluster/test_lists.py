"""`qee get`, `qee backends`, `qee version`: lists for people and for programs."""

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import builders
from tests.fakes.cli import Cli, moved, succeeded, when
from tests.fakes.port import FakeApiServer
from typer.testing import CliRunner

from qee import __version__
from qee.api.conditions import Phase
from qee.api.reasons import Reason
from qee.cli.cluster import getting
from qee.cli.cluster.getting import job_table
from qee.cli.cluster.versions import CHART_LABEL as VERSION_LABEL
from qee.cli.main import app
from qee.kube.port import ApiError
from qee.kube.resources import BACKENDS, JOBS


@pytest.fixture
def api() -> FakeApiServer:
    return FakeApiServer(now=lambda: datetime.now(UTC) - timedelta(minutes=5))


@pytest.fixture
def qee(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(api, monkeypatch)


def cells(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_jobs_are_listed_with_backend_phase_reason_and_age(api: FakeApiServer, qee: Cli) -> None:
    for name in ("fine", "broken", "fresh"):
        api.put(JOBS, builders.job(name))
    succeeded("fine")(api)
    moved(
        "broken",
        Phase.FAILED,
        Reason.OUT_OF_MEMORY,
        startTime="2026-01-01T00:00:00Z",
        completionTime="2026-01-01T00:00:09Z",
    )(api)
    rows = cells(qee("get").stdout)
    assert rows == [
        ["NAME", "BACKEND", "PHASE", "REASON", "AGE", "DURATION"],
        ["broken", "aer", "Failed", "OutOfMemory", "5m", "9s"],
        ["fine", "aer", "Succeeded", "Completed", "5m"],
        ["fresh", "aer", "Pending", "Pending", "5m"],
    ]


def test_only_the_namespace_is_listed_unless_all_are_asked_for(api: FakeApiServer, qee: Cli) -> None:
    api.add_namespace("lab")
    api.put(JOBS, builders.job("here"))
    api.put(JOBS, builders.job("there", namespace="lab"))
    assert [row[0] for row in cells(qee("get").stdout)] == ["NAME", "here"]
    assert [row[0] for row in cells(qee("get", "-n", "lab").stdout)] == ["NAME", "there"]
    assert [row[:2] for row in cells(qee("get", "-A").stdout)] == [
        ["NAMESPACE", "NAME"],
        ["default", "here"],
        ["lab", "there"],
    ]


def test_no_jobs_are_told_on_stderr_so_that_pipes_stay_empty(qee: Cli) -> None:
    done = qee("get")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "no QuantumJobs in namespace 'default'\n")


def test_documents_for_programs_lack_managed_fields(api: FakeApiServer, qee: Cli) -> None:
    job = builders.job()
    job["metadata"]["managedFields"] = [{"manager": "x"}]
    api.put(JOBS, job)
    listed = json.loads(qee("get", "-o", "json").stdout)
    assert listed["kind"] == "List"
    assert listed["items"] == [yaml.safe_load(qee("get", "bell", "-o", "yaml").stdout)]
    assert "managedFields" not in listed["items"][0]["metadata"]


def test_names_can_be_piped_into_kubectl(api: FakeApiServer, qee: Cli) -> None:
    api.put(JOBS, builders.job("one"))
    api.put(JOBS, builders.job("two"))
    assert qee("get", "-o", "name").stdout == "quantumjob.qee.dev/one\nquantumjob.qee.dev/two\n"


def test_one_job_that_is_not_there_exits_with_2(qee: Cli) -> None:
    assert qee("get", "nope").exit_code == 2
    assert qee("get", "nope", "-A").exit_code == 2


def test_control_characters_in_a_list_are_escaped(api: FakeApiServer, qee: Cli) -> None:
    job = api.put(JOBS, builders.job())
    job["status"]["phase"] = "Run\x1b[2Jning"
    api.put(JOBS, job)
    assert "Run\\x1b[2Jning" in qee("get").stdout


def unreachable_once(api: FakeApiServer) -> None:
    """Every watch ends, and the next one finds no server."""

    def refuse(*_: object) -> None:
        api.before.remove(refuse)
        raise ApiError(0, "Unreachable", "connection refused")

    api.before.append(refuse)
    api.end_watches()


def test_watching_a_job_that_is_not_there_exits_with_2(qee: Cli) -> None:
    assert qee("get", "nope", "-w").exit_code == 2


def test_a_watch_tells_each_change_once_and_ends_by_a_signal(
    api: FakeApiServer, qee: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.put(JOBS, builders.job())
    steps: list[Any] = [
        moved("bell", Phase.RUNNING, Reason.RUNNING),
        unreachable_once,
        lambda server: None,
        succeeded("bell"),
        lambda server: server.remove(JOBS, "default", "bell"),
        lambda _: os.kill(os.getpid(), signal.SIGINT),
    ]
    monkeypatch.setattr(getting, "PAUSES", (0.05,))
    when(api, "watch", "quantumjobs", *steps, pause=0.3)
    done = qee("get", "-w")
    assert done.exit_code == 130
    assert [row[2] for row in cells(done.stdout)] == ["PHASE", "Pending", "Running", "Succeeded", "Succeeded"]
    assert done.stdout.splitlines()[-1].endswith("(deleted)")


def test_phases_are_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch, api: FakeApiServer) -> None:
    api.put(JOBS, builders.job())
    moved("bell", Phase.FAILED, Reason.RUNNER_FAILED)(api)
    monkeypatch.setattr("qee.cli.terminal.may_colour", lambda stream: True)
    assert "\x1b[31mFailed\x1b[0m" in job_table(api.all(JOBS), everywhere=False)


def test_backends_are_listed_with_what_they_admit(api: FakeApiServer, qee: Cli) -> None:
    api.put(BACKENDS, builders.backend("aer", limits={"maxQubits": 30, "maxShots": 1000}))
    api.put(BACKENDS, builders.backend("cirq", provider="cirq", allowedNamespaces={"names": ["a", "b", "c", "d"]}))
    api.put(BACKENDS, builders.backend("hall", allowedNamespaces={"selector": {}}))
    api.put(BACKENDS, builders.backend("closed", allowedNamespaces={"all": False}))
    rows = {row[0]: row[1:] for row in cells(qee("backends").stdout)}
    assert rows["aer"] == ["aer", "all", "30", "1000"]
    assert rows["cirq"] == ["cirq", "a,b,c,+1"]
    assert rows["hall"] == ["aer", "by", "label"]
    assert rows["closed"] == ["aer", "none"]
    assert "quantumbackend.qee.dev/hall" in qee("backends", "-o", "name").stdout


def test_the_version_names_client_cluster_and_resources(api: FakeApiServer, qee: Cli) -> None:
    assert qee("version").stdout.splitlines() == [
        f"client:     qee {__version__}",
        "kubernetes: v1.35.4",
        "qee.dev:    v1alpha1",
        "installed:  qee, of an unknown version (no backend is the chart's)",
    ]
    api.put(BACKENDS, builders.backend("aer") | {"metadata": {"name": "aer", "labels": {VERSION_LABEL: "0.0.9"}}})
    assert qee("version").stdout.splitlines()[-1] == "installed:  qee 0.0.9"
    del api.discovery["/apis/qee.dev"]
    assert qee("version").stdout.splitlines()[-1] == "qee.dev:    not installed"


def test_without_a_cluster_the_version_is_told_and_why_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    done = CliRunner().invoke(app, ["version"])
    assert (done.exit_code, done.stdout) == (0, f"client:     qee {__version__}\n")
    assert "no cluster was asked: kubeconfig" in done.stderr


def test_the_version_is_an_option_as_well() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"qee {__version__}\n"


def test_the_clients_version_needs_no_cluster(qee: Cli) -> None:
    assert qee("version", "--client").stdout == f"client:     qee {__version__}\n"
    assert qee.targets == []
