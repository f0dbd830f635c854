"""What is known of the objects of one resource: as a watch last told, or as requests of our own were answered.

A version never goes back: an answer that arrives late does not undo what a watch has told meanwhile, nor bring an
object back that was deleted.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Generic, TypeVar

from qee.kube.port import DELETED, Object

Item = TypeVar("Item")
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
        self.gone = 0
        """Items that are not kept any more, since `shrink`."""

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

    def believes(self, obj: Object) -> bool:
        """Whether the answer to a request of our own may be told as well: not of what may have been deleted since."""
        return key_of(obj) in self._known or version_of(obj) > self._deleted

    def forget(self, key: str) -> None:
        """As if nothing had been told of it."""
        self.release([key])
        for group in self._known.pop(key, (0, "", ()))[2]:
            self._members[group].discard(key)
            if not self._members[group]:
                del self._members[group]

    def release(self, keys: Iterable[str]) -> None:
        """Keep of these no more than their version."""
        for key in list(keys):
            self.gone += self.items.pop(key, None) is not None

    def shrink(self) -> None:
        """Dictionaries stay as large as they once were, unless they are made anew."""
        self.items, self._known, self._members = dict(self.items), dict(self._known), dict(self._members)
        self.gone = 0

    def __len__(self) -> int:
        """Those that are there, kept or not."""
        return len(self._known)

    def knows(self, key: str) -> bool:
        """Whether it is there, kept or not."""
        return key in self._known

    def others(self, keys: Collection[str]) -> list[str]:
        """The keys that are known beyond these."""
        return [key for key in self._known if key not in keys]

    def see(self, obj: Object) -> None:
        """A list shows the object, or its metadata. Of one that has changed unseen no more is known than that."""
        key, version = key_of(obj), version_of(obj)
        if version > self._known.get(key, (0, "", ()))[0]:
            self.forget(key)
            self._know(key, version - 1, obj)  # whoever reads it live, and the watch, bring news

    def only(self, keys: Collection[str], version: int) -> None:
        """Forget what a list of this version did not show: no watch tells of what was deleted while none was open."""
        for key in self.others(keys):
            if self._known[key][0] <= version:
                self.forget(key)

    def uids(self) -> set[str]:
        return {uid for _, uid, _ in self._known.values()}

    def group(self, name: str) -> list[Item]:
        """Those of a group that are kept, by their keys' order."""
        return [self.items[key] for key in sorted(self._members.get(name, ())) if key in self.items]

    def members(self, name: str) -> Collection[str]:
        """Their keys, kept or not."""
        return self._members.get(name, frozenset())

    def _put(self, key: str, version: int, obj: Object) -> None:
        item = self._keep(obj)  # first: what cannot be read leaves all as it was
        self.forget(key)
        self._know(key, version, obj)
        if item is not None:
            self.items[key] = item

    def _know(self, key: str, version: int, obj: Object) -> None:
        groups = tuple(self._groups_of(obj))
        self._known[key] = version, str(obj["metadata"].get("uid")), groups
        for group in groups:
            self._members.setdefault(group, set()).add(key)
