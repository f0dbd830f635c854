"""A containerd of our own: root, state and socket apart from any other on the machine."""

import json
from collections.abc import Iterable
from pathlib import Path

from e2e.cluster import pause
from e2e.cluster.files import settle
from e2e.cluster.processes import Daemon
from e2e.cluster.steps import ClusterError, run

NAMESPACE = "k8s.io"
CNI_PLUGINS = Path("/usr/lib/cni")
POD_RANGE = "10.244.0.0/24"


class Containerd:
    """state: the node's directory; binaries: where `pause` is."""

    def __init__(self, state: Path, binaries: Path) -> None:
        self.socket = state / "containerd.sock"
        self._state = state
        self._binaries = binaries

    def prepare(self) -> None:
        """Writes the configurations of containerd and of the pods' network."""
        (self._state / "cni").mkdir(parents=True, exist_ok=True)
        settle(self._state / "containerd.toml", _config(self._state, pause.reference(self._binaries / "pause")))
        settle(self._state / "cni/10-qee.conflist", json.dumps(_network(self._state), indent=1))

    def daemon(self) -> Daemon:
        config = self._state / "containerd.toml"
        return Daemon("containerd", ["containerd", "--config", str(config)], self._state / "run", reads=(config,))

    def answers(self) -> bool:
        return self.socket.exists() and bool(self._try("version"))

    def ctr(self, *words: str) -> str:
        """`ctr` in the kubelet's namespace. Raises ClusterError with what it said."""
        return run(
            ["ctr", "--address", self.socket, "--namespace", NAMESPACE, *words], why=f"ctr {' '.join(words[:2])}"
        )

    def images(self) -> list[str]:
        """The names of the images that pods can use."""
        return self.ctr("images", "ls", "--quiet").split()

    def blobs(self) -> list[str]:
        """Digests of all that is in the content store."""
        return self.ctr("content", "ls", "--quiet").split()

    def keep(self, references: Iterable[str]) -> None:
        """Drops the other images of this project; a running container keeps what it runs on."""
        kept = {*references, pause.reference(self._binaries / "pause")}
        old = [name for name in self.images() if name.startswith("localhost/qee-") and name not in kept]
        if old:
            self.ctr("images", "rm", *old)

    def load(self, archive: Path) -> None:
        """Imports an OCI archive and unpacks it, so that the first pod does not wait for that."""
        self.ctr("images", "import", "--snapshotter", "overlayfs", str(archive))

    def load_pause(self) -> None:
        binary = self._binaries / "pause"
        if pause.reference(binary) not in self.images():
            archive = self._state / "pause.tar"
            archive.write_bytes(pause.archive(binary))
            self.load(archive)

    def _try(self, *words: str) -> str:
        try:
            return self.ctr(*words)
        except ClusterError:
            return ""


def _config(state: Path, pause_image: str) -> str:
    """Version 2 of the format, which containerd 1.6 (Debian 12) to 2.x read.

    restrict_oom_score_adj: where root lacks CAP_SYS_RESOURCE, as in CI sandboxes, runc cannot lower the pause
    container's oom_score_adj and dies with "can't get final child's PID from pipe: EOF".
    netns_mounts_under_state_dir: so that one look at our own directory finds what a killed run left mounted.
    """
    return f"""\
version = 2
root = "{state}/containerd/root"
state = "{state}/containerd/run"
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
  address = "{state}/containerd.sock"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause_image}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_PLUGINS}"
    conf_dir = "{state}/cni"
"""


def _network(state: Path) -> dict[str, object]:
    """Each pod has a routed link to the node, so that even pod to ClusterIP to pod passes kube-proxy's rules.

    There is no masquerading: pods reach the node, each other and Services, and nothing outside the machine.
    NetworkPolicy is not enforced.
    """
    ranges = {"type": "host-local", "ranges": [[{"subnet": POD_RANGE}]], "dataDir": str(state / "cni/addresses")}
    link = {"type": "ptp", "ipMasq": False, "ipam": {**ranges, "routes": [{"dst": "0.0.0.0/0"}]}}
    return {"cniVersion": "1.0.0", "name": "qee", "plugins": [link]}
