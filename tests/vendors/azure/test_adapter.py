"""The adapter of Azure Quantum on its SDK, against the stand-in of the service: bits, faults, refusals, secrets."""

import dataclasses
import json
import math
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from e2e.cluster import sdks
from e2e.cluster.cache import root as cache_root
from tests.physics.statistics import ALARM, p_value
from tests.standins.base import FAULTS
from tests.standins.running import StandIn, WorkerProcess, compiled, standin, worker

from qee.connectors import protocol
from qee.connectors.protocol import Rejected, Settings, Unauthorized
from qee.connectors.vendors.azure import results as azure_results
from qee.connectors.vendors.azure import targets as azure_targets
from qee.connectors.vendors.azure.adapter import Azure, job_id
from qee.documents.compiled import CompiledDocument, Submission
from qee.documents.run import CircuitRun, JobReference, RunDocument, TranspileOptions
from qee.sdk.errors import RunnerError

TOKEN = "canary-4c1f0a7e"
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
COUNTED = ("quantinuum.qpu.h2-1", "rigetti.sim.qvm")
ESTIMATED = ("ionq.simulator", "ionq.qpu.forte-1")
HEADER = 'OPENQASM 3.0; include "stdgates.inc";'
BELL = f"{HEADER} qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;"
# second = 011, first = 01: no part of it and not the whole reads the same backwards.
TWO_REGISTERS = f"""{HEADER} qubit[5] q; bit[2] first; bit[3] second; x q[1]; x q[2]; x q[4]; swap q[0], q[1];
first[0] = measure q[0]; first[1] = measure q[1];
second[0] = measure q[2]; second[1] = measure q[4]; second[2] = measure q[3];"""
# Of three qubits two are measured, crosswise; bit 2 is never written.
PARTIAL = f"{HEADER} qubit[3] q; bit[3] c; x q[2]; c[1] = measure q[2]; c[0] = measure q[0];"
SWEEP = f"""{HEADER} input float a; input float b; qubit[2] q; bit[2] c; rx(a) q[0]; rx(b) q[1]; c = measure q;"""
ROWS = {"a": ("0", str(math.pi), str(math.pi)), "b": (str(math.pi), "0", str(math.pi))}
# A Toffoli and a turn: what the transpiler makes of them must still do the same.
TURNED = f"""{HEADER} qubit[3] q; bit[3] c; rx(1.1) q[0]; x q[1]; ccx q[0], q[1], q[2]; ry(0.4) q[1]; c = measure q;"""


def snapshot(target: str) -> bytes:
    device = azure_targets.device(target)
    assert device is not None
    return device.snapshot()


def document(target: str, *circuits: CircuitRun, **fields: Any) -> RunDocument:
    job = JobReference("default", "job", "0c0ffee0-0000-0000-0000-000000000000")
    return RunDocument(job, "backend", "azure", 7, False, circuits, target=snapshot(target), **fields)


def circuit(source: str = BELL, shots: int = 100, name: str = "bell", **fields: Any) -> CircuitRun:
    return CircuitRun(name, "openqasm3", source, shots, **fields)


@cache
def suite(target: str) -> CompiledDocument:
    """Every circuit of this file in one document: a compile takes seconds."""
    return compiled(
        "azure",
        document(
            target,
            circuit(shots=4000),
            circuit(TWO_REGISTERS, 50, "two-registers"),
            circuit(PARTIAL, 60, "partial"),
            circuit(SWEEP, 70, "sweep", parameters=ROWS),
            circuit(TURNED, 5000, "turned"),
        ),
    )


def bell(target: str = "quantinuum.qpu.h2-1") -> Submission:
    return suite(target).submissions[0]


def key(number: int) -> str:
    return f"{number:040x}"


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    with standin("azure", "--token", TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("secret")
    (place / "api-key").write_text(f"{TOKEN}\n")
    return str(place)


def settings(service: StandIn, secret: str, target: str = "quantinuum.qpu.h2-1", **options: str) -> Settings:
    of_workspace = {"subscriptionId": SUBSCRIPTION, "resourceGroup": "group", "workspace": "space"}
    return Settings("backend", target, "eastus", {"endpoint": service.url, **of_workspace, **options}, secret)


@pytest.fixture(scope="module")
def workers(service: StandIn, secret: str) -> Iterator[Any]:
    """A worker for each target that is asked for, started once."""
    with ExitStack() as stack:
        yield cache(lambda target: stack.enter_context(worker("azure", settings(service, secret, target))))


@pytest.fixture
def azure(service: StandIn, workers: Any) -> WorkerProcess:
    service.control("reset")
    asked: WorkerProcess = workers("quantinuum.qpu.h2-1")
    return asked


def finished(asked: WorkerProcess, handles: list[str]) -> dict[str, Any]:
    """Each look moves the stand-in's jobs on by a phase."""
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


# What comes back


@pytest.mark.parametrize("target", COUNTED)
def test_measured_shots_are_counts_with_every_bit_in_its_place(service: StandIn, workers: Any, target: str) -> None:
    service.control("reset")
    pair, registers, partial, *rows, turned = results(workers(target), suite(target).submissions)
    assert registers["counts"] == {"01101": 50}
    assert partial["counts"] == {"010": 60}
    assert [row["counts"] for row in rows] == [{"10": 70}, {"01": 70}, {"11": 70}]
    assert p_value(pair["counts"], {"00": 0.5, "11": 0.5}) > ALARM
    assert p_value(turned["counts"], turned_probabilities()) > ALARM
    assert partial["memory"] == ["010"] * 60
    assert {each: pair["memory"].count(each) for each in set(pair["memory"])} == pair["counts"]
    assert pair["probabilities"] is None


@pytest.mark.parametrize("target", ESTIMATED)
def test_probabilities_stay_probabilities_with_every_bit_in_its_place(
    service: StandIn, workers: Any, target: str
) -> None:
    service.control("reset")
    found = results(workers(target), suite(target).submissions)
    assert all(unit["counts"] is None and unit["memory"] is None for unit in found)
    values = [{outcome: float(text) for outcome, text in unit["probabilities"].items()} for unit in found]
    pair, registers, partial, *rows, turned = values
    assert registers == {"01101": pytest.approx(1, abs=1e-9)}
    assert partial == {"010": pytest.approx(1, abs=1e-9)}
    assert [list(row) for row in rows] == [["10"], ["01"], ["11"]]
    if target == "ionq.simulator":
        assert pair == pytest.approx({"00": 0.5, "11": 0.5}, abs=1e-9)
        assert turned == pytest.approx(turned_probabilities(), abs=1e-9)
    else:
        counts = {outcome: round(share * 5000) for outcome, share in turned.items()}
        assert p_value(counts, turned_probabilities()) > ALARM


def turned_probabilities() -> dict[str, float]:
    """rx(1.1) on bit 0, copied to bit 2 because bit 1 was 1, which ry(0.4) then turns."""
    one, kept = math.sin(0.55) ** 2, math.cos(0.2) ** 2
    return {
        "010": (1 - one) * kept,
        "000": (1 - one) * (1 - kept),
        "111": one * kept,
        "101": one * (1 - kept),
    }


def test_what_the_provider_asks_for_a_job_and_the_digest_of_its_result_are_told(
    azure: WorkerProcess, service: StandIn
) -> None:
    handle = azure.submit(key(1), bell())
    finished(azure, [handle])
    first, second = azure.fetch(handle, bell()), azure.fetch(handle, bell())
    assert first["charge"] == {"qpu_milliseconds": None, "amount": "12.5361", "currency": "USD"}
    assert first["raw_sha256"] == second["raw_sha256"] != protocol.Fetched((), "").raw_sha256


def test_a_job_that_fails_keeps_the_others(azure: WorkerProcess) -> None:
    content = json.loads(bell().payload)
    broken = dataclasses.replace(bell(), payload=json.dumps({**content, "inputData": "no program"}).encode())
    good, bad = azure.submit(key(1), bell()), azure.submit(key(2), broken)
    states = finished(azure, [good, bad])
    assert (states[good]["phase"], states[bad]["phase"]) == ("succeeded", "failed")
    assert "InvalidInputData" in states[bad]["message"]
    assert sum(azure.fetch(good, bell())["units"][0]["counts"].values()) == 4000
    (unit,) = azure.fetch(bad, broken)["units"]
    assert unit["counts"] is None
    assert unit["problem"].startswith("Failed at Azure Quantum: InvalidInputData")


def test_a_result_of_another_form_is_not_read_as_counts(azure: WorkerProcess) -> None:
    handle = azure.submit(key(1), bell())
    finished(azure, [handle])
    other = dataclasses.replace(bell(), units=(dataclasses.replace(bell().units[0], wires=(0, 7)),))
    (unit,) = azure.fetch(handle, other)["units"]
    assert unit["problem"].startswith("the result is not of the format honeywell.quantum-results.v1")
    assert unit["counts"] is None


def test_a_result_that_is_cut_off_may_be_fetched_again() -> None:
    (unit,) = bell().units
    with pytest.raises(protocol.Unreachable, match="cut off"):
        azure_results.read(unit, "honeywell.quantum-results.v1", b'{"c": ["00", "1')
    for payload in (b'{"c": ["0", "1"]}', b'{"c": ["0x"]}', b'{"c": []}', b'{"d": ["00"]}', b"[]"):
        assert azure_results.read(unit, "honeywell.quantum-results.v1", payload).problem
    for payload in (
        b'{"histogram": {"0": 1.5}}',
        b'{"histogram": {"-1": 1}}',
        b'{"histogram": {}}',
        b'{"histogram": {"0": "1"}}',
    ):
        assert azure_results.read(unit, "ionq.quantum-results.v1", payload).problem
    assert azure_results.read(unit, "microsoft.quantum-results.v2", b"{}").problem


def test_a_job_that_has_not_ended_is_not_fetched(azure: WorkerProcess, service: StandIn) -> None:
    service.control("release", hold=True)
    handle = azure.submit(key(1), bell())
    with pytest.raises(protocol.Unreachable, match="has not ended, its status is Waiting"):
        azure.fetch(handle, bell())


def test_a_status_that_the_adapter_does_not_know_is_unknown(azure: WorkerProcess, service: StandIn) -> None:
    handle = azure.submit(key(1), bell())
    service.control("status", status="Paused")
    assert azure.call("status", {"handles": [handle]}) == {
        handle: {"phase": "unknown", "message": "status Paused", "position": None}
    }


# Targets


@pytest.mark.parametrize("target", [*COUNTED, *ESTIMATED])
def test_a_target_is_described_with_the_snapshot_that_circuits_are_compiled_for(
    service: StandIn, workers: Any, target: str
) -> None:
    service.control("reset")
    found = workers(target).call("describe")
    assert found["operational"]
    assert found["message"] == "Available; average queue time 120 s"
    assert found["simulated"] is (target in ("ionq.simulator", "rigetti.sim.qvm"))
    read = azure_targets.from_snapshot(found["snapshot"].encode())
    assert read is not None
    assert (read.qubits, read.family.basis) == (found["qubits"], tuple(found["basis_gates"]))
    assert read.snapshot().decode() == found["snapshot"]


def test_a_target_that_the_workspace_lacks_is_named(service: StandIn, secret: str) -> None:
    with (
        worker("azure", settings(service, secret, "ionq.qpu.aria-1")) as asked,
        pytest.raises(Rejected, match=r"the workspace has no target ionq\.qpu\.aria-1; add its provider"),
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
TAKEN = ("accept-then-drop", "accept-then-503", "malformed", "slow", "hang")


def test_every_fault_is_tried() -> None:
    assert set(SUBMITTED) == set(FAULTS)


@pytest.mark.parametrize("fault", [fault for fault, raised in SUBMITTED.items() if raised])
def test_a_fault_on_submit_is_one_put_and_the_right_word(azure: WorkerProcess, service: StandIn, fault: str) -> None:
    service.fault("submit", fault)
    with pytest.raises(protocol.ProviderError) as raised:
        azure.submit(key(1), bell())
    assert type(raised.value) is SUBMITTED[fault]
    assert len(service.requests("submit")) == 1
    found = azure.find([key(1), key(2)])
    assert found == ({key(1): [job_id(key(1))]} if fault in TAKEN else {})
    if isinstance(raised.value, protocol.Throttled):
        assert raised.value.retry_after == 1.0


def test_a_slow_answer_is_awaited(azure: WorkerProcess, service: StandIn) -> None:
    service.fault("submit", "slow", seconds=0.3)
    assert azure.submit(key(1), bell()) == job_id(key(1))
    assert len(service.requests("submit")) == 1


@pytest.mark.parametrize("call", ["submit", "target", "find", "status", "fetch", "cancel"])
def test_a_worker_that_is_killed_in_a_call_leaves_at_most_one_job_and_the_next_one_goes_on(
    azure: WorkerProcess, service: StandIn, secret: str, call: str
) -> None:
    handle = azure.submit(key(1), bell())
    name, arguments = {
        "submit": ("submit", {"key": key(2), "submission": bell().as_json()}),
        "target": ("describe", {}),
        "find": ("find", {"keys": [key(1)], "since": ""}),
        "status": ("status", {"handles": [handle]}),
        "fetch": ("fetch", {"handle": handle, "submission": bell().as_json()}),
        "cancel": ("cancel", {"handle": handle}),
    }[call]
    before = len(service.requests(call))
    service.fault(call, "hang")
    with worker("azure", settings(service, secret)) as doomed:
        doomed.die_in(name, arguments, lambda: len(service.requests(call)) > before)
    assert len(service.requests(call)) == before + 1
    if call == "submit":
        assert azure.find([key(2)]) == {key(2): [job_id(key(2))]}
        assert len(service.requests("submit")) == 2
    if call == "cancel":
        assert azure.call("status", {"handles": [handle]})[handle]["phase"] == "cancelled"


def test_a_second_submission_under_a_key_makes_no_second_job(azure: WorkerProcess, service: StandIn) -> None:
    azure.submit(key(1), bell())
    with pytest.raises(protocol.Ambiguous, match="JobAlreadyExists"):
        azure.submit(key(1), bell())
    assert azure.find([key(1)]) == {key(1): [job_id(key(1))]}
    assert len(service.jobs) == 1


def test_a_crash_between_upload_and_submission_leaves_the_way_open(azure: WorkerProcess, service: StandIn) -> None:
    service.fault("submit", "503")
    with pytest.raises(protocol.Ambiguous):
        azure.submit(key(1), bell())
    assert azure.find([key(1)]) == {}
    assert azure.submit(key(1), bell()) == job_id(key(1))
    assert len(service.jobs) == 1


@pytest.mark.parametrize("fault", ["503", "429", "401", "drop"])
def test_a_fault_before_the_submission_submits_nothing(azure: WorkerProcess, service: StandIn, fault: str) -> None:
    service.fault("other", fault)
    with pytest.raises(protocol.ProviderError) as raised:
        azure.submit(key(1), bell())
    assert type(raised.value) is SUBMITTED[fault]
    assert service.requests("submit") == []
    assert service.jobs == []


@pytest.mark.parametrize("fault", ["503", "drop", "accept-then-drop"])
def test_a_fault_of_the_blob_store_submits_nothing_and_is_not_repeated(
    azure: WorkerProcess, service: StandIn, fault: str
) -> None:
    service.fault("other", "slow")  # the blob's address
    service.fault("other", fault)
    with pytest.raises(protocol.Ambiguous):
        azure.submit(key(1), bell())
    assert [each["method"] for each in service.requests("other")] == ["POST", "PUT"]
    assert service.jobs == []
    assert azure.submit(key(1), bell()) == job_id(key(1))
    assert finished(azure, [job_id(key(1))])[job_id(key(1))]["phase"] == "succeeded"


def test_what_the_service_refuses_is_rejected_in_its_words(azure: WorkerProcess, service: StandIn) -> None:
    content = json.loads(bell().payload)
    foreign = dataclasses.replace(bell(), payload=json.dumps({**content, "providerId": "nobody"}).encode())
    with pytest.raises(Rejected, match=r"HTTP 400 \(InvalidJobDefinition: The job's target"):
        azure.submit(key(1), foreign)
    assert service.jobs == []


def test_a_submission_for_another_target_is_refused_before_any_call(azure: WorkerProcess, service: StandIn) -> None:
    with pytest.raises(Rejected, match=r"for target ionq\.simulator, the backend's is quantinuum\.qpu\.h2-1"):
        azure.submit(key(1), bell("ionq.simulator"))
    assert service.control("log") == []


def test_the_key_and_nothing_of_the_job_is_kept_at_the_provider(azure: WorkerProcess, service: StandIn) -> None:
    azure.submit(key(1), bell())
    (job,) = service.jobs
    assert job["handle"] == job_id(key(1))
    assert job["facts"] == {"name": f"qee-{key(1)}", "metadata": {"qee.dev/key": key(1)}}
    assert job["body"]["inputParams"] == {"shots": 4000}
    assert "priority" not in job["body"]


# Looking for jobs


def test_a_listing_that_lags_hides_no_job_from_find_and_status(azure: WorkerProcess, service: StandIn) -> None:
    service.control("lag", seconds=3600)
    handles = [azure.submit(key(number), bell()) for number in range(2)]
    assert azure.find([key(0), key(1), key(2)]) == {key(0): [handles[0]], key(1): [handles[1]]}
    assert azure.call("status", {"handles": handles}).keys() == set(handles)


def test_the_status_of_many_jobs_is_read_page_by_page(azure: WorkerProcess, service: StandIn) -> None:
    handles = [azure.submit(key(number), bell()) for number in range(12)]
    gone = job_id(key(99))
    assert azure.call("status", {"handles": handles}).keys() == set(handles)
    pages = service.requests("status")
    assert len(pages) == 3  # of five jobs each
    assert all("/jobs?" in page["path"] for page in pages)
    assert azure.call("status", {"handles": [*handles, gone]}).keys() == set(handles)


def test_a_page_that_fails_is_not_taken_for_the_end(azure: WorkerProcess, service: StandIn) -> None:
    handles = [azure.submit(key(number), bell()) for number in range(6)]
    service.fault("status", "slow")
    service.fault("status", "503")
    with pytest.raises(protocol.Unreachable):
        azure.call("status", {"handles": handles})


def test_one_job_is_asked_for_by_its_id(azure: WorkerProcess, service: StandIn) -> None:
    handle = azure.submit(key(1), bell())
    azure.call("status", {"handles": [handle]})
    assert [each["path"].partition("?")[0].rpartition("/")[2] for each in service.requests("status")] == [handle]


OTHERS = {
    "describe": ("target", Rejected),
    "find": ("find", None),
    "status": ("status", None),
    "fetch": ("fetch", protocol.Gone),
    "cancel": ("cancel", protocol.Gone),
}


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (call, fault)
        for call in OTHERS
        for fault in ("429", "401", "404", "503", "drop", "malformed")
        if (call, fault) != ("cancel", "malformed")  # its answer has no body
    ],
)
def test_a_fault_on_another_call_is_the_right_word(
    azure: WorkerProcess, service: StandIn, call: str, fault: str
) -> None:
    handle = azure.submit(key(1), bell())
    finished(azure, [handle])
    operation, absent = OTHERS[call]
    arguments = {
        "describe": {},
        "find": {"keys": [key(1)], "since": "2026-01-01T00:00:00Z"},
        "status": {"handles": [handle]},
        "fetch": {"handle": handle, "submission": bell().as_json()},
        "cancel": {"handle": handle},
    }[call]
    service.fault(operation, fault)
    expected = {"429": protocol.Throttled, "401": Unauthorized, "404": absent}.get(fault, protocol.Unreachable)
    if expected is None:
        assert azure.call(call, arguments) == {}
    else:
        with pytest.raises(protocol.ProviderError) as raised:
            azure.call(call, arguments)
        assert type(raised.value) is expected


def test_a_result_that_is_gone_is_not_a_job_that_is_gone(azure: WorkerProcess, service: StandIn) -> None:
    handle = azure.submit(key(1), bell())
    finished(azure, [handle])
    service.fault("fetch", "slow", times=2)  # the job, the blob's address
    service.fault("fetch", "404")
    with pytest.raises(protocol.Unreachable):
        azure.fetch(handle, bell())


# Cancelling


def test_a_job_in_the_queue_is_cancelled(azure: WorkerProcess, service: StandIn) -> None:
    service.control("release", hold=True)
    handle = azure.submit(key(1), bell())
    azure.call("cancel", {"handle": handle})
    assert azure.call("status", {"handles": [handle]})[handle]["phase"] == "cancelled"
    assert azure.fetch(handle, bell())["units"][0]["problem"] == "Cancelled at Azure Quantum"


def test_a_job_that_has_ended_is_not_cancelled(azure: WorkerProcess) -> None:
    handle = azure.submit(key(1), bell())
    finished(azure, [handle])
    with pytest.raises(protocol.AlreadyEnded):
        azure.call("cancel", {"handle": handle})
    with pytest.raises(protocol.Gone):
        azure.call("cancel", {"handle": job_id(key(2))})


# Credentials and settings


def test_the_credential_is_in_no_answer_and_not_in_the_log(
    service: StandIn, secret: str, capfd: pytest.CaptureFixture[str]
) -> None:
    service.control("reset")
    told = []
    with worker("azure", settings(service, secret)) as asked:

        def ask(call: str, **arguments: Any) -> None:
            try:
                told.append(json.dumps(asked.call(call, arguments)))
            except protocol.ProviderError as error:
                told.append(str(error))

        handle, submission = job_id(key(1)), bell().as_json()
        finished(asked, [asked.submit(key(1), bell())])
        for operation, call, arguments in (
            ("target", "describe", {}),
            ("other", "submit", {"key": key(1), "submission": submission}),
            ("submit", "submit", {"key": key(1), "submission": submission}),
            ("find", "find", {"keys": [key(1)], "since": ""}),
            ("status", "status", {"handles": [handle]}),
            ("fetch", "fetch", {"handle": handle, "submission": submission}),
            ("cancel", "cancel", {"handle": handle}),
        ):
            for fault in ("401", "503", "drop", "malformed", ""):
                if fault:
                    service.fault(operation, fault)
                ask(call, **arguments)
        service.control("storage", url="http://127.0.0.1:9")  # nobody listens; clients quote the address, token and all
        ask("fetch", handle=handle, submission=submission)
        ask("submit", key=key(2), submission=submission)
    written = capfd.readouterr()
    everything = "\n".join([*told, written.err, written.out])
    assert len(told) == 37
    assert TOKEN not in everything
    assert "sig=" not in everything


def test_a_wrong_key_is_unauthorized(service: StandIn, tmp_path: Path) -> None:
    (tmp_path / "api-key").write_text("another")
    with worker("azure", settings(service, str(tmp_path))) as asked:
        for call, arguments in (
            ("describe", {}),
            ("find", {"keys": [key(1)], "since": ""}),
            ("submit", {"key": key(1), "submission": bell().as_json()}),
        ):
            with pytest.raises(Unauthorized, match="HTTP 401"):
                asked.call(call, arguments)


def test_what_lies_about_in_home_and_environment_is_not_used(
    service: StandIn, secret: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in refuses a request that carries an Authorization header beside the key."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password something\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("QEE_CACHE", str(cache_root()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "ambient")
    monkeypatch.setenv("AZURE_QUANTUM_WORKSPACE_NAME", "another")
    monkeypatch.setenv(
        "AZURE_QUANTUM_CONNECTION_STRING",
        f"SubscriptionId={SUBSCRIPTION};ResourceGroupName=a;WorkspaceName=b;ApiKey=ambient;"
        "QuantumEndpoint=https://eastus.quantum.azure.com/;",
    )
    service.control("reset")
    with worker("azure", settings(service, secret)) as asked:
        assert asked.call("describe")["operational"]
    assert all("/workspaces/space/" in entry["path"] for entry in service.control("log"))


def test_a_connection_string_is_enough(service: StandIn, tmp_path: Path) -> None:
    (tmp_path / "connection-string").write_text(
        f"SubscriptionId={SUBSCRIPTION};ResourceGroupName=group;WorkspaceName=space;ApiKey={TOKEN};"
        "QuantumEndpoint=https://eastus.quantum.azure.com/;"
    )
    asked = Settings("backend", "ionq.simulator", "", {"endpoint": service.url}, str(tmp_path))
    with worker("azure", asked) as running:
        assert running.call("describe")["qubits"] == 29


def test_the_workloads_identity_is_exchanged_for_a_token_that_goes_with_each_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Over TLS: the SDK sends no token without."""
    (tmp_path / "token").write_text(TOKEN)
    certificate = self_signed(tmp_path)
    with authority(certificate, TOKEN, "bearer-canary") as (url, asked_for):
        for name, value in (
            ("AZURE_AUTHORITY_HOST", url),
            ("AZURE_TENANT_ID", "tenant"),
            ("AZURE_CLIENT_ID", "client"),
            ("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token")),
            ("SSL_CERT_FILE", str(certificate)),
        ):
            monkeypatch.setenv(name, value)
        of_workspace = {"subscriptionId": SUBSCRIPTION, "resourceGroup": "group", "workspace": "space"}
        with worker("azure", Settings("b", "ionq.simulator", "", {"endpoint": url, **of_workspace})) as asked:
            assert asked.call("describe")["qubits"] == 29
            assert asked.call("describe")["qubits"] == 29
        (tmp_path / "token").unlink()
        with (
            worker("azure", Settings("b", "ionq.simulator", "", {"endpoint": url, **of_workspace})) as asked,
            pytest.raises(Unauthorized, match="token file cannot be read"),
        ):
            asked.call("describe")
    assert asked_for == ["https://quantum.microsoft.com/.default"]  # once, then kept
    written = capfd.readouterr().err
    assert TOKEN not in written
    assert "bearer-canary" not in written


def test_a_pod_without_any_credential_is_told_so(service: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    asked = settings(service, "", endpoint=service.url.replace("http:", "https:"))
    with worker("azure", asked) as running, pytest.raises(Unauthorized, match="has no Azure workload identity"):
        running.call("describe")


@pytest.mark.parametrize(
    ("files", "options", "raised", "message"),
    [
        ({}, {}, Unauthorized, "neither connection-string nor api-key"),
        ({"api-key": ""}, {}, Unauthorized, "api-key of the Secret is empty"),
        ({"api-key": "a\nb"}, {}, Unauthorized, "more than one line"),
        ({"connection-string": "ApiKey=canary"}, {}, Unauthorized, "is not one; copy it anew"),
        ({"api-key": "k"}, {"workspce": "x"}, Rejected, r"spec\.options\.workspce: there is no such option"),
        ({"api-key": "k"}, {"workspace": ""}, Rejected, r"spec\.options\.workspace: it is missing"),
        ({"api-key": "k"}, {"kind": "v3"}, Rejected, r"spec\.options\.kind"),
        ({"api-key": "k"}, {"endpoint": "eastus"}, Rejected, r"spec\.options\.endpoint"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(
    tmp_path: Path, files: dict[str, str], options: dict[str, str], raised: type[Exception], message: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    given = {"subscriptionId": SUBSCRIPTION, "resourceGroup": "group", "workspace": "space", **options}
    with pytest.raises(raised, match=message) as found:
        Azure(Settings("backend", "ionq.simulator", "eastus", given, str(tmp_path)))
    assert "canary" not in str(found.value)


def test_a_target_without_a_format_of_ours_is_refused(service: StandIn, secret: str) -> None:
    with pytest.raises(Rejected, match=r"no programs for target quantinuum\.qpu\.helios-1"):
        Azure(settings(service, secret, "quantinuum.qpu.helios-1"))


def test_a_token_of_the_workload_goes_over_https_only(service: StandIn) -> None:
    with pytest.raises(Rejected, match="goes over https only"):
        Azure(settings(service, ""))


def test_the_address_follows_the_location_and_the_kind_of_the_workspace(secret: str) -> None:
    given = {"subscriptionId": SUBSCRIPTION, "resourceGroup": "group", "workspace": "space"}
    for kind, expected in (("v1", "https://westus.quantum.azure.com"), ("v2", "https://westus-v2.quantum.azure.com")):
        made = Azure(Settings("backend", "ionq.simulator", "westus", {**given, "kind": kind}, secret))
        assert made._access.endpoint == expected
        assert TOKEN not in repr(made._access)


# Compiling


def test_the_same_document_gives_the_same_bytes() -> None:
    again = suite.__wrapped__("quantinuum.qpu.h2-1")
    assert again.to_bytes() == suite("quantinuum.qpu.h2-1").to_bytes()


def test_usage_counts_gates_and_shots_of_each_program() -> None:
    for target in (*COUNTED, *ESTIMATED):
        for submission in suite(target).submissions:
            assert Azure.estimate(submission) == submission.usage
    usage = bell("ionq.simulator").usage
    assert (usage.tasks, usage.shots, usage.two_qubit_gate_shots) == (1, 4000, 4000)
    assert suite("ionq.simulator").usage.tasks == 7
    assert suite("ionq.simulator").simulated
    assert not suite("ionq.qpu.forte-1").simulated


def test_debiasing_is_said_to_ionqs_qpus_and_priced() -> None:
    """Where nothing is said it is on, for a least price of USD 97.50 in place of 12.4166."""
    for submission in suite("ionq.qpu.forte-1").submissions:
        content = json.loads(submission.payload)
        assert content["inputParams"]["error-mitigation"] == {"debias": False}
        assert submission.usage.mitigated_tasks == 0
        content["inputParams"]["error-mitigation"] = {"debias": True}
        asked = dataclasses.replace(submission, payload=json.dumps(content).encode())
        assert Azure.estimate(asked).mitigated_tasks == 1
    for target in ("ionq.simulator", "quantinuum.qpu.h2-1"):
        assert "error-mitigation" not in json.loads(bell(target).payload)["inputParams"]


def test_the_result_in_another_jobs_container_is_not_read(azure: WorkerProcess, service: StandIn) -> None:
    first, second = azure.submit(key(1), bell()), azure.submit(key(2), bell())
    finished(azure, [first, second])
    (job,) = [each for each in service.jobs if each["handle"] == second]
    other = f"{job['body']['containerUri'].partition('?')[0]}/rawOutputData"
    shown = {**job["body"], "id": first, "itemType": "Job", "status": "Succeeded", "outputDataUri": other}
    service.control("says", path=f"/jobs/{first}$", body=shown)
    with pytest.raises(protocol.Unreachable, match="container of another job"):
        azure.fetch(first, bell())


def test_words_with_a_token_reach_neither_state_nor_problem(azure: WorkerProcess, service: StandIn) -> None:
    handle = azure.submit(key(1), bell())
    (job,) = service.jobs
    words = "no such blob: https://mystorage.blob.core.windows.net/job-1/rawOutputData?sv=2024&sig=SECRETSIG%3D&se=2050"
    shown = {**job["body"], "id": handle, "itemType": "Job", "status": "Failed"}
    shown |= {"errorData": {"code": "InvalidInput", "message": words}}
    service.control("says", path=f"/jobs/{handle}$", body=shown)
    (state,) = azure.call("status", {"handles": [handle]}).values()
    (unit,) = azure.fetch(handle, bell())["units"]
    assert "InvalidInput" in state["message"]
    assert "InvalidInput" in unit["problem"]
    assert "SECRETSIG" not in state["message"] + unit["problem"]


def test_a_result_that_is_not_written_yet_is_not_blamed_on_the_target(azure: WorkerProcess, service: StandIn) -> None:
    """azure-quantum-python#744: BlobNotFound right after Succeeded."""
    handle = azure.submit(key(1), bell())
    finished(azure, [handle])
    text = '<?xml version="1.0"?><Error><Code>BlobNotFound</Code><Message>The blob does not exist.</Message></Error>'
    service.control("says", path="/rawOutputData$", status=404, text=text)
    with pytest.raises(protocol.Unreachable) as error:
        azure.fetch(handle, bell())
    assert "the result may not be written yet" in str(error.value)
    assert "check the target" not in str(error.value)


def test_options_reach_the_wire(service: StandIn, secret: str) -> None:
    service.control("reset")
    given = {"tket-opt-level": 1, "error-params": {"p1": "4e-5", "p2": "0.003"}, "priority": "High"}
    target = "quantinuum.sim.h2-1e"
    (submission,) = compiled("azure", document(target, circuit(), provider_options=given)).submissions
    with worker("azure", settings(service, secret, target)) as asked:
        asked.submit(key(1), submission)
    (job,) = service.jobs
    assert job["body"]["priority"] == "High"
    assert job["body"]["inputParams"] == {
        "shots": 100,
        "tket-opt-level": 1,
        "error-params": {"p1": 4e-05, "p2": 0.003},
    }


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("ionq.simulator", {"shotz": 1}, r"spec\.providerOptions\.shotz: .* there are noise, priority"),
        ("ionq.simulator", {"error-mitigation": {"debias": True}}, "has no such option"),
        ("ionq.qpu.forte-1", {"error-mitigation": {"debias": "yes"}}, "it takes a map with debias"),
        ("ionq.qpu.forte-1", {"noise": {"model": "aria-1"}}, "there are error-mitigation, priority"),
        ("ionq.simulator", {"noise": {"seed": 1}}, "it takes a map with model"),
        ("quantinuum.qpu.h2-1", {"error-params": {"p1": "0.1"}}, "there are priority, tket-opt-level"),
        ("quantinuum.sim.h2-1e", {"error-params": {"p1": "1.5"}}, "each a probability"),
        ("quantinuum.qpu.h2-1", {"tket-opt-level": True}, "it takes 0, 1, 2 or 3"),
        ("rigetti.sim.qvm", {"priority": "Highest"}, "it takes Standard or High"),
    ],
)
def test_an_option_that_the_target_does_not_take_is_refused_by_name(
    target: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(RunnerError, match=message) as raised:
        Azure.prepare(document(target, circuit(), provider_options=options), snapshot(target))
    assert raised.value.reason == "InvalidSpec"


@pytest.mark.parametrize(
    ("target", "run", "fields", "reason", "message"),
    [
        ("ionq.simulator", circuit(f"{HEADER} qubit[30] q; bit c; c = measure q[0];"), {}, "LimitExceeded", "has 29"),
        ("quantinuum.qpu.h2-1", circuit(shots=10_001), {}, "LimitExceeded", "takes at most 10000"),
        ("ionq.simulator", circuit(), {"outputs": ("memory",)}, "InvalidSpec", "does not give memory"),
        ("rigetti.sim.qvm", circuit(), {"outputs": ("probabilities",)}, "InvalidSpec", "ask for counts or memory"),
        ("rigetti.sim.qvm", circuit(f"{HEADER} qubit q; h q;"), {}, "InvalidCircuit", "measures nothing"),
        (
            "rigetti.sim.qvm",
            circuit(f"{HEADER} qubit q; bit c; delay[10ns] q; c = measure q;"),
            {},
            "UnsupportedConstruct",
            "leave out delays",
        ),
        (
            "quantinuum.qpu.h2-1",
            circuit(SWEEP, parameters={"a": ("0",) * 301, "b": ("0",) * 301}),
            {},
            "LimitExceeded",
            "make 301 provider jobs",
        ),
        *(
            ("ionq.simulator", circuit(), {"transpile": TranspileOptions(**field)}, "InvalidSpec", message)
            for field, message in (
                ({"initial_layout": (1, 0)}, r"spec\.transpile\.initialLayout"),
                ({"verbatim": True}, r"spec\.transpile\.verbatim"),
                ({"verify_equivalence": True}, r"spec\.transpile\.verifyEquivalence"),
            )
        ),
    ],
)
def test_what_the_target_cannot_do_is_refused_with_a_remedy(
    target: str, run: CircuitRun, fields: dict[str, Any], reason: str, message: str
) -> None:
    with pytest.raises(RunnerError, match=message) as raised:
        Azure.prepare(document(target, run, **fields), snapshot(target))
    assert raised.value.reason == reason


def self_signed(place: Path) -> Path:
    """Certificate and key of 127.0.0.1 in one file."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stand-in")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    file = place / "tls.pem"
    pem = serialization.Encoding.PEM
    clear = serialization.NoEncryption()
    file.write_bytes(
        certificate.public_bytes(pem) + private.private_bytes(pem, serialization.PrivateFormat.PKCS8, clear)
    )
    return file


@contextmanager
def authority(certificate: Path, assertion: str, token: str) -> Iterator[tuple[str, list[str]]]:
    """Microsoft Entra's token endpoint and the list of providers, over TLS; the URL, and the scopes asked for."""
    scopes: list[str] = []
    target = {"id": "ionq.simulator", "currentAvailability": "Available", "averageQueueTime": 0}
    listed = {"value": [{"id": "ionq", "currentAvailability": "Available", "targets": [target]}]}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            good = self.path == "/tenant/oauth2/v2.0/token" and form["client_assertion"] == [assertion]
            scopes.extend(form["scope"])
            self.write(200 if good else 401, {"access_token": token, "token_type": "Bearer", "expires_in": 3600})

        def do_GET(self) -> None:
            good = self.headers["Authorization"] == f"Bearer {token}" and "x-ms-quantum-api-key" not in self.headers
            self.write(200 if good else 401, listed)

        def write(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}", scopes
        finally:
            server.shutdown()


# The SDK


CONTRACT = """
import inspect, sys
from qee.connectors.vendors import azure
assert not {"azure.quantum", "azure.core", "numpy", "qiskit"} & set(sys.modules), "loading the class imports an SDK"

from azure.core.pipeline.policies import RetryPolicy, RedirectPolicy
from azure.quantum import Workspace, target
from azure.quantum._client.models import JobStatus
from azure.quantum._constants import ConnectionConstants
from azure.quantum.target.rigetti import Rigetti
from qee.connectors.vendors.azure import calls as azure_calls
from qee.connectors.vendors.azure import results as azure_results
from qee.connectors.vendors.azure import settings as azure_settings
from qee.connectors.vendors.azure import targets as azure_targets

client = azure_calls._client(azure_settings.Access("http://127.0.0.1:1", "s", "g", "w", "k"))
policies = [getattr(each, "_policy", each) for each in client._client._pipeline._impl_policies]
(retry,) = [each for each in policies if isinstance(each, RetryPolicy)]
assert retry.total_retries == 0, retry.total_retries
(redirect,) = [each for each in policies if isinstance(each, RedirectPolicy)]
assert not redirect.allow
transport = client._client._pipeline._transport.connection_config
assert (transport.timeout, transport.read_timeout) == (10, 30)
assert azure_calls.KEY_HEADER == ConnectionConstants.QUANTUM_API_KEY_HEADER
for kind, host in (("v1", "GET_QUANTUM_PRODUCTION_ENDPOINT"), ("v2", "GET_QUANTUM_PRODUCTION_ENDPOINT_v2")):
    assert azure_settings._HOSTS[kind].format("eastus") + "/" == getattr(ConnectionConstants, host)("eastus")
assert {each.value for each in JobStatus} == set(azure_results.PHASES)
for made, prefix in ((target.IonQ, "ionq."), (target.Quantinuum, "quantinuum."), (Rigetti, "rigetti.")):
    defaults = inspect.signature(made.__init__).parameters
    (family,) = [each for each in azure_targets.FAMILIES if each.prefix == prefix]
    assert family.input_format == defaults["input_data_format"].default
    assert family.output_format == defaults["output_data_format"].default
    assert made._SHOTS_PARAM_NAME == "shots"
    for name in made.target_names:
        assert (azure_targets.device(name) is None) == ("helios" in name), name
"""


def test_what_is_used_of_the_sdk_without_being_promised_is_there() -> None:
    done = subprocess.run(
        [sdks.python("azure"), "-c", CONTRACT],
        cwd="/",
        env=sdks.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
