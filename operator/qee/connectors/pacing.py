"""A credential's pace: how many submissions a minute its provider takes (IBM Quantum: five)."""

import asyncio
import time
from collections.abc import Callable


class Pace:
    """A token bucket that holds one minute's worth."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._most = max(per_minute, 1.0)
        self._clock = clock
        self._left = self._most
        self._at = clock()
        self._lock = asyncio.Lock()

    async def turn(self) -> None:
        """Returns when one more may go."""
        async with self._lock:  # in the order of asking
            wait = self._take()
            if wait > 0:
                await asyncio.sleep(wait)
                self._take()

    def _take(self) -> float:
        """Seconds until there is one; 0 or less: it was taken."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        wait = (1 - self._left) / self._rate
        if wait <= 1e-6:
            self._left -= 1
        return wait
