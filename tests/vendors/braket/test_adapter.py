"""The adapter of Amazon Braket, against the stand-in of the service: bits, faults, refusals, secrets."""

import dataclasses
import json
import math
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster import sdks
from tests.physics.statistics import ALARM, p_value
from tests.standins.base import FAULTS
from tests.standins.running import StandIn, WorkerProcess, compiled, standin, worker

from qee.connectors import protocol
from qee.connectors.protocol import Rejected, Settings, Unauthorized
from qee.connectors.vendors.braket import results as braket_results
from qee.connectors.vendors.braket.adapter import Braket
from qee.connectors.vendors.braket.device import GATES, Device, from_snapshot
from qee.documents.compiled import CompiledDocument, Submission
from qee.documents.run import CircuitRun, JobReference, RunDocument, TranspileOptions

TOKEN = "canary/4c1f0a7e+secret"
SV1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"
IONQ = "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1"
RIGETTI = "arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q"
HEADER = 'OPENQASM 3.0; include "stdgates.inc";'
BELL = f"{HEADER} qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;"
# second = 011, first = 01: no part of it and not the whole reads the same backwards.
TWO_REGISTERS = f"""{HEADER} qubit[5] q; bit[2] first; bit[3] second; x q[0]; x q[2]; x q[4];
first[0] = measure q[0]; first[1] = measure q[1];
second[0] = measure q[2]; second[1] = measure q[4]; second[2] = measure q[3];"""
# Its own rzz, used in another gate and alone, is an X on the first qubit and a turn of the second.
OWN = f"""{HEADER} gate rzz(t) a, b {{ x a; rx(2 * t) b; }} gate outer(t) a, b {{ rzz(t) b, a; }}
input float u; qubit[3] q; bit[3] c; outer(u) q[0], q[1]; rzz(0.0) q[2], q[0]; x q[2]; c = measure q;"""
# Of four qubits two are measured, crosswise; bit 2 is never written and nothing acts on qubit 1.
PARTIAL = f"{HEADER} qubit[4] q; bit[3] c; h q[3]; x q[2]; c[1] = measure q[2]; c[0] = measure q[0];"
SWEEP = f"""{HEADER} input float a; input float b; qubit[2] q; bit[2] c; rx(a) q[0]; rx(b) q[1]; c = measure q;"""
ROWS = {"a": ("0", str(math.pi), str(math.pi)), "b": (str(math.pi), "0", str(math.pi))}
# A Toffoli and a turn: what the transpiler makes of them must still do the same.
TURNED = f"""{HEADER} qubit[3] q; bit[3] c; rx(1.1) q[0]; x q[1]; ccx q[0], q[1], q[2]; ry(0.4) q[1]; c = measure q;"""
OWN_NATIVE = "OPENQASM 3.0; gate rx(t) a { U(t, 0, 0) a; } qubit q; bit c; rx(0.1) q; c = measure q;"
NATIVE = f"{HEADER} qubit[3] q; bit[2] c; rx(pi) q[2]; rz(0.5) q[1]; c[0] = measure q[0]; c[1] = measure q[2];"
RESERVATION = "arn:aws:braket:us-west-1:123456789012:reservation/0c0ffee0-0000-4000-8000-000000000000"


def key(number: int) -> str:
    return f"{number:040x}"


def circuit(source: str = BELL, shots: int = 100, name: str = "bell", **fields: Any) -> CircuitRun:
    return CircuitRun(name, "openqasm3", source, shots, **fields)


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    with standin("braket", "--token", TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("secret")
    (place / "aws_access_key_id").write_text("AKIASTANDIN\n")
    (place / "aws_secret_access_key").write_text(f"{TOKEN}\n")
    return str(place)


def settings(service: StandIn, secret: str, device: str = RIGETTI) -> Settings:
    region = "us-east-1" if device == SV1 else ""
    return Settings("backend", device, region, {"endpoint": service.url, "bucket": "amazon-braket-qee"}, secret)


@pytest.fixture(scope="module")
def workers(service: StandIn, secret: str) -> Iterator[Any]:
    """A worker for each device that is asked for, started once."""
    with ExitStack() as stack:
        yield cache(lambda device: stack.enter_context(worker("braket", settings(service, secret, device))))


@pytest.fixture(scope="module")
def snapshot(workers: Any) -> Any:
    return cache(lambda device: workers(device).call("describe")["snapshot"].encode())


@pytest.fixture(scope="module")
def suite(snapshot: Any) -> Any:
    """Every circuit of this file in one document: a compile takes seconds."""
    return cache(
        lambda device: compiled(
            "braket",
            document(
                snapshot(device),
                circuit(shots=4000),
                circuit(TWO_REGISTERS, 50, "two-registers"),
                circuit(PARTIAL, 60, "partial"),
                circuit(SWEEP, 70, "sweep", parameters=ROWS),
                circuit(OWN, 80, "own", parameters={"u": (str(math.pi / 2),)}),
                circuit(TURNED, 5000, "turned"),
            ),
        )
    )


@pytest.fixture
def braket(service: StandIn, workers: Any) -> WorkerProcess:
    asked: WorkerProcess = workers(RIGETTI)
    service.control("reset")
    return asked


@pytest.fixture
def bell(suite: Any) -> Submission:
    found: CompiledDocument = suite(RIGETTI)
    return found.submissions[0]


def document(target: bytes, *circuits: CircuitRun, **fields: Any) -> RunDocument:
    job = JobReference("default", "job", "0c0ffee0-0000-0000-0000-000000000000")
    return RunDocument(job, "backend", "braket", 7, False, circuits, target=target, **fields)


def finished(asked: WorkerProcess, handles: list[str]) -> dict[str, Any]:
    """Each look moves the stand-in's tasks on by a phase."""
    for _ in range(5):
        states: dict[str, Any] = asked.call("status", {"handles": handles})
        if all(state["phase"] in protocol.ENDED for state in states.values()):
            return states
    raise AssertionError(states)


def results(asked: WorkerProcess, submissions: tuple[Submission, ...]) -> list[dict[str, Any]]:
    handles = [asked.submit(key(number), each) for number, each in enumerate(submissions)]
    finished(asked, handles)
    fetched = [asked.fetch(handle, each) for handle, each in zip(handles, submissions, strict=True)]
    return [unit for each in fetched for unit in each["units"]]


def turned_probabilities() -> dict[str, float]:
    """rx(1.1) on bit 0, copied to bit 2 because bit 1 was 1, which ry(0.4) then turns."""
    one, kept = math.sin(0.55) ** 2, math.cos(0.2) ** 2
    return {"010": (1 - one) * kept, "000": (1 - one) * (1 - kept), "111": one * kept, "101": one * (1 - kept)}


# What comes back


@pytest.mark.parametrize("device", [SV1, RIGETTI])
def test_measured_shots_are_counts_with_every_bit_in_its_place(
    service: StandIn, workers: Any, suite: Any, device: str
) -> None:
    submissions = suite(device).submissions
    service.control("reset")
    pair, registers, partial, *rows, own, turned = results(workers(device), submissions)
    assert own["counts"] == {"011": 80}
    assert registers["counts"] == {"01101": 50}
    assert partial["counts"] == {"010": 60}
    assert [row["counts"] for row in rows] == [{"10": 70}, {"01": 70}, {"11": 70}]
    assert p_value(pair["counts"], {"00": 0.5, "11": 0.5}) > ALARM
    assert p_value(turned["counts"], turned_probabilities()) > ALARM
    assert partial["memory"] == ["010"] * 60
    assert {each: pair["memory"].count(each) for each in set(pair["memory"])} == pair["counts"]
    assert pair["probabilities"] is None


def test_probabilities_stay_probabilities_with_every_bit_in_its_place(
    service: StandIn, workers: Any, suite: Any
) -> None:
    submissions = suite(IONQ).submissions
    service.control("reset")
    found = results(workers(IONQ), submissions)
    assert all(unit["counts"] is None and unit["memory"] is None for unit in found)
    values = [{outcome: float(text) for outcome, text in unit["probabilities"].items()} for unit in found]
    _, registers, partial, *rows, own, turned = values
    assert own == {"011": 1}
    assert registers == {"01101": 1}
    assert partial == {"010": pytest.approx(1)}  # the sum over a qubit that no bit holds
    assert [list(row) for row in rows] == [["10"], ["01"], ["11"]]
    assert p_value({each: round(share * 5000) for each, share in turned.items()}, turned_probabilities()) > ALARM


def test_columns_are_of_the_qubits_that_the_result_names(bell: Submission) -> None:
    submission = dataclasses.replace(bell, units=(dataclasses.replace(bell.units[0], wires=(4, 9)),))
    content = {
        "braketSchemaHeader": {"name": "braket.task_result.gate_model_task_result", "version": "1"},
        "measurements": [[1, 0, 0], [1, 1, 0], [0, 1, 0]],
        "measuredQubits": [9, 2, 4],
    }
    (unit,) = braket_results.read(submission, json.dumps(content).encode()).units
    assert unit.memory == ("10", "10", "00")
    for wrong in (
        {"measuredQubits": [9, 2, 3]},
        {"measurements": [[1, 0]]},
        {"measurements": [[2, 0, 0]]},
        {"measurements": None},
        {"measurements": None, "measurementProbabilities": {"001": "NaN"}},
        {"measurements": None, "measurementProbabilities": {"0012": 1}},
        {"braketSchemaHeader": {"name": "braket.task_result.program_set_task_result"}},
    ):
        (unit,) = braket_results.read(submission, json.dumps({**content, **wrong}).encode()).units
        assert "results.json" in unit.problem
        assert (unit.counts, unit.probabilities) == (None, None)
    with pytest.raises(protocol.Unreachable, match="cut off"):
        braket_results.read(submission, json.dumps(content).encode()[:-9])


@pytest.mark.parametrize("arn", [7, "", "7", "arn:aws:braket:us-east-1:123456789012:job/x", None, ["arn"]])
def test_a_submission_that_is_answered_without_a_task_is_ambiguous(
    braket: WorkerProcess, service: StandIn, bell: Submission, arn: Any
) -> None:
    service.control("says", method="POST", path="^/quantum-task$", status=201, body={"quantumTaskArn": arn})
    with pytest.raises(protocol.Ambiguous):
        braket.submit(key(1), bell)


def test_an_answer_about_another_task_is_none(braket: WorkerProcess, service: StandIn, bell: Submission) -> None:
    first, second = braket.submit(key(1), bell), braket.submit(key(2), bell)
    finished(braket, [first, second])
    (job,) = [each for each in service.jobs if each["handle"] == second]
    shown = {
        "quantumTaskArn": second,
        "status": "COMPLETED",
        "deviceArn": job["body"]["deviceArn"],
        "outputS3Bucket": job["body"]["outputS3Bucket"],
        "outputS3Directory": job["facts"]["directory"],
    }
    service.control("says", path="^/quantum-task/", body=shown)
    for ask in (lambda: braket.fetch(first, bell), lambda: braket.call("status", {"handles": [first]})):
        with pytest.raises(protocol.Unreachable, match="the answer is about the task"):
            ask()
    service.control("says", path="^/quantum-task/", body={**shown, "quantumTaskArn": first})  # with the other's result
    (unit,) = braket.fetch(first, bell)["units"]
    assert "results.json is that of the task" in unit["problem"]


def test_a_task_that_fails_keeps_the_others(braket: WorkerProcess, bell: Submission) -> None:
    content = json.loads(bell.payload)
    action = json.dumps({**json.loads(content["action"]), "source": "OPENQASM 3.0; nonsense q;"})
    broken = dataclasses.replace(bell, payload=json.dumps({**content, "action": action}).encode())
    good, bad = braket.submit(key(1), bell), braket.submit(key(2), broken)
    states = finished(braket, [good, bad])
    assert (states[good]["phase"], states[bad]["phase"]) == ("succeeded", "failed")
    assert states[bad]["message"]
    first, second = braket.fetch(good, bell), braket.fetch(good, bell)
    assert sum(first["units"][0]["counts"].values()) == 4000
    assert first["raw_sha256"] == second["raw_sha256"]
    (unit,) = braket.fetch(bad, broken)["units"]
    assert unit["counts"] is None
    assert unit["problem"].startswith("FAILED at Amazon Braket: ")


def test_a_task_that_has_not_ended_is_not_fetched(braket: WorkerProcess, service: StandIn, bell: Submission) -> None:
    service.control("release", hold=True)
    handle = braket.submit(key(1), bell)
    with pytest.raises(protocol.Unreachable, match="has not ended, its status is QUEUED"):
        braket.fetch(handle, bell)


def test_status_tells_the_place_in_the_queue_and_leaves_out_the_unknown(
    braket: WorkerProcess, service: StandIn, bell: Submission
) -> None:
    service.control("release", hold=True)
    handles = [braket.submit(key(number), bell) for number in range(12)]
    assert braket.call("status", {"handles": [handles[1]]})[handles[1]] == {
        "phase": "queued",
        "message": "",
        "position": 2,
    }
    stranger = handles[0][:-1] + ("0" if handles[0][-1] != "0" else "1")
    before = len(service.requests("status"))
    found = braket.call("status", {"handles": [*handles, stranger]})
    assert set(found) == set(handles)
    # Filters take ten values and the stand-in's pages five: pages of 5, 5 and 3, and the stranger by itself.
    assert len(service.requests("status")) - before <= 5


def test_a_status_that_the_adapter_does_not_know_is_unknown(
    braket: WorkerProcess, service: StandIn, bell: Submission
) -> None:
    handle = braket.submit(key(1), bell)
    service.control("status", status="PAUSED")
    assert braket.call("status", {"handles": [handle]}) == {
        handle: {"phase": "unknown", "message": "status PAUSED", "position": None}
    }


@pytest.mark.parametrize("device", [SV1, IONQ, RIGETTI])
def test_a_device_is_described_with_the_snapshot_that_circuits_are_compiled_for(workers: Any, device: str) -> None:
    found = workers(device).call("describe")
    assert (found["operational"], found["message"], found["queue_length"]) == (True, "ONLINE", 4000)
    assert found["simulated"] is (device == SV1)
    read = from_snapshot(found["snapshot"].encode())
    assert read is not None
    assert (read.arn, read.qubits, list(read.basis)) == (device, found["qubits"], found["basis_gates"])
    assert read.snapshot().decode() == found["snapshot"]


def test_a_device_that_the_region_lacks_is_rejected(service: StandIn, secret: str) -> None:
    device = "arn:aws:braket:eu-north-1::device/qpu/iqm/None"
    with (
        worker("braket", settings(service, secret, device)) as asked,
        pytest.raises(Rejected, match="Device not found"),
    ):
        asked.call("describe")


# At most once

SUBMITTED = {
    "accept-then-drop": protocol.Ambiguous,
    "accept-then-503": protocol.Ambiguous,
    "503": protocol.Ambiguous,
    "drop": protocol.Ambiguous,
    "429": protocol.Throttled,
    "400": Rejected,
    "401": Unauthorized,
    "409": protocol.Ambiguous,
    "404": protocol.Ambiguous,
    "malformed": protocol.Ambiguous,
    "slow": None,
    "hang": None,
}
TAKEN = ("accept-then-drop", "accept-then-503", "malformed")


def test_every_fault_is_tried() -> None:
    assert set(SUBMITTED) == set(FAULTS)


@pytest.mark.parametrize("fault", [fault for fault, raised in SUBMITTED.items() if raised])
def test_a_fault_on_submit_is_one_post_and_the_right_word(
    braket: WorkerProcess, service: StandIn, bell: Submission, fault: str
) -> None:
    service.fault("submit", fault)
    with pytest.raises(protocol.ProviderError) as raised:
        braket.submit(key(1), bell)
    assert type(raised.value) is SUBMITTED[fault]
    assert len(service.requests("submit")) == 1
    found = braket.find([key(1), key(2)])
    assert found == ({key(1): [service.jobs[0]["handle"]]} if fault in TAKEN else {})
    if isinstance(raised.value, protocol.Throttled):
        assert raised.value.retry_after == 1.0


def test_a_slow_answer_is_awaited(braket: WorkerProcess, service: StandIn, bell: Submission) -> None:
    service.fault("submit", "slow", seconds=0.3)
    assert braket.submit(key(1), bell) == service.jobs[0]["handle"]
    assert len(service.requests("submit")) == 1


@pytest.mark.parametrize("call", ["submit", "target", "find", "status", "fetch", "cancel"])
def test_a_worker_that_is_killed_in_a_call_leaves_at_most_one_job_and_the_next_one_goes_on(
    braket: WorkerProcess, service: StandIn, secret: str, bell: Submission, call: str
) -> None:
    handle = braket.submit(key(1), bell)
    name, arguments = {
        "submit": ("submit", {"key": key(2), "submission": bell.as_json()}),
        "target": ("describe", {}),
        "find": ("find", {"keys": [key(1)], "since": "2026-01-01T00:00:00Z"}),
        "status": ("status", {"handles": [handle]}),
        "fetch": ("fetch", {"handle": handle, "submission": bell.as_json()}),
        "cancel": ("cancel", {"handle": handle}),
    }[call]
    before = len(service.requests(call))
    service.fault(call, "hang")
    with worker("braket", settings(service, secret)) as doomed:
        doomed.die_in(name, arguments, lambda: len(service.requests(call)) > before)
    assert len(service.requests(call)) == before + 1
    assert set(braket.find([key(1)])) == {key(1)}
    assert len(service.jobs) == (2 if call == "submit" else 1)


def test_a_second_submission_under_a_key_makes_no_second_task(
    braket: WorkerProcess, service: StandIn, bell: Submission
) -> None:
    assert braket.submit(key(1), bell) == braket.submit(key(1), bell)
    assert len(service.jobs) == 1


def test_what_the_service_refuses_is_rejected_in_its_words(
    braket: WorkerProcess, service: StandIn, bell: Submission
) -> None:
    braket.submit(key(1), bell)
    other = dataclasses.replace(bell, payload=json.dumps({**json.loads(bell.payload), "shots": 11}).encode())
    with pytest.raises(Rejected, match="HTTP 400 ValidationException: The client token was used"):
        braket.submit(key(1), other)
    assert len(service.jobs) == 1


def test_a_submission_for_another_device_is_not_sent(braket: WorkerProcess, service: StandIn, suite: Any) -> None:
    with pytest.raises(Rejected, match=r"the submission is for .*sv1"):
        braket.submit(key(1), suite(SV1).submissions[0])
    assert service.requests("submit") == []


def test_find_reads_all_pages_and_each_key_s_own(braket: WorkerProcess, service: StandIn, bell: Submission) -> None:
    handles = {key(number): [braket.submit(key(number), bell)] for number in range(12)}
    assert braket.find([*handles, key(99)]) == handles
    assert len(service.requests("find")) == 3
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert braket.find(list(handles), later) == {}


def test_find_gives_several_of_one_key_the_oldest_first(
    braket: WorkerProcess, service: StandIn, bell: Submission
) -> None:
    """AWS may forget a token: then one key has made two tasks."""
    handles = [braket.submit(key(1), bell)]
    service.control("forget", tokens=True)
    handles.append(braket.submit(key(1), bell))
    assert braket.find([key(1)]) == {key(1): handles}
    assert len(set(handles)) == 2


def test_a_listing_that_lags_shows_the_task_later(braket: WorkerProcess, service: StandIn, bell: Submission) -> None:
    service.control("lag", seconds=3600)
    handle = braket.submit(key(1), bell)
    assert braket.find([key(1)]) == {}
    assert set(braket.call("status", {"handles": [handle]})) == {handle}
    assert braket.submit(key(1), bell) == handle  # the token holds where the listing does not


# Other calls' faults

CALLS = ("target", "find", "status", "fetch", "cancel")
RAISED = {
    "429": dict.fromkeys(CALLS, protocol.Throttled),
    "401": dict.fromkeys(CALLS, Unauthorized),
    "503": dict.fromkeys(CALLS, protocol.Unreachable),
    "drop": dict.fromkeys(CALLS, protocol.Unreachable),
    "malformed": dict.fromkeys(CALLS, protocol.Unreachable),
    "404": {"target": Rejected, "find": protocol.Gone, "fetch": protocol.Gone, "cancel": protocol.Gone, "status": None},
}


@pytest.mark.parametrize(("fault", "call"), [(fault, call) for fault in RAISED for call in CALLS])
def test_a_fault_on_another_call_is_the_right_word(
    braket: WorkerProcess, service: StandIn, bell: Submission, fault: str, call: str
) -> None:
    handle = braket.submit(key(1), bell)
    service.fault(call, fault)
    name, arguments = {
        "target": ("describe", {}),
        "find": ("find", {"keys": [key(1)], "since": "2026-01-01T00:00:00Z"}),
        "status": ("status", {"handles": [handle]}),
        "fetch": ("fetch", {"handle": handle, "submission": bell.as_json()}),
        "cancel": ("cancel", {"handle": handle}),
    }[call]
    expected = RAISED[fault][call]
    if expected is None:
        assert braket.call(name, arguments) == {}
    else:
        with pytest.raises(protocol.ProviderError) as raised:
            braket.call(name, arguments)
        assert type(raised.value) is expected
    assert len(service.requests(call)) == 1


def test_a_task_is_cancelled_while_it_is_queued_and_not_after_its_end(
    braket: WorkerProcess, service: StandIn, bell: Submission
) -> None:
    service.control("release", hold=True)
    handle = braket.submit(key(1), bell)
    braket.call("cancel", {"handle": handle})
    assert braket.call("status", {"handles": [handle]})[handle]["phase"] == "cancelled"
    assert braket.fetch(handle, bell)["units"][0]["problem"] == "CANCELLED at Amazon Braket"
    with pytest.raises(protocol.AlreadyEnded, match="ConflictException"):
        braket.call("cancel", {"handle": handle})
    with pytest.raises(protocol.Gone):
        braket.call("cancel", {"handle": handle[:-3] + "xyz"})


# Credentials


def test_a_wrong_key_is_unauthorized_and_no_secret_is_told(service: StandIn, tmp_path: Path, bell: Submission) -> None:
    service.control("reset")
    (tmp_path / "aws_access_key_id").write_text("AKIASTANDIN")
    (tmp_path / "aws_secret_access_key").write_text("canary-of-another")
    (tmp_path / "aws_session_token").write_text("canary-session")
    requests: list[dict[str, Any]] = [
        {"call": "open", "provider": "braket", "settings": vars(settings(service, str(tmp_path)))},
        {"call": "submit", "arguments": {"key": key(1), "submission": bell.as_json()}},
        {"call": "describe"},
        {"call": "find", "arguments": {"keys": [key(1)], "since": "no moment"}},
    ]
    done = _asked(requests)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.get("error") for answer in answers] == [None, "Unauthorized", "Unauthorized", "Unreachable"]
    assert "canary" not in done.stdout + done.stderr


def test_the_secret_is_in_no_answer_and_no_log(service: StandIn, secret: str, bell: Submission) -> None:
    service.control("reset")
    service.fault("submit", "503")
    service.fault("target", "malformed")
    requests: list[dict[str, Any]] = [
        {"call": "open", "provider": "braket", "settings": vars(settings(service, secret))},
        {"call": "submit", "arguments": {"key": key(1), "submission": bell.as_json()}},
        {"call": "describe"},
        {"call": "describe"},
        {"call": "fetch", "arguments": {"handle": 1, "submission": bell.as_json()}},
    ]
    done = _asked(requests)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.get("error") for answer in answers] == [None, "Ambiguous", "Unreachable", None, "Rejected"]
    assert TOKEN not in done.stdout + done.stderr
    assert "canary" not in done.stdout + done.stderr


def test_without_a_secret_the_pod_s_role_is_used_and_nothing_else(service: StandIn, tmp_path: Path) -> None:
    service.control("reset")
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(
        f"[default]\naws_access_key_id=AKIASTANDIN\naws_secret_access_key={TOKEN}\n"
    )
    ambient = {
        "HOME": str(tmp_path),
        "AWS_PROFILE": "absent",
        "AWS_ACCESS_KEY_ID": "AKIASTANDIN",
        "AWS_SECRET_ACCESS_KEY": TOKEN,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "BRAKET_ENDPOINT": "http://127.0.0.1:1",
    }
    requests: list[dict[str, Any]] = [
        {"call": "open", "provider": "braket", "settings": vars(settings(service, ""))},
        {"call": "describe"},
    ]
    alone = [json.loads(line) for line in _asked(requests, **ambient).stdout.splitlines()]
    assert (alone[1]["error"], "NoCredentialsError" in alone[1]["message"]) == ("Unauthorized", True)
    (tmp_path / "token").write_text("token-of-the-pod")
    role = {
        **ambient,
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/qee",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
    }
    assert "error" not in [json.loads(line) for line in _asked(requests, **role).stdout.splitlines()][1]
    (tmp_path / "token").write_text("expired")
    refused = [json.loads(line) for line in _asked(requests, **role).stdout.splitlines()][1]
    assert (refused["error"], "InvalidIdentityToken" in refused["message"]) == ("Unauthorized", True)


def _asked(requests: list[dict[str, Any]], **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sdks.python("braket"), "-m", "qee.connectors.worker"],
        cwd="/",
        env={**sdks.environment(), **variables},
        input="".join(json.dumps(each) + "\n" for each in requests),
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize(
    ("change", "raised", "message"),
    [
        ({"device": "sv1"}, Rejected, "is no ARN"),
        ({"region": "us-east-1"}, Rejected, "is not the device's, us-west-1"),
        ({"device": SV1}, Rejected, "is no region of AWS"),
        ({"options": {}}, Rejected, r"spec\.options\.bucket"),
        ({"options": {"bucket": "b-b", "bukket": "x"}}, Rejected, "there are bucket, prefix, endpoint"),
        ({"options": {"bucket": "b-b", "prefix": "/a"}}, Rejected, r"spec\.options\.prefix"),
        ({"options": {"bucket": "b-b", "endpoint": "braket.local"}}, Rejected, "is no URL"),
        ({"credentials": "/nonexistent"}, Unauthorized, "aws_access_key_id is missing"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(
    service: StandIn, secret: str, change: dict[str, Any], raised: type[Exception], message: str
) -> None:
    with pytest.raises(raised, match=message):
        Braket(dataclasses.replace(settings(service, secret), **change))


# Compiling


def test_the_same_document_gives_the_same_bytes(snapshot: Any) -> None:
    asked = document(snapshot(RIGETTI), circuit(TURNED))
    assert compiled("braket", asked).to_bytes() == compiled("braket", asked).to_bytes()


def test_usage_is_what_braket_charges_for(suite: Any) -> None:
    found: CompiledDocument = suite(RIGETTI)
    assert all(Braket.estimate(each) == each.usage for each in found.submissions)
    assert (found.usage.tasks, found.usage.shots) == (8, 4000 + 50 + 60 + 3 * 70 + 80 + 5000)
    assert not found.simulated
    assert suite(SV1).simulated


def test_a_verbatim_program_goes_as_it_is_to_the_qubits_that_are_named(
    service: StandIn, workers: Any, snapshot: Any
) -> None:
    target = snapshot(RIGETTI)
    asked = TranspileOptions(verbatim=True, initial_layout=(7, 8, 3))
    options = {"reservationArn": RESERVATION}
    (submission,) = compiled(
        "braket", document(target, circuit(NATIVE), transpile=asked, provider_options=options)
    ).submissions
    service.control("reset")
    (unit,) = results(workers(RIGETTI), (submission,))
    assert unit["counts"] == {"10": 100}
    body = service.jobs[0]["body"]
    source = json.loads(body["action"])["source"]
    assert "#pragma braket verbatim\nbox {\nrx(3.141592653589793) $3;\nrz(0.5) $8;\n}\n" in source
    assert json.loads(body["deviceParameters"])["paradigmParameters"]["disableQubitRewiring"] is True
    assert body["associations"] == [{"arn": RESERVATION, "type": "RESERVATION_TIME_WINDOW_ARN"}]
    assert (body["tags"], body["outputS3KeyPrefix"]) == ({"qee-key": key(0)}, f"qee/{key(0)}")


def test_debiasing_reaches_the_wire(snapshot: Any) -> None:
    asked = document(snapshot(IONQ), circuit(), provider_options={"debias": True}, outputs=("probabilities",))
    (submission,) = compiled("braket", asked).submissions
    parameters = json.loads(json.loads(submission.payload)["deviceParameters"])
    assert parameters["errorMitigation"] == [{"type": "braket.device_schema.error_mitigation.debias.Debias"}]


REFUSED: list[tuple[str, CircuitRun, dict[str, Any], str]] = [
    (
        RIGETTI,
        circuit(),
        {"provider_options": {"shotz": 1}},
        r"spec\.providerOptions\.shotz: .* there are reservationA",
    ),
    (RIGETTI, circuit(), {"provider_options": {"debias": True}}, "has no such option"),
    (IONQ, circuit(), {"provider_options": {"debias": "yes"}}, "it takes true or false"),
    (RIGETTI, circuit(), {"provider_options": {"reservationArn": "x"}}, "it takes an ARN of a reservation"),
    (RIGETTI, circuit(), {"transpile": TranspileOptions(initial_layout=(1, 0))}, r"spec\.transpile\.initialLayout"),
    (RIGETTI, circuit(), {"transpile": TranspileOptions(verify_equivalence=True)}, "verifyEquivalence"),
    (SV1, circuit(), {"transpile": TranspileOptions(verbatim=True)}, "takes no verbatim programs"),
    (RIGETTI, circuit(), {"transpile": TranspileOptions(verbatim=True)}, "gate h is not native .* use rx, rz, iswap"),
    (RIGETTI, circuit(OWN_NATIVE), {"transpile": TranspileOptions(verbatim=True)}, "gate own_rx is not native"),
    (RIGETTI, circuit(), {"outputs": ("probabilities",)}, "ask for counts or memory"),
    (IONQ, circuit(), {"outputs": ("memory",)}, "ask for counts or probabilities"),
    (IONQ, circuit(shots=5001), {}, "shots is 5001, .* takes 1 to 5000"),
    (RIGETTI, circuit(shots=9), {}, "takes 10 to 50000"),
    (SV1, circuit(f"{HEADER} qubit[35] q; bit[35] c; c = measure q;"), {}, "35 qubits are used, .* has 34"),
    (SV1, circuit(f"{HEADER} qubit q; h q;"), {}, "measures nothing"),
    (SV1, circuit(f"{HEADER} qubit q; bit c; delay[10ns] q; c = measure q;"), {}, "leave out delays"),
    (SV1, circuit(SWEEP, parameters={"a": ("0",) * 301, "b": ("0",) * 301}), {}, "make 301 Braket tasks"),
]


def test_what_the_device_cannot_do_is_refused_with_a_remedy(snapshot: Any, tmp_path: Path) -> None:
    """All in one process of the SDK's environment, for its imports take seconds."""
    program = (
        "import json, sys\n"
        "from qee.documents.run import RunDocument\n"
        "from qee.connectors.vendors.braket.adapter import Braket\n"
        "from qee.sdk.errors import RunnerError\n"
        "for path in sys.argv[1:]:\n"
        "    document = RunDocument.from_bytes(open(path, 'rb').read())\n"
        "    try:\n"
        "        Braket.prepare(document, document.target)\n"
        "        print('taken')\n"
        "    except RunnerError as error:\n"
        "        print(error.message)\n"
    )
    paths = []
    for number, (device, run, fields, _) in enumerate(REFUSED):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(document(snapshot(device), run, **fields).to_bytes())
    done = _python(program, *map(str, paths))
    assert done.returncode == 0, done.stderr
    for message, (_, _, _, pattern) in zip(done.stdout.splitlines(), REFUSED, strict=True):
        assert pytest.raises(ValueError, match=pattern).matches(ValueError(message)), (message, pattern)


# The SDK

CONTRACT = """
import sys
from qee.connectors.vendors import braket
assert not {"braket", "boto3", "botocore", "numpy", "qiskit"} & set(sys.modules), "loading the class imports an SDK"

import numpy as np
from botocore.session import Session
from braket.circuits import gates
from qiskit.circuit.library import get_standard_gate_name_mapping
from qee.connectors.vendors.braket import calls as braket_calls
from qee.connectors.vendors.braket import device as braket_device
from qee.connectors.vendors.braket import results as braket_results
from qee.connectors.vendors.braket import settings as braket_settings

service = braket_calls.Service(braket_settings.Access("d", "us-east-1", "b", "p", "http://127.0.0.1:1", "k", "s"))
for client in (service._braket, service._s3):
    config = client.meta.config
    assert config.retries == {"total_max_attempts": 1, "mode": "standard"}, config.retries
    assert (config.connect_timeout, config.read_timeout) == (10, 60)
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
model = service._braket.meta.service_model
assert set(model.shape_for("QuantumTaskStatus").enum) == set(braket_results.PHASES)
assert model.shape_for("SearchQuantumTasksFilterValuesList").metadata["max"] == braket_calls._AT_ONCE
assert model.shape_for("String64").metadata["max"] >= 40
assert "clientToken" in model.operation_model("CreateQuantumTask").input_shape.members

known = get_standard_gate_name_mapping()
for name, own in braket_device.GATES.items():
    angles = [0.3 + 0.4 * number for number in range(len(known[name].params))]
    (gate,) = [each for each in vars(gates).values() if isinstance(each, type) and each.__name__.lower() == own]
    theirs = gate(*angles).to_matrix()
    ours = known[name].base_class(*angles).to_matrix()
    if ours.shape == (4, 4):  # Qiskit's first qubit is the lowest of the index, Braket's the highest
        swap = np.eye(4)[[0, 2, 1, 3]]
        ours = swap @ ours @ swap
    assert np.allclose(theirs, ours), name
"""


def test_what_is_used_of_the_sdk_is_as_it_was() -> None:
    done = _python(CONTRACT)
    assert done.returncode == 0, done.stderr


def _python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sdks.python("braket"), "-c", program, *arguments],
        cwd="/",
        env=sdks.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_snapshot_of_another_version_is_not_read() -> None:
    device = Device("arn", 2, (1, 10), False, tuple(GATES.values()))
    assert from_snapshot(device.snapshot()) == device
    assert from_snapshot(device.snapshot().replace(b'"version":1', b'"version":2')) is None
    assert from_snapshot(b"{}") is None
