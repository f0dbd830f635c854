"""The end of a task at its provider: its results are fetched, and written with how it ended."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from qee.api.fields import MAX_PACKED
from qee.api.reasons import Reason
from qee.api.task import TaskState
from qee.connectors import task_end
from qee.connectors.fetching import Fetcher, NotYet, Results
from qee.connectors.knowledge import Knowledge
from qee.connectors.protocol import Fetched, ProviderError
from qee.connectors.submission import Part
from qee.connectors.task_end import Device, End
from qee.connectors.task_status import TaskWriter, name_of, parts_of, too_large
from qee.connectors.verification import Judge, outputs
from qee.core import times
from qee.documents.compiled import CompiledDocument
from qee.documents.packing import pack
from qee.kube.port import ApiError, Object

logger = logging.getLogger(__name__)


class Concluder:
    """Raises `ApiError`."""

    def __init__(
        self,
        writer: TaskWriter,
        fetcher: Fetcher,
        judge: Judge,
        clock: Callable[[], datetime],
        device: Callable[[], Device],
    ) -> None:
        self._writer = writer
        self._fetcher = fetcher
        self._judge = judge
        self._clock = clock
        self._device = device

    async def conclude(self, task: Object, known: Knowledge) -> None:
        """Fetch what there is, and write the end."""
        intent = (task.get("status") or {}).get("submission")
        if intent is None:
            text = "It was cancelled before anything was submitted."
            await self._writer.write(task, TaskState.CANCELLED, str(Reason.CANCELLED), text)
            return
        parts = parts_of(task)
        compiled = CompiledDocument.from_bytes(self._judge.document(task))
        try:
            patient = "deletionTimestamp" not in task["metadata"]  # of a deleted job nobody will read it
            fetched, given_up = await self._fetcher.all(compiled, parts, known.results, patient)
        except NotYet as trouble:
            await self._not_fetched(task, known, trouble)
            return
        ended = self._end(task, compiled, parts, fetched)
        if given_up and ended.document is None:
            text = f"{given_up} {Reason.RESULT_NOT_FETCHED.remedy}"
            ended = replace(ended, reason=str(Reason.RESULT_NOT_FETCHED), message=text)
        await self._finish(task, parts, ended)
        known.results = Results()  # the task's note stays for as long as the task

    async def _not_fetched(self, task: Object, known: Knowledge, trouble: NotYet) -> None:
        """Said once for each kind of trouble: a day of tries is no day of writes."""
        known.not_before = times.later(self._clock(), trouble.seconds)
        logger.warning("%s: %s is not fetched yet: %s", name_of(task), trouble.handle, trouble)
        if known.told != trouble.kind:
            known.told = trouble.kind
            text = f"The provider has executed it; its result cannot be fetched yet, and is tried again. {trouble}"
            reason = str(Reason.RESULT_NOT_FETCHED)
            parts = parts_of(task)
            await self._writer.write(task, TaskState.RUNNING, reason, text, parts, queuePosition=None)

    async def again(self, task: Object, asked: str) -> None:
        """What somebody asked for: one try. The task has ended, and stays as it ended but for the result."""
        parts, status = parts_of(task), task["status"]
        state, reason = TaskState(status["state"]), str(status.get("reason") or "")
        compiled = CompiledDocument.from_bytes(self._judge.document(task))
        try:
            fetched = await self._fetcher.again(compiled, parts)
        except ProviderError as error:
            text = f"Asked for at {asked}, its result cannot be fetched: {type(error).__name__}: {error}"
            await self._writer.write(task, state, reason, text)
            return
        had = [replace(part, state="Succeeded") if part.index in fetched else part for part in parts]
        ended = self._end(task, compiled, had, fetched)
        fields: Object = {"charge": dict(ended.charge)} if ended.charge else {}
        packed = pack(ended.document) if ended.document is not None else None
        if packed is not None and len(packed["data"]) <= MAX_PACKED:
            fields["result"] = packed
        text = f"Asked for at {asked}, its result was fetched." if "result" in fields else ended.message
        try:
            await self._writer.write(task, state, reason, text, **fields)
        except ApiError as error:
            if not too_large(error) or "result" not in fields:
                raise
            del fields["result"]
            text = f"Asked for at {asked}, its result was fetched; it does not fit beside what was submitted."
            await self._writer.write(task, state, reason, text, **fields)

    def _end(
        self, task: Object, compiled: CompiledDocument, parts: Sequence[Part], fetched: Mapping[int, Fetched]
    ) -> End:
        moments = (task["status"]["submission"]["time"], times.render(self._clock()))
        sha256 = str(task["spec"]["compiled"]["sha256"])
        return task_end.end(compiled, parts, fetched, outputs(task), self._device(), moments, sha256)

    async def _finish(self, task: Object, parts: Sequence[Part], ended: End) -> None:
        fields: Object = {"completionTime": times.render(self._clock()), "queuePosition": None}
        if ended.charge:
            fields["charge"] = dict(ended.charge)
        if ended.document is None:
            await self._writer.write(task, ended.state, ended.reason, ended.message, parts=parts, **fields)
            return
        packed = pack(ended.document)
        if len(packed["data"]) <= MAX_PACKED:
            try:
                await self._writer.write(
                    task, ended.state, ended.reason, ended.message, parts=parts, result=packed, **fields
                )
                return
            except ApiError as error:
                if not too_large(error):
                    raise
                logger.error("%s: its result does not fit beside what was submitted: %s", name_of(task), error)
        handles = ", ".join(part.handle for part in parts if part.handle)
        text = (
            f"The result takes {len(packed['data'])} characters; {MAX_PACKED} are possible, less where what was "
            f"submitted is large; jobs {handles}."
        )
        await self._writer.write(task, TaskState.FAILED, str(Reason.RESULT_TOO_LARGE), text, parts=parts, **fields)
