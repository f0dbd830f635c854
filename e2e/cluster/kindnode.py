"""kind, where Docker or Podman runs. Written after kind's documentation; the project's own CI uses the bare node.

The node's API server writes an audit log to a directory that is mounted from the cache.
"""

import json
import os
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from e2e.cluster import argocd, images
from e2e.cluster.binaries import go_build
from e2e.cluster.builders import Engine
from e2e.cluster.cache import digest, entry, root
from e2e.cluster.controlplane import AUDIT_POLICY
from e2e.cluster.steps import run, step

MODULE = Path(__file__).with_name("kind")
CLUSTER = "qee"
PULL_REMEDY = (
    "If this machine cannot pull images, set QEE_CLUSTER=node for a node made of local binaries (root needed)."
)

AUDIT_PATCH = """\
kind: ClusterConfiguration
apiServer:
  extraArgs:
    audit-log-path: /var/log/kubernetes/audit.log
    audit-log-maxsize: "1000"
    audit-policy-file: /etc/kubernetes/policies/audit.json
  extraVolumes:
  - name: audit-policies
    hostPath: /etc/kubernetes/policies
    mountPath: /etc/kubernetes/policies
    readOnly: true
    pathType: DirectoryOrCreate
  - name: audit-logs
    hostPath: /var/log/kubernetes
    mountPath: /var/log/kubernetes
    readOnly: false
    pathType: DirectoryOrCreate
"""


class Kind:
    """engine: `docker` or `podman`."""

    name = "kind"

    def __init__(self, engine: str) -> None:
        self._engine = Engine(engine)
        self._state = root() / "kind-cluster"

    @property
    def kubeconfig(self) -> Path:
        return self._state / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        return self._state / "log/audit.log"

    @cached_property
    def _kind(self) -> Path:
        made = entry("kind", digest(MODULE), lambda place: go_build(MODULE, place, [], ["tool"], "kind", gigabytes=1))
        return made / "kind"

    def _run(self, *words: str, remedy: str = "") -> str:
        env = {**os.environ, "KIND_EXPERIMENTAL_PROVIDER": self._engine.name, "KUBECONFIG": str(self.kubeconfig)}
        return run([self._kind, *words], why=f"kind {' '.join(words[:2])}", env=env, remedy=remedy)

    def _exists(self) -> bool:
        return CLUSTER in self._run("get", "clusters").split()

    def prepare(self) -> None:
        """Builds kind itself, and Argo CD for its tests."""
        self._run("version")
        argocd.programs()

    def running(self) -> bool:
        names = run([self._engine.name, "ps", "--format", "{{.Names}}"], why="Looking for kind's node")
        return f"{CLUSTER}-control-plane" in names.split()

    def up(self) -> None:
        if self._exists():
            # After a reboot or `down` the node's container is there, stopped.
            run([self._engine.name, "start", f"{CLUSTER}-control-plane"], why="Starting kind's node")
            self._run("export", "kubeconfig", "--name", CLUSTER)
            return
        (self._state / "log").mkdir(parents=True, exist_ok=True)
        (self._state / "audit.json").write_text(json.dumps(AUDIT_POLICY))
        config = self._state / "kind.json"
        config.write_text(json.dumps(cluster_config(self._state), indent=1))
        with step("Creating the kind cluster"):
            create = ("create", "cluster", "--name", CLUSTER, "--config", str(config), "--wait", "120s")
            self._run(*create, remedy=PULL_REMEDY)

    def down(self) -> None:
        if self._exists():
            run([self._engine.name, "stop", f"{CLUSTER}-control-plane"], why="Stopping kind's node")

    def clean(self) -> None:
        self._run("delete", "cluster", "--name", CLUSTER)

    def status(self) -> str:
        return f"kind on {self._engine.name}: {'created' if self._exists() else 'not created'}"

    def images(self, targets: Sequence[str] = images.TARGETS) -> dict[str, str]:
        node = f"{CLUSTER}-control-plane"
        ask = [self._engine.name, "exec", node, "ctr", "-n", "k8s.io", "images", "ls", "-q"]
        loaded = run(ask, why="Listing the images of kind's node").split()
        with self._engine.sources() as sources, tempfile.TemporaryDirectory(prefix="qee-image-") as scratch:
            wanted = images.references("localhost/", sources, targets)
            for target, reference in wanted.items():
                if reference not in loaded:
                    self._engine.build(target, reference, sources)
                    with step(f"Loading {reference}"):
                        archive = Path(scratch, f"{target}.tar")
                        self._engine.save(reference, archive)
                        self._run("load", "image-archive", str(archive), "--name", CLUSTER)
        return wanted


def cluster_config(state: Path) -> dict[str, object]:
    """One node, an audit policy mounted into it, its audit log mounted out of it."""
    mounts = [
        {
            "hostPath": str(state / "audit.json"),
            "containerPath": "/etc/kubernetes/policies/audit.json",
            "readOnly": True,
        },
        {"hostPath": str(state / "log"), "containerPath": "/var/log/kubernetes"},
    ]
    node = {"role": "control-plane", "kubeadmConfigPatches": [AUDIT_PATCH], "extraMounts": mounts}
    return {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": [node]}
