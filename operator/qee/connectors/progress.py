"""What a provider has said of a task's jobs, as the task's parts and state. Pure: no I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from qee.api.task import TaskState
from qee.connectors.protocol import ENDED, ProviderState
from qee.connectors.submission import Part

GONE_LOOKS, GONE_SECONDS = 3, 120.0  # a job that so many looks in a row, over so long, do not find is lost


def moved(
    parts: Sequence[Part], seen: Mapping[str, ProviderState], unseen: dict[str, tuple[int, datetime]], now: datetime
) -> tuple[Part, ...]:
    """`unseen` is kept by this: by handle, the looks in a row that did not find it, and the first one's time."""
    return tuple(_moved(part, seen, unseen, now) for part in parts)


def state(parts: Sequence[Part], before: TaskState) -> TaskState:
    """Of the task, some of whose parts go on; one that was not submitted keeps its state as it is."""
    if any(part.handle is None and not part.ended for part in parts):
        return before
    return TaskState.RUNNING if any(part.state == "Running" for part in parts) else TaskState.QUEUED


def position(parts: Sequence[Part], seen: Mapping[str, ProviderState]) -> int | None:
    """In the provider's queue, of the part that is next."""
    told = [seen[part.handle].position for part in parts if part.handle and part.handle in seen and not part.ended]
    return min((each for each in told if each is not None), default=None)


def _moved(
    part: Part, seen: Mapping[str, ProviderState], unseen: dict[str, tuple[int, datetime]], now: datetime
) -> Part:
    if part.handle is None or part.ended:
        return part
    said = seen.get(part.handle)
    if said is None:
        looks, since = unseen.get(part.handle, (0, now))
        unseen[part.handle] = looks + 1, since
        if looks + 1 < GONE_LOOKS or (now - since).total_seconds() < GONE_SECONDS:
            return part
        return replace(part, state="Lost", message=f"The provider does not know {part.handle} any more.")
    unseen.pop(part.handle, None)
    if said.phase == "unknown":
        return part
    return replace(part, state=said.phase.capitalize(), message=said.message if said.phase in ENDED else "")
