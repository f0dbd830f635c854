"""The project's two charts: rendered, and installed, with the real Helm."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster import images
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.clients import helm, kubectl

CHART = CHECKOUT / "charts/qee"
CRDS = CHECKOUT / "charts/qee-crds"
RELEASE = "qee"
NAMESPACE = "qee-system"
OPERATOR = "qee-operator"  # name of its Deployment and its service account
# Objects that kubectl made become the release's. For clusters that are ours alone.
TAKE_OVER = ("--take-ownership", "--force-conflicts")
NO_CLUSTER = Path("/dev/null")

Object = dict[str, Any]
image_values = images.values  # the chart's value `images`, from references by target of the Dockerfile


def render(values: Mapping[str, Any] | None = None, *options: str, release: str = RELEASE) -> list[Object]:
    """The objects that `helm template` makes of charts/qee, hooks included. Raises ClusterError where Helm refuses."""
    words = ("--namespace", NAMESPACE, *_given(values), *options)
    text = helm(NO_CLUSTER, "template", release, str(CHART), *words)
    return [found for found in yaml.safe_load_all(text) if found]


def install_crds(kubeconfig: Path) -> None:
    """The CRDs in their newest version, also over those of `kubectl apply -f crds`. They outlive their release."""
    _upgrade(kubeconfig, "qee-crds", CRDS, "--timeout", "240s", *TAKE_OVER)


def install(kubeconfig: Path, values: Mapping[str, Any], *options: str) -> None:
    """charts/qee, new or upgraded, with these values over its defaults. Returns when the operator is ready."""
    _upgrade(kubeconfig, RELEASE, CHART, "--timeout", "280s", *_given(values), *options)


def installed(kubeconfig: Path) -> bool:
    """Whether there is a release of charts/qee."""
    words = ("list", "--namespace", NAMESPACE, "--filter", f"^{RELEASE}$", "--short", "--deployed", "--failed")
    return bool(helm(kubeconfig, *words).strip())


def values(kubeconfig: Path) -> dict[str, Any]:
    """The values that the release was installed with, the chart's defaults apart."""
    text = helm(kubeconfig, "get", "values", RELEASE, "--namespace", NAMESPACE, "--output", "json")
    return dict(json.loads(text) or {})


def _upgrade(kubeconfig: Path, release: str, chart: Path, *options: str) -> None:
    _forget_killed(kubeconfig, release)
    words = ("--namespace", NAMESPACE, "--create-namespace", "--reset-values", "--wait", *options)
    helm(kubeconfig, "upgrade", "--install", release, str(chart), *words)


def _forget_killed(kubeconfig: Path, release: str) -> None:
    """Helm refuses every operation after one that was killed. The record of that one is removed, its objects stay."""
    pending = f"owner=helm,name={release},status in (pending-install,pending-upgrade,pending-rollback,uninstalling)"
    kubectl(kubeconfig, "delete", "secrets", "--namespace", NAMESPACE, "--selector", pending)


def run_test(kubeconfig: Path) -> str:
    """`helm test`; what its pod printed."""
    return helm(kubeconfig, "test", RELEASE, "--namespace", NAMESPACE, "--logs", "--timeout", "300s", timeout=330)


def uninstall(kubeconfig: Path) -> None:
    """The release alone: CRDs, QuantumJobs and their results stay. Returns when its processes have ended."""
    helm(kubeconfig, "uninstall", RELEASE, "--namespace", NAMESPACE, "--wait", "--ignore-not-found")
    # Helm waits for the objects of the release; pods are not among them.
    pods = ("pods", "--namespace", NAMESPACE, "--selector=app.kubernetes.io/name=qee")
    kubectl(kubeconfig, "wait", "--for=delete", *pods, "--timeout=240s")


def _given(values: Mapping[str, Any] | None) -> tuple[str, ...]:
    return ("--set-json", json.dumps(values)) if values else ()
