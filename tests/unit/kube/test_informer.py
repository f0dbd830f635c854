"""A list, then a watch: what is told, and what is told of what happened while nobody watched."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from tests import builders
from tests.fakes.port import FakeApiServer

from qee.connectors.rounds import named
from qee.kube import informer
from qee.kube.informer import Informer
from qee.kube.port import ApiError, Object, Resource
from qee.kube.resources import TASKS


class Followed:
    """An informer of QuantumTasks at work, and what it told."""

    def __init__(self) -> None:
        self.server = FakeApiServer()
        self.told: list[tuple[str, str]] = []
        self.asked: list[str] = []
        self.server.before.append(lambda verb, *_: self.asked.append(verb))
        self.informer = Informer(self.server, TASKS, named, told=self._tell)

    def _tell(self, kind: str, task: Object) -> None:
        self.told.append((kind, task["metadata"]["name"]))

    def lose(self, change: Callable[[], object]) -> None:
        """The connection breaks, and does not come back before `change`."""

        def refuse(*_: object) -> None:
            raise ApiError(0, "Unreachable", "connection refused")

        self.server.before.append(refuse)
        self.server.end_watches()
        change()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.005)


@pytest.fixture
async def followed(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Followed]:
    monkeypatch.setattr(informer, "BACKOFF_SECONDS", (0.01,))
    monkeypatch.setattr(informer, "PAUSE_SECONDS", 0.01)
    found = Followed()
    for name in ("a", "b"):
        found.server.put(TASKS, builders.task(name))
    work = asyncio.create_task(found.informer.run())
    await found.until(lambda: found.informer.synced)
    yield found
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def test_a_deletion_while_nobody_watched_is_told_with_what_was_kept(followed: Followed) -> None:
    followed.lose(lambda: followed.server.remove(TASKS, "default", "a"))
    await asyncio.sleep(0.05)
    followed.server.before.pop()
    await followed.until(lambda: ("DELETED", "a") in followed.told)
    assert followed.told == [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")]


async def test_a_watch_that_ends_well_is_followed_by_one_from_its_version_on(followed: Followed) -> None:
    followed.server.end_watches()
    followed.server.put(TASKS, builders.task("c"))
    await followed.until(lambda: ("ADDED", "c") in followed.told)
    assert followed.told == [("ADDED", "a"), ("ADDED", "b"), ("ADDED", "c")]
    assert followed.asked.count("list") == 1


async def test_a_version_that_the_server_has_forgotten_leads_to_a_list(followed: Followed) -> None:
    def expired(verb: str, resource: Resource, name: str | None) -> None:
        if verb == "watch":
            followed.server.before.remove(expired)
            raise ApiError(410, "Expired", "too old resource version")

    followed.server.before.append(expired)
    followed.server.end_watches()
    await followed.until(lambda: followed.asked.count("list") == 2)
    await followed.until(lambda: followed.asked.count("watch") == 3)
    assert followed.told == [("ADDED", "a"), ("ADDED", "b")]
