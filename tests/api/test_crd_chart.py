"""The chart of the CRDs on a real API server: upgrades reach them, an uninstall keeps them and the jobs."""

import json
from pathlib import Path

import pytest
from e2e.cluster.apiserver import ApiServer
from e2e.cluster.clients import helm
from tests import builders

CHART = str(Path(__file__).parents[2] / "charts/qee-crds")


def install(server: ApiServer, *words: str) -> None:
    # Other tests of the session have applied the CRDs without Helm.
    helm(server.kubeconfig, "upgrade", "--install", "qee-crds", CHART, "-n", "default", "--take-ownership", *words)
    server.kubectl("wait", "--for=condition=Established", "crd/quantumjobs.qee.dev", "--timeout=30s")


def crd(server: ApiServer) -> dict:
    return json.loads(server.kubectl("get", "crd", "quantumjobs.qee.dev", "-o", "json"))


def test_an_uninstall_keeps_definitions_and_jobs(apiserver: ApiServer, namespace: str):
    install(apiserver)
    apiserver.kubectl("create", "-f", "-", input=json.dumps(builders.job(namespace=namespace)))
    helm(apiserver.kubeconfig, "uninstall", "qee-crds", "-n", "default")
    assert "deletionTimestamp" not in crd(apiserver)["metadata"]
    assert apiserver.kubectl("get", "qj", "-n", namespace, "-o", "name").strip() == "quantumjob.qee.dev/bell"


def test_an_upgrade_reaches_the_definitions(apiserver: ApiServer):
    install(apiserver)
    columns = "/spec/versions/0/additionalPrinterColumns"
    older = json.dumps([{"op": "replace", "path": columns, "value": []}])
    apiserver.kubectl("patch", "crd", "quantumjobs.qee.dev", "--type=json", "-p", older)
    install(apiserver, "--force-conflicts")
    shown = [column["name"] for column in crd(apiserver)["spec"]["versions"][0]["additionalPrinterColumns"]]
    assert shown == ["Phase", "Backend", "Shots", "Attempt", "Reason", "Result", "Age"]


@pytest.mark.parametrize(("flag", "documents"), [("true", 5), ("false", 0)])
def test_the_definitions_can_be_left_to_someone_else(apiserver: ApiServer, flag: str, documents: int):
    rendered = helm(apiserver.kubeconfig, "template", CHART, "--set", f"crds.enabled={flag}")
    assert rendered.count("kind: CustomResourceDefinition") == documents


def test_the_definitions_can_be_removed_with_the_release(apiserver: ApiServer):
    assert "helm.sh/resource-policy" in helm(apiserver.kubeconfig, "template", CHART)
    assert "helm.sh/resource-policy" not in helm(apiserver.kubeconfig, "template", CHART, "--set", "crds.keep=false")
