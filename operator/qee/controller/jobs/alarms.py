"""What a person should look at in a provider's console: an Event on the job, a metric, and a line for the audit log."""

import logging
from collections.abc import Sequence

from qee.api.reasons import Reason
from qee.api.task import QuantumTask
from qee.core import times
from qee.kube.port import Port
from qee.observe import events
from qee.observe.metrics import Metrics

logger = logging.getLogger(__name__)


class Alarms:
    """The job may be gone by then: what is told of it is in its task."""

    def __init__(self, port: Port, metrics: Metrics, clock: times.Clock) -> None:
        self._port = port
        self._metrics = metrics
        self._clock = clock

    async def unconfirmed(self, task: QuantumTask) -> None:
        """The provider may go on with something that nobody waits for any more."""
        self._metrics.cancel_unconfirmed.inc()
        await self._tell(task, Reason.CANCEL_UNCONFIRMED, [part.handle for part in task.status.parts if part.handle])

    async def second_jobs(self, task: QuantumTask, told: set[str]) -> None:
        """The connector has found more than one provider job of one submission. Told once: `told` are UIDs of tasks."""
        found = task.status.duplicates
        if not found or task.metadata.uid in told:
            return
        told.add(task.metadata.uid)
        self._metrics.second_provider_jobs.inc(len(found))
        await self._tell(task, Reason.SECOND_PROVIDER_JOB, found)

    async def _tell(self, task: QuantumTask, reason: Reason, handles: Sequence[str]) -> None:
        job, namespace = task.spec.job, task.metadata.namespace
        key = task.status.submission.key if task.status.submission is not None else ""
        which = f"QuantumTask {task.metadata.name}, key {key}, provider's jobs: {', '.join(handles) or 'not known'}"
        logger.warning("%s/%s: %s: %s", namespace, job.name, reason, which)
        about = events.About(namespace, job.name, job.uid)
        message = f"{reason.meaning} {reason.remedy} {which}"
        event = events.event(about, "Warning", reason, message, task.metadata.uid, self._clock())
        await events.send(self._port, event)
