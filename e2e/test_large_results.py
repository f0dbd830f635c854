"""What no ConfigMap takes goes to a volume of the node; a claim that is not dedicated to results is left alone."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests import builders
from typer.testing import CliRunner

from e2e.cluster.choice import Cluster
from e2e.cluster.node import Node
from e2e.kubernetes import Namespace, Object
from e2e.operator_process import OperatorProcess
from qee.api.names import REFERENCE_KEY
from qee.cli.main import app
from qee.documents.reference import ResultReference
from qee.documents.reference.reading import result_of
from qee.documents.result import ResultDocument
from qee.kube.runner_pod import RUN_AS_USER

COINS = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[20] q;\nbit[20] c;\nh q;\nc = measure q;\n'
SHOTS = 400_000


def persistent_volume(namespace: Namespace, folder: Path) -> Object:
    """A directory of the only node, for the claim `data` of this namespace."""
    host = namespace.all("nodes")[0]["metadata"]["labels"]["kubernetes.io/hostname"]
    on_host = {"key": "kubernetes.io/hostname", "operator": "In", "values": [host]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": namespace.name},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "local": {"path": str(folder)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [on_host]}]}},
            "claimRef": {"namespace": namespace.name, "name": "data"},
        },
    }


@pytest.fixture(scope="module")
def volume(node: Cluster, namespace: Namespace) -> Iterator[Path]:
    """The directory behind the claim `data`, which is dedicated to results; the claim `database` is not."""
    if not isinstance(node, Node):
        pytest.skip("a test makes directories on a node of this machine only: QEE_CLUSTER=node, without QEE_KUBECONFIG")
    folder = Path(tempfile.mkdtemp(prefix="volume-", dir=node.state))
    claim = builders.claim("data", namespace.name)
    claim["spec"] |= {"storageClassName": "", "volumeName": namespace.name}
    namespace.apply(
        persistent_volume(namespace, folder), claim, builders.claim("database", namespace.name, app="database")
    )
    yield folder
    namespace.delete("quantumjobs", "--all")
    namespace.delete("persistentvolumeclaims", "--all")
    namespace.delete("persistentvolume", namespace.name)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def operator(node: Cluster, runner_images: dict[str, str], namespace: Namespace) -> Iterator[OperatorProcess]:
    with OperatorProcess(node.kubeconfig, runner_images, settings={"namespaces": [namespace.name]}) as process:
        yield process


def coins(namespace: Namespace, name: str, claim: str) -> Object:
    circuit = {"name": "coins", "format": "openqasm3", "source": COINS}
    return namespace.job(name, circuits=[circuit], shots=SHOTS, outputs=["memory"], results=builders.results_on(claim))


@pytest.mark.usefixtures("operator")
def test_a_large_result_lies_on_the_volume_and_qee_reads_it(node: Cluster, namespace: Namespace, volume: Path) -> None:
    namespace.apply(coins(namespace, "large", "data"))

    job = namespace.finished("large")["large"]
    assert job.outcome == ("Succeeded", "Completed"), job.message
    (path,) = job.status["result"]["persistentVolumeClaim"]["files"]
    file = volume / path
    assert file.stat().st_size > 1_048_576
    assert file.stat().st_gid == RUN_AS_USER
    stored = namespace.get("configmap", job.status["result"]["configMap"])
    reference = ResultReference.from_bytes(stored["data"][REFERENCE_KEY].encode())
    result = ResultDocument.from_bytes(result_of(reference, [file]))
    assert len(result.results[0].memory or ()) == SHOTS
    words = ["result", "large", "--file", str(file), "--kubeconfig", str(node.kubeconfig), "-n", namespace.name]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    assert f"{SHOTS} shots on" in done.stdout


@pytest.mark.usefixtures("operator", "volume")
def test_a_claim_without_the_label_is_not_mounted(namespace: Namespace) -> None:
    namespace.apply(coins(namespace, "greedy", "database"))

    job = namespace.finished("greedy")["greedy"]
    assert job.outcome == ("Failed", "ClaimNotDedicated")
    assert "kubectl label pvc database qee.dev/results=true" in job.message
    assert namespace.of(job.uid, "jobs") == []
