"""Kubernetes Events on a job: one for each transition, after the status write that it tells of."""

import hashlib
import logging
from datetime import datetime

from qee.api.conditions import Phase
from qee.api.job import QuantumJob
from qee.api.names import API_VERSION, KIND_JOB, MANAGED_BY
from qee.api.reasons import Reason
from qee.core import times
from qee.kube.port import AlreadyExists, ApiError, Object, Port
from qee.kube.resources import EVENTS

logger = logging.getLogger(__name__)
MAX_MESSAGE = 1024  # the API server's limit
WARNINGS = frozenset({Phase.FAILED, Phase.UNVERIFIED})


def transition(job: QuantumJob, phase: Phase, reason: Reason, message: str, attempt: int, now: datetime) -> Object:
    """The Event of a transition. Its name is a function of the transition: a repeated one is the same Event."""
    meta = job.metadata
    digest = hashlib.sha256(f"{meta.uid}/{attempt}/{phase}/{reason}/{message}".encode()).hexdigest()[:10]
    stamp = times.render(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{meta.name}.{digest}", "namespace": meta.namespace},
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": KIND_JOB,
            "name": meta.name,
            "namespace": meta.namespace,
            "uid": meta.uid,
        },
        "type": "Warning" if phase in WARNINGS else "Normal",
        "reason": str(reason),
        "message": message[:MAX_MESSAGE],
        "source": {"component": MANAGED_BY},
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }


async def send(port: Port, event: Object) -> None:
    """Events are told, not relied on: a failure is logged and nothing waits for it."""
    try:
        await port.create(EVENTS, event["metadata"]["namespace"], event)
    except AlreadyExists:
        pass
    except ApiError as error:
        logger.warning("event %s not sent: %s", event["metadata"]["name"], error)
