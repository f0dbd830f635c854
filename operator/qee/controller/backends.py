"""A QuantumBackend stays while QuantumTasks are bound for it: without it nobody could follow or cancel them.

Its finalizer is there while there is a task that has not ended, and no longer: whoever uninstalls QEE, or prunes a
release, is not kept waiting for an operator that is gone.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from qee.api import names
from qee.api.task import ENDED
from qee.controller.kit.controller import ALL, Watch, all_at_once
from qee.kube.port import DELETED, Conflict, NotFound, Object, Port
from qee.kube.resources import BACKENDS, TASKS

ANY = "*"  # no backend's name
AGAIN_SECONDS = 5.0  # until one is looked at again that cannot be let go for a reason of which no watch tells


class BackendsInUse:
    """One for a process: it knows which backends a task is just being made for."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self.making: Counter[str] = Counter()

    @asynccontextmanager
    async def held(self, backend: Object) -> AsyncIterator[None]:
        """While a task for it is made. Raises `Conflict` where the backend has changed twice meanwhile."""
        name = backend["metadata"]["name"]
        self.making[name] += 1
        try:
            await self._hold(backend)
            yield
        finally:
            self.making[name] -= 1

    async def _hold(self, backend: Object) -> None:
        if _is_held(backend):
            return
        meta = backend["metadata"]
        try:
            await _set(self._port, backend, [*(meta.get("finalizers") or []), names.FINALIZER_BACKEND])
        except Conflict:  # another job's first task, or the connector's status
            live = await self._port.get(BACKENDS, None, meta["name"])
            if not _is_held(live):
                raise


class Backends:
    """Lets go of backends that no task needs. One key stands for them all.

    `tasks` is what the watch has told: a task's backend by the task's UID, None once it has ended, which is never taken
    back. One that it has not told of may be anybody's.
    """

    kind = BACKENDS.kind
    workers = 1

    def __init__(self, port: Port, namespaces: Sequence[str | None], period: float, in_use: BackendsInUse) -> None:
        self._port = port
        self._namespaces = namespaces
        self._in_use = in_use
        self._open: Counter[str] = Counter()  # by backend, the tasks that have not ended
        self.tasks: dict[str, str | None] = {}
        self.watches = (
            Watch(BACKENDS, _deleted, lambda backend: backend["metadata"].get("deletionTimestamp")),
            Watch(TASKS, self._idle, _has_ended, told=self.follow),
        )
        self.passes = (all_at_once("resync of backends", period),)

    def follow(self, kind: str, task: Object) -> None:
        uid = task["metadata"]["uid"]
        before = self.tasks.pop(uid, None)
        if before is not None:
            self._open[before] -= 1
        if kind == DELETED:
            return
        backend = self.tasks[uid] = None if _has_ended(task) else task["spec"]["backendRef"]["name"]
        if backend is not None:
            self._open[backend] += 1

    def _idle(self, task: Object) -> list[Any]:
        return [] if self._open[task["spec"]["backendRef"]["name"]] else [ALL]

    async def reconcile(self, key: Any) -> float | None:
        """Those that still have tasks are looked at when the last one of them ends: the watch tells."""
        return AGAIN_SECONDS if any(not self._open[name] for name in await self.release()) else None

    async def release(self) -> list[str]:
        """Let go of backends that no task needs. The deleted ones that are left, and those that have just changed."""
        held = [each async for each in self._port.list(BACKENDS, None, metadata_only=True) if _is_held(each)]
        if not held:
            return []
        needed = [self.tasks.get(uid, ANY) async for uid in self._live_tasks()]
        left = []
        for backend in held:
            meta = backend["metadata"]
            if meta["name"] not in needed and ANY not in needed and not self._in_use.making[meta["name"]]:
                kept = [each for each in meta["finalizers"] if each != names.FINALIZER_BACKEND]
                try:
                    await _set(self._port, backend, kept)
                except NotFound:
                    continue
                except Conflict:  # its connector writes its status
                    left.append(meta["name"])
            elif "deletionTimestamp" in meta:
                left.append(meta["name"])
        return left

    async def _live_tasks(self) -> AsyncIterator[str]:
        """Their UIDs. Without what is in them: that is long, and the watch has told."""
        for namespace in self._namespaces:
            async for task in self._port.list(TASKS, namespace, metadata_only=True):
                yield task["metadata"]["uid"]


def _deleted(backend: Object) -> list[Any]:
    return [ALL] if "deletionTimestamp" in backend["metadata"] else []


def _has_ended(task: Object) -> bool:
    return (task.get("status") or {}).get("state") in ENDED


async def _set(port: Port, backend: Object, finalizers: list[str]) -> None:
    meta = backend["metadata"]
    changed = {"resourceVersion": meta["resourceVersion"], "uid": meta["uid"], "finalizers": finalizers}
    await port.patch(BACKENDS, None, meta["name"], {"metadata": changed})


def _is_held(backend: Object) -> bool:
    return names.FINALIZER_BACKEND in (backend["metadata"].get("finalizers") or [])
