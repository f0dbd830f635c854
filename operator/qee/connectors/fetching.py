"""Succeeded means fetched: a result that the provider has is asked for until it comes, over hours.

It is paid for. A credential that is refused and a provider that is busy say nothing about it, and are waited out for as
long as it takes; what else goes wrong is tried again for a day, ever more rarely. That there is no such job or no such
result is believed after minutes only: stores show late what was written (azure-quantum-python#744).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from qee.connectors.client import WorkerClient
from qee.connectors.protocol import Fetched, Gone, ProviderError, Rejected, Throttled, Unauthorized
from qee.connectors.submission import Part
from qee.documents.compiled import CompiledDocument, Submission

logger = logging.getLogger(__name__)
FIRST_SECONDS, LONGEST_SECONDS = 15.0, 300.0  # between two tries: doubled each time
GIVEN_UP_SECONDS = 24 * 3600.0  # of waits after failures that count
GONE_SECONDS, GONE_PAUSE = 900.0, 60.0


@dataclass
class Tries:
    """Failed ones, of one provider job's result. `waited`: seconds after those that count; `gone`: after a Gone."""

    number: int = 0
    waited: float = 0.0
    gone: float = 0.0

    def next(self, error: ProviderError) -> float | None:
        """Seconds until the next try, after this failure; None: it is given up."""
        pause = min(FIRST_SECONDS * (1 << self.number), LONGEST_SECONDS)
        self.number = min(self.number + 1, 16)
        if isinstance(error, Unauthorized):
            return pause
        if isinstance(error, Throttled):
            return max(pause, error.retry_after)
        if isinstance(error, Gone):
            pause = min(pause, GONE_PAUSE)
            self.gone += pause
            return pause if self.gone <= GONE_SECONDS else None
        self.waited += pause
        return pause if self.waited <= GIVEN_UP_SECONDS else None


_UNTRIED = Tries()


@dataclass
class Results:
    """What a process remembers of a task's results; losing it costs further tries."""

    tries: dict[str, Tries] = field(default_factory=dict)
    """By handle."""
    fetched: dict[str, Fetched] = field(default_factory=dict)
    """By handle: what came while other parts did not."""


class NotYet(Exception):
    """A result that is there could not be fetched; again after `seconds`."""

    def __init__(self, handle: str, error: ProviderError, seconds: float) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.handle = handle
        self.kind = type(error).__name__
        self.seconds = seconds


class Fetcher:
    """The results of ended provider jobs."""

    def __init__(self, client: WorkerClient) -> None:
        self._client = client

    async def all(
        self, compiled: CompiledDocument, parts: Sequence[Part], known: Results, patient: bool
    ) -> tuple[dict[int, Fetched], str]:
        """By part, and why one that the provider has executed was given up; empty: none was. Raises NotYet.

        Of a part that has not succeeded only what it has cost, where the provider tells. `patient`: worth waiting for.
        """
        found: dict[int, Fetched] = {}
        given_up = ""
        later: NotYet | None = None
        # Those that failed before come last: one that is never answered must not keep the others at the provider.
        for part in sorted(parts, key=lambda each: known.tries.get(each.handle or "", _UNTRIED).number):
            if part.handle is None or part.state not in ("Succeeded", "Failed", "Cancelled"):
                continue
            wanted = compiled.submissions[part.index]
            if part.state != "Succeeded":
                found[part.index] = await self._charge(part, wanted)
                continue
            try:
                found[part.index] = await self._one(part.handle, wanted, known)
            except ProviderError as error:
                seconds = known.tries.setdefault(part.handle, Tries()).next(error)
                if seconds is not None and patient:
                    later = later or NotYet(part.handle, error, seconds)
                    if isinstance(error, Gone | Rejected):  # it is about this one; the others may be there
                        continue
                    raise later from error
                given_up = _not_fetched(part.handle, error)
                logger.error("given up: %s", given_up)
                found[part.index] = Fetched.nothing(wanted, given_up)
        if later is not None:
            raise later
        return found, given_up

    async def again(self, compiled: CompiledDocument, parts: Sequence[Part]) -> Mapping[int, Fetched]:
        """One try at each part that was given up. Raises ProviderError where nothing came, or another time may help."""
        found: dict[int, Fetched] = {}
        missing: dict[int, Fetched] = {}
        why: ProviderError | None = None
        for part in parts:
            if part.handle is None or part.state not in ("Succeeded", "Lost"):
                continue
            wanted = compiled.submissions[part.index]
            try:
                found[part.index] = await self._client.fetch(part.handle, wanted)
            except (Gone, Rejected) as error:  # it is about this one; the others may be there
                missing[part.index] = Fetched.nothing(wanted, _not_fetched(part.handle, error))
                why = why or error
        if why is not None and not found:
            raise why
        return found | missing

    async def _one(self, handle: str, wanted: Submission, known: Results) -> Fetched:
        if handle not in known.fetched:
            known.fetched[handle] = await self._client.fetch(handle, wanted)
        return known.fetched[handle]

    async def _charge(self, part: Part, wanted: Submission) -> Fetched:
        empty = Fetched.nothing(wanted, part.message or part.state)
        try:
            return replace(empty, charge=(await self._client.fetch(part.handle or "", wanted)).charge)
        except ProviderError as error:
            logger.info("what %s has cost is not known: %s: %s", part.handle, type(error).__name__, error)
            return empty


def _not_fetched(handle: str, error: ProviderError) -> str:
    return f"the result of {handle} cannot be fetched: {type(error).__name__}: {error}"
