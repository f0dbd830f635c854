"""A work queue of keys, after client-go's workqueue: each key once in the queue and once in hand, backoff per key.

A key added while a worker has it is handed out again when that worker is done; so no change is missed and no key is
worked on twice at a time.
"""

import asyncio
import heapq
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
SLACK = 64  # superseded delayed adds that are kept beside as many as stand


@dataclass
class Backoff:
    """Exponential, per key, with jitter so that a crowd does not return at once. Seconds."""

    first: float = 0.05
    limit: float = 60.0
    failures: dict[Hashable, int] = field(default_factory=dict)

    def next(self, key: Hashable) -> float:
        count = self.failures.get(key, 0)
        self.failures[key] = count + 1
        delay = min(self.first * 2.0 ** min(count, 30), self.limit)
        return delay * random.uniform(0.8, 1.2)  # noqa: S311 - spreading load, not a secret

    def forget(self, key: Hashable) -> None:
        self.failures.pop(key, None)


class WorkQueue(Generic[Key]):
    """Keys to reconcile."""

    def __init__(self, backoff: Backoff | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.backoff = backoff or Backoff()
        self._clock = clock
        self._ready: dict[Key, float] = {}  # insertion order is the order of the queue; the value is when it got ready
        self._in_hand: set[Key] = set()
        self._again: dict[Key, float] = {}
        self._later: list[tuple[float, int, Key]] = []
        self._due: dict[Key, float] = {}
        self._order = itertools.count()
        self._wake = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._ready)

    def add(self, key: Key) -> None:
        """Hand the key out as soon as a worker is free. An earlier delayed add is superseded."""
        self._due.pop(key, None)
        if key in self._in_hand:
            self._again.setdefault(key, self._clock())
        elif key not in self._ready:
            self._ready[key] = self._clock()
            self._wake.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """Hand the key out after a delay, unless it comes sooner by another way. The earliest time wins."""
        due = self._clock() + max(seconds, 0.0)
        if key in self._due and self._due[key] <= due:
            return
        self._due[key] = due
        heapq.heappush(self._later, (due, next(self._order), key))
        if (
            len(self._later) > 2 * len(self._due) + SLACK
        ):  # superseded ones, of deadlines far away, of keys that are gone
            self._later = [(due, next(self._order), key) for key, due in self._due.items()]
            heapq.heapify(self._later)
        self._wake.set()

    def add_failed(self, key: Key, at_least: float = 0.0) -> None:
        """Hand the key out again after its backoff, or after the time that the server asked for."""
        self.add_after(key, max(self.backoff.next(key), at_least))

    async def get(self) -> tuple[Key, float] | None:
        """The next key and the seconds it waited; None once the queue is closed."""
        while not self._closed:
            self._promote()
            if self._ready:
                key, since = next(iter(self._ready.items()))
                del self._ready[key]
                self._in_hand.add(key)
                return key, self._clock() - since
            self._wake.clear()
            timeout = self._later[0][0] - self._clock() if self._later else None
            try:
                async with asyncio.timeout(timeout):
                    await self._wake.wait()
            except TimeoutError:
                continue
        return None

    def done(self, key: Key) -> None:
        """The worker has finished with the key."""
        self._in_hand.discard(key)
        if (since := self._again.pop(key, None)) is not None:
            self._due.pop(key, None)  # what comes of looking again says anew when
            self._ready[key] = since
            self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    async def work(self, handle: Callable[[Key, float], Awaitable[None]]) -> None:
        """One worker: handle keys until the queue is closed. `handle` must not raise."""
        while (item := await self.get()) is not None:
            key, waited = item
            try:
                await handle(key, waited)
            finally:
                self.done(key)

    def _promote(self) -> None:
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            due, _, key = heapq.heappop(self._later)
            if self._due.get(key) == due:  # superseded otherwise
                del self._due[key]
                self.add(key)
