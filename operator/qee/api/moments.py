"""Times that people sign or write in policies: RFC 3339 in UTC with whole seconds, in one spelling."""

import re
from datetime import UTC, datetime
from typing import Any

PATTERN = "^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"


def read(text: Any) -> datetime:
    """Raises ValueError for whatever is not a time in this spelling."""
    if isinstance(text, str) and re.fullmatch(PATTERN.strip("^$"), text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:  # of the pattern, but no day or hour
            pass
    raise ValueError("is not a time in UTC; write it like 2026-01-31T12:00:00Z")


def write(moment: datetime) -> str:
    """The spelling that `read` takes; parts of a second are dropped."""
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat() + "Z"
