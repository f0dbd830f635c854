"""What is known of the objects of one resource: as a watch last told, or as requests of our own were answered.

A version never goes back: an answer that arrives late does not undo what a watch has told meanwhile, nor bring an
object back that was deleted.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Generic, TypeVar

from qee.kube.port import Object

Item = TypeVar("Item")
DELETED = "DELETED"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def key_of(obj: Object) -> str:
    """`namespace/name`, of a cluster-scoped object its name."""
    meta = obj["metadata"]
    return name_of(meta.get("namespace"), meta["name"])


def name_of(namespace: str | None, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


def version_of(obj: Object) -> int:
    """resourceVersions of one resource are numbers that grow (KEP-5504). 0: the object bears none."""
    return int(obj["metadata"].get("resourceVersion") or 0)


def lean(obj: Object) -> Object:
    """The object without what nobody reads and may be half of it. It shares its parts with `obj`."""
    meta = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    if LAST_APPLIED in (meta.get("annotations") or {}):
        meta["annotations"] = {name: text for name, text in meta["annotations"].items() if name != LAST_APPLIED}
    return {**obj, "metadata": meta}


class Store(Generic[Item]):
    """`items` by key, each as `keep` made it of the object; None: it is known by its version alone.

    `groups` are those of an object by which it is asked for besides, such as the UID of what it belongs to.
    """

    def __init__(
        self,
        keep: Callable[[Object], Item | None],
        groups: Callable[[Object], Iterable[str]] = lambda obj: (),
    ) -> None:
        self._keep = keep
        self._groups_of = groups
        self.items: dict[str, Item] = {}
        self._known: dict[str, tuple[int, str, tuple[str, ...]]] = {}  # version, UID, groups
        self._members: dict[str, set[str]] = {}
        self._deleted = 0  # the highest version of an object that was deleted

    def tell(self, kind: str, obj: Object) -> bool:
        """An event of a watch. Whether it is news: neither older than what is known, nor the same."""
        key, version = key_of(obj), version_of(obj)
        known, uid, _ = self._known.get(key, (0, "", ()))
        if kind == DELETED:
            self._deleted = max(self._deleted, version)
            if uid == obj["metadata"].get("uid"):
                self.forget(key)
            return True
        if version and version <= known:
            return False
        self._put(key, version, obj)
        return True

    def answered(self, obj: Object) -> None:
        """The answer to a request of our own. Of an object that may have been deleted since it is no proof."""
        if key_of(obj) in self._known or version_of(obj) > self._deleted:
            self.tell("MODIFIED", obj)

    def forget(self, key: str) -> None:
        """As if nothing had been told of it."""
        self.items.pop(key, None)
        for group in self._known.pop(key, (0, "", ()))[2]:
            self._members[group].discard(key)
            if not self._members[group]:
                del self._members[group]

    def release(self, keys: Iterable[str]) -> None:
        """Keep of these no more than their version."""
        for key in list(keys):
            self.items.pop(key, None)

    def others(self, keys: Collection[str]) -> list[str]:
        """The keys that are known beyond these."""
        return [key for key in self._known if key not in keys]

    def group(self, name: str) -> list[Item]:
        """Those of a group that are kept, by their keys' order."""
        return [self.items[key] for key in sorted(self._members.get(name, ())) if key in self.items]

    def members(self, name: str) -> Collection[str]:
        """Their keys, kept or not."""
        return self._members.get(name, frozenset())

    def versions(self) -> Mapping[str, int]:
        """By key."""
        return {key: known[0] for key, known in self._known.items()}

    def _put(self, key: str, version: int, obj: Object) -> None:
        item = self._keep(obj)  # first: what cannot be read leaves all as it was
        self.forget(key)
        groups = tuple(self._groups_of(obj))
        self._known[key] = version, str(obj["metadata"].get("uid")), groups
        for group in groups:
            self._members.setdefault(group, set()).add(key)
        if item is not None:
            self.items[key] = item


def nothing(obj: Object) -> Any:
    """Keeps no more than the version."""
    return None
