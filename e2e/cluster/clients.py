"""kubectl and Helm of the pinned versions, run against one cluster."""

import os
from pathlib import Path

from e2e.cluster.binaries import clients
from e2e.cluster.cache import root
from e2e.cluster.steps import run


def kubectl(kubeconfig: Path, *words: str, input: str | None = None, timeout: float = 300) -> str:
    """kubectl's stdout. Raises ClusterError with its stderr."""
    return _client("kubectl", kubeconfig, words, input, timeout)


def helm(kubeconfig: Path, *words: str, timeout: float = 300) -> str:
    """Helm's stdout; its own settings and plugins of the user are left out. Raises ClusterError with its stderr."""
    return _client("helm", kubeconfig, words, None, timeout)


def _client(name: str, kubeconfig: Path, words: tuple[str, ...], input: str | None, timeout: float) -> str:
    homes = {f"HELM_{kind}_HOME": str(root() / "helm" / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
    env = {**os.environ, **homes, "KUBECONFIG": str(kubeconfig), "KUBECACHEDIR": str(root() / "kubectl")}
    why = f"{name} {' '.join(words[:3])}"
    return run([clients() / name, *words], why=why, input=input, env=env, timeout=timeout)
