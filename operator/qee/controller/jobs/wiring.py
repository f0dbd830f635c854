"""What brings one job up to date, put together: each collaborator is made here, once."""

from qee.controller.backends import BackendsInUse
from qee.controller.budgets import Budgets
from qee.controller.jobs.alarms import Alarms
from qee.controller.jobs.attesting import ResultSigner
from qee.controller.jobs.driver import Attempts
from qee.controller.jobs.ledger import Ledger
from qee.controller.jobs.memory import Memory
from qee.controller.jobs.observe import Observer
from qee.controller.jobs.parts import PartStore
from qee.controller.jobs.reads import Live, Reads
from qee.controller.jobs.reconcile import Reconciler
from qee.controller.jobs.results import Collector
from qee.controller.jobs.stages.compile import CompileDriver
from qee.controller.jobs.stages.provider import ProviderDriver
from qee.controller.jobs.stages.shards import ShardsDriver
from qee.controller.jobs.stages.simulation import SimulationDriver
from qee.controller.jobs.start import Starter
from qee.controller.jobs.status import StatusWriter
from qee.controller.jobs.verification import Verifier
from qee.controller.settings import Settings
from qee.controller.worker import Worker
from qee.core import times
from qee.kube.port import Port
from qee.observe.metrics import Metrics
from qee.signing.libraries import Suite


class Wiring:
    """`reconcile` is one step of one job."""

    def __init__(
        self, port: Port, settings: Settings, metrics: Metrics, suite: Suite, clock: times.Clock, reads: Reads
    ) -> None:
        patience, namespace = settings.patience, settings.ledger_namespace
        self.worker = Worker()
        self.memory = Memory()
        self.backends = BackendsInUse(port)
        self.budgets = Budgets(port, clock)
        self.ledger = Ledger(port, namespace)
        self.status = StatusWriter(port, metrics)
        self.verifier = Verifier(port, settings, suite)
        signer = ResultSigner(settings.result_key, suite)
        alarms = Alarms(port, metrics, clock)
        collector = Collector(port, reads, signer, self.worker)
        starter = Starter(port, settings, self.worker, self.ledger, self.memory)
        parts = PartStore(port, signer, self.worker)
        compiles = CompileDriver(port, namespace, starter, collector, signer, self.backends, self.budgets, clock)
        provider = ProviderDriver(port, signer, collector, self.budgets, alarms, self.memory, patience, clock)
        # A job that is recorded to be at its provider is never taken for another one: its task is looked for first.
        self.attempts = Attempts(
            (compiles, provider),
            (ShardsDriver(port, signer, collector, parts, self.memory),),
            (SimulationDriver(starter, collector),),
        )
        observer = Observer(port, patience, self.verifier, self.attempts, self.memory, clock)
        live = Live(port)
        step = Reconciler(port, reads, live, patience, observer, self.attempts, self.status, self.memory)
        self.reconcile = step.reconcile
