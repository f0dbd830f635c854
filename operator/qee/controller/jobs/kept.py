"""What is kept of what watches tell: jobs and what belongs to them, trust policies and backends.

Objects are kept as text, a tenth of what they take once they are parsed. Of jobs that have ended, and of their children
and pods, nothing is kept once there is nothing left to see to; of a QuantumTask that is long neither.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from qee.api.conditions import terminal_phase
from qee.api.names import LABEL_JOB_NAME, LABEL_JOB_UID
from qee.controller.jobs.memory import Key
from qee.controller.jobs.reads import RESOURCES, Live
from qee.core import times
from qee.core.job.plan import Read
from qee.kube.informer import listed
from qee.kube.port import DELETED, Object, Port, Resource
from qee.kube.resources import BACKENDS, CHILDREN, JOBS, PODS, TASKS, TRUST_POLICIES
from qee.kube.store import Store, lean, name_of

LONGEST = 16 * 1024  # characters of a QuantumTask: compiled circuits and results may have a hundred times as many
OF_JOBS = {CHILDREN: LABEL_JOB_UID, PODS: LABEL_JOB_UID, TASKS: ""}


class Kept:
    """`stores` are to be told of every event. `rest` seconds after a job's end nothing is left to see to."""

    def __init__(self, rest: float, clock: times.Clock) -> None:
        self._rest = timedelta(seconds=rest)
        self._clock = clock
        self._resting: set[str] = set()  # UIDs of jobs
        self.unfinished: dict[Key, str] = {}
        """The jobs that have not ended, with their UIDs."""
        self.jobs: Store[str] = Store(self._job)
        self.children: Store[str] = Store(self._of_job, _job_uid)
        self.pods: Store[str] = Store(self._of_job, _job_uid)
        self.stores: Mapping[Resource, Store[Any]] = {
            JOBS: self.jobs,
            CHILDREN: self.children,
            PODS: self.pods,
            TASKS: Store(_short, _job_name),
            TRUST_POLICIES: Store(lean),
            BACKENDS: Store(lean),
        }

    async def compare(self, port: Port, namespaces: Sequence[str | None]) -> None:
        """With what the API server has, jobs apart: what a watch has missed is read live from now on."""
        for resource, labels in OF_JOBS.items():
            store = self.stores[resource]
            await _exhausted(listed(port, resource, namespaces, store, labels=labels, metadata_only=True))
        for resource in (TRUST_POLICIES, BACKENDS):
            await _exhausted(listed(port, resource, [None], self.stores[resource], metadata_only=True))

    def see_to_rest(self, key: Key) -> None:
        """Let go of a job that has been looked at, if it has ended for long enough."""
        kept = None if key in self.unfinished else self.jobs.items.get(name_of(*key))
        if kept is not None and self._rests(json.loads(kept)):
            self.jobs.release([name_of(*key)])

    def follow(self, kind: str, job: Object) -> None:
        """An event of a job."""
        meta, status = job["metadata"], job.get("status") or {}
        key, uid = (meta["namespace"], meta["name"]), meta["uid"]
        if kind == DELETED:
            self._resting.discard(uid)
        if kind != DELETED and not terminal_phase(status.get("conditions") or []):
            self.unfinished[key] = uid
        elif self.unfinished.get(key) == uid:
            del self.unfinished[key]

    def prune(self) -> None:
        """Forget jobs that are not there any more, should no watch have told of their deletion."""
        there = self.jobs.uids()
        self._resting &= there
        self.unfinished = {key: uid for key, uid in self.unfinished.items() if uid in there}

    def _job(self, job: Object) -> str | None:
        return None if self._rests(job) else _text(job)

    def _rests(self, job: Object) -> bool:
        """Whether nothing of this job, its child and pods need be kept; then nothing of them is from now on."""
        status, uid = job.get("status") or {}, job["metadata"]["uid"]
        ended = times.parse(status.get("completionTime")) if terminal_phase(status.get("conditions") or []) else None
        if ended is None or self._clock() - ended < self._rest:
            return False
        self._resting.add(uid)
        for store in (self.children, self.pods):
            store.release(store.members(uid))
        return True

    def _of_job(self, obj: Object) -> str | None:
        return None if self._resting.intersection(_job_uid(obj)) else _text(obj)


class Known:
    """`Reads` from what watches have told. What is known to be there and is not kept is read live. What nobody has told
    of counts as absent: whatever is started, spent or ended for that reason is decided on live reads.
    """

    def __init__(self, kept: Kept, live: Live) -> None:
        self._kept = kept
        self._live = live

    async def one(self, kind: Read, namespace: str | None, name: str) -> Object | None:
        """A job that nobody has told of is looked for: it may just have been applied, or deleted."""
        store, key = self._store(kind), name_of(namespace, name)
        if (kept := store.items.get(key)) is not None:
            return _parsed(kept)
        return await self._live.one(kind, namespace, name) if kind is Read.JOB or store.knows(key) else None

    async def all(self, kind: Read, namespace: str | None = None, of: str = "") -> Sequence[Object]:
        """Tasks that are being deleted are read live: accounts are settled by what they say."""
        store = self._store(kind)
        group = name_of(namespace, of) if kind is Read.TASK else of
        kept, members = (store.group(group), store.members(group)) if of else (list(store.items.values()), store)
        found = [_parsed(each) for each in kept]
        going = kind is Read.TASK and any("deletionTimestamp" in each["metadata"] for each in found)
        return found if len(found) == len(members) and not going else await self._live.all(kind, namespace, of)

    def _store(self, kind: Read) -> Store[Any]:
        return self._kept.stores[RESOURCES[kind]]


def _parsed(kept: str | Object) -> Object:
    found: Object = json.loads(kept) if isinstance(kept, str) else kept
    return found


async def _exhausted(objects: AsyncIterator[Object]) -> None:
    async for _ in objects:
        pass


def _short(task: Object) -> str | None:
    text = _text(task)
    return text if text is not None and len(text) <= LONGEST else None


def _text(obj: Object) -> str | None:
    try:
        return json.dumps(lean(obj))
    except RecursionError:  # nested as deep as the API server takes it; the model refuses it
        return None


def _job_uid(obj: Object) -> Iterable[str]:
    uid = (obj["metadata"].get("labels") or {}).get(LABEL_JOB_UID)
    return (uid,) if uid else ()


def _job_name(obj: Object) -> Iterable[str]:
    meta = obj["metadata"]
    name = (meta.get("labels") or {}).get(LABEL_JOB_NAME)
    return (name_of(meta.get("namespace"), name),) if name else ()
