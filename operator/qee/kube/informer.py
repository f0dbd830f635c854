"""Following one resource: a list, then a watch from its version on; what a watch missed is told by the next list."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Generic, TypeVar

from qee.kube.port import DELETED, ApiError, NotFound, Object, Port, Resource
from qee.kube.store import Store, key_of

logger = logging.getLogger(__name__)
Item = TypeVar("Item")
LISTED = "LISTED"  # everything that was there has been told
BOOKMARK = "BOOKMARK"  # nothing but a version from which the next watch may go on
WATCH_SECONDS = 60  # a connection that died without a word is noticed after so long, and half as much again
STALE_SECONDS = 300
PAUSE_SECONDS = 0.2  # between two watches, where the server ends each at once
BACKOFF_SECONDS = (0.2, 0.5, 1, 2, 5, 10)


async def follow(
    port: Port, resource: Resource, *, since: str | None = None, seconds: int = WATCH_SECONDS
) -> AsyncIterator[tuple[str, Object]]:
    """What is there and LISTED, or nothing of it where it is known `since` when; then changes until the watch ends."""
    if since is None:
        async for page, version in port.pages(resource):
            since = version
            for obj in page:
                yield "ADDED", obj
        yield LISTED, {"metadata": {"resourceVersion": since}}
    async for kind, obj in port.watch(resource, None, timeout_seconds=seconds, since=since):
        yield kind, obj


async def listed(
    port: Port,
    resource: Resource,
    namespaces: Sequence[str | None],
    store: Store[Item],
    *,
    labels: str = "",
    metadata_only: bool = False,
) -> AsyncIterator[Object]:
    """All there is; and `store` learns what a watch should have told it. Nothing, where the kind is not installed."""
    keys: set[str] = set()
    versions: list[int] = []
    for namespace in namespaces:
        try:
            async for page, version in port.pages(resource, namespace, labels=labels, metadata_only=metadata_only):
                versions.append(int(version))
                for obj in page:
                    keys.add(key_of(obj))
                    store.see(obj)
                    yield obj
        except NotFound:
            return
    store.only(keys, min(versions, default=0))


class Informer(Generic[Item]):
    """Keeps a store up to date. One that has not heard of the API server for a while counts as not synced.

    `told` is called with each change, (type, object), once the store has it; of an object that was deleted while nobody
    watched, with what `store` kept of it.
    """

    def __init__(
        self,
        port: Port,
        resource: Resource,
        keep: Callable[[Object], Item],
        clock: Callable[[], float] = time.monotonic,
        told: Callable[[str, Object | Item], None] = lambda kind, obj: None,
    ) -> None:
        self._port = port
        self._resource = resource
        self._clock = clock
        self._told = told
        self._store: Store[Item] = Store(keep)
        self._contact: float | None = None
        self._version: str | None = None

    @property
    def items(self) -> dict[str, Item]:
        return self._store.items

    @property
    def synced(self) -> bool:
        return self._contact is not None and self._clock() - self._contact < STALE_SECONDS

    async def run(self) -> None:
        """Until cancelled."""
        failures = 0
        while True:
            try:
                await self._round()
                failures, pause = 0, PAUSE_SECONDS
            except ApiError as error:
                self._version = None  # the next list says what is missing, and that the server answers
                pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                failures += 1
                logger.warning("%s are not watched, next try in %s s: %s", self._resource.plural, pause, error)
            except Exception:  # an object that cannot be read: without it nothing may be said of any
                self._contact = self._version = None
                pause = BACKOFF_SECONDS[-1]
                logger.exception("%s cannot be read", self._resource.plural)
            await asyncio.sleep(pause)

    async def _round(self) -> None:
        """Follow the changes until the server ends the watch."""
        listed: set[str] = set()
        async for kind, obj in follow(self._port, self._resource, since=self._version):
            if kind == LISTED:
                for key in self._store.others(listed):
                    gone = self.items[key]
                    self._store.forget(key)
                    self._told(DELETED, gone)
            elif kind != BOOKMARK:
                listed.add(key_of(obj))
                if self._store.tell(kind, obj):
                    self._told(kind, obj)
            if kind == LISTED or self._version is not None:  # a list is of one version once it is whole
                self._version = obj["metadata"]["resourceVersion"]
                self._contact = self._clock()
        self._contact = self._clock()
