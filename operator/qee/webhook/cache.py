"""What the API server holds of one kind, kept by list and watch.

A cache that has not heard of the API server for a while counts as not synced: a key may have been revoked since.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from qee.kube.port import ApiError, Object, Port, Resource

logger = logging.getLogger(__name__)
Item = TypeVar("Item")
WATCH_SECONDS = 60  # a connection that died without a word is noticed after so long, and half as much again
STALE_SECONDS = 300
PAUSE_SECONDS = 0.2  # between two lists, where the server ends each watch at once
BACKOFF_SECONDS = (0.2, 0.5, 1, 2, 5, 10)


class Cache(Generic[Item]):
    """`items` by name, each as `read` made it of the object."""

    def __init__(
        self,
        port: Port,
        resource: Resource,
        read: Callable[[Object], Item],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._port = port
        self._resource = resource
        self._read = read
        self._clock = clock
        self._contact: float | None = None
        self._items: dict[str, Item] = {}

    @property
    def items(self) -> Mapping[str, Item]:
        return self._items

    @property
    def synced(self) -> bool:
        return self._contact is not None and self._clock() - self._contact < STALE_SECONDS

    async def run(self) -> None:
        """Until cancelled."""
        failures = 0
        while True:
            try:
                await self._round()
                failures = 0
                pause = PAUSE_SECONDS
            except ApiError as error:
                pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                failures += 1
                logger.warning("%s are not watched, next try in %s s: %s", self._resource.plural, pause, error)
            except Exception:  # an object that cannot be read: without it nothing may be said of any
                self._contact = None
                pause = BACKOFF_SECONDS[-1]
                logger.exception("%s cannot be read; nothing is admitted", self._resource.plural)
            await asyncio.sleep(pause)

    async def _round(self) -> None:
        """List, then follow the changes until the server ends the watch."""
        objects, version = await self._port.snapshot(self._resource)
        self._items = {obj["metadata"]["name"]: self._read(obj) for obj in objects}
        self._contact = self._clock()
        events = self._port.watch(self._resource, None, timeout_seconds=WATCH_SECONDS, since=version)
        async for kind, obj in events:
            name = obj["metadata"]["name"]
            if kind == "DELETED":
                self._items.pop(name, None)
            else:
                self._items[name] = self._read(obj)
            self._contact = self._clock()
