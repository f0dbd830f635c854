"""Who QEE is at Azure Quantum, and which workspace it uses. Standard library only."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from qee.connectors.protocol import Rejected, Settings, Unauthorized

OPTIONS = ("subscriptionId", "resourceGroup", "workspace", "kind", "endpoint", "tenantId", "clientId")
_HOSTS = {"v1": "https://{}.quantum.azure.com", "v2": "https://{}-v2.quantum.azure.com"}
_PARTS = {"SubscriptionId", "ResourceGroupName", "WorkspaceName", "ApiKey", "QuantumEndpoint"}


@dataclass(frozen=True)
class Access:
    """One workspace. `key` is its access key; empty: workload identity, as `tenant` and `client` or the pod's own."""

    endpoint: str
    subscription: str
    resource_group: str
    workspace: str
    key: str = field(default="", repr=False)
    tenant: str = ""
    client: str = ""

    @property
    def scope(self) -> tuple[str, str, str]:
        """The first arguments of every call."""
        return self.subscription, self.resource_group, self.workspace


def access(settings: Settings) -> Access:
    """Raises Unauthorized for a credential that cannot be read, Rejected for an option."""
    options = settings.options
    for name in options:
        if name not in OPTIONS:
            raise Rejected(f"spec.options.{name}: there is no such option; there are {', '.join(OPTIONS)}")
    told = _connection_string(settings)
    key = told.get("ApiKey") or _file(settings, "api-key")
    if settings.credentials and not key:
        raise Unauthorized("the Secret has neither connection-string nor api-key; add one of them")
    found = Access(
        endpoint=(options.get("endpoint") or told.get("QuantumEndpoint") or _of_region(settings)).rstrip("/"),
        subscription=_given(options.get("subscriptionId") or told.get("SubscriptionId"), "subscriptionId"),
        resource_group=_given(options.get("resourceGroup") or told.get("ResourceGroupName"), "resourceGroup"),
        workspace=_given(options.get("workspace") or told.get("WorkspaceName"), "workspace"),
        key=key,
        tenant=options.get("tenantId", ""),
        client=options.get("clientId", ""),
    )
    _check_endpoint(found)
    return found


def _connection_string(settings: Settings) -> dict[str, str]:
    text = _file(settings, "connection-string")
    parts = dict(part.partition("=")[::2] for part in text.strip(";").split(";")) if text else {}
    if text and (set(parts) != _PARTS or not all(parts.values())):
        raise Unauthorized("connection-string of the Secret is not one; copy it anew from the workspace's access keys")
    return parts


def _file(settings: Settings, name: str) -> str:
    """Empty where there is none."""
    place = Path(settings.credentials, name)
    if not settings.credentials or not place.is_file():
        return ""
    try:
        text = place.read_text("ascii").strip()
    except (OSError, ValueError):
        raise Unauthorized(f"{name} of the Secret cannot be read as ASCII text; write it anew") from None
    if not re.fullmatch(r"[!-~]+(?: [!-~]+)*", text):
        raise Unauthorized(f"{name} of the Secret is empty or has more than one line; write it anew")
    return text


def _of_region(settings: Settings) -> str:
    kind = settings.options.get("kind", "v1")
    if kind not in _HOSTS:
        raise Rejected("spec.options.kind: the workspace's kind is v1 or v2; correct it, or leave it out for v1")
    if not re.fullmatch(r"[a-z0-9]+", settings.region):
        raise Rejected("spec.region: give the workspace's location, as eastus, or spec.options.endpoint")
    return _HOSTS[kind].format(settings.region)


def _given(value: str | None, name: str) -> str:
    if not value:
        raise Rejected(f"spec.options.{name}: it is missing; give it, or a connection-string in the Secret")
    return value


def _check_endpoint(found: Access) -> None:
    url = urlsplit(found.endpoint)
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.username:
        raise Rejected("spec.options.endpoint: give a URL such as https://eastus.quantum.azure.com")
    if url.scheme == "http" and not found.key:
        raise Rejected("spec.options.endpoint: a token of the workload identity goes over https only; use https")
