"""The operator is killed before and after each of its writes, and with each answer lost; what is left must be the same.

The writes are those of a recorded run, not a list made by hand. Its end-to-end twin does this to a real process on a
real cluster (e2e/test_crashes.py).
"""

import itertools
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests import builders, sharded, signed
from tests.cluster_simulation import SETTINGS, Simulation, suite

from qee.api.names import LABEL_ATTEMPT, REFERENCE_KEY, RESULT_KEY
from qee.controller.jobs import results
from qee.controller.settings import Settings, VerificationSettings
from qee.kube import manifests
from qee.kube.port import Object, Resource
from qee.kube.resources import CHILDREN, CLAIMS, EVENTS, JOBS, LEDGER_ENTRIES, TRUST_POLICIES
from qee.signing.attestation import check

MUTATING = ("create", "patch", "patch_status", "delete", "delete_collection")
Scenario = Callable[[Simulation], Awaitable[None]]


class Killed(BaseException):
    """The process is gone in the middle of a request."""


async def step(simulation: Simulation) -> None:
    """One reconcile; a process that is killed in it is replaced by a new one, which starts over."""
    for _ in range(20):
        try:
            if await simulation.step() != 0:
                return
        except Killed:
            simulation.restart()
    raise AssertionError("twenty reconciles in a row asked for another one at once")


QEE = "qee-system"
ADA, RESULTS = signed.key("ada"), signed.key("results")


@pytest.fixture(params=["plain", "signed"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An installation that asks for nothing; and one with a policy, a one-shot ledger and signed results."""
    if request.param == "plain":
        return SETTINGS
    key = tmp_path / "result.key"
    key.write_bytes(RESULTS.pem(None))
    update = {"verification": VerificationSettings(), "ledger_namespace": QEE, "result_key": key}
    return SETTINGS.model_copy(update=update)


def simulate(settings: Settings) -> Simulation:
    simulation = Simulation(settings)
    simulation.api.add_namespace(QEE)
    if settings.ledger_namespace:
        simulation.api.put(TRUST_POLICIES, signed.policy({"ada": ADA}, simulators="OneShot"))
    return simulation


def given(simulation: Simulation, job: Object | None = None) -> None:
    simulation.given(signed.sign_job(job or builders.job(), ADA, now=simulation.clock.now))


async def succeeds(simulation: Simulation) -> None:
    given(simulation)
    await step(simulation)
    simulation.make_pod()
    simulation.set_pod(builders.running())
    await step(simulation)
    simulation.succeed()
    await step(simulation)


async def loses_its_log_once(simulation: Simulation) -> None:
    given(simulation)
    await step(simulation)
    simulation.make_pod()
    simulation.succeed()
    simulation.set_log(b"")
    await step(simulation)
    simulation.remove_pods()
    for child in simulation.children():  # a kill between the retry's record and this deletion leaves it to the sweep
        if child["metadata"]["labels"][LABEL_ATTEMPT] == "1":
            simulation.api.remove(CHILDREN, "default", child["metadata"]["name"])
    simulation.make_pod()
    simulation.succeed(attempt=2)
    await step(simulation)


async def is_cancelled(simulation: Simulation) -> None:
    given(simulation)
    await step(simulation)
    simulation.make_pod()
    simulation.set_pod(builders.running())
    await step(simulation)
    simulation.api.put(JOBS, {**simulation.job(), "spec": {**simulation.job()["spec"], "cancelRequested": True}})
    await step(simulation)
    simulation.remove_pods()
    simulation.api.collect_garbage()


async def is_suspended_and_resumed(simulation: Simulation) -> None:
    given(simulation)
    await step(simulation)
    for suspend in (True, False):
        simulation.api.put(JOBS, {**simulation.job(), "spec": {**simulation.job()["spec"], "suspend": suspend}})
        await step(simulation)
    await step(simulation)
    simulation.make_pod()
    simulation.succeed()
    await step(simulation)


async def is_revoked(simulation: Simulation) -> None:
    given(simulation)
    await step(simulation)
    simulation.make_pod()
    simulation.set_pod(builders.running())
    await step(simulation)
    revoked = [signed.entry("ada", ADA, state="Revoked")]
    simulation.api.put(TRUST_POLICIES, signed.policy(revoked, simulators="OneShot"))
    await step(simulation)
    await step(simulation)
    simulation.remove_pods()
    simulation.api.collect_garbage()


async def runs_in_shards(simulation: Simulation) -> None:
    given(simulation, sharded.job(3))
    await step(simulation)
    for index in range(3):
        sharded.pod(simulation, index, builders.running())
    await step(simulation)
    for index in (1, 0, 2):
        sharded.gives(simulation, index)
        await step(simulation)


async def fails_in_one_shard(simulation: Simulation) -> None:
    given(simulation, sharded.job(3))
    await step(simulation)
    for index in range(2):
        sharded.gives(simulation, index)
    sharded.fails(simulation, 2)
    await step(simulation)


async def gives_a_reference(simulation: Simulation) -> None:
    simulation.api.put(CLAIMS, builders.claim())
    given(simulation, builders.job(results=builders.results_on()))
    await step(simulation)
    simulation.make_pod()
    simulation.set_pod(builders.terminated(0))
    run = simulation.run_document()
    reference = sharded.reference_of(builders.result_of(run), run)
    simulation.set_log(builders.framed(reference, simulation.job()["metadata"]["uid"]))
    await step(simulation)


async def gives_references_in_shards(simulation: Simulation) -> None:
    simulation.api.put(CLAIMS, builders.claim())
    given(simulation, sharded.job(3, results=builders.results_on()))
    await step(simulation)
    run = simulation.run_document()
    for index in (1, 0):
        sharded.gives(simulation, index, document=sharded.reference_of_shard(run, index))
        await step(simulation)
    sharded.fails(simulation, 2)
    await step(simulation)


SCENARIOS = [
    succeeds,
    loses_its_log_once,
    is_cancelled,
    is_suspended_and_resumed,
    is_revoked,
    runs_in_shards,
    fails_in_one_shard,
    gives_a_reference,
    gives_references_in_shards,
]


def state(simulation: Simulation) -> object:
    """All that is there at the end, without what differs from run to run."""
    uid = simulation.job()["metadata"]["uid"]

    def plain(obj: Object) -> str:
        text = repr({key: obj.get(key) for key in ("data", "binaryData", "spec", "status")})
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "UID", text.replace(uid, "UID"))
        text = re.sub(r"'result.json.dsse': '[^']*'", "SIGNATURE", re.sub(r"'jti': '[0-9a-f]+'", "JTI", text))
        return re.sub(r"[0-9a-f]{64}|'bytes': \d+|\d{10,}|-[0-9a-f]{8}\b", "X", text)

    kinds = [JOBS, CHILDREN]
    objects = [plain(obj) for kind in kinds for obj in simulation.api.all(kind, "default")]
    config_maps = sorted(
        (obj["metadata"]["labels"]["qee.dev/component"], plain(obj)[:40])
        for component in ("input", "result", "result-part")
        for obj in simulation.config_maps(component)
    )
    ledger = [plain(obj) for obj in simulation.api.all(LEDGER_ENTRIES, QEE)]
    return sorted(objects), config_maps, ledger


def kill_at(simulation: Simulation, number: int, *, after: bool) -> None:
    """Kill the operator at its write of this number, counted from 0; Events are writes as well."""
    seen = [0]

    def hook(verb: str, resource: Resource, name: str | None) -> None:
        if verb in MUTATING:
            seen[0] += 1
            if seen[0] == number + 1:
                raise Killed

    (simulation.api.after if after else simulation.api.before).append(hook)


async def trace(scenario: Scenario, settings: Settings) -> tuple[int, object]:
    simulation = simulate(settings)
    await scenario(simulation)
    return len(simulation.api.requests), state(simulation)


def doubled(simulation: Simulation) -> list[str]:
    """What exists or was created twice for one attempt of the job."""
    attempts = [c["metadata"]["labels"][LABEL_ATTEMPT] for c in simulation.children()]
    stored = simulation.config_maps("result")
    for result in stored if simulation.settings.result_key else []:
        document = next(result["data"][key] for key in (RESULT_KEY, REFERENCE_KEY) if key in result["data"]).encode()
        check(result["data"]["result.json.dsse"].encode(), document, [RESULTS.public], suite())
    return [
        *(f"attempt {a}" for a in set(attempts) if attempts.count(a) > 1),
        *(["result"] if len(stored) > 1 else []),
    ]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "REREAD_AFTER", ())


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.__name__)
async def test_a_kill_before_or_after_any_write_loses_and_doubles_nothing(
    scenario: Scenario, settings: Settings
) -> None:
    writes, reference = await trace(scenario, settings)
    assert writes >= 5
    for number in range(writes):
        for after in (False, True):
            simulation = simulate(settings)
            kill_at(simulation, number, after=after)
            await scenario(simulation)
            where = f"{scenario.__name__}: write {number} of {writes}, {'after' if after else 'before'}"
            assert not doubled(simulation), where
            assert state(simulation) == reference, where


async def test_a_planted_double_creation_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the child's name not a function of the attempt, a kill after its creation would make a second one."""
    names = (f"bell-{n:08x}" for n in itertools.count())
    real = manifests.child_job

    def unnamed(*args: object, **kwargs: object) -> Object:
        child = real(*args, **kwargs)  # type: ignore[arg-type]
        child["metadata"]["name"] = next(names)
        return child

    monkeypatch.setattr("qee.controller.jobs.start.manifests.child_job", unnamed)
    simulation = Simulation()
    simulation.given()
    created = ("create", CHILDREN.plural)

    def hook(verb: str, resource: Resource, name: str | None) -> None:
        if (verb, resource.plural) == created and len(simulation.children()) == 1:
            raise Killed

    simulation.api.after.append(hook)
    await step(simulation)
    assert "attempt 1" in doubled(simulation)


async def test_events_are_among_the_writes_that_are_tried() -> None:
    simulation = Simulation()
    await succeeds(simulation)
    assert EVENTS.plural in {plural for _, plural, *_ in simulation.api.requests}
