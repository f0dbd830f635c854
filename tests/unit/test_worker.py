"""The process beside the operator's: it does what it is asked, within bounds, and never holds the event loop."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests import builders
from tests.cluster_simulation import Simulation

from qee.api.reasons import Reason
from qee.controller.worker import SMALL, TooMuch, Worker
from qee.core.checks import sizing
from qee.core.refusal import Refused
from qee.documents.result import ResultDocument

LARGE = SMALL + 1
ENDLESS = "sum(iter(int, 1))"


def on(worker: Worker, story: Callable[[Worker], Awaitable[Any]]) -> Any:
    async def told() -> Any:
        try:
            return await story(worker)
        finally:
            await worker.close()

    return asyncio.run(told())


def test_large_work_runs_in_another_process_and_small_work_here() -> None:
    async def story(worker: Worker) -> tuple[int, int, int]:
        large = await worker.run(LARGE, os.getpid)
        return large, await worker.run(LARGE, os.getpid), await worker.run(SMALL, os.getpid)

    first, second, small = on(Worker(), story)
    assert first == second != os.getpid()
    assert small == os.getpid()


def test_the_event_loop_goes_on_while_the_worker_computes(tmp_path: Path) -> None:
    """The work computes until a file is there, which only the event loop makes."""
    there = tmp_path / "there"

    async def story(worker: Worker) -> bool:
        waiting = f"[True for _ in iter(int, 1) if __import__('os').path.exists({str(there)!r}) and 1/0]"
        work = asyncio.create_task(worker.run(LARGE, eval, waiting))
        await asyncio.sleep(0.2)
        there.touch()
        with pytest.raises(ZeroDivisionError):
            await work
        return True

    assert on(Worker(), story)


@pytest.mark.parametrize(
    ("worker", "work", "said"),
    [
        (Worker(cpu_seconds=0.5), ENDLESS, "0.5 s of CPU"),
        (Worker(memory=64 * 2**20), "len(list(range(10**8)))", "64 MiB"),
        (Worker(), "__import__('os').kill(__import__('os').getpid(), 9)", "ended twice"),
    ],
)
def test_work_beyond_a_bound_fails_alone(worker: Worker, work: str, said: str) -> None:
    async def story(worker: Worker) -> int:
        with pytest.raises(TooMuch, match=said):
            await worker.run(LARGE, eval, work)
        return await worker.run(LARGE, eval, "1 + 1")

    assert on(worker, story) == 2


def test_the_bound_of_cpu_time_is_of_each_piece_of_work() -> None:
    burn = "(lambda now, began: sum(1 for _ in iter(lambda: now() - began < 0.3, False)))(clock, clock())"
    piece = burn.replace("clock", "__import__('time').process_time")

    async def story(worker: Worker) -> int:
        return len([await worker.run(LARGE, eval, piece) for _ in range(4)])

    assert on(Worker(cpu_seconds=0.8), story) == 4


def test_work_whose_process_somebody_else_killed_is_tried_again(tmp_path: Path) -> None:
    tried = tmp_path / "tried"
    once = f"open({str(tried)!r}, 'x') and __import__('os').kill(__import__('os').getpid(), 9)"
    work = f"2 if __import__('os').path.exists({str(tried)!r}) else ({once})"

    async def story(worker: Worker) -> int:
        return await worker.run(LARGE, eval, work)

    assert on(Worker(), story) == 2


def test_an_answer_is_never_taken_for_another_ones() -> None:
    async def story(worker: Worker) -> int:
        first = asyncio.create_task(worker.run(LARGE, eval, "__import__('time').sleep(0.3) or 1"))
        await asyncio.sleep(0.1)
        first.cancel()
        return await worker.run(LARGE, eval, "2")

    assert on(Worker(), story) == 2


def test_pieces_that_are_asked_for_together_each_get_their_own_answer() -> None:
    async def story(worker: Worker) -> list[int]:
        return await asyncio.gather(*(worker.run(LARGE, eval, str(number)) for number in range(20)))

    assert on(Worker(), story) == list(range(20))


def test_a_refusal_comes_back_as_it_was_raised() -> None:
    raised = Refused(Reason.INPUT_NOT_FOUND, "gone", waiting=Reason.WAITING_FOR_INPUT)

    async def story(worker: Worker) -> Refused:
        with pytest.raises(Refused) as caught:
            await worker.run(LARGE, eval, "(_ for _ in ()).throw(e)", {"e": raised})
        return caught.value

    found = on(Worker(), story)
    assert (found.reason, found.message, found.waiting) == (raised.reason, raised.message, raised.waiting)


def forbidden(*_: object) -> None:
    raise AssertionError("this is not for the event loop")


async def test_a_large_program_is_not_looked_at_in_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizing, "scans", forbidden)
    inputs = "".join(f"input int x{number};" for number in range(5000))
    simulation = Simulation()
    simulation.given(builders.job(circuits=[{"name": "c", "format": "openqasm3", "source": f"qubit q; {inputs}"}]))
    await simulation.step()
    await simulation.reconciler.worker.close()
    assert simulation.child()


async def test_a_large_result_is_not_read_in_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    circuits = [{"name": f"c{number}", "format": "openqasm3", "source": "qubit q;"} for number in range(200)]
    simulation = Simulation()
    simulation.given(builders.job(circuits=circuits))
    await simulation.step()
    simulation.set_pod(builders.terminated())
    assert len(simulation.succeed()) > SMALL
    monkeypatch.setattr(ResultDocument, "from_bytes", forbidden)
    await simulation.step()
    await simulation.reconciler.worker.close()
    assert simulation.outcome == ("Succeeded", "Completed")
