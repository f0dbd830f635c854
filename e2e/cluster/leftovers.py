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

CGROUP = "qee-node"
LINK = "qee0"
SHIM_SOCKETS = Path("/run/containerd/s")


def cgroup_roots() -> list[Path]:
    """The top of every cgroup hierarchy: one on version 2, one per controller on version 1."""
    tops = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place, kind = line.split()[4], line.partition(" - ")[2].split()[0]
        if kind in {"cgroup", "cgroup2"}:
            tops.append(Path(place))
    return tops


def make_cgroups() -> None:
    """A cgroup of our own in every hierarchy; the kubelet puts all pods below it and insists that it exists."""
    for top in cgroup_roots():
        ours = top / CGROUP
        ours.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):  # empty at first on version 1, and then nothing may enter
            here = ours / name
            if here.exists() and (top / name).exists() and not here.read_text().strip():
                here.write_text((top / name).read_text())


def end_pods(patience: float = 10.0) -> None:
    """Kills every process of every pod."""
    deadline = time.monotonic() + patience
    while pids := set(_pod_pids()):
        for pid in pids:
            _kill(pid)
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)


def _pod_pids() -> Iterator[int]:
    for top in cgroup_roots():
        for processes in (top / CGROUP).rglob("cgroup.procs"):
            try:
                yield from map(int, processes.read_text().split())
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


def remove_cgroups() -> None:
    for top in cgroup_roots():
        for directory in sorted((top / CGROUP).rglob("*/"), key=lambda each: len(each.parts), reverse=True):
            _rmdir(directory)
        _rmdir(top / CGROUP)


def _rmdir(directory: Path) -> None:
    try:
        directory.rmdir()
    except OSError:
        return


def add_link(address: str) -> None:
    """A bridge without ports carries the node's address: kernels of CI sandboxes have no dummy links."""
    if _try("ip", "link", "show", LINK) != 0:
        _try("ip", "link", "add", LINK, "type", "bridge")
    _try("ip", "address", "replace", f"{address}/32", "dev", LINK)
    _try("ip", "link", "set", LINK, "up")


def remove_link() -> None:
    _try("ip", "link", "delete", LINK)


def remove_service_rules() -> None:
    for family in ("ip", "ip6"):
        _try("nft", "delete", "table", family, "kube-proxy")


def _try(*words: str) -> int:
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode
