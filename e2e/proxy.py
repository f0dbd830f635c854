"""A proxy between the operator and the API server that records every write, and kills the operator at a chosen one.

The operator speaks plain HTTP to it on loopback; it speaks TLS with the kubeconfig's client certificate to the server.
"""

import asyncio
import base64
import contextlib
import dataclasses
import json
import ssl
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web

from qee.api import names

MUTATING = ("POST", "PUT", "PATCH", "DELETE")
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "content-encoding"}


@dataclass(frozen=True)
class Write:
    """One mutating request of the operator."""

    method: str
    path: str
    status: int | None = None
    """The answer's; None while there is none."""
    says: str = ""
    """What tells it from others of its kind: the phase it sets, the component it makes, the reason of an Event."""

    @property
    def what(self) -> str:
        """Method, kind and `says`, without names: `POST configmaps input`, `PATCH quantumjobs/status Running`."""
        parts = self.path.split("?")[0].strip("/").split("/")
        parts = parts[parts.index("namespaces") + 2 :] if "namespaces" in parts else parts[-2:]
        return f"{self.method} {'/'.join([parts[0], *parts[2:]])} {self.says}".rstrip()

    @property
    def took_effect(self) -> bool:
        return self.status is not None and self.status < 300

    def __str__(self) -> str:
        return self.what if self.took_effect else f"{self.what} ({self.status or 'not answered'})"


class Proxy:
    """`with Proxy(kubeconfig) as proxy:` serves until the block ends. `proxy.kubeconfig` is for the operator.

    before: called with (number of the write, Write) ahead of forwarding; True drops the request (the caller has killed
    its sender). after: the same once the server has answered, ahead of passing the answer on.
    refuse: called with (method, path) for every request; an int refuses it with that status.
    altered: part of a path -> what becomes of the body of an answer to a request for such a path.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self.writes: list[Write] = []
        self.before: Callable[[int, Write], bool] = lambda number, write: False
        self.after: Callable[[int, Write], bool] = lambda number, write: False
        self.refuse: Callable[[str, str], int | None] = lambda method, path: None
        self.altered: dict[str, Callable[[bytes], bytes]] = {}
        self._directory = tempfile.TemporaryDirectory(prefix="qee-proxy-")
        self._server, self._ssl = _upstream(kubeconfig, Path(self._directory.name))
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._streams: set[web.StreamResponse] = set()
        self.port = 0

    def __enter__(self) -> "Proxy":
        self._ready = threading.Event()
        self._thread.start()
        if not self._ready.wait(60):
            raise TimeoutError("the proxy does not start")
        self.kubeconfig = Path(self._directory.name) / "kubeconfig"
        self.kubeconfig.write_text(yaml.safe_dump(_kubeconfig(self.port)))
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(60)
        if self._thread.is_alive():
            raise TimeoutError("the proxy does not end")
        self._directory.cleanup()

    def cut_watches(self) -> None:
        """Every open stream ends as if the connection had been cut."""

        def cut() -> None:
            for stream in list(self._streams):
                transport = stream._req.transport if stream._req else None  # aiohttp offers no public way to cut
                if transport:
                    transport.abort()

        self._loop.call_soon_threadsafe(cut)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:  # cancels what is left, and closes the loop
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{tail:.*}", self._forward)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        connector = aiohttp.TCPConnector(ssl=self._ssl, limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as self._session:
            self._ready.set()
            await self._stop.wait()
            await runner.cleanup()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        path = request.raw_path
        if (refused := self.refuse(request.method, path)) is not None:
            status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": refused, "reason": "Planted"}
            headers = {"Retry-After": "1"} if refused == 429 else {}
            return web.json_response(status, status=refused, headers=headers)
        write = Write(request.method, path, says=_says(body) if request.method in MUTATING else "")
        number = -1
        if request.method in MUTATING:
            with self._lock:
                number = len(self.writes)
                self.writes.append(write)
            if self.before(number, write):
                return _hang_up(request)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        try:
            answer = await self._session.request(
                request.method, self._server + path, headers=headers, data=body or None
            )
        except aiohttp.ClientError:  # the server is away: what the operator sees is a proxy's error
            return web.json_response({"kind": "Status", "code": 502}, status=502)
        async with answer:
            if alter := next((each for part, each in self.altered.items() if part in path), None):
                return web.Response(status=answer.status, body=alter(await answer.read()))
            if number >= 0:
                self.writes[number] = dataclasses.replace(write, status=answer.status)
                if self.after(number, self.writes[number]):
                    return _hang_up(request)
            return await self._answer(request, answer)

    async def _answer(self, request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP | {"content-encoding"}}
        if "Content-Encoding" in answer.headers:
            kept["Content-Encoding"] = answer.headers["Content-Encoding"]
        response = web.StreamResponse(status=answer.status, headers=kept)
        await response.prepare(request)
        self._streams.add(response)
        try:
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
        except (ConnectionResetError, aiohttp.ClientError):
            pass  # one side has gone
        finally:
            self._streams.discard(response)
        with contextlib.suppress(ConnectionResetError):
            await response.write_eof()
        return response


def _says(body: bytes) -> str:
    """See `Write.says`; empty for a body that says none of it."""
    try:
        sent = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(sent, dict):
        return ""
    labels = (sent.get("metadata") or {}).get("labels") or {}
    phase = (sent.get("status") or {}).get("phase")
    return str(phase or (sent.get("kind") == "ConfigMap" and labels.get(names.LABEL_COMPONENT)) or _event(sent))


def _event(sent: dict[str, Any]) -> str:
    return str(sent.get("reason", "")) if sent.get("kind") == "Event" else ""


def _hang_up(request: web.Request) -> web.Response:
    """No answer: the connection ends as it does when the other side is gone."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _upstream(kubeconfig: Path, directory: Path) -> tuple[str, ssl.SSLContext]:
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]

    def file(entry: dict[str, Any], name: str) -> str:
        if name in entry:
            path = Path(entry[name])
            return str(path if path.is_absolute() else kubeconfig.parent / path)
        target = directory / name
        target.write_bytes(base64.b64decode(entry[f"{name}-data"]))
        target.chmod(0o600)
        return str(target)

    context = ssl.create_default_context(cafile=file(cluster, "certificate-authority"))
    context.load_cert_chain(file(user, "client-certificate"), file(user, "client-key"))
    return cluster["server"], context


def _kubeconfig(port: int) -> dict[str, Any]:
    server = {"server": f"http://127.0.0.1:{port}"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "proxy", "cluster": server}],
        "users": [{"name": "proxy", "user": {}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
        "current-context": "proxy",
    }
