"""A single Kubernetes node on this machine, of real binaries, as root; its state is one directory."""

import json
import os
import shutil
import socket
import tempfile
from datetime import datetime
from pathlib import Path

from e2e.cluster import debian, images, leftovers
from e2e.cluster.binaries import kubernetes
from e2e.cluster.buildah import Buildah
from e2e.cluster.cache import lock, need_space
from e2e.cluster.containerd import POD_RANGE, Containerd
from e2e.cluster.controlplane import API_CLUSTER_IP, ControlPlane
from e2e.cluster.processes import Daemon, boot_id, live_pid, stop, wait
from e2e.cluster.steps import ClusterError, say, step

NAME = "qee"
ADDRESS = "10.200.0.1"
# All of 127/8 is loopback: etcd and the controllers listen where nobody else does, out of the pods' reach.
LOOPBACK = "127.200.0.1"
CLIENTS = {
    "controllers": "/CN=system:kube-controller-manager",
    "scheduler": "/CN=system:kube-scheduler",
    "kubelet": f"/O=system:nodes/CN=system:node:{NAME}",
    "proxy": "/CN=system:kube-proxy",
}
# The order in which they stop: nothing restarts what was ended before it.
DAEMONS = ("kubelet", "kube-proxy", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd")
UP_SECONDS = 120.0
LONGEST_SOCKET_PATH = 107
GENERATIONS = 3


def state_directory() -> Path:
    """`$QEE_STATE`, or /var/lib/qee-node."""
    path = Path(os.environ.get("QEE_STATE") or "/var/lib/qee-node").resolve()
    if len(str(path / "containerd.sock.ttrpc")) > LONGEST_SOCKET_PATH:
        raise ClusterError(f"QEE_STATE is too long for Unix sockets: {path}. Choose a path under 80 characters.")
    return path


class Node:
    """up, down and clean may be called at any time, also after a run that was killed; each finishes what it finds."""

    name = "node"

    def __init__(self) -> None:
        self.state = state_directory()
        self._lock = self.state.with_name(f".{self.state.name}.lock")

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        return self.state / "run/audit.log"

    def running(self) -> bool:
        return all(live_pid(self.state / "run", name) for name in (*DAEMONS, "containerd"))

    def up(self) -> None:
        """Starts what does not run. Returns when pods can be created and Services are reachable."""
        debian.need_root("A Kubernetes node on this machine")
        with lock(self._lock, "the node"):
            need_space(self.state, 5, "The node")
            debian.need(debian.NODE)
            binaries = kubernetes()
            self._forget_an_earlier_boot()
            plane, containerd = self._plane(binaries), Containerd(self.state, binaries)
            if self._is_up(plane):
                return
            with step("Starting the Kubernetes node"):
                self._start(plane, containerd)

    def _plane(self, binaries: Path) -> ControlPlane:
        return ControlPlane(binaries, self.state, ADDRESS, 6443, LOOPBACK, 2379, 2380, advertise=True)

    def _is_up(self, plane: ControlPlane) -> bool:
        return self.running() and plane.binaries == self._made_from() and _ready(plane)

    def _made_from(self) -> Path | None:
        try:
            return Path((self.state / "binaries").read_text())
        except FileNotFoundError:
            return None

    def _forget_an_earlier_boot(self) -> None:
        """After a reboot nothing of the node runs, and etcd, which did not fsync, may be torn: start empty."""
        mark = self.state / "boot"
        if mark.exists() and mark.read_text() != boot_id():
            say("The node is of an earlier boot of this machine: it starts empty.")
            self._clean()
        self.state.mkdir(parents=True, exist_ok=True)
        mark.write_text(boot_id())

    def _start(self, plane: ControlPlane, containerd: Containerd) -> None:
        (self.state / "run").mkdir(exist_ok=True)
        leftovers.add_link(ADDRESS)
        leftovers.make_cgroups()
        _let_packets_through()
        plane.prepare(CLIENTS)
        containerd.prepare()
        self._write_configs(containerd.socket)
        base = [containerd.daemon(), plane.etcd(), plane.apiserver()]
        for daemon in base:
            daemon.ensure()
        wait("containerd", containerd.answers, base[:1], UP_SECONDS)
        containerd.load_pause()
        wait("the API server", plane.ready, base, UP_SECONDS)
        rest = [plane.controller_manager(), self._scheduler(plane), self._kubelet(plane), self._proxy(plane)]
        for daemon in rest:
            daemon.ensure()
        wait("the node to be Ready", lambda: _ready(plane), [*base, *rest], UP_SECONDS)
        (self.state / "binaries").write_text(str(plane.binaries))

    def _write_configs(self, runtime: Path) -> None:
        for name, value in (("kubelet", kubelet_config(self.state, runtime)), ("proxy", proxy_config(self.state))):
            (self.state / f"{name}.json").write_text(json.dumps(value, indent=1))
        # Pods that ask the machine's resolver get a quick refusal: they reach nothing outside the machine anyway.
        (self.state / "resolv.conf").write_text("# no name servers\n")

    def _daemon(self, plane: ControlPlane, name: str, config: str, *flags: str) -> Daemon:
        reads = (self.state / config, self.state / f"{name.removeprefix('kube-')}.kubeconfig")
        return Daemon(name, [str(plane.binaries / name), *flags], self.state / "run", reads=reads)

    def _scheduler(self, plane: ControlPlane) -> Daemon:
        kubeconfig = f"--kubeconfig={self.state / 'scheduler.kubeconfig'}"
        flags = (kubeconfig, f"--bind-address={LOOPBACK}", "--leader-elect=false")
        return self._daemon(plane, "kube-scheduler", "scheduler.kubeconfig", *flags)

    def _kubelet(self, plane: ControlPlane) -> Daemon:
        return self._daemon(
            plane,
            "kubelet",
            "kubelet.json",
            f"--kubeconfig={self.state / 'kubelet.kubeconfig'}",
            f"--config={self.state / 'kubelet.json'}",
            f"--root-dir={self.state / 'kubelet'}",
            f"--hostname-override={NAME}",
            f"--node-ip={ADDRESS}",
        )

    def _proxy(self, plane: ControlPlane) -> Daemon:
        return self._daemon(plane, "kube-proxy", "proxy.json", f"--config={self.state / 'proxy.json'}")

    def status(self) -> str:
        """One line for each process and one for each image of this project."""
        lines = [f"node in {self.state}"]
        for name in ("containerd", *reversed(DAEMONS)):
            pid = live_pid(self.state / "run", name)
            lines.append(f"{name:24} {f'running, pid {pid}' if pid else 'not running'}")
        if live_pid(self.state / "run", "containerd"):
            known = Containerd(self.state, self._made_from() or self.state).images()
            lines += [f"image {name}" for name in known if not name.startswith("sha256:")]
        return "\n".join(lines)

    def images(self) -> dict[str, str]:
        """Builds what changed with buildah, loads it into containerd, and drops what it replaces."""
        containerd, tool = Containerd(self.state, kubernetes()), Buildah()
        with images.context() as sources, lock(self._lock, "the node"):
            wanted = images.references("localhost/", sources)
            loaded = containerd.images()
            for target, reference in wanted.items():
                if reference not in loaded:
                    tool.build(target, reference, sources)
                    with step(f"Loading {reference}"):
                        self._load(containerd, tool, reference)
            kept = self._generations(list(wanted.values()))
            containerd.keep(kept)
            tool.keep(kept)
        return wanted

    def _load(self, containerd: Containerd, tool: Buildah, reference: str) -> None:
        with tempfile.TemporaryDirectory(prefix="image-", dir=self.state) as scratch:
            archive = Path(scratch, "image.tar")
            try:
                tool.archive(reference, containerd.blobs(), archive)
                containerd.load(archive)
            except ClusterError:  # a layer was collected between the look and the import
                tool.archive(reference, (), archive)
                containerd.load(archive)

    def _generations(self, newest: list[str]) -> set[str]:
        """References of the last few sets of images: what was installed a moment ago must still be able to restart."""
        path = self.state / "images.json"
        past: list[list[str]] = json.loads(path.read_text()) if path.exists() else []
        sets = [newest, *(each for each in past if each != newest)][:GENERATIONS]
        path.write_text(json.dumps(sets))
        return {reference for each in sets for reference in each}

    def down(self) -> None:
        """Stops everything and takes it off the machine; images and the cluster's objects are kept for the next up."""
        if not self.state.exists():
            return
        debian.need_root("Stopping the node")
        with lock(self._lock, "the node"), step("Stopping the Kubernetes node"):
            self._down()

    def _down(self) -> None:
        run_directory = self.state / "run"
        had_proxy = (run_directory / "kube-proxy.json").exists()
        for name in DAEMONS[:2]:
            stop(run_directory, name)
        leftovers.end_pods()
        for name in (*DAEMONS[2:], "containerd"):
            stop(run_directory, name)
        leftovers.end_shims(self.state / "containerd.sock")
        leftovers.end_pods()
        leftovers.unmount_below(self.state)
        leftovers.remove_cgroups()
        leftovers.remove_link()
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


def kubelet_config(state: Path, runtime: Path) -> dict[str, object]:
    """Where each setting departs from the default, the reason is a machine without systemd or a test's need."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": ADDRESS,
        "healthzBindAddress": LOOPBACK,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(state / "pki/ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{runtime}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{leftovers.CGROUP}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "localStorageCapacityIsolation": False,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,  # images come from here alone: one that is collected cannot be pulled again
        "makeIPTablesUtilChains": False,
        "maxPods": 250,
        # No clusterDNS: pods with dnsPolicy ClusterFirst get a MissingClusterDNS warning; `Default` avoids it.
        "resolvConf": str(state / "resolv.conf"),
    }


def proxy_config(state: Path) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": POD_RANGE,
        "clientConnection": {"kubeconfig": str(state / "proxy.kubeconfig")},
        "hostnameOverride": NAME,
        "healthzBindAddress": f"{LOOPBACK}:10256",
        "metricsBindAddress": f"{LOOPBACK}:10249",
        "nodePortAddresses": [f"{ADDRESS}/32"],
        "conntrack": {"maxPerCore": 0},
    }


def _let_packets_through() -> None:
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _ready(plane: ControlPlane) -> bool:
    """The node says Ready, pods can get a service account, and the API server answers at its ClusterIP."""
    node = plane.get(f"/api/v1/nodes/{NAME}") or {}
    conditions = {each["type"]: each["status"] for each in node.get("status", {}).get("conditions", [])}
    if conditions.get("Ready") != "True" or node["spec"].get("taints"):
        return False
    # After a restart the API server still shows what the kubelet said before: its lease says whether it is back.
    lease = plane.get(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{NAME}") or {}
    renewed = datetime.fromisoformat(lease.get("spec", {}).get("renewTime", "1970-01-01T00:00:00Z"))
    if renewed.timestamp() < (plane.run / "kubelet.json").stat().st_mtime:
        return False
    if plane.get("/api/v1/namespaces/default/serviceaccounts/default") is None:
        return False
    try:
        socket.create_connection((API_CLUSTER_IP, 443), timeout=0.5).close()
    except OSError:
        return False
    return True
