"""What QEE asks of an API server: a dozen verbs over plain dicts, and the errors they may end in.

The controller sees only this protocol. `client.py` speaks it to a real server, the tests' in-memory server does too.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

DELETED = "DELETED"  # the type of a watch's event
Object = dict[str, Any]


@dataclass(frozen=True)
class Resource:
    """A kind as it is addressed in URLs."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The URL path; a namespace of None on a namespaced resource means all namespaces."""
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part is not None]
        return "/".join(parts)


class ApiError(Exception):
    """The API server refused, or could not be reached (status 0)."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        retry_after: float | None = None,
        causes: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        """Seconds the server asks to wait before the next try, from the Retry-After header."""
        self.causes = causes
        """(field, what is wrong with it) for each complaint of a 422."""


class NotFound(ApiError):
    """404: there is no such object, or no such kind."""


class AlreadyExists(ApiError):
    """409 on create: the name is taken."""


class Conflict(ApiError):
    """409 on update or delete: the object has changed since it was read, or is another one by now."""


class Port(Protocol):
    """The verbs. Each raises `ApiError` or one of its subclasses."""

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        """The live object, by a read that is not served from a cache."""
        ...

    def list(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", metadata_only: bool = False
    ) -> AsyncIterator[Object]:
        """All objects, page by page. `metadata_only` asks the server to leave out everything but metadata."""
        ...

    async def create(self, resource: Resource, namespace: str | None, body: Object, *, strict: bool = False) -> Object:
        """`strict` has the server refuse unknown and doubled fields, as kubectl does; else it drops them."""
        ...

    async def discover(self, path: str) -> Object:
        """What the server tells of itself under a path such as /version or /apis/qee.dev."""
        ...

    async def patch_status(self, resource: Resource, namespace: str | None, name: str, patch: Object) -> Object:
        """A JSON merge patch of the status subresource; with `metadata.resourceVersion` a stale one is a Conflict."""
        ...

    async def patch(self, resource: Resource, namespace: str | None, name: str, patch: Object) -> Object:
        """A JSON merge patch of the object."""
        ...

    async def delete(self, resource: Resource, namespace: str | None, name: str, *, uid: str) -> None:
        """Delete that very object, its dependents in the background. Another uid under the name is a Conflict."""
        ...

    async def delete_collection(self, resource: Resource, namespace: str, *, labels: str) -> None: ...

    async def log(self, namespace: str, pod: str, container: str, *, limit_bytes: int | None = None) -> bytes: ...

    def follow_log(self, namespace: str, pod: str, container: str) -> AsyncIterator[bytes]:
        """Lines as they are written, until the container ends."""
        ...

    def pages(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", metadata_only: bool = False
    ) -> AsyncIterator[tuple[Sequence[Object], str]]:
        """The same as `list`, a page at a time, with the version from which `watch` tells every later change."""
        ...

    def watch(
        self,
        resource: Resource,
        namespace: str | None,
        *,
        name: str | None = None,
        timeout_seconds: int = 300,
        since: str | None = None,
    ) -> AsyncIterator[tuple[str, Object]]:
        """Events `(ADDED|MODIFIED|DELETED, object)`, first the present state, or what came after the version `since`;
        then also `(BOOKMARK, ...)`, which has no more than the version that all was told up to.

        Ends at the timeout. Raises an `ApiError` of 410 where the server has forgotten that version: list anew.
        """
        ...


def matches(obj: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether the object bears all of these labels."""
    found = obj.get("metadata", {}).get("labels") or {}
    return all(found.get(key) == value for key, value in labels.items())
