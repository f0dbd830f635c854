"""The operator put together: each collaborator is made here, once, and handed to those who need it."""

from qee.controller.backends import Backends
from qee.controller.budgets import Reservations
from qee.controller.jobs.controller import Jobs
from qee.controller.jobs.kept import Kept, Known
from qee.controller.jobs.reads import Live
from qee.controller.jobs.resync import Resync
from qee.controller.jobs.wiring import Wiring
from qee.controller.kit.manager import Manager
from qee.controller.kit.watch import Watches
from qee.controller.policies import Policies
from qee.controller.settings import Settings
from qee.core import times
from qee.kube.noted import NotedPort
from qee.kube.port import Port
from qee.observe.metrics import Metrics
from qee.signing.libraries import Suite


class Operator:
    """The manager with its controllers, before it runs."""

    def __init__(
        self, port: Port, settings: Settings, metrics: Metrics, suite: Suite, clock: times.Clock = times.utc_now
    ) -> None:
        period, namespaces = settings.resync_seconds, settings.scopes
        kept = Kept(settings.patience.linger + 1.0, clock)  # after the look at what lingers
        watches = Watches(kept.stores)
        noted = NotedPort(port, watches)
        step = self.reconciler = Wiring(noted, settings, metrics, suite, clock, Known(kept, Live(noted)))
        self.resync = Resync(noted, kept, watches, settings, metrics, step.status, step.memory, clock)
        self.jobs = Jobs(step, self.resync, kept, settings, metrics, clock)
        self.policies = Policies(noted, period, clock)
        self.backends = Backends(noted, namespaces, period, step.backends)
        reservations = Reservations(noted, step.budgets, namespaces, period)
        self.manager = Manager((self.jobs, self.policies, self.backends, reservations), metrics, watches)

    async def run(self) -> None:
        """Until the manager is stopped."""
        try:
            await self.manager.run()
        finally:
            await self.reconciler.worker.close()
