"""The runner takes what its container may use, under both versions of cgroups and none."""

import os
from pathlib import Path

import pytest

from qee.sdk.limits import memory, threads

GIB = 1_073_741_824
SPARE = 32 * 1_048_576


@pytest.fixture(autouse=True)
def eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in {
        "proc/meminfo": "MemTotal: 33554432 kB\nMemAvailable:   16777216 kB\n",
        "proc/self/status": "Name:\tpython\nVmRSS:\t  102400 kB\n",
        **files,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def test_version_2_as_a_container_sees_it(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/",
            "sys/fs/cgroup/cpu.max": "300000 100000",
            "sys/fs/cgroup/memory.max": str(2 * GIB),
        },
    )
    assert threads(root) == 3
    assert memory(root) == 2 * GIB - 102_400 * 1024 - SPARE


def test_a_parent_s_limit_binds_too(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/kubepods/pod1/container",
            "sys/fs/cgroup/kubepods/pod1/container/cpu.max": "max 100000",
            "sys/fs/cgroup/kubepods/pod1/cpu.max": "200000 100000",
            "sys/fs/cgroup/kubepods/pod1/memory.max": str(GIB),
            "sys/fs/cgroup/kubepods/pod1/container/memory.max": "max",
        },
    )
    assert threads(root) == 2
    assert memory(root) == GIB - 102_400 * 1024 - SPARE


def test_version_1(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/kubepods/x\n1:cpu,cpuacct:/kubepods/x\n0::/",
            "sys/fs/cgroup/cpu/kubepods/x/cpu.cfs_quota_us": "150000",
            "sys/fs/cgroup/cpu/kubepods/x/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/memory/kubepods/x/memory.limit_in_bytes": str(GIB),
        },
    )
    assert threads(root) == 1  # one and a half is rounded down: a throttled thread holds up the others
    assert memory(root) == GIB - 102_400 * 1024 - SPARE


def test_no_limit_is_not_a_number(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/self/cgroup": "4:memory:/\n1:cpu:/",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        },
    )
    assert threads(root) == 8
    assert memory(root) == 16 * GIB - SPARE


def test_less_than_one_cpu_is_one_thread(tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "50000 100000"})
    assert threads(root) == 1


def test_a_container_that_hides_its_cgroup_still_has_one(tmp_path: Path) -> None:
    root = tree(tmp_path, {"sys/fs/cgroup/cpu.max": "100000 100000", "sys/fs/cgroup/memory.max": str(GIB)})
    assert threads(root) == 1
    assert memory(root) == GIB - 102_400 * 1024 - SPARE


def test_the_path_of_a_host_that_is_not_mounted_falls_back_on_the_root(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {"proc/self/cgroup": "4:memory:/kubepods/y", "sys/fs/cgroup/memory/memory.limit_in_bytes": str(GIB)},
    )
    assert memory(root) == GIB - 102_400 * 1024 - SPARE


def test_without_any_information_nothing_is_limited(tmp_path: Path) -> None:
    assert threads(tmp_path) == 8
    assert memory(tmp_path) > 2**50


def test_a_limit_below_what_is_used_leaves_nothing(tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": "1048576"})
    assert memory(root) == 0
