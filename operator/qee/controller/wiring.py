"""The operator put together: each collaborator is made here, once, and handed to those who need it."""

from collections.abc import Callable
from datetime import datetime

from qee.controller.backends import Backends
from qee.controller.budgets import Reservations
from qee.controller.jobs.controller import Jobs
from qee.controller.jobs.resync import Resync
from qee.controller.jobs.wiring import Wiring
from qee.controller.kit.manager import Manager
from qee.controller.policies import Policies
from qee.controller.settings import Settings
from qee.core.times import utc_now
from qee.kube.port import Port
from qee.kube.resources import JOBS
from qee.observe.metrics import Metrics
from qee.signing.libraries import Suite


class Operator:
    """The manager with its controllers, before it runs."""

    def __init__(
        self,
        port: Port,
        settings: Settings,
        metrics: Metrics,
        suite: Suite,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        period = settings.resync_seconds
        namespaces: list[str | None] = [*settings.namespaces] or [None]
        self.reconciler = Wiring(port, settings, metrics, suite, clock)
        self.resync = Resync(port, self._knows_job, settings, metrics, self.reconciler.status, clock)
        self.jobs = Jobs(self.reconciler, self.resync, self.reconciler.ledger, settings, metrics, clock)
        self.policies = Policies(port, period, clock)
        self.backends = Backends(port, namespaces, period, self.reconciler.backends)
        reservations = Reservations(port, self.reconciler.budgets, namespaces, period)
        self.manager = Manager((self.jobs, self.policies, self.backends, reservations), metrics)

    def _knows_job(self, uid: str) -> bool:
        return self.manager.watches.knows(JOBS, uid)

    async def run(self) -> None:
        """Until the manager is stopped."""
        try:
            await self.manager.run()
        finally:
            await self.reconciler.worker.close()
