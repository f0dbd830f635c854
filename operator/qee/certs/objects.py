"""Reading and patching Secrets, ConfigMaps and the webhook's configuration. Each patch is bound to what was read: where
another has written meanwhile it is a Conflict, and the next round begins with a fresh look.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from qee.kube.port import Object, Port, Resource
from qee.kube.resources import SECRETS


def value(obj: Object, key: str) -> bytes:
    """The bytes under a key of a Secret or ConfigMap; empty where there are none."""
    text = (obj.get("data") or {}).get(key) or ""
    if "kind" in obj and obj["kind"] != SECRETS.kind:
        return str(text).encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


async def patch_data(
    port: Port, resource: Resource, obj: Object, data: Mapping[str, bytes], annotations: Mapping[str, str] | None = None
) -> Object:
    """Raises Conflict where the object is no longer what was read."""
    secret = resource.plural == SECRETS.plural
    encoded = {key: base64.b64encode(raw).decode() if secret else raw.decode() for key, raw in data.items()}
    metadata: dict[str, Any] = {"resourceVersion": obj["metadata"]["resourceVersion"]}
    if annotations:
        metadata["annotations"] = dict(annotations)
    meta = obj["metadata"]
    return await port.patch(resource, meta.get("namespace"), meta["name"], {"metadata": metadata, "data": encoded})


def trusted(configuration: Object) -> list[bytes]:
    """caBundle of each webhook of the configuration."""
    found = []
    for webhook in configuration.get("webhooks") or []:
        text = (webhook.get("clientConfig") or {}).get("caBundle") or ""
        try:
            found.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            found.append(b"")
    return found


def trusting(configuration: Object, bundle: bytes) -> Object:
    """The patch that gives each webhook this caBundle; a list is patched as a whole."""
    text = base64.b64encode(bundle).decode()
    webhooks = [
        {**webhook, "clientConfig": {**webhook.get("clientConfig", {}), "caBundle": text}}
        for webhook in configuration.get("webhooks") or []
    ]
    return {"metadata": {"resourceVersion": configuration["metadata"]["resourceVersion"]}, "webhooks": webhooks}
