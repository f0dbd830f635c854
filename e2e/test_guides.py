"""The commands of README and guides on a cluster, as they stand, with what they are shown to print."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.guides import CHECKOUT, CLUSTER, Command, blocks, carry_out, executed

from e2e import chart
from e2e.cluster.binaries import clients
from e2e.cluster.choice import Cluster
from e2e.cluster.clients import kubectl
from e2e.signing import Signer
from qee.signing.keys import PrivateKey

NAMESPACE = "default"  # the guides speak of no other, but for what they create themselves
EXTRA = ("demo", "team", "team-a")
USE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: use-aer, namespace: team-a}
rules: [{apiGroups: [qee.dev], resources: [quantumbackends], resourceNames: [aer], verbs: [use]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: use-aer, namespace: team-a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: use-aer}
subjects: [{kind: User, name: ann, apiGroup: rbac.authorization.k8s.io}]
"""
PASSPHRASE = "correct horse battery"


@pytest.fixture(scope="module")
def cluster(node: Cluster, release: None) -> Iterator[Cluster]:
    """QEE, and one key that signs for everybody whom the guides speak of."""
    for name in ("team", "team-a"):
        kubectl(node.kubeconfig, "create", "namespace", name)
    kubectl(node.kubeconfig, "apply", "--filename=-", input=USE)
    yield node
    for name in EXTRA:
        kubectl(node.kubeconfig, "delete", "namespace", name, "--ignore-not-found", "--wait=false")


@pytest.fixture(scope="module")
def variables(cluster: Cluster) -> Mapping[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:{clients()}:{os.environ['PATH']}",
        "KUBECONFIG": str(cluster.kubeconfig),
        "QEE_KEY_PASSPHRASE": PASSPHRASE,
        "NO_COLOR": "1",
    }


@pytest.fixture(scope="module")
def signer(cluster: Cluster) -> Iterator[Signer]:
    made = Signer(cluster.kubeconfig, "trust", [NAMESPACE, "team"])
    made.install()
    yield made
    made.remove()
    kubectl(cluster.kubeconfig, "delete", "quantumtrustpolicies", "ada", "--ignore-not-found")


@pytest.fixture
def folder(cluster: Cluster, signer: Signer, variables: Mapping[str, str], tmp_path: Path) -> Path:
    """The files that the guides speak of, and no job from before."""
    (tmp_path / "examples").symlink_to(CHECKOUT / "examples")
    (tmp_path / "jobs").mkdir()
    bell = (CHECKOUT / "examples/bell.yaml").read_text()
    (tmp_path / "job.yaml").write_text(bell)
    (tmp_path / "jobs/bell.yaml").write_text(bell)
    for name in ("ci.pem", "ada.pem", "ada.key", "bob.key"):
        (tmp_path / name).write_bytes(signer.key.pem(None))
        (tmp_path / name).chmod(0o600)
    return tmp_path


def bell_has_run(folder: Path, variables: Mapping[str, str]) -> None:
    carry_out(Command("qee run examples/bell.yaml --key ci.pem --timeout 4m"), folder, variables)


NEEDS_BELL = ("docs/guide/install.md", "docs/guide/keys.md", "docs/guide/operate.md", "docs/guide/read-a-result.md")
NEEDS_BELL += ("docs/guide/troubleshooting.md", "docs/reference/conditions.md")


@pytest.mark.parametrize("document", sorted({name for name, _ in executed(CLUSTER)}))
def test_the_commands_do_what_the_document_shows(
    document: str, folder: Path, cluster: Cluster, signer: Signer, variables: Mapping[str, str]
) -> None:
    """All of its blocks, in one folder; the jobs of a block are gone before the next."""
    if document == "docs/reference/cli.md":
        variables = {**variables, "QEE_KEY": str(folder / "ci.pem")}
    for number in (number for name, number in executed(CLUSTER) if name == document):
        for namespace in (NAMESPACE, "demo"):
            kubectl(cluster.kubeconfig, "delete", "quantumjobs", "--all", "--namespace", namespace, "--wait")
        if document in NEEDS_BELL:
            bell_has_run(folder, variables)
        if (document, number) in PREPARED:
            PREPARED[document, number](folder, cluster)
        for command in blocks(document)[number]:
            if not command.line.startswith("git "):
                carry_out(Command(command.line.replace("NAME", "bell"), command.shown), folder, variables)


def _keys(folder: Path, cluster: Cluster) -> None:
    """A result's public key, and the result with its signature as files."""
    words = ("get", "configmap", "qee-result-pub", "--output=jsonpath={.data.result\\.pub}")
    (folder / "result.pub").write_text(kubectl(cluster.kubeconfig, *words, f"--namespace={chart.NAMESPACE}"))
    for name in ("result.json", "result.json.dsse"):
        key = name.replace(".", "\\.")
        words = ("get", "configmap", "bell-result", f"--output=jsonpath={{.data.{key}}}")
        (folder / name).write_text(kubectl(cluster.kubeconfig, *words, f"--namespace={NAMESPACE}"))


def _no_key(folder: Path, cluster: Cluster) -> None:
    """The guide makes it."""
    (folder / "ada.key").unlink()


def _second_key(folder: Path, cluster: Cluster) -> None:
    bob = PrivateKey.generate("ML-DSA-65")
    (folder / "bob.key").write_bytes(bob.pem(None))
    (folder / "bob.pub").write_text(bob.public.pem())


PREPARED = {
    ("docs/guide/keys.md", 0): _keys,
    ("docs/guide/sign-a-job.md", 0): _no_key,
    ("docs/guide/sign-a-job.md", 2): _second_key,
}
