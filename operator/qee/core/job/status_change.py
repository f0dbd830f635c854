"""What a plan writes into status, if anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qee.api.conditions import Phase
from qee.api.reasons import Reason
from qee.core import times
from qee.core.job.plan import Child, Finish, Follow, Pause, Plan, Report, Retry
from qee.core.job.world import World


@dataclass(frozen=True)
class StatusChange:
    """A phase with its reason and message, and further fields of status; None removes one."""

    phase: Phase
    reason: Reason
    message: str
    fields: Mapping[str, Any]


def status_change(world: World, plan: Plan, settled: Mapping[str, Any]) -> StatusChange | None:
    """`settled`: fields that tell of what the attempt has cost, if it is over."""
    match plan:
        case Report():
            fields = {**_child(world, plan.child), **plan.fields}
            if plan.phase is Phase.RUNNING and "startTime" not in world.status:
                fields["startTime"] = times.render(world.now)
            return StatusChange(plan.phase, plan.reason, plan.message, fields)
        case Retry():
            message = f"{plan.reason}: {plan.message} Attempt {plan.attempt} follows."
            return StatusChange(Phase.PENDING, Reason.RETRYING, message, {"attempt": plan.attempt, "child": None})
        case Pause():
            message = "spec.suspend is true; the child was deleted. Set it to false to run the job again."
            fields = {"child": None, **({"attempt": world.attempt + 1} if plan.over else {})}
            return StatusChange(Phase.SUSPENDED, Reason.SUSPENDED, message, fields)
        case Finish():
            stamp = times.render(world.now)
            fields = {"completionTime": stamp, "attempt": world.attempt, **_child(world, plan.child)}
            if plan.child is not None:
                fields["startTime"] = world.status.get("startTime") or stamp
            return StatusChange(plan.phase, plan.reason, plan.message, {**plan.fields, **fields, **settled})
        case Follow() if world.ended:
            return StatusChange(world.ended, Reason.COMPLETED, "", {})
    return None


def _child(world: World, child: Child | None) -> dict[str, Any]:
    if child is None:
        return {}
    return {"attempt": world.attempt, "child": {"kind": child.kind, "name": child.name, "uid": child.uid}}
