"""What the container may use: CPUs and memory from its cgroup, version 1 or 2, or else from the host.

Standard library only.
"""

import os
from dataclasses import dataclass
from pathlib import Path

_UNLIMITED = 1 << 60  # cgroup v1 reports "no limit" as a number near 2^63
_SPARE = 32 * 1_048_576  # left to the interpreter while an engine fills the rest


@dataclass(frozen=True)
class Room:
    """`threads` is 1 or more; `memory` is what an engine may allocate on top of what is used now, in bytes."""

    threads: int
    memory: int


def room(root: Path = Path("/")) -> Room:
    """The room of this process. `root` is the file system to look into."""
    return Room(threads(root), memory(root))


def threads(root: Path = Path("/")) -> int:
    """Whole CPUs: the cgroup's quota rounded down, at most the CPUs this process may run on, at least 1."""
    quotas = [len(os.sched_getaffinity(0))]
    for folder in _folders(root, "cpu"):
        if (cpu_max := _words(folder / "cpu.max")) and cpu_max[0] != "max":  # v2: "quota period", microseconds
            quotas.append(int(cpu_max[0]) // int(cpu_max[1]))
        quota, period = _words(folder / "cpu.cfs_quota_us"), _words(folder / "cpu.cfs_period_us")
        if quota and period and int(quota[0]) > 0:
            quotas.append(int(quota[0]) // int(period[0]))
    return max(1, min(quotas))


def memory(root: Path = Path("/")) -> int:
    """Bytes left: the cgroup's limit less what this process uses, at most what the host has available."""
    left = [_field(root / "proc/meminfo", "MemAvailable")]
    used = _field(root / "proc/self/status", "VmRSS") or 0
    for folder in _folders(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            words = _words(folder / name)
            if words and words[0] != "max" and int(words[0]) < _UNLIMITED:
                left.append(int(words[0]) - used)
    known = [value for value in left if value is not None]
    return max(0, min(known) - _SPARE) if known else _UNLIMITED


def _folders(root: Path, controller: str) -> list[Path]:
    """The cgroup's folders from its own up to the mount's root: each may hold a limit.

    In a container the mount's root is usually the container's own cgroup; without a cgroup namespace
    /proc/self/cgroup names a path that is not mounted, and the missing files read as no limit.
    """
    folders: list[Path] = []
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / (controller if controllers else "")
        below = mount / path.lstrip("/")
        folders += [below, *(parent for parent in below.parents if parent.is_relative_to(mount))]
    return folders or [root / "sys/fs/cgroup", root / "sys/fs/cgroup" / controller]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []


def _words(path: Path) -> list[str]:
    lines = _lines(path)
    return lines[0].split() if lines else []


def _field(path: Path, name: str) -> int | None:
    """A line such as `MemAvailable:   24123 kB`, in bytes."""
    for line in _lines(path):
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None
