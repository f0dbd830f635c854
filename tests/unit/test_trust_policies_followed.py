"""Trust policies that change: every unfinished job is looked at again, and the policy says which keys are usable."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from tests import builders, signed
from tests.cluster_simulation import KEY, SETTINGS, Simulation
from tests.operators import Controller

from qee.api.trust import QuantumTrustPolicy
from qee.controller.jobs.ledger import KEPT
from qee.controller.policies import status_of
from qee.controller.settings import VerificationSettings
from qee.kube.port import ApiError, NotFound, Object, Resource
from qee.kube.resources import CHILDREN, CONFIG_MAPS, JOBS, LEDGER_ENTRIES, TRUST_POLICIES

QEE = "qee-system"
ADA, EVE = signed.key("ada"), signed.key("eve")
HYBRID = signed.key("hybrid", "Ed25519")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WRITE = ("patch_status", TRUST_POLICIES.plural)


@pytest.fixture
def simulation() -> Simulation:
    update = {"verification": VerificationSettings(), "ledger_namespace": QEE}
    simulation = Simulation(SETTINGS.model_copy(update=update))
    simulation.api.add_namespace(QEE)
    return simulation


@pytest.fixture
def controller(simulation: Simulation) -> Controller:
    return Controller(simulation)


def apply(simulation: Simulation, *entries: Object, **spec: Any) -> Object:
    return simulation.api.put(TRUST_POLICIES, signed.policy(list(entries) or {"ada": ADA}, **spec))


def event(obj: Object, kind: str = "MODIFIED") -> Object:
    return {"type": kind, "object": obj}


def status(simulation: Simulation) -> Object:
    found = simulation.api.find(TRUST_POLICIES, None, "trust")
    assert found is not None
    QuantumTrustPolicy.model_validate(found)
    told: Object = found["status"]
    return told


def ready(simulation: Simulation) -> tuple[str, str, str]:
    (condition,) = status(simulation)["conditions"]
    return condition["status"], condition["message"], condition["lastTransitionTime"]


async def queued(controller: Controller) -> set[tuple[str, str]]:
    found = set()
    while len(controller.queue):
        item = await controller.queue.get()
        assert item is not None
        found.add(item[0])
        controller.queue.done(item[0])
    return found


# Events


async def test_a_changed_policy_queues_every_unfinished_job_and_no_other(
    simulation: Simulation, controller: Controller
) -> None:
    simulation.given()
    for name in ("two", "ended", "gone"):
        simulation.api.put(JOBS, builders.job(name))
    ended = simulation.job("ended")
    ended["status"] = {
        "observedGeneration": 1,
        "conditions": [{"type": "Finished", "status": "True"}, {"type": "Succeeded", "status": "True"}],
    }
    for job in (simulation.job(), simulation.job("two"), ended, simulation.job("gone")):
        controller.intake.job(event(job, "ADDED"))
    controller.intake.job(event(simulation.job("gone"), "DELETED"))
    await queued(controller)
    policy = apply(simulation)
    controller.intake.policy(event(policy, "ADDED"))
    assert await queued(controller) == {KEY, ("default", "two")}
    controller.intake.policy(event({**policy, "status": {"observedGeneration": 1}}))
    assert not await queued(controller), "our own status write is no news"
    controller.intake.policy(event(apply(simulation, signed.entry("ada", ADA, state="Revoked"))))
    assert await queued(controller) == {KEY, ("default", "two")}
    controller.intake.policy(event(policy, "DELETED"))
    assert await queued(controller) == {KEY, ("default", "two")}


async def test_a_revocation_reaches_the_loop_within_a_second(simulation: Simulation, controller: Controller) -> None:
    policy = apply(simulation)
    simulation.given(signed.sign_job(builders.job(), ADA, now=simulation.clock.now))
    task = asyncio.create_task(controller.run())
    async with asyncio.timeout(5):
        while not simulation.api.all(CHILDREN):
            await asyncio.sleep(0.01)
    controller.intake.job(event(simulation.job(), "ADDED"))
    controller.intake.policy(event(policy, "ADDED"))
    await asyncio.sleep(0.1)
    controller.intake.policy(event(apply(simulation, signed.entry("ada", ADA, state="Revoked"))))
    async with asyncio.timeout(1):
        while simulation.outcome != ("Cancelled", "Revoked") or not status(simulation).get("keys", [{}])[0].get(
            "reason"
        ):
            await asyncio.sleep(0.01)
    assert not simulation.api.all(CHILDREN)
    controller.stop()
    async with asyncio.timeout(2):
        await task


async def test_a_job_may_start_as_soon_as_its_policy_is_there(simulation: Simulation, controller: Controller) -> None:
    simulation.given(signed.sign_job(builders.job(), ADA, now=simulation.clock.now))
    controller.intake.job(event(simulation.job(), "ADDED"))
    task = asyncio.create_task(controller.run())
    async with asyncio.timeout(5):
        while simulation.status.get("phase") != "Unverified":
            await asyncio.sleep(0.01)
    controller.intake.policy(event(apply(simulation), "ADDED"))
    async with asyncio.timeout(1):
        while not simulation.api.all(CHILDREN):
            await asyncio.sleep(0.01)
    controller.stop()
    async with asyncio.timeout(2):
        await task


# The policy's own status


async def test_a_policys_status_says_which_keys_are_usable(simulation: Simulation, controller: Controller) -> None:
    apply(
        simulation,
        signed.entry("ada", ADA),
        signed.entry("eve", EVE, state="Revoked"),
        signed.entry("old", HYBRID, notAfter="2025-12-31T00:00:00Z"),
        {**signed.entry("odd", EVE), "publicKey": "nonsense"},
        rules=[signed.rule("ada", "eve")],
    )
    await controller.passes.policies.report()
    keys = {key["name"]: key for key in status(simulation)["keys"]}
    assert keys["ada"] == {"name": "ada", "keyid": ADA.public.key_id, "usable": True, "reason": ""}
    assert not keys["eve"]["usable"]
    assert "revoked" in keys["eve"]["reason"]
    assert "until 2025-12-31" in keys["old"]["reason"]
    assert "keyid" not in keys["odd"]
    assert ready(simulation)[0] == "True"
    assert status(simulation)["observedGeneration"] == 1


async def test_a_status_that_says_so_already_is_not_written(simulation: Simulation, controller: Controller) -> None:
    apply(simulation)
    await controller.passes.policies.report()
    assert simulation.writes() == [WRITE]
    simulation.clock.forward(600)
    await controller.passes.run()
    assert simulation.writes() == [WRITE]


async def test_a_key_that_expires_is_noticed_at_the_resync(simulation: Simulation, controller: Controller) -> None:
    apply(simulation, signed.entry("ada", ADA, notAfter="2026-01-01T01:00:00Z"))
    await controller.passes.run()
    assert ready(simulation)[0] == "True"
    simulation.clock.forward(3601)
    await controller.passes.run()
    state, message, since = ready(simulation)
    assert (state, since) == ("False", "2026-01-01T01:00:01Z")
    assert "'rule'" in message
    simulation.clock.forward(600)
    await controller.passes.run()
    assert ready(simulation)[2] == since


async def test_a_new_generation_keeps_the_time_of_the_last_transition(
    simulation: Simulation, controller: Controller
) -> None:
    apply(simulation)
    await controller.passes.policies.report()
    before = status(simulation)
    simulation.clock.forward(60)
    simulation.api.put(TRUST_POLICIES, {**signed.policy({"ada": ADA}, mode="Warn"), "status": before})
    await controller.passes.policies.report()
    assert status(simulation)["observedGeneration"] == 2
    assert ready(simulation)[2] == before["conditions"][0]["lastTransitionTime"]


def test_a_policy_that_cannot_be_read_says_why() -> None:
    told = status_of({"metadata": {"name": "odd", "generation": 3}, "spec": {"later": True}}, NOW)
    assert told["keys"] == []
    assert told["conditions"][0]["status"] == "False"
    assert "spec.keys" in told["conditions"][0]["message"]


async def test_one_status_that_cannot_be_written_keeps_nothing_else(
    simulation: Simulation, controller: Controller
) -> None:
    simulation.api.put(TRUST_POLICIES, signed.policy({"ada": ADA}, "another"))
    apply(simulation)

    def refuse(verb: str, resource: Resource, name: str | None) -> None:
        if (verb, name) == ("patch_status", "another"):
            raise ApiError(403, "Forbidden", "no")

    simulation.api.before.append(refuse)
    await controller.passes.run()
    assert ready(simulation)[0] == "True"
    assert controller.passes.finished_at > controller.passes._watching_since - 1
    with pytest.raises(ApiError):
        await controller.passes.policies.report()


async def test_without_the_resource_the_resync_goes_on(
    simulation: Simulation, controller: Controller, caplog: pytest.LogCaptureFixture
) -> None:
    simulation.given()

    def absent(verb: str, resource: Resource, _: str | None) -> None:
        if resource is TRUST_POLICIES:
            raise NotFound(404, "NotFound", "the server could not find the requested resource")

    simulation.api.before.append(absent)
    await controller.passes.run()
    assert await queued(controller) == {KEY}
    assert "install the CRDs" in caplog.text


# The ledger


async def test_the_ledger_forgets_what_ended_and_keeps_what_broke_the_glass(
    simulation: Simulation, controller: Controller
) -> None:
    entries = [signed.entry("ada", ADA), signed.entry("eve", EVE)]
    apply(simulation, *entries, breakGlass={"keys": ["eve"]}, simulators="OneShot")
    now = simulation.clock.now
    simulation.given(signed.sign_job(builders.job(), ADA, now=now))
    simulation.api.put(JOBS, signed.sign_job(builders.job("glass"), EVE, now=now, reason="fire"))
    await simulation.step()
    await simulation.step(("default", "glass"))
    foreign = {"metadata": {"name": "another", "namespace": QEE}, "data": {"expires": "2020-01-01T00:00:00Z"}}
    simulation.api.put(CONFIG_MAPS, foreign)
    assert len(simulation.api.all(LEDGER_ENTRIES, QEE)) == 3
    simulation.clock.forward(KEPT.total_seconds())
    await controller.passes.run()
    assert len(simulation.api.all(LEDGER_ENTRIES, QEE)) == 3, "an hour of validity is left"
    simulation.clock.forward(3600)
    await controller.passes.run()
    left = {entry["metadata"]["name"]: entry["data"]["expires"] for entry in simulation.api.all(LEDGER_ENTRIES, QEE)}
    assert len(left) == 2
    assert left.pop("another")
    assert list(left.values()) == [""]
