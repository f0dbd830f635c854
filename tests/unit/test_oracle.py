"""For the length of a change: what `decide` says of any world is what it said before there were stages."""

import os

from hypothesis import HealthCheck, given, settings
from tests.oracle import decide as old
from tests.oracle.worlds import Case, cases

from qee.core.job import decide as new
from qee.core.job import world
from qee.core.job.observed import child_state, pod_state, task_state

EXAMPLES = int(os.environ.get("QEE_ORACLE_EXAMPLES", "200"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(cases())
def test_the_plan_is_the_one_before(case: Case) -> None:
    before = old.decide(case.old(), world.Patience())
    fields = {name: getattr(case.old(), name) for name in world.World.__dataclass_fields__}
    fields |= {
        "child": child_state(case.child) if case.child else None,
        "pods": [pod_state(pod) for pod in case.pods],
        "task": task_state(case.task) if case.task else None,
    }
    assert repr(new.decide(world.World(**fields), world.Patience())) == repr(before)
