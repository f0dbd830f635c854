"""`qee result`: only what has the digest of the status is shown, in each form."""

import base64
import gzip
import hashlib
import json
import tracemalloc
from typing import Any

import pytest
import yaml
from tests import builders
from tests.fakes.cli import Cli, circuits, moved, run_of, succeeded
from tests.fakes.port import FakeApiServer

from qee.api.conditions import Phase
from qee.api.reasons import Reason
from qee.cli import terminal
from qee.kube.resources import CONFIG_MAPS, JOBS


@pytest.fixture
def api() -> FakeApiServer:
    return FakeApiServer()


@pytest.fixture
def qee(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(api, monkeypatch)


def changed(api: FakeApiServer, **values: Any) -> None:
    stored = api.find(CONFIG_MAPS, "default", "bell-result")
    assert stored is not None
    for part in ("data", "binaryData"):
        stored.pop(part, None)
    api.put(CONFIG_MAPS, {**stored, **values})


@pytest.fixture
def done(api: FakeApiServer) -> None:
    api.put(JOBS, builders.job(circuits=circuits("bell", "other")))
    succeeded("bell")(api)


@pytest.mark.usefixtures("done")
def test_the_histogram_shows_every_circuit(qee: Cli) -> None:
    shown = qee("result", "bell")
    assert shown.exit_code == 0
    titles = [line for line in shown.stdout.splitlines() if "shots on" in line]
    assert titles == ["bell: 100 shots on aer (simulated)", "other: 100 shots on aer (simulated)"]


@pytest.mark.usefixtures("done")
def test_a_file_with_a_name_is_for_results_on_a_volume(qee: Cli) -> None:
    refused = qee("result", "bell", "--file", "x.json")
    assert refused.exit_code == 2
    assert "this one is in its ConfigMap; leave out --file" in refused.stderr


@pytest.mark.usefixtures("done")
def test_one_circuit_can_be_chosen_in_each_form(qee: Cli) -> None:
    assert qee("result", "bell", "--circuit", "other").stdout.splitlines()[0].startswith("other:")
    for form, load in (("json", json.loads), ("yaml", yaml.safe_load)):
        document = load(qee("result", "bell", "--circuit", "other", "-o", form).stdout)
        assert [each["circuit"] for each in document["results"]] == ["other"]


@pytest.mark.usefixtures("done")
@pytest.mark.parametrize("form", ["histogram", "table", "json", "yaml"])
def test_a_circuit_that_is_not_there_is_named_with_those_that_are(qee: Cli, form: str) -> None:
    shown = qee("result", "bell", "--circuit", "nope", "-o", form)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "it has bell, other" in shown.stderr


@pytest.mark.usefixtures("done")
def test_yaml_holds_what_json_holds(qee: Cli) -> None:
    as_yaml, as_json = (qee("result", "bell", "-o", form).stdout for form in ("yaml", "json"))
    assert yaml.safe_load(as_yaml) == json.loads(as_json)


@pytest.mark.usefixtures("done")
def test_the_table_has_a_line_for_each_outcome(qee: Cli) -> None:
    rows = [line.split() for line in qee("result", "bell", "-o", "table").stdout.splitlines()]
    assert rows[0] == ["CIRCUIT", "SET", "OUTCOME", "COUNT", "FRACTION"]
    assert rows[1:] == [[c, "0", o, "50", "0.500000"] for c in ("bell", "other") for o in ("00", "11")]


def test_a_zipped_result_is_unpacked(api: FakeApiServer, qee: Cli) -> None:
    api.put(JOBS, builders.job())
    succeeded("bell", zipped=True)(api)
    shown = qee("result", "bell", "-o", "json")
    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["results"][0]["counts"] == {"00": 50, "11": 50}


@pytest.mark.usefixtures("done")
@pytest.mark.parametrize("form", ["histogram", "table", "json", "yaml"])
def test_other_bytes_than_the_operator_stored_are_not_shown(api: FakeApiServer, qee: Cli, form: str) -> None:
    job = api.find(JOBS, "default", "bell")
    assert job is not None
    forged = builders.result_of(run_of(job), {"00": 100})
    changed(api, data={"result.json": forged.decode()})
    shown = qee("result", "bell", "-o", form)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert "does not hold the result that the operator stored" in shown.stderr
    assert job["status"]["result"]["sha256"] in shown.stderr


@pytest.mark.usefixtures("done")
def test_a_key_that_is_missing_counts_as_replaced(api: FakeApiServer, qee: Cli) -> None:
    changed(api, data={"other.json": "{}"})
    assert "does not hold the result" in qee("result", "bell").stderr


@pytest.mark.parametrize("packed", [b"no gzip", gzip.compress(b"0" * 50_000_000), gzip.compress(b"{}")[:-10], b""])
def test_a_zipped_result_that_was_replaced_is_found_out_without_unpacking_it_all(
    api: FakeApiServer, qee: Cli, packed: bytes
) -> None:
    api.put(JOBS, builders.job())
    succeeded("bell", zipped=True)(api)
    changed(api, binaryData={"result.json.gz": base64.b64encode(packed).decode()})
    tracemalloc.start()
    shown = qee("result", "bell")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert shown.exit_code == 2
    assert "does not hold the result" in shown.stderr
    assert peak < 10_000_000


@pytest.mark.usefixtures("done")
def test_a_deleted_result_is_called_deleted(api: FakeApiServer, qee: Cli) -> None:
    api.remove(CONFIG_MAPS, "default", "bell-result")
    shown = qee("result", "bell")
    assert shown.exit_code == 2
    assert "was deleted" in shown.stderr
    assert "status.result.summary" in shown.stderr


def test_a_job_that_is_not_finished_has_no_result_yet(api: FakeApiServer, qee: Cli) -> None:
    api.put(JOBS, builders.job())
    moved("bell", Phase.RUNNING, Reason.RUNNING)(api)
    shown = qee("result", "bell")
    assert shown.exit_code == 2
    assert "is Running, not finished; `qee wait bell` waits for it" in shown.stderr


def test_a_failed_job_exits_with_1_and_says_why(api: FakeApiServer, qee: Cli) -> None:
    api.put(JOBS, builders.job())
    moved("bell", Phase.FAILED, Reason.INVALID_CIRCUIT, "Circuit 'bell': line 3.")(api)
    shown = qee("result", "bell")
    assert shown.exit_code == 1
    assert "InvalidCircuit: Circuit 'bell': line 3." in shown.stderr


@pytest.mark.usefixtures("done")
@pytest.mark.parametrize("form", ["histogram", "json"])
def test_a_failed_job_with_a_partial_result_shows_it_and_exits_with_1(api: FakeApiServer, qee: Cli, form: str) -> None:
    live = api.find(JOBS, "default", "bell")
    assert live is not None
    live["status"]["conditions"] = []
    api.put(JOBS, live)
    moved("bell", Phase.FAILED, Reason.PARTIAL_RESULT, "1 of 2 shards failed", result=live["status"]["result"])(api)
    shown = qee("result", "bell", "-o", form)
    assert shown.exit_code == 1
    assert "50" in shown.stdout


def test_a_document_of_a_later_version_can_still_be_printed_as_it_is(api: FakeApiServer, qee: Cli) -> None:
    job = api.put(JOBS, builders.job())
    succeeded("bell")(api)
    later = json.dumps({**json.loads(builders.result_of(run_of(job))), "apiVersion": "qee.dev/result/v9"})
    changed(api, data={"result.json": later})
    live = api.find(JOBS, "default", "bell")
    assert live is not None
    live["status"]["result"] |= {"sha256": hashlib.sha256(later.encode()).hexdigest(), "bytes": len(later)}
    api.put(JOBS, live)
    assert "this version of qee cannot read the result" in qee("result", "bell").stderr
    assert qee("result", "bell", "-o", "json").stdout == later + "\n"


def test_json_for_a_terminal_escapes_what_would_act_on_it_and_stays_the_same_json(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = json.dumps({"name": "a\x9b31m\u202e\U000e0041b"}, ensure_ascii=False)
    escaped = terminal.printable_json(text)
    assert escaped.isascii()
    assert json.loads(escaped) == json.loads(text)
