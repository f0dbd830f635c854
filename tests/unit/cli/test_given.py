"""What `qee` is given: files of manifests or circuits, keys of one's own, and what is not installed."""

import importlib.metadata
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import builders
from tests.fakes.cli import Cli, succeeded, when
from tests.fakes.port import FakeApiServer
from typer.testing import CliRunner

from qee.api.names import ANNOTATION_SIGNATURE
from qee.cli import entry
from qee.cli.cluster import waiting
from qee.cli.extras import EXTRAS
from qee.cli.main import app
from qee.kube.resources import JOBS, NAMESPACES
from qee.signing.dsse import Envelope
from qee.signing.keys import PrivateKey

QASM = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;'


@pytest.fixture
def api() -> FakeApiServer:
    server = FakeApiServer()
    server.put(NAMESPACES, {"metadata": {"name": "kube-system", "uid": "6ddf3b7b"}})
    return server


@pytest.fixture
def qee(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    monkeypatch.setattr(waiting, "PAUSES", (0.01,))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("QEE_KEY", raising=False)
    return Cli(api, monkeypatch)


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    path = tmp_path / "bell.yaml"
    path.write_text(yaml.safe_dump(builders.job()))
    return str(path)


def key(tmp_path: Path, name: str = "ada.key") -> tuple[str, str]:
    """File and id of a new key."""
    made = PrivateKey.generate("ML-DSA-44")
    path = tmp_path / name
    path.write_bytes(made.pem(None))
    path.chmod(0o600)
    return str(path), made.public.key_id


def signers_of(job: Any) -> list[str]:
    envelope = Envelope.decode(job["metadata"]["annotations"][ANNOTATION_SIGNATURE])
    return [signature.key_id for signature in envelope.signatures]


def settings(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config/qee/config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_an_edited_manifest_reaches_its_result_signed_by_one_command(
    qee: Cli, api: FakeApiServer, manifest: str, tmp_path: Path
) -> None:
    file, key_id = key(tmp_path)
    when(api, "create", "quantumjobs", succeeded("bell"))
    done = qee("run", manifest, "--key", file)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("bell: 100 shots on aer (simulated)")
    assert signers_of(api.find(JOBS, "default", "bell")) == [key_id]


@pytest.mark.parametrize("command", ["run", "submit"])
def test_the_users_own_key_signs_what_has_no_signature(
    qee: Cli, api: FakeApiServer, manifest: str, tmp_path: Path, command: str
) -> None:
    settings(tmp_path, "key: ../../ada.key\n")
    _, key_id = key(tmp_path)
    words = [command, manifest, *(["--no-wait"] if command == "run" else [])]
    assert qee(*words).exit_code == 0
    job = api.find(JOBS, "default", "bell")
    assert signers_of(job) == [key_id]
    assert job is not None
    kept = job["metadata"]["annotations"]
    again = builders.job(name="again") | {"metadata": {"name": "again", "annotations": kept}}
    Path(manifest).write_text(yaml.safe_dump(again))
    assert qee(*words).exit_code == 0
    live = api.find(JOBS, "default", "again")
    assert live is not None
    assert live["metadata"]["annotations"] == kept


def test_the_variable_names_the_key_before_the_file_does(
    qee: Cli, api: FakeApiServer, manifest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(tmp_path, "key: ../../ada.key\n")
    key(tmp_path)
    file, key_id = key(tmp_path, "bob.key")
    monkeypatch.setenv("QEE_KEY", file)
    assert qee("submit", manifest).exit_code == 0
    assert signers_of(api.find(JOBS, "default", "bell")) == [key_id]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("keys: a\n", "keys: there is no such setting; there are key, passphraseFile"),
        ("key: [a]\n", "key: give the name of a file"),
        ("- a\n", "is no map"),
        ("key: {\n", "cannot be read as YAML"),
    ],
)
def test_a_configuration_that_is_none_is_told(qee: Cli, manifest: str, tmp_path: Path, text: str, said: str) -> None:
    settings(tmp_path, text)
    done = qee("submit", manifest)
    assert done.exit_code == 2
    assert said in done.stderr


def test_without_a_key_a_job_is_submitted_as_it_is(qee: Cli, api: FakeApiServer, manifest: str) -> None:
    assert qee("submit", manifest).exit_code == 0
    job = api.find(JOBS, "default", "bell")
    assert job is not None
    assert "annotations" not in job["metadata"]


def test_a_circuits_file_is_submitted_as_it_is(qee: Cli, api: FakeApiServer, tmp_path: Path) -> None:
    path = tmp_path / "my_bell.qasm"
    path.write_text(QASM)
    assert qee("run", str(path), "--no-wait", "--shots", "10", "--seed", "3").exit_code == 0
    job = api.find(JOBS, "default", "my-bell")
    assert job is not None
    assert (job["spec"]["shots"], job["spec"]["seed"], job["spec"]["outputs"]) == (10, 3, ["counts"])
    assert job["spec"]["circuits"][0]["source"] == QASM


def test_a_circuit_with_parameters_is_sent_to_init_for_their_values(qee: Cli, tmp_path: Path) -> None:
    path = tmp_path / "rot.qasm"
    path.write_text('include "stdgates.inc"; input float theta; qubit q; bit c; rx(theta) q; c = measure q;')
    done = qee("run", "--local", str(path))
    assert done.exit_code == 2
    assert f"has the parameters theta; make a job of it with `qee init {path} -o job.yaml`" in done.stderr


def test_shots_of_the_command_line_are_those_of_every_circuit(qee: Cli, api: FakeApiServer, tmp_path: Path) -> None:
    job = builders.job()
    job["spec"]["circuits"][0]["shots"] = 5
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump(job))
    assert qee("run", str(path), "--no-wait", "--shots", "77").exit_code == 0
    live = api.find(JOBS, "default", "bell")
    assert live is not None
    assert live["spec"]["shots"] == 77
    assert "shots" not in live["spec"]["circuits"][0]


def test_shots_cannot_be_changed_under_a_signature(qee: Cli, manifest: str, tmp_path: Path) -> None:
    file, _ = key(tmp_path)
    signed = qee("sign", manifest, "--key", file, "-n", "default", "--audience", "a").stdout
    Path(manifest).write_text(signed)
    done = qee("run", manifest, "--shots", "7")
    assert done.exit_code == 2
    assert "--shots and --seed change what is signed; sign anew with --key FILE" in done.stderr
    assert qee("run", manifest, "--shots", "7", "--key", file, "--no-wait").exit_code == 0


@pytest.mark.parametrize("command", ["run", "submit", "lint", "sign", "draw", "init"])
def test_a_file_is_given_by_its_place_or_by_an_option_and_once(qee: Cli, manifest: str, command: str) -> None:
    for words in ([command], [command, manifest, "-f", manifest]):
        done = qee(*words)
        assert done.exit_code == 2
        assert f"give one file: qee {command} FILE" in done.stderr


def test_keys_of_two_holders_make_a_policy_that_wants_both(qee: Cli, tmp_path: Path) -> None:
    files = [key(tmp_path, name)[0] for name in ("ada.key", "bob.key")]
    words = ["key", "show", *files, "--policy", "--namespace", "demo", "--holder", "Ada", "--holder", "Bob"]
    policy = yaml.safe_load(qee(*words, "--threshold", "2").stdout)
    assert [(each["name"], each["holder"]) for each in policy["spec"]["keys"]] == [("ada", "Ada"), ("bob", "Bob")]
    assert policy["spec"]["rules"] == [{"name": "ada", "keys": ["ada", "bob"], "threshold": 2}]
    assert "--threshold 3: there are 2 keys" in qee(*words, "--threshold", "3").stderr
    assert "give one for each" in qee(*words, "--holder", "Eve").stderr
    assert "the same key is given twice" in qee("key", "show", files[0], *words[2:3], *words[4:]).stderr


@pytest.mark.parametrize("extra", sorted(set(EXTRAS.values())))
def test_the_extra_of_a_missing_module_is_named(extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = next(name for name, found in EXTRAS.items() if found == extra)

    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=f"{module}.part")

    monkeypatch.setattr("qee.cli.main.app", missing)
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert f"pip install 'qee[{extra}]'" in str(ended.value.code)


def test_every_extra_that_is_named_is_one_of_the_project_and_brings_the_module() -> None:
    extras = importlib.metadata.metadata("qee").get_all("Provides-Extra") or []
    assert set(EXTRAS.values()) <= set(extras)


def test_a_command_that_misses_a_module_names_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    path = tmp_path / "job.yaml"
    path.write_text("a: b")
    monkeypatch.setattr(sys, "argv", ["qee", "lint", str(path)])
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == "qee: the module yaml is not installed; it comes with: pip install 'qee[cli]'"


def test_the_command_is_the_entry_that_names_extras() -> None:
    (script,) = (each for each in importlib.metadata.entry_points(group="console_scripts") if each.name == "qee")
    assert script.value == "qee.cli.entry:main"
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0
