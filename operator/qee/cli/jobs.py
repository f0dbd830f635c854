"""Looking at a QuantumJob as the API server gives it. Plain dicts: a newer server's job must be readable too."""

from datetime import UTC, datetime
from typing import Any

from qee.api.conditions import ConditionType, Phase, terminal_phase
from qee.api.reasons import Reason
from qee.cli.connection import Cluster
from qee.cli.problem import Problem
from qee.cli.terminal import printable
from qee.core import times
from qee.kube.port import NotFound, Object
from qee.kube.resources import JOBS


async def fetch(cluster: Cluster, name: str) -> Object:
    """The job. Raises Problem where there is none."""
    try:
        return await cluster.port.get(JOBS, cluster.namespace, name)
    except NotFound as error:
        if not error.reason:  # there is no such kind
            raise
        raise Problem(
            f"there is no QuantumJob {name!r} in namespace {cluster.namespace!r}; `qee get` lists those there are, "
            "-n chooses another namespace"
        ) from None


def named(name: str) -> str:
    """As kubectl names a job."""
    return f"quantumjob.qee.dev/{printable(name)}"


def status(job: Object) -> dict[str, Any]:
    return job.get("status") or {}


def ended(job: Object) -> Phase | None:
    """How the job ended, from its conditions; None while it has not."""
    return terminal_phase(status(job).get("conditions") or [])


def phase(job: Object) -> str:
    """For people only."""
    return str(ended(job) or status(job).get("phase") or Phase.PENDING)


def reason_and_message(job: Object) -> tuple[str, str]:
    """Why the job is where it is. Finished has no reason of its own in any phase, so it carries the job's."""
    for condition in status(job).get("conditions") or []:
        if condition.get("type") == ConditionType.FINISHED:
            return str(condition.get("reason", "")), str(condition.get("message", ""))
    return "", ""


def failure(job: Object) -> str:
    """One line on a job that failed or was cancelled: reason, message, and the remedy where the message has none."""
    reason, message = reason_and_message(job)
    known = next((each for each in Reason if each.value == reason), None)
    if known and known.remedy not in message:
        message = f"{message or known.meaning} {known.remedy}"
    how = "was cancelled" if ended(job) is Phase.CANCELLED else "failed"
    return f"QuantumJob {job['metadata']['name']!r} {how}: {reason}" + (f": {message}" if message else "")


def moment(text: str | None) -> datetime | None:
    """None for what is no time, too."""
    try:
        return times.parse(text)
    except ValueError:
        return None


def age_seconds(job: Object, now: datetime | None = None) -> float:
    created = moment(job["metadata"].get("creationTimestamp"))
    return ((now or datetime.now(UTC)) - created).total_seconds() if created else 0.0


def run_seconds(job: Object, now: datetime | None = None) -> float | None:
    """From start to end, or to now; None where it has not started."""
    started = moment(status(job).get("startTime"))
    if started is None:
        return None
    return ((moment(status(job).get("completionTime")) or now or datetime.now(UTC)) - started).total_seconds()
