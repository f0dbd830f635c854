"""The operator's controllers as tests drive them: an event at a time, a pass at a time."""

from collections.abc import Callable
from datetime import datetime

from tests.cluster_simulation import Simulation, suite

from qee.controller.jobs.resync import Resync
from qee.controller.kit.manager import Manager
from qee.controller.kit.queue import WorkQueue
from qee.controller.policies import Policies
from qee.controller.wiring import Operator
from qee.kube.port import Object
from qee.kube.resources import BACKENDS, CHILDREN, JOBS, PODS, TASKS, TRUST_POLICIES


class Intake:
    """An event of each kind, as Kopf hands it on."""

    def __init__(self, manager: Manager) -> None:
        tell = manager.watches.tell
        self.job: Callable[[Object], None] = lambda event: tell(JOBS, event)
        self.child: Callable[[Object], None] = lambda event: tell(CHILDREN, event)
        self.pod: Callable[[Object], None] = lambda event: tell(PODS, event)
        self.task: Callable[[Object], None] = lambda event: tell(TASKS, event)
        self.policy: Callable[[Object], None] = lambda event: tell(TRUST_POLICIES, event)
        self.backend: Callable[[Object], None] = lambda event: tell(BACKENDS, event)
        self.knows: Callable[[str], bool] = lambda uid: manager.watches.knows(JOBS, uid)


class Passes:
    """What is done at the start and every ten minutes."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        (self._jobs, *_) = operator.manager.kinds["QuantumJob"].passes
        self.policies = Reporter(operator.policies)

    async def run(self) -> None:
        """All of it. Jobs stay on the queue; of the other kinds what was queued is handled."""
        for name, kind in self._operator.manager.kinds.items():
            for each in kind.passes:
                await each.once()
            while name != "QuantumJob" and len(kind.queue):
                item = await kind.queue.get()
                assert item is not None
                await kind.handle(*item)
                kind.queue.done(item[0])

    @property
    def _resync(self) -> Resync:
        return self._operator.resync

    @property
    def finished_at(self) -> float:
        return self._jobs.finished_at

    @finished_at.setter
    def finished_at(self, at: float) -> None:
        self._jobs.finished_at = at

    @property
    def _watching_since(self) -> float:
        return self._resync.watching_since

    @_watching_since.setter
    def _watching_since(self, at: float) -> None:
        self._resync.watching_since = at


class Reporter:
    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    async def report(self) -> None:
        await self._policies.reconcile((None, ""))


class Controller(Operator):
    """The operator of a simulation."""

    def __init__(self, simulation: Simulation, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(simulation.api, simulation.settings, simulation.metrics, suite(), clock or simulation.clock)
        self.intake = Intake(self.manager)
        self.passes = Passes(self)
        self.queue: WorkQueue[tuple[str, str]] = self.manager.kinds["QuantumJob"].queue
        self.stop = self.manager.stop
        self.ailments = self.manager.ailments
