"""A credential's pace: how many submissions a minute its provider takes (IBM Quantum: five)."""

import time
from collections.abc import Callable


class Pace:
    """A token bucket that holds one minute's worth. Nothing waits in it: polling and cancelling go on meanwhile."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._most = max(per_minute, 1.0)
        self._clock = clock
        self._left = self._most
        self._at = clock()
        self._paused_until = self._at

    def wait(self) -> float:
        """Seconds until one more may go; 0: now."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        return max((1 - self._left) / self._rate if self._left < 1 - 1e-6 else 0.0, self._paused_until - now, 0.0)

    def take(self) -> bool:
        """Whether one more may go now. It is counted then."""
        if self.wait() > 0:
            return False
        self._left -= 1
        return True

    def pause(self, seconds: float) -> None:
        """The provider has said that it takes none for so long."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)
