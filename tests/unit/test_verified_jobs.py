"""The operator verifies again: what starts, what waits, what is stopped, whatever changes and whenever."""

import base64
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from tests import builders, signed
from tests.cluster_simulation import KEY, SETTINGS, Simulation

from qee.api.conditions import ConditionType
from qee.controller.jobs import results
from qee.controller.jobs.reads import Live
from qee.controller.settings import VerificationSettings
from qee.kube.port import ApiError, NotFound, Object, Resource
from qee.kube.resources import CHILDREN, CONFIG_MAPS, EVENTS, JOBS, LEDGER_ENTRIES, NAMESPACES, TRUST_POLICIES

QEE = "qee-system"
STRICT = SETTINGS.model_copy(update={"verification": VerificationSettings(), "ledger_namespace": QEE})
ADA, EVE = signed.key("ada"), signed.key("eve")


@pytest.fixture
def simulation(monkeypatch: pytest.MonkeyPatch) -> Simulation:
    monkeypatch.setattr(results, "REREAD_AFTER", (0, 0))
    simulation = Simulation(STRICT)
    simulation.api.add_namespace(QEE)
    return simulation


def job(simulation: Simulation, key: Any = ADA, **spec: Any) -> Object:
    return signed.sign_job(builders.job(**spec), key, now=simulation.clock.now)


def trust(simulation: Simulation, *entries: Object, name: str = "trust", **spec: Any) -> None:
    """Apply a policy; Ada's key is in it unless entries say otherwise."""
    keys = list(entries) or [signed.entry("ada", ADA)]
    simulation.api.put(TRUST_POLICIES, signed.policy(keys, name, **spec))


def revoke(simulation: Simulation, **spec: Any) -> None:
    trust(simulation, signed.entry("ada", ADA, state="Revoked"), **spec)


def change(simulation: Simulation, **spec: Any) -> None:
    live = simulation.job()
    simulation.api.put(JOBS, {**live, "spec": {**live["spec"], **spec}})


def verified(simulation: Simulation) -> tuple[str, str]:
    condition = simulation.condition(ConditionType.VERIFIED)
    return condition["status"], condition["reason"]


def nothing_was_made(simulation: Simulation) -> bool:
    """Neither snapshot nor child, nor a try at one."""
    made = [plural for verb, plural in simulation.writes() if verb == "create"]
    return not made and not simulation.children() and not simulation.config_maps("input")


async def running(simulation: Simulation, **policy: Any) -> None:
    trust(simulation, **policy)
    simulation.given(job(simulation))
    await simulation.step()
    simulation.make_pod()
    simulation.set_pod(builders.running())
    await simulation.step()
    assert simulation.status["phase"] == "Running"


# What each verdict does


async def test_a_signed_job_runs_and_its_status_says_who_signed(simulation: Simulation) -> None:
    await running(simulation)
    assert verified(simulation) == ("True", "SignatureVerified")
    assert simulation.status["signature"] == {"policy": "trust", "keyids": [ADA.public.key_id], "signers": ["ada"]}
    simulation.succeed()
    await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")
    assert verified(simulation) == ("True", "SignatureVerified")
    assert len(simulation.writes()) == 5


async def test_no_policy_means_no_job(simulation: Simulation) -> None:
    simulation.given(job(simulation))
    await simulation.step()
    assert simulation.status["phase"] == "Unverified"
    assert verified(simulation) == ("False", "NoPolicy")
    assert nothing_was_made(simulation)


async def test_without_policies_an_installation_may_allow_all(simulation: Simulation) -> None:
    simulation.settings = SETTINGS
    simulation.restart()
    simulation.given()
    await simulation.step()
    simulation.set_pod(builders.running())
    await simulation.step()
    assert verified(simulation) == ("True", "NotRequired")
    assert simulation.status["phase"] == "Running"
    assert "signature" not in simulation.status


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (lambda _: builders.job(), "SignatureMissing"),
        (lambda s: job(s, EVE), "KeyUnknown"),
        (lambda s: {**job(s), "spec": builders.job(shots=7)["spec"]}, "SpecMismatch"),
        (lambda s: signed.sign_job(builders.job(), ADA, now=s.clock.now, audiences=["elsewhere"]), "WrongAudience"),
        (lambda s: signed.sign_job(builders.job(), ADA, now=s.clock.now - timedelta(days=2)), "SignatureExpired"),
        (lambda s: signed.with_envelope(builders.job(), "nonsense"), "EnvelopeInvalid"),
    ],
)
async def test_a_refused_job_waits_and_nothing_is_made_for_it(simulation: Simulation, given: Any, reason: str) -> None:
    trust(simulation)
    simulation.given(given(simulation))
    for _ in range(2):
        await simulation.step()
        assert simulation.status["phase"] == "Unverified"
        assert verified(simulation) == ("False", reason)
        assert simulation.condition(ConditionType.STALLED)["status"] == "True"
        assert simulation.condition(ConditionType.FINISHED)["status"] == "False"
    assert nothing_was_made(simulation)
    assert simulation.writes() == [("patch_status", JOBS.plural)], "told once"
    (told,) = simulation.api.all(EVENTS, "default")
    assert (told["type"], told["reason"]) == ("Warning", reason)


@pytest.mark.parametrize("mode", ["Warn", "Audit"])
async def test_a_policy_that_does_not_enforce_lets_the_job_run_unverified(simulation: Simulation, mode: str) -> None:
    trust(simulation, mode=mode)
    simulation.given()
    await simulation.step()
    simulation.set_pod(builders.running())
    for _ in range(2):
        await simulation.step()
    assert simulation.status["phase"] == "Running"
    assert verified(simulation) == ("False", f"Policy{mode}")
    told = sorted((e["type"], e["reason"]) for e in simulation.api.all(EVENTS, "default"))
    assert told == [("Normal", "Running"), ("Warning", f"Policy{mode}")]
    simulation.succeed()
    await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")
    assert verified(simulation) == ("False", f"Policy{mode}")


async def test_breaking_the_glass_is_loud(simulation: Simulation) -> None:
    entries = [signed.entry("ada", ADA), signed.entry("eve", EVE)]
    trust(simulation, *entries, breakGlass={"keys": ["eve"]})
    reason = "the night shift's key is lost"
    simulation.given(signed.sign_job(builders.job(), EVE, now=simulation.clock.now, reason=reason))
    await simulation.step()
    simulation.set_pod(builders.running())
    await simulation.step()
    assert verified(simulation) == ("True", "SignatureVerified")
    (warning,) = (e for e in simulation.api.all(EVENTS, "default") if e["type"] == "Warning")
    assert warning["message"].startswith(f"BREAK GLASS ({reason})")


async def test_a_signers_words_reach_nobodys_terminal_as_commands(simulation: Simulation) -> None:
    trust(simulation, signed.entry("ada", ADA), signed.entry("eve", EVE), breakGlass={"keys": ["eve"]})
    words = "fire\x1b[31m\nBREAK GLASS (nothing)"
    simulation.given(signed.sign_job(builders.job(), EVE, now=simulation.clock.now, reason=words))
    await simulation.step()
    simulation.set_pod(builders.running())
    await simulation.step()
    message = simulation.condition(ConditionType.VERIFIED)["message"]
    assert message.isprintable()
    assert message.startswith("BREAK GLASS (fire [31m ")


async def test_all_policies_must_be_content(simulation: Simulation) -> None:
    trust(simulation)
    trust(simulation, signed.entry("eve", EVE), name="other")
    simulation.given(job(simulation))
    await simulation.step()
    assert verified(simulation) == ("False", "KeyUnknown")
    assert nothing_was_made(simulation)


async def test_a_policy_that_cannot_be_read_is_content_with_nothing(simulation: Simulation) -> None:
    trust(simulation)
    simulation.api.put(TRUST_POLICIES, {"metadata": {"name": "broken"}, "spec": {"later": True}})
    simulation.given(job(simulation))
    await simulation.step()
    assert verified(simulation) == ("False", "PolicyInvalid")


async def test_messages_hold_no_circuit(simulation: Simulation) -> None:
    secret = "qubit theirs_alone;"
    trust(simulation)
    circuits = [{"name": "a", "format": "openqasm3", "source": f"OPENQASM 3.0; {secret}"}]
    manifest = job(simulation, circuits=circuits)
    manifest["spec"]["circuits"][0]["source"] += " qubit altered;"
    simulation.given(manifest)
    await simulation.step()
    assert verified(simulation) == ("False", "SpecMismatch")
    told = repr(simulation.status) + repr(simulation.api.all(EVENTS, "default"))
    assert "circuits[0].source" in told
    assert "theirs_alone" not in told
    assert "altered" not in told


# Policies that come, change and go


async def test_a_job_starts_when_its_policy_comes(simulation: Simulation) -> None:
    simulation.given(job(simulation))
    await simulation.step()
    trust(simulation)
    await simulation.step()
    simulation.set_pod(builders.running())
    await simulation.step()
    assert simulation.status["phase"] == "Running"
    assert simulation.condition(ConditionType.STALLED)["status"] == "False"


async def test_a_key_revoked_before_the_start_stops_the_start(simulation: Simulation) -> None:
    trust(simulation)
    simulation.given(job(simulation))
    revoke(simulation)
    await simulation.step()
    assert simulation.status["phase"] == "Unverified"
    assert verified(simulation) == ("False", "KeyRevoked")
    assert nothing_was_made(simulation)


async def test_policies_are_those_of_the_step_that_starts(simulation: Simulation) -> None:
    """No cache: the policy changes after the job was read, and before the child is made."""
    trust(simulation)
    simulation.given(job(simulation))

    def meanwhile(verb: str, resource: Resource, _: str | None) -> None:
        if (verb, resource) == ("get", JOBS):
            revoke(simulation)

    simulation.api.before.append(meanwhile)
    await simulation.step()
    assert nothing_was_made(simulation)
    assert verified(simulation) == ("False", "KeyRevoked")


@pytest.mark.parametrize("state", ["Queued", "Running"])
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_revocation_cancels_what_has_started(simulation: Simulation, state: str, restarted: bool) -> None:
    await running(simulation)
    if state == "Queued":
        simulation.set_pod(builders.waiting("ContainerCreating"), phase="Pending")
        simulation.clock.forward(3)
        await simulation.step()
        assert simulation.status["phase"] == "Queued"
    revoke(simulation)
    if restarted:
        simulation.restart()
    await simulation.step()
    assert simulation.outcome == ("Cancelled", "Revoked")
    assert verified(simulation) == ("False", "KeyRevoked")
    assert not simulation.children()
    assert simulation.status["signature"]["signers"] == ["ada"], "who had signed is not forgotten"


async def test_a_revocation_leaves_what_has_started_where_the_policy_says_so(simulation: Simulation) -> None:
    await running(simulation, onRevoke="Leave")
    revoke(simulation, onRevoke="Leave")
    await simulation.step()
    assert simulation.status["phase"] == "Running"
    assert verified(simulation) == ("False", "KeyRevoked")
    assert "KeyRevoked" in [e["reason"] for e in simulation.api.all(EVENTS, "default")]
    simulation.succeed()
    await simulation.step()
    assert simulation.outcome == ("Succeeded", "Completed")


async def test_a_policy_that_goes_does_not_stop_what_has_started(simulation: Simulation) -> None:
    await running(simulation)
    simulation.api.remove(TRUST_POLICIES, None, "trust")
    await simulation.step()
    assert simulation.status["phase"] == "Running"
    assert verified(simulation) == ("False", "NoPolicy")


async def test_a_lost_attempt_is_not_repeated_for_a_job_that_is_refused_by_now(simulation: Simulation) -> None:
    await running(simulation, onRevoke="Leave")
    revoke(simulation, onRevoke="Leave")
    simulation.api.remove(CHILDREN, "default", simulation.child()["metadata"]["name"])
    simulation.remove_pods()
    await simulation.step()
    assert simulation.status["phase"] == "Unverified"
    assert not simulation.children()


async def test_a_child_that_nobody_recorded_is_taken_away_once_its_job_is_refused(simulation: Simulation) -> None:
    """Left by an operator that was killed, or forged by hand: a new process cannot tell, and nobody vouches for it."""
    trust(simulation)
    simulation.given(job(simulation))
    await simulation.step()
    assert "child" not in simulation.status
    simulation.api.remove(TRUST_POLICIES, None, "trust")
    simulation.restart()
    assert await simulation.step() == 0
    await simulation.step()
    assert not simulation.children()
    assert simulation.status["phase"] == "Unverified"


async def test_a_suspended_job_is_verified_when_it_is_resumed(simulation: Simulation) -> None:
    trust(simulation)
    simulation.given(job(simulation, suspend=True))
    await simulation.step()
    assert simulation.status["phase"] == "Suspended"
    revoke(simulation)
    await simulation.step()
    assert simulation.status["phase"] == "Suspended"
    change(simulation, suspend=False)
    await simulation.step()
    assert simulation.status["phase"] == "Unverified"
    assert verified(simulation) == ("False", "KeyRevoked")
    assert nothing_was_made(simulation)


async def test_a_running_job_that_is_suspended_and_revoked_does_not_run_again(simulation: Simulation) -> None:
    await running(simulation)
    change(simulation, suspend=True)
    await simulation.step()
    simulation.remove_pods()
    revoke(simulation)
    await simulation.step()
    assert simulation.status["phase"] == "Suspended"
    change(simulation, suspend=False)
    await simulation.step()
    assert simulation.status["phase"] == "Unverified"
    assert not simulation.children()


async def test_suspending_and_resuming_needs_no_new_signature(simulation: Simulation) -> None:
    await running(simulation)
    change(simulation, suspend=True)
    await simulation.step()
    simulation.remove_pods()
    change(simulation, suspend=False, ttlSecondsAfterFinished=5)
    for _ in range(2):
        await simulation.step()
    assert len(simulation.children()) == 1


async def test_a_finished_job_stays_as_it_is_when_its_key_is_revoked(simulation: Simulation) -> None:
    await running(simulation)
    simulation.succeed()
    await simulation.step()
    before = simulation.status
    revoke(simulation)
    simulation.clock.forward(60)
    await simulation.step()
    assert simulation.status == before


async def test_an_unverified_job_can_be_cancelled(simulation: Simulation) -> None:
    simulation.given(job(simulation))
    await simulation.step()
    change(simulation, cancelRequested=True)
    await simulation.step()
    assert simulation.outcome == ("Cancelled", "Cancelled")
    assert verified(simulation) == ("False", "NoPolicy")


async def test_the_deadline_holds_for_an_unverified_job(simulation: Simulation) -> None:
    simulation.given(job(simulation, activeDeadlineSeconds=10))
    after = await simulation.step()
    assert after is not None
    assert after < 11
    simulation.clock.forward(11)
    await simulation.step()
    assert simulation.outcome == ("Failed", "DeadlineExceeded")
    assert verified(simulation) == ("False", "NoPolicy")


async def test_a_resumed_job_that_is_refused_has_its_whole_deadline(simulation: Simulation) -> None:
    simulation.given(job(simulation, suspend=True, activeDeadlineSeconds=10))
    await simulation.step()
    simulation.clock.forward(100)
    change(simulation, suspend=False)
    await simulation.step()
    assert simulation.status["phase"] == "Unverified"
    simulation.clock.forward(5)
    await simulation.step()
    assert simulation.status["phase"] == "Unverified"


# Time


async def test_validity_is_judged_at_the_jobs_creation(simulation: Simulation) -> None:
    trust(simulation)
    simulation.given(job(simulation))
    simulation.clock.forward(7200)
    await simulation.step()
    assert len(simulation.children()) == 1


async def test_a_key_that_expired_before_the_job_was_created_does_not_count(simulation: Simulation) -> None:
    trust(simulation, signed.entry("ada", ADA, notAfter="2025-12-31T00:00:00Z"))
    simulation.given(job(simulation))
    await simulation.step()
    assert verified(simulation) == ("False", "KeyExpired")


# What the server may say


async def test_nothing_starts_while_policies_cannot_be_read(simulation: Simulation) -> None:
    simulation.settings = SETTINGS
    simulation.restart()
    simulation.given()

    def fail(verb: str, resource: Resource, _: str | None) -> None:
        if resource is TRUST_POLICIES:
            raise ApiError(500, "InternalError", "etcd is away")

    simulation.api.before.append(fail)
    with pytest.raises(ApiError):
        await simulation.step()
    assert nothing_was_made(simulation)


@pytest.mark.parametrize(("without", "phase"), [("Deny", "Unverified"), ("Allow", "")])
async def test_where_the_kind_does_not_exist_no_policy_governs(
    simulation: Simulation, without: Any, phase: str
) -> None:
    verification = VerificationSettings(without_policy=without)
    simulation.settings = STRICT.model_copy(update={"verification": verification})
    simulation.restart()
    simulation.given()

    def absent(verb: str, resource: Resource, _: str | None) -> None:
        if resource is TRUST_POLICIES:
            raise NotFound(404, "NotFound", "the server could not find the requested resource")

    simulation.api.before.append(absent)
    await simulation.step()
    assert simulation.status.get("phase", "") == phase
    assert bool(simulation.children()) == (without == "Allow")


async def test_the_clusters_uid_is_read_once(simulation: Simulation) -> None:
    reads: list[str | None] = []
    simulation.api.before.append(lambda verb, resource, name: reads.append(name) if resource is NAMESPACES else None)
    await running(simulation)
    assert reads == ["kube-system"]


# Inputs


async def test_the_bytes_that_were_signed_are_read_once_and_are_those_that_run(simulation: Simulation) -> None:
    source = builders.BELL.encode()
    trust(simulation)
    data = {"bell.qasm": base64.b64encode(source).decode()}
    simulation.api.put(CONFIG_MAPS, {"metadata": {"name": "sources"}, "binaryData": data})
    circuits = [
        builders.circuit_from("sources", "bell.qasm", source),
        builders.circuit_from("sources", "bell.qasm", source, name="again"),
    ]
    simulation.given(job(simulation, circuits=circuits))
    reads = []

    def after_reading(verb: str, resource: Resource, name: str | None) -> None:
        if (verb, resource) == ("create", CONFIG_MAPS):
            altered = {"bell.qasm": base64.b64encode(b"OPENQASM 3.0; qubit evil;").decode()}
            simulation.api.put(CONFIG_MAPS, {"metadata": {"name": "sources"}, "binaryData": altered})
        if (verb, name) == ("get", "sources"):
            reads.append(name)

    simulation.api.before.append(after_reading)
    await simulation.step()
    assert reads == ["sources"]
    assert [circuit.source for circuit in simulation.run_document().circuits] == [builders.BELL, builders.BELL]


async def test_a_config_map_altered_after_the_signature_does_not_run(simulation: Simulation) -> None:
    trust(simulation)
    circuits = [builders.circuit_from("sources", "bell.qasm", builders.BELL.encode())]
    simulation.api.put(CONFIG_MAPS, {"metadata": {"name": "sources"}, "data": {"bell.qasm": "OPENQASM 3.0;"}})
    simulation.given(job(simulation, circuits=circuits))
    await simulation.step()
    assert simulation.outcome == ("Failed", "InputDigestMismatch")
    assert verified(simulation) == ("True", "SignatureVerified")
    assert nothing_was_made(simulation)


# One object for each signature


def ledger(simulation: Simulation) -> list[Object]:
    return simulation.api.all(LEDGER_ENTRIES, QEE, labels="qee.dev/component=ledger")


def recreate(simulation: Simulation, manifest: Object) -> None:
    simulation.remove_pods()
    simulation.api.remove(JOBS, "default", "bell")
    simulation.api.collect_garbage()
    simulation.given(manifest)


async def test_within_its_window_a_signature_admits_the_job_again(simulation: Simulation) -> None:
    manifest = job(simulation)
    await running(simulation)
    recreate(simulation, manifest)
    await simulation.step()
    assert len(simulation.children()) == 1
    assert not ledger(simulation)


async def test_a_one_shot_signature_admits_one_object(simulation: Simulation) -> None:
    trust(simulation, simulators="OneShot")
    manifest = job(simulation)
    simulation.given(manifest)
    await simulation.step()
    first = simulation.job()["metadata"]["uid"]
    (entry,) = ledger(simulation)
    statement = signed.statement_of(signed.envelope_of(manifest).payload)
    payload = hashlib.sha256(signed.envelope_of(manifest).payload).hexdigest()
    assert entry["metadata"]["name"] == f"qee-used-{payload[:40]}"
    assert entry["data"] == {
        "payload": payload,
        "jti": statement["jti"],
        "namespace": "default",
        "name": "bell",
        "uid": first,
        "expires": statement["exp"],
    }
    assert entry["immutable"] is True
    recreate(simulation, manifest)
    for _ in range(2):
        await simulation.step()
        assert simulation.status["phase"] == "Unverified"
        assert verified(simulation) == ("False", "SignatureUsed")
    assert first in simulation.condition(ConditionType.VERIFIED)["message"]
    assert not simulation.children()
    assert not simulation.config_maps("input")
    assert len(ledger(simulation)) == 1


async def test_a_signature_is_not_used_up_by_another_that_repeats_its_id(simulation: Simulation) -> None:
    """Another holder of a key reads the id from the annotation, and signs a job of their own with it."""
    trust(simulation, signed.entry("ada", ADA), signed.entry("eve", EVE), simulators="OneShot")
    manifest = job(simulation)
    jti = signed.statement_of(signed.envelope_of(manifest).payload)["jti"]
    own = job(simulation, EVE)
    own["metadata"] |= {"name": "eves", "annotations": {}}
    own = signed.sign_job(own, EVE, now=simulation.clock.now, change=lambda stated: stated.update(jti=jti))
    simulation.given(own)
    await simulation.step((KEY[0], "eves"))
    assert len(simulation.children()) == 1
    simulation.api.put(JOBS, manifest)
    await simulation.step()
    assert len(simulation.children()) == 2
    assert len({entry["metadata"]["name"] for entry in ledger(simulation)}) == 2


@pytest.mark.parametrize("mine", [True, False])
async def test_an_entry_under_the_name_of_earlier_versions_still_counts(simulation: Simulation, mine: bool) -> None:
    trust(simulation, simulators="OneShot")
    manifest = job(simulation)
    simulation.given(manifest)
    uid = simulation.job()["metadata"]["uid"] if mine else "another"
    jti = signed.statement_of(signed.envelope_of(manifest).payload)["jti"]
    name = f"qee-used-{hashlib.sha256(f'default/{jti}'.encode()).hexdigest()[:40]}"
    data = {"jti": jti, "namespace": "default", "name": "bell", "uid": uid, "expires": ""}
    simulation.api.put(CONFIG_MAPS, {"metadata": {"name": name, "namespace": QEE}, "data": data})
    await simulation.step()
    assert (verified(simulation) == ("False", "SignatureUsed")) is not mine
    assert len(simulation.children()) == int(mine)


async def test_the_same_object_may_use_its_signature_again(simulation: Simulation) -> None:
    """A retry, a resumption, a restart of the operator: none of them is another object."""
    await running(simulation, simulators="OneShot")
    simulation.restart()
    simulation.api.remove(CHILDREN, "default", simulation.child()["metadata"]["name"])
    simulation.remove_pods()
    for _ in range(2):
        await simulation.step()
    assert simulation.child()["metadata"]["labels"]["qee.dev/attempt"] == "2"
    assert len(ledger(simulation)) == 1


async def test_a_job_restored_with_its_status_does_not_run_again(simulation: Simulation) -> None:
    """As Velero does it: the same object with its status, under a new UID."""
    trust(simulation, simulators="OneShot")
    simulation.given(job(simulation))
    await simulation.step()
    backup = simulation.job()
    simulation.api.remove(JOBS, "default", "bell")
    simulation.api.collect_garbage()
    backup["metadata"] = {k: backup["metadata"][k] for k in ("name", "namespace", "annotations", "labels")}
    simulation.api.put(JOBS, backup)
    await simulation.step()
    assert verified(simulation) == ("False", "SignatureUsed")
    assert not simulation.children()


async def test_a_job_that_cannot_run_does_not_use_its_signature_up(simulation: Simulation) -> None:
    trust(simulation, simulators="OneShot")
    simulation.api.put(JOBS, job(simulation))
    await simulation.step()
    assert simulation.condition(ConditionType.RECONCILING)["reason"] == "WaitingForBackend"
    assert not ledger(simulation)


async def test_the_deadline_holds_for_a_job_whose_signature_was_used(simulation: Simulation) -> None:
    trust(simulation, simulators="OneShot")
    manifest = job(simulation, activeDeadlineSeconds=10)
    simulation.given(manifest)
    await simulation.step()
    recreate(simulation, manifest)
    after = await simulation.step()
    assert verified(simulation) == ("False", "SignatureUsed")
    assert after is not None
    assert after < 11
    simulation.clock.forward(11)
    await simulation.step()
    assert simulation.status["phase"] == "Failed"
    assert verified(simulation) == ("False", "SignatureUsed"), "it ends as what it was found to be"


async def test_without_a_ledger_one_shot_is_refused(simulation: Simulation) -> None:
    simulation.settings = STRICT.model_copy(update={"ledger_namespace": None})
    simulation.restart()
    trust(simulation, simulators="OneShot")
    simulation.given(job(simulation))
    await simulation.step()
    assert verified(simulation) == ("False", "NoLedger")
    assert nothing_was_made(simulation)


async def test_cloud_backends_are_one_shot_by_default(simulation: Simulation) -> None:
    trust(simulation)
    backend = builders.backend(provider="ibm", device="ibm_x")
    simulation.given(job(simulation), backend)
    cloud = simulation.reconciler.verifier.verdict(
        simulation.job(),
        simulation.clock.now,
        await simulation.reconciler.verifier.trust(Live(simulation.api)),
        backend,
    )
    assert cloud.allowed
    assert cloud.one_shot
    simulator = simulation.reconciler.verifier.verdict(
        simulation.job(),
        simulation.clock.now,
        await simulation.reconciler.verifier.trust(Live(simulation.api)),
        builders.backend(),
    )
    assert not simulator.one_shot


async def test_an_unsigned_job_is_in_no_ledger(simulation: Simulation) -> None:
    trust(simulation, mode="Audit", simulators="OneShot")
    simulation.given()
    await simulation.step()
    assert simulation.children()
    assert not ledger(simulation)


async def test_two_jobs_cannot_both_take_a_signature(simulation: Simulation) -> None:
    """Compare-and-swap: the entry is created between the check and the create of the slower one."""
    trust(simulation, simulators="OneShot")
    manifest = job(simulation)
    simulation.given(manifest)
    payload = hashlib.sha256(signed.envelope_of(manifest).payload).hexdigest()

    def faster(verb: str, resource: Resource, name: str | None) -> None:
        if (verb, resource) == ("create", LEDGER_ENTRIES) and name and name.startswith("qee-used-"):
            simulation.api.before.remove(faster)
            data = {"payload": payload, "namespace": "default", "name": "bell", "uid": "another"}
            simulation.api.put(CONFIG_MAPS, {"metadata": {"name": name, "namespace": QEE}, "data": data})

    simulation.api.before.append(faster)
    await simulation.step()
    assert verified(simulation) == ("False", "SignatureUsed")
    assert not simulation.children()
    assert [each["data"]["uid"] for each in simulation.api.all(LEDGER_ENTRIES, QEE)] == ["another"]
    assert not simulation.children()


async def test_a_job_of_another_key_is_not_verified_by_what_was_verified_before(simulation: Simulation) -> None:
    await running(simulation)
    simulation.api.put(JOBS, {**job(simulation, EVE), "metadata": {**job(simulation, EVE)["metadata"], "name": "two"}})
    await simulation.step((KEY[0], "two"))
    status = simulation.job("two")["status"]
    assert status["phase"] == "Unverified"
    assert len(simulation.children()) == 1
