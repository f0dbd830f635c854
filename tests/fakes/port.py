"""An API server in memory, behind the same port as the real one.

It keeps the rules that QEE stands on: resourceVersions and their conflicts, UIDs, 409 and 404 and 422, status as a
subresource, label selectors, watches that begin with the present state, finalizers, owner references, patches that
change nothing. What it leaves out: admission policies, defaults of built-in kinds, controllers, RBAC.
"""

import asyncio
import copy
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.fakes import schema
from tests.fakes.store import Events, Store, merged

from qee.api.names import API_VERSION, GROUP, VERSION
from qee.kube.port import ApiError, Conflict, NotFound, Object, Resource
from qee.kube.resources import NAMESPACES, PODS

Request = tuple[str, str, str | None, str | None, Object | None]
Hook = Callable[[str, Resource, str | None], Any]


class FakeApiServer(Store):
    """`Port` in memory. Beside it, a test uses the methods of `Store`, which are not logged and run no hooks.

    requests: the mutating requests that were tried, as (verb, plural, namespace, name, body), refused ones included.
    before: called with (verb, resource, name) ahead of each request; raising an ApiError refuses it.
    discovery: what `discover` answers, by path.
    after: the same once the request has taken effect; raising stands for an answer that was lost.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(now)
        self.requests: list[Request] = []
        self.before: list[Hook] = []
        self.after: list[Hook] = []
        self.discovery: dict[str, Object] = {
            "/version": {"gitVersion": "v1.35.4"},
            f"/apis/{GROUP}": {"name": GROUP, "versions": [{"groupVersion": API_VERSION, "version": VERSION}]},
        }
        self._logs: dict[tuple[str, str, str], tuple[bytes, bool]] = {}
        self._logged = asyncio.Event()

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        await self._begin("get", resource, name)
        return copy.deepcopy(self._stored(resource, namespace, name))

    async def list(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", metadata_only: bool = False
    ) -> AsyncIterator[Object]:
        await self._begin("list", resource, None)
        for obj in self._selected(resource, namespace, labels):
            if metadata_only:
                kind = {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata"}
                yield {**kind, "metadata": copy.deepcopy(obj["metadata"])}
            else:
                bare = {} if resource.group == GROUP else {"apiVersion": None, "kind": None}  # items of typed lists
                yield {k: v for k, v in copy.deepcopy(obj).items() if k not in bare}

    async def discover(self, path: str) -> Object:
        await self._begin("discover", Resource("", "", path, ""), None)
        try:
            return copy.deepcopy(self.discovery[path])
        except KeyError:
            raise NotFound(404, "", "404 page not found") from None

    async def create(self, resource: Resource, namespace: str | None, body: Object, *, strict: bool = False) -> Object:
        obj = copy.deepcopy(body)
        meta = obj.setdefault("metadata", {})
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = f"{meta['generateName']}{uuid.uuid4().hex[:5]}"
        self._note("create", resource, namespace, meta.get("name"), body)
        await self._begin("create", resource, meta.get("name"))
        if resource.namespaced and (NAMESPACES.plural, "", namespace or "") not in self.objects:
            raise NotFound(404, "NotFound", f'namespaces "{namespace}" not found')
        if meta.get("namespace") and meta["namespace"] != namespace:
            raise ApiError(400, "BadRequest", "the namespace of the provided object does not match the request")
        if meta.get("resourceVersion"):
            raise ApiError(400, "BadRequest", "resourceVersion should not be set on objects to be created")
        stored = self._create(resource, namespace, obj)
        self._end("create", resource, meta["name"])
        return stored

    async def patch_status(self, resource: Resource, namespace: str | None, name: str, patch: Object) -> Object:
        return await self._patch("patch_status", resource, namespace, name, patch)

    async def patch(self, resource: Resource, namespace: str | None, name: str, patch: Object) -> Object:
        return await self._patch("patch", resource, namespace, name, patch)

    async def delete(self, resource: Resource, namespace: str | None, name: str, *, uid: str) -> None:
        self._note("delete", resource, namespace, name, {"uid": uid})
        await self._begin("delete", resource, name)
        live = self._stored(resource, namespace, name)
        if live["metadata"]["uid"] != uid:
            raise Conflict(
                409,
                "Conflict",
                f'Operation cannot be fulfilled on {resource.plural} "{name}": the UID in the precondition ({uid}) '
                f"does not match the UID in record ({live['metadata']['uid']}). The object might have been deleted "
                "and then recreated",
            )
        self.remove(resource, namespace, name)
        self._end("delete", resource, name)

    async def delete_collection(self, resource: Resource, namespace: str, *, labels: str) -> None:
        self._note("delete_collection", resource, namespace, None, {"labels": labels})
        await self._begin("delete_collection", resource, None)
        for obj in self._selected(resource, namespace, labels):
            self.remove(resource, namespace, obj["metadata"]["name"])
        self._end("delete_collection", resource, None)

    async def log(self, namespace: str, pod: str, container: str, *, limit_bytes: int | None = None) -> bytes:
        await self._begin("log", PODS, pod)
        return self._log(namespace, pod, container)[0][:limit_bytes]

    async def follow_log(self, namespace: str, pod: str, container: str) -> AsyncIterator[bytes]:
        await self._begin("log", PODS, pod)
        told = 0
        while True:
            data, ended = self._log(namespace, pod, container)
            for line in data[told:].splitlines(keepends=True):
                yield line
            told = len(data)
            if ended:
                return
            await self._logged.wait()

    async def pages(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", metadata_only: bool = False
    ) -> AsyncIterator[tuple[Sequence[Object], str]]:
        found = [each async for each in self.list(resource, namespace, labels=labels, metadata_only=metadata_only)]
        yield found, str(self._version)

    async def watch(
        self,
        resource: Resource,
        namespace: str | None,
        *,
        name: str | None = None,
        timeout_seconds: int = 300,
        since: str | None = None,
    ) -> AsyncIterator[tuple[str, Object]]:
        await self._begin("watch", resource, name)
        queue: Events = asyncio.Queue()
        watch = (resource.plural, namespace, name, queue)
        state = [("ADDED", obj) for obj in self._selected(resource, namespace, "")]
        if since is not None:
            state = [(kind, obj) for kind, plural, obj in self._history[int(since) :] if plural == resource.plural]
        for kind, obj in state:
            if name in (None, obj["metadata"]["name"]):
                queue.put_nowait((kind, copy.deepcopy(obj)))
        self._watches.append(watch)
        ends = asyncio.get_running_loop().time() + timeout_seconds
        try:
            while True:
                async with asyncio.timeout_at(ends):
                    event = await queue.get()
                if event is None:
                    return
                yield event
        except TimeoutError:
            return
        finally:
            self._watches.remove(watch)

    def set_log(self, namespace: str, pod: str, container: str, data: bytes, *, ended: bool = True) -> None:
        """The container's log from now on. `ended=False`: it is still running, and followers wait for more."""
        self._logs[namespace, pod, container] = (data, ended)
        self._logged.set()
        self._logged = asyncio.Event()

    async def _begin(self, verb: str, resource: Resource, name: str | None) -> None:
        await asyncio.sleep(0)  # a request gives way, so that others may come in between
        for hook in list(self.before):
            hook(verb, resource, name)

    def _end(self, verb: str, resource: Resource, name: str | None) -> None:
        for hook in list(self.after):
            hook(verb, resource, name)

    def _note(self, verb: str, resource: Resource, namespace: str | None, name: str | None, body: Object) -> None:
        self.requests.append((verb, resource.plural, namespace, name, copy.deepcopy(body)))

    async def _patch(self, verb: str, resource: Resource, namespace: str | None, name: str, patch: Object) -> Object:
        self._note(verb, resource, namespace, name, patch)
        await self._begin(verb, resource, name)
        live = self._stored(resource, namespace, name)
        wanted = merged(live, patch)
        meta = wanted["metadata"]
        if meta.get("resourceVersion") != live["metadata"]["resourceVersion"]:
            plural = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
            raise Conflict(
                409,
                "Conflict",
                f'Operation cannot be fulfilled on {plural} "{name}": the object has been modified; '
                "please apply your changes to the latest version and try again",
            )
        if verb == "patch" and meta.get("uid") != live["metadata"]["uid"]:  # of a status patch it is ignored
            told = f'Invalid value: "{meta.get("uid")}": field is immutable'
            raise schema.invalid(resource, name, ("metadata.uid", told))
        if verb == "patch_status":
            wanted = {**live, "status": wanted.get("status")}
        elif resource.plural in schema.WITH_STATUS:
            wanted = {**wanted, **({"status": live["status"]} if "status" in live else {})}
        self._admit(verb, resource, wanted)
        schema.validate(resource, wanted, live)
        stored = self._store(resource, live, wanted)
        self._end(verb, resource, name)
        return stored

    def _log(self, namespace: str, pod: str, container: str) -> tuple[bytes, bool]:
        self._stored(PODS, namespace, pod)
        try:
            return self._logs[namespace, pod, container]
        except KeyError:
            message = f'container "{container}" in pod "{pod}" is waiting to start: ContainerCreating'
            raise ApiError(400, "BadRequest", message) from None
