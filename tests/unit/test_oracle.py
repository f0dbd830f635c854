"""For the length of a change: what `decide` says of any world is what it said before there were stages."""

import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from tests.oracle import decide
from tests.oracle import plan as old
from tests.oracle.worlds import Case, cases

from qee.api.backend import QuantumBackend
from qee.api.conditions import Phase
from qee.api.job import QuantumJob
from qee.api.task import QuantumTask
from qee.core.job import plan as new
from qee.core.job.child import JobStage
from qee.core.job.decide import decide as decided
from qee.core.job.observed import child_state, pod_state
from qee.core.job.stages import compile, provider, shards, simulation
from qee.core.job.world import Patience, Stage, World

EXAMPLES = int(os.environ.get("QEE_ORACLE_EXAMPLES", "200"))


def stages(case: Case) -> tuple[Stage, ...]:
    """As the drivers observe them."""
    found: list[Stage] = []
    if case.child is not None:
        pods = [pod_state(pod) for pod in case.pods]
        seen = JobStage(child_state(case.child), pods, case.ours, case.input_gone)
        if seen.job.compiles:
            found.append(compile.Compile.of(seen))
        elif seen.job.shards == 1:
            found.append(simulation.Simulation.of(seen))
        else:
            one = shards.Shards(seen.job, seen.pods, seen.ours, seen.input_gone, case.parts, case.unreadable)
            found.append(one)
    recorded = (case.job["status"].get("child") or {}).get("kind") == "QuantumTask"
    ended = World(QuantumJob.model_validate(case.job), case.job["status"], case.now).ended
    if case.task is not None:
        found.append(provider.Provider(QuantumTask.model_validate(case.task)))
    elif recorded and not ended:
        found.append(provider.Provider(None))
    return tuple(found)


def world(case: Case) -> World:
    return World(
        job=QuantumJob.model_validate(case.job),
        status=case.job["status"],
        now=case.now,
        stages=stages(case),
        verdict=case.verdict,
        backend=QuantumBackend.model_validate(case.backend) if case.backend else None,
    )


def uid(child: Any) -> str | None:
    return child.uid if child is not None else None


def of_old(found: old.Plan) -> Any:
    """As a tuple that both can be brought to."""
    match found:
        case old.Nothing(after):
            return "Nothing", after
        case old.Report(phase, reason, message, child, after):
            queued = phase is Phase.QUEUED and hasattr(child, "shards")
            return "Report", phase, reason, message, uid(child), None if queued else after
        case old.Start(attempt):
            return "Start", attempt
        case old.Collect(_, pod) | old.Submit(_, pod):
            return type(found).__name__, pod.uid
        case old.CollectTask() | old.CollectLate():
            return ("CollectTask",)
        case old.FetchTask(_, asked_at):
            return "Fetch", asked_at
        case old.CancelTask(_, after):
            return "Cancel", after
        case old.Gather(_, pods):
            return "Gather", [pod.uid for pod in pods]
        case old.Merge(_, missing):
            return "Merge", missing
        case old.Retry(attempt, reason, message, lost):
            return "Retry", attempt, reason, message, uid(lost)
        case old.Pause(child):
            return "Pause", uid(child)
        case old.Finish(phase, reason, message, child, take_away, unconfirmed):
            return "Finish", phase, reason, message, uid(child), take_away, unconfirmed
        case old.TakeAway(child):
            return "TakeAway", child.uid
    return (type(found).__name__,)


def of_new(found: new.Plan) -> Any:
    match found:
        case new.Nothing(after):
            return "Nothing", after
        case new.Report(phase, reason, message, child, _, after):
            queued = phase is Phase.QUEUED and child is not None and child.kind == "Job"
            assert after is None or after >= 0
            return "Report", phase, reason, message, uid(child), None if queued else after
        case new.Start(attempt):
            return "Start", attempt
        case new.Carry(simulation.Collect(pod)):
            return "Collect", pod.uid
        case new.Carry(compile.Submit(pod)):
            return "Submit", pod.uid
        case new.Carry(provider.Collect()):
            return ("CollectTask",)
        case new.Carry(provider.Fetch(asked_at)):
            return "Fetch", asked_at
        case new.Carry(provider.Cancel(after)):
            return "Cancel", after
        case new.Carry(shards.Gather(pods)):
            return "Gather", [pod.uid for pod in pods]
        case new.Carry(shards.Merge(missing)):
            return "Merge", missing
        case new.Retry(attempt, reason, message, lost):
            return "Retry", attempt, reason, message, uid(lost)
        case new.Pause(child):
            return "Pause", uid(child)
        case new.Finish(phase, reason, message, child, take_away, unconfirmed):
            return "Finish", phase, reason, message, uid(child), take_away, unconfirmed
        case new.TakeAway(child):
            return "TakeAway", child.uid
    return (type(found).__name__,)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(cases())
def test_the_plan_is_the_one_before(case: Case) -> None:
    before, now = case.old(), world(case)
    assert of_new(decided(now, Patience())) == of_old(decide.decide(before, old_patience()))
    if not before.ended:
        assert now.attempts_left == before.attempts_left
        assert now.has_run == before.has_run
        assert now.may_have_reserved == before.cloud


def old_patience() -> Any:
    from tests.oracle.world import Patience as Old

    return Old()
