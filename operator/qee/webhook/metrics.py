"""The webhook's Prometheus metrics. Never a job's name or a user's as a label (unbounded cardinality)."""

from prometheus_client import CollectorRegistry

from qee.observe.registry import ProcessMetrics

# The API server waits 5 s; an answer is to take 5 ms.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)


class Metrics(ProcessMetrics):
    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        super().__init__(registry)
        self.reviews = self._counter(
            "qee_admission_reviews_total",
            "AdmissionReviews answered, by what came of them.",
            "operation",
            "allowed",
            "reason",
        )
        self.seconds = self._histogram(
            "qee_admission_duration_seconds", "Time from a whole AdmissionReview to its answer.", buckets=BUCKETS
        )
        self.broken_glass = self._counter(
            "qee_admission_break_glass_total", "Jobs admitted by a key for emergencies; dry runs apart."
        )
        self.malformed = self._counter("qee_admission_malformed_total", "Requests that were no AdmissionReview.")
        self.synced = self._gauge("qee_admission_synced", "1 while policies and backends are known.")
        self.certificate_expires = self._gauge(
            "qee_admission_certificate_expires_seconds", "When the served certificate runs out, in seconds since 1970."
        )
        self.handshakes = self._counter(
            "qee_admission_tls_handshakes_total",
            "TLS handshakes by the group of their key exchange; counted at log level debug only.",
            "group",
        )
