"""Which cluster the tests run on, and what every kind of cluster offers."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from e2e.cluster.builders import engine
from e2e.cluster.given import Given
from e2e.cluster.images import TARGETS
from e2e.cluster.kindnode import Kind
from e2e.cluster.node import Node
from e2e.cluster.steps import ClusterError


class Cluster(Protocol):
    """up, down and clean may be called at any time and finish what they find.

    name:      `node`, `kind` or `given`
    audit_log: object writes as JSON lines; None where the API server's log is out of reach
    prepare(): makes beforehand what takes long, without touching a running cluster
    images():  builds those of these targets that changed, brings them into the cluster; returns target -> reference
    """

    name: str

    @property
    def kubeconfig(self) -> Path: ...

    @property
    def audit_log(self) -> Path | None: ...

    def prepare(self) -> None: ...

    def running(self) -> bool: ...

    def up(self) -> None: ...

    def down(self) -> None: ...

    def clean(self) -> None: ...

    def status(self) -> str: ...

    def images(self, targets: Sequence[str] = TARGETS) -> dict[str, str]: ...


def cluster() -> Cluster:
    """The cluster that QEE_KUBECONFIG names; else kind where Docker or Podman runs; else a node on this machine.

    QEE_CLUSTER=kind or =node overrules the last two, for a machine whose Docker cannot pull images.
    """
    named = os.environ.get("QEE_KUBECONFIG")
    if named:
        return Given(Path(named), os.environ.get("QEE_IMAGES", ""))
    wish = os.environ.get("QEE_CLUSTER", "")
    if wish not in {"", "kind", "node"}:
        raise ClusterError(f"QEE_CLUSTER={wish} is not a kind of cluster. Use kind or node, or leave it unset.")
    runs = None if wish == "node" else engine()
    if runs:
        return Kind(runs)
    if wish == "kind":
        raise ClusterError("QEE_CLUSTER=kind, but neither `docker info` nor `podman info` works. Start one of them.")
    return Node()
