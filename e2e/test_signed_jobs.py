"""Signed jobs on QEE as its chart installs it: whichever way they are applied, and what a result's signature says."""

import json
import uuid
from collections.abc import Iterator

import pytest
from tests import signed

from e2e import chart
from e2e.cluster.choice import Cluster
from e2e.cluster.clients import kubectl
from e2e.kubernetes import Namespace
from e2e.signing import Signer
from qee.signing import attestation
from qee.signing.keys import PublicKey
from qee.signing.libraries import Suite


@pytest.fixture(scope="module")
def space(node: Cluster, release: None) -> Iterator[Namespace]:
    made = Namespace(node.kubeconfig, "signed").create()
    yield made
    made.close()


@pytest.fixture(scope="module")
def signer(space: Namespace) -> Iterator[Signer]:
    made = Signer(space.kubeconfig, space.name, [space.name])
    made.install()
    made.trusted_in(space)
    yield made
    made.remove()


@pytest.mark.parametrize(
    "words", [("create",), ("apply",), ("apply", "--server-side"), ("apply", "--server-side", "--field-manager=gitops")]
)
def test_a_signed_job_passes_however_it_is_applied(space: Namespace, signer: Signer, words: tuple[str, ...]) -> None:
    job = signer.sign(space.job(f"j{uuid.uuid4().hex[:8]}"))
    space.kubectl(*words, "--filename=-", input=json.dumps(job))
    done = space.finished(job["metadata"]["name"])[job["metadata"]["name"]]

    assert done.outcome == ("Succeeded", "Completed")
    assert done.condition("Verified")["reason"] == "SignatureVerified"
    assert done.status["signature"]["keyids"] == [signer.key.public.key_id]


def test_a_second_apply_changes_nothing(space: Namespace, signer: Signer) -> None:
    manifest = signer.sign(space.job("again"))
    del manifest["metadata"]["labels"]  # an empty map, which the server drops: a change for ever
    job = json.dumps(manifest)
    space.kubectl("apply", "--filename=-", input=job)
    space.finished("again")

    assert "unchanged" in space.kubectl("apply", "--filename=-", input=job)


def test_a_policy_that_only_warns_lets_a_job_run_and_says_so(space: Namespace, signer: Signer) -> None:
    signer.policy["spec"]["mode"] = "Warn"
    signer.install()
    try:
        job = space.job("warned")
        space.until(lambda: _stored(space, job), "the policy's new mode")
        done = space.finished("warned")["warned"]
    finally:
        signer.policy["spec"]["mode"] = "Enforce"
        signer.install()

    assert done.outcome == ("Succeeded", "Completed")
    verified = done.condition("Verified")
    assert (verified["status"], verified["reason"]) == ("False", "PolicyWarn")
    assert "SignatureMissing" in verified["message"]


def _stored(space: Namespace, job: dict[str, object]) -> bool:
    space.apply(job)
    return True


def test_a_key_that_is_revoked_stops_the_job_that_runs(space: Namespace, signer: Signer) -> None:
    source = "OPENQASM 3.0; qubit q; bit[1] c; while (c == 0) { c = measure q; }"
    endless = [{"name": "endless", "format": "openqasm3", "source": source}]
    space.apply(signer.sign(space.job("endless", circuits=endless, activeDeadlineSeconds=3600)))
    space.in_phase("Running", "endless")
    (entry,) = signer.policy["spec"]["keys"]
    entry["state"] = "Revoked"
    signer.install()
    try:
        done = space.finished("endless")["endless"]
    finally:
        entry["state"] = "Active"
        signer.install()
        signer.trusted_in(space)

    assert done.outcome == ("Cancelled", "Revoked")
    space.until(lambda: not space.of(done.uid, "pods"), "its pod to go")


def test_a_result_is_signed_for_its_job_by_the_key_that_the_installation_publishes(
    space: Namespace, signer: Signer
) -> None:
    space.apply(signer.sign(space.job("attested")))
    done = space.finished("attested")["attested"]
    stored = space.get("configmap", done.status["result"]["configMap"])["data"]
    words = ("get", "configmap", "qee-result-pub", f"--namespace={chart.NAMESPACE}", "--output=json")
    published = json.loads(kubectl(space.kubeconfig, *words))["data"]["result.pub"]
    document = stored["result.json"].encode()

    said = attestation.check(
        stored["result.json.dsse"].encode(), document, [PublicKey.from_pem(published)], Suite.required()
    )

    assert said["job"]["uid"] == done.uid
    assert said["admission"]["keyids"] == [signer.key.public.key_id]
    with pytest.raises(attestation.AttestationProblem, match="another document"):
        attestation.check(
            stored["result.json.dsse"].encode(),
            document.replace(b'"shots":100', b'"shots":101'),
            [PublicKey.from_pem(published)],
            Suite.required(),
        )
    with pytest.raises(attestation.AttestationProblem, match="trusted are"):
        attestation.check(stored["result.json.dsse"].encode(), document, [signed.key("x").public], Suite.required())
