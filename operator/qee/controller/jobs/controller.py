"""QuantumJobs as a kind of the kit: what is news of a job, and what is done now and then."""

from collections.abc import Hashable, Iterable, Sequence

from qee.api.conditions import Phase, terminal_phase
from qee.api.names import ANNOTATION_FETCH_AT, LABEL_JOB_NAME, LABEL_JOB_UID
from qee.controller.jobs.kept import Kept
from qee.controller.jobs.memory import Key
from qee.controller.jobs.resync import Resync
from qee.controller.jobs.wiring import Wiring
from qee.controller.kit.controller import Pass, Watch
from qee.controller.settings import Settings
from qee.core import times
from qee.core.job.observed import child_state, pod_state
from qee.kube.port import DELETED, Object
from qee.kube.resources import CHILDREN, JOBS, PODS, TASKS, TRUST_POLICIES
from qee.observe.metrics import Metrics

STARTING = ("ContainerCreating", "PodInitializing")


class Jobs:
    """What it watches, what it does now and then; one step of one job is the reconciler's."""

    kind = JOBS.kind

    def __init__(
        self, reconciler: Wiring, resync: Resync, kept: Kept, settings: Settings, metrics: Metrics, clock: times.Clock
    ) -> None:
        self._reconciler = reconciler
        self._kept = kept
        self._clock = clock
        self.workers = settings.workers
        self.watches = _watches(metrics, kept)
        self.passes = (
            Pass("resync", settings.resync_seconds, resync.run, resync.ailment),
            Pass("sweep of the ledger", settings.resync_seconds, self._sweep),
        )

    async def _sweep(self) -> list[Key]:
        await self._reconciler.ledger.sweep(self._clock())
        return []

    async def reconcile(self, key: Key) -> float | None:
        after = await self._reconciler.reconcile(key)
        self._kept.see_to_rest(key)
        return after


def _watches(metrics: Metrics, kept: Kept) -> Sequence[Watch]:
    """Of the job itself, its child, that child's pods, its QuantumTask, and of trust policies."""

    def follow(kind: str, job: Object) -> None:
        kept.follow(kind, job)
        if kind == DELETED:
            metrics.job_gone(job["metadata"]["uid"])
        else:
            metrics.job_seen(job["metadata"]["uid"], str((job.get("status") or {}).get("phase") or Phase.PENDING))

    return (
        Watch(JOBS, _itself, _of_job, told=follow),
        Watch(CHILDREN, _owner, _of_child, LABEL_JOB_UID),
        Watch(PODS, _owner, _of_pod, LABEL_JOB_UID),
        Watch(TASKS, _owner, _of_task),
        Watch(TRUST_POLICIES, lambda _: list(kept.unfinished)),  # all are verified again
    )


def _key(obj: Object) -> Key:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]


def _itself(job: Object) -> Iterable[Key]:
    """Not one that has ended and of which nothing is left to do."""
    meta, status = job["metadata"], job.get("status") or {}
    rests = (
        terminal_phase(status.get("conditions") or [])
        and status.get("observedGeneration") == meta.get("generation")
        and (job.get("spec") or {}).get("ttlSecondsAfterFinished") is None
        and not _fetch_asked(job)
    )
    return () if rests else (_key(job),)


def _owner(obj: Object) -> Iterable[Key]:
    meta = obj["metadata"]
    name = (meta.get("labels") or {}).get(LABEL_JOB_NAME)
    return ((meta["namespace"], name),) if name else ()


def _of_job(job: Object) -> Hashable:
    """Our own status writes change nothing here, but for the end."""
    meta, status = job["metadata"], job.get("status") or {}
    ended = bool(terminal_phase(status.get("conditions") or []))
    return meta.get("generation"), meta.get("deletionTimestamp"), ended, _fetch_asked(job)


def _fetch_asked(job: Object) -> str | None:
    return (job["metadata"].get("annotations") or {}).get(ANNOTATION_FETCH_AT)


def _of_child(job: Object) -> Hashable:
    """None: it has just been made."""
    child = child_state(job)
    matters = (child.complete, child.failed_reason, child.suspended, child.deleting, child.failed_indexes)
    return matters if any(matters) else None


def _of_pod(obj: Object) -> Hashable:
    """None: it has just been made, and waits as all do."""
    pod = pod_state(obj)
    waiting = pod.waiting.reason if pod.waiting else None
    if waiting in STARTING:
        waiting = None
    ended = pod.terminated is not None
    matters = (pod.running, ended, waiting, bool(pod.unschedulable), pod.disrupted, pod.phase == "Failed")
    return matters if any(matters) else None


def _of_task(task: Object) -> Hashable:
    """What its connector has said of it."""
    status = task.get("status") or {}
    said = tuple(str(status.get(field)) for field in ("state", "message", "queuePosition"))
    return *said, bool(status.get("result")), task["metadata"].get("deletionTimestamp")
