"""A QuantumBackend stays while QuantumTasks are bound for it: without it nobody could follow or cancel them.

A finalizer is put on before its first task, and taken off once it is deleted and the last task has ended.
"""

from collections.abc import Sequence

from qee.api import names
from qee.core.observed import task_state
from qee.kube.port import Conflict, NotFound, Object, Port
from qee.kube.resources import BACKENDS, TASKS


async def hold(port: Port, backend: Object) -> None:
    """Raises `Conflict` where the backend has changed since it was read, and again, and bears none yet."""
    finalizers = backend["metadata"].get("finalizers") or []
    if names.FINALIZER_BACKEND in finalizers:
        return
    try:
        await _set(port, backend, [*finalizers, names.FINALIZER_BACKEND])
    except Conflict:  # another job's first task, or the connector's status
        live = await port.get(BACKENDS, None, backend["metadata"]["name"])
        if names.FINALIZER_BACKEND not in (live["metadata"].get("finalizers") or []):
            raise


async def release(port: Port, namespaces: Sequence[str | None]) -> bool:
    """Let go of deleted backends that no task needs any more. Whether deleted ones are left."""
    left = False
    async for backend in port.list(BACKENDS, None):
        meta = backend["metadata"]
        finalizers = meta.get("finalizers") or []
        if "deletionTimestamp" not in meta or names.FINALIZER_BACKEND not in finalizers:
            continue
        if await _needed(port, namespaces, meta["name"]):
            left = True
            continue
        try:
            await _set(port, backend, [each for each in finalizers if each != names.FINALIZER_BACKEND])
        except NotFound:
            continue
        except Conflict:  # its connector writes its status
            left = True
    return left


async def _needed(port: Port, namespaces: Sequence[str | None], name: str) -> bool:
    for namespace in namespaces:
        async for task in port.list(TASKS, namespace):
            if task["spec"]["backendRef"]["name"] == name and not task_state(task).ended:
                return True
    return False


async def _set(port: Port, backend: Object, finalizers: list[str]) -> None:
    meta = backend["metadata"]
    patch = {"metadata": {"resourceVersion": meta["resourceVersion"], "uid": meta["uid"], "finalizers": finalizers}}
    await port.patch(BACKENDS, None, meta["name"], patch)
