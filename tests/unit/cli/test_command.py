"""The command itself: options, errors, start-up, completion, its reference page."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from docs.pages import cli as reference
from tests.fakes.cli import Cli
from tests.fakes.port import FakeApiServer
from typer.testing import CliRunner

from qee.cli import exits
from qee.cli.connection import Target
from qee.cli.main import app

COMMANDS = ("run", "submit", "wait", "get", "result", "logs", "cancel", "backends", "lint", "version")


@pytest.fixture
def api() -> FakeApiServer:
    return FakeApiServer()


@pytest.fixture
def qee(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(api, monkeypatch)


def fresh(*words: str, **environment: str) -> Any:
    """`qee WORDS` in a process of its own."""
    command = [sys.executable, "-m", "qee.cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


def test_the_reference_page_is_that_of_the_commands() -> None:
    assert reference.main(["--check"]) == 0


def processor_seconds(*words: str) -> float:
    """Of `qee WORDS`; on a busy machine the clock on the wall says little."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert fresh(*words).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_described(name: str) -> None:
    done = CliRunner().invoke(app, [name, "--help"])
    assert done.exit_code == 0
    assert "\x1b" not in done.stdout


def test_help_comes_at_once_and_loads_neither_client_nor_models() -> None:
    code = (
        "import sys, qee.cli.main\n"
        "heavy = {'kubernetes', 'aiohttp', 'pydantic', 'yaml', 'rich', 'qiskit', 'cirq', 'numpy'}\n"
        "print(sorted(heavy & {m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert min(processor_seconds("--help") for _ in range(3)) < 0.5


@pytest.mark.parametrize(
    "words",
    [
        ["--nope"],
        ["nope"],
        ["get", "--nope"],
        ["get", "-o", "nope"],
        ["wait"],
        ["wait", "bell", "--timeout", "soon"],
        ["run"],
        ["run", "-f", "a", "b"],
        ["run", "-f", "a", "--engine", "aer"],
        ["submit"],
        ["submit", "-f", "/does/not/exist.yaml"],
    ],
)
def test_wrong_usage_exits_with_2(qee: Cli, words: list[str]) -> None:
    done = qee(*words)
    assert done.exit_code == exits.USAGE
    assert done.stdout == ""
    assert "Error: " in done.stderr


def test_cluster_options_may_stand_before_or_after_the_name_and_the_nearer_one_counts(qee: Cli) -> None:
    qee("-n", "one", "--context", "c", "get")
    qee("get", "-n", "two", "--kubeconfig", "k")
    qee("-n", "one", "--kubeconfig", "k", "get", "-n", "two")
    assert qee.targets == [Target("one", "c", None), Target("two", None, "k"), Target("two", None, "k")]


def test_a_bug_is_one_line_with_its_own_exit_code(api: FakeApiServer, qee: Cli) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("token=hunter2")

    api.before.append(broken)
    done = qee("get")
    assert done.exit_code == exits.BUG
    assert done.stderr == "Error: RuntimeError in qee itself; QEE_DEBUG=1 shows where, please report it\n"


def test_qee_debug_shows_the_traceback(api: FakeApiServer, qee: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("here")

    monkeypatch.setenv("QEE_DEBUG", "1")
    api.before.append(broken)
    with pytest.raises(RuntimeError, match="here"):
        qee("get")


def test_a_reader_that_goes_away_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "qee.cli.main", "version", "--client"]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert "Traceback" not in done.stderr
    assert "qee itself" not in done.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, []),
        ("{", []),
        ("{}", []),
        ("token: hunter2\n: [", []),
        ("apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n", ["--context", "nope"]),
        (
            "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: []\nusers: []\n"
            "contexts: [{name: a, context: {cluster: c, user: u}}]\n",
            [],
        ),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_named_and_never_quoted(
    tmp_path: Path, content: str | None, words: list[str]
) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    done = CliRunner().invoke(app, ["get", "--kubeconfig", str(path), *words])
    assert done.exit_code == exits.USAGE, done.exception
    assert f"kubeconfig {path} cannot be used" in done.stderr
    assert "hunter2" not in done.output
    assert len(done.stderr.splitlines()) == 1


def test_completion_for_shells_is_there() -> None:
    done = fresh("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0, done.stderr
    assert "_QEE_COMPLETE" in done.stdout or "COMPLETE" in done.stdout


def test_every_exit_code_has_a_meaning_of_its_own() -> None:
    codes = [exits.OK, exits.FAILED, exits.USAGE, exits.GATE, exits.TIMEOUT, exits.INCONCLUSIVE, exits.BUG]
    assert sorted(set(codes)) == sorted(codes) == sorted(exits.MEANINGS)
