"""One QuantumTask at its provider: carries out what `submission.next_step` says, and writes what came of it.

Between the write of the intent and the provider's answer this process may die anywhere; what the next one finds is in
the task's status, and at the provider.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from qee.api.reasons import Reason
from qee.api.task import TaskState
from qee.connectors import progress, submission
from qee.connectors.client import WorkerClient
from qee.connectors.concluding import Concluder
from qee.connectors.fetching import Fetcher, Results
from qee.connectors.intents import RETRY_SECONDS, Intents, Later
from qee.connectors.knowledge import Knowledge
from qee.connectors.pacing import Pace
from qee.connectors.protocol import (
    AlreadyEnded,
    Gone,
    ProviderError,
    ProviderState,
    Rejected,
    Throttled,
    Unauthorized,
    Unreachable,
)
from qee.connectors.task_end import Device
from qee.connectors.task_status import TaskWriter, as_status, fetch_asked_at, name_of, owes, parts_of
from qee.connectors.verification import Judge
from qee.core import times
from qee.kube.port import ApiError, Object, Port

logger = logging.getLogger(__name__)
CANCEL_TRIES = 3  # of a second provider job, before the first one is adopted all the same
MAX_DUPLICATES = 100  # told of in status
MAX_STEPS = 8  # of one task in one round


class Attempt:
    """Steps of tasks of one backend. Raises `ApiError`."""

    def __init__(
        self,
        port: Port,
        client: WorkerClient,
        judge: Judge,
        pace: Pace,
        idempotent: bool,
        grace: float,
        clock: Callable[[], datetime],
        device: Callable[[], Device],
    ) -> None:
        self._client = client
        self._writer = TaskWriter(port)
        self._concluder = Concluder(self._writer, Fetcher(client), judge, clock, device)
        self.pace = pace
        self._idempotent = idempotent
        self._grace = grace
        self._clock = clock
        self._intents = Intents(self._writer, judge, grace, clock)

    async def work(self, task: Object, known: Knowledge, seen: Mapping[str, ProviderState] | None = None) -> None:
        """Take the task as far as it goes now. `seen`: what a look at many jobs at once has shown of its own."""
        if (asked := fetch_asked_at(task)) != known.fetch_asked_at:
            former, known.fetch_asked_at, known.results = known.fetch_asked_at, asked, Results()
            if owes(task):
                try:
                    await self._concluder.again(task, asked)
                except ApiError:  # it was fetched, and could not be written: once more
                    known.fetch_asked_at = former
                    raise
                return
        if seen is not None:
            task = await self._saw(task, known, seen)
        looked = False
        for _ in range(MAX_STEPS):
            step = submission.next_step(self._intents.view(task, known), looked, self._idempotent, self._grace)
            match step:
                case submission.Rest():
                    return
                case submission.Intend():
                    task = await self._intents.write(task, known)
                case submission.Find(parts):
                    task, looked = await self._find(task, known, parts), True
                    known.not_before = times.later(self._clock(), RETRY_SECONDS)
                case submission.Ask(parts):
                    before = known.memory.asked
                    task = await self._ask(task, known, parts)
                    if known.not_before is not None and known.not_before > self._clock():
                        return
                    if known.memory.asked == before:
                        return
                case submission.Park(parts):
                    task = await self._park(task, parts)
                case submission.Cancel(parts):
                    await self._cancel(task, known, parts)
                    task = await self._poll(task, known, parts)  # refused or not: it may have ended long ago
                    if any(not part.ended for part in parts_of(task) if part.index in parts):
                        return
                case submission.Poll():
                    return  # many are looked at together
                case submission.Conclude():
                    await self._concluder.conclude(task, known)
                    return

    async def _find(self, task: Object, known: Knowledge, parts: Sequence[int]) -> Object:
        intent = task["status"]["submission"]
        keys = {submission.part_key(intent["key"], index): index for index in parts}
        try:
            found = await self._client.find(list(keys), task["spec"]["job"]["created"])
        except ProviderError as error:
            self._trouble(task, known, error)
            raise Later from error
        if not found:
            return task
        now = {part.index: part for part in parts_of(task)}
        second: list[str] = []
        for key, (oldest, *others) in found.items():
            now[keys[key]] = replace(now[keys[key]], handle=oldest, state="Queued")
            second += others
        for handle in second:
            await self._end_second(task, known, handle)
        logger.info("%s: adopted %s", name_of(task), [part.handle for part in now.values() if part.handle])
        fields: Object = {"duplicates": second[:MAX_DUPLICATES]} if second else {}
        return await self._writer.write(task, TaskState.QUEUED, parts=list(now.values()), **fields)

    async def _ask(self, task: Object, known: Knowledge, parts: Sequence[int]) -> Object:
        leave = await self._intents.judged(task, known, parts)
        if isinstance(leave, dict):
            return leave
        key = task["status"]["submission"]["key"]
        now = {part.index: part for part in parts_of(task)}
        trouble: ProviderError | None = None
        for index in parts:
            if not self.pace.take():
                known.not_before = times.later(self._clock(), self.pace.wait())
                break
            known.memory = replace(known.memory, asked=known.memory.asked | {index}, doubt=self._clock())
            try:
                handle = await self._client.submit(submission.part_key(key, index), leave.compiled.submissions[index])
                now[index] = replace(now[index], handle=handle, state="Queued")
            except Rejected as error:
                now[index] = replace(now[index], state="Rejected", message=str(error))
            except (Throttled, Unauthorized) as error:  # definitely not taken: as if nobody had asked
                if known.memory.wrote:
                    known.memory = replace(known.memory, asked=known.memory.asked - {index})
                trouble = error
                break
            except ProviderError as error:
                trouble = error
                break
        if any(part.handle or part.state for part in now.values()):
            task = await self._writer.write(task, TaskState.QUEUED, parts=list(now.values()))
        if trouble is not None:
            self._trouble(task, known, trouble)
        return task

    def _trouble(self, task: Object, known: Knowledge, error: ProviderError) -> None:
        seconds = RETRY_SECONDS
        if isinstance(error, Throttled):
            seconds = error.retry_after
            self.pace.pause(seconds)
        known.not_before = times.later(self._clock(), seconds)
        logger.warning("%s: %s: %s", name_of(task), type(error).__name__, error)

    async def _park(self, task: Object, parts: Sequence[int]) -> Object:
        reason = Reason.SUBMISSION_UNKNOWN
        logger.error("%s: the provider lists no job for parts %s; nothing is submitted again", name_of(task), parts)
        return await self._writer.write(task, TaskState.SUBMISSION_UNKNOWN, str(reason), reason.meaning)

    async def _end_second(self, task: Object, known: Knowledge, handle: str) -> None:
        """Raises Later while it cannot be asked to end; after some tries the task goes on, and tells of it."""
        logger.error("%s: a second provider job %s is cancelled", name_of(task), handle)
        try:
            await self._end(handle)
        except ProviderError as error:
            self._trouble(task, known, error)
            known.uncancelled[handle] = known.uncancelled.get(handle, 0) + 1
            if known.uncancelled[handle] < CANCEL_TRIES:
                raise Later from error

    async def _cancel(self, task: Object, known: Knowledge, parts: Sequence[int]) -> None:
        """Each is asked until the provider has taken the wish."""
        for part in parts_of(task):
            if part.index in parts and part.handle and part.handle not in known.cancelled:
                try:
                    await self._end(part.handle)
                    known.cancelled.add(part.handle)
                except (Throttled, Unauthorized, Unreachable) as error:  # the next one would fare no better
                    self._trouble(task, known, error)
                    return
                except ProviderError as error:
                    self._trouble(task, known, error)

    async def _end(self, handle: str) -> None:
        try:
            await self._client.cancel(handle)
        except (AlreadyEnded, Gone):
            logger.debug("%s has ended already", handle)

    async def _poll(self, task: Object, known: Knowledge, parts: Sequence[int]) -> Object:
        handles = [part.handle for part in parts_of(task) if part.handle and part.index in parts]
        try:
            seen = await self._client.status(handles)
        except ProviderError as error:
            self._trouble(task, known, error)
            return task
        return await self._saw(task, known, seen)

    async def _saw(self, task: Object, known: Knowledge, seen: Mapping[str, ProviderState]) -> Object:
        """The task with what the provider has just said of its jobs."""
        parts, status = parts_of(task), task["status"]
        now = progress.moved(parts, seen, known.unseen, self._clock())
        state, position = progress.state(now, TaskState(status["state"])), progress.position(now, seen)
        if now == parts and state == status.get("state") and position == status.get("queuePosition"):
            return task
        if all(part.ended for part in now):  # the end is one write, and follows at once
            return {**task, "status": {**status, "parts": as_status(now)}}
        return await self._writer.write(task, state, parts=now, queuePosition=position)
