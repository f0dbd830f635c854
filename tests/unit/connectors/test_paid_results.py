"""What a provider has executed is paid for: its result is stored, whatever goes wrong beside it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from tests.cloud import Cloud
from tests.fakes.provider import Job as ProviderJob
from tests.fakes.schema import invalid
from tests.operators import Controller

from qee.api.conditions import ConditionType
from qee.api.names import ANNOTATION_FETCH_AT, RESULT_KEY
from qee.connectors.fetching import GIVEN_UP_SECONDS, GONE_SECONDS, Tries
from qee.connectors.protocol import (
    Ambiguous,
    Charge,
    Gone,
    ProviderError,
    ProviderState,
    Rejected,
    Throttled,
    Unauthorized,
    UnitResult,
    Unreachable,
)
from qee.controller.worker import TooMuch, Worker
from qee.core.naming import result_names
from qee.documents import ResultDocument
from qee.kube.port import ApiError, Conflict, Resource
from qee.kube.resources import CONFIG_MAPS, EVENTS, JOBS, TASKS

HOUR = 3600.0
COUNTS = [{"00": 100}]


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)


def fails(cloud: Cloud, call: str, error: Callable[[], ProviderError], until: Callable[[], bool]) -> None:
    def misbehave(made: str) -> None:
        if made == call and not until():
            raise error()

    cloud.provider.before = misbehave


def after(cloud: Cloud, seconds: float) -> Callable[[], bool]:
    end = cloud.clock.now.timestamp() + seconds
    return lambda: cloud.clock.now.timestamp() >= end


def never() -> bool:
    return False


def stored(cloud: Cloud) -> list[Any]:
    """The counts of the document that is stored; none where none is."""
    found = cloud.config_maps("result")
    return [
        dict(each.counts or {})
        for one in found
        for each in ResultDocument.from_bytes(one["data"][RESULT_KEY].encode()).results
    ]


def fetches(cloud: Cloud) -> int:
    return cloud.provider.calls.count("fetch")


def ask(cloud: Cloud) -> None:
    """`qee fetch bell`"""
    live = cloud.job()
    asked = {ANNOTATION_FETCH_AT: cloud.clock.now.isoformat()}
    cloud.api.put(JOBS, {**live, "metadata": {**live["metadata"], "annotations": asked}})


# What is beside a result


@pytest.mark.parametrize(
    ("charge", "actual"),
    [
        (Charge(amount="12.4166000000001", currency="USD"), "12.4166"),
        (Charge(amount="-3.0", currency="USD"), None),
        (Charge(amount="3.0", currency="credit"), None),
        (Charge(amount="3.0", currency="usd"), "3.0"),
        (Charge(qpu_milliseconds=-5000), None),
        (Charge(qpu_milliseconds=2**60, amount="NaN", currency="USD"), None),
    ],
)
async def test_a_charge_that_status_would_refuse_costs_no_result(cloud: Cloud, charge: Charge, actual: str | None):
    cloud.provider.charge = charge
    cloud.given_cloud()
    await cloud.settle()
    assert cloud.outcome == ("Succeeded", "Completed")
    assert stored(cloud) == COUNTS
    assert cloud.status["cost"].get("actual") == actual
    assert fetches(cloud) == 1


@pytest.mark.parametrize("field", ["charge", "message", "parts", "queuePosition", "observedGeneration", "duplicates"])
async def test_whatever_field_of_status_is_refused_the_result_is_stored(cloud: Cloud, field: str):
    """As by another version's CRD, or by a policy: the server's word, against which no cleaning helps."""

    honest = cloud.api.patch_status

    async def patch_status(resource: Resource, namespace: str | None, name: str, patch: Any) -> Any:
        told = patch["status"].get(field)
        if resource == TASKS and patch["status"].get("result") and told and "refused" not in str(told):
            raise invalid(resource, name, (f"status.{field}", "Invalid value"))
        return await honest(resource, namespace, name, patch)

    cloud.api.patch_status = patch_status  # type: ignore[method-assign]
    cloud.provider.gives = lambda unit: UnitResult(counts={"00": 100})
    cloud.given_cloud()
    await cloud.settle()
    assert cloud.outcome == ("Succeeded", "Completed")
    assert stored(cloud) == COUNTS


_told = some.one_of(some.text(max_size=700), some.sampled_from(["\0", "\ud800", "a" * 5000, "é" * 600]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(_told, some.one_of(some.integers(), some.floats(), some.text(max_size=40)), some.text(max_size=6))
async def test_whatever_a_provider_says_beside_a_result_it_is_stored(tmp_path: Path, told: str, figure: Any, word: str):
    cloud = Cloud(tmp_path)
    good = UnitResult(counts={"00": 100})
    cloud.provider.charge = Charge(figure, figure, word)
    cloud.provider.gives = lambda unit: good if unit.circuit == "a" else UnitResult(problem=told)
    (one,) = cloud_job()["spec"]["circuits"]
    cloud.given_cloud(circuits=[{**one, "name": name} for name in "ab"])
    await cloud.settle(rounds=7)
    assert cloud.outcome == ("Failed", "PartialResult")
    assert stored(cloud) == COUNTS


def cloud_job() -> Any:
    from tests.cloud import job

    return job()


@pytest.mark.parametrize(
    "bad",
    [
        UnitResult(probabilities={"00": "0.5", "11": "0.495"}),
        UnitResult(probabilities={"00": "NaN"}),
        UnitResult(probabilities={}),
        UnitResult(counts={"00": 3}),
        UnitResult(counts={}),
        UnitResult(counts={"11111111": 100}),
        UnitResult(memory=("0",) * 100),
    ],
)
async def test_one_bad_unit_costs_that_unit_and_is_said(cloud: Cloud, bad: UnitResult):
    cloud.provider.gives = lambda unit: bad if unit.circuit == "b" else UnitResult(counts={"00": unit.shots})
    (one,) = cloud_job()["spec"]["circuits"]
    cloud.given_cloud(circuits=[{**one, "name": name} for name in "abc"])
    await cloud.settle()
    assert cloud.outcome == ("Failed", "PartialResult")
    assert "1 of 3 results are missing: the provider's result has" in cloud.message
    assert stored(cloud) == COUNTS * 2


# Fetching


@pytest.mark.parametrize(
    "error",
    [
        lambda: Unauthorized("the session has expired"),
        lambda: Throttled("429", 1),
        lambda: Unreachable("503"),
        lambda: Ambiguous("what is this"),
        lambda: Rejected("400"),
    ],
)
async def test_an_hour_without_a_fetch_costs_no_result(cloud: Cloud, error: Callable[[], ProviderError]):
    fails(cloud, "fetch", error, after(cloud, HOUR))
    cloud.given_cloud()
    await cloud.settle(rounds=20, seconds=15)
    assert cloud.outcome == ("Running", "ResultNotFetched")
    assert str(error()) in cloud.message
    assert cloud.budget()["reserved"]["jobs"] == 1
    await cloud.settle(rounds=100, seconds=60)
    assert cloud.outcome == ("Succeeded", "Completed")
    assert stored(cloud) == COUNTS
    assert fetches(cloud) < 20, "ever more rarely"
    writes = [plural for _, plural in cloud.writes()]
    assert writes.count(TASKS.plural) < 8
    assert writes.count(JOBS.plural) < 6


@pytest.mark.parametrize("error", [lambda: Unauthorized("401"), lambda: Throttled("429", 5)])
async def test_a_credential_or_a_busy_provider_never_ends_it(cloud: Cloud, error: Callable[[], ProviderError]):
    fails(cloud, "fetch", error, after(cloud, 7 * 24 * HOUR))
    cloud.given_cloud()
    await cloud.settle(rounds=8)
    await cloud.settle(rounds=6 * 24, seconds=HOUR)
    assert cloud.outcome == ("Running", "ResultNotFetched")
    await cloud.settle(rounds=48, seconds=HOUR)
    assert cloud.outcome == ("Succeeded", "Completed")
    assert stored(cloud) == COUNTS


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_404_after_success_is_tried_again_for_minutes(cloud: Cloud, restarted: bool):
    fails(cloud, "fetch", lambda: Gone("BlobNotFound"), after(cloud, 420))
    cloud.given_cloud()
    for number in range(30):
        await cloud.settle(rounds=1, seconds=30)
        if restarted and number == 8:
            cloud.connect()
    assert cloud.outcome == ("Succeeded", "Completed")
    assert stored(cloud) == COUNTS


async def test_a_part_whose_result_is_not_there_yet_does_not_hold_up_the_others_and_none_is_fetched_twice(cloud: Cloud):
    honest, asked = cloud.provider.fetch, []
    late = after(cloud, 240)

    async def fetch(handle: str, submission: Any) -> Any:
        asked.append(handle)
        if handle == "job-1" and not late():
            raise Gone("BlobNotFound")
        return await honest(handle, submission)

    cloud.provider.fetch = fetch
    (one,) = cloud_job()["spec"]["circuits"]
    cloud.given_cloud(circuits=[{**one, "name": name} for name in "abc"])
    await cloud.settle(rounds=8)
    assert asked.count("job-2") == asked.count("job-3") == 1
    await cloud.settle(rounds=20)
    assert cloud.outcome == ("Succeeded", "Completed")
    assert stored(cloud) == COUNTS * 3
    assert asked.count("job-2") == asked.count("job-3") == 1


@pytest.mark.parametrize("error", [Unreachable("results that cannot be read"), Throttled("429", 1)])
async def test_a_part_that_is_never_answered_does_not_keep_the_others_at_the_provider(
    cloud: Cloud, error: ProviderError
):
    honest, came = cloud.provider.fetch, []

    async def fetch(handle: str, submission: Any) -> Any:
        if handle == "job-1":
            raise error
        came.append(handle)
        return await honest(handle, submission)

    cloud.provider.fetch = fetch
    (one,) = cloud_job()["spec"]["circuits"]
    cloud.given_cloud(circuits=[{**one, "name": name} for name in "abc"])
    await cloud.settle(rounds=10)
    assert cloud.outcome == ("Running", "ResultNotFetched")
    assert came == ["job-2", "job-3"], "each once, within minutes"


async def test_a_404_that_stays_ends_the_job_within_the_hour_and_says_how_to_go_on(cloud: Cloud):
    fails(cloud, "fetch", lambda: Gone("BlobNotFound"), never)
    cloud.given_cloud()
    await cloud.settle(rounds=60, seconds=60)
    assert cloud.outcome == ("Failed", "ResultNotFetched")
    assert "job-1" in cloud.message
    assert "qee fetch" in cloud.message
    assert cloud.budget()["spent"]["cost"] == "0.4", "nobody knows what was charged: all that was reserved"
    count = fetches(cloud)
    await cloud.settle(rounds=20, seconds=600)
    assert fetches(cloud) == count, "nobody asks any more"


def test_patience_is_for_what_counts_alone():
    for error in (Unauthorized("401"), Throttled("429")):
        tries = Tries()
        assert all((tries.next(error) or 0) <= 300 for _ in range(10_000))
    for error, patience in ((Unreachable("503"), GIVEN_UP_SECONDS), (Gone("404"), GONE_SECONDS)):
        tries, waited = Tries(), 0.0
        while (pause := tries.next(error)) is not None:
            waited += pause
            assert 15 <= pause <= 300
        assert patience - 300 <= waited <= patience
    assert Tries().next(Throttled("429", 1800)) == 1800


CANARY = "q7Rz2Xk9Lw4Vb1Nc8Md5Tf6Gh3Jp0SaE"
SAID = f"see https://store.example/box/raw?sig={CANARY}&se=1, Authorization: Bearer {CANARY}, AccountKey={CANARY}=="


@pytest.mark.parametrize("call", ["submit", "find", "status", "fetch", "cancel", "problem", "state"])
async def test_no_credential_in_what_a_provider_says_reaches_an_object_or_a_log(
    cloud: Cloud, call: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG")
    cloud.clock.forward(60)  # the task is younger than the connector, which then looks for it first
    cloud.connect()
    said = {"submit": lambda: Rejected(SAID), "fetch": lambda: Gone(SAID)}.get(call, lambda: Unreachable(SAID))
    fails(cloud, call, said, after(cloud, 120) if call != "fetch" else never)
    if call == "problem":
        cloud.provider.gives = lambda unit: UnitResult(problem=SAID)
    if call == "cancel":
        cloud.provider.held = True
    honest = cloud.provider.status

    async def status(handles: Any) -> Any:
        found = await honest(handles)
        return {handle: ProviderState("failed", SAID) for handle in found} if call == "state" else found

    cloud.provider.status = status
    cloud.given_cloud()
    await cloud.settle(rounds=3)
    if call == "cancel":
        cloud.change(cancelRequested=True)
    await cloud.settle(rounds=40, seconds=60)
    assert cloud.status["phase"] in ("Failed", "Succeeded", "Cancelled")
    everything = json.dumps([cloud.api.all(kind, "default") for kind in (JOBS, TASKS, EVENTS, CONFIG_MAPS)])
    if call in ("submit", "fetch", "problem", "state"):
        assert "https://store.example/***" in everything, "it is told"
    assert CANARY[:8] not in everything + caplog.text


# Asking for it later


async def test_what_was_given_up_is_fetched_when_somebody_asks_and_the_end_stays(cloud: Cloud):
    fails(cloud, "fetch", lambda: Gone("BlobNotFound"), never)
    cloud.given_cloud()
    await cloud.settle(rounds=40, seconds=60)
    assert cloud.outcome == ("Failed", "ResultNotFetched")
    ended = cloud.status["completionTime"]
    ask(cloud)
    await cloud.settle(rounds=3)
    assert stored(cloud) == []
    assert "BlobNotFound" in cloud.task["status"]["message"]
    count = fetches(cloud)
    await cloud.settle(rounds=5)
    assert fetches(cloud) == count, "once for each time that somebody asks"
    cloud.provider.before = lambda call: None
    cloud.clock.forward(20 * 24 * HOUR)
    cloud.connect()
    ask(cloud)
    await cloud.settle(rounds=4)
    assert stored(cloud) == COUNTS
    assert cloud.outcome == ("Failed", "ResultNotFetched"), "an end is final"
    assert cloud.status["completionTime"] == ended
    assert cloud.condition(ConditionType.RESULTS_STORED)["status"] == "True"
    assert cloud.status["result"]["summary"]["results"][0]["counts"] == COUNTS[0]
    assert cloud.status["cost"]["actual"] == "0.30"
    assert cloud.provider.calls.count("submit") == 1


@pytest.mark.parametrize(
    "error", [Conflict(409, "Conflict", "it was changed"), ApiError(500, "InternalError", "etcdserver: timed out")]
)
async def test_what_was_asked_for_and_could_not_be_written_is_fetched_again(cloud: Cloud, error: ApiError):
    fails(cloud, "fetch", lambda: Gone("BlobNotFound"), never)
    cloud.given_cloud()
    await cloud.settle(rounds=40, seconds=60)
    assert cloud.outcome == ("Failed", "ResultNotFetched")
    cloud.provider.before = lambda call: None
    honest, failed = cloud.api.patch_status, []

    async def patch_status(resource: Resource, namespace: str | None, name: str, patch: Any) -> Any:
        if resource == TASKS and patch["status"].get("result") and len(failed) < 3:
            failed.append(name)
            raise error
        return await honest(resource, namespace, name, patch)

    cloud.api.patch_status = patch_status  # type: ignore[method-assign]
    ask(cloud)
    await cloud.settle(rounds=3, seconds=1)
    assert len(failed) < 3 or isinstance(error, Conflict), "what fails is not repeated without a pause"
    await cloud.settle(rounds=6)
    assert stored(cloud) == COUNTS


async def test_a_part_that_is_gone_does_not_keep_the_others_from_being_fetched_when_somebody_asks(cloud: Cloud):
    honest, mended = cloud.provider.fetch, []

    async def fetch(handle: str, submission: Any) -> Any:
        if handle == "job-1" or not mended:
            raise Gone("BlobNotFound")
        return await honest(handle, submission)

    cloud.provider.fetch = fetch
    (one,) = cloud_job()["spec"]["circuits"]
    cloud.given_cloud(circuits=[{**one, "name": name} for name in "abc"])
    await cloud.settle(rounds=40, seconds=60)
    assert cloud.outcome == ("Failed", "ResultNotFetched")
    mended.append(True)
    ask(cloud)
    await cloud.settle(rounds=4)
    assert stored(cloud) == COUNTS * 2
    (document,) = [ResultDocument.from_bytes(each["data"][RESULT_KEY].encode()) for each in cloud.config_maps("result")]
    assert ["Gone: BlobNotFound" in each.message for each in document.missing] == [True]


async def test_asking_while_it_waits_brings_the_next_try_forward(cloud: Cloud):
    renewed: list[bool] = []
    fails(cloud, "fetch", lambda: Unauthorized("401"), lambda: bool(renewed))
    cloud.given_cloud()
    await cloud.settle(rounds=60, seconds=120)
    count = fetches(cloud)
    while fetches(cloud) == count:
        await cloud.settle(rounds=1, seconds=30)
    renewed.append(True)
    await cloud.settle(rounds=3, seconds=1)
    assert cloud.outcome == ("Running", "ResultNotFetched")
    ask(cloud)
    await cloud.settle(rounds=6, seconds=1)
    assert cloud.outcome == ("Succeeded", "Completed")


async def test_a_job_that_was_lost_may_be_asked_for_too(cloud: Cloud):
    cloud.provider.held = True
    cloud.given_cloud()
    await cloud.settle(rounds=4)
    kept = dict(cloud.provider.jobs)
    cloud.provider.jobs.clear()
    await cloud.settle()
    assert cloud.outcome == ("Failed", "ProviderLost")
    cloud.provider.jobs.update(kept)
    ask(cloud)
    await cloud.settle(rounds=4)
    assert stored(cloud) == COUNTS
    assert cloud.outcome == ("Failed", "ProviderLost")


async def test_the_task_of_a_job_that_was_not_fetched_stays_and_goes_once_it_was(cloud: Cloud):
    fails(cloud, "fetch", lambda: Gone("BlobNotFound"), never)
    cloud.given_cloud()
    await cloud.settle(rounds=40, seconds=60)
    resync = Controller(cloud).passes
    cloud.clock.forward(30 * 24 * HOUR)
    await resync.run()
    assert cloud.task["metadata"].get("deletionTimestamp") is None
    cloud.provider.before = lambda call: None
    ask(cloud)
    await cloud.settle(rounds=4)
    assert stored(cloud) == COUNTS
    await resync.run()
    await cloud.step()
    assert cloud.tasks() == []


@pytest.mark.parametrize("what", ["names are taken", "lost", "the worker process is killed"])
async def test_the_task_stays_while_the_result_that_is_paid_for_is_not_stored(
    cloud: Cloud, what: str, monkeypatch: pytest.MonkeyPatch
):
    """And `qee fetch` stores it once what was in the way is gone."""
    cloud.provider.held = True
    cloud.given_cloud()
    await cloud.settle(rounds=4)
    kept = dict(cloud.provider.jobs)
    meta = cloud.job()["metadata"]
    taken = result_names(meta["name"], meta["uid"])

    async def killed(self: Worker, size: int, work: Any, *arguments: Any) -> Any:
        raise TooMuch("the worker process ended twice")

    with monkeypatch.context() as patched:
        if what == "lost":
            cloud.provider.jobs.clear()
        elif what == "names are taken":
            for name in taken:
                cloud.api.put(CONFIG_MAPS, {"metadata": {"name": name, "namespace": "default"}, "data": {"a": "b"}})
        else:
            patched.setattr(Worker, "run", killed)
        cloud.provider.held = False
        await cloud.settle()
        assert cloud.status["phase"] == "Failed"
        assert "result" not in cloud.status
        cloud.clock.forward(30 * 24 * HOUR)
        await Controller(cloud).passes.run()
        await cloud.step()
    cloud.provider.jobs.update(kept)
    for name in taken if what == "names are taken" else ():
        cloud.api.remove(CONFIG_MAPS, "default", name)
    ask(cloud)
    await cloud.settle(rounds=4)
    assert stored(cloud) == COUNTS


@pytest.mark.parametrize(
    "error",
    [
        ApiError(500, "", "etcdserver: request is too large"),
        ApiError(500, "", "rpc error: trying to send message larger than max (2097260 vs. 2097152)"),
        ApiError(413, "RequestEntityTooLarge", "limit is 3145728"),
    ],
)
@pytest.mark.parametrize("later", [False, True])
async def test_a_result_that_does_not_fit_beside_what_was_submitted_ends_the_job_and_says_so(
    cloud: Cloud, error: ApiError, later: bool
):
    honest = cloud.api.patch_status

    async def patch_status(resource: Resource, namespace: str | None, name: str, patch: Any) -> Any:
        if resource == TASKS and patch["status"].get("result"):
            raise error
        return await honest(resource, namespace, name, patch)

    cloud.api.patch_status = patch_status  # type: ignore[method-assign]
    if later:
        fails(cloud, "fetch", lambda: Gone("BlobNotFound"), never)
    cloud.given_cloud()
    await cloud.settle(rounds=40, seconds=60)
    if later:
        cloud.provider.before = lambda call: None
        ask(cloud)
        await cloud.settle(rounds=3)
        assert "does not fit beside what was submitted" in cloud.task["status"]["message"]
    else:
        assert cloud.outcome == ("Failed", "ProviderFailed")
        assert "ResultTooLarge: The result takes" in cloud.message
        assert "job-1" in cloud.message
        assert cloud.budget()["spent"]["cost"] == "0.3"
    count = fetches(cloud)
    await cloud.settle(rounds=10, seconds=600)
    assert fetches(cloud) == count, "another try is no help"


# Ending


@pytest.mark.parametrize(
    "error", [lambda: Rejected("400: bad cancel request"), lambda: Unreachable("503"), lambda: Gone("404")]
)
async def test_a_refused_cancel_does_not_end_the_looking(cloud: Cloud, error: Callable[[], ProviderError]):
    cloud.provider.held = True
    cloud.given_cloud()
    await cloud.settle(rounds=3)
    (job,) = cloud.provider.jobs.values()
    job.phase = "succeeded"
    fails(cloud, "cancel", error, never)
    cloud.change(cancelRequested=True)
    await cloud.settle(rounds=4)
    assert cloud.task["status"]["state"] == "Succeeded"
    assert stored(cloud) == COUNTS
    assert cloud.outcome == ("Succeeded", "Completed"), "the wish came too late to stop anything"
    assert cloud.provider.calls.count("cancel") < 4


async def test_a_refused_cancel_of_a_job_that_goes_on_is_repeated(cloud: Cloud):
    cloud.provider.held = True
    cloud.given_cloud()
    await cloud.settle(rounds=3)
    fails(cloud, "cancel", lambda: Rejected("400"), after(cloud, 60))
    cloud.change(cancelRequested=True)
    await cloud.settle(rounds=8)
    assert cloud.outcome == ("Cancelled", "Cancelled")
    assert cloud.provider.alive == []


async def test_a_deadline_does_not_end_what_was_executed_and_waits_to_be_fetched(cloud: Cloud):
    fails(cloud, "fetch", lambda: Unauthorized("401"), after(cloud, 2 * HOUR))
    cloud.given_cloud(activeDeadlineSeconds=600)
    await cloud.settle(rounds=60, seconds=60)
    assert cloud.outcome == ("Running", "ResultNotFetched")
    await cloud.settle(rounds=90, seconds=60)
    assert cloud.outcome == ("Succeeded", "Completed")


async def test_a_job_that_is_cancelled_while_it_waits_to_be_fetched_gets_its_result_later(cloud: Cloud):
    fails(cloud, "fetch", lambda: Unauthorized("401"), after(cloud, HOUR / 2))
    cloud.given_cloud()
    await cloud.settle(rounds=8, seconds=60)
    cloud.change(cancelRequested=True)
    await cloud.settle(rounds=3)
    assert cloud.outcome == ("Cancelled", "Cancelled")
    assert "executed it already" in cloud.message
    await cloud.settle(rounds=40, seconds=60)
    assert cloud.outcome == ("Cancelled", "Cancelled")
    assert stored(cloud) == COUNTS
    assert cloud.metrics.cancel_unconfirmed._value.get() == 0


async def test_a_job_that_is_deleted_while_it_waits_to_be_fetched_leaves_nothing(cloud: Cloud):
    fails(cloud, "fetch", lambda: Unreachable("503"), never)
    cloud.given_cloud()
    await cloud.settle(rounds=8)
    cloud.delete()
    await cloud.settle(rounds=3)
    assert cloud.tasks() == []
    assert cloud.budget()["reservations"] == []


@pytest.mark.parametrize("error", [lambda: Rejected("400"), lambda: Unreachable("503")])
async def test_a_second_job_that_cannot_be_cancelled_does_not_hold_up_the_first(
    tmp_path: Path, error: Callable[[], ProviderError]
):
    cloud = Cloud(tmp_path, idempotent=False)
    cloud.provider.held = True
    dropped = [Unreachable("dropped")]

    def lose(made: str) -> None:
        if made == "submit" and dropped:
            raise dropped.pop()

    cloud.provider.after = lose
    fails(cloud, "cancel", error, never)
    cloud.given_cloud()
    await cloud.settle(rounds=2)
    (first,) = cloud.provider.jobs.values()
    cloud.provider.jobs["twin"] = ProviderJob("twin", first.key)
    cloud.connect()
    cloud.provider.held = False
    await cloud.settle(rounds=16)
    assert cloud.outcome == ("Succeeded", "Completed")
    assert cloud.task["status"]["duplicates"] == ["twin"]
    assert stored(cloud) == COUNTS
