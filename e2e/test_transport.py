"""The API server's connection to the webhook: its keys are agreed on by ML-KEM and X25519 together."""

import contextlib
import json
import re
import urllib.request

from e2e import chart
from e2e.cluster.choice import Cluster
from e2e.cluster.clients import kubectl
from e2e.kubernetes import Namespace
from e2e.signing import Signer

WEBHOOKS = ("pods", f"--namespace={chart.NAMESPACE}", "--selector=app.kubernetes.io/component=webhook")
HANDSHAKES = re.compile(r'^qee_admission_tls_handshakes_total\{group="(.+)"\} ([0-9.]+)$', re.MULTILINE)


def handshakes(node: Cluster) -> dict[str, float]:
    """By group of the key exchange, over all replicas; counted at log level debug only."""
    found: dict[str, float] = {}
    for pod in json.loads(kubectl(node.kubeconfig, "get", *WEBHOOKS, "--output=json"))["items"]:
        address = f"http://{pod['status'].get('podIP')}:8081/metrics"
        # A replica that comes or goes has no metrics.
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=30) as answer:
            for group, number in HANDSHAKES.findall(answer.read().decode()):
                found[group] = found.get(group, 0) + float(number)
    return found


def test_the_api_server_and_the_webhook_agree_on_a_hybrid_post_quantum_key(
    node: Cluster, images: dict[str, str], release: None
) -> None:
    values = {**chart.image_values(images), "operator": {"logLevel": "debug"}}
    chart.install(node.kubeconfig, values, *chart.TAKE_OVER)
    space = Namespace(node.kubeconfig, "transport").create()
    signer = Signer(node.kubeconfig, space.name, [space.name])
    signer.install()
    try:
        asked = json.dumps(signer.sign(space.job("asked")))

        def look() -> dict[str, float]:
            space.kubectl("create", "--dry-run=server", "--filename=-", input=asked)
            return handshakes(node)

        # For a while the API server goes on with its connection to a replica of before.
        found = space.until(look, "a connection of the API server to the new replicas")
    finally:
        signer.remove()
        space.close()
        chart.install(node.kubeconfig, chart.image_values(images), *chart.TAKE_OVER)

    assert found
    assert set(found) == {"X25519MLKEM768"}
