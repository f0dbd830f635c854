"""The adapter of Google Quantum Engine on its SDK, against the stand-in: bits, faults, refusals, secrets."""

import base64
import dataclasses
import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster import sdks
from tests.physics.statistics import ALARM, p_value
from tests.standins.base import FAULTS
from tests.standins.running import StandIn, WorkerProcess, standin, worker

from qee.connectors import protocol
from qee.connectors.protocol import Rejected, Settings, Unauthorized
from qee.connectors.vendors.google.adapter import Google
from qee.connectors.vendors.google.settings import access
from qee.connectors.wording import quoted as excerpt
from qee.documents.compiled import CompiledDocument, Submission
from qee.documents.run import CircuitRun, JobReference, RunDocument, TranspileOptions

TOKEN = "canary-71c0de5a"
PROJECT, PROCESSOR = "tests", "rainbow"
HEADER = 'OPENQASM 3.0; include "stdgates.inc";'
BELL = f"{HEADER} qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;"
# second = 011, first = 01: no part of it and not the whole reads the same backwards.
TWO_REGISTERS = f"""{HEADER} qubit[5] q; bit[2] first; bit[3] second; x q[0]; x q[2]; x q[4];
first[0] = measure q[0]; first[1] = measure q[1];
second[0] = measure q[2]; second[1] = measure q[4]; second[2] = measure q[3];"""
# Of three qubits two are measured, crosswise; bit 2 is never written.
PARTIAL = f"{HEADER} qubit[3] q; bit[3] c; x q[2]; c[1] = measure q[2]; c[0] = measure q[0];"
# A Toffoli, and CNOTs between qubits that no placement on a grid makes all neighbours: q = 01011 in the end.
ROUTED = """OPENQASM 2.0; include "qelib1.inc"; qreg q[5]; creg c[5]; x q[0]; x q[1]; ccx q[0],q[1],q[3];
cx q[0],q[2]; cx q[1],q[2]; cx q[0],q[4]; cx q[3],q[4]; cx q[2],q[4]; cx q[4],q[0]; cx q[2],q[1]; measure q -> c;"""
# On a line of three qubits, where Cirq's router breaks on a tie (see google_compiling).
NARROW = (
    f"""{HEADER} qubit[3] q; bit[3] c; x q[0]; cx q[0], q[1]; cx q[1], q[2]; {"cx q[0], q[2]; " * 9} c = measure q;"""
)
MID_CIRCUIT = f"{HEADER} qubit[1] q; bit[1] c; c[0] = measure q[0]; x q[0];"


def operation(kind: str, *qubits: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {"cirq_type": "GateOperation", "gate": {"cirq_type": kind, **fields}, "qubits": list(qubits)}


def power(kind: str, exponent: Any, *qubits: Mapping[str, Any]) -> dict[str, Any]:
    return operation(kind, *qubits, exponent=exponent, global_shift=0.0)


def measured(*qubits: Mapping[str, Any]) -> dict[str, Any]:
    return operation("MeasurementGate", *qubits, num_qubits=len(qubits), key="m", invert_mask=[])


def cirq_json(*operations: Mapping[str, Any]) -> str:
    moments = [{"cirq_type": "Moment", "operations": [each]} for each in operations]
    return json.dumps({"cirq_type": "Circuit", "moments": moments})


def grid(row: int, col: int) -> dict[str, Any]:
    return {"cirq_type": "GridQubit", "row": row, "col": col}


A, B = ({"cirq_type": "sympy.Symbol", "name": name} for name in "ab")
LINE = [{"cirq_type": "LineQubit", "x": number} for number in range(2)]
TURNS = cirq_json(power("XPowGate", A, LINE[0]), power("XPowGate", B, LINE[1]), measured(*LINE))
# H CZ^b H on the target is CNOT for b = 1 and nothing for b = 0.
CONTROLLED = cirq_json(
    power("XPowGate", A, LINE[0]),
    power("HPowGate", 1.0, LINE[1]),
    power("CZPowGate", B, *LINE),
    power("HPowGate", 1.0, LINE[1]),
    measured(*LINE),
)
ROWS = {"a": ("0", "1", "1"), "b": ("1", "0", "1")}
VERBATIM = cirq_json(
    power("XPowGate", 1.0, grid(5, 2)), power("CZPowGate", 1.0, grid(5, 2), grid(5, 3)), measured(grid(5, 2))
)
LONG_SHOTS = 3_000_000  # two rows are beyond what a job may have


def circuit(source: str = BELL, shots: int = 100, name: str = "bell", **fields: Any) -> CircuitRun:
    return CircuitRun(name, fields.pop("format", "openqasm3"), source, shots, **fields)


SUITE = (
    circuit(shots=4000),
    circuit(TWO_REGISTERS, 50, "two-registers"),
    circuit(PARTIAL, 61, "partial"),
    circuit(TURNS, 33, "turns", format="cirq-json", parameters=ROWS),
    circuit(CONTROLLED, 34, "controlled", format="cirq-json", parameters=ROWS),
    circuit(ROUTED, 17, "routed", format="openqasm2"),
    circuit(NARROW, 18, "narrow"),
)
FLIP = circuit(f"{HEADER} qubit[1] q; bit[1] c; x q[0]; c = measure q;", 9, "flip")
GOOD: dict[str, tuple[tuple[CircuitRun, ...], dict[str, Any]]] = {
    "suite": (SUITE, {}),
    "options": ((circuit(),), {"provider_options": {"priority": 7, "target_gateset": "sqrt_iswap"}}),
    "layout": ((circuit(),), {"transpile": TranspileOptions(initial_layout=(7, 6))}),
    "verbatim": ((circuit(VERBATIM, format="cirq-json"),), {"transpile": TranspileOptions(verbatim=True)}),
    "rows": ((circuit(TURNS, LONG_SHOTS, format="cirq-json", parameters={"a": ("0", "1"), "b": ("1", "0")}),), {}),
}
_TWENTY_FOUR = f"{HEADER} qubit[24] q; bit[24] c; h q; c = measure q;"
REFUSED: dict[str, tuple[CircuitRun, dict[str, Any], tuple[str, ...]]] = {
    "option": (circuit(), {"provider_options": {"prio": 1}}, ("spec.providerOptions.prio", "priority, target_gateset")),
    "priority": (circuit(), {"provider_options": {"priority": 1000}}, ("providerOptions.priority: 1000", "1 to 999")),
    "priority-bool": (circuit(), {"provider_options": {"priority": True}}, ("providerOptions.priority: true",)),
    "gateset": (circuit(), {"provider_options": {"target_gateset": "cx"}}, ('"cx"', "cz, syc, sqrt_iswap")),
    "level": (circuit(), {"transpile": TranspileOptions(optimization_level=3)}, ("optimizationLevel: 3", "leave it")),
    "seed": (circuit(), {"transpile": TranspileOptions(seed=5)}, ("spec.transpile.seed: 5",)),
    "equivalence": (circuit(), {"transpile": TranspileOptions(verify_equivalence=True)}, ("verifyEquivalence: true",)),
    "layout": (circuit(), {"transpile": TranspileOptions(initial_layout=(0, 23))}, ("no qubit 23", "0 to 22")),
    "layout-size": (circuit(), {"transpile": TranspileOptions(initial_layout=(0,))}, ("has 1 qubits", "2")),
    "layout-apart": (
        circuit(),
        {"transpile": TranspileOptions(initial_layout=(0, 22))},
        ("initialLayout", "neighbour"),
    ),
    "verbatim": (circuit(), {"transpile": TranspileOptions(verbatim=True)}, ("rainbow does not run it",)),
    "verbatim-gateset": (
        circuit(VERBATIM, format="cirq-json"),
        {"transpile": TranspileOptions(verbatim=True), "provider_options": {"target_gateset": "cz"}},
        ("target_gateset", "leave one of them out"),
    ),
    "shots": (circuit(shots=5_000_001), {}, ("circuit bell", "shots: 5000001", "5000000")),
    "qubits": (circuit(_TWENTY_FOUR), {}, ("24 qubits", "23", "use fewer")),
    "unmeasured": (circuit(f"{HEADER} qubit[1] q; x q[0];"), {}, ("measures nothing",)),
    "mid-circuit": (circuit(MID_CIRCUIT), {}, ("after a qubit's measurement",)),
    "parameters": (circuit(TURNS, format="cirq-json"), {}, ("no values for a, b",)),
    "format": (circuit("AAAA", format="qpy"), {}, ("format qpy", "openqasm3, openqasm2, cirq-json")),
    "source": (circuit(f"{HEADER} qubit[1] q; nonsense q[0];"), {}, ("circuit bell", "line 1")),
    "snapshot": (circuit(), {"target": b"{}"}, ("snapshot",)),
}


def document(snapshot: bytes, *circuits: CircuitRun, **fields: Any) -> RunDocument:
    job = JobReference("default", "job", "0c0ffee0-0000-0000-0000-000000000000")
    return RunDocument(job, "backend", "google", 7, False, circuits, **{"target": snapshot, **fields})


_COMPILE = """
import base64, json, sys
from qee.documents.run import RunDocument
from qee.sdk.errors import RunnerError
from qee.runner.process import compiled
found = {}
for name, data in json.load(sys.stdin).items():
    try:
        found[name] = base64.b64encode(compiled(RunDocument.from_bytes(base64.b64decode(data)))).decode()
    except RunnerError as error:
        found[name] = [str(error.reason), error.message]
json.dump(found, sys.stdout)
"""


def compiled(documents: Mapping[str, RunDocument], seed: str) -> dict[str, CompiledDocument | list[str]]:
    """All in one process: the SDK's import costs seconds. `seed`: of Python's hashes, which order its sets."""
    data = {name: base64.b64encode(each.to_bytes()).decode() for name, each in documents.items()}
    done = subprocess.run(
        [sdks.python("google"), "-c", _COMPILE],
        cwd="/",
        env={**sdks.environment(), "PYTHONHASHSEED": seed},
        input=json.dumps(data),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {
        name: each if isinstance(each, list) else CompiledDocument.from_bytes(base64.b64decode(each))
        for name, each in json.loads(done.stdout).items()
    }


def key(number: int) -> str:
    return f"{number:040x}"


def handle(number: int) -> str:
    return f"projects/{PROJECT}/programs/qee-{key(number)}/jobs/qee-{key(number)}"


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    """A listing shows a job after an hour: nothing of what follows may depend on one."""
    with standin("google", "--token", TOKEN, "--lag", "3600") as running:
        yield running


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("secret")
    (place / "token").write_text(f"{TOKEN}\n")
    return place


def settings(service: StandIn, secret: Path, **options: str) -> Settings:
    return Settings("backend", PROCESSOR, "", {"project": PROJECT, "endpoint": service.url, **options}, str(secret))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the worker writes to standard error."""
    return tmp_path_factory.mktemp("worker") / "stderr"


@contextmanager
def standard_error_to(path: Path) -> Iterator[None]:
    saved = os.dup(2)
    with open(path, "wb") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


@pytest.fixture(scope="module")
def started(service: StandIn, secret: Path, written: Path) -> Iterator[WorkerProcess]:
    with standard_error_to(written):
        running = WorkerProcess("google", settings(service, secret))
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def google(service: StandIn, started: WorkerProcess) -> WorkerProcess:
    service.control("reset")
    return started


@pytest.fixture(scope="module")
def snapshot(started: WorkerProcess) -> bytes:
    told: str = started.call("describe")["snapshot"]
    return told.encode()


@pytest.fixture(scope="module")
def made(snapshot: bytes) -> dict[str, Any]:
    documents = {name: document(snapshot, *circuits, **fields) for name, (circuits, fields) in GOOD.items()}
    refused = {f"no-{name}": document(snapshot, each, **fields) for name, (each, fields, _) in REFUSED.items()}
    return compiled({**documents, "flip": document(snapshot, FLIP), **refused}, "1")


@pytest.fixture(scope="module")
def suite(made: dict[str, Any]) -> dict[str, Submission]:
    return {each.units[0].circuit: each for each in made["suite"].submissions}


@pytest.fixture(scope="module")
def flip(made: dict[str, Any]) -> Submission:
    found: Submission = made["flip"].submissions[0]
    return found


def finished(asked: WorkerProcess, handles: list[str]) -> dict[str, Any]:
    """Each look moves the stand-in's jobs on by a phase."""
    for _ in range(5):
        states: dict[str, Any] = asked.call("status", {"handles": handles})
        if all(state["phase"] in protocol.ENDED for state in states.values()):
            return states
    raise AssertionError(states)


def ran(asked: WorkerProcess, submission: Submission, number: int = 1) -> list[dict[str, Any]]:
    found = asked.submit(key(number), submission)
    finished(asked, [found])
    units: list[dict[str, Any]] = asked.fetch(found, submission)["units"]
    return units


# What comes back


def test_a_bell_pair_has_both_outcomes_evenly(google: WorkerProcess, suite: dict[str, Submission]) -> None:
    (unit,) = ran(google, suite["bell"])
    assert sum(unit["counts"].values()) == len(unit["memory"]) == 4000
    assert p_value(unit["counts"], {"00": 0.5, "11": 0.5}) > ALARM
    assert unit["probabilities"] is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("two-registers", [{"01101": 50}]),
        ("partial", [{"010": 61}]),
        ("turns", [{"10": 33}, {"01": 33}, {"11": 33}]),
        ("controlled", [{"00": 34}, {"01": 34}, {"11": 34}]),
        ("routed", [{"01011": 17}]),
        ("narrow", [{"011": 18}]),
    ],
)
def test_each_bit_is_where_the_circuit_has_it(
    google: WorkerProcess, suite: dict[str, Submission], name: str, expected: list[dict[str, int]]
) -> None:
    assert [unit["counts"] for unit in ran(google, suite[name])] == expected


def test_a_job_that_fails_leaves_the_others(
    google: WorkerProcess, service: StandIn, suite: dict[str, Submission], flip: Submission
) -> None:
    content = json.loads(flip.payload)
    broken = dataclasses.replace(
        flip, payload=json.dumps({**content, "program": base64.b64encode(b"\xff\xff").decode()}).encode()
    )
    handles = [google.submit(key(1), broken), google.submit(key(2), flip)]
    states = finished(google, handles)
    assert [states[each]["phase"] for each in handles] == ["failed", "succeeded"]
    assert states[handles[0]]["message"].startswith("FAILURE: INVALID_PROGRAM (")
    (failed,), (kept,) = google.fetch(handles[0], broken)["units"], google.fetch(handles[1], flip)["units"]
    assert failed["counts"] is None
    assert failed["problem"].startswith("FAILURE: INVALID_PROGRAM")
    assert kept["counts"] == {"1": 9}


def test_a_result_without_a_row_keeps_the_others(google: WorkerProcess, suite: dict[str, Submission]) -> None:
    turns = suite["turns"]
    more = dataclasses.replace(turns, units=(*turns.units, dataclasses.replace(turns.units[0], parameter_set=3)))
    found = google.submit(key(1), turns)
    finished(google, [found])
    units = google.fetch(found, more)["units"]
    assert [unit["counts"] for unit in units] == [{"10": 33}, {"01": 33}, {"11": 33}, None]
    assert units[3]["problem"] == "Quantum Engine gave no result for this parameter set"


def test_shots_that_are_not_those_asked_for_are_no_result(google: WorkerProcess, flip: Submission) -> None:
    found = google.submit(key(1), flip)
    finished(google, [found])
    more = dataclasses.replace(flip, units=(dataclasses.replace(flip.units[0], shots=10),))
    assert google.fetch(found, more)["units"][0]["problem"] == "Quantum Engine ran 9 shots, not 10"


@pytest.mark.parametrize("what", ["job", "parent"])
def test_an_answer_about_another_job_is_none(
    google: WorkerProcess, service: StandIn, flip: Submission, what: str
) -> None:
    found = google.submit(key(1), flip)
    finished(google, [found])
    service.control("others", **{what: found.replace("/jobs/", "/jobs/x")})
    with pytest.raises(protocol.Unreachable, match="the answer is about"):
        google.fetch(found, flip)


def test_what_another_processor_gave_is_no_result_of_this_one(
    google: WorkerProcess, service: StandIn, flip: Submission
) -> None:
    found = google.submit(key(1), flip)
    finished(google, [found])
    service.control("others", processor="weber")
    (unit,) = google.fetch(found, flip)["units"]
    assert unit["problem"] == "Quantum Engine ran the job on weber, it was submitted for rainbow"


def test_the_digest_is_of_the_payload_as_it_came(google: WorkerProcess, flip: Submission) -> None:
    found = google.submit(key(1), flip)
    finished(google, [found])
    one, two = google.fetch(found, flip), google.fetch(found, flip)
    assert one["raw_sha256"] == two["raw_sha256"]
    assert one["charge"] == {"qpu_milliseconds": None, "amount": None, "currency": None}


# Compiling


def test_a_circuit_is_a_job_and_its_sweep_is_in_it(made: dict[str, Any]) -> None:
    document = made["suite"]
    assert [[unit.circuit for unit in each.units] for each in document.submissions] == [
        ["bell"],
        ["two-registers"],
        ["partial"],
        ["turns"] * 3,
        ["controlled"] * 3,
        ["routed"],
        ["narrow"],
    ]
    assert [each.usage.shots for each in document.submissions] == [4000, 50, 61, 99, 102, 17, 18]
    assert document.usage.tasks == 7
    assert [each.circuit for each in document.circuits] == [each.name for each in SUITE]
    assert document.versions.keys() == {"qee", "cirq-core", "cirq-google"}
    assert not document.simulated


def test_the_usage_is_what_estimate_says(suite: dict[str, Submission]) -> None:
    for each in suite.values():
        assert Google.estimate(each) == each.usage


def test_a_run_of_other_repetitions_than_its_units_is_not_submitted(
    google: WorkerProcess, suite: dict[str, Submission], service: StandIn
) -> None:
    content = json.loads(suite["bell"].payload)
    content["runContext"] = json.loads(suite["partial"].payload)["runContext"]
    with pytest.raises(Rejected, match="other repetitions"):
        google.submit(key(1), dataclasses.replace(suite["bell"], payload=json.dumps(content).encode()))
    assert service.requests("submit") == []


def test_the_same_input_gives_the_same_bytes_whatever_pythons_hashes(made: dict[str, Any], snapshot: bytes) -> None:
    documents = {name: document(snapshot, *circuits, **fields) for name, (circuits, fields) in GOOD.items()}
    again = compiled(documents, "77")
    for name in GOOD:
        assert isinstance(again[name], CompiledDocument)
        assert again[name] == made[name]


def test_rows_beyond_what_a_job_may_have_become_jobs(made: dict[str, Any]) -> None:
    assert [[unit.parameter_set for unit in each.units] for each in made["rows"].submissions] == [[0], [1]]


def test_provider_options_reach_the_service(google: WorkerProcess, service: StandIn, made: dict[str, Any]) -> None:
    (submission,) = made["options"].submissions
    (unit,) = ran(google, submission)
    assert p_value(unit["counts"], {"00": 0.5, "11": 0.5}) > ALARM
    assert service.jobs[0]["facts"]["priority"] == 7
    assert service.jobs[0]["facts"]["labels"] == {"qee_backend": "backend"}


def test_a_layout_names_the_qubits(made: dict[str, Any]) -> None:
    assert json.loads(made["layout"].submissions[0].payload)["columns"] == ["5_3", "5_2"]


def test_verbatim_gates_are_sent_as_written(google: WorkerProcess, made: dict[str, Any]) -> None:
    (submission,) = made["verbatim"].submissions
    content = json.loads(submission.payload)
    assert content["columns"] == ["5_2"]
    assert made["verbatim"].circuits[0].depth == 3
    assert [unit["counts"] for unit in ran(google, submission)] == [{"1": 100}]


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_with_field_value_and_remedy(made: dict[str, Any], name: str) -> None:
    refusal = made[f"no-{name}"]
    assert isinstance(refusal, list), "it was compiled"
    for part in REFUSED[name][2]:
        assert part in refusal[1]


# The device


def test_the_device_is_described(google: WorkerProcess, service: StandIn) -> None:
    told = google.call("describe")
    assert told["operational"]
    assert (told["message"], told["qubits"], told["max_shots"]) == ("OK", 23, 5_000_000)
    assert told["calibration_time"] == "2021-11-16T10:26:55Z"
    assert told["queue_length"] is None
    assert {"cz", "phased_xz", "meas"} <= set(told["basis_gates"])
    assert told["snapshot"] == google.call("describe")["snapshot"]
    assert len(service.requests("target")) == 2


# Submission, at most once


def outcome(asked: WorkerProcess, call: str, arguments: dict[str, Any]) -> str:
    try:
        asked.call(call, arguments)
    except protocol.ProviderError as error:
        return type(error).__name__
    return "ok"


SUBMITTED = {
    "accept-then-drop": ("Ambiguous", 1),
    "accept-then-503": ("Ambiguous", 1),
    "503": ("Ambiguous", 0),
    "drop": ("Ambiguous", 0),
    "429": ("Throttled", 0),
    "400": ("Rejected", 0),
    "401": ("Unauthorized", 0),
    "409": ("Ambiguous", 0),
    "404": ("Ambiguous", 0),
    "slow": ("ok", 1),
    "malformed": ("Ambiguous", 1),
}


def test_every_fault_has_its_case() -> None:
    assert {*SUBMITTED, "hang"} == set(FAULTS)


@pytest.mark.parametrize("fault", SUBMITTED)
def test_a_fault_of_a_submission_is_told_exactly_and_asked_once(
    google: WorkerProcess, service: StandIn, flip: Submission, fault: str
) -> None:
    expected, taken = SUBMITTED[fault]
    service.fault("submit", fault, seconds=0.1)
    assert outcome(google, "submit", {"key": key(1), "submission": flip.as_json()}) == expected
    assert len(service.requests("submit")) == 1
    assert len(service.jobs) == taken
    assert google.find([key(1), key(2)]) == ({key(1): [handle(1)]} if taken else {})
    assert google.submit(key(1), flip) == handle(1)  # and again, after the lookup
    assert len(service.jobs) == 1


def test_a_program_left_by_a_submission_that_was_cut_short_gets_its_job(
    google: WorkerProcess, service: StandIn, flip: Submission
) -> None:
    service.fault("other", "accept-then-drop")  # CreateQuantumProgram
    assert outcome(google, "submit", {"key": key(1), "submission": flip.as_json()}) == "Ambiguous"
    assert not service.requests("submit")
    assert google.submit(key(1), flip) == handle(1)
    assert len(service.jobs) == 1


def test_a_second_submission_under_a_key_makes_no_second_job(
    google: WorkerProcess, service: StandIn, flip: Submission
) -> None:
    assert google.submit(key(1), flip) == google.submit(key(1), flip) == handle(1)
    assert len(service.jobs) == 1


def test_a_throttled_submission_says_when_to_come_back(
    google: WorkerProcess, service: StandIn, flip: Submission
) -> None:
    service.fault("submit", "429")
    with pytest.raises(protocol.Throttled) as caught:
        google.submit(key(1), flip)
    assert caught.value.retry_after == 1.0


def test_a_program_that_the_engine_refuses_is_rejected(
    google: WorkerProcess, service: StandIn, flip: Submission
) -> None:
    wrong = dataclasses.replace(flip, payload=json.dumps({**json.loads(flip.payload), "priority": -1}).encode())
    other = dataclasses.replace(flip, payload=json.dumps({**json.loads(flip.payload), "processor": "x"}).encode())
    for submission in (wrong, other):
        assert outcome(google, "submit", {"key": key(1), "submission": submission.as_json()}) != "ok"
    with pytest.raises(Rejected, match="for processor x, the backend's is rainbow"):
        google.submit(key(2), other)
    assert not service.jobs


def _submit_unanswered(doomed: WorkerProcess, submission: Submission) -> None:
    with pytest.raises(ValueError, match="Expecting value"):  # an empty line is no JSON
        doomed.submit(key(1), submission)


def test_a_worker_that_is_killed_in_a_submission_leaves_one_job(
    google: WorkerProcess, service: StandIn, secret: Path, flip: Submission
) -> None:
    with worker("google", settings(service, secret)) as doomed:
        service.fault("submit", "hang")
        asking = threading.Thread(target=_submit_unanswered, args=(doomed, flip), daemon=True)
        asking.start()
        while not service.jobs:
            asking.join(0.2)
            assert asking.is_alive()
        doomed.process.kill()
        asking.join()
    assert google.find([key(1)]) == {key(1): [handle(1)]}
    assert google.submit(key(1), flip) == handle(1)
    assert len(service.jobs) == 1


# Looking, fetching, cancelling

OTHERS = {
    "describe": ("target", {"429": "Throttled", "401": "Unauthorized", "404": "Rejected"}),
    "status": ("status", {"429": "Throttled", "401": "Unauthorized", "404": "ok"}),
    "find": ("status", {"429": "Throttled", "401": "Unauthorized", "404": "ok"}),
    "fetch": ("fetch", {"429": "Throttled", "401": "Unauthorized", "404": "Gone"}),
    "cancel": ("cancel", {"429": "Throttled", "401": "Unauthorized", "404": "Gone"}),
}
UNREACHABLE = ("503", "drop", "malformed", "accept-then-503", "accept-then-drop")


@pytest.mark.parametrize("call", OTHERS)
def test_faults_of_the_other_calls_are_told_exactly(
    google: WorkerProcess, service: StandIn, flip: Submission, call: str
) -> None:
    operation, expected = OTHERS[call]
    found = google.submit(key(1), flip)
    if call == "fetch":
        finished(google, [found])
    else:
        service.control("release", hold=True)
    arguments = {
        "describe": {},
        "status": {"handles": [found]},
        "find": {"keys": [key(1)], "since": ""},
        "fetch": {"handle": found, "submission": flip.as_json()},
        "cancel": {"handle": found},
    }[call]
    for fault, error in {**expected, **dict.fromkeys(UNREACHABLE, "Unreachable")}.items():
        before = len(service.requests(operation))
        service.fault(operation, fault)
        assert outcome(google, call, arguments) == error, fault
        assert len(service.requests(operation)) == before + 1, fault


def test_a_job_that_the_service_does_not_know_is_left_out(google: WorkerProcess, flip: Submission) -> None:
    found = google.submit(key(1), flip)
    assert google.call("status", {"handles": [found, handle(2), handle(3), "no handle"]}).keys() == {found}
    with pytest.raises(protocol.Gone):
        google.fetch(handle(2), flip)
    for unknown in (handle(2), "no handle"):
        with pytest.raises(protocol.Gone):
            google.call("cancel", {"handle": unknown})


def test_many_jobs_are_found_over_pages(google: WorkerProcess, service: StandIn, flip: Submission) -> None:
    service.control("lag", seconds=0)
    try:
        handles = [google.submit(key(number), flip) for number in range(8)]
    finally:
        service.control("lag", seconds=3600)
    service.control("release", hold=True)
    before = len(service.requests("status"))
    states = google.call("status", {"handles": handles})
    assert [states[each]["phase"] for each in handles] == ["queued"] * 8
    paths = [request["path"].rpartition("/")[2] for request in service.requests("status")[before:]]
    assert paths == ["ListQuantumJobs"] * 3  # of three jobs each
    service.control("release", hold=False)
    states = finished(google, handles)
    assert [states[each]["phase"] for each in handles] == ["succeeded"] * 8


def test_what_a_listing_does_not_show_is_looked_at(google: WorkerProcess, service: StandIn, flip: Submission) -> None:
    handles = [google.submit(key(number), flip) for number in range(3)]
    assert finished(google, handles).keys() == set(handles)
    assert google.find([key(0), key(1), key(2)]) == {key(number): [handles[number]] for number in range(3)}


def test_a_state_that_is_not_known_is_unknown(google: WorkerProcess, service: StandIn, flip: Submission) -> None:
    found = google.submit(key(1), flip)
    service.control("state", handle=found, state=99)
    assert google.call("status", {"handles": [found]})[found] == {
        "phase": "unknown",
        "message": "state 99",
        "position": None,
    }
    with pytest.raises(protocol.Unreachable, match="has not ended"):
        google.fetch(found, flip)
    service.control("state", handle=found, state=3)
    assert google.call("status", {"handles": [found]})[found]["message"] == "CANCELLING"


def test_a_job_is_cancelled_while_it_waits_and_not_after_its_end(
    google: WorkerProcess, service: StandIn, flip: Submission
) -> None:
    service.control("release", hold=True)
    found = google.submit(key(1), flip)
    google.call("cancel", {"handle": found})
    assert google.call("status", {"handles": [found]})[found]["phase"] == "cancelled"
    assert google.fetch(found, flip)["units"][0]["problem"] == "CANCELLED at Quantum Engine"
    with pytest.raises(protocol.AlreadyEnded):
        google.call("cancel", {"handle": found})


# Settings and secrets


def test_a_token_is_read_anew_for_each_call(
    google: WorkerProcess, service: StandIn, secret: Path, flip: Submission
) -> None:
    try:
        (secret / "token").write_text("of-yesterday")
        assert outcome(google, "submit", {"key": key(1), "submission": flip.as_json()}) == "Unauthorized"
        (secret / "token").unlink()
        assert outcome(google, "describe", {}) == "Unauthorized"
    finally:
        (secret / "token").write_text(TOKEN)
    assert google.submit(key(1), flip) == handle(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"projects": "x"}, "spec.options.projects: not known"),
        ({"project": ""}, "spec.options.project: missing"),
        ({"project": "a/b"}, "spec.options.project: 'a/b'"),
        ({"endpoint": "ftp://host"}, "spec.options.endpoint"),
        ({"endpoint": "https://host/path"}, "spec.options.endpoint"),
        ({"endpoint": "https://user@host"}, "spec.options.endpoint"),
        ({"runName": "r"}, "spec.options.deviceConfigName"),
        ({"deviceConfigName": "c"}, "spec.options.deviceConfigName"),
        ({"deviceConfigName": "c", "runName": "r", "snapshotId": "s"}, "spec.options.deviceConfigName"),
    ],
)
def test_settings_that_cannot_be_are_refused(secret: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(Rejected, match=message.replace(".", r"\.")):
        Google(Settings("backend", PROCESSOR, "", {"project": PROJECT, **options}, str(secret)))


def test_without_a_credential_nothing_is_taken_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    (tmp_path / "key.json").write_text("{}")
    with pytest.raises(Unauthorized, match=r"credentials\.json nor token"):
        Google(Settings("backend", PROCESSOR, "", {"project": PROJECT}, str(tmp_path)))
    without = access(Settings("backend", PROCESSOR, "", {"project": PROJECT}))
    assert (without.kind, without.secret) == ("metadata", "")


def test_a_key_is_not_sent_in_clear(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text("{}")
    options = {"project": PROJECT, "endpoint": "http://127.0.0.1:1"}
    with pytest.raises(Rejected, match="http needs a credential of the kind token"):
        Google(Settings("backend", PROCESSOR, "", options, str(tmp_path)))
    assert access(Settings("backend", PROCESSOR, "", {"project": PROJECT}, str(tmp_path))).kind == "key"


def test_an_excerpt_is_short_printable_and_holds_no_secret() -> None:
    assert excerpt("") == ""
    told = excerpt("see https://x/y?sig=z\nBearer ya29.a0Abc0123456789 said tok", "tok")
    assert told == " (see https://x/*** Bearer *** said ***)"
    assert len(excerpt("a" * 10_000)) == 203


def test_the_token_is_in_no_answer_and_not_in_standard_error(
    google: WorkerProcess, service: StandIn, written: Path, flip: Submission
) -> None:
    told = []
    for operation, call, arguments in (
        ("target", "describe", {}),
        ("other", "submit", {"key": key(1), "submission": flip.as_json()}),
        ("submit", "submit", {"key": key(1), "submission": flip.as_json()}),
        ("status", "find", {"keys": [key(1)], "since": ""}),
        ("status", "status", {"handles": [handle(1)]}),
        ("fetch", "fetch", {"handle": handle(1), "submission": flip.as_json()}),
        ("cancel", "cancel", {"handle": handle(1)}),
    ):
        for fault in ("401", "503", "drop", "malformed", ""):
            if fault:
                service.fault(operation, fault)
            try:
                told.append(json.dumps(google.call(call, arguments)))
            except protocol.ProviderError as error:
                told.append(str(error))
    everything = "\n".join([*told, written.read_text()])
    assert len(told) == 35
    assert TOKEN not in everything


# What of the SDK is relied on

_CONTRACT = """
import inspect, json
from cirq_google.engine import engine_client
from qee.connectors.vendors.google.settings import Access
from qee.connectors.vendors.google.credentials import bearer
assert list(engine_client.RETRYABLE_ERROR_CODES) == [500, 503]
parameters = inspect.signature(engine_client.EngineClient).parameters
assert "max_retry_delay_seconds" in parameters, parameters
import google.auth.transport.requests
def refused(*_, **__):
    raise AssertionError("a call for a token")
google.auth.transport.requests.Request.__call__ = refused
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(65537, 2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
info = {"type": "service_account", "client_email": "qee@tests.iam.gserviceaccount.com", "private_key": key,
        "token_uri": "https://oauth2.googleapis.com/token", "private_key_id": "1", "client_id": "1"}
token = bearer(Access("tests", "https://quantum.googleapis.com", "key", json.dumps(info), {}))()
assert token.count(".") == 2, "no token of its own signature"
from qee.connectors.protocol import Unauthorized
for broken in ("", "{}", "[]", '{"type": "service_account"}'):
    try:
        bearer(Access("tests", "https://quantum.googleapis.com", "key", broken, {}))
    except Unauthorized as error:
        assert "credentials.json" in str(error)
    else:
        raise AssertionError(broken)
"""

_CONFIGURED = """
import json, sys
from qee.connectors.protocol import Rejected, Unreachable
from qee.connectors.vendors.google import calls as google_calls
from qee.connectors.vendors.google.settings import Access
url, token, payload = sys.argv[1:]
selector = {"deviceConfigName": "tuned", "runName": "current"}

def service(**selector):
    return google_calls.Service(Access("tests", url, "token", token, selector), "rainbow", "backend")

made = service(**selector)
told = made.target()
assert (told.qubits, json.loads(told.snapshot)["selector"]) == (23, selector), told
try:
    service(**{**selector, "deviceConfigName": "other"}).target()
except Rejected as error:
    assert "has no configuration other" in str(error), error
else:
    raise AssertionError("a configuration that is not there")
content = {**json.loads(payload), "selector": selector}
handle = made.create("f" * 40, content, google_calls._repetitions(content["runContext"]))
google_calls.SECONDS = 0.5
try:
    made.cancel(handle)  # for which the SDK has no deadline
except Unreachable as error:
    assert "504" in str(error), error
else:
    raise AssertionError("no deadline")
"""

_RANDOM = """
import base64, json, random, sys
import cirq, cirq_google, numpy as np, sympy
from cirq_google.api import v2
from qee.documents.run import CircuitRun, JobReference, RunDocument
from qee.connectors.vendors.google.compiling import prepare

def distribution(circuit, measured):
    gates = cirq.Circuit(each for each in circuit.all_operations() if not cirq.is_measurement(each))
    order = [*measured, *sorted(circuit.all_qubits() - set(measured))]
    state = cirq.Simulator(dtype=np.complex128).simulate(gates, qubit_order=order).final_state_vector
    return (abs(state) ** 2).reshape((2 ** len(measured), -1)).sum(1)

random, target, checked = random.Random(5), sys.argv[1].encode(), 0
a, b = sympy.symbols("a b")
for number in range(18):
    qubits = cirq.LineQubit.range(random.randint(3, 6))
    circuit = cirq.testing.random_circuit(qubits, random.randint(1, 6), 0.7, random_state=number)
    if number % 2:
        two = [cirq.CZ**a, cirq.CNOT**b, cirq.SWAP**a, cirq.ISWAP**b, cirq.ZZ**a, cirq.FSimGate(a, b)]
        circuit += [cirq.X(qubits[0]) ** a, cirq.Z(qubits[1]) ** (a * b), cirq.rx(b)(qubits[2])]
        circuit += [random.choice(two)(*random.sample(qubits, 2)) for _ in range(2)]
        circuit += random.choice([cirq.CCZ**a, cirq.CCX, cirq.CSWAP])(*random.sample(qubits, 3))
    measured = random.sample(qubits, random.randint(1, len(qubits)))
    circuit += cirq.measure(*measured, key="m")
    columns = {"a": ("0.3", "1.7"), "b": ("0.9", "-0.2")} if number % 2 else {}
    run = CircuitRun("c", "cirq-json", cirq.to_json(circuit), 10, parameters=columns)
    options = {"target_gateset": ("cz", "syc", "sqrt_iswap")[number % 3]}
    job = JobReference("n", "j", "u")
    (submission,) = prepare(
        RunDocument(job, "b", "google", 1, False, (run,), target=target, provider_options=options), target
    ).submissions
    content = json.loads(submission.payload)
    sent = v2.program_pb2.Program.FromString(base64.b64decode(content["program"]))
    context = v2.run_context_pb2.RunContext.FromString(base64.b64decode(content["runContext"]))
    points = list(cirq.to_resolvers(v2.sweep_from_proto(context.parameter_sweeps[0].sweep)))
    at = [v2.grid_qubit_from_proto_id(name) for name in content["columns"]]
    for unit, point in zip(submission.units, points, strict=True):
        compiled = cirq.resolve_parameters(cirq_google.CIRCUIT_SERIALIZER.deserialize(sent), point)
        given = cirq.resolve_parameters(circuit, run.row(unit.parameter_set) if columns else {})
        found = distribution(compiled, [at[wire] for wire in unit.wires])
        assert abs(found - distribution(given, measured)).max() < 1e-5, (number, unit)  # angles have 32 bits
        checked += 1
assert checked == 27, checked
"""

_LIGHT = """
import sys
from qee.sdk.adapters import adapter
adapter("google")
heavy = {"cirq", "cirq_google", "grpc", "numpy", "google.auth"} & sys.modules.keys()
assert not heavy, heavy
"""


def test_random_circuits_do_the_same_when_compiled(snapshot: bytes) -> None:
    """Exactly, by state vectors: placed, routed, decomposed to each set of gates, with symbols and without."""
    in_the_sdks_environment(_RANDOM, snapshot.decode())


def test_to_load_the_class_imports_no_sdk() -> None:
    in_the_sdks_environment(_LIGHT)


def test_what_is_relied_on_in_the_sdk_holds(
    google: WorkerProcess, service: StandIn, secret: Path, flip: Submission
) -> None:
    """In one process: it can be told to try once, signs tokens itself, asks for configurations, and has deadlines."""
    service.control("release", hold=True)
    service.fault("cancel", "hang")
    in_the_sdks_environment(_CONTRACT + _CONFIGURED, service.url, str(secret / "token"), flip.payload.decode())
    (job,) = service.jobs
    assert (job["facts"]["configuration"], job["facts"]["run"]) == ("tuned", "current")


def in_the_sdks_environment(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [sdks.python("google"), "-c", program, *arguments],
        cwd="/",
        env=sdks.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


RESULTS = """
import json
from cirq_google.api import v2
from cirq_google.cloud import quantum
from qee.documents.compiled import Submission, Unit, Usage
from qee.documents.result import Register
from qee.connectors.vendors.google import results as google_results

QUBITS = ["0_0", "0_1"]
unit = Unit("c", 0, 10, (Register("c", 2),), (0, 1))
submission = Submission(json.dumps({"columns": QUBITS}).encode(), (unit, unit), Usage(tasks=1, shots=20))


def result(change=lambda part: None, shots=10, units=2):
    found = v2.result_pb2.Result()
    sweep = found.sweep_results.add(repetitions=shots)
    for number in range(units):
        part = sweep.parameterized_results.add()
        measured = part.measurement_results.add(key="qee")
        for qubit, column in zip(QUBITS, (b"\\xff\\x03", b"\\x01\\x00")):  # the first shot is 11, the others 01
            measured.qubit_measurement_results.add(results=column).qubit.id = qubit
        if number == 0:
            change(part)
    return found


def read(found, kind="type.googleapis.com/cirq.google.api.v2.Result"):
    data = found if isinstance(found, bytes) else found.SerializeToString()
    return google_results.read(submission, kind, data)


def other_key(part): part.measurement_results[0].key = "m"
def two_keys(part): part.measurement_results.add(key="m")
def same_key_twice(part): part.measurement_results.add().CopyFrom(part.measurement_results[0])
def several_instances(part): part.measurement_results[0].instances = 2
def qubit_twice(part): part.measurement_results[0].qubit_measurement_results[1].qubit.id = "0_0"
def other_qubit(part): part.measurement_results[0].qubit_measurement_results[1].qubit.id = "9_9"
def short(part): part.measurement_results[0].qubit_measurement_results[1].results = b"\\x01"
def nothing(part): del part.measurement_results[:]


good = {"11": 1, "01": 9}
assert [each.counts for each in read(result())] == [good, good]
for change in (other_key, two_keys, same_key_twice, several_instances, qubit_twice, other_qubit, short, nothing):
    first, second = read(result(change))
    assert first.problem and first.counts is None, change
    assert second.counts == good, change
assert ["10 results" in each.problem or "3 results" in each.problem for each in read(result(units=3))] == [True, True]
first, second = read(result(units=1))
assert first.counts == good and "no result for this parameter set" in second.problem
assert all("ran 3 shots, not 10" in each.problem for each in read(result(shots=3)))
found = read(result(), "type.googleapis.com/cirq.google.api.v1.Result")
assert all("not of Cirq's v2" in each.problem for each in found)
"""


def test_a_result_of_other_measurements_costs_its_parameter_set_alone() -> None:
    """Messages are built field by field after result.proto, not by Cirq's serializer."""
    subprocess.run([sdks.python("google"), "-c", RESULTS], check=True, env=sdks.environment())
