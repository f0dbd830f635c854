"""`qee run` and `qee wait`: what they wait for, what they print, how they exit."""

import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import builders
from tests.fakes.cli import Cli, moved, succeeded, when
from tests.fakes.port import FakeApiServer

from qee.api.conditions import Phase
from qee.api.names import LABEL_JOB_UID
from qee.api.reasons import Reason
from qee.cli.cluster import running, waiting
from qee.kube.port import ApiError, Resource
from qee.kube.resources import JOBS, PODS

RUNNING = moved("bell", Phase.RUNNING, Reason.RUNNING, "The circuits are being executed.")


@pytest.fixture
def api() -> FakeApiServer:
    return FakeApiServer()


@pytest.fixture
def qee(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setattr(waiting, "PAUSES", (0.01,))
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.01)
    return Cli(api, monkeypatch)


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    path = tmp_path / "bell.yaml"
    path.write_text(yaml.safe_dump(builders.job()))
    return str(path)


def signalled(number: int) -> Any:
    return lambda _: os.kill(os.getpid(), number)


def test_a_job_that_succeeds_is_submitted_followed_and_its_result_shown(
    api: FakeApiServer, qee: Cli, manifest: str
) -> None:
    when(api, "create", "quantumjobs", RUNNING, succeeded("bell"))
    done = qee("run", "-f", manifest)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[0] == "bell: 100 shots on aer (simulated)"
    assert "  00  " in done.stdout
    assert "50.0%" in done.stdout
    assert "quantumjob.qee.dev/bell created" in done.stderr
    assert "bell: Running\n" in done.stderr


def test_output_that_is_no_terminal_holds_no_escape_sequences(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    when(api, "create", "quantumjobs", RUNNING, succeeded("bell"))
    done = qee("run", "-f", manifest)
    assert "\x1b" not in done.output
    assert "\r" not in done.output


def test_json_on_stdout_is_the_stored_document_and_nothing_else(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    when(api, "create", "quantumjobs", RUNNING, succeeded("bell"))
    done = qee("run", "-f", manifest, "-o", "json")
    stored = api.find(Resource("", "v1", "configmaps", "ConfigMap"), "default", "bell-result")
    assert stored is not None
    assert done.stdout == stored["data"]["result.json"] + "\n"


def test_the_output_file_has_the_digest_of_the_status(
    api: FakeApiServer, qee: Cli, manifest: str, tmp_path: Path
) -> None:
    when(api, "create", "quantumjobs", succeeded("bell", zipped=True))
    done = qee("run", "-f", manifest, "--output-file", str(tmp_path / "result.json"))
    assert done.exit_code == 0, done.stderr
    job = api.find(JOBS, "default", "bell")
    assert job is not None
    written = (tmp_path / "result.json").read_bytes()
    assert hashlib.sha256(written).hexdigest() == job["status"]["result"]["sha256"]
    assert done.stdout.startswith("bell: 100 shots")


def test_a_failed_job_exits_with_1_and_one_line_of_reason_message_and_remedy(
    api: FakeApiServer, qee: Cli, manifest: str
) -> None:
    when(api, "create", "quantumjobs", moved("bell", Phase.FAILED, Reason.OUT_OF_MEMORY, "The runner was killed."))
    done = qee("run", "-f", manifest)
    assert done.exit_code == 1
    last = done.stderr.splitlines()[-1]
    assert last == f"Error: QuantumJob 'bell' failed: OutOfMemory: The runner was killed. {Reason.OUT_OF_MEMORY.remedy}"
    assert done.stdout == ""


def test_a_cancelled_job_exits_with_1(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    when(api, "create", "quantumjobs", moved("bell", Phase.CANCELLED, Reason.CANCELLED, "It was asked for."))
    done = qee("run", "-f", manifest)
    assert done.exit_code == 1
    assert "was cancelled: Cancelled" in done.stderr


def test_the_outcome_is_read_from_the_conditions_and_not_from_the_phase(api: FakeApiServer, qee: Cli) -> None:
    api.put(JOBS, builders.job())
    moved("bell", Phase.FAILED, Reason.RUNNER_FAILED)(api)
    lying = api.find(JOBS, "default", "bell")
    assert lying is not None
    lying["status"]["phase"] = "Succeeded"
    api.put(JOBS, lying)
    assert qee("wait", "bell").exit_code == 1


def test_the_end_of_the_timeout_exits_with_4_and_the_job_goes_on(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    when(api, "create", "quantumjobs", RUNNING)
    done = qee("run", "-f", manifest, "--timeout", "300ms")
    assert done.exit_code == 4
    assert "is not finished after" in done.stderr
    assert "(Running)" in done.stderr
    assert [verb for verb, *_ in api.requests] == ["create"]


def test_without_waiting_run_returns_as_soon_as_the_job_is_created(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    done = qee("run", "-f", manifest, "--no-wait")
    assert (done.exit_code, done.stdout) == (0, "quantumjob.qee.dev/bell created\n")


def test_waiting_for_a_job_that_is_not_there_exits_with_2(qee: Cli) -> None:
    done = qee("wait", "nope")
    assert done.exit_code == 2
    assert "there is no QuantumJob 'nope' in namespace 'default'" in done.stderr


def test_a_job_that_is_finished_already_is_not_waited_for(api: FakeApiServer, qee: Cli) -> None:
    api.put(JOBS, builders.job())
    succeeded("bell")(api)
    done = qee("wait", "bell", "--timeout", "5s")
    assert (done.exit_code, done.stdout) == (0, "quantumjob.qee.dev/bell succeeded\n")


def test_what_happened_while_the_watch_was_down_is_seen(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    def unseen(server: FakeApiServer) -> None:
        watches, server._watches = server._watches, []
        succeeded("bell")(server)
        server._watches = watches

    when(api, "watch", "quantumjobs", RUNNING, unseen, FakeApiServer.end_watches)
    done = qee("run", "-f", manifest, "--timeout", "10s")
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("status", [0, 410, 429, 500, 503])
def test_errors_that_may_pass_are_waited_out(api: FakeApiServer, qee: Cli, manifest: str, status: int) -> None:
    failures = [2]

    def flaky(verb: str, _: Resource, __: str | None) -> None:
        if verb in ("get", "watch") and failures[0]:
            failures[0] -= 1
            raise ApiError(status, "Passing", "not now")

    api.before.append(flaky)
    when(api, "create", "quantumjobs", RUNNING, succeeded("bell"), pause=0.1)
    done = qee("run", "-f", manifest, "--timeout", "10s")
    assert done.exit_code == 0, done.stderr
    assert failures == [0]


def test_an_api_server_that_never_answers_is_given_up_in_the_end(
    api: FakeApiServer, qee: Cli, manifest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(verb: str, _: Resource, __: str | None) -> None:
        if verb != "create":
            raise ApiError(0, "Unreachable", "connection refused")

    monkeypatch.setattr(waiting, "PATIENCE", 0.05)
    api.before.append(dead)
    done = qee("run", "-f", manifest)
    assert done.exit_code == 2
    assert "cannot be reached" in done.stderr


def test_who_may_not_watch_polls(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    def forbidden(verb: str, _: Resource, __: str | None) -> None:
        if verb == "watch":
            raise ApiError(403, "Forbidden", "cannot watch")

    api.before.append(forbidden)
    when(api, "create", "quantumjobs", RUNNING, succeeded("bell"))
    assert qee("run", "-f", manifest, "--timeout", "10s").exit_code == 0


def test_a_job_deleted_meanwhile_is_not_waited_for(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    when(api, "create", "quantumjobs", RUNNING, lambda server: server.remove(JOBS, "default", "bell"))
    done = qee("run", "-f", manifest, "--timeout", "10s")
    assert done.exit_code == 2
    assert "was deleted before it finished" in done.stderr


def test_another_job_under_the_same_name_is_not_taken_for_ours(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    def replaced(server: FakeApiServer) -> None:
        watches, server._watches = server._watches, []
        server.remove(JOBS, "default", "bell")
        server.put(JOBS, builders.job())
        succeeded("bell")(server)
        server._watches = watches

    when(api, "watch", "quantumjobs", RUNNING, replaced, FakeApiServer.end_watches)
    done = qee("run", "-f", manifest, "--timeout", "10s")
    assert done.exit_code == 2
    assert "was deleted before it finished" in done.stderr


def test_a_job_that_its_ttl_deletes_at_once_still_counts_as_it_ended(api: FakeApiServer, qee: Cli) -> None:
    api.put(JOBS, builders.job())

    def ended_and_gone(server: FakeApiServer) -> None:
        watches, server._watches = server._watches, []
        succeeded("bell")(server)
        server._watches = watches
        server.remove(JOBS, "default", "bell")

    when(api, "watch", "quantumjobs", RUNNING, ended_and_gone)
    assert qee("wait", "bell", "--timeout", "10s").exit_code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_with_cancel_on_interrupt_cancels_the_job(
    api: FakeApiServer, qee: Cli, manifest: str, number: int
) -> None:
    when(api, "watch", "quantumjobs", RUNNING, signalled(number))
    when(api, "patch", "quantumjobs", moved("bell", Phase.CANCELLED, Reason.CANCELLED, "It was asked for."))
    done = qee("run", "-f", manifest, "--cancel-on-interrupt", "--timeout", "10s")
    assert done.exit_code == 1
    assert "asked to cancel bell" in done.stderr
    job = api.find(JOBS, "default", "bell")
    assert job is not None
    assert job["spec"]["cancelRequested"] is True


def test_a_signal_that_comes_while_the_job_is_being_created_cancels_it_too(
    api: FakeApiServer, qee: Cli, manifest: str
) -> None:
    api.after.append(lambda verb, *_: os.kill(os.getpid(), signal.SIGTERM) if verb == "create" else None)
    when(api, "patch", "quantumjobs", moved("bell", Phase.CANCELLED, Reason.CANCELLED, "It was asked for."))
    done = qee("run", "-f", manifest, "--cancel-on-interrupt", "--timeout", "10s")
    assert done.exit_code == 1
    assert [verb for verb, *_ in api.requests] == ["create", "patch"]


def test_a_cancelled_pipeline_does_not_wait_for_an_operator_that_is_away(
    api: FakeApiServer, qee: Cli, manifest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CANCEL_SECONDS", 0.1)
    when(api, "watch", "quantumjobs", RUNNING, signalled(signal.SIGTERM))
    done = qee("run", "-f", manifest, "--cancel-on-interrupt")
    assert done.exit_code == 1
    assert "has not ended yet" in done.stderr


def test_a_cancellation_that_the_server_refuses_is_not_claimed(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    def refused(verb: str, _: Resource, __: str | None) -> None:
        if verb == "patch":
            raise ApiError(403, "Forbidden", "cannot patch")

    api.before.append(refused)
    when(api, "watch", "quantumjobs", RUNNING, signalled(signal.SIGTERM))
    done = qee("run", "-f", manifest, "--cancel-on-interrupt")
    assert done.exit_code == 2
    assert "was not confirmed" in done.stderr
    assert "qee cancel bell" in done.stderr


def test_a_signal_without_cancel_on_interrupt_leaves_the_job_alone(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    when(api, "watch", "quantumjobs", RUNNING, signalled(signal.SIGTERM))
    done = qee("run", "-f", manifest)
    assert done.exit_code == 143
    assert "goes on" in done.stderr
    assert [verb for verb, *_ in api.requests] == ["create"]


def test_logs_go_to_stderr_without_the_frame(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    def started(server: FakeApiServer) -> None:
        job = server.find(JOBS, "default", "bell")
        assert job is not None
        meta = {"name": "bell-0", "labels": {LABEL_JOB_UID: job["metadata"]["uid"]}}
        status = {"phase": "Running", "containerStatuses": [builders.container(builders.running())]}
        server.put(PODS, {"metadata": meta, "spec": {}, "status": status})
        server.set_log("default", "bell-0", "runner", b"hello \x1b[31mred\nqee-frame/v1 begin {}\n")

    when(api, "create", "quantumjobs", started, RUNNING, succeeded("bell"), pause=0.05)
    done = qee("run", "-f", manifest, "--logs", "-o", "json", "--timeout", "20s")
    assert done.exit_code == 0, done.stderr
    assert "hello \\x1b[31mred\n" in done.stderr
    assert "qee-frame" not in done.stderr
    assert json.loads(done.stdout)["job"]["name"] == "bell"


def test_messages_of_the_cluster_cannot_act_on_the_terminal(api: FakeApiServer, qee: Cli, manifest: str) -> None:
    queued = moved("bell", Phase.QUEUED, Reason.QUEUED, "waits\x1b]0;title\x07 \u202e\nfor room")
    failed = moved("bell", Phase.FAILED, Reason.CHILD_REFUSED, "no\x9b31m way")
    when(api, "create", "quantumjobs", queued, failed)
    done = qee("run", "-f", manifest)
    assert "bell: Queued: waits\\x1b]0;title\\x07 \\u202e\\nfor room\n" in done.stderr
    assert "no\\x9b31m way" in done.stderr


def test_one_of_several_jobs_is_chosen_by_name(api: FakeApiServer, qee: Cli, tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(yaml.safe_dump_all([builders.job("one"), builders.job("two")]))
    refused = qee("run", "-f", str(path), "--no-wait")
    assert refused.exit_code == 2
    assert "2 QuantumJobs (one, two); name one with --job" in refused.stderr
    assert qee("run", "-f", str(path), "--job", "two", "--no-wait").stdout == "quantumjob.qee.dev/two created\n"
