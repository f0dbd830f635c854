"""The commands of README and guides on a cluster, as they stand, with what they are shown to print."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.guides import CHECKOUT, CLUSTER, blocks, carry_out, executed

from e2e import chart
from e2e.cluster.binaries import clients
from e2e.cluster.choice import Cluster
from e2e.cluster.clients import kubectl
from e2e.signing import Signer

NAMESPACE = "default"  # the guides speak of no other, but for what they create themselves
EXTRA = ("demo", "team")
PASSPHRASE = "correct horse battery"


@pytest.fixture(scope="module")
def cluster(node: Cluster, release: None) -> Iterator[Cluster]:
    """QEE, and one key that signs for everybody whom the guides speak of."""
    kubectl(node.kubeconfig, "create", "namespace", "team")
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
    kubectl(cluster.kubeconfig, "delete", "quantumjobs", "--all", "--namespace", NAMESPACE, "--wait")
    return tmp_path


def bell_has_run(folder: Path, variables: Mapping[str, str]) -> None:
    from tests.guides import Command

    carry_out(Command("qee run examples/bell.yaml --key ci.pem --timeout 4m"), folder, variables)


NEEDS_BELL = ("docs/guide/install.md", "docs/guide/keys.md", "docs/guide/operate.md", "docs/guide/read-a-result.md")
NEEDS_BELL += ("docs/guide/troubleshooting.md", "docs/reference/conditions.md")


@pytest.mark.parametrize(("document", "number"), executed(CLUSTER), ids=str)
def test_the_commands_do_what_the_document_shows(
    document: str, number: int, folder: Path, cluster: Cluster, signer: Signer, variables: Mapping[str, str]
) -> None:
    if document in NEEDS_BELL:
        bell_has_run(folder, variables)
    prepare = PREPARED.get(document)
    if prepare:
        prepare(folder, cluster)
    for command in blocks(document)[number]:
        if not command.line.startswith("git "):
            line = command.line.replace("NAME", "bell")
            carry_out(type(command)(line, command.shown), folder, variables)


def _keys(folder: Path, cluster: Cluster) -> None:
    """A result's public key, and the result with its signature as files."""
    words = ("get", "configmap", "qee-result-pub", "--output=jsonpath={.data.result\\.pub}")
    (folder / "result.pub").write_text(kubectl(cluster.kubeconfig, *words, f"--namespace={chart.NAMESPACE}"))
    for name in ("result.json", "result.json.dsse"):
        key = name.replace(".", "\\.")
        words = ("get", "configmap", "bell-result", f"--output=jsonpath={{.data.{key}}}")
        (folder / name).write_text(kubectl(cluster.kubeconfig, *words, f"--namespace={NAMESPACE}"))


def _second_key(folder: Path, cluster: Cluster) -> None:
    from qee.signing.keys import PrivateKey

    bob = PrivateKey.generate("ML-DSA-65")
    (folder / "bob.key").write_bytes(bob.pem(None))
    (folder / "bob.pub").write_text(bob.public.pem())


PREPARED = {"docs/guide/keys.md": _keys, "docs/guide/sign-a-job.md": _second_key}
