"""The whole chart on a real API server, with the real certs process: what Helm leaves alone, and what it removes."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e.chart import CHART, NAMESPACE, install_crds
from e2e.cluster.apiserver import ApiServer
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.clients import helm
from e2e.cluster.steps import ClusterError
from tests.api.admission.conftest import stops, until

from qee.certs.keeper import Keeper
from qee.certs.settings import Settings
from qee.kube.client import connect

Object = dict[str, Any]
OVER_KUBECTL = ("--server-side=true", "--force-conflicts")  # what kubectl has applied stays its own otherwise
FILLED = ("secret/qee-webhook-ca", "secret/qee-webhook-tls", "secret/qee-result-key", "configmap/qee-result-pub")


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    own = ApiServer(controllers=True)
    try:
        own.start()
        install_crds(own.kubeconfig)
        yield own
    finally:
        own.stop()


def upgrade(server: ApiServer, *options: str) -> str:
    words = ("--install", "qee", str(CHART), "--namespace", NAMESPACE, "--create-namespace")
    return helm(server.kubeconfig, "upgrade", *words, *options)


def keep(server: ApiServer, tmp_path: Path) -> None:
    """Two rounds of the certs process, with nothing but its service account's rights."""
    token = server.kubectl("create", "token", "qee-certs", "--namespace", NAMESPACE).strip()
    config: Object = yaml.safe_load(server.kubeconfig.read_text())
    config["users"] = [{"name": each["name"], "user": {"token": token}} for each in config["users"]]
    kubeconfig = tmp_path / "certs.kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    settings_file = tmp_path / "certs.yaml"
    settings_file.write_text(get(server, "configmap/qee-certs")["data"]["certs.yaml"])
    settings = Settings.load(settings_file)

    async def rounds() -> None:
        port = await connect(str(kubeconfig))
        try:
            keeper = Keeper(port, settings)
            for _ in range(2):
                await keeper.round()
            assert await keeper.round()
        finally:
            await port.close()

    asyncio.run(rounds())


def get(server: ApiServer, name: str) -> Object:
    found: Object = json.loads(server.kubectl("get", name, "--namespace", NAMESPACE, "--output=json"))
    return found


def written(server: ApiServer) -> list[Any]:
    """All that the certs process writes."""
    configuration = get(server, "validatingwebhookconfiguration/qee-webhook")
    return [*(get(server, name).get("data") for name in FILLED), configuration["webhooks"][0]["clientConfig"]]


@pytest.fixture(scope="module")
def installed(server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> ApiServer:
    upgrade(server)
    assert all(data is None for data in written(server)[:-1])
    keep(server, tmp_path_factory.mktemp("certs"))
    return server


def test_the_certs_process_fills_what_the_chart_brings_empty(installed: ApiServer) -> None:
    authority, pair, key, public, client = written(installed)

    assert pair.keys() >= {"tls.crt", "tls.key"}
    assert base64.b64decode(authority["ca.crt"]) == base64.b64decode(client["caBundle"])
    assert b"PRIVATE KEY" in base64.b64decode(key["result.key"])
    assert "PUBLIC KEY" in public["result.pub"]


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--reset-values", "--set", "admission.replicas=3"),
        ("--set", "commonLabels.a=b"),
        ("--server-side=false",),
        ("--server-side=true", "--force-conflicts"),
    ],
    ids=str,
)
def test_an_upgrade_takes_nothing_of_it_away(installed: ApiServer, options: tuple[str, ...]) -> None:
    before = written(installed)

    upgrade(installed, *options)

    assert written(installed) == before


@pytest.mark.parametrize("words", [(), ("--server-side", "--force-conflicts")], ids=["client side", "server side"])
def test_neither_does_applying_the_rendered_chart(installed: ApiServer, words: tuple[str, ...]) -> None:
    before = written(installed)
    text = helm(installed.kubeconfig, "template", "qee", str(CHART), "--namespace", NAMESPACE, "--no-hooks")

    installed.kubectl("apply", "--filename=-", *words, input=text)

    assert written(installed) == before


def test_with_no_webhook_to_be_reached_no_job_is_stored_but_old_ones_go(installed: ApiServer) -> None:
    old = yaml.safe_load((CHECKOUT / "examples/bell.yaml").read_text())
    old["metadata"] = {"name": "old", "namespace": "default"}
    new = {**old, "metadata": {"name": "new", "namespace": "default"}}
    upgrade(installed, *OVER_KUBECTL, "--set", "admission.enabled=false")
    until(lambda: not stops(lambda: installed.kubectl("apply", "--filename=-", input=json.dumps(old))), "no lock")
    upgrade(installed, *OVER_KUBECTL, "--reset-values", "--set", "admission.withoutPolicy=Allow")

    def refused(attempt: Callable[[], object]) -> bool:
        try:
            attempt()
        except ClusterError as error:
            return 'failed calling webhook "quantumjobs.qee.dev"' in str(error)
        return False

    dry = ("create", "--dry-run=server", "--filename=-")
    until(lambda: refused(lambda: installed.kubectl(*dry, input=json.dumps(new))), "the webhook to be asked")
    installed.kubectl("patch", "quantumjob", "old", "--type=merge", '--patch={"spec":{"suspend":true}}')
    installed.kubectl("label", "quantumjob", "old", "a=b")
    assert refused(lambda: installed.kubectl("annotate", "quantumjob", "old", "qee.dev/signature=c2lnbmVk"))
    installed.kubectl("delete", "quantumjob", "old", "--timeout=20s")


def test_uninstalling_keeps_the_key_of_results_and_nothing_else(installed: ApiServer, tmp_path: Path) -> None:
    upgrade(installed, *OVER_KUBECTL, "--reset-values")
    if get(installed, FILLED[2]).get("data") is None:
        keep(installed, tmp_path)
    before = written(installed)[2:4]
    helm(installed.kubeconfig, "uninstall", "qee", "--namespace", NAMESPACE, "--wait")

    left = installed.kubectl(
        *("get", "--all-namespaces", "--output=name", "--selector=app.kubernetes.io/instance=qee"),
        "secrets,configmaps,serviceaccounts,services,roles,rolebindings,clusterroles,clusterrolebindings,"
        "deployments,poddisruptionbudgets,networkpolicies,quantumbackends,validatingwebhookconfigurations,"
        "validatingadmissionpolicies,validatingadmissionpolicybindings",
    ).split()
    assert sorted(left) == ["configmap/qee-result-pub", "secret/qee-result-key"]
    upgrade(installed)
    assert written(installed)[2:4] == before
