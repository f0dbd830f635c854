"""The cluster's name in signatures."""

from qee.kube.port import Port
from qee.kube.resources import NAMESPACES

NAMED_AFTER = "kube-system"  # this namespace's UID names the cluster: it lives as long as the cluster does


async def cluster_uid(port: Port) -> str:
    """The audience that is this cluster. Raises ApiError."""
    return str((await port.get(NAMESPACES, None, NAMED_AFTER))["metadata"]["uid"])
