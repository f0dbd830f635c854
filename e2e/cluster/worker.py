"""What makes a node of a control plane: scheduler, kubelet, kube-proxy, and when they are ready."""

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from e2e.cluster.containerd import POD_RANGE
from e2e.cluster.controlplane import API_CLUSTER_IP, ControlPlane
from e2e.cluster.files import settle
from e2e.cluster.processes import Daemon

NAME = "qee"
CLIENTS = {
    "controllers": "/CN=system:kube-controller-manager",
    "scheduler": "/CN=system:kube-scheduler",
    "kubelet": f"/O=system:nodes/CN=system:node:{NAME}",
    "proxy": "/CN=system:kube-proxy",
}


@dataclass(frozen=True)
class Worker:
    """plane: its control plane, whose addresses it shares; runtime: containerd's socket; cgroup: parent of all pods."""

    plane: ControlPlane
    runtime: Path
    cgroup: str

    def prepare(self) -> None:
        """Writes the configurations."""
        for name, value in (("kubelet", self._kubelet_config()), ("proxy", self._proxy_config())):
            settle(self.plane.state / f"{name}.json", json.dumps(value, indent=1))
        # Pods that ask the machine's resolver get a quick refusal: they reach nothing outside the machine anyway.
        settle(self.plane.state / "resolv.conf", "# no name servers\n")

    def scheduler(self) -> Daemon:
        kubeconfig = f"--kubeconfig={self.plane.state / 'scheduler.kubeconfig'}"
        address = f"--bind-address={self.plane.etcd_address}"
        return self._daemon("kube-scheduler", "scheduler.kubeconfig", kubeconfig, address, "--leader-elect=false")

    def kubelet(self) -> Daemon:
        return self._daemon(
            "kubelet",
            "kubelet.json",
            f"--kubeconfig={self.plane.state / 'kubelet.kubeconfig'}",
            f"--config={self.plane.state / 'kubelet.json'}",
            f"--root-dir={self.plane.state / 'kubelet'}",
            f"--hostname-override={NAME}",
            f"--node-ip={self.plane.address}",
        )

    def proxy(self) -> Daemon:
        return self._daemon("kube-proxy", "proxy.json", f"--config={self.plane.state / 'proxy.json'}")

    def _daemon(self, name: str, config: str, *flags: str) -> Daemon:
        kubeconfig = f"{name.removeprefix('kube-')}.kubeconfig"
        reads = (self.plane.state / config, self.plane.state / kubeconfig)
        return Daemon(name, [str(self.plane.binaries / name), *flags], self.plane.run, reads=reads)

    def _kubelet_config(self) -> dict[str, object]:
        """Where a setting departs from the default, the reason is a machine without systemd or a test's need."""
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": self.plane.address,
            "healthzBindAddress": self.plane.etcd_address,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(self.plane.pki / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "containerRuntimeEndpoint": f"unix://{self.runtime}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self.cgroup}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "localStorageCapacityIsolation": False,
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "imageGCHighThresholdPercent": 100,  # an image that is collected cannot be pulled again
            "makeIPTablesUtilChains": False,
            # Not /var/log/pods: a second kubelet of this machine would clear away what it does not know.
            "podLogsDir": str(self.plane.state / "pod-logs"),
            "maxPods": 250,
            # No clusterDNS: pods with dnsPolicy ClusterFirst get a MissingClusterDNS warning; `Default` avoids it.
            "resolvConf": str(self.plane.state / "resolv.conf"),
        }

    def _proxy_config(self) -> dict[str, object]:
        return {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "mode": "nftables",
            "clusterCIDR": POD_RANGE,
            "clientConnection": {"kubeconfig": str(self.plane.state / "proxy.kubeconfig")},
            "hostnameOverride": NAME,
            "healthzBindAddress": f"{self.plane.etcd_address}:10256",
            "metricsBindAddress": f"{self.plane.etcd_address}:10249",
            "nodePortAddresses": [f"{self.plane.address}/32"],
            "conntrack": {"maxPerCore": 0},
        }

    def milestones(self) -> list[tuple[str, Callable[[], bool]]]:
        """What has to come true, in this order, until pods can be created: what it is, and a look whether it has."""
        return [
            ("the node to be Ready", self._node_is_ready),
            ("the default service account", self._accounts_exist),
            (f"the API server at its ClusterIP {API_CLUSTER_IP}", self._services_answer),
        ]

    def _node_is_ready(self) -> bool:
        node = self.plane.get(f"/api/v1/nodes/{NAME}") or {}
        conditions = {each["type"]: each["status"] for each in node.get("status", {}).get("conditions", [])}
        if conditions.get("Ready") != "True" or node["spec"].get("taints"):
            return False
        # After a restart the API server still shows what the kubelet said before: its lease says whether it is back.
        lease = self.plane.get(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{NAME}") or {}
        renewed = datetime.fromisoformat(lease.get("spec", {}).get("renewTime", "1970-01-01T00:00:00Z"))
        return renewed.timestamp() >= (self.plane.run / "kubelet.json").stat().st_mtime

    def _accounts_exist(self) -> bool:
        return self.plane.get("/api/v1/namespaces/default/serviceaccounts/default") is not None

    def _services_answer(self) -> bool:
        try:
            socket.create_connection((API_CLUSTER_IP, 443), timeout=0.5).close()
        except OSError:
            return False
        return True
