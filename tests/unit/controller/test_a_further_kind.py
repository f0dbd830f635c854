"""A kind that nobody has thought of yet, on the kit: what it takes to add one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from tests.fakes.port import FakeApiServer

from qee.controller.kit.controller import Pass, Watch
from qee.controller.kit.manager import Manager
from qee.controller.kit.status import Statuses, condition
from qee.kube.port import Object, Port, Resource
from qee.kube.resources import EVENTS
from qee.observe import events
from qee.observe.metrics import Metrics

LANTERNS = Resource("toys.dev", "v1", "lanterns", "Lantern")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Lanterns:
    """A lantern burns while it has oil; it burns a litre at each look."""

    kind = LANTERNS.kind
    workers = 2

    def __init__(self, port: Port) -> None:
        self._port = port
        self._statuses = Statuses(port)
        self.watches = (Watch(LANTERNS, lambda found: [(found["metadata"]["namespace"], found["metadata"]["name"])]),)
        self.passes = (Pass("resync of lanterns", 600, self._all),)

    async def _all(self) -> list[Any]:
        found = [each["metadata"] async for each in self._port.list(LANTERNS)]
        return [(meta["namespace"], meta["name"]) for meta in found]

    async def reconcile(self, key: Any) -> float | None:
        live = await self._port.get(LANTERNS, *key)
        oil = (live.get("status") or {}).get("oil", live["spec"]["oil"])
        burning = condition(live, "Burning", oil > 0, "Lit" if oil else "OutOfOil", f"{oil} litres are left", NOW)
        meta = live["metadata"]
        about = events.About(meta["namespace"], meta["name"], meta["uid"], LANTERNS.kind, LANTERNS.api_version)
        told = () if oil else (events.event(about, "Warning", "OutOfOil", "It is dark now", "dark", NOW),)
        left = max(oil - 1, 0)
        await self._statuses.write_status(LANTERNS, live, {"oil": left, "conditions": [burning]}, told)
        return 0 if oil else None


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    server = FakeApiServer()
    manager = Manager([Lanterns(server)], Metrics(CollectorRegistry()))
    server.put(LANTERNS, {"metadata": {"name": "old"}, "spec": {"oil": 0}})

    async def watch() -> None:
        async for kind, obj in server.watch(LANTERNS, None):
            manager.watches.tell(LANTERNS, {"type": kind, "object": obj})

    work = [asyncio.create_task(manager.run()), asyncio.create_task(watch())]
    yield server
    manager.stop()
    await work[0]
    assert manager.ailments() == []
    work[1].cancel()


def burning(server: FakeApiServer, name: str) -> Object:
    found = server.find(LANTERNS, "default", name) or {}
    return next(iter((found.get("status") or {}).get("conditions") or []), {})


async def test_a_kind_has_a_condition_and_an_event_of_its_own(server: FakeApiServer) -> None:
    server.put(LANTERNS, {"metadata": {"name": "new"}, "spec": {"oil": 3}})
    async with asyncio.timeout(5):
        while {burning(server, name).get("status") for name in ("old", "new")} != {"False"}:
            await asyncio.sleep(0.01)
    assert burning(server, "new")["reason"] == "OutOfOil"
    told = {event["involvedObject"]["name"]: event["involvedObject"]["kind"] for event in server.all(EVENTS)}
    assert told == {"old": "Lantern", "new": "Lantern"}
