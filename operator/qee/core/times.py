"""Kubernetes timestamps: RFC 3339 in UTC with whole seconds (metav1.Time)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def parse(text: str | None) -> datetime | None:
    """`2026-01-02T03:04:05Z` as an aware datetime; None stays None."""
    return datetime.fromisoformat(text) if text else None


def later(moment: datetime, seconds: float) -> datetime:
    return moment + timedelta(seconds=seconds)


def render(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def until(moment: datetime, now: datetime) -> float:
    """Seconds after which `moment` is past: stamps have whole seconds."""
    return (moment - now).total_seconds() + 0.5


def age(since: datetime | None, now: datetime) -> float:
    """Seconds since then; 0 where it is not known."""
    return (now - since).total_seconds() if since else 0.0


def utc_now() -> datetime:
    return datetime.now(UTC)
