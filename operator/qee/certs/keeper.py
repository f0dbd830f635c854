"""The loop: look at what there is, write what is missing or due, tell what was done.

Errors end a round, never the loop.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from qee.certs.metrics import Metrics
from qee.certs.result_key import ResultKey
from qee.certs.settings import Settings
from qee.certs.webhook import WebhookCertificates
from qee.core.times import utc_now
from qee.kube.port import ApiError, Conflict, Port
from qee.signing.keys import KeyProblem

logger = logging.getLogger(__name__)
Part = Callable[[], Awaitable[list[str]]]
SOON_SECONDS = 1.0  # after a round that failed


class Keeper:
    """Parts are independent: a Secret that is missing does not keep the others from their work."""

    def __init__(
        self, port: Port, settings: Settings, metrics: Metrics | None = None, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._settings = settings
        self._metrics = metrics or Metrics()
        self._now = now
        self._told: dict[str, str] = {}
        self.converged = False
        self.certificates = WebhookCertificates(port, settings)
        self._parts: dict[str, Part] = {}
        if settings.provider == "self":
            self._parts["certificate"] = lambda: self.certificates.round(self._now())
        if settings.result_key:
            self._parts["result-key"] = ResultKey(port, settings.namespace).round

    @property
    def parts(self) -> Mapping[str, Part]:
        return self._parts

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        while not stop.is_set():
            well = await self.round()
            pause = self._settings.interval_seconds if well else min(SOON_SECONDS, self._settings.interval_seconds)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def round(self) -> bool:
        """One look at everything; whether all of it is as it should be."""
        well = all([await self._do(name, part) for name, part in self._parts.items()])
        self.converged = self.converged or well
        self._metrics.tell(self.certificates.expiry.authority, self.certificates.expiry.leaf)
        return well

    async def _do(self, name: str, part: Part) -> bool:
        try:
            for line in await part():
                logger.info("%s", line)
        except Conflict:
            logger.info("%s: written by another meanwhile; looking again", name)
            return False
        except (ApiError, KeyProblem) as error:
            self._complain(name, str(error))
            return False
        except Exception:
            logger.exception("%s", name)
            self._metrics.failures.labels(name).inc()
            return False
        self._told.pop(name, None)
        return True

    def _complain(self, name: str, problem: str) -> None:
        """Once for each problem, not in each round."""
        self._metrics.failures.labels(name).inc()
        if self._told.get(name) != problem:
            logger.warning("%s, trying again: %s", name, problem)
            self._told[name] = problem
