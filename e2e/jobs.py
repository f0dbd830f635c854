"""Jobs that stay where a test needs them: in the queue, or running."""

from typing import Any

from tests.physics.cases import CASES

from e2e.kubernetes import Namespace, Object

# Feed-forward makes Aer run each shot by itself: ten million take minutes on any machine.
_TELEPORT = CASES["teleport"]
SLOW = {"circuits": [{"name": "slow", "format": _TELEPORT.format, "source": _TELEPORT.source}], "shots": 10_000_000}
HALF_A_CPU = {"limits": {"cpu": "500m"}}
MORE_THAN_ANY_NODE_HAS = {"requests": {"cpu": "100000"}}


def slow(namespace: Namespace, name: str, **spec: Any) -> Object:
    """A job that runs longer than any test. Whoever applies it deletes it."""
    return namespace.job(name, **{**SLOW, "resources": HALF_A_CPU, **spec})


def queued(namespace: Namespace, name: str, **spec: Any) -> Object:
    """A job whose pod no node has room for."""
    return namespace.job(name, resources=MORE_THAN_ANY_NODE_HAS, **spec)
