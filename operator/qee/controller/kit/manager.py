"""Everything between the watches and the controllers: a queue and workers for each kind, and its passes."""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Any

from qee.controller.kit import heap
from qee.controller.kit.controller import Controller
from qee.controller.kit.passes import Repeated, pause
from qee.controller.kit.queue import WorkQueue
from qee.controller.kit.watch import Watches
from qee.kube.port import ApiError, Conflict
from qee.observe.metrics import Metrics

logger = logging.getLogger(__name__)
BEATS_EVERY = 1.0  # seconds
HUNG_SECONDS = 30.0  # since the event loop last came round


class _Kind:
    """A controller at work."""

    def __init__(self, controller: Controller, watches: Watches, metrics: Metrics) -> None:
        self.controller = controller
        self.queue: WorkQueue[Any] = WorkQueue()
        self.passes = [Repeated(each, self.queue.add) for each in controller.passes]
        self._metrics = metrics
        for watch in controller.watches:
            watches.add(watch, self.queue.add)

    async def handle(self, key: Any, waited: float) -> None:
        self._metrics.queue_seconds.observe(waited)
        started = time.monotonic()
        try:
            after = await self.controller.reconcile(key)
        except Conflict as error:
            logger.debug("%s %s changed meanwhile: %s", self.controller.kind, _named(key), error)
            self.queue.add_failed(key)
        except ApiError as error:
            self._metrics.reconcile_errors.labels(str(error.status)).inc()
            logger.warning("%s: %s", _named(key), error)
            self.queue.add_failed(key, at_least=error.retry_after or 0.0)
        except Exception:
            self._metrics.reconcile_errors.labels("bug").inc()
            logger.exception("%s: reconcile failed", _named(key))
            self.queue.add_failed(key, at_least=1.0)
        else:
            self.queue.backoff.forget(key)
            if after is not None:
                self.queue.add_after(key, after)
        finally:
            self._metrics.reconcile_seconds.observe(time.monotonic() - started)


class Manager:
    """Runs controllers. `run` ends after `stop`, when no key is in hand any more."""

    def __init__(self, controllers: Sequence[Controller], metrics: Metrics, watches: Watches | None = None) -> None:
        self._metrics = metrics
        self.watches = watches or Watches({})
        self.kinds = {each.kind: _Kind(each, self.watches, metrics) for each in controllers}
        self._stopping = asyncio.Event()
        self.leads = False
        self.beat_at = time.monotonic()
        """When the event loop last came round: a loop that hangs in one task does not, and /healthz says so."""

    async def run(self) -> None:
        self.leads = True
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._beat())
            tasks.create_task(self._give_back())
            for kind in self.kinds.values():
                for each in kind.passes:
                    tasks.create_task(each.run(self._stopping))
                for _ in range(kind.controller.workers):
                    tasks.create_task(kind.queue.work(kind.handle))

    def stop(self) -> None:
        """Let each worker finish what it has in hand, and take nothing new."""
        self._stopping.set()
        for kind in self.kinds.values():
            kind.queue.close()

    def _passes(self) -> Iterator[Repeated]:
        for kind in self.kinds.values():
            yield from kind.passes

    async def _beat(self) -> None:
        while not self._stopping.is_set():
            now = self.beat_at = time.monotonic()
            for kind, at in self.watches.last_event.items():
                self._metrics.watch_age.labels(kind).set(now - at)
            for each in self._passes():
                if each.what.ailment is not None:
                    self._metrics.resync_age.set(now - each.finished_at)
            self._metrics.queue_depth.set(sum(len(kind.queue) for kind in self.kinds.values()))
            await pause(BEATS_EVERY, self._stopping)

    async def _give_back(self) -> None:
        """The memory of what has gone, once it has gone."""
        before = 0
        while not self._stopping.is_set():
            gone = self.watches.gone
            if gone >= heap.MANY or (gone >= heap.FEW and gone == before):
                self.watches.shrink()
                heap.give_back()
            before = gone
            await pause(heap.EVERY, self._stopping)

    def ailments(self) -> list[str]:
        """Why this process should be restarted; empty while it is well, or while it waits for the Lease."""
        if not self.leads:
            return []
        found, silent = [], time.monotonic() - self.beat_at
        if silent > HUNG_SECONDS:
            found.append(f"the event loop has not come round for {silent:.0f} s")
        return found + [each for repeated in self._passes() for each in repeated.ailments()]


def _named(key: Any) -> str:
    return "/".join(str(part) for part in key if part is not None)
