"""The port, spoken to a real API server by the official asyncio client.

Only the client's transport is used: its configuration, authentication and connection pool. Its typed models would parse
each object into hundreds of classes, and drop fields they do not know.
"""

import json
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio import config as kube_config
from kubernetes.aio.client import ApiClient, Configuration

from qee.kube.deep_json import read_deep_json
from qee.kube.port import AlreadyExists, ApiError, Conflict, NotFound, Object, Resource
from qee.kube.resources import PODS

PAGE = 500  # objects in a page of a list, where only their metadata is wanted
FULL_PAGE = 20  # whole objects: one may have 1.5 MiB, and ten times as much once it is parsed
REQUEST_SECONDS = 30
_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
MERGE_PATCH = "application/merge-patch+json"


async def connect(kubeconfig: str | None = None, context: str | None = None, user_agent: str = "qee") -> "KubeClient":
    """A client for the pod's service account, else for the kubeconfig that is named or found by kubectl's rules."""
    read_deep_json()
    configuration = Configuration()
    if kubeconfig is None and context is None:
        try:
            kube_config.load_incluster_config(client_configuration=configuration)
            # Nothing stands between a pod and its API server, and with proxies of the environment aiohttp looks for a
            # netrc as well, in a thread, at each request.
            configuration.client_session_kwargs = {"trust_env": False}
        except kube_config.ConfigException:
            _require(None)
            await kube_config.load_kube_config(client_configuration=configuration)
    else:
        _require(kubeconfig)
        await kube_config.load_kube_config(config_file=kubeconfig, context=context, client_configuration=configuration)
    configuration.retries = None  # a request that may have reached the server is repeated by reconciling, not blindly
    configuration.connection_pool_maxsize = 64
    return KubeClient(ApiClient(configuration), user_agent)


def _require(kubeconfig: str | None) -> None:
    """Raises ConfigException where none of the files is there; the library would print a line of its own."""
    named = kubeconfig or kube_config.KUBE_CONFIG_DEFAULT_LOCATION
    if not any(Path(each).expanduser().exists() for each in named.split(os.pathsep) if each):
        raise kube_config.ConfigException("there is no such file")


def default_namespace(kubeconfig: str | None = None, context: str | None = None) -> str:
    """The namespace of the kubeconfig's context, or of the pod; "default" where neither names one.

    Looks where `connect` looks. Raises ConfigException where there is no such file or context.
    """
    if kubeconfig is None and context is None and _POD_NAMESPACE.exists():
        return _POD_NAMESPACE.read_text().strip()
    _require(kubeconfig)
    contexts, current = kube_config.list_kube_config_contexts(kubeconfig)
    if context is None:
        return str(current["context"].get("namespace") or "default")
    for each in contexts:
        if each["name"] == context:
            return str(each["context"].get("namespace") or "default")
    raise kube_config.ConfigException(f"there is no context {context!r}")


class KubeClient:
    """`Port` over `kubernetes.aio`."""

    def __init__(self, api: ApiClient, user_agent: str = "qee") -> None:
        self._api = api
        self._api.user_agent = user_agent

    @property
    def transport(self) -> ApiClient:
        """The official client itself, for what it does beyond requests: leader election."""
        return self._api

    async def close(self) -> None:
        await self._api.close()

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        return await self._json("GET", resource.path(namespace, name))

    async def list(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", metadata_only: bool = False
    ) -> AsyncIterator[Object]:
        async for page, _ in self.pages(resource, namespace, labels=labels, metadata_only=metadata_only):
            for item in page:
                yield item

    async def pages(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", metadata_only: bool = False
    ) -> AsyncIterator[tuple[Sequence[Object], str]]:
        query: dict[str, Any] = {
            "limit": PAGE if metadata_only else FULL_PAGE,
            **({"labelSelector": labels} if labels else {}),
        }
        accept = METADATA_ONLY if metadata_only else "application/json"
        while True:
            page = await self._json("GET", resource.path(namespace), query, accept=accept)
            yield page.get("items") or [], page["metadata"]["resourceVersion"]
            token = page["metadata"].get("continue")
            if not token:
                return
            query = {**query, "continue": token}

    async def create(self, resource: Resource, namespace: str | None, body: Object, *, strict: bool = False) -> Object:
        query = {"fieldValidation": "Strict"} if strict else None
        return await self._json("POST", resource.path(namespace), query, body=body)

    async def discover(self, path: str) -> Object:
        return await self._json("GET", path)

    async def patch_status(self, resource: Resource, namespace: str | None, name: str, patch: Object) -> Object:
        return await self._json("PATCH", resource.path(namespace, name, "status"), body=patch, content=MERGE_PATCH)

    async def patch(self, resource: Resource, namespace: str | None, name: str, patch: Object) -> Object:
        return await self._json("PATCH", resource.path(namespace, name), body=patch, content=MERGE_PATCH)

    async def delete(self, resource: Resource, namespace: str | None, name: str, *, uid: str) -> None:
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": uid},
        }
        await self._json("DELETE", resource.path(namespace, name), body=body)

    async def delete_collection(self, resource: Resource, namespace: str, *, labels: str) -> None:
        query = {"labelSelector": labels, "propagationPolicy": "Background"}
        await self._json("DELETE", resource.path(namespace), query)

    async def log(self, namespace: str, pod: str, container: str, *, limit_bytes: int | None = None) -> bytes:
        query: dict[str, Any] = {"container": container}
        if limit_bytes is not None:
            query["limitBytes"] = limit_bytes
        return await self._bytes("GET", PODS.path(namespace, pod, "log"), query)

    async def follow_log(self, namespace: str, pod: str, container: str) -> AsyncIterator[bytes]:
        query = {"container": container, "follow": "true"}
        async for line in self._lines(PODS.path(namespace, pod, "log"), query, seconds=24 * 3600):
            yield line

    async def watch(
        self,
        resource: Resource,
        namespace: str | None,
        *,
        name: str | None = None,
        timeout_seconds: int = 300,
        since: str | None = None,
    ) -> AsyncIterator[tuple[str, Object]]:
        query: dict[str, Any] = {"watch": "true", "timeoutSeconds": timeout_seconds}
        if since is not None:
            query |= {"resourceVersion": since, "allowWatchBookmarks": "true"}
        if name is not None:
            query["fieldSelector"] = f"metadata.name={name}"
        async for line in self._lines(resource.path(namespace), query, seconds=timeout_seconds + 30):
            event = json.loads(line)
            told = event["object"]
            if event["type"] == "ERROR":  # 410 Gone, mostly
                raise ApiError(int(told.get("code") or 0), str(told.get("reason")), str(told.get("message")))
            yield event["type"], told

    async def _json(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        *,
        body: Object | None = None,
        content: str = "application/json",
        accept: str = "application/json",
    ) -> Object:
        raw = await self._bytes(method, path, query, body=body, content=content, accept=accept)
        parsed: Object = json.loads(raw)
        return parsed

    async def _bytes(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        *,
        body: Object | None = None,
        content: str = "application/json",
        accept: str = "*/*",
    ) -> bytes:
        response = await self._open(method, path, query, body=body, content=content, accept=accept)
        try:
            data: bytes = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiError(0, "Unreachable", str(error) or type(error).__name__) from error
        if response.status >= 400:
            raise _error(method, response.status, data, response.getheaders())
        return data

    async def _lines(self, path: str, query: dict[str, Any], *, seconds: int) -> AsyncIterator[bytes]:
        response = await self._open("GET", path, query, seconds=seconds)
        if response.status >= 400:
            raise _error("GET", response.status, await response.read(), response.getheaders())
        try:
            async for line in response.response.content:
                yield line
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiError(0, "Unreachable", str(error) or type(error).__name__) from error
        finally:
            response.response.close()

    async def _open(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None,
        *,
        body: Object | None = None,
        content: str = "application/json",
        accept: str = "*/*",
        seconds: float = REQUEST_SECONDS,
    ) -> Any:
        headers = {"Accept": accept, "Content-Type": content}
        _, url, headers, *_ = await self._api.param_serialize(
            method, path, header_params=headers, auth_settings=["BearerToken"]
        )
        url = f"{url}?{urlencode(query)}" if query else url
        try:
            return await self._api.call_api(
                method, url, headers, body, _request_timeout=aiohttp.ClientTimeout(total=seconds)
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiError(0, "Unreachable", str(error) or type(error).__name__) from error


def _error(method: str, status: int, data: bytes, headers: Any) -> ApiError:
    causes: list[tuple[str, str]] = []
    try:
        answer = json.loads(data)
        reason, message = str(answer.get("reason", "")), str(answer.get("message", ""))
        for cause in (answer.get("details") or {}).get("causes") or []:
            causes.append((str(cause.get("field", "")), str(cause.get("message", ""))))
    except (ValueError, AttributeError):  # a proxy in between answers with a page of its own
        reason, message = "", data[:200].decode(errors="replace")
    kind = ApiError
    if status == 404:
        kind = NotFound
    elif status == 409:
        kind = AlreadyExists if reason == "AlreadyExists" else Conflict
    retry_after = headers.get("Retry-After")
    wait = float(retry_after) if retry_after and retry_after.isdigit() else None
    return kind(status, reason, message, wait, causes)
