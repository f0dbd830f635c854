"""etcd, kube-apiserver and kube-controller-manager, the same for the node and for the tests' bare API server."""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.cluster import pki
from e2e.cluster.files import settle
from e2e.cluster.processes import Daemon

SERVICE_RANGE = "10.96.0.0/16"
API_CLUSTER_IP = "10.96.0.1"

# Object writes only: the project's figures about writes are counted from this log.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        # With their bodies, for when a container's end and a job's end were written (see e2e/bench).
        {
            "level": "Request",
            "verbs": ["patch"],
            "resources": [
                {"group": "", "resources": ["pods/status"]},
                {"group": "qee.dev", "resources": ["quantumjobs/status"]},
            ],
        },
        # Its reads as well: the chart grants what it uses, and nothing else (see e2e/rbac.py).
        {"level": "Metadata", "users": ["system:serviceaccount:qee-system:qee-operator"]},
        {"level": "Metadata", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
        {"level": "None"},
    ],
}


@dataclass(frozen=True)
class ControlPlane:
    """Where a control plane lives.

    binaries:      directory of kube-apiserver, etcd and the rest
    state:         directory for keys, data, records and logs; one control plane each
    address, port: what the API server binds to and clients use; never a wildcard
    etcd_address:  etcd's own address (loopback); both its ports speak TLS and want a client certificate
    advertise:     the API server publishes `address` as the endpoints of the `kubernetes` Service
    tied:          the processes end with the one that starts them
    """

    binaries: Path
    state: Path
    address: str
    port: int
    etcd_address: str
    etcd_port: int
    etcd_peer_port: int
    advertise: bool
    tied: bool = False

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def run(self) -> Path:
        return self.state / "run"

    @property
    def url(self) -> str:
        return f"https://{self.address}:{self.port}"

    @property
    def audit_log(self) -> Path:
        return self.run / "audit.log"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    def prepare(self, clients: dict[str, str]) -> None:
        """Writes keys, the admin's `kubeconfig`, a NAME.kubeconfig for each of `clients`, and the audit policy."""
        self.run.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)
        addresses = sorted({self.address, self.etcd_address, "127.0.0.1", API_CLUSTER_IP})
        pki.create(self.pki, addresses, {"admin": "/O=system:masters/CN=admin", **clients})
        settle(self.kubeconfig, pki.kubeconfig(self.pki, "admin", self.url))
        for name in clients:
            settle(self.state / f"{name}.kubeconfig", pki.kubeconfig(self.pki, name, self.url))
        settle(self.state / "audit.json", json.dumps(AUDIT_POLICY))

    def _daemon(self, name: str, program: str, *flags: str, reads: tuple[Path, ...] = ()) -> Daemon:
        return Daemon(name, [str(self.binaries / program), *flags], self.run, reads=reads, tied=self.tied)

    def etcd(self) -> Daemon:
        """Without fsync: a test cluster survives the death of its processes, not of the machine."""
        client = f"https://{self.etcd_address}:{self.etcd_port}"
        peer = f"https://{self.etcd_address}:{self.etcd_peer_port}"
        tls = [f"--{of}{flag}" for of in ("", "peer-") for flag in self._etcd_tls()]
        return self._daemon(
            "etcd",
            "etcd",
            f"--data-dir={self.state / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            *tls,
            "--unsafe-no-fsync",
            "--log-level=warn",
        )

    def _etcd_tls(self) -> list[str]:
        server = [f"cert-file={self.pki / 'server.crt'}", f"key-file={self.pki / 'server.key'}"]
        return [*server, f"trusted-ca-file={self.pki / 'ca.crt'}", "client-cert-auth"]

    def apiserver(self) -> Daemon:
        key, policy = self.pki, self.state / "audit.json"
        publish = "lease" if self.advertise else "none"
        return self._daemon(
            "kube-apiserver",
            "kube-apiserver",
            f"--bind-address={self.address}",
            f"--advertise-address={self.address}",
            f"--secure-port={self.port}",
            f"--endpoint-reconciler-type={publish}",
            f"--etcd-servers=https://{self.etcd_address}:{self.etcd_port}",
            f"--etcd-cafile={key / 'ca.crt'}",
            f"--etcd-certfile={key / 'server.crt'}",
            f"--etcd-keyfile={key / 'server.key'}",
            f"--tls-cert-file={key / 'server.crt'}",
            f"--tls-private-key-file={key / 'server.key'}",
            f"--client-ca-file={key / 'ca.crt'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key / 'sa.pub'}",
            f"--service-account-signing-key-file={key / 'sa.key'}",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            f"--kubelet-client-certificate={key / 'admin.crt'}",
            f"--kubelet-client-key={key / 'admin.key'}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit_log}",
            "--audit-log-maxsize=1000",
            "--profiling=false",
            reads=(policy, key / "server.crt"),
        )

    def controller_manager(self, *flags: str) -> Daemon:
        """Client rates stay at the defaults (20 a second, bursts of 30), as kubeadm and kind leave them."""
        return self._daemon(
            "kube-controller-manager",
            "kube-controller-manager",
            f"--bind-address={self.etcd_address}",
            f"--kubeconfig={self.state / 'controllers.kubeconfig'}",
            f"--service-account-private-key-file={self.pki / 'sa.key'}",
            f"--root-ca-file={self.pki / 'ca.crt'}",
            "--use-service-account-credentials",
            "--leader-elect=false",
            "--profiling=false",
            *flags,
            reads=(self.state / "controllers.kubeconfig",),
        )

    def get(self, path: str) -> Any:
        """GET `path` as the admin: JSON, or text where it is not JSON, or None for no answer or no object."""
        context = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
        context.load_cert_chain(self.pki / "admin.crt", self.pki / "admin.key")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(self.url + path, timeout=2) as answer:
                body = answer.read().decode()
        except OSError:  # also urllib's own errors and timeouts
            return None
        try:
            return json.loads(body)
        except ValueError:
            return body

    def ready(self) -> bool:
        return bool(self.get("/readyz") == "ok")
