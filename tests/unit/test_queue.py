"""The work queue: each key once, none lost, failures further and further apart."""

import asyncio

import pytest

from qee.controller.kit.queue import Backoff, WorkQueue


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> WorkQueue[str]:
    return WorkQueue(clock=clock)


async def taken(queue: WorkQueue[str]) -> str | None:
    """The key that a free worker gets at once, or None."""
    try:
        async with asyncio.timeout(0.01):
            item = await queue.get()
    except TimeoutError:
        return None
    return item[0] if item else None


async def test_a_key_that_is_added_twice_is_handed_out_once(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add("a")
    assert await taken(queue) == "a"
    queue.done("a")
    assert await taken(queue) is None


async def test_keys_come_in_the_order_in_which_they_were_added(queue: WorkQueue[str]) -> None:
    for key in "abc":
        queue.add(key)
    assert [await taken(queue) for _ in range(3)] == ["a", "b", "c"]


async def test_a_key_in_hand_is_not_given_to_a_second_worker(queue: WorkQueue[str]) -> None:
    queue.add("a")
    assert await taken(queue) == "a"
    queue.add("a")
    assert await taken(queue) is None
    queue.done("a")
    assert await taken(queue) == "a"


async def test_a_delayed_key_waits_for_its_time(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("a", 5)
    assert await taken(queue) is None
    clock.now = 5
    assert await taken(queue) == "a"
    queue.done("a")
    assert await taken(queue) is None


async def test_the_earliest_of_several_delays_wins_and_counts_once(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("a", 9)
    queue.add_after("a", 3)
    queue.add_after("a", 6)
    clock.now = 3
    assert await taken(queue) == "a"
    queue.done("a")
    clock.now = 20
    assert await taken(queue) is None


async def test_an_add_supersedes_a_delay(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_after("a", 5)
    queue.add("a")
    assert await taken(queue) == "a"
    queue.done("a")
    clock.now = 10
    assert await taken(queue) is None


async def test_failures_are_further_and_further_apart_until_forgotten(queue: WorkQueue[str]) -> None:
    backoff = Backoff(first=1, limit=8)
    delays = [backoff.next("a") for _ in range(6)]
    for delay, expected in zip(delays, (1, 2, 4, 8, 8, 8), strict=True):
        assert 0.8 * expected <= delay <= 1.2 * expected
    backoff.forget("a")
    assert backoff.next("a") <= 1.2


async def test_a_server_that_asks_for_time_gets_it(queue: WorkQueue[str], clock: Clock) -> None:
    queue.add_failed("a", at_least=30)
    clock.now = 29
    assert await taken(queue) is None
    clock.now = 30
    assert await taken(queue) == "a"


async def test_a_worker_waits_and_wakes() -> None:
    queue: WorkQueue[str] = WorkQueue()
    worker = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add_after("a", 0.01)
    item = await worker
    assert item is not None
    assert item[0] == "a"


async def test_no_key_is_lost_or_worked_on_twice_at_a_time() -> None:
    queue: WorkQueue[int] = WorkQueue()
    in_hand: set[int] = set()
    seen: dict[int, int] = {}

    async def handle(key: int, waited: float) -> None:
        assert key not in in_hand
        in_hand.add(key)
        await asyncio.sleep(0)
        in_hand.discard(key)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] < 3:
            queue.add_after(key, 0)

    for key in range(200):
        queue.add(key)
    workers = [asyncio.create_task(queue.work(handle)) for _ in range(8)]
    while sum(seen.values()) < 600:
        await asyncio.sleep(0.001)
    queue.close()
    await asyncio.gather(*workers)
    assert seen == dict.fromkeys(range(200), 3)


async def test_closing_ends_the_workers_and_leaves_what_waits() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 3600)
    workers = [asyncio.create_task(queue.work(lambda key, waited: asyncio.sleep(0))) for _ in range(3)]
    await asyncio.sleep(0)
    queue.close()
    async with asyncio.timeout(1):
        await asyncio.gather(*workers)


async def test_a_key_that_comes_while_it_is_in_hand_supersedes_what_was_put_off_for_it() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    assert await queue.get() is not None
    queue.add("a")
    queue.add_after("a", 0.01)
    queue.done("a")
    assert await queue.get() is not None
    queue.done("a")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await queue.get()
