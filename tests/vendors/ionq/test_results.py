"""What IonQ may answer for a job that has ended: both forms of its results, and answers that are none.

Bodies are written after IonQ's specification, as its client ionq-core 0.2 is generated from it, and its contract test.
Expected keys are worked out from the order of bits that IonQ documents, never by the adapter.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.standins.running import StandIn, WorkerProcess, prepared, standin, worker
from tests.vendors.ionq.test_adapter import BELL, HEADER, PARTIAL, TOKEN, TWO_REGISTERS, circuit, document, ended, key

from qee.connectors import protocol
from qee.connectors.protocol import Settings
from qee.documents.compiled import CompiledDocument, Submission

DEVICES = {"simulator": 29, "qpu.forte-1": 36}
# Three qubits, of which q0 and q1 are read: key = c1 c0 = q1 q0.
THREE = f"{HEADER} qubit[3] q; bit[2] c; x q[0]; x q[2]; c[0] = measure q[0]; c[1] = measure q[1];"
V1, V2 = "ionq.result.probabilities.json.v1", "ionq.result.probabilities.json.v2"


@pytest.fixture(scope="module")
def compiles() -> dict[str, CompiledDocument]:
    noisy = {"noise": {"model": "forte-1", "seed": 3}}
    documents = {
        "one": document(circuit(THREE)),
        "qpu": document(circuit(THREE), device="qpu.forte-1", qubits=36),
        "several": document(*(circuit(THREE, 100, f"c{number}") for number in range(3))),
        "asymmetric": document(circuit(TWO_REGISTERS, 100, "two"), circuit(PARTIAL, 100, "partial"), circuit(BELL)),
        "noisy": document(circuit(THREE), provider_options=noisy),
    }
    found = dict(zip(documents, prepared("ionq", list(documents.values())), strict=True))
    assert all(isinstance(each, CompiledDocument) for each in found.values()), found
    return found  # type: ignore[return-value]


@pytest.fixture(scope="module")
def service() -> Iterator[StandIn]:
    with standin("ionq", "--token", TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def workers(service: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, WorkerProcess]]:
    secret: Path = tmp_path_factory.mktemp("secret")
    (secret / "api-key").write_text(TOKEN)
    options = {"endpoint": service.url}
    with (
        worker("ionq", Settings("backend", "simulator", "", options, str(secret))) as simulator,
        worker("ionq", Settings("backend", "qpu.forte-1", "", options, str(secret))) as qpu,
    ):
        yield {"simulator": simulator, "qpu.forte-1": qpu}


@pytest.fixture
def asked(workers: dict[str, WorkerProcess], service: StandIn) -> WorkerProcess:
    service.control("reset")
    return workers["simulator"]


@pytest.fixture
def qpu(workers: dict[str, WorkerProcess], service: StandIn) -> WorkerProcess:
    service.control("reset")
    return workers["qpu.forte-1"]


def only(compiled: CompiledDocument) -> Submission:
    (submission,) = compiled.submissions
    return submission


def run(asked: WorkerProcess, submission: Submission) -> str:
    handle = asked.submit(key(1), submission)
    assert ended(asked, handle) == "succeeded"
    return handle


def rounded(unit: dict[str, Any]) -> dict[str, float]:
    return {outcome: round(float(value), 9) for outcome, value in unit["probabilities"].items()}


@pytest.mark.parametrize("form", ["artifacts", "urls", "v2", "aggregate"])
@pytest.mark.parametrize("measured", [False, True])
def test_bits_are_where_they_should_be_in_every_form_of_results(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, form: str, measured: bool
):
    submission = only(compiles["asymmetric"])
    service.control("form", form=form)
    service.control("measured", on=measured)
    units = asked.fetch(run(asked, submission), submission)["units"]
    assert [rounded(each) for each in units] == [{"01101": 1}, {"010": 1}, {"00": 0.5, "11": 0.5}]
    if measured and form != "aggregate":
        assert [each["counts"] for each in units[:2]] == [{"01101": 100}, {"010": 100}]
        assert units[1]["memory"] == ["010"] * 100


@pytest.mark.parametrize("form", ["artifacts", "urls", "v2"])
def test_a_single_circuit_in_every_form(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, form: str
):
    service.control("form", form=form)
    submission = only(compiles["one"])
    (unit,) = asked.fetch(run(asked, submission), submission)["units"]
    assert rounded(unit) == {"01": 1}


def test_a_job_of_the_contract_test_gives_its_distribution(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn
):
    """ionq-core-python, tests/pact/consumers/test_jobs_get.py: `metadata` is null, and no result has a `url`."""
    submission = only(compiles["one"])
    handle = run(asked, submission)
    listed = {V1: {"id": "probabilities", "format": V1, "media_type": "application/json"}}
    says(service, handle, {"metadata": None, "results": listed})
    service.control("says", path="/artifacts/", status=404, body={"message": "no artifacts here"})
    service.control("says", path="/results/probabilities$", body={"1": 0.25, "4": 0.25, "7": 0.5})
    (unit,) = asked.fetch(handle, submission)["units"]
    assert rounded(unit) == {"01": 0.25, "00": 0.25, "11": 0.5}


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [  # q0 is the first character: 110 is q0 = q1 = 1, q2 = 0
        (V2, {"probabilities": {"registers": {"output_all": {"110": 0.75, "001": 0.25}}}}, {"11": 0.75, "00": 0.25}),
        (V1, {"6": 0.75, "1": 0.25}, {"10": 0.75, "01": 0.25}),
        (V1, {"probabilities": {"registers": {"output_all": {"100": 1}, "c": {"1": 1}}}}, {"01": 1}),
    ],
)
def test_the_payload_tells_its_form(
    asked: WorkerProcess,
    compiles: dict[str, CompiledDocument],
    service: StandIn,
    name: str,
    body: Any,
    expected: dict[str, float],
):
    submission = only(compiles["one"])
    handle = run(asked, submission)
    says(service, handle, {"results": {name: {"id": "7f-a", "format": name, "media_type": "application/json"}}})
    service.control("says", path="/artifacts/7f-a$", body=body)
    (unit,) = asked.fetch(handle, submission)["units"]
    assert rounded(unit) == expected


def test_a_job_that_lists_shots_gives_its_distribution_too(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn
):
    service.control("measured", on=True)
    submission = only(compiles["one"])
    (unit,) = asked.fetch(run(asked, submission), submission)["units"]
    assert (unit["counts"], rounded(unit)) == ({"01": 100}, {"01": 1})


@pytest.mark.parametrize("form", ["artifacts", "urls"])
def test_shots_that_are_listed_and_not_there_leave_the_distribution(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, form: str
):
    service.control("measured", on=True)
    service.control("form", form=form)
    submission = only(compiles["one"])
    handle = run(asked, submission)
    service.control("says", path="shots$", status=404, body={"message": "none"})
    (unit,) = asked.fetch(handle, submission)["units"]
    assert (unit["counts"], rounded(unit)) == (None, {"01": 1})


def test_a_result_that_is_not_there_yet_is_gone_for_now(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn
):
    submission = only(compiles["one"])
    handle = run(asked, submission)
    service.control("says", path="/(artifacts|results)/", status=404, body={"message": "none"})
    with pytest.raises(protocol.Gone):
        asked.fetch(handle, submission)


@pytest.mark.parametrize(
    "url",
    [
        "/v0.4/jobs/{handle}/results/probabilities",
        "/jobs/{handle}/results/probabilities",
        "jobs/{handle}/results/probabilities",
        "https://api.ionq.co/v0.4/jobs/{handle}/results/probabilities",
        "/v0.4/../../whoami",
        "/v0.4/jobs/{handle}/../../whoami",
        "/v0.4/jobs/{handle}/results/%2e%2e/%2e%2e/whoami",
        "//elsewhere.example/v0.4/jobs/{handle}/results/probabilities",
        "/v0.4/jobs/00000000-0000-0000-0000-0000000000ff/results/probabilities",
        "/v0.4/jobs/{handle}/results/probabilities?next=/whoami#x",
        7,
    ],
)
def test_the_key_goes_to_the_results_of_the_job_alone(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, url: Any
):
    submission = only(compiles["one"])
    handle = run(asked, submission)
    address = url.format(handle=handle) if isinstance(url, str) else url
    says(service, handle, {"results": {"probabilities": {"url": address}}})
    (unit,) = asked.fetch(handle, submission)["units"]
    assert rounded(unit) == {"01": 1}
    own = {f"/v0.4/jobs/{handle}", f"/v0.4/jobs/{handle}/cost", f"/v0.4/jobs/{handle}/results/probabilities"}
    assert {request["path"] for request in service.requests("fetch")} <= own


NO_DISTRIBUTIONS: dict[str, Any] = {
    "0.995": '{"0": 0.5, "3": 0.495}',
    "NaN": '{"0": NaN, "3": 0.5}',
    "Infinity": '{"0": Infinity}',
    "empty": "{}",
    "negative": '{"0": -0.2, "3": 1.2}',
    "negative beside": '{"0": 1.2, "4": -0.2}',  # both are of the key 00
    "1e400": '{"0": 1e400}',
    "beyond": '{"0": 0.5, "8": 0.5}',
    "negative outcome": '{"-1": 1}',
    "fraction": '{"1.5": 1}',
    "binary": '{"001": 1}',
    "other digits": '{"\\u0663": 1}',
    "text": '{"0": "1"}',
    "true": '{"0": true}',
    "nested": '{"0": {"0": 1}}',
    "list": "[1]",
    "number": "1",
    "null": "null",
    "deep": "[" * 200_000,
    "short register": '{"probabilities": {"registers": {"output_all": {"11": 1}}}}',
    "no register": '{"probabilities": {"registers": {}}}',
    "leakage digit": '{"probabilities": {"registers": {"output_all": {"012": 1}}}}',
    "HTML": "<html>",
    "cut": '{"0": 0.5,',
    "a tiny number": '{"0": 1e-999999999}',
}


@pytest.mark.parametrize("name", NO_DISTRIBUTIONS)
def test_a_distribution_that_is_none_costs_its_circuit_alone(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, name: str
):
    submission = only(compiles["several"])
    handle = run(asked, submission)
    service.control("says", path="/probabilities-aggregate$|/aggregated$", status=404, body={})
    service.control("says", path=f"/{child(asked, handle, service, 1)}/artifacts/", text=NO_DISTRIBUTIONS[name])
    first, second, third = asked.fetch(handle, submission)["units"]
    assert second["problem"]
    assert (second["counts"], second["probabilities"]) == (None, None)
    assert rounded(first) == rounded(third) == {"01": 1}


@pytest.mark.parametrize("name", NO_DISTRIBUTIONS)
def test_the_same_together_with_others(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, name: str
):
    submission = only(compiles["several"])
    handle = run(asked, submission)
    children = [child(asked, handle, service, number) for number in range(3)]
    whole = f'{{"{children[0]}": {{"1": 1}}, "{children[1]}": {NO_DISTRIBUTIONS[name]}, "{children[2]}": {{"2": 1}}}}'
    service.control("says", path="/probabilities-aggregate$", text=whole)
    service.control("says", path=f"/{children[1]}/(artifacts|results)/", text=NO_DISTRIBUTIONS[name])
    first, second, third = asked.fetch(handle, submission)["units"]
    assert second["problem"]
    assert rounded(first) == {"01": 1}
    assert rounded(third) in ({"10": 1}, {"01": 1})  # its own, where nothing of the whole can be read


NO_SHOTS = {
    "beyond": '["1", "8"]',
    "fraction": "[1.7]",
    "negative": "[-1]",
    "binary": '["001"]',
    "ragged": '{"shots": [{"registers": {"output_all": [1, 0, 1]}}, {"registers": {"output_all": [1]}}]}',
    "value 2": '{"shots": [{"registers": {"output_all": [2, 0, 1]}}]}',
    "none": "[]",
    "text": '"1234"',
    "NaN": "[NaN]",
    "no registers": '{"shots": [{}]}',
    "deep": "[" * 200_000,
}


@pytest.mark.parametrize("name", NO_SHOTS)
def test_shots_that_are_none_are_a_problem(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, name: str
):
    service.control("measured", on=True)
    submission = only(compiles["one"])
    handle = run(asked, submission)
    service.control("says", path="shots$", text=NO_SHOTS[name])
    (unit,) = asked.fetch(handle, submission)["units"]
    assert unit["problem"]
    assert unit["counts"] is None


def test_shots_with_leakage_are_no_counts(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn
):
    """qiskit-ionq, test_qasm3_leaked_shots_excluded: IonQ leaves them out of its own distribution."""
    service.control("measured", on=True)
    submission = only(compiles["one"])
    handle = run(asked, submission)
    shots = [{"registers": {"output_all": [1, 0, 1]}, "leakage_bits": [0, leaked, 0]} for leaked in (0, 1)]
    service.control("says", path="shots$", body={"shots": shots})
    (unit,) = asked.fetch(handle, submission)["units"]
    assert (unit["counts"], rounded(unit)) == (None, {"01": 1})


def test_a_histogram_is_read_where_there_are_no_shots(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn
):
    submission = only(compiles["one"])
    handle = run(asked, submission)
    listed = {f"ionq.result.{kind}.json.v2": {"id": f"{kind}-a"} for kind in ("histogram", "probabilities")}
    says(service, handle, {"results": listed})
    service.control("says", path="/histogram-a$", body={"histogram": {"registers": {"output_all": {"100": 100.0}}}})
    service.control("says", path="/probabilities-a$", body={"probabilities": {"registers": {"output_all": {"110": 1}}}})
    (unit,) = asked.fetch(handle, submission)["units"]
    assert (unit["counts"], unit["memory"], rounded(unit)) == ({"01": 100}, None, {"11": 1})


@pytest.mark.parametrize("backend", ["simulator", "qpu.forte-enterprise-1"])
def test_what_another_backend_gave_is_no_result_of_the_qpu(
    qpu: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, backend: str
):
    submission = only(compiles["qpu"])
    handle = run(qpu, submission)
    says(service, handle, {"backend": backend, "noise": {"model": "ideal"}})
    (unit,) = qpu.fetch(handle, submission)["units"]
    assert f"IonQ ran the job on {backend}, it was submitted for qpu.forte-1" in unit["problem"]


def test_another_noise_than_was_asked_for_is_no_result(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn
):
    submission = only(compiles["noisy"])
    handle = run(asked, submission)
    (unit,) = asked.fetch(handle, submission)["units"]
    assert rounded(unit) == {"01": 1}
    says(service, handle, {"noise": {"model": "ideal"}})
    (unit,) = asked.fetch(handle, submission)["units"]
    assert "noise model ideal, it was submitted with forte-1" in unit["problem"]


def test_a_part_of_another_job_is_none_of_this_one(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn
):
    submission = only(compiles["several"])
    handle = run(asked, submission)
    one = child(asked, handle, service, 1)
    says(service, one, {"parent_job_id": "00000000-0000-0000-0000-0000000000ff"})
    service.control("says", path="^/v0.4/jobs$", body={"jobs": []})
    units = asked.fetch(handle, submission)["units"]
    assert [bool(each["problem"]) for each in units] == [False, True, False]


@pytest.mark.parametrize("number", [1, 2, 4])
def test_another_number_of_parts_is_a_problem_of_all(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, number: int
):
    submission = only(compiles["several"])
    handle = run(asked, submission)
    says(service, handle, {"child_job_ids": [f"00000000-0000-0000-0000-0000000003e{digit}" for digit in range(number)]})
    units = asked.fetch(handle, submission)["units"]
    assert [each["problem"] for each in units] == [f"the job has {number} children, 3 circuits were submitted"] * 3


@pytest.mark.parametrize("results", [[], "none", 5, None, {"x": 1}, {V1: 5}, {V1: {"id": 7}}, {V1: {"id": "../x"}}])
def test_results_that_list_nothing_are_looked_for_where_they_should_be(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, results: Any
):
    submission = only(compiles["one"])
    handle = run(asked, submission)
    says(service, handle, {"results": results})
    (unit,) = asked.fetch(handle, submission)["units"]
    assert rounded(unit) == {"01": 1}


@pytest.mark.parametrize("failure", ["words", 5, ["x"], {"code": None, "message": {"a": 1}}, None])
def test_a_failure_of_any_form_is_told(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, failure: Any
):
    submission = only(compiles["one"])
    handle = asked.submit(key(1), submission)
    says(service, handle, {"status": "failed", "failure": failure, "stats": None})
    assert asked.call("status", {"handles": [handle]})[handle]["phase"] == "failed"
    (unit,) = asked.fetch(handle, submission)["units"]
    assert "the job is failed at IonQ" in unit["problem"]


COSTS: dict[str, tuple[Any, tuple[Any, Any]]] = {
    "usd": ({"dry_run": False, "cost": {"value": 25.79, "unit": "usd"}}, ("25.79", "USD")),
    "credits": ({"dry_run": False, "cost": {"value": 12.5, "unit": "credit"}}, (None, None)),
    "estimated only": ({"dry_run": False, "estimated_cost": {"value": 25.79, "unit": "usd"}}, (None, None)),
    "none": ({"dry_run": False}, (None, None)),
    "list": ([], (None, None)),
    "no numbers": ({"cost": {"value": "25.79x", "unit": 7}}, (None, None)),
}


@pytest.mark.parametrize("name", COSTS)
def test_what_the_job_cost_is_asked_and_told(
    qpu: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, name: str
):
    """A user's paid job of one shot: 0 microseconds billed, 25.79 USD."""
    body, expected = COSTS[name]
    submission = only(compiles["qpu"])
    handle = run(qpu, submission)
    says(service, handle, {"stats": {"billed_quantum_compute_time_us": 0}, "execution_duration_ms": None})
    service.control("says", path="/cost$", body=body)
    charge = qpu.fetch(handle, submission)["charge"]
    assert (charge["amount"], charge["currency"], charge["qpu_milliseconds"]) == (*expected, None)


@pytest.mark.parametrize(
    ("status", "text"), [(404, "{}"), (429, "{}"), (500, "x"), (200, "<html>"), (200, '{"cost": {"value": NaN}}')]
)
def test_a_cost_that_is_not_told_does_not_keep_the_result(
    qpu: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, status: int, text: str
):
    submission = only(compiles["qpu"])
    handle = run(qpu, submission)
    service.control("says", path="/cost$", status=status, text=text)
    found = qpu.fetch(handle, submission)
    assert rounded(found["units"][0]) == {"01": 1}
    assert found["charge"]["amount"] is None


def test_a_listing_that_takes_fewer_jobs_in_a_page_is_read(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn
):
    handle = run(asked, only(compiles["one"]))
    service.control("pages", most=25)
    assert asked.find([key(1)]) == {key(1): [handle]}


def test_a_job_is_found_by_its_name_where_a_listing_has_no_metadata(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn
):
    handle = run(asked, only(compiles["one"]))
    jobs = [{"id": handle, "name": key(1), "metadata": None}, {"id": "x-1", "name": None, "metadata": ["x"]}]
    service.control("says", path="^/v0.4/jobs$", body={"jobs": jobs, "next": None})
    assert asked.find([key(1), key(2)]) == {key(1): [handle]}


@pytest.mark.parametrize("job", [5, None, {"id": 7}, {"id": "../whoami"}, {}])
def test_a_listing_of_what_is_no_job_is_no_answer(asked: WorkerProcess, service: StandIn, job: Any):
    service.control("says", path="^/v0.4/jobs$", body={"jobs": [job], "next": None})
    with pytest.raises(protocol.Unreachable):
        asked.find([key(1)])


@pytest.mark.parametrize("body", [{"id": 7}, {"id": "../../x"}, {"id": ""}, [], {"id": "a b"}])
def test_a_submission_that_is_answered_without_a_job_is_ambiguous(
    asked: WorkerProcess, compiles: dict[str, CompiledDocument], service: StandIn, body: Any
):
    service.control("says", path="^/v0.4/jobs$", method="POST", status=201, body=body)
    with pytest.raises(protocol.Ambiguous):
        asked.submit(key(1), only(compiles["one"]))


def says(service: StandIn, handle: str, other: dict[str, Any]) -> None:
    """The job as the stand-in shows it when it has ended, but for this."""
    shown = {"id": handle, "status": "completed", "child_job_ids": None, "results": {V1: {"id": "probabilities"}}}
    service.control("says", path=f"/jobs/{handle}$", body=shown | other)


def child(asked: WorkerProcess, handle: str, service: StandIn, number: int) -> str:
    """The stand-in numbers them."""
    (job,) = [each for each in service.jobs if each["handle"] == handle]
    return f"00000000-0000-0000-0000-{1000 * job['number'] + number:012x}"
