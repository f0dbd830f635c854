"""Forty mistakes that people make in manifests and on the command line; each message names the remedy."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import builders
from tests.fakes.cli import Cli
from tests.fakes.port import FakeApiServer

ROTATED = 'OPENQASM 3.0; include "stdgates.inc"; input float theta; qubit q; bit c; rx(theta) q; c = measure q;'
OPENQASM2 = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; h q[0]; measure q -> c;'


@pytest.fixture
def qee(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("QEE_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    return Cli(FakeApiServer(), monkeypatch)


def spec(**fields: Any) -> dict[str, Any]:
    return {"spec": fields}


def circuit(**fields: Any) -> dict[str, Any]:
    return {"circuit": fields}


def manifest(change: dict[str, Any]) -> str:
    job = copy.deepcopy(builders.job())
    job["spec"]["circuits"][0].update(change.get("circuit", {}))
    job["spec"].update(change.get("spec", {}))
    job.update({name: value for name, value in change.items() if name not in ("spec", "circuit")})
    return str(yaml.safe_dump(job))


BELL = builders.BELL
MANIFESTS: list[tuple[dict[str, Any], str]] = [
    (spec(shot=5), "spec.shot: is not a field; did you mean shots?"),
    (spec(optimization_level=2), "did you mean spec.transpile.optimizationLevel?"),
    (spec(transpile={"optimization_level": 2}), "did you mean optimizationLevel?"),
    (spec(noise={"model": "fake_manila"}), "did you mean spec.noise.device?"),
    (spec(seed_simulator=7), "did you mean spec.seed?"),
    (spec(timeout=60), "did you mean spec.activeDeadlineSeconds?"),
    (spec(backendRef="aer"), "write {kind: QuantumBackend, name: aer}"),
    (spec(shots="100"), '"100" is not an integer; give an integer, 1 to 10000000'),
    (spec(shots=0), "0 is below 1; give 1 to 10000000"),
    (spec(circuits={"name": "a"}), "a map is not a list; give a list"),
    (spec(circuits=[]), "0 entries; give 1 to 300"),
    (spec(outputs=["count"]), "give counts, memory, probabilities, statevector or expectation"),
    (spec(outputs=["expectation"]), "observables and the output expectation belong together; give both or neither"),
    (spec(precision=0.01), 'give a string, in quotes: "0.01"'),
    (spec(maxCost={"amount": 1.5, "currency": "USD"}), 'give a string, in quotes: "1.5"'),
    (spec(maxCost={"amount": "1.5", "currency": "usd"}), "give an ISO 4217 code, for example USD"),
    (spec(activeDeadlineSeconds="1h"), "give an integer, 1 to 31536000"),
    (spec(resources={"memory": "1Gi"}), "did you mean spec.resources.limits.memory?"),
    (spec(noise={"device": "manila"}), "Give one of fake_brisbane"),
    (spec(simulator={"method": "state_vector"}), "give automatic, statevector,"),
    (circuit(format="qasm3"), "give openqasm3, openqasm2, qpy or cirq-json"),
    (circuit(format="openqasm2"), "set the circuit's format to openqasm3"),
    (circuit(source=OPENQASM2), "set the circuit's format to openqasm2"),
    (circuit(source=BELL.replace("cx ", "cnot ")), "gate 'cnot' is not defined; did you mean 'cx'?"),
    (circuit(source=BELL.replace('include "stdgates.inc";', "")), 'it comes with include "stdgates.inc";'),
    (circuit(data="AAAA"), "give exactly one"),
    (circuit(configMapKeyRef={"name": "a", "key": "b"}), "give exactly one"),
    (circuit(parameters={"theta": ["0.1"]}), "theta is no input of circuit 'bell'"),
    (circuit(source=ROTATED, parameters={"theta": [0.1]}), 'give a string, in quotes: "0.1"'),
    (circuit(source=ROTATED), "theta"),
    ({"kind": "quantumjob"}, "give kind: QuantumJob"),
    ({"apiVersion": "qee.dev/v1"}, "give qee.dev/v1alpha1"),
    ({"metadata": {}}, "metadata.name: is missing; give a name, or generateName"),
    ({"metadata": {"name": "Bell_1"}}, "give at most 63 lower case letters, digits and hyphens"),
]


@pytest.mark.parametrize(("change", "remedy"), MANIFESTS, ids=[str(change)[:50] for change, _ in MANIFESTS])
def test_a_mistake_in_a_manifest_is_told_with_its_remedy(
    qee: Cli, tmp_path: Path, change: dict[str, Any], remedy: str
) -> None:
    (tmp_path / "job.yaml").write_text(manifest(change))
    done = qee("lint", "job.yaml")
    assert done.exit_code in (1, 2)
    assert remedy in done.stdout + done.stderr


TEXTS = [
    (manifest({}) + "kind: QuantumJob\n", "the key kind occurs twice; keep one"),
    (manifest({}).replace("  shots", "\tshots"), "indent with spaces, not with tabs"),
    (manifest({}).replace("shots: 100", "shots: 0100"), "write 64 or 100"),
    (manifest({}).replace("shots: 100", "shots: 1e3"), "write it in decimal digits"),
    (f"{manifest({})}---\n{manifest({})}", "two QuantumJobs are named bell; give each a name of its own"),
    ("import qiskit\n", "is no Kubernetes object; give apiVersion, kind and metadata"),
]


@pytest.mark.parametrize(("text", "remedy"), TEXTS, ids=[remedy for _, remedy in TEXTS])
def test_a_mistake_in_the_yaml_is_told_with_its_remedy(qee: Cli, tmp_path: Path, text: str, remedy: str) -> None:
    (tmp_path / "job.yaml").write_text(text)
    done = qee("lint", "job.yaml")
    assert done.exit_code in (1, 2)
    assert remedy in done.stdout + done.stderr


LINES = [
    (("run",), "give one file: qee run FILE"),
    (("run", "none.yaml"), "none.yaml: cannot be read: No such file or directory"),
    (("run", "job.yaml", "--engine", "aer"), "are for --local"),
    (("run", "job.yaml", "--local", "--no-wait"), "are not for --local; leave them out"),
    (("run", "job.yaml", "--local", "--engine", "qiskit"), "is not one of 'aer', 'cirq'"),
    (("run", "--local", "circuit.py"), "add these lines to it, and give what they write"),
    (("rum", "job.yaml"), "Did you mean 'run'?"),
    (("sign", "job.yaml", "-n", "default", "--audience", "b"), "give --key FILE, --key-fd, --key-env, or --signer"),
    (("sign", "job.yaml", "-n", "default", "--audience", "b", "--key", "job.yaml"), "this is no key in PEM"),
    (("result",), "give the NAME of a QuantumJob"),
    (("result", "bell", "--verify"), "--verify and --trust belong together"),
    (("result", "bell"), "bell"),
    (("key", "generate"), "Missing option '--out'"),
    (("key", "show", "job.yaml", "--policy"), "give --namespace, whose jobs it is about"),
    (("wait", "bell", "--timeout", "soon"), "soon"),
]


@pytest.mark.parametrize(("words", "remedy"), LINES, ids=[" ".join(words) for words, _ in LINES])
def test_a_mistake_on_the_command_line_is_told_with_its_remedy(
    qee: Cli, tmp_path: Path, words: tuple[str, ...], remedy: str
) -> None:
    (tmp_path / "job.yaml").write_text(manifest({}))
    (tmp_path / "circuit.py").write_text("import qiskit\n")
    done = qee(*words)
    assert done.exit_code in (1, 2)
    assert remedy in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_there_are_as_many_as_are_promised() -> None:
    assert len(MANIFESTS) + len(TEXTS) + len(LINES) >= 40
