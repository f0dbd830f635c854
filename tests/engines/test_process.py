"""The runner as the container starts it: arguments in, one frame out, or a reason and an exit code."""

import dataclasses
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qee.documents import (
    CircuitRun,
    JobReference,
    NoiseOptions,
    ResultDocument,
    RunDocument,
    SimulatorOptions,
    check_result,
    circuit_seed,
    frame,
)
from qee.runner import process
from qee.runner.local import run_local
from qee.sdk.errors import RunnerError

BELL = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'
BELL_2 = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\nh q[0];\ncx q[0], q[1];\nmeasure q -> c;\n'
RUN = "0f5c.1"


def document(engine: str = "aer", *circuits: CircuitRun, **change: Any) -> RunDocument:
    first = circuits or (CircuitRun("bell", "openqasm3", BELL, 1000),)
    run = RunDocument(JobReference("default", "bell", "0f5c"), engine, engine, 7, False, first)
    return dataclasses.replace(run, **change)


@dataclass
class Ended:
    code: int
    log: bytes
    stderr: str
    report: dict[str, str] | None


def start(
    folder: Path,
    run: RunDocument,
    *more: str,
    env: dict[str, str] | None = None,
    sha256: str = "",
    pass_fds: tuple[int, ...] = (),
) -> Ended:
    source, report = folder / "run.json", folder / "termination-log"
    source.write_bytes(run.to_bytes())
    digest = sha256 or hashlib.sha256(run.to_bytes()).hexdigest()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "qee.runner", f"--input={source}", f"--sha256={digest}", f"--run={RUN}"),
            *(f"--termination-log={report}", *more),
        ],
        capture_output=True,
        timeout=120,
        env={**os.environ, **(env or {})},
        pass_fds=pass_fds,
        check=False,
    )
    said = json.loads(report.read_bytes()) if report.exists() else None
    return Ended(done.returncode, done.stdout, done.stderr.decode(), said)


def shadowing(folder: Path) -> dict[str, str]:
    """An environment in which modules of `folder` are found first."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_a_run_ends_with_one_frame_whose_result_answers_the_document(engine: str, tmp_path: Path) -> None:
    run = document(engine)
    ended = start(tmp_path, run)
    assert (ended.code, ended.report, ended.stderr) == (0, None, "")
    assert all(not line or line.startswith(b"qee-frame/v1 ") for line in ended.log.split(b"\n"))
    result = ResultDocument.from_bytes(frame.decode(ended.log, RUN, 0))
    check_result(result, run)
    assert result.provenance.sandbox == "seccomp"
    assert result.results[0].seeds == (circuit_seed(7, "bell", 0, 0),)
    assert set(result.results[0].counts) == {"00", "11"}
    assert float(result.provenance.cpu_seconds) > 0
    assert result.provenance.max_rss_mib > 20
    assert result.provenance.start_time < result.provenance.completion_time


def test_the_index_of_the_job_is_in_the_frame_and_in_the_seed(tmp_path: Path) -> None:
    noisy = document(shards=4, noise=NoiseOptions(readout="0.01"))
    ended = start(tmp_path, noisy, env={"JOB_COMPLETION_INDEX": "3"})
    result = ResultDocument.from_bytes(frame.decode(ended.log, RUN, 3))
    assert result.results[0].seeds == (circuit_seed(7, "bell", 0, 3),)
    assert result.results[0].shots == 250


def test_other_bytes_than_promised_are_not_even_parsed(tmp_path: Path) -> None:
    ended = start(tmp_path, document(), sha256="0" * 64)
    assert ended.code == 65
    assert ended.report is not None
    assert ended.report["reason"] == "InputMismatch"
    assert b"qee-frame" not in ended.log


def test_a_bad_circuit_is_a_permanent_failure_that_names_circuit_and_line(tmp_path: Path) -> None:
    ended = start(tmp_path, document("aer", CircuitRun("mine", "openqasm3", BELL + "foo q[0];", 10)))
    assert ended.code == 65
    assert ended.report == {
        "reason": "InvalidCircuit",
        "message": "circuit mine: line 8: gate foo is not defined; include stdgates.inc or define it by gate",
    }
    assert "qee.runner: InvalidCircuit: circuit mine: line 8" in ended.stderr


def test_what_an_sdk_logs_of_a_way_that_was_not_taken_does_not_reach_the_user(tmp_path: Path) -> None:
    """A state vector of 60 qubits does not fit, a matrix product does: Aer logs the former as a failed simulation."""
    chain = "".join(f"cx q[{n}], q[{n + 1}]; " for n in range(59))
    source = f'OPENQASM 3.0; include "stdgates.inc"; qubit[60] q; bit[60] c; h q[0]; t q[0]; {chain} c = measure q;'
    ended = start(tmp_path, document("aer", CircuitRun("ghz", "openqasm3", source, 10)))
    assert (ended.code, ended.report, ended.stderr) == (0, None, "")


def test_what_an_sdk_logged_is_told_where_a_run_fails_for_no_known_reason(tmp_path: Path) -> None:
    (tmp_path / "qiskit_aer.py").write_text(
        "import logging\nlogging.getLogger('aer').warning('it said %s', 'why')\nraise ValueError\n"
    )
    ended = start(tmp_path, document(), env=shadowing(tmp_path))
    assert ended.code == 70
    assert "aer: it said why" in ended.stderr


def test_a_missing_engine_is_an_internal_failure(tmp_path: Path) -> None:
    (tmp_path / "qiskit_aer.py").write_text("raise ModuleNotFoundError('x', name='qiskit_aer')")
    ended = start(tmp_path, document(), env=shadowing(tmp_path))
    assert ended.code == 70
    assert ended.report is not None
    assert ended.report["reason"] == "RunnerFailed"
    assert "qiskit_aer is missing" in ended.report["message"]


def test_a_panic_of_the_engine_is_an_internal_failure_without_its_words(tmp_path: Path) -> None:
    (tmp_path / "qiskit_aer.py").write_text("class Panic(BaseException): pass\nraise Panic('secret')")
    ended = start(tmp_path, document(), env=shadowing(tmp_path))
    assert ended.code == 70
    assert ended.report == {"reason": "RunnerFailed", "message": "internal error; see the pod's log"}
    assert "Panic: secret" in ended.stderr


def test_a_socket_that_was_open_before_is_closed(tmp_path: Path) -> None:
    (tmp_path / "qiskit_aer.py").write_text(
        "import os, pathlib, sys\n"
        "links = [os.readlink(each) for each in pathlib.Path('/proc/self/fd').iterdir() if each.exists()]\n"
        "sys.stderr.write(f\"{len(links)} files, {sum(link.startswith('socket:') for link in links)} sockets\")\n"
        "raise ModuleNotFoundError('x', name='qiskit_aer')\n"
    )
    with socket.socket() as inherited:
        ended = start(tmp_path, document(), env=shadowing(tmp_path), pass_fds=(inherited.fileno(),))
    assert re.search(r"[3-9] files, 0 sockets", ended.stderr), ended.stderr


@pytest.mark.parametrize(
    "arguments", [["--input"], ["--input=x"], ["--what=x"], ["--input=x", "--sha256=y", "--run=z", "--sandbox=off"]]
)
def test_wrong_arguments_say_how_it_is_used(arguments: list[str]) -> None:
    with pytest.raises(RunnerError, match="usage") as caught:
        process.parse_arguments(arguments)
    assert caught.value.exit_code == 70


def test_the_sandbox_is_required_unless_somebody_says_otherwise() -> None:
    usual = ["--input=x", "--sha256=y", "--run=z"]
    assert process.parse_arguments(usual).sandbox_required
    assert not process.parse_arguments([*usual, "--sandbox=best-effort"]).sandbox_required


def test_a_long_message_is_cut_to_what_the_kubelet_keeps(tmp_path: Path) -> None:
    report = tmp_path / "termination-log"
    code = process._report(RunnerError(process.Reason.INVALID_CIRCUIT, "ä" * 5000), str(report))
    assert code == 65
    assert 3000 < len(report.read_bytes()) <= 4096
    assert json.loads(report.read_bytes())["message"].startswith("ääää")


def test_nothing_but_the_standard_library_is_imported_before_the_sandbox_is_on() -> None:
    code = (
        "import qee.runner.process, sys\n"
        "foreign = {name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names - {'qee', '__main__'}\n"
        "print(sorted(name for name in foreign if not name.startswith(('__editable__', 'sitecustomize'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_same_document_gives_the_same_counts_and_another_seed_gives_others(tmp_path: Path) -> None:
    def counts(seed: int) -> dict[str, int]:
        run = document("aer", CircuitRun("bell", "openqasm2", BELL_2, 100_000), seed=seed)
        return dict(process.execute(run, 0, "none", 0.0).results[0].counts)

    assert counts(7) == counts(7)
    assert counts(7) != counts(8)


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_circuits_of_one_job_have_seeds_of_their_own(engine: str) -> None:
    pair = [CircuitRun(name, "openqasm2", BELL_2, 100_000) for name in ("a", "b")]
    first, second = process.execute(document(engine, *pair), 0, "none", 0.0).results
    assert first.counts != second.counts


def test_a_bad_last_circuit_stops_the_job_before_the_first_one_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    from qee.runner.engines.aer import engine as aer

    monkeypatch.setattr(aer.AerEngine, "execute", lambda *_: pytest.fail("a circuit was executed"))
    good, bad = CircuitRun("good", "openqasm2", BELL_2, 1), CircuitRun("bad", "openqasm2", "nonsense", 1)
    with pytest.raises(RunnerError, match=r"^circuit bad: line 1"):
        process.execute(document("aer", good, bad), 0, "none", 0.0)


def test_a_local_run_gives_the_result_of_a_pod(tmp_path: Path) -> None:
    run = document()
    local = ResultDocument.from_bytes(run_local(run.to_bytes()))
    check_result(local, run)
    pod = ResultDocument.from_bytes(frame.decode(start(tmp_path, run).log, RUN, 0))
    assert local.results == pod.results
    assert local.provenance.circuits == pod.provenance.circuits


def test_a_local_run_has_the_shards_of_a_cluster(tmp_path: Path) -> None:
    circuits = [CircuitRun(name, "openqasm3", BELL, 100) for name in ("a", "b", "c")]
    run = document("aer", *circuits, shards=2)
    local = ResultDocument.from_bytes(run_local(run.to_bytes()))
    check_result(local, run)
    assert local.provenance.shards == 2
    for index in (0, 1):
        log = start(tmp_path, run, env={"JOB_COMPLETION_INDEX": str(index)}).log
        shard = ResultDocument.from_bytes(frame.decode(log, RUN, index))
        assert all(result in local.results for result in shard.results)


def test_a_local_run_raises_what_the_runner_reports() -> None:
    run = document("cirq", simulator=SimulatorOptions("matrix_product_state"))
    with pytest.raises(RunnerError, match="engine cirq does not offer") as caught:
        run_local(run.to_bytes())
    assert caught.value.reason == "UnsupportedConstruct"


def test_a_local_run_is_not_led_astray_by_files_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('wrong json')")
    monkeypatch.chdir(tmp_path)
    run_local(document().to_bytes())


def test_a_local_run_can_be_stopped() -> None:
    forever = "OPENQASM 3.0;\nqubit q;\nbit[1] c;\nwhile (c == 0) { c = measure q; }\n"
    with pytest.raises(TimeoutError):
        run_local(document("aer", CircuitRun("forever", "openqasm3", forever, 1)).to_bytes(), timeout=6)
