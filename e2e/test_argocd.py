"""Signed jobs through Argo CD: synchronised once, seen for what they are, refused with reasons.

Argo CD has the health check and the Application that docs/guide/argo-cd.md gives.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from e2e import jobs
from e2e.cluster.argocd import ACCOUNT, ArgoCD
from e2e.cluster.argocd import NAMESPACE as ARGO_NAMESPACE
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.choice import Cluster
from e2e.cluster.debian import NeedsRoot
from e2e.gitops import Application, Repository
from e2e.kubernetes import Job, Namespace, Object
from e2e.signing import Signer
from qee.api import names

GUIDE = (CHECKOUT / "docs/guide/argo-cd.md").read_text()
APPLICATION, SETTINGS, ROLE = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL))


@pytest.fixture(scope="module")
def argo(node: Cluster, release: None) -> Iterator[ArgoCD]:
    argo = ArgoCD(node.kubeconfig, SETTINGS["data"])
    try:
        yield argo.start()
    except NeedsRoot as reason:
        pytest.skip(str(reason))
    finally:
        argo.stop()


@pytest.fixture(scope="module")
def namespace(node: Cluster, release: None) -> Iterator[Namespace]:
    """Argo CD may do there what the guide's role says."""
    space = Namespace(node.kubeconfig, "argocd").create()
    try:
        role = {**ROLE, "metadata": {"name": ROLE["metadata"]["name"]}}
        may, use = role["rules"]
        role["rules"] = [may, {**use, "resourceNames": [space.backend_name("aer")]}]
        space.apply(role)
        account = f"--serviceaccount={ARGO_NAMESPACE}:{ACCOUNT}"
        space.kubectl("create", "rolebinding", "argo-cd-jobs", f"--role={role['metadata']['name']}", account)
        yield space
        left = [job["metadata"]["uid"] for job in space.all("quantumjobs")]
        space.delete("quantumjobs", "--all")
        space.gone(left)
    finally:
        space.close()


@pytest.fixture(scope="module")
def signer(node: Cluster, namespace: Namespace) -> Iterator[Signer]:
    """Its signature is wanted in the namespace, by a policy that enforces."""
    signer = Signer(node.kubeconfig, namespace.name, [namespace.name])
    signer.install()
    signer.trusted_in(namespace)
    yield signer
    signer.remove()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def application(
    request: pytest.FixtureRequest, argo: ArgoCD, namespace: Namespace, repository: Repository
) -> Iterator[Application]:
    """Not created yet; deleted after the test, its jobs kept until the namespace goes."""
    spec = APPLICATION["spec"]
    name = re.sub(r"[^a-z]+", "-", request.node.name)[:40].strip("-")
    application = Application(
        argo,
        {
            **APPLICATION,
            "metadata": {**APPLICATION["metadata"], "name": name},
            "spec": {
                **spec,
                "source": {**spec["source"], "repoURL": repository.url},
                "destination": {"server": argo.server, "namespace": namespace.name},
            },
        },
    )
    yield application
    application.delete()


def in_git(manifest: Object) -> Object:
    """Without what is empty, as people write it."""
    return {**manifest, "metadata": {key: value for key, value in manifest["metadata"].items() if value}}


def test_a_signed_job_is_synchronised_runs_and_becomes_healthy(
    application: Application, repository: Repository, namespace: Namespace, signer: Signer
) -> None:
    commit = repository.commit(signer.sign(in_git(namespace.job("signed"))))

    application.create()
    application.synced(commit)

    job = namespace.finished("signed")["signed"]
    assert job.phase == "Succeeded"
    assert job.condition("Verified")["reason"] == "SignatureVerified"
    assert "argocd.argoproj.io/tracking-id" in job.raw["metadata"]["annotations"]
    raw = application.until(lambda raw: raw["status"]["health"]["status"] == "Healthy", "health")
    assert raw["status"]["sync"]["status"] == "Synced"


@pytest.mark.parametrize("options", [["ServerSideApply=true"], []], ids=["server-side", "client-side"])
def test_compared_again_nothing_differs_and_nothing_is_written(
    application: Application, repository: Repository, namespace: Namespace, signer: Signer, options: list[str]
) -> None:
    """Neither defaults nor status nor annotations nor the operator's finalizer make a loop of synchronisations."""
    name = f"quiet-{len(options)}"
    manifest = in_git(namespace.job(name))
    del manifest["spec"]["shots"], manifest["spec"]["backendRef"]["kind"]
    commit = repository.commit(signer.sign(manifest))
    application.set_options(options)
    application.create()
    application.synced(commit)
    namespace.finished(name)
    application.until(lambda raw: raw["status"]["health"]["status"] == "Healthy", "health")
    before = namespace.quantum_job(name).raw
    written = application.read()["status"]["history"]

    found = [application.refresh(), application.refresh(hard=True), application.refresh()]

    assert [each["status"]["sync"]["status"] for each in found] == ["Synced"] * 3
    assert found[-1]["status"]["history"] == written
    assert namespace.quantum_job(name).raw == before


def test_health_goes_with_the_job_from_suspended_over_progressing_to_degraded(
    application: Application, repository: Repository, namespace: Namespace, signer: Signer
) -> None:
    """What is not signed, suspending and cancelling, changes in Git without a new signature."""
    job = signer.sign(in_git(jobs.queued(namespace, "moved")))

    def changed(**spec: bool) -> Object:
        return {**job, "spec": {**job["spec"], **spec}}

    commits = [repository.commit(changed(suspend=True))]
    application.create()
    application.synced(commits[-1])
    application.healthy("moved", "Suspended")

    repository.commit(changed(suspend=False))
    application.refresh()
    namespace.in_phase("Queued", "moved")
    application.healthy("moved", "Progressing")

    repository.commit(changed(suspend=False, cancelRequested=True))
    application.refresh()
    message = application.healthy("moved", "Degraded")
    assert message.startswith("Cancelled: ")
    assert namespace.quantum_job("moved").phase == "Cancelled"


def test_a_later_wave_begins_once_the_jobs_of_the_one_before_have_their_results(
    application: Application, repository: Repository, namespace: Namespace, signer: Signer
) -> None:
    first, second = (signer.sign(in_git(namespace.job(name))) for name in ("first", "second"))
    second["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] = "1"
    commit = repository.commit(first, second)

    application.create()
    application.synced(commit)

    done = namespace.finished("first", "second")
    stored = done["first"].condition("ResultsStored")
    assert (stored["status"], done["second"].phase) == ("True", "Succeeded")
    assert done["second"].raw["metadata"]["creationTimestamp"][:19] >= stored["lastTransitionTime"][:19]


def test_a_job_without_a_signature_is_refused_until_it_is_signed_and_the_one_beside_it_runs(
    application: Application, repository: Repository, namespace: Namespace, signer: Signer
) -> None:
    manifest, fine = in_git(namespace.job("unsigned")), signer.sign(in_git(namespace.job("beside")))
    commit = repository.commit(manifest, fine)

    application.create()

    assert "metadata.annotations[qee.dev/signature] is missing" in application.refused(commit, "unsigned")
    assert namespace.finished("beside")["beside"].phase == "Succeeded"
    assert "unsigned" not in _names(namespace)
    application.synced(repository.commit(signer.sign(manifest)))
    assert namespace.finished("unsigned")["unsigned"].phase == "Succeeded"


def test_a_job_changed_after_it_was_signed_is_refused_with_the_field_and_both_values(
    application: Application, repository: Repository, namespace: Namespace, signer: Signer
) -> None:
    signed = signer.sign(in_git(namespace.job("altered")))
    commit = repository.commit({**signed, "spec": {**signed["spec"], "shots": 4096}})

    application.create()

    said = application.refused(commit, "altered")
    assert "spec.shots" in said
    assert "signed 100, found 4096" in said
    assert "altered" not in _names(namespace)


def test_argo_cd_needs_the_right_to_use_the_backend_also_for_signed_jobs(
    application: Application, repository: Repository, namespace: Namespace, signer: Signer
) -> None:
    commit = repository.commit(signer.sign(in_git(namespace.job("elsewhere", "cirq"))))

    application.create()

    said = application.refused(commit, "elsewhere")
    account = f"system:serviceaccount:{ARGO_NAMESPACE}:{ACCOUNT}"
    assert f"user {account} lacks the verb use on quantumbackends/{namespace.backend_name('cirq')}" in said
    assert "elsewhere" not in _names(namespace)


def _names(namespace: Namespace) -> set[str]:
    return {Job(raw).name for raw in namespace.all(names.PLURAL_JOB)}
