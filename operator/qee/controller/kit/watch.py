"""From watch events to keys. Events that change nothing a controller looks at are dropped here; most are of that kind.

Losing this memory, or an event, costs time and nothing else: a resync looks at everything.
"""

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from qee.controller.kit.controller import Watch
from qee.kube.port import DELETED, Object, Resource
from qee.kube.store import Store

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
        if kind == DELETED:
            self.seen.pop(uid, None)
        else:
            before, matters = self.seen.get(uid), self.watch.matters(obj)
            self.seen[uid] = matters
            if before == matters:
                return
        for key in self.watch.keys(obj):
            self.add(key)


class Watches:
    """What all controllers want to hear of, and what is known of it. `last_event` is the monotonic time of each kind's
    last event.

    `stores` are those from which anybody reads; of other resources the versions are kept.
    """

    def __init__(self, stores: Mapping[Resource, Store[Any]]) -> None:
        self._stores = stores
        self._ears: dict[Resource, list[_Ear]] = {}
        self.last_event: dict[str, float] = {}
        self._answered: set[str] = set()
        """UIDs of objects of which no watch has told yet, only the answer to a request of our own."""

    def add(self, watch: Watch, add: Callable[[Any], None]) -> None:
        self._ears.setdefault(watch.resource, []).append(_Ear(watch, add))

    @property
    def labels(self) -> Mapping[Resource, str]:
        """What to watch, each with the label that its objects have to bear, if all who hear of it ask for the same."""
        asked = {resource: {ear.watch.labels for ear in ears} for resource, ears in self._ears.items()}
        return {resource: labels.pop() if len(labels) == 1 else "" for resource, labels in asked.items()}

    def tell(self, resource: Resource, event: Event) -> None:
        """An event of a watch: its type (None: told as the watch began) and the object."""
        self.last_event[resource.kind] = time.monotonic()
        self._answered.discard(event["object"]["metadata"]["uid"])
        self._hear(resource, str(event["type"]), event["object"])

    def answered(self, resource: Resource, obj: Object) -> None:
        """A request of our own was answered with this object: no watch needs to tell of it."""
        store = self._stores.get(resource)
        if store is not None and store.believes(obj):
            uid = obj["metadata"]["uid"]
            if not any(uid in ear.seen for ear in self._ears.get(resource, ())):
                self._answered.add(uid)
            self._hear(resource, "MODIFIED", obj)

    def forget(self, resource: Resource, key: str) -> None:
        """What is known of this object is not what the server has."""
        if resource in self._stores:
            self._stores[resource].forget(key)

    def _hear(self, resource: Resource, kind: str, obj: Object) -> None:
        store = self._stores.get(resource)
        if store is None or store.tell(kind, obj):
            for ear in self._ears.get(resource, ()):
                ear.tell(kind, obj)

    def knows(self, resource: Resource, uid: str) -> bool:
        """Whether a watch has told of this object."""
        return uid not in self._answered and any(uid in ear.seen for ear in self._ears[resource])

    @property
    def gone(self) -> int:
        """Objects that are not kept any more, since `shrink`."""
        return sum(store.gone for store in self._stores.values())

    def shrink(self) -> None:
        """Make room where many have gone."""
        for store in self._stores.values():
            store.shrink()
        for ear in (each for ears in self._ears.values() for each in ears):
            ear.seen = dict(ear.seen)

    def prune(self) -> None:
        """Forget what the stores do not know any more."""
        for resource, store in self._stores.items():
            there = store.uids()
            for ear in self._ears.get(resource, ()):
                for uid in [uid for uid in ear.seen if uid not in there]:
                    del ear.seen[uid]
                    self._answered.discard(uid)
