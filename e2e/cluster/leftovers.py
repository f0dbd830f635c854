"""Takes away what a node leaves on the machine, also one that was killed half-way.

Everything of ours is known by its place: processes of pods by our cgroup, shims by our socket in their command line,
mounts by our directory, the link by its name, Service rules by kube-proxy's table.
"""

import hashlib
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from e2e.cluster.steps import ClusterError

LINK = "qee0"
IP_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
SHIM_SOCKETS = Path("/run/containerd/s")


def cgroup_roots() -> list[Path]:
    """The top of every cgroup hierarchy: one on version 2, one per controller on version 1."""
    tops = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place, kind = line.split()[4], line.partition(" - ")[2].split()[0]
        if kind in {"cgroup", "cgroup2"}:
            tops.append(Path(place))
    return tops


def make_cgroups(name: str) -> None:
    """A cgroup `name` in every hierarchy; the kubelet puts all pods below it and insists that it exists."""
    for top in cgroup_roots():
        ours = top / name
        ours.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):  # empty at first on version 1, and then nothing may enter
            here = ours / setting
            if here.exists() and (top / setting).exists() and not here.read_text().strip():
                here.write_text((top / setting).read_text())


def end_pods(name: str, patience: float = 10.0) -> None:
    """Kills every process in the cgroup `name` and below: those of all pods."""
    deadline = time.monotonic() + patience
    while pids := set(_pod_pids(name)):
        for pid in pids:
            _kill(pid)
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)


def _pod_pids(name: str) -> Iterator[int]:
    for top in cgroup_roots():
        for folder, _, _ in os.walk(top / name):  # unlike rglob it passes over what goes away meanwhile
            try:
                yield from map(int, Path(folder, "cgroup.procs").read_text().split())
            except OSError:  # the cgroup went away, or is threaded
                continue


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def end_shims(socket: Path) -> None:
    """Kills the shims of the containerd at `socket`: they outlive it by design."""
    for pid, words in _processes():
        if words and "containerd-shim" in words[0] and str(socket) in words:
            _kill(pid)
            where = dict(itertools.pairwise(words))
            parts = f"{socket}/{where.get('-namespace')}/{where.get('-id')}"
            (SHIM_SOCKETS / hashlib.sha256(parts.encode()).hexdigest()).unlink(missing_ok=True)


def _processes() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                yield int(entry.name), entry.joinpath("cmdline").read_text(errors="replace").split("\0")
            except OSError:
                continue


def mounts_below(directory: Path) -> list[Path]:
    """Mount points under `directory`, the deepest first."""
    places = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place = line.split()[4].encode().decode("unicode_escape")  # proc(5): blanks are written \\040
        if Path(place).is_relative_to(directory):
            places.append(Path(place))
    return sorted(set(places), key=lambda place: len(place.parts), reverse=True)


def unmount_below(directory: Path) -> None:
    for _ in range(5):  # mounts can lie on top of each other
        for place in mounts_below(directory):
            _try("umount", "--lazy", str(place))


def remove_cgroups(name: str) -> None:
    for top in cgroup_roots():
        for folder, _, _ in os.walk(top / name, topdown=False):
            _rmdir(Path(folder))


def _rmdir(directory: Path) -> None:
    try:
        directory.rmdir()
    except OSError:
        return


def add_link(address: str, services: str) -> None:
    """A bridge without ports carries the node's address: kernels of CI sandboxes have no dummy links.

    The range of Services is routed there: where the machine has no default route, nothing would match kube-proxy's
    rules, and where it has one, what no Service takes does not go out.
    """
    if _try("ip", "link", "show", LINK) != 0:
        _try("ip", "link", "add", LINK, "type", "bridge")
    _try("ip", "address", "replace", f"{address}/32", "dev", LINK)
    _try("ip", "link", "set", LINK, "up")
    if _try("ip", "route", "replace", services, "dev", LINK, "src", address) != 0:
        raise ClusterError(f"The link {LINK} with the address {address} cannot be made. Has root CAP_NET_ADMIN here?")


def remove_link() -> None:
    _try("ip", "link", "delete", LINK)


def forward_packets(record: Path) -> None:
    """Lets the node route between pods, Services and itself; what was set before is kept in `record`."""
    if not record.exists():
        record.write_text(IP_FORWARD.read_text())
    IP_FORWARD.write_text("1")


def restore_forwarding(record: Path) -> None:
    if record.exists():
        IP_FORWARD.write_text(record.read_text())
        record.unlink()


def remove_service_rules() -> None:
    for family in ("ip", "ip6"):
        _try("nft", "delete", "table", family, "kube-proxy")


def _try(*words: str) -> int:
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode
