"""The operator's controllers as tests drive them: an event at a time, a pass at a time."""

import copy
from collections.abc import Callable
from datetime import datetime

from tests.cluster_simulation import Simulation, suite
from tests.fakes.port import FakeApiServer

from qee.controller.jobs.resync import Resync
from qee.controller.kit.manager import Manager
from qee.controller.kit.queue import WorkQueue
from qee.controller.policies import Policies
from qee.controller.wiring import Operator
from qee.kube.port import Object, Resource
from qee.kube.resources import BACKENDS, CHILDREN, JOBS, PODS, TASKS, TRUST_POLICIES


class Intake:
    """An event of each kind, as Kopf hands it on: whatever has changed has another version."""

    def __init__(self, manager: Manager, api: FakeApiServer) -> None:
        self._manager = manager
        self._api = api
        self._told: dict[str, Object] = {}
        self.job = self._teller(JOBS)
        self.child = self._teller(CHILDREN)
        self.pod = self._teller(PODS)
        self.task = self._teller(TASKS)
        self.policy = self._teller(TRUST_POLICIES)
        self.backend = self._teller(BACKENDS)

    def knows(self, uid: str) -> bool:
        return self._manager.watches.knows(JOBS, uid)

    def _teller(self, resource: Resource) -> Callable[[Object], None]:
        def tell(event: Object) -> None:
            obj = copy.deepcopy(event["object"])
            last = self._told.get(obj["metadata"]["uid"])
            self._told[obj["metadata"]["uid"]] = copy.deepcopy(obj)
            if last not in (None, obj):
                obj["metadata"]["resourceVersion"] = self._api._next_version()
            self._manager.watches.tell(resource, {"type": event["type"], "object": obj})

        return tell


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
        self.intake = Intake(self.manager, simulation.api)
        self.passes = Passes(self)
        self.queue: WorkQueue[tuple[str, str]] = self.manager.kinds["QuantumJob"].queue
        self.stop = self.manager.stop
        self.ailments = self.manager.ailments
