"""`qee lint`: what the operator would say, without a cluster."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import builders
from typer.testing import CliRunner

from qee.cli.main import app
from qee.kube.port import Object

SOURCE = builders.BELL.encode()
DIGEST = hashlib.sha256(SOURCE).hexdigest()
CIRCUITS = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "circuits"},
    "data": {"bell": SOURCE.decode()},
}


def lint(tmp_path: Path, *documents: Object, words: tuple[str, ...] = ()) -> Any:
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return CliRunner().invoke(app, ["lint", "-f", str(path), *words], catch_exceptions=False)


def job_with(source: str, **spec: Any) -> Object:
    return builders.job(circuits=[{"name": "c", "format": "openqasm3", "source": source}], **spec)


def test_a_good_job_is_described_and_exits_with_0(tmp_path: Path) -> None:
    done = lint(tmp_path, builders.job())
    assert done.exit_code == 0
    assert "circuit bell: openqasm3 3.0, 2 qubits, 2 bits" in done.stdout
    assert "Clifford gates only, 100 shots" in done.stdout
    assert "memory on aer, method stabilizer: " in done.stdout
    assert "error" not in done.stdout


def test_every_wrong_field_has_a_line_and_the_exit_code_is_1(tmp_path: Path) -> None:
    done = lint(tmp_path, builders.job(shots=0, sede=7))
    assert done.exit_code == 1
    assert "error: spec.shots: 0 is below 1; give 1 to 10000000" in done.stdout
    assert "error: spec.sede: is not a field; did you mean seed?" in done.stdout


def test_what_this_build_cannot_run_is_told_in_the_operators_words(tmp_path: Path) -> None:
    done = lint(tmp_path, builders.job(maxCost={"amount": "1.50", "currency": "USD"}))
    assert done.exit_code == 1
    assert "spec.maxCost is not in this build" in done.stdout


def test_a_bad_circuit_is_told_by_the_scanner(tmp_path: Path) -> None:
    done = lint(tmp_path, job_with("OPENQASM 3.0; qubit[99999999] q;"))
    assert done.exit_code == 1
    assert "error: CircuitTooLarge: Circuit 'c': " in done.stdout


def test_the_digest_of_a_config_map_is_printed_and_compared(tmp_path: Path) -> None:
    good = lint(tmp_path, builders.job(circuits=[builders.circuit_from("circuits", "bell", SOURCE)]), CIRCUITS)
    assert good.exit_code == 0
    assert f"sha256 of ConfigMap circuits, key bell: {DIGEST}" in good.stdout
    bad = lint(tmp_path, builders.job(circuits=[builders.circuit_from("circuits", "bell", b"else")]), CIRCUITS)
    assert bad.exit_code == 1
    assert f"set it to {DIGEST}" in bad.stdout


def test_a_config_map_may_lie_in_another_file(tmp_path: Path) -> None:
    (tmp_path / "circuits.yaml").write_text(yaml.safe_dump(CIRCUITS))
    job = builders.job(circuits=[builders.circuit_from("circuits", "bell", SOURCE)])
    without = lint(tmp_path, job)
    assert without.exit_code == 0
    assert "is not in the file, so it is not checked" in without.stdout
    assert DIGEST in lint(tmp_path, job, words=("--config-map", str(tmp_path / "circuits.yaml"))).stdout


def test_the_limits_of_a_backend_in_the_file_are_held_against_the_job(tmp_path: Path) -> None:
    done = lint(tmp_path, builders.job(), builders.backend(limits={"maxShots": 10}))
    assert done.exit_code == 1
    assert "LimitExceeded" in done.stdout
    assert "maxShots=10" in done.stdout


def test_an_unknown_backend_gets_the_estimate_of_every_engine(tmp_path: Path) -> None:
    done = lint(tmp_path, builders.job(backendRef={"kind": "QuantumBackend", "name": "hall"}))
    assert "memory on aer" in done.stdout
    assert "memory on cirq" in done.stdout


def test_one_bad_job_among_good_ones_fails_the_file(tmp_path: Path) -> None:
    done = lint(tmp_path, builders.job("good"), builders.job("bad", shots=0), builders.job("fine"))
    assert done.exit_code == 1
    assert [line.split()[-1] for line in done.stdout.splitlines() if "QuantumJob" in line] == ["good", "bad", "fine"]


def test_programs_are_never_quoted(tmp_path: Path) -> None:
    secret = "OPENQASM 3.0; qubit q; hunter2 q;"
    assert "hunter2 q" not in lint(tmp_path, job_with(secret)).output


@pytest.mark.parametrize("example", sorted(Path("examples").glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_pass(example: Path) -> None:
    done = CliRunner().invoke(app, ["lint", "-f", str(example)], catch_exceptions=False)
    assert done.exit_code == 0, done.stdout
