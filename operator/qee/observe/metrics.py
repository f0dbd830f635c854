"""The operator's Prometheus metrics. Base units, and never a job's name or UID as a label (unbounded cardinality)."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from qee import __version__

# From a laptop's Bell job to a day in a queue.
JOB_BUCKETS = (0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)


class _JobsByPhase(Collector):
    """Counted from what the watch last said of each job, at the time of the scrape."""

    def __init__(self) -> None:
        self.phase_of: dict[str, str] = {}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("qee_jobs", "QuantumJobs that exist, by phase.", labels=["phase"])
        for phase, count in sorted(Tally(self.phase_of.values()).items()):
            family.add_metric([phase], count)
        yield family


class Metrics:
    """One instance per process; tests make their own with a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._jobs = _JobsByPhase()
        self.registry.register(self._jobs)
        self.finished = Counter(
            "qee_jobs_finished_total", "QuantumJobs that ended.", ["phase", "reason"], registry=self.registry
        )
        self.second_provider_jobs = Counter(
            "qee_second_provider_jobs_total",
            "Provider jobs beyond the first of one submission, found and asked to end.",
            registry=self.registry,
        )
        self.cancel_unconfirmed = Counter(
            "qee_cancel_unconfirmed_total",
            "QuantumTasks that were let go before the provider had confirmed their end.",
            registry=self.registry,
        )
        self.end_to_end = Histogram(
            "qee_job_end_to_end_seconds",
            "From a QuantumJob's creation to its end.",
            ["phase"],
            buckets=JOB_BUCKETS,
            registry=self.registry,
        )
        self.reconcile_seconds = Histogram(
            "qee_reconcile_duration_seconds", "Time of one reconcile.", registry=self.registry
        )
        self.reconcile_errors = Counter(
            "qee_reconcile_errors_total", "Reconciles that failed and were repeated.", ["error"], registry=self.registry
        )
        self.queue_depth = Gauge("qee_workqueue_depth", "Keys that wait for a worker.", registry=self.registry)
        self.queue_seconds = Histogram(
            "qee_workqueue_queue_duration_seconds", "Time a key waited for a worker.", registry=self.registry
        )
        self.watch_age = Gauge(
            "qee_watch_age_seconds", "Time since the last watch event, by kind.", ["kind"], registry=self.registry
        )
        self.resync_age = Gauge("qee_resync_age_seconds", "Time since the last full resync.", registry=self.registry)
        self.leader = Gauge("qee_leader", "1 while this process holds the Lease.", registry=self.registry)
        info = Gauge("qee_build_info", "Version of this process; always 1.", ["version"], registry=self.registry)
        info.labels(__version__).set(1)

    def job_seen(self, uid: str, phase: str) -> None:
        self._jobs.phase_of[uid] = phase

    def job_gone(self, uid: str) -> None:
        self._jobs.phase_of.pop(uid, None)

    def only_jobs(self, uids: Iterable[str]) -> None:
        """Forget jobs that a resync did not find."""
        keep = set(uids)
        for uid in self._jobs.phase_of.keys() - keep:
            del self._jobs.phase_of[uid]
