"""A provider in memory, in place of the worker: what a connector may ask, and how it may go wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from qee.connectors.protocol import (
    AlreadyEnded,
    Ambiguous,
    Charge,
    Fetched,
    Gone,
    Phase,
    ProviderError,
    ProviderState,
    Target,
    UnitResult,
    Unreachable,
)
from qee.documents.compiled import Submission, Unit


class Killed(BaseException):
    """The process ends here. Not an Exception: nothing may catch it."""


@dataclass
class Job:
    handle: str
    key: str
    phase: Phase = "queued"


@dataclass
class Provider:
    """`idempotent`: it makes one job of two submissions with one key. `lists`: `find` shows its jobs.

    `before` and `after` are called with each call's name, around its effect; what they raise ends the call.
    """

    idempotent: bool
    lists: bool = True
    jobs: dict[str, Job] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda call: None
    after: Callable[[str], None] = lambda call: None
    held: bool = False
    charge: Charge = field(default_factory=lambda: Charge(amount="0.30", currency="USD"))
    gives: Callable[[Unit], UnitResult] = lambda unit: UnitResult(
        counts={"0" * sum(r.size for r in unit.registers): unit.shots}
    )

    async def describe(self) -> Target:
        return Target(True, "", 5, ("cx", "rz"), b"{}")

    async def find(self, keys: Sequence[str], since: str) -> Mapping[str, Sequence[str]]:
        self._begin("find")
        found: dict[str, list[str]] = {}
        for job in self.jobs.values():
            if job.key in keys and self.lists:
                found.setdefault(job.key, []).append(job.handle)
        self.after("find")
        return found

    async def submit(self, key: str, submission: Submission) -> str:
        try:
            self._begin("submit")
        except ProviderError:
            raise
        same = [job for job in self.jobs.values() if job.key == key]
        if same and self.idempotent:
            handle = same[0].handle
        else:
            handle = f"job-{len(self.jobs) + 1}"
            self.jobs[handle] = Job(handle, key)
        try:
            self.after("submit")
        except Unreachable as error:
            raise Ambiguous(str(error)) from error
        return handle

    async def status(self, handles: Sequence[str]) -> Mapping[str, ProviderState]:
        self._begin("status")
        found = {}
        for handle in handles:
            job = self.jobs.get(handle)
            if job is None:
                continue
            if not self.held:
                job.phase = {"queued": "running", "running": "succeeded"}.get(job.phase, job.phase)  # type: ignore[assignment]
            found[handle] = ProviderState(job.phase)
        self.after("status")
        return found

    async def fetch(self, handle: str, submission: Submission) -> Fetched:
        self._begin("fetch")
        if handle not in self.jobs:
            raise Gone(handle)
        units = tuple(self.gives(unit) for unit in submission.units)
        self.after("fetch")
        return Fetched(units, "0" * 64, self.charge)

    async def cancel(self, handle: str) -> None:
        self._begin("cancel")
        job = self.jobs.get(handle)
        if job is None:
            raise Gone(handle)
        if job.phase in ("succeeded", "failed", "cancelled"):
            raise AlreadyEnded(handle)
        job.phase = "cancelled"
        self.after("cancel")

    async def close(self) -> None:
        pass

    def _begin(self, call: str) -> None:
        self.calls.append(call)
        self.before(call)

    @property
    def alive(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.phase in ("queued", "running")]
