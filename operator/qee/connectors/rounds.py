"""All tasks of one backend: a watch keeps a short note of each, rounds act on those that need it.

Jobs at the provider are looked at together, by as few calls as its API allows; a task's compiled bytes are read only
when they are submitted, so that a thousand queued tasks are a thousand short notes.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from qee.api.names import ANNOTATION_FETCH_AT
from qee.api.task import ENDED, TaskState
from qee.connectors.attempt import Attempt
from qee.connectors.client import WorkerClient
from qee.connectors.intents import RETRY_SECONDS, Later
from qee.connectors.knowledge import Knowledge
from qee.connectors.protocol import ProviderError, ProviderState
from qee.connectors.task_status import fetch_asked_at, owes, parts_of, stops
from qee.core import times
from qee.kube.port import DELETED, ApiError, Conflict, NotFound, Object, Port
from qee.kube.resources import TASKS

logger = logging.getLogger(__name__)
LOOK_AT = 200  # jobs in one call


@dataclass
class Note:
    """What is kept of a task: metadata and status, without what is long."""

    task: Object
    known: Knowledge = field(default_factory=Knowledge)

    @property
    def ended(self) -> bool:
        return TaskState((self.task.get("status") or {}).get("state") or TaskState.PENDING) in ENDED

    @property
    def asked(self) -> bool:
        """Somebody wants its result fetched now, whether it is given up or waits for its next try."""
        return fetch_asked_at(self.task) not in ("", self.known.fetch_asked_at)

    @property
    def rests(self) -> bool:
        return self.ended and not (self.asked and owes(self.task))

    @property
    def handles(self) -> list[str]:
        return [part.handle for part in parts_of(self.task) if part.handle and not part.ended]

    @property
    def unasked(self) -> bool:
        """Its next step is a submission."""
        return "submission" not in (self.task.get("status") or {}) and not stops(self.task)

    @property
    def waits(self) -> bool:
        """Nothing is to be done but to look at the provider's jobs."""
        open_parts = any(part.handle is None and not part.ended for part in parts_of(self.task))
        return bool(self.handles) and not open_parts and not stops(self.task)


class Rounds:
    """`run` goes on until cancelled. `notes` by the tasks' UIDs."""

    def __init__(
        self,
        port: Port,
        backend: str,
        client: WorkerClient,
        attempt: Attempt,
        clock: Callable[[], datetime],
        poll_seconds: float,
    ) -> None:
        self._port = port
        self._backend = backend
        self._client = client
        self._attempt = attempt
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._wake = asyncio.Event()
        self.notes: dict[str, Note] = {}

    def take(self, kind: str, task: Object) -> None:
        """An event of the watch."""
        meta = task["metadata"]
        if ((task.get("spec") or {}).get("backendRef") or {}).get("name") != self._backend:
            return
        note = self.notes.get(meta["uid"])
        if kind == DELETED:
            self.notes.pop(meta["uid"], None)
            return
        short = shortened(task)
        if note is None:
            note = self.notes[meta["uid"]] = Note(short)
        else:
            wished = fetch_asked_at(short) != fetch_asked_at(note.task)
            if wished or (stops(short) and not stops(note.task)):
                note.known.not_before = None  # what waits hours for a result need not wait to be ended, or fetched now
            note.task = short
        if not note.rests and not note.waits:
            self._wake.set()

    async def run(self) -> None:
        while True:
            await self.round()
            self._wake.clear()
            try:
                async with asyncio.timeout(self._poll_seconds):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def round(self) -> None:
        """Act on every task that needs it, then look at all provider jobs."""
        for uid, note in list(self.notes.items()):
            due = note.known.not_before is None or note.known.not_before <= self._clock()
            held_back = note.unasked and self._attempt.pace.wait() > 0
            if not note.rests and not note.waits and due and not held_back:
                await self._act(uid, note)
        await self._look()

    async def _look(self) -> None:
        waiting = {uid: note for uid, note in self.notes.items() if not note.ended and note.waits}
        handles = [handle for note in waiting.values() for handle in note.handles]
        seen: dict[str, ProviderState] = {}
        for start in range(0, len(handles), LOOK_AT):
            try:
                seen |= await self._client.status(handles[start : start + LOOK_AT])
            except ProviderError as error:
                logger.warning("backend %s: %s: %s", self._backend, type(error).__name__, error)
                return
        for uid, note in waiting.items():
            mine = {handle: seen[handle] for handle in note.handles if handle in seen}
            if self._moved(note, mine):
                await self._act(uid, note, mine)

    def _moved(self, note: Note, seen: dict[str, ProviderState]) -> bool:
        states = {part.handle: part.state.lower() for part in parts_of(note.task)}
        position = (note.task.get("status") or {}).get("queuePosition")
        return any(
            handle not in seen or seen[handle].phase != states[handle] or seen[handle].position != position
            for handle in note.handles
        )

    async def _act(self, uid: str, note: Note, seen: dict[str, ProviderState] | None = None) -> None:
        meta = note.task["metadata"]
        try:
            live = await self._port.get(TASKS, meta["namespace"], meta["name"])
            if live["metadata"]["uid"] != uid:
                self.notes.pop(uid, None)
                return
            await self._attempt.work(live, note.known, seen)
        except NotFound:
            self.notes.pop(uid, None)
        except Conflict:
            logger.debug("%s/%s has changed; the next round looks anew", meta["namespace"], meta["name"])
            self._wake.set()
        except Later as later:
            logger.info("%s/%s: %s", meta["namespace"], meta["name"], later)
        except ApiError as error:
            logger.warning("%s/%s: %s", meta["namespace"], meta["name"], error)
            note.known.not_before = times.later(self._clock(), RETRY_SECONDS)
        except Exception:
            logger.exception("%s/%s: the round failed", meta["namespace"], meta["name"])
            note.known.not_before = times.later(self._clock(), RETRY_SECONDS)


def named(task: Object) -> Object:
    """What `take` needs to know of a task that is gone."""
    meta = {name: task["metadata"][name] for name in ("namespace", "name", "uid")}
    return {"metadata": meta, "spec": {"backendRef": (task.get("spec") or {}).get("backendRef")}}


def shortened(task: Object) -> Object:
    """Metadata and status without what is long; of the spec only what rounds ask for."""
    meta = task["metadata"]
    spec: dict[str, Any] = task.get("spec") or {}
    kept = {name: meta[name] for name in ("name", "namespace", "uid", "resourceVersion") if name in meta}
    if "deletionTimestamp" in meta:
        kept["deletionTimestamp"] = meta["deletionTimestamp"]
    if asked := fetch_asked_at(task):
        kept["annotations"] = {ANNOTATION_FETCH_AT: asked}
    status = {name: value for name, value in (task.get("status") or {}).items() if name != "result"}
    if (task.get("status") or {}).get("result"):
        status["result"] = {"sha256": task["status"]["result"].get("sha256")}
    return {"metadata": kept, "spec": {"cancelRequested": bool(spec.get("cancelRequested"))}, "status": status}
