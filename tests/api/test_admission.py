"""Signed admission through a real API server: what is stored, what is refused and why, and what never gets asked."""

import asyncio
import copy
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from e2e.cluster.steps import ClusterError
from tests import builders, signed
from tests.admission import HOOK, AdmissionCluster, wait_for

from qee.api.names import ANNOTATION_SIGNATURE, MAX_INLINE_BYTES
from qee.kube.client import KubeClient, connect
from qee.kube.port import ApiError, NotFound, Object
from qee.kube.resources import JOBS, NAMESPACES
from qee.signing.keys import PrivateKey

ADA, BOB, EVE = signed.key("ada"), signed.key("bob"), signed.key("eve")
MALLORY, CLASSIC = signed.key("mallory"), signed.key("classic", "Ed25519")
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


# One namespace for each way of trusting.
POLICIES = [
    signed.policy({"ada": ADA, "bob": BOB}, name="plain", namespaces={"names": ["plain", "elsewhere"]}),
    signed.policy(
        {"ada": ADA, "bob": BOB},
        name="two",
        namespaces={"names": ["two"]},
        rules=[signed.rule("ada", "bob", threshold=2)],
    ),
    signed.policy(
        [signed.entry("ada", ADA), signed.entry("classic", CLASSIC, holder="ada")],
        name="hybrid",
        namespaces={"names": ["hybrid"]},
        rules=[signed.rule("ada", "classic", require=["lattice", "classical"])],
    ),
    signed.policy(
        [
            signed.entry("ada", ADA, notAfter=_stamp(NOW - HOUR)),
            signed.entry("bob", BOB, notBefore=_stamp(NOW + 24 * HOUR)),
            signed.entry("eve", EVE, state="VerifyOnly", verifyOnlySince=_stamp(NOW - HOUR)),
            signed.entry("mallory", MALLORY, state="Revoked"),
        ],
        name="old-keys",
        namespaces={"names": ["old-keys"]},
    ),
    signed.policy(
        [signed.entry("ada", ADA, constraints={"backends": ["aer"], "maxShots": 1000})],
        name="bounded",
        namespaces={"names": ["bounded"]},
    ),
    signed.policy(
        {"ada": ADA, "eve": EVE}, name="glass", namespaces={"names": ["glass"]}, breakGlass={"keys": ["eve"]}
    ),
    signed.policy({"ada": ADA}, name="warn", namespaces={"names": ["warn"]}, mode="Warn"),
    signed.policy({"ada": ADA}, name="audit", namespaces={"names": ["audit"]}, mode="Audit"),
    signed.policy({"ada": ADA}, name="short", namespaces={"names": ["short"]}, maxValiditySeconds=60),
    signed.policy({"ada": ADA}, name="named", namespaces={"names": ["named"]}, audiences=["staging"]),
    signed.policy(
        [{**signed.entry("ada", ADA), "publicKey": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}],
        name="unreadable",
        namespaces={"names": ["unreadable"]},
    ),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[AdmissionCluster]:
    found = AdmissionCluster()
    try:
        spaces = {name for policy in POLICIES for name in policy["spec"]["namespaces"]["names"]} | {"free"}
        bodies = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in sorted(spaces)]
        found.apply(*bodies, *POLICIES, builders.backend())
        job = builders.job("first", "plain")
        wait_for("the policies are known", lambda: _accepted(found, found.sign(job)))
        yield found
    finally:
        found.close()


def _accepted(cluster: AdmissionCluster, job: Object) -> bool:
    try:
        cluster.server.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(job))
    except ClusterError:
        return False
    return True


@pytest.fixture
async def api(cluster: AdmissionCluster) -> AsyncIterator[KubeClient]:
    client = await connect(str(cluster.server.kubeconfig))
    yield client
    await client.close()


@dataclass(frozen=True)
class Case:
    """A job in a namespace; `make` is given the cluster and the bare job and returns what is sent."""

    id: str
    namespace: str
    reason: str
    """Empty: it is admitted."""
    make: Callable[[AdmissionCluster, Object], Object]
    spec: dict[str, Any] = field(default_factory=dict)


def by(*keys: PrivateKey, **fields: Any) -> Callable[[AdmissionCluster, Object], Object]:
    return lambda cluster, job: cluster.sign(job, *keys, **fields)


def then(change: Callable[[Object], object]) -> Callable[[AdmissionCluster, Object], Object]:
    """Signed, and changed afterwards."""

    def make(cluster: AdmissionCluster, job: Object) -> Object:
        altered = cluster.sign(job)
        change(altered)
        return altered

    return make


def envelope(text: Callable[[str], str]) -> Callable[[AdmissionCluster, Object], Object]:
    return then(lambda job: job["metadata"]["annotations"].update({ANNOTATION_SIGNATURE: text(_of(job))}))


def _of(job: Object) -> str:
    return str(job["metadata"]["annotations"][ANNOTATION_SIGNATURE])


def _stripped(cluster: AdmissionCluster, job: Object) -> Object:
    whole = signed.envelope_of(cluster.sign(job, ADA, CLASSIC))
    return signed.with_envelope(job, type(whole)(whole.payload_type, whole.payload, whole.signatures[:1]))


def _backdated(cluster: AdmissionCluster, job: Object) -> Object:
    return cluster.sign(job, MALLORY, now=NOW - 30 * 24 * HOUR, validity=60 * 24 * HOUR)


def _moved(name: str, namespace: str) -> Callable[[AdmissionCluster, Object], Object]:
    """A signature made for another object, carried by this one."""

    def make(cluster: AdmissionCluster, job: Object) -> Object:
        other = copy.deepcopy(job)
        other["metadata"] |= {"name": name, "namespace": namespace}
        return signed.with_envelope(job, signed.envelope_of(cluster.sign(other)))

    return make


CASES = [
    Case("signed", "plain", "", by(ADA)),
    Case("by the other key of the policy", "plain", "", by(BOB)),
    Case("no policy", "free", "NoPolicy", by(ADA)),
    # Envelope
    Case("missing", "plain", "SignatureMissing", lambda _, job: job),
    Case("empty", "plain", "SignatureMissing", envelope(lambda _: "")),
    Case("no base64", "plain", "EnvelopeInvalid", envelope(lambda _: "?")),
    Case("half", "plain", "EnvelopeInvalid", envelope(lambda text: text[: len(text) // 2])),
    Case("huge", "plain", "EnvelopeInvalid", envelope(lambda text: text + "A" * 100_000)),
    # Crypto
    Case("other context", "plain", "SignatureInvalid", by(ADA, context=b"qee.dev/result/v1")),
    # Keys
    Case("unknown key", "plain", "KeyUnknown", by(MALLORY)),
    Case("expired key", "old-keys", "KeyExpired", by(ADA)),
    Case("key of tomorrow", "old-keys", "KeyNotYetValid", by(BOB)),
    Case("retired key", "old-keys", "KeyRetired", by(EVE)),
    Case("revoked key", "old-keys", "KeyRevoked", by(MALLORY)),
    Case("revoked key, back-dated", "old-keys", "KeyRevoked", _backdated),
    Case("unreadable key", "unreadable", "KeyUnknown", by(ADA)),
    Case("more shots than the key may", "bounded", "KeyConstrained", by(ADA), {"shots": 1001}),
    Case("as many shots as the key may", "bounded", "", by(ADA), {"shots": 1000}),
    Case(
        "a backend that the key may not",
        "bounded",
        "KeyConstrained",
        by(ADA),
        {"backendRef": {"kind": "QuantumBackend", "name": "ibm"}},
    ),
    # Rules
    Case("one of two", "two", "ThresholdNotMet", by(ADA)),
    Case("two of two", "two", "", by(ADA, BOB)),
    Case("hybrid", "hybrid", "", by(ADA, CLASSIC)),
    Case("hybrid without its classical half", "hybrid", "ThresholdNotMet", by(ADA)),
    Case("hybrid without its lattice half", "hybrid", "ThresholdNotMet", by(CLASSIC)),
    Case("hybrid, one half stripped", "hybrid", "SignersIncomplete", _stripped),
    # Binding and replay
    Case("renamed", "plain", "WrongSubject", _moved("sibling", "plain")),
    Case("from another namespace", "plain", "WrongSubject", _moved("case", "elsewhere")),
    Case("for another cluster", "plain", "WrongAudience", by(ADA, audiences=[signed.CLUSTER])),
    Case("for a name that the policy accepts", "named", "", by(ADA, audiences=["staging"])),
    Case("for a name that it does not", "named", "WrongAudience", by(ADA, audiences=["production"])),
    Case("expired", "plain", "SignatureExpired", by(ADA, now=NOW - 3 * HOUR)),
    Case("of tomorrow", "plain", "SignatureNotYetValid", by(ADA, not_before=NOW + 24 * HOUR)),
    Case("valid for too long", "short", "ValidityTooLong", by(ADA)),
    # Canonical form
    Case("shots changed", "plain", "SpecMismatch", then(lambda job: job["spec"].update(shots=101))),
    Case("field added", "plain", "SpecMismatch", then(lambda job: job["spec"].update(seed=7))),
    Case(
        "circuit changed",
        "plain",
        "SpecMismatch",
        then(lambda job: job["spec"]["circuits"][0].update(source="OPENQASM 3.0; qubit q;")),
    ),
    Case(
        "label that changes what runs",
        "plain",
        "SpecMismatch",
        then(lambda job: job["metadata"]["labels"].update({"kueue.x-k8s.io/queue-name": "fast"})),
    ),
    Case("default written out", "plain", "", then(lambda job: job["spec"].update(outputs=["counts"]))),
    Case("suspended", "plain", "", then(lambda job: job["spec"].update(suspend=True))),
    Case("with a TTL", "plain", "", then(lambda job: job["spec"].update(ttlSecondsAfterFinished=60))),
    Case(
        "labels and annotations of others",
        "plain",
        "",
        then(
            lambda job: (
                job["metadata"]["labels"].update({"app.kubernetes.io/instance": "argo"}),
                job["metadata"]["annotations"].update({"argocd.argoproj.io/tracking-id": "a:b/c:d/e"}),
            )
        ),
    ),
    # Emergencies
    Case("broken glass", "glass", "", by(EVE, reason="pager 17")),
    Case("broken glass after expiry", "glass", "", by(EVE, reason="pager 17", now=NOW - 3 * HOUR)),
    Case("emergency key for daily work", "glass", "BreakGlassRefused", by(EVE)),
    Case("daily key for emergencies", "glass", "BreakGlassRefused", by(ADA, reason="in a hurry")),
    # Modes
    Case("Warn", "warn", "", lambda _, job: job),
    Case("Audit", "audit", "", lambda _, job: job),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_each_class(cluster: AdmissionCluster, api: KubeClient, case: Case):
    """Admitted or refused, with the denial code in reason and message; and a refused job is not there."""
    made = case.make(cluster, builders.job("case", case.namespace, **case.spec))
    if case.reason:
        with pytest.raises(ApiError) as refused:
            await api.create(JOBS, case.namespace, made)
        assert (refused.value.status, refused.value.reason) == (403, case.reason)
        assert f"{case.reason}: " in refused.value.message
        with pytest.raises(NotFound):
            await api.get(JOBS, case.namespace, "case")
    else:
        stored = await api.create(JOBS, case.namespace, made)
        await api.delete(JOBS, case.namespace, "case", uid=stored["metadata"]["uid"])


async def stored(
    cluster: AdmissionCluster, api: KubeClient, name: str, namespace: str = "plain", **meta: Any
) -> Object:
    job = builders.job(name, namespace)
    job["metadata"] |= meta
    return await api.create(JOBS, namespace, cluster.sign(job))


async def patched(api: KubeClient, name: str, patch: Object, namespace: str = "plain") -> Object:
    return await api.patch(JOBS, namespace, name, patch)


async def test_one_review_for_a_creation_and_none_for_what_is_not_signed(cluster: AdmissionCluster, api: KubeClient):
    webhook = cluster.webhook
    before = webhook.reviews()
    await stored(cluster, api, "counted")
    assert webhook.reviews() == before + 1
    writes = [
        {"metadata": {"finalizers": ["qee.dev/test"]}},
        {"metadata": {"labels": {"app.kubernetes.io/instance": "argo"}}},
        {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "x"}}},
        {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": None}}},
        {"metadata": {"finalizers": None}},
        {"spec": {"suspend": True}},
        {"spec": {"suspend": False}},
        {"spec": {"ttlSecondsAfterFinished": 60}},
        {"spec": {"cancelRequested": True}},
    ]
    for patch in writes:
        await patched(api, "counted", patch)
    await api.patch_status(JOBS, "plain", "counted", {"status": {"phase": "Running"}})
    assert webhook.reviews() == before + 1


async def test_finalizers_come_off_while_the_job_is_deleted(cluster: AdmissionCluster, api: KubeClient):
    job = await stored(cluster, api, "held", finalizers=["qee.dev/test"])
    await api.delete(JOBS, "plain", "held", uid=job["metadata"]["uid"])
    await patched(api, "held", {"metadata": {"annotations": {ANNOTATION_SIGNATURE: None}}})  # it runs no more
    await patched(api, "held", {"metadata": {"finalizers": None}})
    with pytest.raises(NotFound):
        await api.get(JOBS, "plain", "held")


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        ({"metadata": {"annotations": {ANNOTATION_SIGNATURE: None}}}, "SignatureMissing"),
        ({"metadata": {"annotations": None}}, "SignatureMissing"),
        ({"metadata": {"annotations": {ANNOTATION_SIGNATURE: "?"}}}, "EnvelopeInvalid"),
        ({"metadata": {"labels": {"kueue.x-k8s.io/queue-name": "fast"}}}, "SpecMismatch"),
        ({"metadata": {"labels": {"kueue.x-k8s.io/priority-class": "high"}}}, "SpecMismatch"),
    ],
)
async def test_what_was_signed_is_not_changed_later(
    cluster: AdmissionCluster, api: KubeClient, patch: Object, reason: str
):
    name = f"kept-{abs(hash(json.dumps(patch))) % 10**8}"
    await stored(cluster, api, name)
    with pytest.raises(ApiError) as refused:
        await patched(api, name, patch)
    assert refused.value.reason == reason


async def test_a_deletion_timestamp_cannot_be_smuggled_in(cluster: AdmissionCluster, api: KubeClient):
    await stored(cluster, api, "smuggled")
    metadata = {"deletionTimestamp": "2026-01-01T00:00:00Z", "annotations": {ANNOTATION_SIGNATURE: None}}
    with pytest.raises(ApiError):
        await patched(api, "smuggled", {"metadata": metadata})
    unsigned = builders.job("smuggled-too", "plain")
    unsigned["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    with pytest.raises(ApiError) as refused:
        await api.create(JOBS, "plain", unsigned)
    assert refused.value.reason == "SignatureMissing"


async def test_the_spec_stays_immutable_whatever_its_signature(cluster: AdmissionCluster, api: KubeClient):
    await stored(cluster, api, "fixed")
    changed = cluster.sign(builders.job("fixed", "plain", shots=200))
    with pytest.raises(ApiError) as refused:
        await patched(api, "fixed", {"metadata": changed["metadata"], "spec": {"shots": 200}})
    assert (refused.value.status, "immutable" in refused.value.message) == (422, True)


async def test_a_job_may_be_signed_anew(cluster: AdmissionCluster, api: KubeClient):
    await stored(cluster, api, "renewed")
    again = cluster.sign(builders.job("renewed", "plain"), BOB)
    assert _of(await patched(api, "renewed", {"metadata": again["metadata"]})) == _of(again)


async def test_deleted_and_created_again_with_the_same_signature(cluster: AdmissionCluster, api: KubeClient):
    """Within its validity, as GitOps tools do; whether it runs again is the ledger's affair."""
    signed_job = cluster.sign(builders.job("again", "plain"))
    for _ in range(2):
        job = await api.create(JOBS, "plain", signed_job)
        await api.delete(JOBS, "plain", "again", uid=job["metadata"]["uid"])


async def test_a_generated_name_was_not_signed(cluster: AdmissionCluster, api: KubeClient):
    job = cluster.sign(builders.job("gen", "plain"))
    job["metadata"] |= {"name": None, "generateName": "gen-"}
    with pytest.raises(ApiError) as refused:
        await api.create(JOBS, "plain", job)
    assert refused.value.reason == "WrongSubject"


async def test_a_dry_run_is_checked_in_full_and_writes_nothing(cluster: AdmissionCluster, api: KubeClient):
    good = cluster.sign(builders.job("dry", "plain"))
    cluster.server.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(good))
    good["spec"]["shots"] = 7
    with pytest.raises(ClusterError, match="SpecMismatch"):
        cluster.server.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(good))
    with pytest.raises(NotFound):
        await api.get(JOBS, "plain", "dry")


@pytest.mark.parametrize("server_side", [False, True])
def test_apply_and_apply_again(cluster: AdmissionCluster, server_side: bool):
    """Client-side apply leaves the whole object in an annotation; that is not a change of the job."""
    words = ["apply", "-f", "-", *(["--server-side"] if server_side else [])]
    name = f"applied-{'server' if server_side else 'client'}-side"
    job = cluster.sign(builders.job(name, "plain"))
    before = cluster.webhook.reviews()
    for _ in range(2):
        cluster.server.kubectl(*words, input=json.dumps(job))
    assert cluster.webhook.reviews() == before + 1
    with pytest.raises(ClusterError, match="SignatureMissing"):
        cluster.server.kubectl(*words, input=json.dumps(builders.job(name, "plain", labels={"x": "y"})))
    with pytest.raises(ClusterError, match="SignatureMissing"):
        cluster.server.kubectl(*words, input=json.dumps(builders.job(f"{name}-unsigned", "plain")))


def test_a_second_field_manager_may_add_what_is_not_signed(cluster: AdmissionCluster):
    job = cluster.sign(builders.job("shared", "plain", labels={"team": "a"}))
    cluster.server.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(job))
    meta = {"name": "shared", "namespace": "plain"}
    other = {"apiVersion": "qee.dev/v1alpha1", "kind": "QuantumJob"}
    apply = ("apply", "--server-side", "--field-manager=other", "-f", "-")
    cluster.server.kubectl(*apply, input=json.dumps({**other, "metadata": {**meta, "labels": {"tier": "b"}}}))
    queue = {"kueue.x-k8s.io/queue-name": "fast"}
    with pytest.raises(ClusterError, match="SpecMismatch"):
        cluster.server.kubectl(*apply, input=json.dumps({**other, "metadata": {**meta, "labels": queue}}))


async def test_the_largest_jobs_are_compared_within_the_api_servers_budget(cluster: AdmissionCluster, api: KubeClient):
    """A match condition that costs too much refuses the write, a finalizer's removal too."""
    source = builders.BELL + "//" + "x" * (MAX_INLINE_BYTES // 4 - len(builders.BELL) - 10)
    circuits = [{"name": f"c{i}", "format": "openqasm3", "source": source} for i in range(4)]
    options = {f"k{i}": ["v" * 50] * 20 for i in range(64)}
    job = builders.job("large", "plain", circuits=circuits, providerOptions=options)
    job["metadata"]["finalizers"] = ["qee.dev/test"]
    await api.create(JOBS, "plain", cluster.sign(job))
    await patched(api, "large", {"metadata": {"finalizers": None}})
    many = [{"name": f"c{i}", "format": "openqasm3", "source": builders.BELL} for i in range(300)]
    job = builders.job("many", "plain", circuits=many)
    job["metadata"]["finalizers"] = ["qee.dev/test"]
    await api.create(JOBS, "plain", cluster.sign(job))
    await patched(api, "many", {"metadata": {"finalizers": None}})


async def warnings_of(api: KubeClient, namespace: str, job: Object) -> list[str]:
    answer = await api._open("POST", JOBS.path(namespace), {"dryRun": "All"}, body=job, content="application/json")
    assert answer.status == 201, await answer.read()
    return [text for name, text in answer.response.headers.items() if name == "Warning"]


async def test_who_applies_is_warned(cluster: AdmissionCluster, api: KubeClient):
    (warning,) = await warnings_of(api, "warn", builders.job("warned", "warn"))
    assert "SignatureMissing" in warning
    (warning,) = await warnings_of(api, "glass", cluster.sign(builders.job("b", "glass"), EVE, reason="pager 17"))
    assert "BREAK GLASS" in warning
    assert await warnings_of(api, "audit", builders.job("noted", "audit")) == []


async def test_the_audit_log_of_the_api_server_tells_the_verdict(cluster: AdmissionCluster, api: KubeClient):
    await stored(cluster, api, "audited")
    with pytest.raises(ApiError):
        await api.create(JOBS, "plain", builders.job("audited-not", "plain"))

    def annotations(name: str) -> dict[str, str]:
        for line in cluster.server.audit_log.read_text().splitlines():
            event = json.loads(line)
            found = event.get("annotations", {})
            if event["verb"] == "create" and f"{HOOK}/verdict" in found and name in (_name_of(event)):
                return {key.removeprefix(f"{HOOK}/"): value for key, value in found.items()}
        return {}

    wait_for("the audit event", lambda: annotations("audited"))
    told = annotations("audited")
    assert (told["verdict"], told["reason"], told["policy"]) == ("allowed", "SignatureVerified", "plain")
    assert told["keyids"] == ADA.public.key_id


def _name_of(event: dict[str, Any]) -> str:
    return str(event.get("objectRef", {}).get("name", ""))


async def test_a_policy_that_changes_holds_within_seconds(cluster: AdmissionCluster, api: KubeClient):
    await api.create(NAMESPACES, None, {"metadata": {"name": "changing"}})
    job = cluster.sign(builders.job("c", "changing"))

    async def reason() -> str:
        try:
            await api._json("POST", JOBS.path("changing"), {"dryRun": "All"}, body=job)
        except ApiError as error:
            return error.reason
        return ""

    async def becomes(expected: str) -> float:
        started = time.monotonic()
        async with asyncio.timeout(5):
            while await reason() != expected:
                await asyncio.sleep(0.02)
        return time.monotonic() - started

    scope = {"names": ["changing"]}
    assert await reason() == "NoPolicy"
    cluster.apply(signed.policy({"ada": ADA}, name="changing", namespaces=scope))
    assert await becomes("") < 2
    revoked = [signed.entry("ada", ADA, state="Revoked")]
    cluster.apply(signed.policy(revoked, name="changing", namespaces=scope))
    assert await becomes("KeyRevoked") < 2
    cluster.apply(signed.policy({"bob": BOB}, name="changing", namespaces=scope))
    assert await becomes("KeyUnknown") < 2
    cluster.server.kubectl("delete", "quantumtrustpolicy", "changing")
    assert await becomes("NoPolicy") < 2


async def test_after_its_key_expired_or_was_revoked_a_job_is_still_deleted(cluster: AdmissionCluster, api: KubeClient):
    await api.create(NAMESPACES, None, {"metadata": {"name": "leaving"}})
    scope = {"names": ["leaving"]}
    cluster.apply(signed.policy({"ada": ADA}, name="leaving", namespaces=scope))
    job = builders.job("leaving", "leaving")
    job["metadata"]["finalizers"] = ["qee.dev/test"]
    signed_job = cluster.sign(job)
    wait_for("the policy is known", lambda: _accepted(cluster, signed_job))
    made = await api.create(JOBS, "leaving", signed_job)
    cluster.apply(
        signed.policy([signed.entry("ada", ADA, state="Revoked")], name="leaving", namespaces=scope),
    )
    wait_for("the revocation is known", lambda: not _accepted(cluster, cluster.sign(builders.job("x", "leaving"))))
    await patched(api, "leaving", {"metadata": {"labels": {"argo": "x"}}}, "leaving")
    await api.delete(JOBS, "leaving", "leaving", uid=made["metadata"]["uid"])
    await patched(api, "leaving", {"metadata": {"finalizers": None}}, "leaving")
    with pytest.raises(NotFound):
        await api.get(JOBS, "leaving", "leaving")
