"""The vendors' stand-ins beside a real cluster: where they listen, what a backend needs to reach them, and who pays."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.standins.running import StandIn, standin

from e2e import chart
from e2e.cluster.clients import kubectl
from qee.api import names
from qee.api.names import PRICES_FORMAT

Object = dict[str, Any]
PRICES = "prices"


@dataclass(frozen=True)
class Vendor:
    """How a backend of this vendor is set up. `secret`: the credential's files; `{token}` is the canary."""

    device: str
    secret: Mapping[str, str]
    options: Mapping[str, str] = field(default_factory=dict)
    region: str = ""
    counts: bool = True
    """The provider tells counts of measured shots, not probabilities alone."""


VENDORS: dict[str, Vendor] = {
    "ibm": Vendor(
        "ibm_fez",
        {"token": "{token}"},
        {"instance": "crn:v1:bluemix:public:quantum-computing:us-east:a/0:11111111-2222-3333-4444-555555555555::"},
    ),
    "braket": Vendor(
        "arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q",
        {"aws_access_key_id": "AKIASTANDIN", "aws_secret_access_key": "{token}"},
        {"bucket": "amazon-braket-qee"},
    ),
    "google": Vendor("rainbow", {"token": "{token}"}, {"project": "tests"}),
    "ionq": Vendor("simulator", {"api-key": "{token}"}, counts=False),
    "azure": Vendor(
        "quantinuum.qpu.h2-1",
        {"api-key": "{token}"},
        {
            "subscriptionId": "11111111-2222-3333-4444-555555555555",
            "resourceGroup": "rg",
            "workspace": "ws",
        },
        region="eastus",
    ),
}


def token(vendor: str) -> str:
    return f"canary-{vendor}-5f0c7a19e3b84d62"


def backend(vendor: str) -> str:
    return f"cloud-{vendor}"


@dataclass(frozen=True)
class Clouds:
    """Running stand-ins by vendor."""

    standins: Mapping[str, StandIn]

    def values(self) -> Object:
        """The chart's values that connect them, fast enough for tests."""
        return {
            "connectors": [
                {
                    "name": vendor,
                    "provider": vendor,
                    "backends": [backend(vendor)],
                    "credentialsSecret": f"{vendor}-credentials",
                    "pollSeconds": 1,
                    "describeSeconds": 5,
                    "graceSeconds": 20,
                    "callSeconds": 30,
                }
                for vendor in self.standins
            ],
            "backends": {backend(vendor): self._backend(vendor) for vendor in self.standins},
            "settings": {"patience": {"cancel": 20}},
        }

    def _backend(self, vendor: str) -> Object:
        chosen = VENDORS[vendor]
        return {
            "enabled": True,
            "provider": vendor,
            "device": chosen.device,
            **({"region": chosen.region} if chosen.region else {}),
            "credentialsSecretRef": {"name": f"{vendor}-credentials"},
            "options": {**chosen.options, "endpoint": self.standins[vendor].url},
            "prices": {"configMapRef": {"name": PRICES}},
            "allowedNamespaces": {"all": True},
        }

    def objects(self) -> list[Object]:
        """Secrets and price list, in QEE's namespace."""
        secrets: list[Object] = [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": f"{vendor}-credentials", "namespace": chart.NAMESPACE},
                "stringData": {k: v.format(token=token(vendor)) for k, v in VENDORS[vendor].secret.items()},
            }
            for vendor in self.standins
        ]
        prices = {
            "apiVersion": PRICES_FORMAT,
            "asOf": "2026-11-01",
            "source": "made up for tests",
            "currency": "USD",
            "devices": {VENDORS[vendor].device: {"perTask": "0.30", "perShot": "0.001"} for vendor in self.standins},
        }
        meta = {"name": PRICES, "namespace": chart.NAMESPACE}
        listed = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
        return [*secrets, {**listed, "data": {names.PRICES_KEY: json.dumps(prices)}}]


@contextmanager
def running(host: str, *vendors: str) -> Iterator[Clouds]:
    """Stand-ins on an address of this machine that pods reach."""
    with ExitStack() as stack:
        found = {
            vendor: stack.enter_context(standin(vendor, "--host", host, "--token", token(vendor)))
            for vendor in vendors or VENDORS
        }
        yield Clouds(found)


def address(kubeconfig: Path) -> str:
    """Of the node, which is this machine."""
    path = "{.items[0].status.addresses[?(@.type=='InternalIP')].address}"
    return kubectl(kubeconfig, "get", "nodes", f"--output=jsonpath={path}").strip()


def budget(namespace: str, **limits: Any) -> Object:
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND_BUDGET,
        "metadata": {"name": "team", "namespace": namespace},
        "spec": {"limits": limits or {"cost": {"amount": "1000", "currency": "USD"}}},
    }
