"""The computed examples as QuantumJobs, whole and in shards: what comes back is what the books say."""

import hashlib
import json

import pytest
import yaml
from tests.physics.example_checks import CHECKS, EXAMPLES

from e2e.cluster.choice import Cluster
from e2e.kubernetes import Namespace, Object
from e2e.operator_process import OperatorProcess
from qee.documents import ResultDocument

SHARDED = {"randomized-benchmarking": 3, "maxcut-qaoa": 4, "noisy-ghz": 2}
FROM = "columns"


def manifest(namespace: Namespace, name: str, suffix: str = "", **spec: object) -> Object:
    found = yaml.safe_load((EXAMPLES / f"{name}.yaml").read_text())
    engine = found["spec"].pop("backendRef")["name"]
    return namespace.job(f"{name}{suffix}", engine, **{"shots": 100, "seed": 7, **found["spec"], **spec})


def from_config_map(namespace: Namespace) -> tuple[Object, Object]:
    """The sweep of H2 with its columns in a ConfigMap."""
    job = manifest(namespace, "h2-vqe", "-columns")
    (circuit,) = job["spec"]["circuits"]
    text = json.dumps(circuit.pop("parameters"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    circuit["parametersFrom"] = {"configMapKeyRef": {"name": FROM, "key": "columns.json"}, "sha256": digest}
    stored = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": FROM}, "data": {"columns.json": text}}
    return stored, job


@pytest.fixture(scope="module")
def documents(namespace: Namespace, node: Cluster, runner_images: dict[str, str]) -> dict[str, ResultDocument]:
    whole = [manifest(namespace, name) for name in CHECKS]
    sharded = [manifest(namespace, name, "-sharded", shards=shards) for name, shards in SHARDED.items()]
    with OperatorProcess(node.kubeconfig, runner_images, settings={"namespaces": [namespace.name]}):
        namespace.apply(*from_config_map(namespace), *whole, *sharded)
        jobs = namespace.finished(seconds=480)
    failed = {job.name: (job.outcome, job.message) for job in jobs.values() if job.phase != "Succeeded"}
    assert not failed
    return {name: namespace.result(job) for name, job in jobs.items()}


@pytest.mark.parametrize("name", CHECKS)
def test_an_example_gives_what_the_books_say(documents: dict[str, ResultDocument], name: str) -> None:
    CHECKS[name](documents[name])
    assert documents[name].provenance.sandbox == "seccomp"


@pytest.mark.parametrize("name", SHARDED)
def test_shards_give_the_same_as_one_pod(documents: dict[str, ResultDocument], name: str) -> None:
    document = documents[f"{name}-sharded"]
    CHECKS[name](document)
    assert document.provenance.shards == SHARDED[name]
    assert not document.missing


def test_columns_of_a_config_map_are_as_good_as_inline(documents: dict[str, ResultDocument]) -> None:
    CHECKS["h2-vqe"](documents["h2-vqe-columns"])
    assert documents["h2-vqe-columns"].parameters == documents["h2-vqe"].parameters
