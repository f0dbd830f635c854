"""An API server that knows our resources, and what it says to a creation of which nothing is kept."""

import json
import re
from pathlib import Path
from typing import Any

from e2e.cluster.apiserver import ApiServer
from e2e.cluster.steps import ClusterError

CRDS = Path(__file__).parents[2] / "crds"


def defined(server: ApiServer) -> ApiServer:
    server.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS))
    server.kubectl("wait", "--for=condition=Established", "-f", str(CRDS), "--timeout=30s")
    return server


def refusal(server: ApiServer, obj: Any) -> str:
    """What it says on one line; empty where it takes the object."""
    try:
        server.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(obj))
    except ClusterError as refused:
        return re.sub(r"\s+", " ", str(refused))
    return ""
