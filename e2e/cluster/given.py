"""A cluster that somebody else runs and QEE_KUBECONFIG names. Nothing of it is started or stopped here."""

from collections.abc import Sequence
from pathlib import Path

from e2e.cluster import images
from e2e.cluster.builders import builder
from e2e.cluster.clients import kubectl
from e2e.cluster.steps import ClusterError, step


class Given:
    """kubeconfig: its path; prefix: where images are pushed and pulled from, such as `registry.example/team/`."""

    name = "given"
    audit_log = None

    def __init__(self, kubeconfig: Path, prefix: str) -> None:
        self.kubeconfig = kubeconfig.expanduser().resolve()
        self._prefix = prefix if prefix.endswith("/") else f"{prefix}/"

    def prepare(self) -> None:
        """Nothing: it runs."""

    def running(self) -> bool:
        return True

    def up(self) -> None:
        if not self.kubeconfig.is_file():
            raise ClusterError(f"QEE_KUBECONFIG names {self.kubeconfig}, which is not a file.")
        kubectl(self.kubeconfig, "get", "namespaces", "--output=name")

    def down(self) -> None:
        """Nothing: the cluster is not ours."""

    def clean(self) -> None:
        """Nothing: the cluster is not ours."""

    def status(self) -> str:
        return f"{self.kubeconfig} (QEE_KUBECONFIG)\n{kubectl(self.kubeconfig, 'get', 'nodes')}"

    def images(self, targets: Sequence[str] = images.TARGETS) -> dict[str, str]:
        if self._prefix == "/":
            raise ClusterError(
                "With QEE_KUBECONFIG, QEE_IMAGES must name where images are pushed: registry.example/team"
            )
        tool = builder()
        with tool.sources() as sources:
            wanted = images.references(self._prefix, sources, targets)
            for target, reference in wanted.items():
                tool.build(target, reference, sources)
                with step(f"Pushing {reference}"):
                    tool.push(reference)
        return wanted
