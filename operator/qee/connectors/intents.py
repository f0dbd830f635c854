"""Whether a task may be submitted, and the write that says so before the provider is asked."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from qee.api.reasons import Reason
from qee.api.task import TaskState
from qee.connectors import submission
from qee.connectors.knowledge import Knowledge
from qee.connectors.submission import Part, View
from qee.connectors.task_status import TaskWriter, name_of, parts_of, stops
from qee.connectors.verification import MAX_DELAY, Judge, Leave, TaskDenied, Undecided
from qee.core import times
from qee.kube.port import Object
from qee.signing.authorization import spec_hash

logger = logging.getLogger(__name__)
RETRY_SECONDS = 15.0
CLOCKS = 30.0  # seconds by which the operator's clock may be behind this one


class Later(Exception):
    """The provider could not, or may not yet, be asked; the round goes on with other tasks."""


class Intents:
    """Raises `ApiError`."""

    def __init__(self, writer: TaskWriter, judge: Judge, grace: float, clock: Callable[[], datetime]) -> None:
        self._writer = writer
        self._judge = judge
        self._grace = grace
        self._clock = clock
        self._started = clock()
        self._written: dict[str, datetime] = {}  # keys, and when this process wrote them as intents

    def view(self, task: Object, known: Knowledge) -> View:
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

    async def write(self, task: Object, known: Knowledge) -> Object:
        leave = await self.judged(task, known)
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
        self._written = {k: at for k, at in self._written.items() if (now - at).total_seconds() < 2 * MAX_DELAY}
        first = key not in self._written
        self._written[key] = now
        return first

    async def judged(self, task: Object, known: Knowledge, asking: Sequence[int] = ()) -> Leave | Object:
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
        view = self.view(task, known)
        refused = set(asking) & set(submission.untaken(view, self._grace))
        now = [replace(part, state="Rejected", message=text) if part.index in refused else part for part in view.parts]
        if any(part.handle or not part.ended for part in now):
            known.not_before = times.later(self._clock(), RETRY_SECONDS)
            return await self._writer.write(task, view.state, parts=now)
        return await self._writer.write(task, TaskState.DENIED, str(Reason.TASK_DENIED), text)
