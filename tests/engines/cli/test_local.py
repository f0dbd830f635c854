"""`qee run --local`: the operator's checks and the real runner, on this machine."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import builders
from typer.testing import CliRunner

from qee.cli.here import local
from qee.cli.main import app
from qee.kube.port import Object

ENDLESS = "OPENQASM 3.0; qubit q; bit[1] c; while (c == 0) { c = measure q; }"


def run(tmp_path: Path, *documents: Object, words: tuple[str, ...] = ()) -> Any:
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return CliRunner().invoke(app, ["run", "--local", str(path), *words], catch_exceptions=False)


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_the_same_document_comes_out_as_on_a_cluster(tmp_path: Path, engine: str) -> None:
    done = run(tmp_path, builders.job(seed=7), words=("--engine", engine, "-o", "json"))
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["apiVersion"] == "qee.dev/result/v1"
    assert document["provenance"]["engine"] == engine
    assert set(document["results"][0]["counts"]) == {"00", "11"}
    assert (document["seed"], document["seedDrawn"], document["job"]["name"]) == (7, False, "bell")


def test_an_engine_in_place_of_a_device_is_said(tmp_path: Path) -> None:
    job = builders.job(backendRef={"kind": "QuantumBackend", "name": "ibm-fez"})
    done = run(tmp_path, job, words=("--engine", "aer"))
    assert done.exit_code == 0, done.stderr
    assert "on aer, in place of ibm-fez" in done.stderr
    assert done.stdout.startswith("bell: 100 shots on aer for ibm-fez (simulated)")


def test_a_volume_for_results_has_no_effect_here_and_that_is_said(tmp_path: Path) -> None:
    done = run(tmp_path, builders.job(seed=7, results=builders.results_on()), words=("-o", "json"))
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["apiVersion"] == "qee.dev/result/v1"
    assert "spec.results has no effect on a local run, which prints its result" in done.stderr


def test_a_job_without_a_seed_gets_another_one_each_time(tmp_path: Path) -> None:
    drawn = [json.loads(run(tmp_path, builders.job(), words=("-o", "json")).stdout) for _ in range(2)]
    assert drawn[0]["seedDrawn"] is True
    assert drawn[0]["seed"] != drawn[1]["seed"]


def test_a_config_map_in_the_file_is_used_and_its_digest_checked(tmp_path: Path) -> None:
    data = builders.BELL.encode()
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "circuits"},
        "data": {"bell": data.decode()},
    }
    job = builders.job(circuits=[builders.circuit_from("circuits", "bell", data)])
    assert run(tmp_path, job, config_map).exit_code == 0
    refused = run(tmp_path, job, {**config_map, "data": {"bell": "else"}})
    assert refused.exit_code == 1
    assert "InputDigestMismatch" in refused.stderr
    missing = run(tmp_path, job)
    assert missing.exit_code == 1
    assert "give the file that holds it with --config-map" in missing.stderr


def test_a_refusal_of_the_runner_is_one_line_with_its_reason(tmp_path: Path) -> None:
    bad = [{"name": "bell", "format": "openqasm3", "source": 'OPENQASM 3.0; include "stdgates.inc"; qubit q; h q, q;'}]
    done = run(tmp_path, builders.job(circuits=bad))
    assert done.exit_code == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: InvalidCircuit: ")


def test_wrong_fields_exit_with_2_and_a_line_each(tmp_path: Path) -> None:
    done = run(tmp_path, builders.job(shots=0, sede=1))
    assert done.exit_code == 2
    assert "  spec.shots: 0 is below 1; give 1 to 10000000" in done.stderr.splitlines()


def test_options_of_a_provider_are_refused_on_a_simulator(tmp_path: Path) -> None:
    done = run(tmp_path, builders.job(providerOptions={"max_execution_time": 60}))
    assert done.exit_code == 1
    assert "spec.providerOptions" in done.stderr


def test_a_limit_of_cost_does_no_harm_where_nothing_costs(tmp_path: Path) -> None:
    assert run(tmp_path, builders.job(maxCost={"amount": "1.50", "currency": "USD"})).exit_code == 0


def test_a_backend_that_is_no_engine_asks_for_one(tmp_path: Path) -> None:
    job = builders.job(backendRef={"kind": "QuantumBackend", "name": "hall"})
    done = run(tmp_path, job)
    assert done.exit_code == 2
    assert "'hall' is no engine that runs on this machine; give --engine aer or --engine cirq" in done.stderr
    assert run(tmp_path, job, builders.backend("hall", provider="aer")).exit_code == 0


def test_the_limits_of_a_backend_in_the_file_hold_locally_too(tmp_path: Path) -> None:
    done = run(tmp_path, builders.job(), builders.backend(limits={"maxShots": 10}))
    assert done.exit_code == 1
    assert "LimitExceeded" in done.stderr


def test_a_state_that_this_machine_cannot_hold_is_refused_before_it_is_tried(tmp_path: Path) -> None:
    source = 'OPENQASM 3.0; include "stdgates.inc"; qubit[60] q; bit[60] c; t q[0]; h q; c = measure q;'
    wide = {"name": "wide", "format": "openqasm3", "source": source}
    done = run(tmp_path, builders.job(circuits=[wide], simulator={"method": "statevector"}))
    assert done.exit_code == 1
    assert "InsufficientMemory" in done.stderr


def test_an_engine_that_is_not_installed_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "qiskit_aer" else find(name))
    done = run(tmp_path, builders.job())
    assert done.exit_code == 2
    assert "pip install 'qee[aer]'" in done.stderr


def test_options_for_clusters_are_refused(tmp_path: Path) -> None:
    for words in (("--logs",), ("--no-wait",), ("--name", "x"), ("--cancel-on-interrupt",)):
        assert run(tmp_path, builders.job(), words=words).exit_code == 2


def endless(**spec: Any) -> Object:
    circuits = [{"name": "endless", "format": "openqasm3", "source": ENDLESS}]
    return builders.job(circuits=circuits, **spec)


def test_the_deadline_of_the_job_ends_the_run_with_4(tmp_path: Path) -> None:
    done = run(tmp_path, endless(activeDeadlineSeconds=2))
    assert done.exit_code == 4, done.stderr


def runners() -> dict[str, str]:
    """Parent by pid of all runners of this machine; pods of a node on it are among them."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    return {line.split()[0]: line.split()[1] for line in listed.splitlines() if "-m qee.runner" in line}


def runners_of(parent: int) -> set[str]:
    return {pid for pid, found in runners().items() if found == str(parent)}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_runner_too(tmp_path: Path, number: int) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump(endless(activeDeadlineSeconds=60)))
    command = subprocess.Popen(
        [sys.executable, "-m", "qee.cli.main", "run", "--local", str(path)],
        env={**os.environ},
        # A shell starts what it puts in the background with SIGINT ignored, and a test run passes that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    end = time.monotonic() + 30
    while not (begun := runners_of(command.pid)) and time.monotonic() < end:
        time.sleep(0.1)
    assert begun
    command.send_signal(number)
    assert command.wait(timeout=20) == 128 + number
    assert not begun & runners().keys()


def test_no_sdk_is_imported_into_the_process_of_the_command(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(yaml.safe_dump(builders.job()))
    code = (
        "import sys; from qee.cli.main import app\n"
        f"app(['run', '--local', {str(path)!r}], standalone_mode=False)\n"
        "found = {m.split('.')[0] for m in sys.modules} & {'qiskit', 'qiskit_aer', 'cirq', 'numpy', 'kubernetes'}\n"
        "print('imported:', found)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "imported: set()"


def test_the_memory_of_this_machine_is_known() -> None:
    memory = local._memory()
    assert memory is not None
    assert 2**27 < memory < 2**50
