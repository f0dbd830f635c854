"""When a finished job may be deleted: ttlSecondsAfterFinished after its completion (opt-in, as in batch/v1 Job).

A job that Git holds would be created again by Argo CD, and billed again; so there is no default.
"""

from datetime import datetime, timedelta


def expires_at(completed_at: datetime | None, ttl_seconds: int | None) -> datetime | None:
    if completed_at is None or ttl_seconds is None:
        return None
    return completed_at + timedelta(seconds=ttl_seconds)
