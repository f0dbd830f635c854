"""Kubernetes Events: one for each transition of an object, after the status write that it tells of."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from qee.api.conditions import Phase
from qee.api.job import QuantumJob
from qee.api.names import API_VERSION, KIND_JOB, MANAGED_BY
from qee.api.reasons import Reason
from qee.core import times
from qee.kube.port import AlreadyExists, ApiError, Object, Port
from qee.kube.resources import EVENTS

logger = logging.getLogger(__name__)
MAX_MESSAGE = 1024  # the API server's limit
Kind = Literal["Normal", "Warning"]
WARNINGS = frozenset({Phase.FAILED, Phase.UNVERIFIED})


@dataclass(frozen=True)
class About:
    """What an Event is on. It may be gone."""

    namespace: str
    name: str
    uid: str
    kind: str = KIND_JOB
    api_version: str = API_VERSION


def transition(job: QuantumJob, phase: Phase, reason: Reason, message: str, attempt: int, now: datetime) -> Object:
    """The Event of a transition."""
    about = About(job.metadata.namespace, job.metadata.name, job.metadata.uid)
    kind: Kind = "Warning" if phase in WARNINGS else "Normal"
    return event(about, kind, reason, message, f"{attempt}/{phase}", now)


def event(about: About, kind: Kind, reason: str, message: str, occasion: str, now: datetime) -> Object:
    """Its name is a function of what it tells, and of the `occasion`: a repeated one is the same Event."""
    digest = hashlib.sha256(f"{about.uid}/{occasion}/{reason}/{message}".encode()).hexdigest()[:10]
    stamp = times.render(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{about.name}.{digest}", "namespace": about.namespace},
        "involvedObject": {
            "apiVersion": about.api_version,
            "kind": about.kind,
            "name": about.name,
            "namespace": about.namespace,
            "uid": about.uid,
        },
        "type": kind,
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
