"""The controller: workers that take keys from the queue, and the resync, until it is stopped."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from qee.controller.intake import Intake
from qee.controller.jobs.reconcile import Key, Reconciler
from qee.controller.queue import WorkQueue
from qee.controller.resync import Resync
from qee.controller.settings import Settings
from qee.kube.port import ApiError, Conflict, Port
from qee.observe.metrics import Metrics
from qee.signing.libraries import Suite

logger = logging.getLogger(__name__)
JITTER = 0.1
BEATS_EVERY = 1.0  # seconds
PASS_AGAIN = 5.0  # seconds until the status of trust policies, or letting go of backends, is tried again


class Controller:
    """Everything between the watches and the API server. `run` ends after `stop`, when no key is in hand any more."""

    def __init__(self, port: Port, settings: Settings, metrics: Metrics, suite: Suite) -> None:
        self._settings = settings
        self._metrics = metrics
        self.queue: WorkQueue[Key] = WorkQueue()
        self.intake = Intake(self.queue, metrics)
        self.resync = Resync(port, self.queue, self.intake, settings, metrics)
        self._reconciler = Reconciler(port, settings, metrics, suite)
        self._stopping = asyncio.Event()
        self.leads = False
        self.beat_at = time.monotonic()
        """When the event loop last came round: a loop that hangs in one task does not, and /healthz says so."""

    async def run(self) -> None:
        self.leads = True
        try:
            await self._run()
        finally:
            await self._reconciler.worker.close()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._beat())
            tasks.create_task(self._resync_for_ever())
            tasks.create_task(self._whenever(self.intake.policies_changed, self._report_policies))
            tasks.create_task(self._whenever(self.intake.backends_idle, self._release_backends))
            for _ in range(self._settings.workers):
                tasks.create_task(self.queue.work(self._handle))

    def stop(self) -> None:
        """Let each worker finish what it has in hand, and take nothing new."""
        self._stopping.set()
        self.queue.close()

    async def _handle(self, key: Key, waited: float) -> None:
        self._metrics.queue_depth.set(len(self.queue))
        self._metrics.queue_seconds.observe(waited)
        started = time.monotonic()
        try:
            after = await self._reconciler.reconcile(key)
        except Conflict as error:
            logger.debug("%s/%s changed meanwhile: %s", *key, error)
            self.queue.add_failed(key)
        except ApiError as error:
            self._metrics.reconcile_errors.labels(str(error.status)).inc()
            logger.warning("%s/%s: %s", *key, error)
            self.queue.add_failed(key, at_least=error.retry_after or 0.0)
        except Exception:
            self._metrics.reconcile_errors.labels("bug").inc()
            logger.exception("%s/%s: reconcile failed", *key)
            self.queue.add_failed(key, at_least=1.0)
        else:
            self.queue.backoff.forget(key)
            if after is not None:
                self.queue.add_after(key, after)
        finally:
            self._metrics.reconcile_seconds.observe(time.monotonic() - started)

    async def _resync_for_ever(self) -> None:
        """At once, for what happened while no operator ran; then every period."""
        while not self._stopping.is_set():
            try:
                await self.resync.run()
                self.intake.backends_idle.set()
                pause = self._settings.resync_seconds * (1 - JITTER)
            except ApiError as error:
                logger.warning("resync: %s", error)
                pause = min(15.0, self._settings.resync_seconds)
            await self._pause(pause)

    async def _report_policies(self) -> bool:
        """Policies that changed say which of their keys are usable."""
        await self.resync.policies.report()
        return False

    async def _release_backends(self) -> bool:
        """Those whose last QuantumTask has ended. Whether deleted ones wait for theirs."""
        namespaces: list[str | None] = [*self._settings.namespaces] or [None]
        return await self._reconciler.backends.release(namespaces, self.intake.tasks)

    async def _whenever(self, event: asyncio.Event, act: Callable[[], Awaitable[bool]]) -> None:
        """One pass for all that happened until then; another one soon where it failed, or says that some is left."""
        while not self._stopping.is_set():
            await self._either(event.wait())
            event.clear()
            if self._stopping.is_set():
                return
            try:
                left = await act()
            except ApiError as error:
                logger.warning("next try in %g s: %s", PASS_AGAIN, error)
                left = True
            if left:
                event.set()
                await self._pause(PASS_AGAIN)

    async def _either(self, event: Coroutine[Any, Any, Any]) -> None:
        """Wait for the event, or until told to stop."""
        waits = [asyncio.create_task(event), asyncio.create_task(self._stopping.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()

    async def _beat(self) -> None:
        while not self._stopping.is_set():
            now = self.beat_at = time.monotonic()
            for kind, at in self.intake.last_event.items():
                self._metrics.watch_age.labels(kind).set(now - at)
            self._metrics.resync_age.set(now - self.resync.finished_at)
            self._metrics.queue_depth.set(len(self.queue))
            await self._pause(BEATS_EVERY)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass

    def ailments(self) -> list[str]:
        """Why this process should be restarted; empty while it is well, or while it waits for the Lease."""
        if not self.leads:
            return []
        now, found = time.monotonic(), []
        if now - self.beat_at > 30:
            found.append(f"the event loop has not come round for {now - self.beat_at:.0f} s")
        if now - self.resync.finished_at > 3 * self._settings.resync_seconds:
            found.append(f"no resync for {now - self.resync.finished_at:.0f} s")
        if self.resync.missed:
            found.append(f"the watch has not told of {self.resync.missed} jobs that the resync found")
        return found
