"""The webhook's Prometheus metrics. Never a job's name or a user's as a label (unbounded cardinality)."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from qee import __version__

# The API server waits 5 s; an answer is to take 5 ms.
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)


class Metrics:
    """One instance per process; tests make their own with a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.reviews = Counter(
            "qee_admission_reviews_total",
            "AdmissionReviews answered, by what came of them.",
            ["operation", "allowed", "reason"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "qee_admission_duration_seconds",
            "Time from a whole AdmissionReview to its answer.",
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.broken_glass = Counter(
            "qee_admission_break_glass_total",
            "Jobs admitted by a key for emergencies; dry runs apart.",
            registry=self.registry,
        )
        self.malformed = Counter(
            "qee_admission_malformed_total", "Requests that were no AdmissionReview.", registry=self.registry
        )
        self.synced = Gauge("qee_admission_synced", "1 while policies and backends are known.", registry=self.registry)
        self.certificate_expires = Gauge(
            "qee_admission_certificate_expires_seconds",
            "When the served certificate runs out, in seconds since 1970.",
            registry=self.registry,
        )
        self.handshakes = Counter(
            "qee_admission_tls_handshakes_total",
            "TLS handshakes by the group of their key exchange; counted at log level debug only.",
            ["group"],
            registry=self.registry,
        )
        info = Gauge("qee_build_info", "Version of this process; always 1.", ["version"], registry=self.registry)
        info.labels(__version__).set(1)
