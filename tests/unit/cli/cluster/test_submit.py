"""`qee submit` and `qee cancel`: what is created and changed, and how refusals are told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import builders
from tests.fakes.cli import Cli, moved, succeeded
from tests.fakes.port import FakeApiServer

from qee.api.conditions import Phase
from qee.api.reasons import Reason
from qee.kube.port import ApiError, NotFound, Object, Resource
from qee.kube.resources import CONFIG_MAPS, JOBS


@pytest.fixture
def api() -> FakeApiServer:
    return FakeApiServer(now=lambda: datetime.now(UTC) - timedelta(minutes=5))


@pytest.fixture
def qee(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(api, monkeypatch)


def unplaced(**spec: Any) -> Object:
    job = builders.job(**spec)
    del job["metadata"]["namespace"]
    return job


def submit(qee: Cli, *documents: Object, words: tuple[str, ...] = ()) -> Any:
    return qee(*words, "submit", "-f", "-", input=yaml.safe_dump_all(documents))


def test_a_job_is_created_in_the_namespace_of_the_context(api: FakeApiServer, qee: Cli) -> None:
    done = submit(qee, unplaced())
    assert (done.exit_code, done.stdout) == (0, "quantumjob.qee.dev/bell created\n")
    assert [(verb, plural, where) for verb, plural, where, *_ in api.requests] == [("create", "quantumjobs", "default")]


def test_every_job_of_a_file_is_created(api: FakeApiServer, qee: Cli, tmp_path: Path) -> None:
    path = tmp_path / "jobs.yaml"
    path.write_text(yaml.safe_dump_all([builders.job("one"), builders.job("two")]))
    done = qee("submit", "-f", str(path), "-o", "name")
    assert done.stdout == "quantumjob.qee.dev/one\nquantumjob.qee.dev/two\n"


def test_another_name_can_be_given(api: FakeApiServer, qee: Cli) -> None:
    done = qee("submit", "-f", "-", "--name", "again", input=yaml.safe_dump(builders.job()))
    assert done.stdout == "quantumjob.qee.dev/again created\n"
    assert api.find(JOBS, "default", "bell") is None


def test_a_generated_name_is_told(api: FakeApiServer, qee: Cli) -> None:
    job = unplaced()
    job["metadata"] = {"generateName": "bell-"}
    done = submit(qee, job)
    (created,) = api.all(JOBS)
    assert done.stdout == f"quantumjob.qee.dev/{created['metadata']['name']} created\n"


def test_a_job_without_a_name_is_refused_before_anything_is_asked(api: FakeApiServer, qee: Cli) -> None:
    job = unplaced()
    del job["metadata"]["name"]
    done = submit(qee, job)
    assert done.exit_code == 2
    assert "give metadata.name, metadata.generateName or --name" in done.stderr
    assert api.requests == []


def test_a_name_that_is_taken_is_explained_and_both_ways_out_are_named(api: FakeApiServer, qee: Cli) -> None:
    api.put(JOBS, builders.job())
    succeeded("bell")(api)
    done = submit(qee, builders.job())
    assert done.exit_code == 2
    assert "QuantumJob 'bell' exists in namespace 'default' (Succeeded, 5m old), and a job runs once" in done.stderr
    assert "--name bell-2" in done.stderr
    assert "kubectl delete quantumjob bell" in done.stderr


def test_each_field_that_the_server_refuses_has_a_line(qee: Cli) -> None:
    done = submit(qee, unplaced(shots=0, seed=-1))
    assert done.exit_code == 2
    lines = done.stderr.splitlines()
    assert lines[0] == "Error: the API server refused the object as invalid"
    assert sorted(line.split(":")[0].strip() for line in lines[1:]) == ["spec.seed", "spec.shots"]


def test_a_misspelt_field_is_refused_by_the_server_and_never_dropped(api: FakeApiServer, qee: Cli) -> None:
    strictly: list[bool] = []
    create = api.create

    async def noted(resource: Resource, namespace: str | None, body: Object, *, strict: bool = False) -> Object:
        strictly.append(strict)
        return await create(resource, namespace, body, strict=strict)

    api.create = noted  # type: ignore[method-assign]
    submit(qee, unplaced())
    assert strictly == [True]


def test_the_manifests_namespace_counts_unless_another_one_is_named(api: FakeApiServer, qee: Cli) -> None:
    api.add_namespace("lab")
    job = builders.job(namespace="lab")
    assert submit(qee, job).exit_code == 0
    assert api.find(JOBS, "lab", "bell") is not None
    refused = submit(qee, job, words=("-n", "default"))
    assert refused.exit_code == 2
    assert "metadata.namespace: 'lab' is not --namespace 'default'" in refused.stderr


def test_a_namespace_that_is_not_there_is_named(qee: Cli) -> None:
    done = submit(qee, unplaced(), words=("-n", "nope"))
    assert done.exit_code == 2
    assert "there is no namespace 'nope'" in done.stderr


QASM = builders.BELL.encode()
CIRCUITS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "circuits"}, "data": {"bell": QASM.decode()}}
UNUSED = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "unused"}, "data": {}}


def test_config_maps_that_the_job_refers_to_are_created_first(api: FakeApiServer, qee: Cli) -> None:
    job = unplaced(circuits=[builders.circuit_from("circuits", "bell", QASM)])
    assert submit(qee, job, CIRCUITS, UNUSED).exit_code == 0
    assert [(plural, name) for _, plural, _, name, _ in api.requests] == [
        ("configmaps", "circuits"),
        ("quantumjobs", "bell"),
    ]


def test_a_config_map_that_is_there_already_must_hold_the_same(api: FakeApiServer, qee: Cli) -> None:
    job = unplaced(circuits=[builders.circuit_from("circuits", "bell", QASM)])
    api.put(CONFIG_MAPS, {**CIRCUITS, "metadata": {"name": "circuits"}})
    assert submit(qee, job, CIRCUITS).exit_code == 0
    other = {**CIRCUITS, "data": {"bell": "something else"}}
    refused = submit(qee, {**job, "metadata": {"name": "next"}}, other)
    assert refused.exit_code == 2
    assert "ConfigMap 'circuits' exists in namespace 'default' with other data" in refused.stderr
    assert api.find(JOBS, "default", "next") is None


def test_other_kinds_are_left_to_kubectl(api: FakeApiServer, qee: Cli) -> None:
    done = submit(qee, unplaced(), builders.backend())
    assert done.exit_code == 2
    assert "also holds QuantumBackend/aer; apply those with kubectl" in done.stderr
    assert api.requests == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ApiError(0, "Unreachable", "connection refused"), "the API server cannot be reached (connection refused)"),
        (ApiError(401, "Unauthorized", "Unauthorized"), "does not know you (401)"),
        (ApiError(403, "Forbidden", "User x cannot create"), "not allowed: User x cannot create"),
        (NotFound(404, "", "404 page not found"), "this cluster does not know qee.dev/v1alpha1; install QEE's CRDs"),
        (ApiError(400, "BadRequest", 'strict decoding error: unknown field "spec.x"'), 'unknown field "spec.x"'),
        (ApiError(500, "InternalError", "failed\x1b[2J"), "answered 500: failed\\x1b[2J"),
    ],
)
def test_a_refusal_of_the_server_is_one_line_and_exits_with_2(
    api: FakeApiServer, qee: Cli, error: ApiError, told: str
) -> None:
    def refuse(verb: str, *_: object) -> None:
        raise error

    api.before.append(refuse)
    done = submit(qee, unplaced())
    assert done.exit_code == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_cancel_sets_cancel_requested_and_nothing_else(api: FakeApiServer, qee: Cli) -> None:
    before = api.put(JOBS, builders.job())
    done = qee("cancel", "bell")
    assert (done.exit_code, done.stdout) == (0, "quantumjob.qee.dev/bell cancel requested\n")
    after = api.find(JOBS, "default", "bell")
    assert after is not None
    assert after["spec"] == {**before["spec"], "cancelRequested": True}


def test_a_finished_job_is_not_cancelled(api: FakeApiServer, qee: Cli) -> None:
    api.put(JOBS, builders.job())
    moved("bell", Phase.FAILED, Reason.OUT_OF_MEMORY)(api)
    done = qee("cancel", "bell")
    assert (done.exit_code, done.stdout) == (0, "quantumjob.qee.dev/bell is finished already (Failed)\n")
    assert api.requests == []


def test_cancelling_a_job_that_is_not_there_exits_with_2(qee: Cli) -> None:
    assert qee("cancel", "nope").exit_code == 2


def test_fetch_asks_for_the_result_of_a_job_at_a_provider_and_changes_nothing_else(
    api: FakeApiServer, qee: Cli
) -> None:
    child = {"kind": "QuantumTask", "name": "bell-1", "uid": "u"}
    api.put(JOBS, {**builders.job(), "status": {"child": child}})
    before = api.find(JOBS, "default", "bell")
    done = qee("fetch", "bell")
    assert done.exit_code == 0, done.stderr
    assert "bell fetch requested" in done.stdout
    after = api.find(JOBS, "default", "bell")
    assert before is not None
    assert after is not None
    asked = after["metadata"].pop("annotations")["qee.dev/fetch-requested-at"]
    assert datetime.fromisoformat(asked).tzinfo is not None
    assert after["spec"] == before["spec"]


def test_fetch_says_where_there_is_nothing_to_fetch(api: FakeApiServer, qee: Cli) -> None:
    api.put(JOBS, builders.job())
    done = qee("fetch", "bell")
    assert done.exit_code == 2
    assert "was not submitted to a provider" in done.stderr
    child = {"kind": "QuantumTask", "name": "bell-1", "uid": "u"}
    api.put(JOBS, {**builders.job("other"), "status": {"child": child, "result": {"configMap": "other-result"}}})
    done = qee("fetch", "other")
    assert done.exit_code == 0
    assert "has its result already" in done.stdout
