"""Why a runner failed, from its exit code and from what it wrote to its termination log."""

import json

from qee.api.conditions import Phase
from qee.api.messages import one_line
from qee.api.reasons import Reason
from qee.core.job import retry
from qee.core.job.observed import ChildState, PodState
from qee.core.job.plan import Finish, Retry
from qee.core.job.world import World

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


def of_child(world: World, child: ChildState) -> Finish | Retry:
    """The child Job has failed as a whole, and no pod that is left tells of a failure that would come again."""
    if child.failed_reason == "PodFailurePolicy":  # the exit code of a kill: someone deleted the pod, or its node went
        return retry.lost(world, Reason.RESULT_LOST, "The pod was deleted or its node lost before it gave a result.")
    last = max((pod for pod in world.pods if pod.terminated), key=lambda pod: str(pod.created_at), default=None)
    if child.failed_reason == "DeadlineExceeded":
        return _failed(child, Reason.DEADLINE_EXCEEDED, Reason.DEADLINE_EXCEEDED.remedy)
    why = of_pod(last)[1] if last is not None else child.failed_message[:MAX_MESSAGE]
    return _failed(
        child,
        Reason.BACKOFF_LIMIT_EXCEEDED,
        f"Every attempt within spec.backoffLimit={world.backoff_limit} failed; the last one: {why}",
    )


def _failed(child: ChildState, reason: Reason, message: str) -> Finish:
    return Finish(Phase.FAILED, reason, message, child=child)
