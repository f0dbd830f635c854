"""A port whose answers are noted: what was written or read is known at once, not only when a watch tells of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from qee.kube.port import AlreadyExists, Conflict, NotFound, Object, Port, Resource
from qee.kube.store import name_of

Patching = Callable[[Resource, str | None, str, Object], Awaitable[Object]]


class Notes(Protocol):
    """Where answers go."""

    def answered(self, resource: Resource, obj: Object) -> None:
        """The server has shown this object."""
        ...

    def forget(self, resource: Resource, key: str) -> None:
        """What is known of this object is not what the server has."""
        ...


class NotedPort:
    """`Port` over another one."""

    def __init__(self, port: Port, notes: Notes) -> None:
        self._port = port
        self._notes = notes
        self.discover = port.discover
        self.log = port.log
        self.follow_log = port.follow_log
        self.watch = port.watch
        self.pages = port.pages  # who asks for pages keeps a store of its own
        self.delete_collection = port.delete_collection

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        try:
            found = await self._port.get(resource, namespace, name)
        except NotFound:
            self._notes.forget(resource, name_of(namespace, name))
            raise
        self._notes.answered(resource, found)
        return found

    async def list(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", metadata_only: bool = False
    ) -> AsyncIterator[Object]:
        async for found in self._port.list(resource, namespace, labels=labels, metadata_only=metadata_only):
            if not metadata_only:
                self._notes.answered(resource, found)
            yield found

    async def create(self, resource: Resource, namespace: str | None, body: Object, *, strict: bool = False) -> Object:
        try:
            made = await self._port.create(resource, namespace, body, strict=strict)
        except AlreadyExists:
            self._notes.forget(resource, name_of(namespace, body["metadata"]["name"]))
            raise
        self._notes.answered(resource, made)
        return made

    async def patch_status(self, resource: Resource, namespace: str | None, name: str, patch: Object) -> Object:
        return await self._changed(self._port.patch_status, resource, namespace, name, patch)

    async def patch(self, resource: Resource, namespace: str | None, name: str, patch: Object) -> Object:
        return await self._changed(self._port.patch, resource, namespace, name, patch)

    async def _changed(
        self, change: Patching, resource: Resource, namespace: str | None, name: str, patch: Object
    ) -> Object:
        try:
            changed = await change(resource, namespace, name, patch)
        except (Conflict, NotFound):
            self._notes.forget(resource, name_of(namespace, name))
            raise
        self._notes.answered(resource, changed)
        return changed

    async def delete(self, resource: Resource, namespace: str | None, name: str, *, uid: str) -> None:
        self._notes.forget(resource, name_of(namespace, name))
        await self._port.delete(resource, namespace, name, uid=uid)
