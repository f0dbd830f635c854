"""What came of a step; `conclude` decides what follows. Some are exceptions: they are raised deep within the step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qee.core.job.plan import Child
from qee.core.job.world import Stage
from qee.core.refusal import Denied, Refused


@dataclass(frozen=True)
class Done:
    """Nothing is to be told of it. The seconds after which to look again, or None."""

    after: float | None = None


@dataclass(frozen=True)
class Learned:
    """Nothing was done, and more is known of the stage than before: decide again."""

    stage: Stage


@dataclass(frozen=True)
class Next:
    """The attempt's next stage has begun, and waits. `fields`: of status."""

    child: Child
    message: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Stored:
    """The result is stored: `place` says where in words, `fields` are those of status that tell of it.

    `partial`: what is missing of it, in words, and why; empty where it is whole.
    """

    place: str
    fields: Mapping[str, Any]
    partial: str = ""


class Lost(Exception):
    """The attempt gave no result, through no fault of its program: its log is gone, or its input."""


class KeyUnreadable(Exception):
    """The key for results is configured and cannot be read: results wait, none is stored unsigned."""


@dataclass(frozen=True)
class ServerRefused:
    """The API server said no to the child, as a quota, a policy or a webhook does."""

    message: str


Outcome = Done | Learned | Next | Stored | Lost | KeyUnreadable | ServerRefused | Refused | Denied
