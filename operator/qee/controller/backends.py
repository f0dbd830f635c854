"""A QuantumBackend stays while QuantumTasks are bound for it: without it nobody could follow or cancel them.

Its finalizer is there while there is a task that has not ended, and no longer: whoever uninstalls QEE, or prunes a
release, is not kept waiting for an operator that is gone.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from qee.api import names
from qee.kube.port import Conflict, NotFound, Object, Port
from qee.kube.resources import BACKENDS, TASKS

ANY = "*"  # no backend's name


class BackendsInUse:
    """One for a process: it knows which backends a task is just being made for."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._making: Counter[str] = Counter()

    @asynccontextmanager
    async def held(self, backend: Object) -> AsyncIterator[None]:
        """While a task for it is made. Raises `Conflict` where the backend has changed twice meanwhile."""
        name = backend["metadata"]["name"]
        self._making[name] += 1
        try:
            await self._hold(backend)
            yield
        finally:
            self._making[name] -= 1

    async def release(self, namespaces: Sequence[str | None], tasks: Mapping[str, str | None]) -> bool:
        """Let go of backends that no task needs. Whether deleted ones are left.

        `tasks` is what the watch has told: a task's backend by the task's UID, None once it has ended, which is never
        taken back. One that it has not told of may be anybody's.
        """
        held = [each async for each in self._port.list(BACKENDS, None, metadata_only=True) if _is_held(each)]
        if not held:
            return False
        needed = [tasks.get(uid, ANY) async for uid in self._tasks(namespaces)]
        left = False
        for backend in held:
            meta = backend["metadata"]
            if meta["name"] not in needed and ANY not in needed and not self._making[meta["name"]]:
                try:
                    await self._set(backend, [each for each in meta["finalizers"] if each != names.FINALIZER_BACKEND])
                    continue
                except NotFound:
                    continue
                except Conflict:  # its connector writes its status
                    left = True
            left = left or "deletionTimestamp" in meta
        return left

    async def _tasks(self, namespaces: Sequence[str | None]) -> AsyncIterator[str]:
        """Their UIDs. Without what is in them: that is long, and the watch has told."""
        for namespace in namespaces:
            async for task in self._port.list(TASKS, namespace, metadata_only=True):
                yield task["metadata"]["uid"]

    async def _hold(self, backend: Object) -> None:
        if _is_held(backend):
            return
        meta = backend["metadata"]
        try:
            await self._set(backend, [*(meta.get("finalizers") or []), names.FINALIZER_BACKEND])
        except Conflict:  # another job's first task, or the connector's status
            live = await self._port.get(BACKENDS, None, meta["name"])
            if not _is_held(live):
                raise

    async def _set(self, backend: Object, finalizers: list[str]) -> None:
        meta = backend["metadata"]
        changed = {"resourceVersion": meta["resourceVersion"], "uid": meta["uid"], "finalizers": finalizers}
        await self._port.patch(BACKENDS, None, meta["name"], {"metadata": changed})


def _is_held(backend: Object) -> bool:
    return names.FINALIZER_BACKEND in (backend["metadata"].get("finalizers") or [])
