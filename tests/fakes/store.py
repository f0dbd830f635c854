"""What the fake API server keeps: objects with their versions, and the watches that are told of every change."""

import asyncio
import copy
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from tests import signed
from tests.fakes import schema
from tests.fakes.selectors import selects

from qee.kube.port import AlreadyExists, NotFound, Object, Resource
from qee.kube.resources import NAMESPACES

Key = tuple[str, str, str]  # plural, namespace ("" for cluster scope), name
Listener = Callable[[str, str, Object], None]  # of an event, a plural and an object
Events = asyncio.Queue[tuple[str, Object] | None]


class Store:
    """Objects by (plural, namespace, name). Tests look at `objects`, and change them by `put` and `remove` only.

    admission: called with (verb, resource, object) on create and update; may change the object, or raise.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.objects: dict[Key, Object] = {}
        self.admission: list[Callable[[str, Resource, Object], Any]] = []
        self._now = now
        self._version = 0
        self._watches: list[tuple[str, str | None, str | None, Events]] = []
        self._history: list[tuple[str, str, Object]] = []  # one event for each version
        self._listener: Listener = lambda kind, plural, obj: None
        self.add_namespace("default")
        self.add_namespace("kube-system", uid=signed.CLUSTER)

    def add_namespace(self, name: str, labels: dict[str, str] | None = None, uid: str | None = None) -> Object:
        meta = {"name": name, "labels": {"kubernetes.io/metadata.name": name, **(labels or {})}}
        meta |= {"uid": uid} if uid else {}
        return self.put(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})

    def find(self, resource: Resource, namespace: str | None, name: str) -> Object | None:
        """A copy of what is stored, or None."""
        return copy.deepcopy(self.objects.get(key_of(resource, namespace, name)))

    def all(self, resource: Resource, namespace: str | None = None, labels: str = "") -> list[Object]:
        return copy.deepcopy(self._selected(resource, namespace, labels))

    def put(self, resource: Resource, obj: Object) -> Object:
        """Store the object whole, status included, without validation and admission. Returns what is stored.

        A new object may bring its UID; one that replaces another keeps that one's.
        """
        obj = copy.deepcopy(obj)
        meta = obj["metadata"]
        if resource.namespaced:
            meta.setdefault("namespace", "default")
        key = key_of(resource, meta.get("namespace"), meta["name"])
        live = self.objects.get(key)
        if live is None:
            status = obj.get("status")
            schema.defaulted(resource, obj)
            return self._insert(resource, obj if status is None else {**obj, "status": status}, meta.get("uid"))
        for field in ("uid", "creationTimestamp", "generation", "resourceVersion"):
            if field in live["metadata"]:
                meta[field] = live["metadata"][field]
        return self._store(resource, live, obj)

    def remove(self, resource: Resource, namespace: str | None, name: str) -> None:
        """Delete without preconditions. With finalizers only deletionTimestamp is set; dependents stay (see below)."""
        key = key_of(resource, namespace, name)
        live = self._stored(resource, namespace, name)
        if live["metadata"].get("finalizers"):
            if "deletionTimestamp" not in live["metadata"]:
                marked = copy.deepcopy(live)
                marked["metadata"] |= {"deletionTimestamp": self._stamp(), "deletionGracePeriodSeconds": 0}
                self._store(resource, live, marked)
            return
        gone = self.objects.pop(key)
        gone["metadata"]["resourceVersion"] = self._next_version()
        self._tell("DELETED", resource, gone)

    def collect_garbage(self) -> Sequence[Key]:
        """Delete whatever has owners and no living one, until nothing is left to delete; the keys that went."""
        collected: list[Key] = []
        while True:
            living = {obj["metadata"]["uid"] for obj in self.objects.values()}
            orphans = [
                key
                for key, obj in self.objects.items()
                if (owners := obj["metadata"].get("ownerReferences")) and not any(o["uid"] in living for o in owners)
                if "deletionTimestamp" not in obj["metadata"]
            ]
            if not orphans:
                return collected
            for plural, namespace, name in orphans:
                self.remove(Resource("", "", plural, "", bool(namespace)), namespace or None, name)
            collected += orphans

    def tell_all(self, listener: Listener) -> None:
        """`listener` is told of what is there, and from now on of every change at once, in place of a former one."""
        self._listener = listener
        for (plural, _, _), obj in sorted(self.objects.items()):
            listener("ADDED", plural, copy.deepcopy(obj))

    def end_watches(self) -> None:
        """Every open watch ends, as at a restart of the server; events until the next one are lost."""
        for *_, queue in self._watches:
            queue.put_nowait(None)

    def _stored(self, resource: Resource, namespace: str | None, name: str) -> Object:
        try:
            return self.objects[key_of(resource, namespace, name)]
        except KeyError:
            plural = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
            raise NotFound(404, "NotFound", f'{plural} "{name}" not found') from None

    def _selected(self, resource: Resource, namespace: str | None, labels: str) -> list[Object]:
        return [
            obj
            for (plural, where, _), obj in sorted(self.objects.items())
            if plural == resource.plural and namespace in (None, where or None)
            if selects(labels, obj["metadata"].get("labels") or {})
        ]

    def _create(self, resource: Resource, namespace: str | None, obj: Object) -> Object:
        meta = obj["metadata"]
        if resource.namespaced:
            meta["namespace"] = namespace
        if key_of(resource, namespace, meta["name"]) in self.objects:
            plural = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
            raise AlreadyExists(409, "AlreadyExists", f'{plural} "{meta["name"]}" already exists')
        if resource.plural in schema.WITH_STATUS:
            obj.pop("status", None)
        schema.defaulted(resource, obj)
        self._admit("create", resource, obj)
        schema.validate(resource, obj)
        return self._insert(resource, obj)

    def _insert(self, resource: Resource, obj: Object, uid: str | None = None) -> Object:
        meta = obj["metadata"]
        meta |= {"uid": uid or str(uuid.uuid4()), "creationTimestamp": self._stamp()}
        if "spec" in obj:
            meta["generation"] = 1
        meta["resourceVersion"] = self._next_version()
        self.objects[key_of(resource, meta.get("namespace"), meta["name"])] = obj
        self._tell("ADDED", resource, obj)
        return copy.deepcopy(obj)

    def _admit(self, verb: str, resource: Resource, obj: Object) -> None:
        for hook in list(self.admission):
            hook(verb, resource, obj)

    def _store(self, resource: Resource, live: Object, obj: Object) -> Object:
        """Replace `live`; nothing happens where nothing changed. The last finalizer of a deleted object deletes it."""
        if obj == live:
            return copy.deepcopy(live)
        meta = obj["metadata"] = dict(obj["metadata"])
        if "generation" in live["metadata"] and _content(obj) != _content(live):
            meta["generation"] = live["metadata"]["generation"] + 1
        meta["resourceVersion"] = self._next_version()
        key = key_of(resource, meta.get("namespace"), meta["name"])
        self.objects[key] = copy.deepcopy(obj)
        if meta.get("deletionTimestamp") and not meta.get("finalizers"):
            del self.objects[key]
            self._tell("DELETED", resource, obj)
        else:
            self._tell("MODIFIED", resource, obj)
        return copy.deepcopy(obj)

    def _tell(self, kind: str, resource: Resource, obj: Object) -> None:
        meta = obj["metadata"]
        self._history.append((kind, resource.plural, copy.deepcopy(obj)))
        self._listener(kind, resource.plural, copy.deepcopy(obj))
        for plural, namespace, name, queue in self._watches:
            here = plural == resource.plural and namespace in (None, meta.get("namespace"))
            if here and name in (None, meta["name"]):
                queue.put_nowait((kind, copy.deepcopy(obj)))

    def _next_version(self) -> str:
        self._version += 1
        return str(self._version)

    def _stamp(self) -> str:
        return self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def key_of(resource: Resource, namespace: str | None, name: str) -> Key:
    return resource.plural, (namespace or "") if resource.namespaced else "", name


def _content(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = copy.deepcopy(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
