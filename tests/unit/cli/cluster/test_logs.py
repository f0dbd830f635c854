"""`qee logs`: the right pod's log, without the frame, safe for a terminal."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from tests import builders
from tests.fakes.cli import Cli, moved, succeeded, when
from tests.fakes.port import FakeApiServer

from qee.api.conditions import Phase
from qee.api.names import INDEX_LABEL, LABEL_JOB_UID
from qee.api.reasons import Reason
from qee.cli.cluster import logs
from qee.kube.port import ApiError, Object
from qee.kube.resources import JOBS, PODS

FRAME = b'qee-frame/v1 begin {"run": "x"}\nqee-frame/v1 data 0 AAAA\nqee-frame/v1 end {}\n'


@pytest.fixture
def api() -> FakeApiServer:
    """Its clock is a second later at each look, so that what comes later is younger."""
    seconds = count()
    return FakeApiServer(lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(seconds)))


@pytest.fixture
def qee(api: FakeApiServer, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setattr(logs, "LOOK_AGAIN", 0.02)
    return Cli(api, monkeypatch)


def given(api: FakeApiServer, **spec: Any) -> Object:
    job = api.put(JOBS, builders.job(**spec))
    moved("bell", Phase.RUNNING, Reason.RUNNING, child={"kind": "Job", "name": "bell-1", "uid": "child-1"})(api)
    return job


def pod(api: FakeApiServer, name: str, owner: str, log: bytes | None, ended: bool = True, index: int = 0) -> None:
    job = api.find(JOBS, "default", "bell")
    assert job is not None
    state = builders.waiting("ContainerCreating") if log is None else builders.running()
    meta: dict[str, Any] = {"name": name, "labels": {LABEL_JOB_UID: job["metadata"]["uid"], INDEX_LABEL: str(index)}}
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


def test_the_log_of_each_shard_can_be_shown(api: FakeApiServer, qee: Cli) -> None:
    given(api, shards=3)
    for index in range(3):
        pod(api, f"bell-{index}", "child-1", f"of shard {index}\n".encode(), index=index)
    pod(api, "bell-1-forged", "someone-else", b"forged\n", index=1)
    for index in range(3):
        done = qee("logs", "bell", "--shard", str(index))
        assert (done.exit_code, done.stdout, done.stderr) == (0, f"of shard {index}\n", "")


def test_of_a_shard_that_was_retried_the_youngest_pods_log_is_shown(api: FakeApiServer, qee: Cli) -> None:
    given(api, shards=2)
    for name in ("bell-1-b", "bell-1-a", "bell-0"):
        pod(api, name, "child-1", f"{name}\n".encode(), index=int(name[5]))
    assert qee("logs", "bell", "--shard", "1").stdout == "bell-1-a\n"


def test_without_a_choice_it_is_said_whose_log_it_is(api: FakeApiServer, qee: Cli) -> None:
    given(api, shards=4)
    pod(api, "bell-2", "child-1", b"text\n", index=2)
    done = qee("logs", "bell")
    assert (done.exit_code, done.stdout) == (0, "text\n")
    assert done.stderr.startswith("shard 2 of 4, whose pod is the youngest; --shard N")


@pytest.mark.parametrize(
    ("spec", "remedy"), [({"shards": 3}, "has 3 shards, 0 to 2; leave --shard out"), ({}, "has one shard, 0; leave")]
)
def test_a_shard_that_the_job_has_not_is_refused(
    api: FakeApiServer, qee: Cli, spec: dict[str, Any], remedy: str
) -> None:
    given(api, **spec)
    pod(api, "bell-0", "child-1", b"text\n")
    done = qee("logs", "bell", "--shard", "3")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--shard 3: QuantumJob 'bell' {remedy}" in done.stderr
    assert qee("logs", "bell", "--shard", "-1").exit_code == 2


def test_a_shard_without_a_pod_is_told_from_one_that_waits(api: FakeApiServer, qee: Cli) -> None:
    given(api, shards=3)
    pod(api, "bell-0", "child-1", b"text\n")
    pod(api, "bell-1", "child-1", None, index=1)
    waits = qee("logs", "bell", "--shard", "1").stderr
    assert "the pod of shard 1 of 'bell' has not started (ContainerCreating); `qee logs bell --shard 1 -f`" in waits
    absent = qee("logs", "bell", "--shard", "2").stderr
    assert "shard 2 has no pod yet, or nothing to do; `qee logs bell --shard 2 -f` waits for it" in absent
    succeeded("bell")(api)
    assert "the pod of shard 2 of 'bell' is gone" in qee("logs", "bell", "--shard", "2").stderr


def test_one_shard_is_followed_past_the_others(api: FakeApiServer, qee: Cli) -> None:
    given(api, shards=2)
    pod(api, "bell-0", "child-1", b"of shard 0\n")
    steps: list[Any] = [
        lambda server: pod(server, "bell-1", "child-1", b"one\n", ended=False, index=1),
        lambda server: server.set_log("default", "bell-1", "runner", b"one\ntwo\n"),
        lambda server: pod(server, "bell-1-again", "child-1", b"again\n", index=1),
        succeeded("bell"),
    ]
    when(api, "list", "pods", *steps, pause=0.1)
    done = qee("logs", "bell", "--shard", "1", "-f")
    assert (done.exit_code, done.stdout) == (0, "one\ntwo\nagain\n")


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
