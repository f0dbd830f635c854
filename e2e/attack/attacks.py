"""The attacks: what each tries, which layer is to stop it, and the reason that it is to give.

All are run by `make attack`, which prints a table, and by e2e/test_attacks.py, which compares. Whoever finds another
one adds it here.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from e2e import forging
from e2e.attack import outcome
from e2e.attack.outcome import NOT_STOPPED, Outcome
from e2e.attack.stage import NOW, TENANT, Stage
from e2e.kubernetes import Object
from tests import builders, signed

from qee.api import names
from qee.signing.algorithms import RESULT_CONTEXT
from qee.signing.dsse import Signature

SIGNATURE = names.ANNOTATION_SIGNATURE


@dataclass(frozen=True)
class Attack:
    """says: what the message must contain."""

    what: str
    layer: str
    says: str
    run: Callable[[Stage], Outcome]


ATTACKS: list[Attack] = []


def attack(what: str, layer: str, says: str) -> Callable[[Callable[[Stage], Outcome]], Callable[[Stage], Outcome]]:
    def register(run: Callable[[Stage], Outcome]) -> Callable[[Stage], Outcome]:
        ATTACKS.append(Attack(what, layer, says, run))
        return run

    return register


def _resigned(job: Object, key_id: str = "", change: Callable[[bytes], bytes] = bytes) -> Object:
    """The same job with its one signature changed, or put under another key's id."""
    envelope = signed.envelope_of(job)
    (found,) = envelope.signatures
    signature = Signature(key_id or found.key_id, change(found.value))
    return signed.with_envelope(job, replace(envelope, signatures=(signature,)))


@attack("A job without a signature", outcome.POLICY, "qee.dev/signature")
def unsigned(stage: Stage) -> Outcome:
    return stage.tried(stage.job())


@attack("The same as a server-side dry run", outcome.POLICY, "qee.dev/signature")
def unsigned_dry_run(stage: Stage) -> Outcome:
    return stage.tried(stage.job(), "--dry-run=server")


@attack("An annotation that is no envelope", outcome.WEBHOOK, "EnvelopeInvalid")
def nonsense(stage: Stage) -> Outcome:
    job = stage.job()
    job["metadata"]["annotations"] = {SIGNATURE: "bm9uc2Vuc2U="}
    return stage.tried(job)


@attack("More shots than were signed", outcome.WEBHOOK, "spec.shots: signed 100, found 100000")
def more_shots(stage: Stage) -> Outcome:
    job = stage.sign(stage.job())
    job["spec"]["shots"] = 100_000
    return stage.tried(job)


@attack("Another circuit under an old signature", outcome.WEBHOOK, "spec.circuits[0].source")
def other_circuit(stage: Stage) -> Outcome:
    job = stage.sign(stage.job())
    job["spec"]["circuits"][0]["source"] += "// more"
    return stage.tried(job)


@attack("Another backend than was signed", outcome.WEBHOOK, "spec.backendRef")
def other_backend(stage: Stage) -> Outcome:
    job = stage.sign(stage.job())
    job["spec"]["backendRef"]["name"] = stage.space.backend_name("cirq")
    return stage.tried(job)


@attack("A queue's label added after signing", outcome.WEBHOOK, names.LABEL_QUEUE_NAME)
def queue_label(stage: Stage) -> Outcome:
    job = stage.sign(stage.job())
    job["metadata"]["labels"] = {names.LABEL_QUEUE_NAME: "fast-lane"}
    return stage.tried(job)


@attack("A bit of the signature flipped", outcome.WEBHOOK, "SignatureInvalid")
def flipped_bit(stage: Stage) -> Outcome:
    def flip(value: bytes) -> bytes:
        return value[:1000] + bytes([value[1000] ^ 1]) + value[1001:]

    return stage.tried(_resigned(stage.sign(stage.job()), change=flip))


@attack("A signature one byte short", outcome.WEBHOOK, "SignatureInvalid")
def short_signature(stage: Stage) -> Outcome:
    return stage.tried(_resigned(stage.sign(stage.job()), change=lambda value: value[:-1]))


@attack("The attacker's own key", outcome.WEBHOOK, "KeyUnknown")
def own_key(stage: Stage) -> Outcome:
    return stage.tried(stage.sign(stage.job(), by=TENANT))


@attack("The attacker's signature under a trusted key's id", outcome.WEBHOOK, "SignatureInvalid")
def borrowed_id(stage: Stage) -> Outcome:
    return stage.tried(_resigned(stage.sign(stage.job(), by=TENANT), key_id=stage.keys["ada"].public.key_id))


@attack("A signature made for results", outcome.WEBHOOK, "SignatureInvalid")
def other_context(stage: Stage) -> Outcome:
    return stage.tried(stage.sign(stage.job(), context=RESULT_CONTEXT))


@attack("A sibling's signature", outcome.WEBHOOK, "WrongSubject")
def sibling(stage: Stage) -> Outcome:
    return stage.tried(stage.moved(stage.sign(stage.job()), name="sibling"))


@attack("A signed job in another namespace", outcome.WEBHOOK, "WrongSubject")
def other_namespace(stage: Stage) -> Outcome:
    job = stage.sign(stage.job())
    return stage.tried(stage.moved(job, namespace=stage.other.name), f"--namespace={stage.other.name}")


@attack("A signature for another cluster", outcome.WEBHOOK, "WrongAudience")
def other_cluster(stage: Stage) -> Outcome:
    return stage.tried(stage.sign(stage.job(), audiences=["00000000-0000-0000-0000-000000000000"]))


@attack("An expired signature", outcome.WEBHOOK, "SignatureExpired")
def expired(stage: Stage) -> Outcome:
    return stage.tried(stage.sign(stage.job(), now=NOW - timedelta(days=2)))


@attack("A signature of tomorrow", outcome.WEBHOOK, "SignatureNotYetValid")
def too_early(stage: Stage) -> Outcome:
    return stage.tried(stage.sign(stage.job(), now=NOW + timedelta(days=1)))


@attack("A revoked key, dated back", outcome.WEBHOOK, "KeyRevoked")
def revoked(stage: Stage) -> Outcome:
    job = stage.sign(stage.job(), by="revoked", now=NOW - timedelta(days=300), validity=timedelta(days=360))
    return stage.tried(job)


@attack("A key that only verifies old jobs", outcome.WEBHOOK, "KeyRetired")
def retired(stage: Stage) -> Outcome:
    return stage.tried(stage.sign(stage.job(), by="retired"))


@attack("A key beyond its constraints", outcome.WEBHOOK, "KeyConstrained")
def constrained(stage: Stage) -> Outcome:
    return stage.tried(stage.sign(stage.job(), by="limited"))


@attack("A break-glass key for daily work", outcome.WEBHOOK, "BreakGlassRefused")
def emergency_key(stage: Stage) -> Outcome:
    return stage.tried(stage.sign(stage.job(), by="emergency"))


@attack("Breaking the glass with a daily key", outcome.WEBHOOK, "BreakGlassRefused")
def emergency_purpose(stage: Stage) -> Outcome:
    return stage.tried(stage.sign(stage.job(), reason="I want to"))


@attack("A signed job of someone without the verb `use`", outcome.POLICY, "use")
def without_use(stage: Stage) -> Outcome:
    return stage.tried(stage.sign(stage.job()), f"--as={TENANT}")


@attack("A trust policy of the tenant's own", outcome.RIGHTS, "quantumtrustpolicies")
def own_policy(stage: Stage) -> Outcome:
    body = {"spec": {"mode": "Audit"}}
    words = ("patch", "quantumtrustpolicy", stage.space.name, "--type=merge", f"--patch={json.dumps(body)}")
    return stage.command(*words, f"--as={TENANT}")


@attack("The signature of a stored job removed", outcome.WEBHOOK, "SignatureMissing")
def signature_removed(stage: Stage) -> Outcome:
    return stage.command("annotate", "quantumjob", stage.stored().name, f"{SIGNATURE}-")


@attack("The spec of a stored job changed", outcome.SCHEMA, "immutable")
def spec_changed(stage: Stage) -> Outcome:
    patch = json.dumps({"spec": {"shots": 1}})
    return stage.command("patch", "quantumjob", stage.stored().name, "--type=merge", f"--patch={patch}")


@attack("A forged status, by a cluster admin", outcome.POLICY, "status")
def forged_status(stage: Stage) -> Outcome:
    patch = json.dumps({"status": {"phase": "Succeeded"}})
    words = ("--type=merge", "--subresource=status", f"--patch={patch}")
    return stage.command("patch", "quantumjob", stage.stored().name, *words)


@attack("A child Job made beforehand with the job's UID", outcome.POLICY, "QuantumJob")
def forged_child(stage: Stage) -> Outcome:
    job = stage.stored()
    child = forging.child_job(job, "busybox", forging.frame(job))
    return stage.tried(child, f"--as={TENANT}")


@attack("A pod with the labels of a job's pod", outcome.POLICY, "labels")
def forged_pod(stage: Stage) -> Outcome:
    job = stage.stored()
    child = forging.child_job(job, "busybox", forging.frame(job))
    child["metadata"]["uid"] = job.uid
    return stage.tried(forging.pod(child, "busybox", forging.frame(job)), f"--as={TENANT}")


@attack("The operator's account makes a Job that mounts a Secret", outcome.POLICY, "volumes")
def operator_mounts_secret(stage: Stage) -> Outcome:
    job = stage.stored()
    child = forging.child_job(job, "busybox", forging.frame(job))
    child["spec"]["template"]["spec"]["volumes"] = [{"name": "s", "secret": {"secretName": "s"}}]
    return stage.tried(child, stage.operator_account())


@attack("A hand-written QuantumTask", outcome.POLICY, "QuantumTask")
def hand_written_task(stage: Stage) -> Outcome:
    return stage.tried(builders.task("task", stage.space.name))


@attack("A key revoked while its job waits", outcome.OPERATOR, "KeyRevoked")
def revoked_while_waiting(stage: Stage) -> Outcome:
    job = stage.stored()
    stage.trust(keys={"ada": {"state": "Revoked"}})
    try:
        stage.space.set_spec(job.name, suspend=False)
        return _refused_by_operator(stage, job.name)
    finally:
        stage.trust()


@attack("A one-shot signature used again, after its job was deleted", outcome.OPERATOR, "SignatureUsed")
def used_again(stage: Stage) -> Outcome:
    stage.trust(simulators="OneShot")
    try:
        manifest = stage.sign(stage.job())
        name = manifest["metadata"]["name"]
        stage.space.apply(manifest)
        stage.space.finished(name)
        stage.space.delete("quantumjob", name)
        stage.space.apply(manifest)
        return _refused_by_operator(stage, name)
    finally:
        stage.trust()


@attack("The circuit's ConfigMap replaced after admission", outcome.OPERATOR, "InputDigestMismatch")
def replaced_circuit(stage: Stage) -> Outcome:
    source = stage.job()["spec"]["circuits"][0]["source"]
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "circuit"}, "data": {"bell": source}}
    reference = {"name": "circuit", "key": "bell"}
    digest = forging.sha256(source)
    circuits = [{"name": "bell", "format": "openqasm3", "configMapKeyRef": reference, "sha256": digest}]
    stage.space.apply(config_map)
    job = stage.stored(circuits=circuits)
    stage.space.change("configmap", "circuit", {"data": {"bell": source + "// more"}})
    stage.space.set_spec(job.name, suspend=False)
    ended = stage.space.finished(job.name)[job.name]
    return Outcome(outcome.OPERATOR if ended.phase == "Failed" else NOT_STOPPED, f"{ended.outcome[1]}: {ended.message}")


def _refused_by_operator(stage: Stage, name: str) -> Outcome:
    """The job never gets a child. Its Verified condition says why."""
    job = stage.settled(name, "Unverified")
    verified = job.condition("Verified")
    children = stage.space.of(job.uid)
    return Outcome(NOT_STOPPED if children else outcome.OPERATOR, f"{verified['reason']}: {verified['message']}")
