"""From watch events to keys. Events that change nothing a decision looks at are dropped here; most are of that kind.

Losing this memory, or an event, costs time and nothing else: the resync puts every unfinished job on the queue.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from qee.api.conditions import Phase, terminal_phase
from qee.api.names import ANNOTATION_FETCH_AT, LABEL_JOB_NAME
from qee.api.task import ENDED
from qee.controller.jobs.reconcile import Key
from qee.controller.queue import WorkQueue
from qee.core.job.observed import child_state, pod_state
from qee.observe.metrics import Metrics

Event = Mapping[str, Any]


class Intake:
    """Puts keys on the queue. `last_event` is the monotonic time of each kind's last event."""

    def __init__(self, queue: WorkQueue[Key], metrics: Metrics) -> None:
        self._queue = queue
        self._metrics = metrics
        self._seen: dict[str, object] = {}  # UID -> what mattered of the object when it was last seen
        self._unfinished: dict[str, Key] = {}  # by UID
        self.policies_changed = asyncio.Event()
        self.backends_idle = asyncio.Event()
        self.tasks: dict[str, str | None] = {}
        """By a QuantumTask's UID its backend, None once it has ended."""
        self.last_event: dict[str, float] = {}

    def knows(self, uid: str) -> bool:
        """Whether the watch has told of this object."""
        return uid in self._seen

    def job(self, event: Event) -> None:
        """A QuantumJob. Our own status writes change nothing here."""
        meta, status = event["object"]["metadata"], event["object"].get("status") or {}
        key = (meta["namespace"], meta["name"])
        ended = terminal_phase(status.get("conditions") or [])
        if event["type"] == "DELETED":
            self._metrics.job_gone(meta["uid"])
        else:
            self._metrics.job_seen(meta["uid"], str(status.get("phase") or Phase.PENDING))
        if event["type"] == "DELETED" or ended:
            self._unfinished.pop(meta["uid"], None)
        else:
            self._unfinished[meta["uid"]] = key
        outdated = status.get("observedGeneration") != meta.get("generation")
        asked = (meta.get("annotations") or {}).get(ANNOTATION_FETCH_AT)
        matters = (meta.get("generation"), meta.get("deletionTimestamp"), bool(ended), asked)
        rests = ended and not outdated and not _has_ttl(event) and not asked
        if self._news("QuantumJob", event, matters) and not rests:
            self._queue.add(key)

    def child(self, event: Event) -> None:
        child = child_state(event["object"])
        matters = (child.complete, child.failed_reason, child.suspended, child.deleting, child.failed_indexes)
        if self._news("Job", event, matters):
            self._add_owner(event)

    def pod(self, event: Event) -> None:
        pod = pod_state(event["object"])
        waiting = pod.waiting.reason if pod.waiting else None
        if waiting in ("ContainerCreating", "PodInitializing"):
            waiting = None
        ended = pod.terminated is not None
        matters = (pod.running, ended, waiting, bool(pod.unschedulable), pod.disrupted, pod.phase == "Failed")
        first = pod.uid not in self._seen
        if self._news("Pod", event, matters) and not (first and not any(matters)):
            self._add_owner(event)

    def task(self, event: Event) -> None:
        """A QuantumTask: what its connector has said of it."""
        meta, status = event["object"]["metadata"], event["object"].get("status") or {}
        said = tuple(str(status.get(field)) for field in ("state", "message", "queuePosition"))
        said = (*said, str(bool(status.get("result"))))
        self._follow_task(event, status.get("state") in ENDED)
        if self._news("QuantumTask", event, (*said, meta.get("deletionTimestamp"))):
            self._add_owner(event)

    def policy(self, event: Event) -> None:
        """A QuantumTrustPolicy: every job that has not ended is verified again. Our status writes change nothing."""
        meta = event["object"]["metadata"]
        if self._news("QuantumTrustPolicy", event, (meta.get("generation"), meta.get("deletionTimestamp"))):
            for key in self._unfinished.values():
                self._queue.add(key)
            self.policies_changed.set()

    def backend(self, event: Event) -> None:
        """A QuantumBackend: one that is deleted waits until its tasks have ended."""
        meta = event["object"]["metadata"]
        if self._news("QuantumBackend", event, meta.get("deletionTimestamp")) and "deletionTimestamp" in meta:
            self.backends_idle.set()

    def _follow_task(self, event: Event, ended: bool) -> None:
        uid = event["object"]["metadata"]["uid"]
        before = self.tasks.pop(uid, None)
        if event["type"] != "DELETED":
            self.tasks[uid] = None if ended else event["object"]["spec"]["backendRef"]["name"]
        if before is not None and before not in self.tasks.values():
            self.backends_idle.set()

    def _news(self, kind: str, event: Event, matters: object) -> bool:
        self.last_event[kind] = time.monotonic()
        uid = event["object"]["metadata"]["uid"]
        if event["type"] == "DELETED":
            self._seen.pop(uid, None)
            return True
        before, self._seen[uid] = self._seen.get(uid), matters
        return before != matters

    def _add_owner(self, event: Event) -> None:
        meta = event["object"]["metadata"]
        name = (meta.get("labels") or {}).get(LABEL_JOB_NAME)
        if name:
            self._queue.add((meta["namespace"], name))


def _has_ttl(event: Event) -> bool:
    return (event["object"].get("spec") or {}).get("ttlSecondsAfterFinished") is not None
