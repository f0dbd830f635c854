"""At most once: what to do next with a QuantumTask, from what was written of it and what this process has done.

The intent (key, digest, time) is in status before the provider is asked. Whoever finds an intent without a handle looks
it up and adopts what there is. Where there is nothing, it is submitted (again) only if that cannot make a second job:
because this very process wrote the intent and has not asked yet, or because the provider makes one job of two
submissions with one key. Otherwise it is looked for during a grace, and then parked. Pure: no I/O, no clock.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from qee.api.task import ENDED, ENDED_PARTS, TaskState


def key_of(job_uid: str, attempt: int, spec_hash: str) -> str:
    """Never of the generation: suspend, TTL and even DELETE move it."""
    return hashlib.sha256(f"{job_uid}/{attempt}/{spec_hash}".encode()).hexdigest()[:40]


def part_key(key: str, index: int) -> str:
    """The key of one of a task's submissions: what the provider keeps, and is asked for."""
    return hashlib.sha256(f"{key}/{index}".encode()).hexdigest()[:40]


@dataclass(frozen=True)
class Part:
    """One submission. `state` is a provider job's, empty while there is none."""

    index: int
    handle: str | None = None
    state: str = ""
    message: str = ""

    @property
    def ended(self) -> bool:
        return self.state in ENDED_PARTS


@dataclass(frozen=True)
class Memory:
    """What this process knows beyond the status. Losing it costs a lookup, never a second job.

    wrote: it has written the intent itself. asked: the parts for which it has begun to ask the provider.
    looks: the task may be older than this process, so the provider is asked for a job of its before one is submitted.
    doubt: since when a submission may have been taken unseen; at the latest the start of this process.
    """

    wrote: bool = False
    asked: frozenset[int] = frozenset()
    looks: bool = False
    doubt: datetime | None = None


@dataclass(frozen=True)
class View:
    """A task as it was read live, at `now`."""

    state: TaskState
    intended: datetime | None
    parts: tuple[Part, ...]
    stop: bool
    memory: Memory
    now: datetime


@dataclass(frozen=True)
class Intend:
    """Write the intent."""


@dataclass(frozen=True)
class Find:
    """Ask for these parts by their keys; adopt what is found."""

    parts: tuple[int, ...]


@dataclass(frozen=True)
class Ask:
    """Submit these parts now, each once."""

    parts: tuple[int, ...]


@dataclass(frozen=True)
class Park:
    """Say that these parts are unknown, and go on looking for them."""

    parts: tuple[int, ...]


@dataclass(frozen=True)
class Cancel:
    """Ask for the end of these parts."""

    parts: tuple[int, ...]


@dataclass(frozen=True)
class Poll:
    """Look at these parts."""

    parts: tuple[int, ...]


@dataclass(frozen=True)
class Conclude:
    """Every part has ended, or was never taken: fetch what there is, write the end."""


@dataclass(frozen=True)
class Rest:
    """Nothing to do."""


Step = Intend | Find | Ask | Park | Cancel | Poll | Conclude | Rest


def fresh(view: View) -> tuple[int, ...]:
    """Parts that nobody has asked the provider for: the intent is ours, and this process has not asked."""
    if not view.memory.wrote:
        return ()
    return tuple(part.index for part in _open(view.parts) if part.index not in view.memory.asked)


def untaken(view: View, grace: float) -> tuple[int, ...]:
    """Open parts that the provider has not: nobody has asked, or its listing would show them by now."""
    if view.intended is None or not _waited(view, grace):
        return fresh(view)
    return tuple(part.index for part in _open(view.parts))


def next_step(view: View, looked: bool, idempotent: bool, grace: float) -> Step:
    """`looked`: in this round the open parts were looked for, and `view.parts` has what was found."""
    if view.state in ENDED:
        return Rest()
    if view.intended is None:
        return Conclude() if view.stop else Intend()
    open_parts = _open(view.parts)
    new = fresh(view)
    doubtful = tuple(part.index for part in open_parts if part.index not in new)
    if new and not view.stop:
        return Find(new) if view.memory.looks and not looked else Ask(new)
    if doubtful and not looked:
        return Find(doubtful)
    if doubtful and not view.stop and idempotent:
        return Ask(doubtful)
    if doubtful and not _waited(view, grace):
        return _running(view) or Rest()
    if doubtful and not view.stop:
        if view.state is not TaskState.SUBMISSION_UNKNOWN:
            return Park(doubtful)
        return _running(view) or Rest()
    return _running(view) or Conclude()


def _running(view: View) -> Step | None:
    """What is left to do with the parts that the provider has."""
    alive = tuple(part.index for part in view.parts if part.handle and not part.ended)
    if not alive:
        return None
    return Cancel(alive) if view.stop else Poll(alive)


def _open(parts: Sequence[Part]) -> list[Part]:
    return [part for part in parts if part.handle is None and not part.ended]


def _waited(view: View, grace: float) -> bool:
    """Long enough for the provider's listing to show what was taken."""
    since = max(moment for moment in (view.intended, view.memory.doubt) if moment is not None)
    return view.now - since >= timedelta(seconds=grace)
