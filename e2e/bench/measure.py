"""Single measurements: one run of each kind, a crowd of each kind, and what the operator's process uses."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from e2e.bench import workloads
from e2e.cluster.steps import ClusterError
from e2e.signing import Signer
from qee.api.conditions import ConditionType
from qee.kube.client import KubeClient
from qee.kube.port import NotFound, Object, Resource
from qee.kube.resources import CHILDREN, JOBS, PODS

GONE_SECONDS = 180.0
TICKS = 100  # per second, in /proc/PID/stat (USER_HZ)


def complete(job: Object) -> bool:
    conditions = {c["type"]: c["status"] for c in (job.get("status") or {}).get("conditions") or []}
    if conditions.get("Failed") == "True":
        raise RuntimeError(f"Job {job['metadata']['name']} failed: {job['status']}")
    return conditions.get("Complete") == "True"


def finished(job: Object) -> bool:
    conditions = {c["type"]: c for c in (job.get("status") or {}).get("conditions") or []}
    if conditions[ConditionType.FINISHED]["status"] != "True":
        return False
    if conditions[ConditionType.SUCCEEDED]["status"] != "True":
        raise RuntimeError(f"QuantumJob {job['metadata']['name']}: {conditions[ConditionType.SUCCEEDED]}")
    return True


async def one(port: KubeClient, resource: Resource, body: Object, done: Callable[[Object], bool]) -> float:
    """Seconds from the request that creates it until its end is seen by a watch that was open before."""
    namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
    seen = asyncio.create_task(_watched(port, resource, namespace, {name}, done))
    await asyncio.sleep(0.2)  # the watch is open by then
    begin = time.monotonic()
    await port.create(resource, namespace, body)
    async with asyncio.timeout(120):
        return (await seen)[name] - begin


async def crowd(port: KubeClient, resource: Resource, bodies: list[Object], done: Callable[[Object], bool]) -> float:
    """Seconds from the first create until the last end."""
    namespace = bodies[0]["metadata"]["namespace"]
    names = {body["metadata"]["name"] for body in bodies}
    seen = asyncio.create_task(_watched(port, resource, namespace, names, done))
    await asyncio.sleep(0.2)
    begin = time.monotonic()
    for start in range(0, len(bodies), 10):
        await asyncio.gather(*(port.create(resource, namespace, body) for body in bodies[start : start + 10]))
    async with asyncio.timeout(3600):
        return max((await seen).values()) - begin


async def _watched(
    port: KubeClient, resource: Resource, namespace: str, names: set[str], done: Callable[[Object], bool]
) -> dict[str, float]:
    """Name -> monotonic time at which `done` first held."""
    ends: dict[str, float] = {}
    while names - ends.keys():
        only = next(iter(names)) if len(names) == 1 else None
        async for kind, obj in port.watch(resource, namespace, name=only, timeout_seconds=300):
            name = obj["metadata"]["name"]
            if kind != "DELETED" and name in names and name not in ends and done(obj):
                ends[name] = time.monotonic()
                if not names - ends.keys():
                    return ends
    return ends


async def gone(port: KubeClient, resource: Resource, namespace: str, names: list[str]) -> None:
    """Delete them, and wait until they and their pods are out of the way of the next measurement."""
    for name in names:
        try:
            obj = await port.get(resource, namespace, name)
            await port.delete(resource, namespace, name, uid=obj["metadata"]["uid"])
        except NotFound:
            continue
    end = time.monotonic() + GONE_SECONDS
    while left := [pod["metadata"]["name"] async for pod in port.list(PODS, namespace)]:
        if time.monotonic() > end:
            raise ClusterError(f"Pods {', '.join(left[:3])} do not go. Delete namespace {namespace}, and begin again.")
        await asyncio.sleep(0.1)


def bare(name: str, namespace: str, image: str) -> tuple[Resource, Object, Callable[[Object], bool]]:
    return CHILDREN, workloads.bare_job(name, namespace, image), complete


def quantum(name: str, namespace: str, signer: Signer) -> tuple[Resource, Object, Callable[[Object], bool]]:
    return JOBS, signer.sign(workloads.quantum_job(name, namespace)), finished


def operator_pid() -> int:
    """The process of the operator's pod, seen from the node that this machine is. A predecessor may still be ending."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = list(_operators())
        if len(found) == 1:
            return found[0]
        time.sleep(1)
    raise RuntimeError("one operator process is expected on this machine; is the cluster elsewhere?")


def _operators() -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"qee.app" in words and any(word.startswith(b"--config=/etc/qee/") for word in words):
                    yield int(entry.name)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def tree_cpu_seconds(pid: int) -> float:
    """Of a process and those that it started, while these run."""
    return cpu_seconds(pid) + sum(map(cpu_seconds, children(pid)))


def rss_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} shows no VmRSS")


class Others:
    """What processes other than this one and those that it started do meanwhile."""

    def __init__(self) -> None:
        self._before = _busy_and_all(), _own_ticks()

    def share(self) -> float:
        """Of all cores' time since this was made, 0 to 1. A process that has ended is not told apart from others."""
        (busy, whole), own = self._before
        busy_now, whole_now = _busy_and_all()
        return max(0.0, (busy_now - busy - (_own_ticks() - own)) / max(1, whole_now - whole))


def _busy_and_all() -> tuple[int, int]:
    """Ticks of all cores since the machine started: in use, and altogether (proc_stat(5))."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


def _own_ticks() -> int:
    parents, ticks = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
                ticks[int(entry.name)] = int(fields[11]) + int(fields[12])

    def ours(pid: int) -> bool:
        while pid and pid != os.getpid():
            pid = parents.get(pid, 0)
        return bool(pid)

    return sum(spent for pid, spent in ticks.items() if ours(pid))
