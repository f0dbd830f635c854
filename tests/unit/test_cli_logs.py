"""`qee logs`: the right pod's log, without the frame, safe for a terminal."""

from typing import Any

import pytest
from tests import builders
from tests.fakes.cli import Cli, moved, succeeded, when
from tests.fakes.port import FakeApiServer

from qee.api.conditions import Phase
from qee.api.names import LABEL_JOB_UID
from qee.api.reasons import Reason
from qee.cli import logs
from qee.kube.port import ApiError, Object
from qee.kube.resources import JOBS, PODS

FRAME = b'qee-frame/v1 begin {"run": "x"}\nqee-frame/v1 data 0 AAAA\nqee-frame/v1 end {}\n'


@pytest.fixture
def api() -> FakeApiServer:
    return FakeApiServer()


@pytest.fixture
def qee(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setattr(logs, "LOOK_AGAIN", 0.02)
    return Cli(api, monkeypatch)


def given(api: FakeApiServer) -> Object:
    job = api.put(JOBS, builders.job())
    moved("bell", Phase.RUNNING, Reason.RUNNING, child={"kind": "Job", "name": "bell-1", "uid": "child-1"})(api)
    return job


def pod(api: FakeApiServer, name: str, owner: str, log: bytes | None, ended: bool = True) -> None:
    job = api.find(JOBS, "default", "bell")
    assert job is not None
    state = builders.waiting("ContainerCreating") if log is None else builders.running()
    meta: dict[str, Any] = {"name": name, "labels": {LABEL_JOB_UID: job["metadata"]["uid"]}}
    meta["ownerReferences"] = [{"kind": "Job", "name": "bell-1", "uid": owner}]
    status = {"phase": "Running", "containerStatuses": [builders.container(state)]}
    api.put(PODS, {"metadata": meta, "spec": {}, "status": status})
    if log is not None:
        api.set_log("default", name, "runner", log, ended=ended)


def test_the_log_is_shown_without_the_frame(api: FakeApiServer, qee: Cli) -> None:
    given(api)
    pod(api, "bell-0", "child-1", b"first\n\nsecond\n\n" + FRAME + b"last\r\n")
    done = qee("logs", "bell")
    assert (done.exit_code, done.stdout) == (0, "first\n\nsecond\nlast\n")


def test_what_a_circuit_makes_the_runner_write_cannot_act_on_the_terminal(api: FakeApiServer, qee: Cli) -> None:
    given(api)
    pod(api, "bell-0", "child-1", b"\x1b[2J\x9b \xff tab\tbed\n")
    assert qee("logs", "bell").stdout == "\\x1b[2J\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER} tab    bed\n"


def test_a_pod_that_only_bears_the_label_is_not_taken_for_the_jobs(api: FakeApiServer, qee: Cli) -> None:
    given(api)
    pod(api, "bell-0", "child-1", b"ours\n")
    pod(api, "aaa", "someone-else", b"forged\n")
    assert qee("logs", "bell").stdout == "ours\n"


def test_a_job_without_a_pod_is_told_from_one_whose_pod_is_gone(api: FakeApiServer, qee: Cli) -> None:
    given(api)
    waits = qee("logs", "bell")
    assert waits.exit_code == 2
    assert "has no pod yet; `qee logs bell -f` waits for it" in waits.stderr
    succeeded("bell")(api)
    gone = qee("logs", "bell")
    assert gone.exit_code == 2
    assert "the pod of 'bell' is gone" in gone.stderr


def test_a_pod_that_has_not_started_is_told_with_what_it_waits_for(api: FakeApiServer, qee: Cli) -> None:
    given(api)
    pod(api, "bell-0", "child-1", None)
    done = qee("logs", "bell")
    assert done.exit_code == 2
    assert "has not started (ContainerCreating)" in done.stderr


def test_following_waits_for_the_pod_and_ends_with_the_job(api: FakeApiServer, qee: Cli) -> None:
    given(api)
    steps: list[Any] = [
        lambda server: pod(server, "bell-0", "child-1", None),
        lambda server: pod(server, "bell-0", "child-1", b"one\n", ended=False),
        lambda server: server.set_log("default", "bell-0", "runner", b"one\ntwo\n"),
        succeeded("bell"),
    ]
    when(api, "list", "pods", *steps, pause=0.1)
    done = qee("logs", "bell", "-f")
    assert (done.exit_code, done.stdout) == (0, "one\ntwo\n")


def test_following_goes_on_with_the_next_attempt(api: FakeApiServer, qee: Cli) -> None:
    given(api)
    pod(api, "bell-0", "child-1", b"first attempt\n")
    second = moved("bell", Phase.RUNNING, Reason.RUNNING, child={"kind": "Job", "name": "bell-2", "uid": "child-2"})
    when(
        api,
        "log",
        "pods",
        second,
        lambda server: pod(server, "bell-1", "child-2", b"second attempt\n"),
        succeeded("bell"),
        pause=0.1,
    )
    assert qee("logs", "bell", "-f").stdout == "first attempt\nsecond attempt\n"


def test_who_may_not_read_logs_is_told_so(api: FakeApiServer, qee: Cli) -> None:
    given(api)
    pod(api, "bell-0", "child-1", b"secret\n")

    def forbidden(verb: str, *_: object) -> None:
        if verb == "log":
            raise ApiError(403, "Forbidden", "cannot get resource pods/log")

    api.before.append(forbidden)
    done = qee("logs", "bell")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "not allowed: cannot get resource pods/log" in done.stderr
