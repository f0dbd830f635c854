"""IBM's program executor, which the SDK's client-side primitives use: against IBM's schemas, the SDK, and theory."""

import json
import math
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from e2e.cluster import sdks
from scipy.stats import binom
from tests.vendors.ibm.world import KEY, World, qasm, settings, world

from qee.connectors import protocol
from qee.connectors.vendors.ibm.adapter import Ibm
from qee.documents.compiled import CompiledDocument
from qee.documents.run import CircuitRun, Observable, TranspileOptions

PI = repr(math.pi)
FALSE_ALARM = 1e-6
EXECUTOR: dict[str, Any] = {"program": "executor"}
BELL = qasm("qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;")
TWO_REGISTERS = qasm("qubit[5] q; bit[3] a; bit[2] b; x q[0]; x q[3]; a = measure q[0:2]; b = measure q[3:4];")
PERMUTED = qasm("qubit[5] q; bit[4] c; x q[2]; x q[3]; c[0] = measure q[2]; c[3] = measure q[1]; c[1] = measure q[3];")
SWEEP = qasm("input float low; input float high; qubit[2] q; bit[2] c; rx(low) q[0]; rx(high) q[1]; c = measure q;")
VANISHING = qasm("input float phi; qubit q; bit[1] c; x q; rz(phi) q; c[0] = measure q;")
TWELVE = qasm(
    "".join(f"input float t{n}; " for n in range(12))
    + "qubit[4] q; bit[4] c; "
    + "".join(f"rx(t{n}) q[{n % 4}]; " for n in range(12))
    + "c = measure q;"
)
FED_FORWARD = qasm(
    "qubit[3] q; bit[1] m; bit[2] r; x q[0]; m[0] = measure q[0]; reset q[0]; if (m == 1) { x q[2]; }"
    " r[0] = measure q[0]; r[1] = measure q[2];"
)
TILTED = qasm("input float theta; qubit[2] q; ry(theta) q[0]; cx q[0], q[1];")
CIRCUITS = (
    CircuitRun("bell", "openqasm3", BELL, 4000),
    CircuitRun("two-registers", "openqasm3", TWO_REGISTERS, 101),
    CircuitRun("permuted", "openqasm3", PERMUTED, 101),
    CircuitRun("sweep", "openqasm3", SWEEP, 101, {"high": (PI, "0", PI), "low": ("0", PI, PI)}),
    CircuitRun("vanishing", "openqasm3", VANISHING, 101, {"phi": ("0.1", "0.2")}),
    CircuitRun("twelve", "openqasm3", TWELVE, 101, {f"t{n}": (PI if n in (1, 2, 6, 11) else "0",) for n in range(12)}),
    CircuitRun("fed-forward", "openqasm3", FED_FORWARD, 101),
)
# By theory of cos(t/2)|00> + sin(t/2)|11>: <ZZ> = 1, <ZI> = cos t, <XX> = sin t, <YY> = -sin t.
OBSERVABLES = (
    Observable("parity", {"ZZ": "1"}),
    Observable("energy", {"ZI": "0.5", "XX": "-2", "YY": "1", "II": "3"}),
    Observable("both", {"ZZ": "0.25", "IZ": "0.25", "XX": "1"}),
)
TIMES = ("0.3", "1.1", "2.5")


def expected(t: float) -> dict[str, float]:
    return {
        "parity": 1,
        "energy": 0.5 * math.cos(t) - 3 * math.sin(t) + 3,
        "both": 0.25 + 0.25 * math.cos(t) + math.sin(t),
    }


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("credentials")) as found:
        yield found


@pytest.fixture(scope="module")
def compiled(there: World) -> CompiledDocument:
    return there.document(circuits=CIRCUITS, outputs=("counts", "memory"), provider_options=EXECUTOR)


@pytest.fixture(scope="module")
def estimated(there: World) -> CompiledDocument:
    run = CircuitRun("tilted", "openqasm3", TILTED, 5000, {"theta": TIMES}, OBSERVABLES)
    return there.document(circuits=(run,), outputs=("expectation",), provider_options=EXECUTOR)


def test_circuits_of_the_same_shots_are_items_of_one_program(compiled: CompiledDocument) -> None:
    first, second = compiled.submissions
    bodies = [json.loads(each.payload) for each in (first, second)]
    assert [body["program"] for body in bodies] == ["executor", "executor"]
    assert [body["params"]["quantum_program"]["shots"] for body in bodies] == [4000, 101]
    shapes = [item["circuit_arguments"]["shape"] for item in bodies[1]["params"]["quantum_program"]["items"]]
    assert shapes == [[0], [0], [3, 2], [0], [0], [1, 12], [0]]
    assert second.usage.shots == 101 * (2 + 3 + 2 + 1 + 1)
    assert all(Ibm.estimate(each) == each.usage for each in compiled.submissions)


def test_counts_and_shots_in_order_come_back_by_register(there: World, compiled: CompiledDocument) -> None:
    found = there.results(compiled)
    assert {where: result["counts"] for where, result in found.items() if where[0] != "bell"} == {
        ("two-registers", 0): {"01001": 101},
        ("permuted", 0): {"0011": 101},
        ("sweep", 0): {"10": 101},
        ("sweep", 1): {"01": 101},
        ("sweep", 2): {"11": 101},
        ("vanishing", 0): {"1": 101},
        ("vanishing", 1): {"1": 101},
        ("twelve", 0): {"1010": 101},  # t1 turns q1 and t11 q3; t2 and t6 turn q2 there and back
        ("fed-forward", 0): {"101": 101},
    }
    counts, memory = found["bell", 0]["counts"], found["bell", 0]["memory"]
    assert counts.keys() == {"00", "11"}
    assert binom.ppf(FALSE_ALARM / 2, 4000, 0.5) <= counts["00"] <= binom.ppf(1 - FALSE_ALARM / 2, 4000, 0.5)
    assert {each: memory.count(each) for each in set(memory)} == counts


def test_values_and_standard_errors_are_computed_from_counts_in_measured_bases(
    there: World, estimated: CompiledDocument
) -> None:
    (submission,) = estimated.submissions
    assert submission.usage.shots == 3 * 3 * 5000  # parameter sets, bases XX, YY and ZZ, shots
    found = there.results(estimated)
    for number, text in enumerate(TIMES):
        result = found["tilted", number]
        assert result["counts"] is None
        for name, value in expected(float(text)).items():
            told, error = (float(each) for each in result["expectation"][name])
            assert 0 < error < 0.05
            assert abs(told - value) < 6 * error  # normal, six standard errors: 2e-9


def test_a_parameter_that_one_basis_does_not_need_is_no_obstacle(there: World) -> None:
    """rz before a measurement in Z is compiled away, before one in X it is not."""
    source = qasm("input float phi; qubit q; h q; rz(phi) q;")
    run = CircuitRun(
        "phase", "openqasm3", source, 2000, {"phi": ("0", PI)}, (Observable("xz", {"X": "1", "Z": "0.5"}),)
    )
    made = there.document(circuits=(run,), outputs=("expectation",), provider_options=EXECUTOR)
    found = there.results(made)
    for number, value in enumerate((1, -1)):
        told, error = (float(each) for each in found["phase", number]["expectation"]["xz"])
        assert abs(told - value) < 6 * error


def test_a_precision_sets_the_shots(there: World) -> None:
    run = CircuitRun("tilted", "openqasm3", TILTED, 10, {"theta": ("1.1",)}, OBSERVABLES[:1])
    made = there.document(circuits=(run,), outputs=("expectation",), precision="0.02", provider_options=EXECUTOR)
    assert made.submissions[0].usage.shots == 2500
    told, error = there.results(made)["tilted", 0]["expectation"]["parity"]
    assert abs(float(told) - 1) <= 6 * float(error) <= 6 * 0.02


def test_what_is_sent_is_what_ibms_schema_takes_and_what_the_sdks_own_sampler_sends(
    there: World, compiled: CompiledDocument
) -> None:
    """The SDK's client-side Sampler, given the circuits that we send, prepares the same program."""
    program = """
import json, sys
import numpy as np
from ibm_quantum_schemas.executor.version_2_0 import ParamsModel
from qiskit_ibm_runtime.executor_sampler.prepare import prepare
from qiskit_ibm_runtime.options_models import SamplerOptions
from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS as CONVERTERS
known = ParamsModel.model_json_schema()
for line in sys.stdin:
    params = json.loads(line)
    ours = ParamsModel.model_validate(params)
    assert ours.model_dump(mode="json") == params, "a field that the schema has not"
    circuits = ours.quantum_program.circuits.to_python()
    values = [item.circuit_arguments.to_numpy() for item in ours.quantum_program.items]
    pubs = [(c, v) if c.num_parameters else (c,) for c, v in zip(circuits, values)]
    prepared, options = prepare(pubs, SamplerOptions(), ours.quantum_program.shots)
    theirs = CONVERTERS["v2.0"].encoder(prepared, options)
    assert theirs.options == ours.options
    assert theirs.quantum_program.shots == ours.quantum_program.shots
    assert theirs.quantum_program.meas_level == ours.quantum_program.meas_level
    assert theirs.quantum_program.circuits.to_python() == circuits
    for mine, other in zip(ours.quantum_program.items, theirs.quantum_program.items, strict=True):
        assert np.array_equal(mine.circuit_arguments.to_numpy(), other.circuit_arguments.to_numpy())
        assert mine.model_dump(exclude={"circuit_arguments"}) == other.model_dump(exclude={"circuit_arguments"})
print("same")
"""
    lines = "".join(json.dumps(json.loads(each.payload)["params"]) + "\n" for each in compiled.submissions)
    command = [sdks.python("ibm"), "-W", "ignore", "-c", program]
    done = subprocess.run(command, env=sdks.environment(), cwd="/", input=lines, capture_output=True, text=True)
    assert done.stdout == "same\n", done.stderr


def test_what_is_read_is_what_the_sdk_reads(there: World, compiled: CompiledDocument) -> None:
    """Its decoder and post-processing on the very bytes that our adapter has read."""
    submission = compiled.submissions[1]
    handle = there.run(submission)
    ours = there.connector.fetch(handle, submission)["units"]
    program = """
import json, sys
from qiskit_ibm_runtime.decoders.executor.decoder import ExecutorResultDecoder
found = []
for item in ExecutorResultDecoder.decode(sys.stdin.read()):
    arrays = {name: bits.reshape((-1, *bits.shape[-2:])) for name, bits in item.items()}
    for row in range(len(next(iter(arrays.values())))):
        lines = zip(*({n: a[row] for n, a in arrays.items()}.values()))
        # by shot: each register's bits, the last register and the last bit leftmost
        found.append(["".join("".join("01"[int(b)] for b in r[::-1]) for r in reversed(line)) for line in lines])
print(json.dumps(found))
"""
    text = there.ibm.control("result", handle=handle)["text"]
    command = [sdks.python("ibm"), "-W", "ignore", "-c", program]
    done = subprocess.run(command, env=sdks.environment(), cwd="/", input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    whole = {unit.circuit: len(unit.wires) for unit in submission.units}
    for unit, mine, theirs in zip(submission.units, ours, json.loads(done.stdout), strict=True):
        if unit.circuit not in ("two-registers", "permuted"):  # those are sent with one register of our own
            assert [shot[-whole[unit.circuit] :] for shot in theirs] == mine["memory"]


def test_the_same_job_compiles_to_the_same_bytes(there: World) -> None:
    run = CircuitRun("tilted", "openqasm3", TILTED, 5000, {"theta": TIMES}, OBSERVABLES)
    fields = {"circuits": (run,), "outputs": ("expectation",), "provider_options": EXECUTOR}
    first, second = (there.document(**fields).to_bytes() for _ in range(2))
    assert first == second


def test_options_and_session_are_sent(there: World) -> None:
    options = {
        **EXECUTOR,
        "session_id": "c5dge2d3rn7breq27i9g",
        "max_execution_time": 60,
        "execution": {"rep_delay": "0.00025", "init_qubits": False},
    }
    made = there.document(circuits=CIRCUITS[1:2], provider_options=options)
    there.ibm.control("reset", now=True)
    there.run(made.submissions[0])
    body = there.ibm.jobs[0]["body"]
    assert (body["program_id"], body["session_id"], body["cost"]) == ("executor", "c5dge2d3rn7breq27i9g", 60)
    assert body["tags"] == [f"qee-{KEY}"]
    assert (body["params"]["options"]["rep_delay"], body["params"]["options"]["init_qubits"]) == (0.00025, False)
    assert body["params"]["quantum_program"]["semantic_role"] is None  # IBM: others should not set it


def test_the_backends_option_is_the_default_and_a_job_may_say_otherwise(there: World, tmp_path: Any) -> None:
    with world(tmp_path, program="executor") as other:
        by_default, said = other.compiled(
            {"circuits": CIRCUITS[1:2]}, {"circuits": CIRCUITS[1:2], "provider_options": {"program": "primitives"}}
        )
    assert isinstance(by_default, CompiledDocument)
    assert isinstance(said, CompiledDocument)
    assert json.loads(by_default.submissions[0].payload)["program"] == "executor"
    assert json.loads(said.submissions[0].payload)["program"] == "sampler"
    (usual,) = there.compiled({"circuits": CIRCUITS[1:2]})
    assert isinstance(usual, CompiledDocument)
    assert json.loads(usual.submissions[0].payload)["program"] == "sampler"


def test_a_program_that_there_is_not_is_refused(there: World, tmp_path: Any) -> None:
    with pytest.raises(protocol.Rejected, match=r"options\.program: 'qasm' is none of primitives, executor"):
        Ibm(settings(there.ibm, tmp_path, program="qasm"))


def test_what_the_client_would_have_to_do_is_refused_by_name(there: World) -> None:
    ask = {"circuits": (CircuitRun("tilted", "openqasm3", TILTED, 10, {"theta": ("1",)}, OBSERVABLES),)}
    expect = {**ask, "outputs": ("expectation",)}
    cases = {
        "twirling: not with program executor": {"provider_options": {**EXECUTOR, "twirling": {"enable_gates": True}}},
        "resilience_level: not with program executor": {"provider_options": {**EXECUTOR, "resilience_level": 1}},
        "dynamical_decoupling: not with": {"provider_options": {**EXECUTOR, "dynamical_decoupling": {"enable": True}}},
        "execution.scheduler_timing: not offered": {
            "provider_options": {**EXECUTOR, "execution": {"scheduler_timing": True}}
        },
        "environment: not offered": {"provider_options": {**EXECUTOR, "environment": {"private": True}}},
        "meas: no option of the executor; there are execution, max_execution_time, program, session_id": {
            "provider_options": {**EXECUTOR, "meas": 1}
        },
        "execution.rep_delay: Input should be a valid number": {
            "provider_options": {**EXECUTOR, "execution": {"rep_delay": "soon"}}
        },
        "spec.transpile.verbatim: not with outputs expectation of program executor": {
            **expect,
            "provider_options": EXECUTOR,
            "transpile": TranspileOptions(verbatim=True),
        },
        "each is a multiple of the identity": {
            "circuits": (replace(ask["circuits"][0], observables=(Observable("one", {"II": "1"}),)),),
            "outputs": ("expectation",),
            "provider_options": EXECUTOR,
        },
        "3 measurements of 4000000 shots are 12000000 executions of one parameter set, a job has 10000000 at most": {
            "circuits": (replace(ask["circuits"][0], shots=4_000_000),),
            "outputs": ("expectation",),
            "provider_options": EXECUTOR,
        },
    }
    refused = there.compiled(*({"circuits": CIRCUITS[:1], **fields} for fields in cases.values()))
    for wanted, told in zip(cases, refused, strict=True):
        assert isinstance(told, str), wanted
        assert wanted in told


def test_a_sweep_of_more_than_ten_million_executions_is_several_jobs(there: World) -> None:
    rows = ("0.5",) * 1000
    run = CircuitRun("tilted", "openqasm3", TILTED, 5000, {"theta": rows}, OBSERVABLES)
    made = there.document(circuits=(run,), outputs=("expectation",), provider_options=EXECUTOR)
    assert [(len(each.units), each.usage.shots) for each in made.submissions] == [(666, 9_990_000), (334, 5_010_000)]


@pytest.mark.parametrize(
    "change",
    [
        lambda program: program.update(shots=5001),
        lambda program: program["items"][0]["circuit_arguments"].update(shape=[4, 1]),
        lambda program: program["items"][0].update(item_type="samplex"),
        lambda program: program["items"][0].update(shape=[2, 3]),
        lambda program: program["items"].append(program["items"][0]),
        lambda program: program["items"].pop(),
    ],
)
def test_a_payload_that_asks_for_more_than_it_states_is_found_out(estimated: CompiledDocument, change: Any) -> None:
    submission = estimated.submissions[0]
    payload = json.loads(submission.payload)
    change(payload["params"]["quantum_program"])
    with pytest.raises(ValueError, match="the payload"):
        Ibm.estimate(replace(submission, payload=json.dumps(payload).encode()))


def test_fewer_items_cost_their_units_only_and_more_cost_all(there: World, compiled: CompiledDocument) -> None:
    submission = compiled.submissions[1]
    handle = there.connector.submit(KEY, submission)
    there.ibm.control("facts", handle=handle, facts={"cut": 2})
    assert there.ended(handle) == "succeeded"
    units = there.connector.fetch(handle, submission)["units"]
    assert [unit["counts"] for unit in units[:2]] == [{"01001": 101}, {"0011": 101}]
    assert all("IBM gave none for its circuit" in unit["problem"] for unit in units[2:])
    result = json.loads(there.ibm.control("result", handle=there.run(submission))["text"])
    there.reply("GET results", 200, {**result, "data": [*result["data"], result["data"][0]]})
    units = there.connector.fetch(handle, submission)["units"]
    assert {unit["problem"] for unit in units} == {"IBM gave 8 results for 7 circuits"}


def test_a_result_of_another_schema_is_asked_for_again(there: World, compiled: CompiledDocument) -> None:
    handle = there.run(compiled.submissions[0])
    there.reply("GET results", 200, {"schema_version": "v3.0", "data": []})
    with pytest.raises(protocol.Unreachable):
        there.connector.fetch(handle, compiled.submissions[0])
