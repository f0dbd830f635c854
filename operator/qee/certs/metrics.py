"""The certs process's Prometheus metrics."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from qee import __version__


class Metrics:
    """One instance per process; tests make their own with a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._expires = Gauge(
            "qee_certificate_expires_seconds",
            "When the webhook's authority and certificate run out, in seconds since 1970.",
            ["certificate"],
            registry=self.registry,
        )
        self.failures = Counter(
            "qee_certs_failures_total", "Rounds that failed and were repeated.", ["part"], registry=self.registry
        )
        info = Gauge("qee_build_info", "Version of this process; always 1.", ["version"], registry=self.registry)
        info.labels(__version__).set(1)

    def tell(self, authority: datetime | None, leaf: datetime | None) -> None:
        for name, end in (("authority", authority), ("leaf", leaf)):
            if end is not None:
                self._expires.labels(name).set(end.timestamp())
