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


def test_a_job_that_names_a_volume_for_results_is_good_and_a_path_is_not(tmp_path: Path) -> None:
    assert lint(tmp_path, builders.job(results=builders.results_on())).exit_code == 0
    refused = lint(tmp_path, builders.job(results=builders.results_on("/data")))
    assert refused.exit_code == 1
    assert "spec.results.persistentVolumeClaim.claimName" in refused.stdout + refused.stderr


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


def test_what_a_simulator_cannot_run_is_told_in_the_operators_words(tmp_path: Path) -> None:
    done = lint(tmp_path, builders.job(providerOptions={"shots": 1}))
    assert done.exit_code == 1
    assert "spec.providerOptions: they are for a provider's SDK" in done.stdout


def test_a_ceiling_on_cost_does_not_hinder_what_costs_nothing(tmp_path: Path) -> None:
    assert lint(tmp_path, builders.job(maxCost={"amount": "1.50", "currency": "USD"})).exit_code == 0


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


TABLE = '{"theta": ["0.1", "0.2"]}'
SWEPT = "OPENQASM 3.0; input float theta; qubit q; bit c; U(theta, 0, 0) q; c = measure q;"


def swept(table: str = TABLE, source: str = SWEPT) -> tuple[Object, Object]:
    reference = {
        "configMapKeyRef": {"name": "angles", "key": "t"},
        "sha256": hashlib.sha256(table.encode()).hexdigest(),
    }
    job = builders.job(circuits=[{"name": "c", "format": "openqasm3", "source": source, "parametersFrom": reference}])
    return job, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "angles"}, "data": {"t": table}}


def test_a_table_of_parameters_is_described_and_compared_with_its_digest(tmp_path: Path) -> None:
    done = lint(tmp_path, *swept())
    assert done.exit_code == 0, done.stdout
    assert "circuit c: 1 parameters, 2 rows" in done.stdout
    assert f"sha256 of ConfigMap angles, key t: {hashlib.sha256(TABLE.encode()).hexdigest()}" in done.stdout
    other = lint(tmp_path, swept()[0], swept('{"theta": ["0.1"]}')[1])
    assert other.exit_code == 1
    assert "error: spec.circuits[0].parametersFrom.sha256: " in other.stdout


def test_a_bad_table_and_a_column_that_no_input_wants_are_told(tmp_path: Path) -> None:
    bad = lint(tmp_path, *swept('{"theta": ["pi"]}'))
    assert bad.exit_code == 1
    assert "error: spec.circuits[0].parametersFrom: column 'theta', row 1: 'pi' is not a decimal number" in bad.stdout
    surplus = lint(tmp_path, *swept(source=builders.BELL))
    assert surplus.exit_code == 1
    assert "theta is no input of circuit 'c'" in surplus.stdout


def test_a_format_of_one_engine_only_is_told_of_the_other(tmp_path: Path) -> None:
    noisy = {"noise": {"device": "fake_manila"}}
    done = lint(tmp_path, builders.job(backendRef={"kind": "QuantumBackend", "name": "hall"}, **noisy))
    assert done.exit_code == 0, done.stdout
    assert "engine cirq does not do 'fake_manila'" in done.stdout
    assert "memory on aer" in done.stdout
    assert "memory on cirq" not in done.stdout
    on_cirq = lint(tmp_path, builders.job(backendRef={"kind": "QuantumBackend", "name": "cirq"}, **noisy))
    assert on_cirq.exit_code == 1
    assert "error: UnsupportedConstruct: spec.noise.device: engine cirq" in on_cirq.stdout


MODIFIED = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; ctrl @ x q[0], q[1]; c = measure q;'


def test_a_construct_that_the_engine_does_not_run_is_told_with_what_to_write(tmp_path: Path) -> None:
    done = lint(tmp_path, job_with(MODIFIED, backendRef={"kind": "QuantumBackend", "name": "cirq"}))
    assert done.exit_code == 1
    assert "error: UnsupportedConstruct: engine cirq does not run a gate modifier" in done.stdout
    assert lint(tmp_path, job_with(MODIFIED)).exit_code == 0
    either = lint(tmp_path, job_with(MODIFIED, backendRef={"kind": "QuantumBackend", "name": "hall"}))
    assert either.exit_code == 0
    assert "not on cirq: a gate modifier" in either.stdout
    assert "memory on aer" in either.stdout


@pytest.mark.parametrize(
    ("body", "alone"),
    [
        ("h q[0]; c = measure q;", False),
        ("reset q; h q[0]; c = measure q;", False),
        ("h q[0]; reset q[0]; c = measure q;", True),
        ("c[0] = measure q[0]; x q[0]; c = measure q;", True),
        ("c[0] = measure q[0]; if (c[0]) x q[1]; c[1] = measure q[1];", True),
    ],
)
def test_a_circuit_that_is_simulated_shot_by_shot_is_told(tmp_path: Path, body: str, alone: bool) -> None:
    said = lint(tmp_path, job_with(f'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; {body}')).stdout
    assert ("shot by shot on aer" in said) == alone
