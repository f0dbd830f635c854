"""The full resync: every 10 minutes, whatever the watches said. It repairs what they missed, and tidies up.

- An unfinished job gets its key on the queue.
- A finished job whose result ConfigMap was deleted says so.
- Children of jobs that finished a while ago are deleted, many in one request (docs/adr/0001).
"""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import ValidationError

from qee.api import names
from qee.api.conditions import ConditionType, Phase, Status, status_of, terminal_phase
from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.controller.jobs.kept import Kept
from qee.controller.jobs.memory import Key, Memory
from qee.controller.jobs.status import StatusWriter
from qee.controller.kit.watch import Watches
from qee.controller.settings import Settings
from qee.core import times
from qee.core.job.status_change import StatusChange
from qee.core.job.world import World
from qee.kube.informer import listed
from qee.kube.port import ApiError, NotFound, Object, Port, Resource
from qee.kube.resources import CHILDREN, CONFIG_MAPS, JOBS, TASKS
from qee.observe.metrics import Metrics

logger = logging.getLogger(__name__)
BATCH = 50  # UIDs in one label selector: 37 characters each in a URL
# Why a job ended without the result that is paid for: once what was in the way is gone, `qee fetch` has it stored.
OWED = {
    Reason.RESULT_NOT_FETCHED,
    Reason.PROVIDER_LOST,
    Reason.RESULT_CONFLICT,
    Reason.RESULT_CORRUPT,
    Reason.RESULT_TOO_LARGE,
}
WATCH_GRACE = 60.0  # seconds within which a watch must have told of a new object


@dataclass
class Resync:
    """One pass is `run`. `missed`: jobs that the watch had not told of."""

    port: Port
    kept: Kept
    watches: Watches
    settings: Settings
    metrics: Metrics
    status: StatusWriter
    memory: Memory
    clock: times.Clock
    watching_since: float = field(default_factory=time.monotonic)
    missed: int = 0

    async def run(self) -> list[Key]:
        """The jobs to look at. Raises `ApiError`."""
        now, missed, uids = self.clock(), 0, set()
        found: list[Key] = []
        stored: list[tuple[str, str, str]] = []  # namespace, name and ConfigMap of jobs that say their result is stored
        swept: dict[str, list[str]] = defaultdict(list)  # namespace -> UIDs of jobs whose child may go
        await self.kept.compare(self.port, self.settings.scopes)
        async for job in listed(self.port, JOBS, self.settings.scopes, self.kept.jobs):
            meta, status = job["metadata"], job.get("status") or {}
            uids.add(meta["uid"])
            created = times.parse(meta["creationTimestamp"])
            if not self.watches.knows(JOBS, meta["uid"]) and created and self._should_be_known(now - created):
                missed += 1
            conditions = status.get("conditions") or []
            if terminal_phase(conditions) is None or self._wants_a_look(job):
                found.append((meta["namespace"], meta["name"]))
                continue
            if status_of(conditions, ConditionType.RESULTS_STORED) is Status.TRUE:
                config_map = (status.get("result") or {}).get("configMap")
                stored += [(meta["namespace"], meta["name"], config_map)] if config_map else []
            if _owed(status):
                continue  # `qee fetch` needs its task
            completed = times.parse(status.get("completionTime"))
            if completed and now - completed > timedelta(seconds=self.settings.child_retention_seconds):
                swept[meta["namespace"]].append(meta["uid"])
        self.metrics.only_jobs(uids)
        self.memory.only(uids)
        self.watches.prune()
        self.kept.prune()
        await self._tell_of_deleted_results(stored)
        await self._sweep_children(swept)
        self.missed = missed
        return found

    def ailment(self) -> str:
        return f"the watch has not told of {self.missed} jobs that the resync found" if self.missed else ""

    def _should_be_known(self, age: timedelta) -> bool:
        watched = time.monotonic() - self.watching_since
        return min(age.total_seconds(), watched) > WATCH_GRACE

    def _wants_a_look(self, job: Object) -> bool:
        outdated = (job.get("status") or {}).get("observedGeneration") != job["metadata"].get("generation")
        return outdated or job["spec"].get("ttlSecondsAfterFinished") is not None

    async def _tell_of_deleted_results(self, jobs: list[tuple[str, str, str]]) -> None:
        """The jobs were listed first: a result that is stored meanwhile is not missed."""
        if not jobs:
            return
        present: set[tuple[str, str]] = set()
        labels = f"{names.LABEL_COMPONENT}={names.COMPONENT_RESULT}"
        for namespace in self.settings.scopes:
            async for found in self.port.list(CONFIG_MAPS, namespace, labels=labels, metadata_only=True):
                present.add((found["metadata"]["namespace"], found["metadata"]["name"]))
        for namespace, name, config_map in jobs:
            if (namespace, config_map) not in present:
                await self._result_deleted(namespace, name, config_map)

    async def _result_deleted(self, namespace: str, name: str, config_map: str) -> None:
        message = f"ConfigMap {config_map!r} is gone. {Reason.RESULT_DELETED.remedy}"
        change = StatusChange(Phase.SUCCEEDED, Reason.RESULT_DELETED, message, {})
        try:
            job = await self.port.get(JOBS, namespace, name)
            world = World(QuantumJob.model_validate(job), job.get("status") or {}, self.clock())
            if not world.ended:  # another one of its name
                return
            await self.status.write(world, change)
        except (ApiError, ValidationError) as error:  # the next resync says it
            logger.warning("%s/%s: %s", namespace, name, error)

    async def _sweep_children(self, finished: dict[str, list[str]]) -> None:
        for namespace, uids in finished.items():
            for batch in _batches(await self._owners(CHILDREN, namespace), uids):
                logger.info("deleting %d children of finished jobs in namespace %s", len(batch), namespace)
                await self.port.delete_collection(CHILDREN, namespace, labels=_of(batch))
            # They hold compiled circuits and results once more; their finalizer is taken off as they are deleted.
            for batch in _batches(await self._owners(TASKS, namespace), uids):
                await self.port.delete_collection(TASKS, namespace, labels=_of(batch))

    async def _owners(self, resource: Resource, namespace: str) -> set[str]:
        """UIDs of the jobs that objects of this kind bear the label of."""
        label, found = names.LABEL_JOB_UID, set()
        try:
            async for child in self.port.list(resource, namespace, labels=label, metadata_only=True):
                found.add(child["metadata"]["labels"][label])
        except NotFound:  # the kind is not installed
            return set()
        return found


def _batches(there: set[str], uids: Iterable[str]) -> Iterator[list[str]]:
    """Those of the UIDs that are there, not too many for one selector."""
    swept = sorted(there.intersection(uids))
    return (swept[start : start + BATCH] for start in range(0, len(swept), BATCH))


def _of(uids: Iterable[str]) -> str:
    """The selector of what we made for these jobs."""
    return f"{names.LABEL_JOB_UID} in ({','.join(uids)}),{names.LABEL_MANAGED_BY}={names.MANAGED_BY}"


def _owed(status: Object) -> bool:
    """Of a job at a provider that may have executed it: its result is stored nowhere, and may still be."""
    reasons = {each.get("reason") for each in status.get("conditions") or [] if each["type"] == ConditionType.SUCCEEDED}
    at_provider = (status.get("child") or {}).get("kind") == names.KIND_TASK
    return at_provider and not status.get("result") and not OWED.isdisjoint(reasons)
