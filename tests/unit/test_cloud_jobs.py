"""From apply to the end at a provider, in memory: the operator's and the connector's own code, nothing else real."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests import builders, signed
from tests.cloud import BACKEND, PRICES, Cloud, Killer, backend, budget, job, play
from tests.fakes.provider import Job as ProviderJob

from qee.api.budget import QuantumBudget, QuantumBudgetStatus
from qee.api.names import FINALIZER_BACKEND, FINALIZER_TASK
from qee.connectors import task_end as outcome
from qee.connectors.protocol import (
    Ambiguous,
    Charge,
    Fetched,
    ProviderError,
    Rejected,
    Throttled,
    Unauthorized,
    UnitResult,
    Unreachable,
)
from qee.connectors.submission import Part
from qee.connectors.task_end import Device
from qee.controller.backends import Backends
from qee.controller.budgets import Budgets
from qee.controller.jobs import answers
from qee.controller.worker import SMALL, Worker
from qee.core.money import cost
from qee.core.money.budget import Claim, NoRoom, Settlement, reserved, settled
from qee.documents import JobReference, Register, RunDocument
from qee.documents.compiled import CompiledDocument, Submission, Unit, Usage
from qee.kube.port import ApiError
from qee.kube.resources import BACKENDS, BUDGETS, EVENTS, JOBS, TASKS, TRUST_POLICIES


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)


async def test_a_job_is_compiled_reserved_submitted_and_settled(cloud: Cloud):
    cloud.given_cloud()
    await cloud.settle()
    assert cloud.outcome == ("Succeeded", "Completed")
    assert cloud.status["child"]["kind"] == "QuantumTask"
    assert cloud.status["cost"] == {"estimated": "0.4", "actual": "0.30", "currency": "USD"}
    assert len(cloud.provider.jobs) == 1
    assert cloud.status["result"]["summary"]["results"][0]["counts"] == {"00": 100}
    assert cloud.budget()["reservations"] == []
    assert cloud.budget()["spent"]["cost"] == "0.3"
    assert FINALIZER_TASK in cloud.task["metadata"]["finalizers"]


async def test_operator_and_connector_write_eight_times_and_for_each_move_in_the_queue(cloud: Cloud):
    cloud.given_cloud()
    await cloud.settle()
    writes = list(cloud.writes())
    writes.remove(("patch", BACKENDS.plural))  # once for a backend: it is in use from now on
    assert writes.count(("patch_status", BUDGETS.plural)) == 2  # reserved, settled
    queue = 3  # the job Queued; the task and the job Running
    assert len(writes) - 2 - queue == 8, writes


async def test_what_cannot_be_paid_is_never_submitted(tmp_path: Path):
    cases = (
        ((), {}, "NoBudget", "'fez'"),
        ((budget(cost={"amount": "0.39", "currency": "USD"}),), {}, "BudgetExceeded", "limits.cost 0.39 USD"),
        ((budget(cost={"amount": "9", "currency": "EUR"}),), {}, "BudgetExceeded", "not converted"),
        ((budget(shots=99),), {}, "BudgetExceeded", "limits.shots 99"),
        ((budget(jobs=0),), {}, "BudgetExceeded", "limits.jobs 0"),
        ((budget(qpuSeconds=0),), {}, "BudgetExceeded", "limits.qpuSeconds 0"),
        ((budget(), budget("other", jobs=0)), {}, "BudgetExceeded", "'other'"),
        ((budget(),), {"maxCost": {"amount": "0.39", "currency": "USD"}}, "CostExceeded", "0.4 USD"),
        ((budget(),), {"maxCost": {"amount": "9", "currency": "EUR"}}, "NoPrice", "not converted"),
    )
    for number, (budgets, spec, reason, said) in enumerate(cases):
        directory = tmp_path / str(number)
        directory.mkdir()
        cloud = Cloud(directory, budgets=budgets)
        cloud.given_cloud(**spec)
        await cloud.settle()
        assert cloud.outcome == ("Failed", reason)
        assert said in cloud.message
        assert cloud.provider.calls == []
        assert all(cloud.budget(each["metadata"]["name"]).get("reservations", []) == [] for each in budgets)


async def test_a_job_whose_task_could_not_be_stored_is_refused_before_anything_is_reserved(cloud: Cloud):
    """The signed job is in its task: a long sweep in the job itself leaves no room for what was compiled of it."""
    names = [f"p{number}" for number in range(200)]
    inputs = "".join(f"input float {name};\n" for name in names)
    gates = "".join(f"rx({name}) q[0];\n" for name in names)
    source = f'OPENQASM 3.0;\ninclude "stdgates.inc";\n{inputs}qubit[2] q;\nbit[2] c;\n{gates}c = measure q;\n'
    (one,) = job()["spec"]["circuits"]
    parameters = {name: [f"0.{number:030d}" for number in range(100)] for name in names}
    cloud.given_cloud(circuits=[{**one, "source": source, "parameters": parameters}])
    await cloud.settle()
    assert cloud.outcome == ("Failed", "InputTooLarge")
    assert "600000 are possible" in cloud.message
    assert "parametersFrom" in cloud.message
    assert cloud.tasks() == []
    assert cloud.budget().get("reservations", []) == []


async def test_a_cost_limit_without_a_price_fails_closed(tmp_path: Path):
    cloud = Cloud(tmp_path)
    cloud.api.put(BACKENDS, backend(device="nowhere in the list"))
    cloud.given_cloud()
    await cloud.settle()
    assert cloud.outcome == ("Failed", "BudgetExceeded")
    assert "cost is not known" in cloud.message
    assert cloud.provider.calls == []


async def test_a_backend_has_a_minimum_for_each_provider_job(tmp_path: Path):
    for number, (least, estimated) in enumerate({"25.79": "51.58", "0.31": "0.8", "0": "0.8"}.items()):
        directory = tmp_path / str(number)
        directory.mkdir()
        minimum = {"amount": least, "currency": "USD"}
        cloud = Cloud(directory, backend=backend(prices={"configMapRef": {"name": "prices"}, "minimum": minimum}))
        (one,) = job()["spec"]["circuits"]
        cloud.given_cloud(circuits=[{**one, "name": name} for name in "ab"])
        await cloud.settle(rounds=2)
        assert cloud.status["cost"] == {"estimated": estimated, "currency": "USD"}
    minimum = {"amount": "1", "currency": "EUR"}
    directory = tmp_path / "euros"
    directory.mkdir()
    cloud = Cloud(directory, backend=backend(prices={"configMapRef": {"name": "prices"}, "minimum": minimum}))
    cloud.given_cloud()
    await cloud.settle()
    assert cloud.outcome == ("Failed", "NoPrice")
    assert "spec.prices.minimum 1 EUR" in cloud.message
    assert cloud.provider.calls == []


def test_a_minimum_is_of_each_submission_and_of_error_mitigation_its_own():
    device = {"perShot": "0.01", "minimum": "12.4166", "minimumMitigated": "97.5"}
    listed = cost.read(json.dumps({**json.loads(PRICES), "devices": {"d": device}}))
    price = listed.of("d")
    assert price is not None
    assert price.estimate(Usage(1, 100)) == Decimal("12.4166")
    assert price.estimate(Usage(1, 2000)) == Decimal(20)
    assert price.estimate(Usage(1, 2000, mitigated_tasks=1)) == Decimal("97.5")
    assert price.estimate(Usage(1, 1), Decimal("25.79")) == Decimal("25.79")
    assert replace(price, minimum_mitigated=None).estimate(Usage(1, 2000, mitigated_tasks=1)) is None
    usage = Usage(1, 5, mitigated_tasks=1)
    assert Usage.from_json(usage.as_json()) == usage
    assert "mitigatedTasks" not in Usage(1, 5).as_json()


def test_the_minimum_of_a_task_is_of_each_program_that_is_charged_by_itself():
    price = cost.Price(per_shot=Decimal("0.01"), minimum=Decimal("25.79"), minimum_mitigated=Decimal("168.20"))
    several = Usage(1, 300, programs=3)
    assert price.estimate(several) == Decimal("77.37")
    assert price.estimate(replace(several, mitigated_tasks=1)) == Decimal("504.6")
    dear = price.estimate(Usage(1, 10_000, programs=3))  # 9,800 shots of one program, 100 of each of the others
    assert dear is not None
    assert dear >= Decimal(98) + 2 * Decimal("25.79")
    assert Usage.from_json(several.as_json()) == several


async def test_a_volume_for_results_has_no_meaning_at_a_provider(cloud: Cloud):
    cloud.given_cloud(results=builders.results_on())
    await cloud.settle()
    assert cloud.outcome == ("Failed", "InvalidSpec")
    assert "spec.results: backend 'fez' is a provider's device, where it has no meaning. Remove it" in cloud.message
    assert cloud.children() == []
    assert cloud.provider.calls == []


async def test_fifty_jobs_against_a_budget_for_ten_start_exactly_ten(tmp_path: Path):
    cloud = Cloud(tmp_path, budgets=(budget(cost={"amount": "4.35", "currency": "USD"}),))
    cloud.provider.held = True
    names = [f"job-{number}" for number in range(50)]
    for name in names:
        cloud.given_cloud(name)
    keys = [("default", name) for name in names]
    await asyncio.gather(*(cloud.step(key) for key in keys))
    for name in names:
        cloud.compile(name)
    for _ in range(4):
        await asyncio.gather(*(cloud.step(key) for key in keys))
        await cloud.round()
    assert len(cloud.provider.jobs) == 10
    assert cloud.budget()["reserved"]["jobs"] == 10
    ended = [cloud.job(name)["status"]["phase"] for name in names]
    assert sorted(set(ended)) == ["Failed", "Queued"]
    assert ended.count("Failed") == 40


async def test_a_task_that_the_operator_has_not_signed_reaches_no_provider(cloud: Cloud):
    cloud.given_cloud()
    await cloud.settle()
    task = cloud.task
    cloud.provider.calls.clear()
    for name, change in (
        ("replayed", {}),
        ("dearer", {"maxCost": {"amount": "1000", "currency": "USD"}}),
        ("unsigned", {"authorization": "e30="}),
    ):
        forged = {
            "apiVersion": task["apiVersion"],
            "kind": task["kind"],
            "metadata": {"name": name, "namespace": "default"},
            "spec": {**task["spec"], **change},
        }
        cloud.api.put(TASKS, forged)
    await cloud.round()
    found = {each["metadata"]["name"]: each for each in cloud.tasks()}
    for name in ("replayed", "dearer", "unsigned"):
        assert found[name]["status"]["state"] == "Denied", name
        assert "submission" not in found[name]["status"]
    assert cloud.provider.calls == []


@pytest.mark.parametrize("late", ["the new key", "every key", "the file"])
async def test_a_key_that_reaches_the_connector_later_than_the_operator_costs_no_job(cloud: Cloud, late: str):
    """Keys rotate: Secret and ConfigMap are mounted by the kubelets of two nodes, each in its own time."""
    path = cloud.directory / "result.pub"
    text = path.read_text()
    if late == "the file":
        path.unlink()
    else:
        path.write_text("" if late == "every key" else signed.key("former").public.pem())
    cloud.given_cloud()
    await cloud.settle(rounds=7, seconds=15)
    assert cloud.status["phase"] == "Queued"
    assert cloud.provider.calls == []
    path.write_text(text)
    await cloud.settle()
    assert cloud.outcome == ("Succeeded", "Completed")
    assert len(cloud.provider.jobs) == 1


async def test_a_task_that_is_signed_with_a_key_that_never_comes_is_denied(cloud: Cloud):
    (cloud.directory / "result.pub").write_text(signed.key("former").public.pem())
    cloud.given_cloud()
    await cloud.settle(rounds=12, seconds=60)
    assert cloud.outcome == ("Failed", "TaskDenied")
    assert "not signed with QEE's own key" in cloud.message
    assert cloud.provider.calls == []


class Lying(Cloud):
    """Its compiler has parsed somebody's circuit, and states what that wants."""

    def compiled(self, run: RunDocument) -> CompiledDocument:
        found = super().compiled(run)
        free = [replace(each, usage=replace(each.usage, shots=1, qpu_milliseconds=1)) for each in found.submissions]
        return replace(found, submissions=tuple(free))


async def test_a_usage_that_is_not_that_of_what_is_sent_reaches_no_provider(tmp_path: Path):
    cloud = Lying(tmp_path)
    cloud.given_cloud()
    await cloud.settle()
    assert cloud.outcome == ("Failed", "TaskDenied")
    assert "states a usage" in cloud.message
    assert cloud.provider.calls == []
    assert cloud.budget()["reservations"] == []


async def test_a_task_that_somebody_took_away_counts_as_spent(cloud: Cloud):
    cloud.provider.held = True
    cloud.given_cloud()
    await cloud.settle(rounds=3)
    task = cloud.task
    cloud.api.put(TASKS, {**task, "metadata": {**task["metadata"], "finalizers": []}})
    cloud.api.remove(TASKS, "default", task["metadata"]["name"])
    await cloud.step()
    assert cloud.outcome == ("Failed", "ChildLost")
    assert cloud.budget()["spent"]["cost"] == "0.4"


async def test_a_reservation_is_given_back_only_if_two_passes_find_no_job(cloud: Cloud):
    budgets = Budgets(cloud.api, cloud.clock)
    await budgets.reserve("default", BACKEND, Claim("gone", "gone", 1, Decimal(1), "USD", 1, 1))
    await budgets.forget(None, {"other"})
    assert len(cloud.budget()["reservations"]) == 1, "the list of jobs may be older than the job"
    await budgets.forget(None, {"gone"})
    await budgets.forget(None, {"other"})
    assert len(cloud.budget()["reservations"]) == 1, "the job was there meanwhile"
    await budgets.forget(None, {"other"})
    assert cloud.budget()["reservations"] == []


def test_a_claim_that_has_grown_is_checked_again():
    found = QuantumBudget.model_validate(budget(cost={"amount": "100", "currency": "USD"}) | _METADATA)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    claim = Claim("u", "job", 1, Decimal(90), "USD", 1, 1)
    found = found.model_copy(update={"status": _status(reserved(found, claim, now))})
    assert reserved(found, claim, now) is None
    with pytest.raises(NoRoom, match="5000"):
        reserved(found, replace(claim, cost=Decimal(5000)), now)
    status = _status(reserved(found, replace(claim, cost=Decimal(95)), now))
    assert [each.cost for each in status.reservations] == ["95"]


def test_a_charge_in_another_currency_counts_as_all_that_was_reserved():
    found = QuantumBudget.model_validate(budget(cost={"amount": "100", "currency": "USD"}) | _METADATA)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    status = _status(reserved(found, Claim("u", "job", 1, Decimal(90), "USD", 1, 1), now))
    found = found.model_copy(update={"status": status})
    for currency, spent in (("EUR", "90"), ("USD", "1")):
        settlement = Settlement(cost=Decimal(1), currency=currency)
        assert _status(settled(found, "u", settlement, now)).spent.cost == spent


def _status(value: Mapping[str, Any] | None) -> QuantumBudgetStatus:
    return QuantumBudgetStatus.model_validate(value)


_METADATA = {"metadata": {"name": "team", "namespace": "default", "uid": "b"}}


def test_what_a_lost_part_has_cost_nobody_knows():
    unit = Unit("c", 0, 10, (Register("c", 1),), (0,))
    one = Submission(b"", (unit,), Usage(tasks=1, shots=10))
    run = CompiledDocument(JobReference("n", "j", "u"), "b", "ibm", "0" * 64, False, (one, one), ())
    fetched = {0: Fetched((UnitResult(problem="no"),), "0" * 64, Charge(amount="1", currency="USD"))}
    device, moments = Device("d", None), ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    lost = [Part(0, "a", "Failed"), Part(1, "b", "Lost")]
    assert outcome.end(run, lost, fetched, ("counts",), device, moments, "0" * 64).charge is None
    never = [Part(0, "a", "Failed"), Part(1, None, "Rejected")]
    charge = outcome.end(run, never, fetched, ("counts",), device, moments, "0" * 64).charge
    assert charge == {"amount": "1", "currency": "USD"}


async def test_a_job_whose_key_was_revoked_meanwhile_is_denied_by_the_connector(tmp_path: Path):
    ada = signed.key("ada")
    cloud = Cloud(tmp_path)
    cloud.api.put(TRUST_POLICIES, signed.policy({"ada": ada}, cloud="Window", onRevoke="Leave"))
    cloud.api.put(JOBS, signed.sign_job(job(), ada, now=cloud.clock.now))
    await cloud.step()
    cloud.compile()
    await cloud.step()
    cloud.api.put(TRUST_POLICIES, signed.policy({"ada": signed.key("eve")}, cloud="Window"))
    await cloud.round()
    assert cloud.task["status"]["state"] == "Denied"
    assert "KeyUnknown" in cloud.task["status"]["message"]
    assert cloud.provider.calls == []


def signed_cloud(tmp_path: Path, circuits: str, **options: Any) -> Cloud:
    """With a job of ada's; each circuit is a submission."""
    ada = signed.key("ada")
    cloud = Cloud(tmp_path, **options)
    cloud.api.put(TRUST_POLICIES, signed.policy({"ada": ada}, cloud="Window", onRevoke="Leave"))
    (one,) = job()["spec"]["circuits"]
    made = job(circuits=[{**one, "name": name} for name in circuits])
    cloud.api.put(JOBS, signed.sign_job(made, ada, now=cloud.clock.now))
    return cloud


def trust_another_key(cloud: Cloud) -> None:
    cloud.api.put(TRUST_POLICIES, signed.policy({"ada": signed.key("eve")}, cloud="Window", onRevoke="Leave"))


@pytest.mark.parametrize("idempotent", [True, False])
@pytest.mark.parametrize("restarted", [True, False])
async def test_what_was_submitted_before_a_denial_is_followed_and_stored(
    tmp_path: Path, idempotent: bool, restarted: bool
):
    cloud = signed_cloud(tmp_path, "abcd", idempotent=idempotent, per_minute=2)
    await cloud.settle(rounds=3, seconds=1)
    assert len(cloud.provider.jobs) == 2
    trust_another_key(cloud)
    if restarted:
        cloud.connect()
    await cloud.settle(rounds=20)
    assert len(cloud.provider.jobs) == 2
    if restarted and not idempotent:
        assert cloud.task["status"]["state"] == "SubmissionUnknown", "whether it was asked for the others, nobody knows"
        return
    assert cloud.outcome == ("Failed", "PartialResult")
    assert "KeyUnknown" in cloud.message
    assert [each.get("counts") for each in cloud.status["result"]["summary"]["results"]] == [{"00": 100}] * 2
    assert cloud.budget()["spent"]["cost"] == "0.6", "the two that were taken"


@pytest.mark.parametrize("taken", [True, False])
async def test_what_may_have_been_submitted_before_a_denial_is_looked_for(tmp_path: Path, taken: bool):
    cloud = signed_cloud(tmp_path, "a")
    cloud.provider.lists = False
    fails(cloud, "submit", Unreachable("dropped"), before=not taken)
    await cloud.settle(rounds=3, seconds=1)
    assert cloud.task["status"]["state"] == "Submitting"
    trust_another_key(cloud)
    await cloud.settle(rounds=3, seconds=15)
    assert cloud.task["status"]["state"] == "Submitting"
    assert cloud.budget()["reserved"]["jobs"] == 1, "it may be charged"
    cloud.provider.lists = True
    await cloud.settle(rounds=12)
    assert cloud.outcome == (("Succeeded", "Completed") if taken else ("Failed", "TaskDenied"))
    assert cloud.provider.calls.count("submit") == 1


@pytest.mark.parametrize("idempotent", [True, False])
async def test_a_throttled_submission_is_repeated_and_is_one_job(tmp_path: Path, idempotent: bool):
    cloud = Cloud(tmp_path, idempotent=idempotent)
    fails(cloud, "submit", Throttled("429", 5), before=True)
    cloud.given_cloud()
    await cloud.settle()
    assert cloud.outcome == ("Succeeded", "Completed")
    assert cloud.provider.calls.count("submit") == 2
    assert len(cloud.provider.jobs) == 1


@pytest.mark.parametrize("idempotent", [True, False])
@pytest.mark.parametrize("taken", [True, False])
async def test_an_ambiguous_submission_is_looked_up(tmp_path: Path, idempotent: bool, taken: bool):
    cloud = Cloud(tmp_path, idempotent=idempotent)
    fails(cloud, "submit", Unreachable("dropped"), before=not taken)
    cloud.given_cloud()
    await cloud.settle(rounds=20)
    assert len(cloud.provider.jobs) == (1 if taken or idempotent else 0)
    if taken or idempotent:
        assert cloud.outcome == ("Succeeded", "Completed")
    else:
        assert cloud.status["phase"] == "Queued"
        assert cloud.task["status"]["state"] == "SubmissionUnknown"
        assert cloud.provider.calls.count("submit") == 1
        assert cloud.budget()["reserved"]["jobs"] == 1, "it may still be charged"


async def test_a_submission_that_the_listing_shows_late_is_adopted_even_when_it_was_parked(tmp_path: Path):
    cloud = Cloud(tmp_path, idempotent=False)
    cloud.provider.lists = False
    fails(cloud, "submit", Unreachable("dropped"), before=False)
    cloud.given_cloud()
    await cloud.settle(rounds=12)
    assert cloud.task["status"]["state"] == "SubmissionUnknown"
    cloud.provider.lists = True
    await cloud.settle()
    assert cloud.outcome == ("Succeeded", "Completed")
    assert cloud.provider.calls.count("submit") == 1


async def test_of_several_jobs_with_one_key_the_oldest_is_kept_and_the_others_are_cancelled(tmp_path: Path):
    cloud = Cloud(tmp_path, idempotent=False)
    fails(cloud, "submit", Unreachable("dropped"), before=False)
    cloud.given_cloud()
    cloud.provider.held = True
    await cloud.settle(rounds=2)
    (first,) = cloud.provider.jobs.values()
    cloud.provider.jobs["twin"] = ProviderJob("twin", first.key)
    await cloud.settle()
    assert [each.phase for each in cloud.provider.jobs.values()] == ["queued", "cancelled"]
    assert cloud.task["status"]["parts"][0]["handle"] == first.handle


async def test_a_rejected_submission_fails_the_job_and_costs_nothing(cloud: Cloud):
    fails(cloud, "submit", Rejected("the circuit has 7 qubits, the device 5"), before=True)
    cloud.given_cloud()
    await cloud.settle()
    assert cloud.outcome == ("Failed", "ProviderFailed")
    assert "7 qubits" in cloud.message
    assert cloud.budget()["spent"].get("jobs", 0) == 0
    assert cloud.budget()["reservations"] == []


async def test_an_expired_credential_waits_for_another_one(cloud: Cloud):
    fails(cloud, "submit", Unauthorized("401"), before=True, times=3)
    cloud.given_cloud()
    await cloud.settle(rounds=16)
    assert cloud.outcome == ("Succeeded", "Completed")
    assert len(cloud.provider.jobs) == 1


async def test_a_job_that_the_provider_forgets_is_lost_and_never_submitted_again(cloud: Cloud):
    cloud.provider.held = True
    cloud.given_cloud(backoffLimit=3)
    await cloud.settle(rounds=4)
    cloud.provider.jobs.clear()
    await cloud.settle()
    assert cloud.outcome == ("Failed", "ProviderLost")
    assert cloud.provider.calls.count("submit") == 1
    assert cloud.budget()["spent"]["cost"] == "0.4", "nobody knows what was charged: all that was reserved"


# Cancelling


async def test_cancelling_reaches_the_provider(cloud: Cloud):
    cloud.provider.held = True
    cloud.given_cloud()
    await cloud.settle(rounds=3)
    cloud.change(cancelRequested=True)
    await cloud.settle()
    assert cloud.outcome == ("Cancelled", "Cancelled")
    assert cloud.provider.alive == []
    assert cloud.task["status"]["state"] == "Cancelled"


async def test_cancelling_with_the_provider_down_ends_after_the_deadline_and_says_so(cloud: Cloud):
    cloud.provider.held = True
    cloud.given_cloud()
    await cloud.settle(rounds=3)
    fails(cloud, "cancel", Unreachable("down"), before=True, times=1000)
    cloud.change(cancelRequested=True)
    await cloud.settle(rounds=4)
    assert cloud.status["phase"] == "Queued"
    await cloud.settle(rounds=8)
    assert cloud.outcome == ("Cancelled", "Cancelled")
    assert "has not confirmed" in cloud.message
    assert cloud.budget()["spent"]["cost"] == "0.4"
    assert cloud.metrics.cancel_unconfirmed._value.get() == 1


async def test_a_second_provider_job_is_ended_and_told_of(cloud: Cloud):
    cloud.provider.held = True
    fails(cloud, "submit", Ambiguous("the line broke"), before=False)
    cloud.given_cloud()
    await cloud.settle(rounds=2)
    (first,) = cloud.provider.jobs.values()
    cloud.provider.jobs["second"] = ProviderJob("second", first.key)
    cloud.connect()
    cloud.provider.held = False
    await cloud.settle()
    assert cloud.outcome == ("Succeeded", "Completed")
    assert cloud.provider.jobs["second"].phase == "cancelled"
    assert cloud.task["status"]["duplicates"] == ["second"]
    (told,) = [event for event in cloud.api.all(EVENTS, "default") if event["reason"] == "SecondProviderJob"]
    assert "second" in told["message"]
    assert told["type"] == "Warning"
    assert cloud.metrics.second_provider_jobs._value.get() == 1


@pytest.mark.parametrize("idempotent", [True, False])
async def test_the_wait_for_the_listing_begins_with_each_submission_not_with_the_intent(
    tmp_path: Path, idempotent: bool
):
    """The second one is held back by the pace for longer than the grace, and its handle cannot be written."""
    cloud = Cloud(tmp_path, idempotent=idempotent, per_minute=0.25)
    cloud.provider.held = True
    (one,) = job()["spec"]["circuits"]
    cloud.given_cloud(circuits=[{**one, "name": name} for name in "ab"])
    await cloud.settle(rounds=3, seconds=1)
    assert len(cloud.provider.jobs) == 1
    cloud.provider.lists = False
    honest = cloud.api.patch_status

    async def patch_status(resource: Any, namespace: str | None, name: str, patch: Any) -> Any:
        if resource == TASKS:
            raise ApiError(500, "InternalError", "etcdserver: request timed out")
        return await honest(resource, namespace, name, patch)

    cloud.provider.after = lambda call: setattr(cloud.api, "patch_status", patch_status if call == "submit" else honest)
    cloud.clock.forward(240)
    await cloud.round()
    assert len(cloud.provider.jobs) == 2
    cloud.api.patch_status = honest  # type: ignore[method-assign]
    cloud.change(cancelRequested=True)
    await cloud.settle(rounds=3, seconds=15)
    assert cloud.task["status"]["state"] == "Queued", "it is still looked for"
    cloud.provider.lists = True
    await cloud.settle(rounds=6)
    assert cloud.outcome == ("Cancelled", "Cancelled")
    assert cloud.provider.alive == []


async def test_what_is_held_back_by_the_pace_holds_up_nothing(tmp_path: Path):
    cloud = Cloud(tmp_path, per_minute=2)
    for name in ("a", "b", "c", "d"):
        cloud.given_cloud(name)
    await cloud.settle(rounds=5, seconds=1)
    phases = [cloud.job(name)["status"]["phase"] for name in "abcd"]
    assert sorted(phases) == ["Queued", "Queued", "Succeeded", "Succeeded"]
    assert sum("submission" in (task.get("status") or {}) for task in cloud.tasks()) == 2
    await cloud.settle(rounds=6, seconds=30)
    assert [cloud.job(name)["status"]["phase"] for name in "abcd"] == ["Succeeded"] * 4
    assert len(cloud.provider.jobs) == 4


async def test_what_is_small_when_packed_and_large_when_not_is_read_beside_the_event_loop(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
):
    """The pod that compiled has read somebody's circuits: what it gave may unpack to a thousand times its size."""
    honest, sizes = Worker.run, {}

    async def run(self: Worker, size: int, work: Any, *arguments: Any) -> Any:
        sizes[work] = size
        return await honest(self, size, work, *arguments)

    monkeypatch.setattr(Worker, "run", run)
    large = b"payload" * 100_000
    made = cloud.compiled
    monkeypatch.setattr(
        cloud,
        "compiled",
        lambda of: replace(made(of), submissions=tuple(replace(e, payload=large) for e in made(of).submissions)),
    )
    cloud.given_cloud()
    await cloud.settle()
    assert cloud.outcome == ("Succeeded", "Completed")
    assert cloud.task["spec"]["compiled"]["bytes"] > 100 * len(cloud.task["spec"]["compiled"]["data"])
    assert sizes[answers.of_task] > SMALL
    await cloud.reconciler.worker.close()


@pytest.mark.parametrize("idempotent", [True, False])
@pytest.mark.parametrize(("seconds", "restarted"), [(0, False), (0, True), (3600, False), (3600, True)])
async def test_a_copy_of_a_task_is_never_paid_for_again(
    tmp_path: Path, idempotent: bool, seconds: float, restarted: bool
):
    """With every admission layer deleted: the finished task is deleted, and made again as it was but for its status."""
    cloud = Cloud(tmp_path, idempotent=idempotent)
    cloud.clock.forward(60)  # the connector is older than the task
    cloud.given_cloud()
    await cloud.settle(seconds=1)
    assert cloud.outcome == ("Succeeded", "Completed")
    copy = {key: value for key, value in cloud.task.items() if key != "status"}
    cloud.api.remove(TASKS, "default", copy["metadata"]["name"])
    await cloud.step()
    assert cloud.tasks() == []
    cloud.clock.forward(seconds)
    if restarted:
        cloud.connect()
    labels = copy["metadata"]["labels"]
    cloud.api.put(
        TASKS, {**copy, "metadata": {"name": copy["metadata"]["name"], "namespace": "default", "labels": labels}}
    )
    for _ in range(20):
        await cloud.round()
        cloud.clock.forward(30)
    assert len(cloud.provider.jobs) == 1
    assert cloud.provider.calls.count("submit") == 1
    assert cloud.task["status"]["state"] == ("Denied" if seconds else "Succeeded")


async def release(cloud: Cloud) -> bool:
    """As the controller does, with what its watch has told."""
    backends = Backends(cloud.api, [None], 600, cloud.reconciler.backends)
    for task in cloud.tasks():
        backends.follow("ADDED", task)
    return bool(await backends.release())


async def test_a_backend_stays_until_its_tasks_have_ended(cloud: Cloud):
    cloud.provider.held = True
    cloud.given_cloud()
    await cloud.settle(rounds=3)
    cloud.api.remove(BACKENDS, None, BACKEND)
    assert await release(cloud)
    cloud.given_cloud("late")
    await cloud.step(("default", "late"))
    assert "is being deleted" in cloud.job("late")["status"]["conditions"][-1]["message"]
    assert cloud.api.find(BACKENDS, None, BACKEND) is not None
    cloud.provider.held = False
    await cloud.settle()
    assert cloud.outcome == ("Succeeded", "Completed")
    assert not await release(cloud)
    assert cloud.api.find(BACKENDS, None, BACKEND) is None


async def test_a_backend_without_tasks_that_go_on_has_no_finalizer(cloud: Cloud):
    def finalizers() -> list[str]:
        found = cloud.api.find(BACKENDS, None, BACKEND)
        assert found is not None
        return found["metadata"].get("finalizers") or []

    assert finalizers() == []
    cloud.given_cloud()
    await cloud.settle()
    assert finalizers() == [FINALIZER_BACKEND]
    await Backends(cloud.api, [None], 600, cloud.reconciler.backends).release()
    assert finalizers() == [FINALIZER_BACKEND], "the watch has not told of its task yet"
    async with cloud.reconciler.backends.held(cloud.api.find(BACKENDS, None, BACKEND) or {}):
        assert not await release(cloud)
        assert finalizers() == [FINALIZER_BACKEND], "a task is just being made"
    assert not await release(cloud)
    assert finalizers() == []


@pytest.mark.parametrize("steps", range(8))
@pytest.mark.parametrize("down", [False, True])
async def test_a_job_that_is_deleted_in_any_phase_leaves_nothing(tmp_path: Path, steps: int, down: bool):
    cloud = Cloud(tmp_path)
    cloud.given_cloud()
    for number in range(steps):
        if number % 2:
            await cloud.round()
        else:
            await cloud.step()
            cloud.compile()
        cloud.clock.forward(1)
    if down:
        for call in ("find", "cancel", "status"):
            fails(cloud, call, Unreachable("down"), before=True, times=1000)
    cloud.delete()
    await cloud.settle(rounds=14)
    assert cloud.tasks() == []
    assert cloud.budget().get("reservations", []) == []
    if not down:
        assert cloud.provider.alive == []


async def test_suspending_a_queued_job_cancels_it_and_resuming_is_another_attempt(cloud: Cloud):
    cloud.provider.held = True
    cloud.given_cloud()
    await cloud.settle(rounds=3)
    cloud.change(suspend=True)
    await cloud.settle()
    assert cloud.status["phase"] == "Suspended"
    assert cloud.provider.alive == []
    cloud.provider.held = False
    cloud.change(suspend=False)
    await cloud.settle()
    assert cloud.outcome == ("Succeeded", "Completed")
    assert cloud.status["attempt"] == 2
    assert len(cloud.provider.jobs) == 2


# Killed anywhere


@pytest.mark.parametrize("idempotent", [True, False])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("scenario", ["runs", "is cancelled", "is deleted"])
async def test_killed_before_and_after_every_write_and_call_there_is_at_most_one_job(
    tmp_path: Path, idempotent: bool, when: str, scenario: str
):
    point, reached = 0, True
    while reached:
        directory = tmp_path / str(point)
        directory.mkdir()
        cloud = Cloud(directory, idempotent=idempotent)
        killer = Killer(cloud, when, point)
        await play(cloud, scenario, killer)
        reached, point = killer.struck, point + 1
        jobs = len(cloud.provider.jobs)
        assert jobs <= 1, f"{scenario}: {jobs} jobs, killed {when} {killer.at}"
        if scenario == "runs" and idempotent:
            assert cloud.outcome == ("Succeeded", "Completed"), f"killed {when} {killer.at}"
            assert jobs == 1
        if scenario == "runs" and jobs == 1:
            assert cloud.outcome == ("Succeeded", "Completed"), f"killed {when} {killer.at}"
        if scenario != "runs":
            assert cloud.provider.alive == [], f"killed {when} {killer.at}"
        if scenario == "is deleted":
            assert cloud.tasks() == []
        assert cloud.budget()["reservations"] == [] or cloud.task["status"]["state"] == "SubmissionUnknown"
    assert point > 12, "the trace is longer"


async def test_a_planted_double_submission_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Were the rule broken that only this process's own, unasked parts are submitted, the test above would fail."""
    monkeypatch.setattr(
        "qee.connectors.submission.fresh",
        lambda view: tuple(part.index for part in view.parts if part.handle is None and not part.ended),
    )
    worst = 0
    for point in range(30):
        directory = tmp_path / str(point)
        directory.mkdir()
        cloud = Cloud(directory, idempotent=False)
        await play(cloud, "runs", Killer(cloud, "after", point))
        worst = max(worst, len(cloud.provider.jobs))
    assert worst > 1


def fails(cloud: Cloud, call: str, error: ProviderError, *, before: bool, times: int = 1) -> None:
    left = [times]
    hook = cloud.provider.before if before else cloud.provider.after

    def misbehave(made: str) -> None:
        hook(made)
        if made == call and left[0]:
            left[0] -= 1
            raise error

    if before:
        cloud.provider.before = misbehave
    else:
        cloud.provider.after = misbehave


async def test_a_result_that_cannot_be_fetched_at_first_is_not_lost(cloud: Cloud):
    fails(cloud, "fetch", Unreachable("half a document"), before=True, times=3)
    cloud.given_cloud()
    await cloud.settle(rounds=16)
    assert cloud.outcome == ("Succeeded", "Completed")
