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
from qee.connectors import submission
from qee.connectors.client import WorkerClient
from qee.connectors.concluding import Concluder
from qee.connectors.fetching import Fetcher, Results
from qee.connectors.knowledge import Knowledge
from qee.connectors.pacing import Pace
from qee.connectors.protocol import (
    ENDED,
    AlreadyEnded,
    Gone,
    ProviderError,
    ProviderState,
    Rejected,
    Throttled,
    Unauthorized,
    Unreachable,
)
from qee.connectors.submission import Part, View
from qee.connectors.task_end import Device
from qee.connectors.task_status import TaskWriter, as_status, fetch_asked_at, name_of, owes, parts_of, stops
from qee.connectors.verification import MAX_DELAY, Judge, Leave, TaskDenied, Undecided
from qee.core import times
from qee.kube.port import ApiError, Object, Port
from qee.signing.authorization import spec_hash

logger = logging.getLogger(__name__)
STATES = {
    "queued": "Queued",
    "running": "Running",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
GONE_LOOKS, GONE_SECONDS = 3, 120.0  # a job that so many looks in a row, over so long, do not find is lost
CANCEL_TRIES = 3  # of a second provider job, before the first one is adopted all the same
CLOCKS = 30.0  # seconds by which the operator's clock may be behind this one
MAX_DUPLICATES = 100  # told of in status
MAX_STEPS = 8  # of one task in one round
RETRY_SECONDS = 15.0


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
        self._judge = judge
        self.pace = pace
        self._idempotent = idempotent
        self._grace = grace
        self._clock = clock
        self._started = clock()
        self._intended: dict[str, datetime] = {}  # keys, and when this process wrote them as intents

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
            step = submission.next_step(self._view(task, known), looked, self._idempotent, self._grace)
            match step:
                case submission.Rest():
                    return
                case submission.Intend():
                    task = await self._intend(task, known)
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

    def _view(self, task: Object, known: Knowledge) -> View:
        status = task.get("status") or {}
        intended = times.parse((status.get("submission") or {}).get("time"))
        memory = known.memory
        if intended is not None and not memory.wrote and memory.doubt is None:
            memory = replace(memory, doubt=self._started)  # a former process may have asked until this one began
        return View(
            state=TaskState(status.get("state") or TaskState.PENDING),
            intended=intended,
            parts=parts_of(task),
            stop=stops(task),
            memory=memory,
            now=self._clock(),
        )

    async def _intend(self, task: Object, known: Knowledge) -> Object:
        leave = await self._judged(task, known)
        if isinstance(leave, dict):
            return leave
        digest = spec_hash(task["spec"])
        key = submission.key_of(task["spec"]["job"]["uid"], task["spec"]["attempt"], digest)
        task = await self._writer.write(
            task,
            TaskState.SUBMITTING,
            parts=[Part(index) for index in range(len(leave.compiled.submissions))],
            submission={"key": key, "specHash": digest, "time": times.render(self._clock())},
        )
        # A task may be deleted and made again, with the same leave and so the same key, and without its status.
        first = self._first(key)
        older = (leave.given - self._started).total_seconds() < CLOCKS
        known.memory = replace(known.memory, wrote=first, looks=older, doubt=None if first else self._clock())
        return task

    def _first(self, key: str) -> bool:
        """Whether this process meets the key for the first time; of old keys the judge says that they are copies."""
        now = self._clock()
        self._intended = {k: at for k, at in self._intended.items() if (now - at).total_seconds() < 2 * MAX_DELAY}
        first = key not in self._intended
        self._intended[key] = now
        return first

    async def _judged(self, task: Object, known: Knowledge, asking: Sequence[int] = ()) -> Leave | Object:
        """What may be submitted; or the task, now Denied, all of it or the parts that were to be asked for.

        What the provider has, or may have, is paid for: it is followed to its end. Raises Later.
        """
        try:
            return await self._judge.leave(task)
        except Undecided as undecided:
            known.not_before = times.later(self._clock(), RETRY_SECONDS)
            raise Later(f"not submitted yet: {undecided}") from undecided
        except TaskDenied as denial:
            logger.warning("%s: denied: %s", name_of(task), denial)
            text = str(denial)
        view = self._view(task, known)
        refused = set(asking) & set(submission.untaken(view, self._grace))
        now = [replace(part, state="Rejected", message=text) if part.index in refused else part for part in view.parts]
        if any(part.handle or not part.ended for part in now):
            known.not_before = times.later(self._clock(), RETRY_SECONDS)
            return await self._writer.write(task, view.state, parts=now)
        return await self._writer.write(task, TaskState.DENIED, str(Reason.TASK_DENIED), text)

    async def _find(self, task: Object, known: Knowledge, parts: Sequence[int]) -> Object:
        intent = task["status"]["submission"]
        keys = {submission.part_key(intent["key"], index): index for index in parts}
        try:
            found = await self._client.find(list(keys), task["spec"]["job"]["created"])
        except ProviderError as error:
            await self._trouble(task, known, error)
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
        leave = await self._judged(task, known, parts)
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
            await self._trouble(task, known, trouble)
        return task

    async def _trouble(self, task: Object, known: Knowledge, error: ProviderError) -> None:
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
            await self._trouble(task, known, error)
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
                    await self._trouble(task, known, error)
                    return
                except ProviderError as error:
                    await self._trouble(task, known, error)

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
            await self._trouble(task, known, error)
            return task
        return await self._saw(task, known, seen)

    async def _saw(self, task: Object, known: Knowledge, seen: Mapping[str, ProviderState]) -> Object:
        """The task with what the provider has just said of its jobs."""
        parts = parts_of(task)
        now = [_moved(part, seen, known, self._clock()) for part in parts]
        positions = [seen[p.handle].position for p in now if p.handle and p.handle in seen and not p.ended]
        position = min((each for each in positions if each is not None), default=None)
        state = TaskState.RUNNING if any(part.state == "Running" for part in now) else TaskState.QUEUED
        status = task["status"]
        if any(part.handle is None and not part.ended for part in now):
            state = TaskState(status["state"])
        if tuple(now) == parts and state == status.get("state") and position == status.get("queuePosition"):
            return task
        if all(part.ended for part in now):  # the end is one write, and follows at once
            return {**task, "status": {**status, "parts": as_status(now)}}
        return await self._writer.write(task, state, parts=now, queuePosition=position)


class Later(Exception):
    """The provider could not, or may not yet, be asked; the round goes on with other tasks."""


def _moved(part: Part, seen: Mapping[str, ProviderState], known: Knowledge, now: datetime) -> Part:
    if part.handle is None or part.ended:
        return part
    said = seen.get(part.handle)
    if said is None:
        looks, since = known.unseen.get(part.handle, (0, now))
        known.unseen[part.handle] = looks + 1, since
        if looks + 1 < GONE_LOOKS or (now - since).total_seconds() < GONE_SECONDS:
            return part
        return replace(part, state="Lost", message=f"The provider does not know {part.handle} any more.")
    known.unseen.pop(part.handle, None)
    if said.phase not in STATES:
        return part
    message = said.message if said.phase in ENDED else ""
    return replace(part, state=STATES[said.phase], message=message)
