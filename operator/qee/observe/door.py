"""A listening socket whose visitors cannot fill the process: bounded connections, bytes and times.

Any pod may reach a port of ours. What one holds is what it loses first: where the bounds are met, the connection that
waits longest of the address with the most connections goes, so that whoever crowds in crowds out itself.
"""

import asyncio
import ipaddress
import logging
import socket
import ssl
from asyncio import sslproto
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web

logger = logging.getLogger(__name__)
# aiohttp tells of each request that is none, with a traceback and what was sent: anybody could fill the log.
_SILENT = logging.getLogger(f"{__name__}.http")
_SILENT.disabled = True
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MAX_LINE, MAX_FIELD, MAX_HEADERS = 2048, 4096, 32  # bytes, bytes, lines: twice and more what an API server sends
TLS_BUFFER = 32 * 1024  # bytes; asyncio sets a quarter of a MiB aside for each connection
BACKLOG = 1024


@dataclass(frozen=True)
class Bounds:
    """connections: at a time. seconds: from a connection, or a request's first byte, to the answer. idle_seconds:
    between two requests; more than the 90 s after which an API server gives a connection up. held: bytes of requests
    that are not answered, of all connections together.
    """

    connections: int = 256
    seconds: float = 10.0
    idle_seconds: float = 120.0
    held: int = 24 * 1024 * 1024


class Door:
    """Serves `app` until `cleanup`. `peers`: networks that may connect; empty: all. `known` looks at what TLS knows of
    a client, and says whether it may stay.
    """

    def __init__(
        self,
        app: web.Application,
        host: str,
        port: int,
        context: ssl.SSLContext | None = None,
        *,
        bounds: Bounds | None = None,
        peers: Sequence[Network] = (),
        known: Callable[[dict[str, Any]], bool] | None = None,
        finish_seconds: float = 60.0,
    ) -> None:
        app.on_response_prepare.append(self._answered)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            logger=_SILENT,
            shutdown_timeout=finish_seconds,
            auto_decompress=False,
            max_line_size=MAX_LINE,
            max_field_size=MAX_FIELD,
            max_headers=MAX_HEADERS,
        )
        self._host, self._port, self._context = host, port, context
        self.bounds = bounds or Bounds()
        self._peers, self.known = peers, known
        self._visitors: dict[int, Visitor] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens; port 0 while it does not."""
        host, port = self._socket.getsockname()[:2] if self._socket else ("", 0)
        return host, port

    async def open(self) -> "Door":
        """Raises OSError where the address cannot be had."""
        sslproto.SSLProtocol.max_size = min(sslproto.SSLProtocol.max_size, TLS_BUFFER)
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._socket = socket.create_server((self._host, self._port), family=family, backlog=BACKLOG)
        self._socket.setblocking(False)
        await self._runner.setup()
        for part in (self._accept(self._socket, cast(web.Server, self._runner.server)), self._look()):
            self._start(part)
        return self

    async def cleanup(self) -> None:
        """Closes the port, waits for requests in hand, ends the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()
        await self._runner.cleanup()

    def _start(self, part: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(part)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self, listening: socket.socket, serve: Callable[[], asyncio.Protocol]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:  # no descriptor left, or the visitor has gone
                logger.debug("no connection: %s", error)
                await asyncio.sleep(0.05)
                continue
            if not self._may_come(address[0]):
                connection.close()
                continue
            visitor = Visitor(self, address[0], serve())
            self._visitors[id(visitor)] = visitor
            visitor.arriving = self._start(self._let_in(connection, visitor))
            while len(self._visitors) > self.bounds.connections:
                self._crowded(lambda _: 1).leave()

    def _may_come(self, host: str) -> bool:
        address = ipaddress.ip_address(host.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return not self._peers or any(address in network for network in self._peers)

    async def _let_in(self, connection: socket.socket, visitor: "Visitor") -> None:
        shake = self.bounds.seconds if self._context else None
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: visitor, connection, ssl=self._context, ssl_handshake_timeout=shake
            )
        except (OSError, asyncio.CancelledError) as error:
            logger.debug("no connection with %s: %s", visitor.host, error)
            self.gone(visitor)

    async def _look(self) -> None:
        """Ends what takes too long."""
        while True:
            await asyncio.sleep(min(1.0, self.bounds.seconds / 4))
            now = asyncio.get_running_loop().time()
            for visitor in [each for each in self._visitors.values() if each.until < now]:
                visitor.leave()

    def _crowded(self, weight: Callable[["Visitor"], int]) -> "Visitor":
        """Of the address that weighs most, the visitor that does, or that has done nothing for the longest time."""
        weights: Counter[str] = Counter()
        for visitor in self._visitors.values():
            weights[visitor.host] += weight(visitor)
        host = max(weights, key=weights.__getitem__)
        return max(
            (each for each in self._visitors.values() if each.host == host),
            key=lambda each: (weight(each), -each.since),
        )

    def held(self, visitor: "Visitor") -> None:
        """A visitor has sent something."""
        while sum(each.held for each in self._visitors.values()) > self.bounds.held:
            self._crowded(lambda each: each.held).leave()

    def gone(self, visitor: "Visitor") -> None:
        self._visitors.pop(id(visitor), None)

    async def _answered(self, request: web.BaseRequest, _: web.StreamResponse) -> None:
        for visitor in self._visitors.values():
            if visitor.transport is not None and visitor.transport is request.transport:
                visitor.answered()


class Visitor(asyncio.Protocol):
    """One connection, between asyncio and aiohttp. `since`: when it came, began a request or got an answer; `until`:
    when it has to be through with what it does.
    """

    def __init__(self, door: Door, host: str, inner: asyncio.Protocol) -> None:
        self._door = door
        self._inner = inner
        self._waits = False
        self.host = host
        self.held = 0
        self.transport: asyncio.Transport | None = None
        self.arriving: asyncio.Task[None] | None = None
        self.since = self.until = 0.0
        self._begin(door.bounds.seconds)

    def _begin(self, seconds: float) -> None:
        self.since = asyncio.get_running_loop().time()
        self.until = self.since + seconds

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._inner.connection_made(transport)
        known = self._door.known
        if known is not None and not known(transport.get_extra_info("peercert") or {}):
            logger.warning("a client at %s has a certificate with another name", self.host)
            self.leave()

    def data_received(self, data: bytes) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if self._waits:
            self._waits = False
            self._begin(self._door.bounds.seconds)
        self.held += len(data)
        self._inner.data_received(data)
        self._door.held(self)

    def answered(self) -> None:
        self._waits, self.held = True, 0
        self._begin(self._door.bounds.idle_seconds)

    def leave(self) -> None:
        self._door.gone(self)
        if self.transport is not None:
            self.transport.abort()
        elif self.arriving is not None:
            self.arriving.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.gone(self)
        self._inner.connection_lost(exc)

    def eof_received(self) -> bool | None:
        self._inner.eof_received()
        return None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()
