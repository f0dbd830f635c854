"""A real kube-apiserver with its etcd on loopback, for tests that need no node."""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from e2e.cluster.binaries import kubernetes
from e2e.cluster.cache import root
from e2e.cluster.clients import kubectl
from e2e.cluster.controlplane import ControlPlane
from e2e.cluster.processes import Daemon, start_time, stop, wait

LOOPBACK = "127.0.0.1"
START_SECONDS = 180.0


def free_ports(number: int) -> list[int]:
    """Different TCP ports that nothing listens on at this moment."""
    held = [socket.create_server((LOOPBACK, 0)) for _ in range(number)]
    try:
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


def own_directory(kind: str) -> Path:
    """A new directory of the cache's `kind`, named after this process; those of killed ones are removed on the way."""
    home = root() / kind
    home.mkdir(parents=True, exist_ok=True)
    for left in home.iterdir():
        pid, started, _ = left.name.split("-")
        if start_time(int(pid)) != started:
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-{start_time(os.getpid())}-", dir=home))


class ApiServer:
    """An API server of its own: empty, on free loopback ports, gone with the process that started it.

    Without controllers nothing happens to objects by itself: no pods for Jobs, no garbage collection, no service
    accounts, and a deleted namespace stays Terminating. `controllers=True` adds kube-controller-manager (there is
    still no node, so pods stay Pending).

    kubeconfig: an admin's; audit_log: one JSON event per object write, with the user agent, at level Metadata.
    """

    def __init__(self, *, controllers: bool = False) -> None:
        self._directory = own_directory("api")
        binaries = kubernetes()
        port, etcd_port, peer_port = free_ports(3)
        self._plane = ControlPlane(
            binaries, self._directory, LOOPBACK, port, LOOPBACK, etcd_port, peer_port, advertise=False, tied=True
        )
        self._controllers = controllers

    @property
    def kubeconfig(self) -> Path:
        return self._plane.kubeconfig

    @property
    def url(self) -> str:
        return self._plane.url

    @property
    def audit_log(self) -> Path:
        return self._plane.audit_log

    def start(self) -> "ApiServer":
        """Returns when the API server is ready (and, with controllers, namespaces get their service account)."""
        plane = self._plane
        plane.prepare({"controllers": "/CN=system:kube-controller-manager"})
        started = [plane.etcd(), plane.apiserver()]
        self._run(started, "the API server", plane.ready)
        if self._controllers:
            manager = plane.controller_manager(f"--secure-port={free_ports(1)[0]}")
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            self._run([*started, manager], "the controllers", lambda: plane.get(account) is not None)
        return self

    def _run(self, daemons: list[Daemon], what: str, ready: Callable[[], bool]) -> None:
        for daemon in daemons:
            daemon.ensure()
        wait(what, ready, daemons, START_SECONDS)

    def restart(self) -> None:
        """Stops and starts kube-apiserver: watches break, objects stay. Same URL and kubeconfig."""
        stop(self._plane.run, "kube-apiserver")
        self._run([self._plane.apiserver()], "the API server", self._plane.ready)

    def stop(self) -> None:
        """Ends the processes and removes their directory. May be called again."""
        for name in ("kube-controller-manager", "kube-apiserver", "etcd"):
            stop(self._plane.run, name, grace=0)
        shutil.rmtree(self._directory, ignore_errors=True)

    def install(self, crds: Path) -> None:
        """The definitions of this directory, until objects of them can be made."""
        self.kubectl("apply", "--server-side", f"--filename={crds}")
        self.kubectl("wait", "--for=condition=Established", f"--filename={crds}", "--timeout=30s")
        # Established, a definition may still be answered "storage is (re)initializing", which kubectl waits out.
        plurals = ",".join(path.stem.removeprefix("qee.dev_") for path in crds.glob("qee.dev_*.yaml"))
        self.kubectl("get", plurals, "--all-namespaces")

    def kubectl(self, *words: str, input: str | None = None) -> str:
        """kubectl's stdout, e.g. `kubectl("get", "pods", "-o", "json")`. Raises ClusterError with its stderr."""
        return kubectl(self.kubeconfig, *words, input=input)
