"""What a person should look at in a provider's console: an Event on the job, a metric, and a line for the audit log."""

import logging
from collections.abc import Callable
from datetime import datetime

from qee.api.reasons import Reason
from qee.core.job.observed import SubmittedTask
from qee.kube.port import Object, Port
from qee.observe import events
from qee.observe.metrics import Metrics

logger = logging.getLogger(__name__)


class Alarms:
    """The job may be gone by then: what is told of it is in its task."""

    def __init__(self, port: Port, metrics: Metrics, clock: Callable[[], datetime]) -> None:
        self._port = port
        self._metrics = metrics
        self._clock = clock
        self._told: set[str] = set()  # UIDs of tasks whose second provider job was told by this process

    async def unconfirmed(self, namespace: str, task: SubmittedTask) -> None:
        """The provider may go on with something that nobody waits for any more."""
        self._metrics.cancel_unconfirmed.inc()
        handles = [part["handle"] for part in _status(task).get("parts") or [] if part.get("handle")]
        await self._tell(namespace, task, Reason.CANCEL_UNCONFIRMED, handles)

    async def second_jobs(self, namespace: str, task: SubmittedTask) -> None:
        """The connector has found more than one provider job of one submission. Told once."""
        found = _status(task).get("duplicates") or []
        if not found or task.uid in self._told:
            return
        self._told.add(task.uid)
        self._metrics.second_provider_jobs.inc(len(found))
        await self._tell(namespace, task, Reason.SECOND_PROVIDER_JOB, found)

    async def _tell(self, namespace: str, task: SubmittedTask, reason: Reason, handles: list[str]) -> None:
        job = task.raw["spec"]["job"]
        key = (_status(task).get("submission") or {}).get("key", "")
        which = f"QuantumTask {task.name}, key {key}, provider's jobs: {', '.join(handles) or 'not known'}"
        logger.warning("%s/%s: %s: %s", namespace, job["name"], reason, which)
        about = events.About(namespace, job["name"], job["uid"])
        message = f"{reason.meaning} {reason.remedy} {which}"
        await events.send(self._port, events.event(about, "Warning", reason, message, task.uid, self._clock()))


def _status(task: SubmittedTask) -> Object:
    return task.raw.get("status") or {}
