"""Health endpoints of our own. Kopf's answers 200 as long as its web server runs, whatever else hangs."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST as CONTENT
from prometheus_client import CollectorRegistry, generate_latest

from qee.observe.door import Door


async def serve(
    port: int,
    ailments: Callable[[], list[str]],
    ready: Callable[[], bool],
    host: str = "0.0.0.0",  # noqa: S104 - the kubelet probes from outside the pod
    registry: CollectorRegistry | None = None,
) -> Door:
    """`/healthz` for the liveness probe, `/readyz` for the readiness probe, `/metrics` where there is a registry."""

    async def healthz(_: web.Request) -> web.Response:
        found = ailments()
        return web.Response(status=500 if found else 200, text="\n".join(found) or "ok")

    async def readyz(_: web.Request) -> web.Response:
        return web.Response(status=200 if ready() else 503, text="ok" if ready() else "not watching yet")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry or CollectorRegistry()), headers={"Content-Type": CONTENT})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz)])
    if registry is not None:
        app.router.add_get("/metrics", metrics)
    return await Door(app, host, port).open()
