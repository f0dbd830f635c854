"""Why a runner failed, from its exit code and from what it wrote to its termination log."""

import json
from collections.abc import Iterable

from qee.api.messages import one_line
from qee.api.reasons import Reason
from qee.core.job.observed import PodState

MAX_MESSAGE = 512
# A runner speaks only of what it can know; anything else in its termination log is not believed.
FROM_RUNNER = frozenset(
    {
        Reason.INVALID_CIRCUIT,
        Reason.UNSUPPORTED_CONSTRUCT,
        Reason.CIRCUIT_TOO_LARGE,
        Reason.INSUFFICIENT_MEMORY,
        Reason.INPUT_MISMATCH,
        Reason.INVALID_SPEC,
        Reason.NOT_IN_THIS_BUILD,
        Reason.RESULT_TOO_LARGE,
        Reason.RESULT_NOT_WRITTEN,
        Reason.RUNNER_FAILED,
        Reason.SANDBOX_FAILED,
    }
)


def of_pod(pod: PodState) -> tuple[Reason, str]:
    """Reason and message of a terminated runner."""
    end = pod.terminated
    if end is None:
        raise ValueError(f"pod {pod.name} has not terminated")
    if end.out_of_memory:
        return Reason.OUT_OF_MEMORY, f"{Reason.OUT_OF_MEMORY.meaning} {Reason.OUT_OF_MEMORY.remedy}"
    try:
        said = json.loads(end.message)
        reason, message = Reason(said["reason"]), str(said["message"])
    except (ValueError, KeyError, TypeError):
        reason, message = Reason.RUNNER_FAILED, ""
    if reason not in FROM_RUNNER:
        reason, message = Reason.RUNNER_FAILED, ""
    clean = one_line(message)[:MAX_MESSAGE]
    return reason, clean or f"The runner ended with exit code {end.exit_code}. {Reason.RUNNER_FAILED.remedy}"


def permanent(pods: Iterable[PodState]) -> tuple[Reason, str] | None:
    """Of a runner that ended in a way that will not change: the Job controller says so only seconds later."""
    found = (pod for pod in pods if pod.terminated is not None and pod.terminated.permanent and not pod.disrupted)
    return next((of_pod(pod) for pod in found), None)


def last_of(pods: Iterable[PodState]) -> PodState | None:
    """The newest pod whose runner has ended."""
    return max((pod for pod in pods if pod.terminated), key=lambda pod: str(pod.created_at), default=None)
