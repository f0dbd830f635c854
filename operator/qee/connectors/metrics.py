"""A connector's Prometheus metrics. Never a job's name or a handle as a label (unbounded cardinality)."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from qee import __version__


class Metrics:
    """One instance per process; tests make their own with a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.calls = Counter(
            "qee_provider_calls_total",
            "Calls of the vendor's SDK, by what came of them.",
            ["call", "outcome"],
            registry=self.registry,
        )
        self.tasks = Gauge(
            "qee_connector_tasks", "QuantumTasks that have not ended.", ["backend"], registry=self.registry
        )
        self.leader = Gauge("qee_leader", "1 while this process holds the Lease.", registry=self.registry)
        info = Gauge("qee_build_info", "Version of this process; always 1.", ["version"], registry=self.registry)
        info.labels(__version__).set(1)
