"""A single Kubernetes node on this machine, of real binaries, as root; its state is one directory."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from e2e.cluster import argocd, debian, images, leftovers
from e2e.cluster.binaries import kubernetes
from e2e.cluster.buildah import Buildah
from e2e.cluster.cache import lock, need_space
from e2e.cluster.containerd import Containerd
from e2e.cluster.controlplane import SERVICE_RANGE, ControlPlane
from e2e.cluster.processes import boot_id, live_pid, stop, wait
from e2e.cluster.steps import ClusterError, say, step
from e2e.cluster.worker import CLIENTS, Worker

ADDRESS = "10.200.0.1"
# All of 127/8 is loopback: etcd and the controllers listen where nobody else does, out of the pods' reach.
LOOPBACK = "127.200.0.1"
# The order in which they stop: nothing restarts what was ended before it.
FIRST_TO_STOP = ("kubelet", "kube-proxy")
THEN = ("kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd", "containerd")
UP_SECONDS = 240.0
LONGEST_SOCKET_PATH = 107
GENERATIONS = 4


def state_directory() -> Path:
    """`$QEE_STATE`, or /var/lib/qee-node. Its last part also names the cgroup of the pods."""
    path = Path(os.environ.get("QEE_STATE") or "/var/lib/qee-node").resolve()
    if len(str(path / "containerd.sock.ttrpc")) > LONGEST_SOCKET_PATH:
        raise ClusterError(f"QEE_STATE is too long for Unix sockets: {path}. Choose a path under 80 characters.")
    return path


class Node:
    """up, down and clean may be called at any time, also after a run that was killed; each finishes what it finds."""

    name = "node"

    def __init__(self) -> None:
        self.state = state_directory()
        self._run = self.state / "run"
        self._cgroup = self.state.name
        self._lock = self.state.with_name(f".{self.state.name}.lock")

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        return self._run / "audit.log"

    def prepare(self) -> None:
        """Installs the packages, builds Argo CD for its tests, and the images; without root it says that it cannot."""
        try:
            debian.need_root("A Kubernetes node on this machine")
        except debian.NeedsRoot as reason:
            say(str(reason))
            return
        debian.need(debian.NODE, debian.IMAGES, argocd.PACKAGES)
        argocd.programs()
        tool = Buildah()
        with tool.sources() as sources:
            wanted = images.references("localhost/", sources)
            with tool.only(list(wanted.values())):
                for target, reference in wanted.items():
                    tool.build(target, reference, sources)

    def running(self) -> bool:
        return all(live_pid(self._run, name) for name in (*FIRST_TO_STOP, *THEN))

    def up(self) -> None:
        """Starts what does not run, restarts what is out of date. On return pods can run and Services be reached."""
        debian.need_root("A Kubernetes node on this machine")
        with lock(self._lock, "the node"):
            debian.need(debian.NODE)
            binaries = kubernetes()
            self._forget_an_earlier_boot()
            with nullcontext() if self.running() else step("Starting the Kubernetes node"):
                self._start(binaries)

    def _forget_an_earlier_boot(self) -> None:
        """After a reboot nothing of the node runs, and etcd, which did not fsync, may be torn: start empty."""
        mark = self.state / "boot"
        if mark.exists() and mark.read_text() != boot_id():
            say("The node is of an earlier boot of this machine: it starts empty.")
            self._clean()
        self._run.mkdir(parents=True, exist_ok=True)
        mark.write_text(boot_id())

    def _start(self, binaries: Path) -> None:
        need_space(self.state, 5, "The node")
        plane = ControlPlane(binaries, self.state, ADDRESS, 6443, LOOPBACK, 2379, 2380, advertise=True)
        containerd = Containerd(self.state, binaries)
        worker = Worker(plane, containerd.socket, self._cgroup)
        leftovers.add_link(ADDRESS, SERVICE_RANGE)
        leftovers.make_cgroups(self._cgroup)
        leftovers.forward_packets(self._run / "ip_forward")
        plane.prepare(CLIENTS)
        containerd.prepare()
        worker.prepare()
        base = [containerd.daemon(), plane.etcd(), plane.apiserver()]
        for daemon in base:
            daemon.ensure()
        wait("containerd", containerd.answers, base[:1], UP_SECONDS)
        containerd.load_pause()
        wait("the API server", plane.ready, base, UP_SECONDS)
        if not worker.proxy().current():
            # Chains of its predecessor are emptied by a new one, and those of endpoints are not filled again.
            stop(self._run, "kube-proxy")
            leftovers.remove_service_rules()
        rest = [plane.controller_manager(), worker.scheduler(), worker.kubelet(), worker.proxy()]
        for daemon in rest:
            daemon.ensure()
        for what, ready in worker.milestones():
            wait(what, ready, [*base, *rest], UP_SECONDS)

    def status(self) -> str:
        """One line for each process and one for each image of this project."""
        lines = [f"node in {self.state}"]
        for name in reversed((*FIRST_TO_STOP, *THEN)):
            pid = live_pid(self._run, name)
            lines.append(f"{name:24} {f'running, pid {pid}' if pid else 'not running'}")
        if live_pid(self._run, "containerd"):
            known = Containerd(self.state, kubernetes()).images()
            lines += [f"image {name}" for name in known if not name.startswith("sha256:")]
        return "\n".join(lines)

    def images(self, targets: Sequence[str] = images.TARGETS) -> dict[str, str]:
        """Builds what changed with buildah, loads it into containerd, and drops what is long out of date."""
        containerd, tool = Containerd(self.state, kubernetes()), Buildah()
        with tool.sources() as sources, lock(self._lock, "the node"):
            wanted = images.references("localhost/", sources)
            containerd.keep(images.recent(self.state / "images.json", list(wanted.values()), GENERATIONS))
            loaded = containerd.images()
            with tool.only(list(wanted.values())):
                chosen = {target: wanted[target] for target in targets}
                for target, reference in chosen.items():
                    if reference not in loaded:
                        tool.build(target, reference, sources)
                        with step(f"Loading {reference}"):
                            self._load(containerd, tool, reference)
        return chosen

    def _load(self, containerd: Containerd, tool: Buildah, reference: str) -> None:
        with tempfile.TemporaryDirectory(prefix="image-", dir=self.state) as scratch:
            archive = Path(scratch, "image.tar")
            try:
                tool.archive(reference, containerd.blobs(), archive)
                containerd.load(archive)
            except ClusterError:  # a layer was collected between the look and the import
                tool.archive(reference, (), archive)
                containerd.load(archive)

    def down(self) -> None:
        """Stops everything and takes it off the machine; images and the cluster's objects are kept for the next up."""
        if not self.state.exists():
            return
        debian.need_root("Stopping the node")
        with lock(self._lock, "the node"), step("Stopping the Kubernetes node"):
            self._down()

    def _down(self) -> None:
        had_proxy = (self._run / "kube-proxy.json").exists()
        for name in FIRST_TO_STOP:
            stop(self._run, name)
        leftovers.end_pods(self._cgroup)
        for name in THEN:
            stop(self._run, name)
        leftovers.end_shims(self.state / "containerd.sock")
        leftovers.end_pods(self._cgroup)
        leftovers.unmount_below(self.state)
        leftovers.remove_cgroups(self._cgroup)
        leftovers.remove_link()
        leftovers.restore_forwarding(self._run / "ip_forward")
        if had_proxy:
            leftovers.remove_service_rules()

    def clean(self) -> None:
        """down, and nothing of the node is kept, images included."""
        if not self.state.exists():
            return
        debian.need_root("Removing the node")
        with lock(self._lock, "the node"), step("Removing the Kubernetes node"):
            self._clean()

    def _clean(self) -> None:
        self._down()
        if still := leftovers.mounts_below(self.state):
            raise ClusterError(f"Still mounted, so nothing is removed: {', '.join(map(str, still))}. Unmount them.")
        shutil.rmtree(self.state)
