"""A process beside the operator's for what may take long: looking at a job's circuits, reading results.

The event loop answers /healthz and keeps the Lease. What could hold it for more than 50 ms runs here, one piece at a
time and within bounds of CPU time and memory: a piece that exceeds them ends this process, and fails its own job only.
Small pieces, as most are, run where they are asked for; the process starts with the first large one, and ends when none
has come for a while.

`python -I -m qee.controller.worker SECONDS BYTES` is the process. A request is a pickled function with its arguments,
an answer a pickled value or exception, each behind its length in eight bytes. Nobody but the operator writes to either
pipe.
"""

import asyncio
import contextlib
import logging
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

logger = logging.getLogger(__name__)
SMALL = 16 * 1024  # bytes of what is looked at: a hostile program of this size takes 30 ms
CPU_SECONDS = 30.0  # of one piece; the worst that is known takes 3
WALL_SECONDS = 300.0
MEMORY = 384 * 1_048_576  # bytes beyond the process's own; see qee.documents.canonical.MAX_PARSED_BYTES
IDLE_SECONDS = 300.0
_TRIES = 2  # a process that somebody else has killed is no fault of the job
_LENGTH = 8
_NO_MEMORY = 71  # exit status

Found = TypeVar("Found")


class TooMuch(Exception):
    """A piece of work exceeded the bounds of CPU time or memory."""


class _Ended(Exception):
    """The process is gone."""


class Worker:
    """Starts the process, and asks it."""

    def __init__(self, cpu_seconds: float = CPU_SECONDS, memory: int = MEMORY) -> None:
        self._cpu_seconds, self._memory = cpu_seconds, memory
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    async def run(self, size: int, work: Callable[..., Found], *arguments: Any) -> Found:
        """`work(*arguments)`, with `size` bytes to look at. Raises what it raises, and TooMuch."""
        if size <= SMALL:
            return work(*arguments)
        request = pickle.dumps((work, arguments))
        async with self._turn:
            for _ in range(_TRIES):
                try:
                    answer = await self._exchange(request)
                except _Ended as error:
                    logger.warning("the worker process ended: %s", error)
                    continue
                self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._kill)
                failed, value = pickle.loads(answer)  # noqa: S301 - our own process's
                if failed:
                    raise value
                found: Found = value
                return found
        raise TooMuch("the worker process ended twice")

    async def close(self) -> None:
        """End the process; another one starts with the next large piece."""
        process = self._process
        self._kill()
        if process is not None:
            await process.wait()

    def _kill(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        self._process = None

    async def _exchange(self, request: bytes) -> bytes:
        if self._idle is not None:
            self._idle.cancel()
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-m", "qee.controller.worker", str(self._cpu_seconds), str(self._memory)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the worker process has no pipes")
        try:
            async with asyncio.timeout(WALL_SECONDS):
                process.stdin.write(len(request).to_bytes(_LENGTH) + request)
                await process.stdin.drain()
                length = int.from_bytes(await process.stdout.readexactly(_LENGTH))
                return await process.stdout.readexactly(length)
        except BaseException as error:  # cancellation too: its answer must not be taken for the next one's
            self._kill()
            if isinstance(error, TimeoutError):
                raise TooMuch(f"{WALL_SECONDS:.0f} s") from None
            if not isinstance(error, asyncio.IncompleteReadError | ConnectionError):
                raise
        status = await process.wait()
        if status in (-signal.SIGPROF, _NO_MEMORY):
            raise TooMuch(f"{self._cpu_seconds:g} s of CPU" if status < 0 else f"{self._memory // 2**20} MiB")
        raise _Ended(f"status {status}")


def main(cpu_seconds: float, memory: int) -> None:
    """Answers requests until their end."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the operator finishes what is in hand, and then closes the pipe
    while request := _received(sys.stdin.buffer):
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)  # SIGPROF ends the process
        try:
            answer = _answered(request)
        except MemoryError:
            os._exit(_NO_MEMORY)
        signal.setitimer(signal.ITIMER_PROF, 0)
        answers.write(len(answer).to_bytes(_LENGTH) + answer)
        answers.flush()


def _received(requests: BinaryIO) -> bytes:
    length = requests.read(_LENGTH)
    return requests.read(int.from_bytes(length)) if length else b""


def _answered(request: bytes) -> bytes:
    work, arguments = pickle.loads(request)  # noqa: S301 - the operator's
    try:
        return pickle.dumps((False, work(*arguments)))
    except MemoryError:
        raise
    except Exception as error:
        try:
            answer = pickle.dumps((True, error))
            pickle.loads(answer)  # noqa: S301 - some exceptions can be written and not be read
        except Exception:
            return pickle.dumps((True, RuntimeError(f"{type(error).__name__}: {error}")))
        return answer


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
