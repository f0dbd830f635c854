"""The certs process's Prometheus metrics."""

from datetime import datetime

from prometheus_client import CollectorRegistry

from qee.observe.registry import ProcessMetrics


class Metrics(ProcessMetrics):
    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        super().__init__(registry)
        self._expires = self._gauge(
            "qee_certificate_expires_seconds",
            "When the webhook's authority and certificate run out, in seconds since 1970.",
            "certificate",
        )
        self.failures = self._counter("qee_certs_failures_total", "Rounds that failed and were repeated.", "part")

    def tell(self, authority: datetime | None, leaf: datetime | None) -> None:
        for name, end in (("authority", authority), ("leaf", leaf)):
            if end is not None:
                self._expires.labels(name).set(end.timestamp())
