"""QuantumJobs as a kind of the kit."""

from collections.abc import Callable
from datetime import datetime

from qee.controller.jobs.kept import Kept
from qee.controller.jobs.memory import Key
from qee.controller.jobs.resync import Resync
from qee.controller.jobs.watches import watches
from qee.controller.jobs.wiring import Wiring
from qee.controller.kit.controller import Pass
from qee.controller.settings import Settings
from qee.kube.resources import JOBS
from qee.observe.metrics import Metrics


class Jobs:
    """What it watches, what it does now and then; one step of one job is the reconciler's."""

    kind = JOBS.kind

    def __init__(
        self,
        reconciler: Wiring,
        resync: Resync,
        kept: Kept,
        settings: Settings,
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._reconciler = reconciler
        self._kept = kept
        self._clock = clock
        self.workers = settings.workers
        self.watches = watches(metrics, kept)
        self.passes = (
            Pass("resync", settings.resync_seconds, resync.run, resync.ailment),
            Pass("sweep of the ledger", settings.resync_seconds, self._sweep),
        )

    async def _sweep(self) -> list[Key]:
        await self._reconciler.ledger.sweep(self._clock())
        return []

    async def reconcile(self, key: Key) -> float | None:
        after = await self._reconciler.reconcile(key)
        self._kept.see_to_rest(key)
        return after
