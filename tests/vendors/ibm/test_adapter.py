"""IBM's adapter in its worker, on the real SDK, against a stand-in of the service."""

import json
import math
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from e2e.cluster import sdks
from e2e.cluster.cache import CHECKOUT
from scipy.stats import binom
from tests.standins import base
from tests.standins.running import StandIn, WorkerProcess, prepared, standin, worker

from qee.connectors import protocol
from qee.connectors.protocol import ENDED, Settings
from qee.connectors.vendors.ibm.adapter import Ibm
from qee.documents.compiled import CompiledDocument, Submission
from qee.documents.run import CircuitRun, JobReference, Observable, RunDocument, TranspileOptions

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0:11111111-2222-3333-4444-555555555555::"
TOKEN = "canary-7f3a9c51e2"
KEY = "0123456789abcdef0123456789abcdef01234567"
FALSE_ALARM = 1e-6
PI = repr(math.pi)


def qasm(body: str) -> str:
    return f'OPENQASM 3.0; include "stdgates.inc"; {body}'


BELL = qasm("qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;")
TWO_REGISTERS = qasm("qubit[5] q; bit[3] a; bit[2] b; x q[0]; x q[3]; a = measure q[0:2]; b = measure q[3:4];")
PERMUTED = qasm("qubit[5] q; bit[4] c; x q[2]; x q[3]; c[0] = measure q[2]; c[3] = measure q[1]; c[1] = measure q[3];")
SINGLE_BITS = qasm("qubit[3] q; bit a; bit[2] b; x q[1]; a = measure q[0]; b[0] = measure q[1]; b[1] = measure q[2];")
SWEEP = qasm("input float low; input float high; qubit[2] q; bit[2] c; rx(low) q[0]; rx(high) q[1]; c = measure q;")
VANISHING = qasm("input float phi; qubit q; bit[1] c; x q; rz(phi) q; c[0] = measure q;")
QASM2 = (
    'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg b[1]; creg a[1]; x q[1];'
    " measure q[0]->b[0]; measure q[1]->a[0];"
)
FED_FORWARD = qasm(
    "qubit[3] q; bit[1] m; bit[2] r; x q[0]; m[0] = measure q[0]; reset q[0]; if (m == 1) { x q[2]; }"
    " r[0] = measure q[0]; r[1] = measure q[2];"
)
PREPARED = qasm("input float phi; qubit[2] q; rx(phi) q[1];")

CIRCUITS = (
    CircuitRun("bell", "openqasm3", BELL, 4000),
    CircuitRun("two-registers", "openqasm3", TWO_REGISTERS, 100),
    CircuitRun("permuted", "openqasm3", PERMUTED, 100),
    CircuitRun("single-bits", "openqasm3", SINGLE_BITS, 100),
    CircuitRun("sweep", "openqasm3", SWEEP, 100, {"high": (PI, "0", PI), "low": ("0", PI, PI)}),
    CircuitRun("vanishing", "openqasm3", VANISHING, 100, {"phi": ("0.1", "0.2")}),
    CircuitRun("openqasm2", "openqasm2", QASM2, 100),
)
CORRELATIONS = (Observable("zz", {"ZZ": "1"}), Observable("xx", {"XX": "2"}))
OBSERVABLES = (Observable("low", {"IZ": "1"}), Observable("high", {"ZI": "1", "II": "0.5"}))
DECOUPLED = {"dynamical_decoupling": {"enable": True, "sequence_type": "XY4"}, "max_execution_time": 30}

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown option": ({"provider_options": {"shot": 3}}, "spec.providerOptions.shot: no option of the sampler; there"),
    "unknown inner option": (
        {"provider_options": {"twirling": {"gates": True}}},
        "spec.providerOptions.twirling.gates: no option of sampler's twirling; there are enable_gates,",
    ),
    "wrong value": (
        {"provider_options": {"twirling": {"strategy": "some"}}},
        "spec.providerOptions.twirling.strategy: Input should be 'active'",
    ),
    "wrong number": ({"provider_options": {"twirling": {"num_randomizations": 0}}}, "must be >=1"),
    "no map": ({"provider_options": {"twirling": True}}, "spec.providerOptions.twirling: give a map of options"),
    "private": ({"provider_options": {"environment": {"private": True}}}, "providerOptions.environment: not offered"),
    "limit": (
        {"provider_options": {"max_execution_time": 0}},
        "providerOptions.max_execution_time: give whole seconds",
    ),
    "equivalence": ({"transpile": TranspileOptions(verify_equivalence=True)}, "spec.transpile.verifyEquivalence: true"),
    "layout": (
        {"transpile": TranspileOptions(initial_layout=(0, 9))},
        "ibm_manila has no qubit 9; its qubits are 0 to 4",
    ),
    "layout size": ({"transpile": TranspileOptions(initial_layout=(0,))}, "has 1 qubits, the circuit has 2"),
    "verbatim": ({"transpile": TranspileOptions(verbatim=True)}, "instruction h on qubits (0,) is not supported"),
    "verbatim level": (
        {"transpile": TranspileOptions(verbatim=True, optimization_level=1)},
        "leave out optimizationLevel, or verbatim",
    ),
    "two programs": ({"outputs": ("counts", "expectation")}, "spec.outputs: counts comes from IBM's sampler"),
    "no observables": ({"outputs": ("expectation",)}, "circuit bell: observables: there are none"),
    "too many qubits": (
        {"circuits": (CircuitRun("wide", "openqasm3", qasm("qubit[6] q; bit[6] c; c = measure q;"), 1),)},
        "circuit wide: 6 qubits: ibm_manila has 5; use fewer",
    ),
    "program": ({"provider_options": {"program": "batch"}}, "providerOptions.program: there are primitives, executor"),
    "session": (
        {"provider_options": {"session_id": "a" * 37}},
        "providerOptions.session_id: give the id of an open session or batch, 36 letters, digits, - and _ at most",
    ),
    "session of another kind": ({"provider_options": {"session_id": 7}}, "providerOptions.session_id: give the id"),
    "session as a path": ({"provider_options": {"session_id": "a/../b"}}, "providerOptions.session_id: give the id"),
    "too few twirled": (
        {"provider_options": {"twirling": {"enable_gates": True, "num_randomizations": 3}}},
        "twirling: it takes 3 randomizations of 1334 shots, 4002 in all, spec.shots says 4000; make shots 4002, or",
    ),
    "twirled otherwise": (
        {
            "provider_options": {
                "twirling": {"enable_measure": True, "num_randomizations": 32, "shots_per_randomization": 10}
            }
        },
        "twirling: it takes 32 randomizations of 10 shots, 320 in all, spec.shots says 4000",
    ),
    "twirled by itself": (
        {"circuits": (replace(CIRCUITS[0], shots=1000),), "provider_options": {"twirling": {"enable_gates": True}}},
        "twirling: it takes 16 randomizations of 64 shots, 1024 in all, spec.shots says 1000; make shots 1024",
    ),
    "label": (
        {"outputs": ("expectation",), "circuits": (replace(CIRCUITS[0], observables=(Observable("o", {"Z": "1"}),)),)},
        "Z has 1 letters, the circuit has 2 qubits",
    ),
}
# The stand-in's operation of each call; cancel's answer has no body that could be malformed.
CALLS = {"describe": "target", "find": "find", "status": "status", "fetch": "fetch", "cancel": "cancel"}
GOOD: dict[str, dict[str, Any]] = {
    "all": {"circuits": CIRCUITS, "outputs": ("counts", "memory")},
    "again": {"circuits": CIRCUITS, "outputs": ("counts", "memory")},
    "bell": {"circuits": (replace(CIRCUITS[0], shots=10),)},
    "options": {"provider_options": DECOUPLED},
    "twirled": {"provider_options": {"twirling": {"enable_gates": True, "num_randomizations": 32}}},
    "session": {"provider_options": {"session_id": "0b0f1a52-7a7c-4fd2-8d7f-1d2e3f405162"}},
    "many shots": {"circuits": (replace(CIRCUITS[0], shots=100_001),)},
    "too many executions": {
        "circuits": (
            CircuitRun("sweep", "openqasm3", SWEEP, 20_000, {"high": ("0",) * 1000, "low": ("0",) * 1000}),
            replace(CIRCUITS[0], shots=20_000),
        )
    },
    "endless": {"provider_options": {"max_execution_time": 100_000}},
    "delay": {"provider_options": {"execution": {"rep_delay": "0.00025", "init_qubits": True}}},
    "layout": {"transpile": TranspileOptions(initial_layout=(4, 3), optimization_level=0)},
    "dynamic": {"circuits": (CircuitRun("fed-forward", "openqasm3", FED_FORWARD, 20),)},
    "estimated": {
        "circuits": (
            CircuitRun("prepared", "openqasm3", PREPARED, 100, {"phi": ("0", PI)}, OBSERVABLES),
            CircuitRun("bell", "openqasm3", BELL, 400, {}, CORRELATIONS),
        ),
        "outputs": ("expectation",),
        "precision": "0.01",
        "provider_options": {"resilience_level": 1, "resilience": {"zne": {"noise_factors": ["1", "1.5", "3"]}}},
    },
}


@pytest.fixture(scope="module")
def ibm() -> Iterator[StandIn]:
    with standin("ibm", "--token", TOKEN) as running:
        yield running


@pytest.fixture(autouse=True)
def _reset(ibm: StandIn) -> None:
    ibm.control("reset", now=True)


def settings(ibm: StandIn, folder: Path, device: str = "ibm_manila", token: str = TOKEN) -> Settings:
    (folder / "token").write_text(token + "\n")
    (folder / "instance").write_text(CRN)
    return Settings("qpu", device, options={"endpoint": ibm.url}, credentials=str(folder))


@pytest.fixture(scope="module")
def connector(ibm: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    with worker("ibm", settings(ibm, tmp_path_factory.mktemp("credentials"))) as running:
        yield running


@pytest.fixture(scope="module")
def target(connector: WorkerProcess) -> dict[str, Any]:
    found: dict[str, Any] = connector.call("describe")
    return found


def run_document(snapshot: str, **fields: Any) -> RunDocument:
    wanted = {"circuits": CIRCUITS[:1], **fields}
    return RunDocument(JobReference("lab", "job", "uid"), "qpu", "ibm", 7, False, target=snapshot.encode(), **wanted)


@pytest.fixture(scope="module")
def made(target: dict[str, Any]) -> dict[str, CompiledDocument | str]:
    """Everything that is compiled here, in one process."""
    wanted = {**GOOD, **{f"bad {name}": fields for name, (fields, _) in BAD.items()}}
    documents = [run_document(target["snapshot"], **fields) for fields in wanted.values()]
    return dict(zip(wanted, prepared("ibm", documents), strict=True))


@pytest.fixture(scope="module")
def bell(made: dict[str, CompiledDocument | str]) -> Submission:
    return document(made, "bell").submissions[0]


def document(made: dict[str, CompiledDocument | str], name: str) -> CompiledDocument:
    found = made[name]
    assert isinstance(found, CompiledDocument), found
    return found


def ended(connector: WorkerProcess, handle: str) -> str:
    for _ in range(5):
        phase: str = connector.call("status", {"handles": [handle]})[handle]["phase"]
        if phase in ENDED:
            return phase
    raise AssertionError(f"still {phase}")


def results(connector: WorkerProcess, compiled: CompiledDocument) -> dict[tuple[str, int], dict[str, Any]]:
    found = {}
    for number, submission in enumerate(compiled.submissions):
        handle = connector.submit(f"{number:040x}", submission)
        assert ended(connector, handle) == "succeeded"
        fetched = connector.fetch(handle, submission)
        assert len(fetched["units"]) == len(submission.units)
        for unit, result in zip(submission.units, fetched["units"], strict=True):
            assert result["problem"] == ""
            found[unit.circuit, unit.parameter_set] = result
    return found


def test_loading_the_class_imports_neither_the_sdk_nor_numpy() -> None:
    program = (
        "import sys; from qee.sdk.adapters import adapter; adapter('ibm');"
        " print([name for name in ('numpy', 'qiskit', 'qiskit_ibm_runtime', 'requests') if name in sys.modules])"
    )
    done = subprocess.run(
        [sdks.python("ibm"), "-c", program], env=sdks.environment(), cwd=CHECKOUT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("changes", "expected", "message"),
    [
        ({"options": {"hub": "x"}}, protocol.Rejected, "options.hub is none of provider ibm; there are endpoint,"),
        ({"options": {"privateEndpoint": "yes"}}, protocol.Rejected, "options.privateEndpoint: 'yes' is neither"),
        ({"options": {"instance": "my-instance"}}, protocol.Rejected, "instance is no CRN"),
        ({"region": "eu-de"}, protocol.Rejected, "region: 'eu-de' is not that of the instance, us-east"),
        ({"credentials": ""}, protocol.Unauthorized, "credential token is missing"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    ibm: StandIn, tmp_path: Path, changes: dict[str, Any], expected: type[Exception], message: str
) -> None:
    good = settings(ibm, tmp_path)
    Ibm(good)
    with pytest.raises(expected, match=message):
        Ibm(replace(good, **changes))


def test_the_estimate_is_what_compiling_wrote(made: dict[str, CompiledDocument | str]) -> None:
    for name in GOOD:
        for submission in document(made, name).submissions:
            assert Ibm.estimate(submission) == submission.usage


def test_the_sdk_has_the_private_names_that_the_adapter_relies_on() -> None:
    program = (
        "import inspect\n"
        "from qee.connectors.vendors.ibm.calls import Session, Token\n"
        "from qee.connectors.vendors.ibm.session import TIMEOUT\n"
        "from qiskit_ibm_runtime.api.rest.runtime import Runtime\n"
        "from qiskit_ibm_runtime.api.session import RetrySession\n"
        "from qiskit_ibm_runtime.options import SamplerOptions, EstimatorOptions\n"
        "session = Session('https://ibm.invalid', None)\n"
        "for scheme in ('https://ibm.invalid', 'http://ibm.invalid'):\n"
        "    retries = session.get_adapter(scheme).max_retries\n"
        "    assert retries.total == 0 and not retries.is_retry('POST', 503) and type(retries).__name__ == 'Retry'\n"
        "assert session._timeout == TIMEOUT and None not in TIMEOUT\n"
        "assert 'retries_total' in inspect.signature(RetrySession.__init__).parameters\n"
        "taken = inspect.signature(Runtime.program_run).parameters\n"
        "assert {'program_id', 'backend_name', 'params', 'job_tags', 'max_execution_time'} <= set(taken)\n"
        "assert 'session_id' in taken\n"
        "assert all(hasattr(each, '_get_program_inputs') for each in (SamplerOptions, EstimatorOptions))\n"
    )
    done = subprocess.run([sdks.python("ibm"), "-c", program], env=sdks.environment(), cwd="/", capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_a_device_is_described(target: dict[str, Any]) -> None:
    assert target["operational"] is True
    assert target["qubits"] == 5
    assert target["basis_gates"] == ["cx", "id", "rz", "sx", "x"]
    assert target["max_shots"] == 10_000_000  # IBM's of a job; the configuration says 100,000 and IBM that it is over
    assert target["simulated"] is False
    assert target["calibration_time"].endswith("Z")


def test_circuits_of_the_same_shots_share_a_provider_job(made: dict[str, CompiledDocument | str]) -> None:
    first, second = document(made, "all").submissions
    assert [unit.circuit for unit in first.units] == ["bell"]
    assert [(unit.circuit, unit.parameter_set) for unit in second.units] == [
        *((name, 0) for name in ("two-registers", "permuted", "single-bits")),
        *(("sweep", row) for row in range(3)),
        *(("vanishing", row) for row in range(2)),
        ("openqasm2", 0),
    ]
    assert (
        len(json.loads(second.payload)["params"]["pubs"]) == 7
    )  # the sweep is one; two of the one without a parameter
    assert (first.usage.tasks, first.usage.shots, second.usage.shots) == (1, 4000, 900)
    assert first.usage.qpu_milliseconds == 10_800_000  # the service's own limit


def test_the_same_job_compiles_to_the_same_bytes(made: dict[str, CompiledDocument | str]) -> None:
    assert document(made, "all").to_bytes() == document(made, "again").to_bytes()


def test_counts_come_back_in_the_order_of_the_registers(
    connector: WorkerProcess, made: dict[str, CompiledDocument | str]
) -> None:
    found = results(connector, document(made, "all"))
    assert {where: result["counts"] for where, result in found.items() if where[0] != "bell"} == {
        ("two-registers", 0): {"01001": 100},
        ("permuted", 0): {"0011": 100},
        ("single-bits", 0): {"010": 100},
        ("sweep", 0): {"10": 100},
        ("sweep", 1): {"01": 100},
        ("sweep", 2): {"11": 100},
        ("vanishing", 0): {"1": 100},
        ("vanishing", 1): {"1": 100},
        ("openqasm2", 0): {"10": 100},
    }
    counts = found["bell", 0]["counts"]
    assert counts.keys() == {"00", "11"}
    assert sum(counts.values()) == 4000
    assert binom.ppf(FALSE_ALARM / 2, 4000, 0.5) <= counts["00"] <= binom.ppf(1 - FALSE_ALARM / 2, 4000, 0.5)
    memory = found["bell", 0]["memory"]
    assert {each: memory.count(each) for each in set(memory)} == counts
    assert all(result["probabilities"] is None for result in found.values())


def test_memory_is_left_out_unless_it_is_asked_for(connector: WorkerProcess, bell: Submission) -> None:
    handle = connector.submit(KEY, bell)
    ended(connector, handle)
    assert connector.fetch(handle, bell)["units"][0]["memory"] is None


def test_a_circuit_acts_on_what_it_has_measured(
    connector: WorkerProcess, made: dict[str, CompiledDocument | str]
) -> None:
    found = results(connector, document(made, "dynamic"))
    assert found["fed-forward", 0]["counts"] == {"101": 20}


def test_expectation_values_come_from_the_estimator(
    connector: WorkerProcess, made: dict[str, CompiledDocument | str]
) -> None:
    compiled = document(made, "estimated")
    (submission,) = compiled.submissions  # one precision, so one job
    assert submission.usage.shots == 10_000 * (2 * 1 + 2)  # two rows of one basis, and two bases
    found = results(connector, compiled)
    expected = {
        ("prepared", 0): {"low": 1, "high": 1.5},
        ("prepared", 1): {"low": 1, "high": -0.5},
        ("bell", 0): {"zz": 1, "xx": 2},
    }
    for where, values in expected.items():
        assert found[where]["counts"] is None
        for name, value in values.items():
            told, error = found[where]["expectation"][name]
            assert float(error) == pytest.approx(0.01)
            assert abs(float(told) - value) < 6 * 0.01  # normal, six standard errors: 2e-9


def test_a_whole_heron_is_compiled_for_and_nothing_tells_the_key(
    ibm: StandIn, tmp_path: Path, bell: Submission
) -> None:
    """156 qubits as IBM has them now; and the canary: the key is in no answer and not in what the worker logs."""
    with (
        (tmp_path / "stderr").open("w+") as stderr,
        worker("ibm", settings(ibm, tmp_path, "ibm_fez"), stderr) as canary,
    ):
        described = canary.call("describe")
        assert (described["qubits"], described["basis_gates"]) == (156, ["cz", "id", "rz", "sx", "x"])
        assert len(described["snapshot"]) < 2**19
        (compiled,) = prepared("ibm", [run_document(described["snapshot"], circuits=(CIRCUITS[1],))])
        assert isinstance(compiled, CompiledDocument)
        assert results(canary, compiled)["two-registers", 0]["counts"] == {"01001": 100}
        for fault in ("401", "503", "malformed", "drop"):
            ibm.fault("submit", fault)
            with pytest.raises(protocol.ProviderError):
                canary.submit(KEY, bell)
        ibm.fault("status", "401")
        with pytest.raises(protocol.Unauthorized):
            canary.call("status", {"handles": ["d1"]})
        ibm.fault("other", "503")
        with pytest.raises(protocol.Throttled, match=r"nothing was sent\. IBM Cloud IAM answers 503"):
            canary.submit(KEY, bell)
        heard = "".join(canary.answers)
    assert TOKEN not in heard
    assert TOKEN not in (tmp_path / "stderr").read_text()
    assert len(ibm.requests("submit")) == 5


def test_a_wrong_key_is_unauthorized_and_never_sent_to_the_service(ibm: StandIn, tmp_path: Path) -> None:
    with (
        (tmp_path / "stderr").open("w+") as stderr,
        worker("ibm", settings(ibm, tmp_path, token="wrong-9d1e"), stderr) as running,
    ):
        with pytest.raises(protocol.Unauthorized, match="IAM refuses the API key"):
            running.call("describe")
        assert "wrong-9d1e" not in "".join(running.answers)
    assert "wrong-9d1e" not in (tmp_path / "stderr").read_text()
    assert ibm.requests("target") == []


SUBMITTED: dict[str, tuple[type[Exception], int]] = {
    "accept-then-drop": (protocol.Ambiguous, 1),
    "accept-then-503": (protocol.Ambiguous, 1),
    "503": (protocol.Ambiguous, 0),
    "drop": (protocol.Ambiguous, 0),
    "429": (protocol.Throttled, 0),
    "400": (protocol.Rejected, 0),
    "401": (protocol.Unauthorized, 0),
    "409": (protocol.Rejected, 0),
    "404": (protocol.Rejected, 0),
    "malformed": (protocol.Ambiguous, 1),
}


@pytest.mark.parametrize("fault", SUBMITTED)
def test_a_failed_submission_is_one_post_and_is_told_apart(
    ibm: StandIn, connector: WorkerProcess, bell: Submission, fault: str
) -> None:
    expected, jobs = SUBMITTED[fault]
    ibm.fault("submit", fault, times=9)
    with pytest.raises(protocol.ProviderError) as raised:
        connector.submit(KEY, bell)
    assert type(raised.value) is expected
    if isinstance(raised.value, protocol.Throttled):
        assert raised.value.retry_after == 1
    assert [each["method"] for each in ibm.requests("submit")] == ["POST"]
    assert len(ibm.jobs) == jobs
    assert len(connector.find([KEY]).get(KEY, [])) == jobs


def test_every_fault_of_a_submission_is_tried() -> None:
    assert {*SUBMITTED, "slow", "hang"} == set(base.FAULTS)


def test_a_slow_submission_is_one_job(ibm: StandIn, connector: WorkerProcess, bell: Submission) -> None:
    ibm.fault("submit", "slow", seconds=0.5)
    assert connector.find([KEY]) == {}
    handle = connector.submit(KEY, bell)
    assert connector.find([KEY]) == {KEY: [handle]}
    assert len(ibm.requests("submit")) == 1


def test_a_request_that_hangs_is_killed_with_its_worker_and_the_job_is_found(
    ibm: StandIn, connector: WorkerProcess, tmp_path: Path, bell: Submission
) -> None:
    ibm.fault("submit", "hang")
    with worker("ibm", settings(ibm, tmp_path)) as hanging:
        hanging.die_in("submit", {"key": KEY, "submission": bell.as_json()}, lambda: ibm.requests("submit"))
    assert len(ibm.requests("submit")) == 1
    assert connector.find([KEY]) == {KEY: [ibm.jobs[0]["handle"]]}


def test_what_the_service_refuses_is_rejected_with_its_words(
    ibm: StandIn, connector: WorkerProcess, bell: Submission
) -> None:
    payload = json.loads(bell.payload)
    payload["params"]["pubs"] = []
    with pytest.raises(protocol.Rejected, match=r"submit: IBM answers 400 \(8055: Job has no PUBs"):
        connector.submit(KEY, replace(bell, payload=json.dumps(payload).encode()))
    with pytest.raises(protocol.Rejected, match="the payload is none of provider ibm's"):
        connector.submit(KEY, replace(bell, payload=b"{}"))
    assert len(ibm.requests("submit")) == 1


def test_a_submission_carries_tag_program_and_limit(
    ibm: StandIn, connector: WorkerProcess, made: dict[str, CompiledDocument | str]
) -> None:
    (submission,) = document(made, "options").submissions
    assert submission.usage.qpu_milliseconds == 30_000
    connector.submit(KEY, submission)
    body = ibm.jobs[0]["body"]
    assert (body["program_id"], body["backend"], body["tags"], body["cost"]) == (
        "sampler",
        "ibm_manila",
        [f"qee-{KEY}"],
        30,
    )
    assert body["params"]["options"] == {"dynamical_decoupling": {"enable": True, "sequence_type": "XY4"}}
    assert "private" not in body
    assert "session_id" not in body


def test_a_submission_goes_into_the_session_that_is_named(
    ibm: StandIn, connector: WorkerProcess, made: dict[str, CompiledDocument | str]
) -> None:
    connector.submit(KEY, document(made, "session").submissions[0])
    assert ibm.jobs[0]["body"]["session_id"] == "0b0f1a52-7a7c-4fd2-8d7f-1d2e3f405162"


def test_a_payload_with_a_session_that_is_none_is_not_sent(
    ibm: StandIn, connector: WorkerProcess, bell: Submission
) -> None:
    payload = {**json.loads(bell.payload), "session": "a/b"}
    with pytest.raises(protocol.Rejected, match="the payload is none of provider ibm's"):
        connector.submit(KEY, replace(bell, payload=json.dumps(payload).encode()))
    assert ibm.jobs == []


def test_shots_beyond_the_devices_old_limit_are_sent(made: dict[str, CompiledDocument | str]) -> None:
    assert document(made, "many shots").submissions[0].usage.shots == 100_001


def test_no_job_has_more_executions_than_ibm_takes(made: dict[str, CompiledDocument | str]) -> None:
    """1,000 rows of 20,000 shots are 20 million; a job has 10 million at most (IBM's guide "Job limits")."""
    parts = document(made, "too many executions").submissions
    assert [each.usage.shots for each in parts] == [10_000_000, 10_000_000, 20_000]
    assert [unit.parameter_set for unit in parts[1].units] == list(range(500, 1000))
    payload = json.loads(parts[2].payload)
    payload["params"]["pubs"][0][2] = 10_000_001
    unit = replace(parts[2].units[0], shots=10_000_001)
    large = replace(parts[2], payload=json.dumps(payload).encode(), units=(unit,))
    with pytest.raises(ValueError, match="a job has 10000000 at most"):
        Ibm.estimate(large)


def test_a_limit_beyond_the_services_own_is_no_longer_one(made: dict[str, CompiledDocument | str]) -> None:
    assert document(made, "endless").submissions[0].usage.qpu_milliseconds == 10_800_000


def test_options_are_sent_as_the_sdk_words_them(made: dict[str, CompiledDocument | str]) -> None:
    (delay,) = document(made, "delay").submissions
    assert json.loads(delay.payload)["params"]["options"] == {"execution": {"rep_delay": 0.00025, "init_qubits": True}}
    (estimated,) = document(made, "estimated").submissions
    params = json.loads(estimated.payload)["params"]
    assert params["resilience_level"] == 1
    assert params["options"] == {"resilience": {"zne": {"noise_factors": [1.0, 1.5, 3.0]}}}


def test_a_layout_that_is_asked_for_is_kept(connector: WorkerProcess, made: dict[str, CompiledDocument | str]) -> None:
    compiled = document(made, "layout")
    assert compiled.circuits[0].two_qubit_gates == 1
    assert results(connector, compiled)["bell", 0]["counts"].keys() == {"00", "11"}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_fit_the_device_or_the_sdk_is_refused_by_name(
    made: dict[str, CompiledDocument | str], name: str
) -> None:
    refused = made[f"bad {name}"]
    assert isinstance(refused, str)
    assert BAD[name][1] in refused


def test_find_sees_a_job_as_soon_as_it_is_listed(ibm: StandIn, connector: WorkerProcess, bell: Submission) -> None:
    handle = connector.submit(KEY, bell)
    ibm.control("facts", handle=handle, facts={"hidden": True})
    assert connector.find([KEY]) == {}
    ibm.control("facts", handle=handle, facts={"hidden": False})
    assert connector.find([KEY, "f" * 40]) == {KEY: [handle]}


def test_find_reads_every_page_and_gives_the_oldest_first(
    ibm: StandIn, connector: WorkerProcess, bell: Submission
) -> None:
    connector.submit("e" * 40, bell)
    handles = [connector.submit(KEY, bell) for _ in range(103)]
    ibm.control("release", hold=True)
    assert connector.find([KEY]) == {KEY: handles}
    assert len(ibm.requests("find")) == 3
    states = connector.call("status", {"handles": [handles[0], handles[-1], "d404"]})
    assert states.keys() == {handles[0], handles[-1]}
    assert len(ibm.requests("find")) == 4  # one list of the newest
    assert len(ibm.requests("status")) == 2  # the oldest, and the one that is not there


@pytest.mark.parametrize(
    ("call", "fault", "expected"),
    [
        *((call, "429", protocol.Throttled) for call in CALLS),
        *((call, "401", protocol.Unauthorized) for call in CALLS),
        *((call, fault, protocol.Unreachable) for call in list(CALLS)[:-1] for fault in ("503", "drop", "malformed")),
        ("cancel", "503", protocol.Unreachable),
        ("cancel", "409", protocol.AlreadyEnded),
        ("describe", "404", protocol.Rejected),
        ("find", "404", protocol.Unreachable),
        ("fetch", "404", protocol.Gone),
        ("cancel", "404", protocol.Gone),
    ],
)
def test_other_calls_that_fail_are_told_apart_and_not_repeated(
    ibm: StandIn,
    connector: WorkerProcess,
    bell: Submission,
    call: str,
    fault: str,
    expected: type[Exception],
) -> None:
    handle = connector.submit(KEY, bell)
    ended(connector, handle)
    arguments = {
        "describe": {},
        "find": {"keys": [KEY], "since": "2026-01-01T00:00:00Z"},
        "status": {"handles": [handle]},
        "fetch": {"handle": handle, "submission": bell.as_json()},
        "cancel": {"handle": handle},
    }[call]
    operation = CALLS[call]
    before = len(ibm.requests(operation))
    ibm.fault(operation, fault)
    with pytest.raises(protocol.ProviderError) as raised:
        connector.call(call, arguments)
    assert type(raised.value) is expected
    assert len(ibm.requests(operation)) == before + 1


def test_a_job_that_the_provider_does_not_know_is_left_out_or_gone(ibm: StandIn, connector: WorkerProcess) -> None:
    assert connector.call("status", {"handles": ["d404"]}) == {}
    assert connector.call("status", {"handles": ["../x"]}) == {}
    with pytest.raises(protocol.Gone):
        connector.call("cancel", {"handle": "../x"})
    assert [each["path"] for each in ibm.requests("status")] == ["/api/v1/jobs/d404?exclude_params=true"]


def test_a_queued_job_is_cancelled_and_an_ended_one_is_not(
    ibm: StandIn, connector: WorkerProcess, bell: Submission
) -> None:
    ibm.control("release", hold=True)
    handle = connector.submit(KEY, bell)
    assert connector.call("status", {"handles": [handle]})[handle]["phase"] == "queued"
    with pytest.raises(protocol.Unreachable, match="has not ended, it is Queued"):
        connector.fetch(handle, bell)
    connector.call("cancel", {"handle": handle})
    assert ended(connector, handle) == "cancelled"
    assert connector.fetch(handle, bell)["units"][0]["problem"] == "the provider job is cancelled: Cancelled"
    with pytest.raises(protocol.AlreadyEnded, match="1295: The job is in a final state"):
        connector.call("cancel", {"handle": handle})


def test_a_status_that_nobody_knows_is_unknown(ibm: StandIn, connector: WorkerProcess, bell: Submission) -> None:
    handle = connector.submit(KEY, bell)
    ibm.control("facts", handle=handle, facts={"status": "Mended"})
    state = connector.call("status", {"handles": [handle]})[handle]
    assert (state["phase"], state["message"]) == ("unknown", "Mended")


def test_a_job_that_ran_too_long_has_failed(ibm: StandIn, connector: WorkerProcess, bell: Submission) -> None:
    handle = connector.submit(KEY, bell)
    told = {"status": "Cancelled", "reason": "Job ran too long", "reason_code": 1305}
    ibm.control("facts", handle=handle, facts={"state": told})
    state = connector.call("status", {"handles": [handle]})[handle]
    assert (state["phase"], state["message"]) == ("failed", "Cancelled: 1305: Job ran too long")


def test_a_part_that_fails_leaves_the_others_their_results(
    ibm: StandIn, connector: WorkerProcess, made: dict[str, CompiledDocument | str]
) -> None:
    failing, kept = document(made, "all").submissions
    handles = [connector.submit(f"{number:040x}", each) for number, each in enumerate((failing, kept))]
    ibm.control("facts", handle=handles[0], facts={"fail": "qubit lost"})
    ibm.control("facts", handle=handles[1], facts={"cut": 2})
    assert [ended(connector, handle) for handle in handles] == ["failed", "succeeded"]
    lost = connector.fetch(handles[0], failing)
    assert [unit["problem"] for unit in lost["units"]] == [
        "the provider job is failed: Failed: 9999: RuntimeError: qubit lost"
    ]
    assert lost["charge"]["qpu_milliseconds"] == 0
    units = connector.fetch(handles[1], kept)["units"]
    assert [unit["counts"] for unit in units[:2]] == [{"01001": 100}, {"0011": 100}]
    assert all("cannot be read" in unit["problem"] and unit["counts"] is None for unit in units[2:])


def test_the_charged_time_and_the_digest_of_what_came_are_told(
    ibm: StandIn, connector: WorkerProcess, bell: Submission
) -> None:
    handle = connector.submit(KEY, bell)
    ended(connector, handle)
    first, second = (connector.fetch(handle, bell) for _ in range(2))
    assert first["charge"] == {"qpu_milliseconds": 2000, "amount": None, "currency": None}
    assert first["raw_sha256"] == second["raw_sha256"]
    assert first == second
