"""Status of any kind: one patch with the resourceVersion that was decided on, and only of what differs; then Events."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from qee.core import times
from qee.kube.port import Object, Port, Resource
from qee.observe import events


class Statuses:
    """Writes the status of whatever has one."""

    def __init__(self, port: Port) -> None:
        self._port = port

    async def write_status(
        self, resource: Resource, live: Mapping[str, Any], wanted: Mapping[str, Any], told: Sequence[Object] = ()
    ) -> frozenset[str]:
        """Bring these fields of the status of `live` to what is wanted (None removes one), then send the Events.

        Returns the fields that were written; none, and no Event, where all is as wanted. Raises `Conflict` where the
        object has changed since it was read: the caller decides anew.
        """
        meta, found = live["metadata"], live.get("status") or {}
        changed = {field: value for field, value in wanted.items() if found.get(field) != value}
        if not changed:
            return frozenset()
        patch = {"metadata": {"resourceVersion": meta["resourceVersion"], "uid": meta["uid"]}, "status": changed}
        await self._port.patch_status(resource, meta.get("namespace"), meta["name"], patch)
        for event in told:
            await events.send(self._port, event)
        return frozenset(changed)


def condition(live: Mapping[str, Any], kind: str, holds: bool, reason: str, message: str, now: datetime) -> Object:
    """A condition of this type for the status of `live`. Its lastTransitionTime moves only with its status."""
    status = "True" if holds else "False"
    conditions = (live.get("status") or {}).get("conditions") or []
    before: Mapping[str, Any] = next((each for each in conditions if each.get("type") == kind), {})
    since = before.get("lastTransitionTime") if before.get("status") == status else None
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message[:1024],
        "lastTransitionTime": since or times.render(now),
        "observedGeneration": live["metadata"].get("generation", 0),
    }
