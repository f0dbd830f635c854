"""From watch events to keys. Events that change nothing a controller looks at are dropped here; most are of that kind.

Losing this memory, or an event, costs time and nothing else: a resync looks at everything.
"""

import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qee.controller.kit.controller import Watch
from qee.kube.port import Object, Resource

Event = Mapping[str, Any]


@dataclass
class _Ear:
    """One controller's watch: `seen` holds, by UID, what mattered of each object when it was last told of."""

    watch: Watch
    add: Callable[[Any], None]
    seen: dict[str, Hashable] = field(default_factory=dict)

    def tell(self, kind: str, obj: Object) -> None:
        if self.watch.told is not None:
            self.watch.told(kind, obj)
        uid = obj["metadata"]["uid"]
        if kind == "DELETED":
            self.seen.pop(uid, None)
        else:
            before, matters = self.seen.get(uid), self.watch.matters(obj)
            self.seen[uid] = matters
            if before == matters:
                return
        for key in self.watch.keys(obj):
            self.add(key)


class Watches:
    """What all controllers want to hear of. `last_event` is the monotonic time of each kind's last event."""

    def __init__(self) -> None:
        self._ears: dict[Resource, list[_Ear]] = {}
        self.last_event: dict[str, float] = {}

    def add(self, watch: Watch, add: Callable[[Any], None]) -> None:
        self._ears.setdefault(watch.resource, []).append(_Ear(watch, add))

    @property
    def labels(self) -> Mapping[Resource, str]:
        """What to watch, each with the label that its objects bear, if any."""
        return {resource: ears[0].watch.labels for resource, ears in self._ears.items()}

    def tell(self, resource: Resource, event: Event) -> None:
        """An event of a watch: its type (None: told as the watch began) and the object."""
        self.last_event[resource.kind] = time.monotonic()
        for ear in self._ears[resource]:
            ear.tell(event["type"], event["object"])

    def knows(self, resource: Resource, uid: str) -> bool:
        """Whether a watch has told of this object."""
        return any(uid in ear.seen for ear in self._ears[resource])

    def only(self, resource: Resource, uids: Iterable[str]) -> None:
        """Forget what is not there any more: no watch tells of what was deleted while it was interrupted."""
        keep = set(uids)
        for ear in self._ears[resource]:
            for uid in ear.seen.keys() - keep:
                del ear.seen[uid]
