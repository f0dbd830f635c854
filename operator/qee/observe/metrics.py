"""The operator's Prometheus metrics. Base units, and never a job's name or UID as a label (unbounded cardinality)."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from qee.observe.registry import ProcessMetrics

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


class Metrics(ProcessMetrics):
    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        super().__init__(registry)
        self._jobs = _JobsByPhase()
        self.registry.register(self._jobs)
        self.finished = self._counter("qee_jobs_finished_total", "QuantumJobs that ended.", "phase", "reason")
        self.second_provider_jobs = self._counter(
            "qee_second_provider_jobs_total",
            "Provider jobs beyond the first of one submission, found and asked to end.",
        )
        self.cancel_unconfirmed = self._counter(
            "qee_cancel_unconfirmed_total",
            "QuantumTasks that were let go before the provider had confirmed their end.",
        )
        self.end_to_end = self._histogram(
            "qee_job_end_to_end_seconds", "From a QuantumJob's creation to its end.", "phase", buckets=JOB_BUCKETS
        )
        self.reconcile_seconds = self._histogram("qee_reconcile_duration_seconds", "Time of one reconcile.")
        self.reconcile_errors = self._counter(
            "qee_reconcile_errors_total", "Reconciles that failed and were repeated.", "error"
        )
        self.queue_depth = self._gauge("qee_workqueue_depth", "Keys that wait for a worker.")
        self.queue_seconds = self._histogram("qee_workqueue_queue_duration_seconds", "Time a key waited for a worker.")
        self.watch_age = self._gauge("qee_watch_age_seconds", "Time since the last watch event, by kind.", "kind")
        self.resync_age = self._gauge("qee_resync_age_seconds", "Time since the last full resync.")
        self.leader = self._gauge("qee_leader", "1 while this process holds the Lease.")

    def job_seen(self, uid: str, phase: str) -> None:
        self._jobs.phase_of[uid] = phase

    def job_gone(self, uid: str) -> None:
        self._jobs.phase_of.pop(uid, None)

    def only_jobs(self, uids: Iterable[str]) -> None:
        """Forget jobs that a resync did not find."""
        keep = set(uids)
        for uid in self._jobs.phase_of.keys() - keep:
            del self._jobs.phase_of[uid]
