"""What a kind brings to the kit: what it watches, how it brings one key up to date, what it does now and then."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qee.kube.port import Object, Resource

ALL = (None, "")
"""The key of a controller that looks at everything of its kind at once."""


def generation(obj: Object) -> Hashable:
    """What moves with the spec and with deletion: our own status writes are no news."""
    return obj["metadata"].get("generation"), obj["metadata"].get("deletionTimestamp")


@dataclass(frozen=True)
class Watch:
    """One resource that a controller wants to hear of."""

    resource: Resource
    keys: Callable[[Object], Iterable[Any]]
    """What to reconcile when there is news of the object."""
    matters: Callable[[Object], Hashable] = generation
    """What of the object is looked at: it is news when this has changed. None: nothing yet."""
    labels: str = ""
    """A label that objects have to bear."""
    told: Callable[[str, Object], None] | None = None
    """Called with each event, (type, object), before anything else."""


@dataclass(frozen=True)
class Pass:
    """Done at once and then every `period` seconds, whatever the watches say. What it returns is reconciled."""

    name: str
    period: float
    run: Callable[[], Awaitable[Iterable[Any]]]
    ailment: Callable[[], str] | None = None
    """Of one without which the process is ill, as it is when this has not come through for three periods: what else it
    has found that only a restart mends. Empty where all is well.
    """


async def _everything() -> Iterable[Any]:
    return [ALL]


def all_at_once(name: str, period: float) -> Pass:
    """Of a controller whose one key is ALL."""
    return Pass(name, period, _everything)


class Controller(Protocol):
    """One kind. `reconcile` is called with one key at a time, and never twice at once with the same."""

    @property
    def kind(self) -> str: ...

    @property
    def workers(self) -> int:
        """Keys that are worked on at a time."""
        ...

    @property
    def watches(self) -> Sequence[Watch]: ...

    @property
    def passes(self) -> Sequence[Pass]: ...

    async def reconcile(self, key: Any) -> float | None:
        """The seconds after which to look again, or None. May be interrupted and repeated anywhere. Raises `ApiError`:
        the key comes again, later each time.
        """
        ...
