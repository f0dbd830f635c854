"""What this process has found out about jobs. Losing it costs looking once more; it goes when the job goes."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass, field

from qee.api.meta import ObjectMeta
from qee.signing.verdict import Verdict

Key = tuple[str, str]  # namespace and name of a QuantumJob


@dataclass
class JobMemory:
    """Of one job that has not ended."""

    uid: str
    child: str = ""
    """UID of the child Job that it has made, or compared with what it would make."""
    parts: set[str] = field(default_factory=set)
    """UIDs of the parts of its result that were found good."""
    asked: Hashable = None
    """Of which object and which policies `verdict` is; `cloud`: and of a backend at a provider."""
    cloud: bool = True
    verdict: Verdict | None = None
    told: set[str] = field(default_factory=set)
    """UIDs of tasks whose second provider job was told of."""


class Memory:
    """By the key under which the job is reconciled, so that its deletion is enough to forget it."""

    def __init__(self) -> None:
        self._known: dict[Key, JobMemory] = {}

    def __len__(self) -> int:
        return len(self._known)

    def of(self, job: ObjectMeta) -> JobMemory:
        """What is known of this very job; another one of its name is forgotten."""
        key = (job.namespace, job.name)
        known = self._known.get(key)
        if known is None or known.uid != job.uid:
            known = self._known[key] = JobMemory(job.uid)
        return known

    def forget(self, key: Key) -> None:
        self._known.pop(key, None)

    def only(self, uids: Collection[str]) -> None:
        """Forget jobs that are not there any more, should no watch have told of their deletion."""
        self._known = {key: known for key, known in self._known.items() if known.uid in uids}
