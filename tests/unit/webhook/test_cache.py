"""The caches of the webhook, against an API server in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from tests import signed
from tests.fakes.port import FakeApiServer

from qee.kube import informer
from qee.kube.informer import Informer as Cache
from qee.kube.port import ApiError, Object
from qee.kube.resources import TRUST_POLICIES

POLICY = signed.policy({"ada": signed.key("ada")})


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A cache of trust policies at work; `mode` of each by name."""

    def __init__(self) -> None:
        self.server = FakeApiServer()
        self.clock = Clock()
        self.cache = Cache(self.server, TRUST_POLICIES, _mode, self.clock)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.005)


def _mode(obj: Object) -> str:
    return str(obj["spec"].get("mode", "Enforce"))


@pytest.fixture
async def watched(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(informer, "BACKOFF_SECONDS", (0.01,))
    monkeypatch.setattr(informer, "PAUSE_SECONDS", 0.01)
    found = Watched()
    found.server.put(TRUST_POLICIES, POLICY)
    work = asyncio.create_task(found.cache.run())
    yield found
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def test_it_knows_what_is_there_and_what_changes(watched: Watched):
    assert not Cache(watched.server, TRUST_POLICIES, _mode).synced
    await watched.until(lambda: watched.cache.synced)
    assert watched.cache.items == {"trust": "Enforce"}
    watched.server.put(TRUST_POLICIES, signed.policy({"ada": signed.key("ada")}, mode="Warn"))
    watched.server.put(TRUST_POLICIES, signed.policy({"ada": signed.key("ada")}, name="more"))
    await watched.until(lambda: watched.cache.items == {"trust": "Warn", "more": "Enforce"})
    watched.server.remove(TRUST_POLICIES, None, "trust")
    await watched.until(lambda: watched.cache.items == {"more": "Enforce"})


async def test_a_deletion_between_list_and_watch_is_not_missed(watched: Watched):
    def between(verb: str, *_: object) -> None:
        if verb == "watch" and watched.server.find(TRUST_POLICIES, None, "trust"):
            watched.server.remove(TRUST_POLICIES, None, "trust")

    watched.server.before.append(between)
    await watched.until(lambda: watched.cache.synced and watched.cache.items == {})


async def test_what_happens_while_no_watch_is_open_is_found_by_the_next_list(watched: Watched):
    await watched.until(lambda: watched.cache.synced)
    watched.server.end_watches()
    watched.server.remove(TRUST_POLICIES, None, "trust")
    await watched.until(lambda: watched.cache.items == {})


async def test_while_the_api_server_is_away_what_is_known_holds_for_five_minutes(watched: Watched):
    await watched.until(lambda: watched.cache.synced)
    refusals = []

    def refuse(*_: object) -> None:
        refusals.append(1)
        raise ApiError(0, "Unreachable", "connection refused")

    watched.server.before.append(refuse)
    watched.server.end_watches()
    await watched.until(lambda: len(refusals) > 2)
    assert watched.cache.items == {"trust": "Enforce"}
    assert watched.cache.synced
    watched.clock.now = 301.0
    assert not watched.cache.synced
    watched.server.before.clear()
    await watched.until(lambda: watched.cache.synced)


async def test_an_object_that_cannot_be_read_leaves_nothing_known(watched: Watched):
    await watched.until(lambda: watched.cache.synced)
    watched.server.put(TRUST_POLICIES, {**POLICY, "spec": None, "metadata": {"name": "odd"}})
    await watched.until(lambda: not watched.cache.synced)
