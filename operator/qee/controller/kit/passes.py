"""What is done at the start and then now and then: the resync of each kind, and tidying up."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from qee.controller.kit.controller import Pass
from qee.kube.port import ApiError

logger = logging.getLogger(__name__)
JITTER = 0.1
AGAIN_SECONDS = 15.0  # until one that failed is tried again


class Repeated:
    """Runs one pass for ever. `finished_at` is the monotonic time of its last end."""

    def __init__(self, what: Pass, add: Callable[[Any], None]) -> None:
        self.what = what
        self._add = add
        self.finished_at = time.monotonic()

    async def once(self) -> None:
        """Raises `ApiError`."""
        for key in await self.what.run():
            self._add(key)
        self.finished_at = time.monotonic()

    async def run(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                await self.once()
                seconds = self.what.period * (1 - JITTER)
            except ApiError as error:
                logger.warning("%s: %s", self.what.name, error)
                seconds = min(AGAIN_SECONDS, self.what.period)
            await pause(seconds, stopping)

    def ailments(self) -> list[str]:
        if self.what.ailment is None:
            return []
        age = time.monotonic() - self.finished_at
        late = f"no {self.what.name} for {age:.0f} s" if age > 3 * self.what.period else ""
        return [found for found in (late, self.what.ailment()) if found]


async def pause(seconds: float, stopping: asyncio.Event) -> None:
    """Sleep, or until `stopping` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        pass
