"""What the API server's audit log says: who asked for what, and when a container's and a job's end was written."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

APART = frozenset({"events", "leases"})  # counted separately (DESIGN, figures)
READS = frozenset({"get", "list", "watch"})


@dataclass(frozen=True)
class Position:
    """Where the log ended at some moment: entries after it belong to what followed."""

    path: Path
    offset: int

    @classmethod
    def now(cls, path: Path) -> "Position":
        return cls(path, path.stat().st_size)

    def entries(self) -> Iterator[dict[str, Any]]:
        with self.path.open("rb") as log:
            log.seek(self.offset)
            for line in log:
                if line.endswith(b"\n"):
                    yield json.loads(line)


def stamp(entry: dict[str, Any]) -> datetime:
    """When the server had answered."""
    return datetime.fromisoformat(entry["stageTimestamp"])


def by_operator(entry: dict[str, Any]) -> bool:
    return str(entry.get("userAgent", "")).startswith("qee-operator/")


def writes(entries: Iterable[dict[str, Any]], *, operator: bool = True) -> list[str]:
    """`verb resource/subresource` of each successful object write; Events and Leases apart."""
    found = []
    for entry in entries:
        reference = entry.get("objectRef") or {}
        wrote = entry["verb"] not in READS and (entry.get("responseStatus") or {}).get("code", 500) < 400
        if wrote and reference.get("resource") not in APART and by_operator(entry) == operator:
            found.append(_what(entry))
    return found


def requests(entries: Iterable[dict[str, Any]]) -> Counter[str]:
    """`verb resource/subresource` of each request of the operator, refused ones too; Leases and watches apart.

    The log has two entries for an answer that is streamed, as a pod's log is.
    """
    found: Counter[str] = Counter()
    for entry in entries:
        apart = entry["verb"] == "watch" or (entry.get("objectRef") or {}).get("resource") == "leases"
        if by_operator(entry) and entry["stage"] != "ResponseStarted" and not apart:
            found[_what(entry)] += 1
    return found


def _what(entry: dict[str, Any]) -> str:
    reference = entry.get("objectRef") or {}
    sub = f"/{reference['subresource']}" if reference.get("subresource") else ""
    return f"{entry['verb']} {reference.get('resource') or entry.get('requestURI')}{sub}"


def container_ends(entries: Iterable[dict[str, Any]]) -> dict[str, datetime]:
    """Pod name -> when the kubelet's patch that first shows its runner terminated was answered."""
    ends: dict[str, datetime] = {}
    for entry in entries:
        reference = entry.get("objectRef") or {}
        if reference.get("resource") != "pods" or reference.get("subresource") != "status":
            continue
        statuses = ((entry.get("requestObject") or {}).get("status") or {}).get("containerStatuses") or []
        if any("terminated" in (status.get("state") or {}) for status in statuses):
            ends.setdefault(reference["name"], stamp(entry))
    return ends


def job_ends(entries: Iterable[dict[str, Any]]) -> dict[str, datetime]:
    """QuantumJob name -> when the status patch that made it Finished was answered."""
    ends: dict[str, datetime] = {}
    for entry in entries:
        reference = entry.get("objectRef") or {}
        if reference.get("resource") != "quantumjobs" or reference.get("subresource") != "status":
            continue
        conditions = ((entry.get("requestObject") or {}).get("status") or {}).get("conditions") or []
        if any(c.get("type") == "Finished" and c.get("status") == "True" for c in conditions):
            ends.setdefault(reference["name"], stamp(entry))
    return ends
