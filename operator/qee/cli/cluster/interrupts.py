"""SIGINT and SIGTERM while a command waits: the first one is ours to answer, the second one kills."""

import asyncio
import signal
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """The user, or the pipeline, wants the command to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Interrupts:
    """A context manager that holds the signals back until `unless` is reached, so that none falls between."""

    def __init__(self) -> None:
        self._caught: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def __enter__(self) -> "Interrupts":
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._catch, number)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._release()

    def _catch(self, number: int) -> None:
        self._release()
        if not self._caught.done():
            self._caught.set_result(number)

    def _release(self) -> None:
        for number in SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)

    async def unless(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the work. Raises `Interrupted` as soon as a signal came, and ends the work."""
        task = asyncio.ensure_future(work)
        either: set[asyncio.Future[Any]] = {task, self._caught}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise Interrupted(self._caught.result())
        return task.result()
