"""The adapter of IonQ on its SDK, against the stand-in of the service: bits, faults, refusals, secrets."""

import hashlib
import json
import math
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from e2e.cluster import sdks
from tests.physics.statistics import ALARM, p_value
from tests.standins.running import StandIn, WorkerProcess, prepared, standin, worker

from qee.connectors import protocol
from qee.connectors.protocol import ENDED, Rejected, Settings, Unauthorized
from qee.connectors.vendors.ionq.adapter import IonQ
from qee.documents.compiled import CompiledDocument, Submission
from qee.documents.run import CircuitRun, JobReference, RunDocument, TranspileOptions

TOKEN = "canary-ionq-6be1"
HEADER = 'OPENQASM 3.0; include "stdgates.inc";'
BELL = f"{HEADER} qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;"
# second = 011, first = 01: no part of it and not the whole reads the same backwards.
TWO_REGISTERS = f"""{HEADER} qubit[5] q; bit[2] first; bit[3] second; x q[0]; x q[2]; x q[4];
first[0] = measure q[0]; first[1] = measure q[1];
second[0] = measure q[2]; second[1] = measure q[4]; second[2] = measure q[3];"""
# Of three qubits two are measured, crosswise; bit 2 is never written.
PARTIAL = f"{HEADER} qubit[3] q; bit[3] c; x q[2]; c[1] = measure q[2]; c[0] = measure q[0];"
SWEEP = f"{HEADER} input float a; input float b; qubit[2] q; bit[2] c; rx(a) q[0]; rx(b) q[1]; c = measure q;"
ROWS = {"a": ("0", str(math.pi), str(math.pi)), "b": (str(math.pi), "0", str(math.pi))}
TURNED = f"""{HEADER} qubit[3] q; bit[3] c; rx(1.1) q[0]; x q[1]; ccx q[0], q[1], q[2]; ry(0.4) q[1]; c = measure q;"""
# "Available options" of Noise in IonQ's specification, as ionq-core 0.2 has it.
MODELS = ("ideal", "harmony", "harmony-1", "harmony-2", "aria-1", "aria-2", "forte-1", "forte-enterprise-1")
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
    "malformed": ("Ambiguous", 1),
}


def circuit(source: str = BELL, shots: int = 100, name: str = "bell", **fields: Any) -> CircuitRun:
    return CircuitRun(name, "openqasm3", source, shots, **fields)


def document(*circuits: CircuitRun, device: str = "simulator", qubits: int = 29, **fields: Any) -> RunDocument:
    job = JobReference("default", "job", "0c0ffee0-0000-0000-0000-000000000000")
    target = json.dumps({"device": device, "qubits": qubits}).encode()
    return RunDocument(job, "backend", "ionq", 7, False, circuits, target=target, **fields)


SUITE = document(
    circuit(shots=100),
    circuit(TWO_REGISTERS, 100, "two-registers"),
    circuit(PARTIAL, 100, "partial"),
    circuit(SWEEP, 100, "sweep", parameters=ROWS),
    circuit(TURNED, 5000, "turned"),
)
BAD: dict[str, tuple[RunDocument, str]] = {
    "too wide": (document(circuit(), qubits=1), "2 qubits are declared, the device has 1"),
    "layout": (document(circuit(), transpile=TranspileOptions(initial_layout=(0, 1))), "spec.transpile.initialLayout"),
    "verbatim": (document(circuit(), transpile=TranspileOptions(verbatim=True)), "spec.transpile.verbatim"),
    "unknown option": (document(circuit(), provider_options={"shot": 3}), "spec.providerOptions.shot: no option of"),
    "noise on a qpu": (document(circuit(), device="qpu.forte-1", provider_options={"noise": {}}), "Options.noise: no"),
    "noise model": (document(circuit(), provider_options={"noise": {"model": "x"}}), "spec.providerOptions.noise"),
    "no noise": (document(circuit(), provider_options={"noise": None}), "spec.providerOptions.noise"),
    "noise seed": (document(circuit(), provider_options={"noise": {"model": "ideal", "seed": -1}}), "noise.seed"),
    "mitigation": (
        document(circuit(), device="qpu.forte-1", provider_options={"error_mitigation": {"debiasing": 1}}),
        "spec.providerOptions.error_mitigation",
    ),
    "mitigation of few shots": (
        document(circuit(shots=499), device="qpu.forte-1", provider_options={"error_mitigation": {"debiasing": True}}),
        "spec.providerOptions.error_mitigation: IonQ debiases 500 shots or more; ask for more than 499",
    ),
    "nothing measured": (document(circuit(f"{HEADER} qubit q; h q;")), "it measures nothing"),
    "mid-circuit": (document(circuit(f"{HEADER} qubit q; bit c; c = measure q; x q; c = measure q;")), "measure"),
}


@pytest.fixture(scope="module")
def everything() -> dict[str, CompiledDocument | str]:
    """All compiles of this file in one process: the SDK takes seconds to import."""
    twice = (circuit(shots=500), circuit(shots=500, name="again"))
    debiased = document(*twice, device="qpu.forte-1", provider_options={"error_mitigation": {"debiasing": True}})
    documents = {"suite": SUITE, "again": SUITE, "debiased": debiased, **{name: bad for name, (bad, _) in BAD.items()}}
    documents["plain"] = document(circuit(shots=5000), device="qpu.forte-1")
    documents |= {f"noise {name}": document(circuit(), provider_options={"noise": {"model": name}}) for name in MODELS}
    documents["many"] = document(circuit(SWEEP, 100, "many", parameters={"a": ("0",) * 700, "b": ("1",) * 700}))
    return dict(zip(documents, prepared("ionq", list(documents.values())), strict=True))


@pytest.fixture(scope="module")
def suite(everything: dict[str, CompiledDocument | str]) -> CompiledDocument:
    found = everything["suite"]
    assert isinstance(found, CompiledDocument), found
    return found


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    with standin("ionq", "--token", TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worker") / "stderr"


@pytest.fixture(scope="module")
def running(service: StandIn, tmp_path_factory: pytest.TempPathFactory, written: Path) -> Iterator[WorkerProcess]:
    secret = tmp_path_factory.mktemp("secret")
    (secret / "api-key").write_text(f"{TOKEN}\n")
    settings = Settings("backend", "simulator", "", {"endpoint": service.url}, str(secret))
    with written.open("w") as stderr, worker("ionq", settings, stderr) as one:
        yield one


@pytest.fixture
def asked(running: WorkerProcess, service: StandIn) -> WorkerProcess:
    service.control("reset")
    return running


def key(number: int) -> str:
    return f"{number:040x}"


def ended(asked: WorkerProcess, handle: str) -> str:
    for _ in range(4):
        (state,) = asked.call("status", {"handles": [handle]}).values()
        if state["phase"] in ENDED:
            return str(state["phase"])
    raise AssertionError(state)


def small(suite: CompiledDocument) -> Submission:
    return suite.submissions[1]


def test_one_job_for_as_many_shots_and_the_same_bytes_again(everything: dict[str, Any], suite: CompiledDocument):
    assert [[unit.circuit for unit in each.units] for each in suite.submissions] == [
        ["bell", "two-registers", "partial", "sweep", "sweep", "sweep"],
        ["turned"],
    ]
    assert [each.usage.shots for each in suite.submissions] == [600, 5000]
    assert suite.submissions[1].usage.two_qubit_gate_shots >= 6 * 5000
    assert everything["again"] == suite
    assert suite.simulated


def test_bits_are_where_they_should_be(asked: WorkerProcess, suite: CompiledDocument, service: StandIn):
    service.control("measured", on=True)
    handle = asked.submit(key(1), suite.submissions[0])
    assert ended(asked, handle) == "succeeded"
    found = asked.fetch(handle, suite.submissions[0])
    bell, registers, partial, *sweep = found["units"]
    assert set(bell["counts"]) == {"00", "11"}
    assert registers["counts"] == {"01101": 100}
    assert registers["memory"] == ["01101"] * 100
    assert partial["counts"] == {"010": 100}
    assert [each["counts"] for each in sweep] == [{"10": 100}, {"01": 100}, {"11": 100}]
    assert len(found["raw_sha256"]) == 64


def test_without_shots_there_are_probabilities_and_no_counts(asked: WorkerProcess, suite: CompiledDocument):
    handle = asked.submit(key(2), suite.submissions[0])
    ended(asked, handle)
    units = asked.fetch(handle, suite.submissions[0])["units"]
    assert all(each["counts"] is None and each["memory"] is None for each in units)
    assert {outcome: round(float(p), 9) for outcome, p in units[0]["probabilities"].items()} == {"00": 0.5, "11": 0.5}
    assert {outcome: round(float(p), 9) for outcome, p in units[1]["probabilities"].items()} == {"01101": 1}


def test_a_distribution_fits_theory(asked: WorkerProcess, suite: CompiledDocument, service: StandIn):
    """False alarm: ALARM, by a fixed seed of the stand-in."""
    service.control("measured", on=True)
    handle = asked.submit(key(3), small(suite))
    ended(asked, handle)
    (unit,) = asked.fetch(handle, small(suite))["units"]
    flipped, turned = math.sin(0.55) ** 2, math.sin(0.2) ** 2
    theory = {
        f"{high}{middle}{low}": (flipped if low else 1 - flipped) * (turned if middle == 0 else 1 - turned)
        for low in (0, 1)
        for middle in (0, 1)
        for high in [low]
    }
    assert p_value(unit["counts"], theory) > ALARM


@pytest.mark.parametrize("fault", SUBMITTED)
def test_a_submission_is_one_request_and_its_error_is_told(
    asked: WorkerProcess, suite: CompiledDocument, service: StandIn, fault: str
):
    name, jobs = SUBMITTED[fault]
    service.fault("submit", fault)
    with pytest.raises(getattr(protocol, name)) as error:
        asked.submit(key(4), small(suite))
    assert type(error.value).__name__ == name
    assert len(service.requests("submit")) == 1
    assert len(service.jobs) == jobs
    assert asked.find([key(4)]) == ({key(4): [service.jobs[0]["handle"]]} if jobs else {})


def test_a_worker_that_hangs_in_a_submission_can_be_killed(
    service: StandIn, suite: CompiledDocument, tmp_path: Path, asked: WorkerProcess
):
    (tmp_path / "api-key").write_text(TOKEN)
    service.fault("submit", "hang")
    settings = Settings("backend", "simulator", "", {"endpoint": service.url}, str(tmp_path))
    with worker("ionq", settings) as hanging:
        hanging.die_in("submit", {"key": key(5), "submission": small(suite).as_json()}, lambda: service.jobs)
    assert asked.find([key(5)]) == {key(5): [service.jobs[0]["handle"]]}


@pytest.mark.parametrize(
    ("call", "fault", "name"),
    [
        ("find", "429", "Throttled"),
        ("find", "malformed", "Unreachable"),
        ("status", "503", "Unreachable"),
        ("status", "401", "Unauthorized"),
        ("target", "401", "Unauthorized"),
        ("fetch", "malformed", "Unreachable"),
        ("cancel", "409", "AlreadyEnded"),
        ("cancel", "404", "Gone"),
    ],
)
def test_other_calls_tell_their_errors_apart(
    asked: WorkerProcess, suite: CompiledDocument, service: StandIn, call: str, fault: str, name: str
):
    handle = asked.submit(key(6), small(suite))
    calls = {
        "find": lambda: asked.find([key(6)]),
        "status": lambda: asked.call("status", {"handles": [handle]}),
        "target": lambda: asked.call("describe"),
        "fetch": lambda: asked.fetch(handle, small(suite)),
        "cancel": lambda: asked.call("cancel", {"handle": handle}),
    }
    service.fault(call, fault)
    with pytest.raises(getattr(protocol, name)):
        calls[call]()


def test_jobs_are_found_over_pages_the_oldest_first(asked: WorkerProcess, suite: CompiledDocument, service: StandIn):
    handles = [asked.submit(key(number % 9), small(suite)) for number in range(11)]
    found = asked.find([key(0), key(1), key(8), key(77)])
    assert found == {key(0): [handles[0], handles[9]], key(1): [handles[1], handles[10]], key(8): [handles[8]]}
    assert len(service.requests("find")) == 3


def test_many_are_looked_at_together_and_the_unknown_left_out(
    asked: WorkerProcess, suite: CompiledDocument, service: StandIn
):
    handles = [asked.submit(key(number), small(suite)) for number in range(5)]
    found = asked.call("status", {"handles": [*handles, "gone"]})
    assert set(found) == set(handles)
    assert len(service.requests("status")) == 2  # all together, and the one that was not among them
    service.control("status", status="paused")
    assert asked.call("status", {"handles": handles[:1]})[handles[0]]["phase"] == "unknown"


def test_children_that_a_listing_shows_are_no_submissions(
    asked: WorkerProcess, suite: CompiledDocument, service: StandIn
):
    handle = asked.submit(key(1), suite.submissions[0])
    assert asked.find([key(1)]) == {key(1): [handle]}


def test_more_than_one_listing_holds_are_looked_at_in_several(
    asked: WorkerProcess, suite: CompiledDocument, service: StandIn
):
    handles = [asked.submit(key(number), small(suite)) for number in range(51)]
    assert set(asked.call("status", {"handles": handles})) == set(handles)
    assert len(service.requests("status")) == 2


def test_a_listing_that_refuses_ids_leaves_single_looks(
    asked: WorkerProcess, suite: CompiledDocument, service: StandIn
):
    handles = [asked.submit(key(number), small(suite)) for number in range(3)]
    service.fault("status", "400")
    assert set(asked.call("status", {"handles": handles})) == set(handles)
    assert len(service.requests("status")) == 4


@pytest.mark.parametrize("measured", [True, False])
def test_the_digest_is_of_the_bytes_that_were_read(
    asked: WorkerProcess, suite: CompiledDocument, service: StandIn, measured: bool
):
    service.control("measured", on=measured)
    service.control("form", form="urls")
    handle = asked.submit(key(1), small(suite))
    ended(asked, handle)
    found = asked.fetch(handle, small(suite))
    kinds = ("shots", "probabilities") if measured else ("probabilities",)
    assert sum("/results/" in request["path"] for request in service.requests("fetch")) == len(kinds)
    read = hashlib.sha256()
    for kind in kinds:
        url = f"{service.url}/v0.4/jobs/{handle}/results/{kind}"
        with urlopen(Request(url, headers={"Authorization": f"apiKey {TOKEN}"})) as answer:
            read.update(answer.read())
    assert found["raw_sha256"] == read.hexdigest()
    assert found["charge"]["qpu_milliseconds"] == 12  # what is billed, rounded up


def test_cancelled_while_queued_and_refused_after_the_end(
    asked: WorkerProcess, suite: CompiledDocument, service: StandIn
):
    first = asked.submit(key(1), small(suite))
    asked.call("cancel", {"handle": first})
    assert ended(asked, first) == "cancelled"
    second = asked.submit(key(2), small(suite))
    ended(asked, second)
    with pytest.raises(protocol.AlreadyEnded):
        asked.call("cancel", {"handle": second})
    with pytest.raises(protocol.Gone):
        asked.fetch("unheard-of", small(suite))


def test_one_failing_circuit_of_several_keeps_the_others(
    asked: WorkerProcess, suite: CompiledDocument, service: StandIn
):
    service.control("failing", circuits=[1])
    handle = asked.submit(key(1), suite.submissions[0])
    ended(asked, handle)
    units = asked.fetch(handle, suite.submissions[0])["units"]
    assert [bool(each["problem"]) for each in units] == [False, True, False, False, False, False]


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_by_field_value_and_remedy(everything: dict[str, Any], name: str):
    assert BAD[name][1] in str(everything[name])


def test_debiasing_is_said_and_priced(everything: dict[str, Any]):
    """Where nothing is said IonQ debiases from 500 shots on: 168.20 USD where 25.79 was the price, in a user's log."""
    for name, on in (("debiased", True), ("plain", False)):
        (submission,) = everything[name].submissions
        assert json.loads(submission.payload)["body"]["settings"] == {"error_mitigation": {"debiasing": on}}
        assert (submission.usage.mitigated_tasks, submission.usage.tasks) == (int(on), 1)
        assert not everything[name].simulated
    assert everything["debiased"].submissions[0].usage.programs == 2
    (submission, _) = everything["suite"].submissions
    assert "settings" not in json.loads(submission.payload)["body"]
    assert (submission.usage.mitigated_tasks, submission.usage.programs) == (0, 6)


def test_what_is_not_told_to_a_qpu_is_taken_for_debiased(everything: dict[str, Any]):
    (submission,) = everything["plain"].submissions
    content = json.loads(submission.payload)
    del content["body"]["settings"]
    other = replace(submission, payload=json.dumps(content).encode())
    assert IonQ.estimate(other).mitigated_tasks == 1


@pytest.mark.parametrize("name", MODELS)
def test_every_noise_model_of_the_specification_is_sent(everything: dict[str, Any], name: str):
    (submission,) = everything[f"noise {name}"].submissions
    assert json.loads(submission.payload)["body"]["noise"] == {"model": name}


def test_a_job_has_no_more_circuits_than_one_fetch_reads(everything: dict[str, Any]):
    assert [len(each.units) for each in everything["many"].submissions] == [300, 300, 100]


def test_a_job_has_no_more_gates_and_bytes_than_ionq_takes():
    """IonQ's specification: 150,000 gates in a job, and 10 MB."""
    program = (
        "import json\n"
        "from qee.documents.compiled import Unit\n"
        "from qee.documents.result import Register\n"
        "from qee.connectors.vendors.ionq.compiling import _entry, _jobs, _submission\n"
        "from qee.sdk.errors import RunnerError\n"
        "unit = Unit('c', 0, 100, (Register('c', 1),), (0,))\n"
        "def sent(gate, gates, circuits):\n"
        "    jobs = list(_jobs([_entry(unit, [gate] * gates, 36) for _ in range(circuits)]))\n"
        "    return [_submission('simulator', 100, each, {}) for each in jobs]\n"
        "narrow, wide = {'gate': 'x', 'targets': [0]}, {'gate': 'x', 'targets': list(range(36))}\n"
        "assert [len(each.units) for each in sent(narrow, 50_000, 7)] == [3, 3, 1]\n"
        "sizes = [len(each.payload) for each in sent(wide, 20_000, 9)]\n"
        "assert max(sizes) < 10_000_000 < sum(sizes), sizes\n"
        "for gate, gates, what in ((narrow, 150_001, '150001 gates'), (wide, 100_000, 'bytes')):\n"
        "    try:\n"
        "        _entry(unit, [gate] * gates, 36)\n"
        "    except RunnerError as error:\n"
        "        assert error.reason == 'LimitExceeded' and what in error.message, error.message\n"
        "    else:\n"
        "        raise AssertionError(gates)\n"
    )
    subprocess.run([sdks.python("ionq"), "-c", program], check=True, env=sdks.environment())


def test_settings_that_cannot_be_are_refused(tmp_path: Path):
    with pytest.raises(Unauthorized, match="api-key"):
        IonQ(Settings("backend", "simulator", "", {}, str(tmp_path)))
    for options in ({"project": "x"}, {"endpoint": "api.ionq.co"}):
        with pytest.raises(Rejected, match=r"spec\.options\."):
            IonQ(Settings("backend", "simulator", "", options, str(tmp_path)))


def test_the_sdk_still_has_what_the_adapter_stands_on():
    program = (
        "from qiskit_ionq.ionq_client import IonQClient as C; c = C('t', 'http://x/v0.4/')\n"
        "assert c.make_path('jobs', '1') == 'http://x/v0.4/jobs/1'\n"
        "assert c.api_headers['Authorization'] == 'apiKey t'\n"
        "from qiskit_ionq.helpers import qiskit_circ_to_ionq_circ\n"
    )
    subprocess.run([sdks.python("ionq"), "-c", program], check=True, env=sdks.environment())


def test_the_credential_is_in_no_answer_and_in_no_log(
    asked: WorkerProcess, suite: CompiledDocument, service: StandIn, written: Path
):
    for fault in ("401", "503", "malformed"):
        service.fault("submit", fault)
        with pytest.raises(protocol.ProviderError):
            asked.submit(key(9), small(suite))
    assert len(asked.answers) > 10
    assert not any(TOKEN in answer for answer in asked.answers)
    assert TOKEN not in written.read_text()
