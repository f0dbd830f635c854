"""What IBM's service may answer, by its OpenAPI document and otherwise, and what becomes of the job then.

The document is "Qiskit Runtime" 0.45.3 at quantum.cloud.ibm.com/api/openapi.json; named are its operations and schemas.
"""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from e2e.cluster import sdks
from tests.vendors.ibm.world import KEY, World, qasm, world

from qee.connectors import protocol
from qee.documents.compiled import CompiledDocument, Submission
from qee.documents.run import CircuitRun

BELL = CircuitRun("bell", "openqasm3", qasm("qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;"), 10)
# ErrorContainer: `trace`, and a list of `code`, `message` and `more_info`, all texts.
WORDS = {"trace": "c0ffee", "errors": [{"code": "1234", "message": "IBM's own words.", "more_info": "x"}]}


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("credentials")) as found:
        yield found


@pytest.fixture(autouse=True)
def _reset(there: World) -> None:
    there.ibm.control("reset", now=True)


@pytest.fixture(scope="module")
def compiled(there: World) -> CompiledDocument:
    return there.document(circuits=(BELL,))


@pytest.fixture(scope="module")
def bell(compiled: CompiledDocument) -> Submission:
    return compiled.submissions[0]


# Of each call that we make: every status that the document lists, 429 (create_job's text: five jobs a minute), and
# what a gateway may answer. The operation is the first column.
DOCUMENTED: list[tuple[str, str, int, type[Exception]]] = [
    *(("create_job", "submit", status, protocol.Rejected) for status in (400, 404, 409)),
    *(("create_job", "submit", status, protocol.Unauthorized) for status in (401, 403)),
    ("create_job", "submit", 429, protocol.Throttled),
    *(("list_jobs", "find", status, protocol.Unreachable) for status in (400, 404)),
    *(("list_jobs", "find", status, protocol.Unauthorized) for status in (401, 403)),
    *(("get_job", "status", status, protocol.Unauthorized) for status in (401, 403)),
    ("get_job", "fetch", 404, protocol.Gone),
    *(("get_job_results_jid", "fetch", status, protocol.Unauthorized) for status in (401, 403)),
    ("get_job_results_jid", "fetch", 400, protocol.Unreachable),
    ("get_job_results_jid", "fetch", 404, protocol.Gone),
    ("cancel_job_jid", "cancel", 400, protocol.Rejected),
    *(("cancel_job_jid", "cancel", status, protocol.Unauthorized) for status in (401, 403)),
    ("cancel_job_jid", "cancel", 404, protocol.Gone),
    ("cancel_job_jid", "cancel", 409, protocol.AlreadyEnded),
    ("cancel_job_jid", "cancel", 500, protocol.Unreachable),
]
UNDOCUMENTED: list[tuple[str, str, int, type[Exception]]] = [
    *(("create_job", "submit", status, protocol.Rejected) for status in (405, 410, 411, 413, 415, 422, 451)),
    *(("create_job", "submit", status, protocol.Ambiguous) for status in (302, 307, 408, 500, 502, 503, 504, 524)),
    *(("list_jobs", "find", status, protocol.Unreachable) for status in (500, 502, 503)),
    *(("get_job_results_jid", "fetch", status, protocol.Unreachable) for status in (500, 503)),
    ("get_job_results_jid", "fetch", 429, protocol.Throttled),
    ("cancel_job_jid", "cancel", 429, protocol.Throttled),
]
CALLS = {
    "create_job": "POST jobs",
    "list_jobs": "GET jobs",
    "get_job": "GET job",
    "get_job_results_jid": "GET results",
    "cancel_job_jid": "POST cancel",
}


@pytest.mark.parametrize(("operation", "call", "status", "expected"), [*DOCUMENTED, *UNDOCUMENTED])
def test_every_status_of_every_call_means_what_the_document_says(
    there: World, bell: Submission, operation: str, call: str, status: int, expected: type[Exception]
) -> None:
    handle = there.run(bell)
    before = len(there.ibm.jobs)
    there.reply(CALLS[operation], status, WORDS)
    arguments: dict[str, dict[str, Any]] = {
        "submit": {"key": KEY, "submission": bell.as_json()},
        "find": {"keys": [KEY], "since": "2026-01-01T00:00:00Z"},
        "status": {"handles": [handle]},
        "fetch": {"handle": handle, "submission": bell.as_json()},
        "cancel": {"handle": handle},
    }
    with pytest.raises(protocol.ProviderError) as raised:
        there.connector.call(call, arguments[call])
    assert type(raised.value) is expected
    if status >= 400:
        assert f"IBM answers {status} (1234: IBM's own words.)" in str(raised.value)
    assert len(there.ibm.jobs) == before


@pytest.mark.parametrize(
    ("status", "told"),
    [(409, "usage exceeds instance limit); raise the"), (404, "backend not found); correct spec.device")],
)
def test_a_refused_submission_says_what_the_document_says_where_the_answer_has_no_words(
    there: World, bell: Submission, status: int, told: str
) -> None:
    there.reply("POST jobs", status, "<html>no</html>")
    with pytest.raises(protocol.Rejected) as raised:
        there.connector.submit(KEY, bell)
    assert told in str(raised.value)


def test_a_status_that_the_service_does_not_know_of_a_job_is_left_out(there: World, bell: Submission) -> None:
    handle = there.run(bell)
    there.reply("GET job", 404, WORDS)
    assert there.connector.call("status", {"handles": [handle]}) == {}


# JobMetricsResponse in other forms than the document's, and every answer in its place.
METRICS: dict[str, tuple[int, Any]] = {
    **{str(status): (status, WORDS) for status in (400, 401, 403, 404, 429, 500, 503)},
    "a page": (200, "<html><body>maintenance</body></html>"),
    "text": (200, '"abc"'),
    "nothing": (200, ""),
    "a list": (200, []),
    "no usage": (200, {}),
    "usage of text": (200, {"usage": "abc"}),
    "a redirect": (302, ""),
    "deep": (200, "[" * 100_000),
    "no numbers": (200, {"usage": {"status": "complete", "qpu_charge_time_seconds": "two"}}),
    "a negative one": (200, {"usage": {"status": "complete", "qpu_charge_time_seconds": -5}}),
    "not a number": (200, '{"usage": {"status": "complete", "qpu_charge_time_seconds": NaN}}'),
    "infinite": (200, '{"usage": {"status": "complete", "qpu_charge_time_seconds": 1e999}}'),
    "huge": (200, {"usage": {"status": "complete", "qpu_charge_time_seconds": 1e300}}),
    "a truth": (200, {"usage": {"status": "complete", "qpu_charge_time_seconds": True}}),
    "pending": (200, {"usage": {"status": "pending", "qpu_charge_time_seconds": 0}}),
    "without a status": (200, {"usage": {"qpu_charge_time_seconds": 3}}),
}


@pytest.mark.parametrize("name", METRICS)
def test_whatever_the_metrics_are_the_result_is_there_without_a_charge(
    there: World, bell: Submission, name: str
) -> None:
    handle = there.run(bell)
    there.reply("GET metrics", *METRICS[name])
    fetched = there.connector.fetch(handle, bell)
    assert sum(fetched["units"][0]["counts"].values()) == 10
    assert fetched["charge"] == {"qpu_milliseconds": None, "amount": None, "currency": None}
    assert there.calls("/metrics") == 1


def test_metrics_that_hang_are_not_waited_for(there: World, bell: Submission) -> None:
    """The charge comes after more than the five seconds for which a charge is waited for."""
    handle = there.run(bell)
    there.reply("GET metrics", 200, {"usage": {"status": "complete", "qpu_charge_time_seconds": 2}}, seconds=8)
    fetched = there.connector.fetch(handle, bell)
    assert sum(fetched["units"][0]["counts"].values()) == 10
    assert fetched["charge"]["qpu_milliseconds"] is None


def test_a_charge_of_a_part_of_a_second_is_rounded_up(there: World, bell: Submission) -> None:
    handle = there.run(bell)
    there.reply("GET metrics", 200, {"usage": {"status": "complete", "qpu_charge_time_seconds": 1.2345678}})
    assert there.connector.fetch(handle, bell)["charge"]["qpu_milliseconds"] == 1235


def test_jobs_are_found_in_lists_that_do_not_tell_their_length(there: World, bell: Submission) -> None:
    """JobsResponse requires `jobs`, `limit` and `offset`; `count` is optional, and of all of the user's jobs."""
    there.ibm.control("count", told=False)
    assert there.connector.find([KEY]) == {}
    handles = [there.connector.submit(KEY, bell) for _ in range(51)]
    assert there.connector.find([KEY]) == {KEY: handles}
    handles = [there.connector.submit("a" * 40, bell) for _ in range(50)]  # a full page, and nothing after it
    assert there.connector.find(["a" * 40, "b" * 40]) == {"a" * 40: handles}


def _page(*jobs: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"jobs": list(jobs), "limit": 50, "offset": 0, **fields}


def _job(handle: str = "d1", **fields: Any) -> dict[str, Any]:
    return {"id": handle, "tags": [f"qee-{KEY}"], "created": "2026-11-01T00:00:00Z", **fields}


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (_page(_job(), count=None), ["d1"]),
        (_page(_job(), count="many"), ["d1"]),
        (_page(_job(), count=5000), ["d1"]),
        ({"jobs": [_job()]}, ["d1"]),
        (_page(_job("d2", created="2026-11-02T00:00:00Z"), _job()), ["d1", "d2"]),
        (_page(_job("d2", created="2026-11-01T00:00:01"), _job()), ["d1", "d2"]),  # no time zone: UTC
        (_page(_job("d2", created=None), _job()), ["d1", "d2"]),
        (_page(_job("d3", created="yesterday"), _job()), ["d1", "d3"]),
        (_page(_job(), {"id": "d2", "tags": None}, {"id": "d3"}, {"id": "d4", "tags": ["qee-"]}), ["d1"]),
    ],
)
def test_a_job_is_adopted_from_a_list_of_any_form(there: World, page: dict[str, Any], expected: list[str]) -> None:
    there.reply("GET jobs", 200, page)
    assert there.connector.find([KEY]) == {KEY: expected}


def test_a_list_that_never_ends_is_no_answer(there: World) -> None:
    there.reply("GET jobs", 200, _page(*(_job(f"d{n}") for n in range(50))), times=9)
    with pytest.raises(protocol.Unreachable, match="repeats itself"):
        there.connector.find([KEY])


def test_one_job_that_cannot_be_read_does_not_hide_the_others(there: World, bell: Submission) -> None:
    handles = [there.run(bell, f"{number:040x}") for number in range(2)]
    there.reply("GET jobs", 200, _page({"id": "d7"}, {"id": 3}, _job(handles[0], state={"status": "Running"})))
    states = there.connector.call("status", {"handles": handles})
    assert {handle: state["phase"] for handle, state in states.items()} == {
        handles[0]: "running",
        handles[1]: "succeeded",
    }


@pytest.mark.parametrize(
    ("shown", "phase", "message"),
    [
        # JobState: `status` is one of five, `reason_code` a number from 1000 to 9999. JobStatus alone has a sixth word.
        ({"state": {"status": "Cancelled"}, "status": "Cancelled - Ran too long"}, "failed", "Cancelled"),
        ({"state": {"status": "Cancelled", "reason_code": 1305}, "status": "Cancelled"}, "failed", "Cancelled: 1305"),
        ({"state": {"status": "Cancelled"}, "status": "Cancelled"}, "cancelled", "Cancelled"),
        (
            {"state": {"status": "Failed", "reason": "No.", "reason_code": 2000, "reason_solution": "Do."}},
            "failed",
            "Failed: 2000: No.: Do.",
        ),
        ({"state": {"status": "Completed"}, "status": "Completed"}, "succeeded", "Completed"),
        ({"state": {"status": "Running"}, "status": None}, "running", "Running"),
        ({"state": {"status": "Exploded"}, "status": "Exploded"}, "unknown", "Exploded"),
    ],
)
def test_states_are_those_of_the_document(
    there: World, bell: Submission, shown: dict[str, Any], phase: str, message: str
) -> None:
    handle = there.connector.submit(KEY, bell)
    there.ibm.control("facts", handle=handle, facts={"shown": shown})
    state = there.connector.call("status", {"handles": [handle]})[handle]
    assert (state["phase"], state["message"]) == (phase, message)


def test_an_answer_about_another_job_is_no_answer(there: World, bell: Submission) -> None:
    handle = there.run(bell)
    there.ibm.control("facts", handle=handle, facts={"shown": {"id": "d9"}})
    for call in ("status", "fetch"):
        with pytest.raises(protocol.Unreachable, match=r"another job|job 'd9'"):
            there.connector.call(call, {"handles": [handle], "handle": handle, "submission": bell.as_json()})


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ({"backend": "ibmq_qasm_simulator"}, "with device ibmq_qasm_simulator, not ibm_manila"),
        ({"program": {"id": "estimator"}}, "with program estimator, not sampler"),
    ],
)
def test_a_job_of_another_device_or_program_gives_no_result_and_its_charge(
    there: World, bell: Submission, shown: dict[str, Any], told: str
) -> None:
    handle = there.run(bell)
    there.ibm.control("facts", handle=handle, facts={"shown": shown})
    fetched = there.connector.fetch(handle, bell)
    assert told in fetched["units"][0]["problem"]
    assert fetched["units"][0]["counts"] is None
    assert fetched["charge"]["qpu_milliseconds"] == 2000
    assert there.calls("/results") == 0


@pytest.mark.parametrize("body", ["<html>wait</html>", '"abc"', "[]", "{}", "{", "[" * 100_000])
def test_results_that_are_none_are_asked_for_again(there: World, bell: Submission, body: str) -> None:
    handle = there.run(bell)
    there.reply("GET results", 200, body)
    with pytest.raises(protocol.Unreachable):
        there.connector.fetch(handle, bell)
    assert sum(there.connector.fetch(handle, bell)["units"][0]["counts"].values()) == 10


def test_a_result_without_end_is_refused_without_reading_it(there: World, bell: Submission) -> None:
    handle = there.run(bell)
    there.reply("GET results", 200, '"' + "x" * (17 * 2**20) + '"')
    problem = there.connector.fetch(handle, bell)["units"][0]["problem"]
    assert "the answer has more than 16" in problem


def test_a_result_of_millions_of_parts_is_refused_before_it_is_parsed(there: World, bell: Submission) -> None:
    handle = there.run(bell)
    there.reply("GET results", 200, "[" + "[]," * 1_200_000 + "[]]")
    problem = there.connector.fetch(handle, bell)["units"][0]["problem"]
    assert "the answer holds more lists, objects and values than are read" in problem


def test_what_an_answer_names_is_never_made(there: World, bell: Submission) -> None:
    """The SDK's decoder would import the module of a `settings` object and call its class."""
    handle = there.run(bell)
    hostile = {"__type__": "settings", "__module__": "subprocess", "__class__": "Popen", "__value__": {"args": "true"}}
    there.ibm.control("facts", handle=handle, facts={"shown": {"runtime": hostile}})
    assert there.connector.call("status", {"handles": [handle]})[handle]["phase"] == "succeeded"
    there.reply("GET results", 200, json.dumps(hostile))
    with pytest.raises(protocol.Unreachable):
        there.connector.fetch(handle, bell)


def test_an_answer_is_bounded_however_it_is_packed_and_however_slowly_it_comes() -> None:
    """300 MB of zeros in gzip, and a byte now and then without end."""
    program = """
import gzip, threading, time, tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from qee.connectors.vendors.ibm import calls as ibm_client, session as ibm_session
from qiskit_ibm_runtime.api.exceptions import RequestsApiError
bomb = gzip.compress(bytes(300_000_000), 1)
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        if self.path == "/bomb":
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(bomb)))
        self.end_headers()
        try:
            if self.path == "/bomb":
                self.wfile.write(bomb)
            while self.path == "/drip":
                self.wfile.write(b" ")
                time.sleep(0.05)
        except OSError:
            pass
    def log_message(self, *_): pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
session = ibm_session.Session(f"http://127.0.0.1:{server.server_address[1]}", None)
ibm_session.BRIEF = (5.0, 0.5)
tracemalloc.start()
for path in ("/bomb", "/drip"):
    try:
        session.get(path, timeout=ibm_session.BRIEF)
    except RequestsApiError as error:
        print(type(error.__cause__).__name__, error.__cause__)
print(tracemalloc.get_traced_memory()[1] < 128 * 2**20)
"""
    done = subprocess.run(
        [sdks.python("ibm"), "-W", "ignore", "-c", program],
        env=sdks.environment(),
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [
        f"TooLarge the answer has more than {16 * 2**20} bytes",
        "TooLarge the answer does not come to an end",
        "True",
    ], done.stderr
