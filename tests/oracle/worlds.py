"""Worlds as Hypothesis makes them: objects as the API server shows them, and what was found out about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from tests import builders
from tests.oracle import world as old
from tests.oracle.observed import child_state, pod_state, task_state

from qee.api import names
from qee.api.conditions import Phase, conditions_for, terminal_phase, unknown_conditions
from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.api.task import TaskState
from qee.signing.verdict import Check, PolicyVerdict, Verdict

Object = dict[str, Any]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CHILD, TASK, OTHER = "child-uid", "task-uid", "other-uid"


@dataclass(frozen=True)
class Case:
    """One moment of one job. `unreadable`: indexes of `pods`."""

    job: Object
    now: datetime
    child: Object | None
    pods: tuple[Object, ...]
    task: Object | None
    ours: bool
    parts: frozenset[int] | None
    unreadable: Mapping[str, tuple[Reason, str]]
    input_gone: bool
    verdict: Verdict
    backend: Object | None = field(default=None)

    def old(self) -> old.World:
        """The World as it was before there were stages."""
        return old.World(
            job=QuantumJob.model_validate(self.job),
            status=self.job["status"],
            now=self.now,
            child=child_state(self.child) if self.child else None,
            pods=[pod_state(pod) for pod in self.pods],
            task=task_state(self.task) if self.task else None,
            child_is_ours=self.ours,
            parts=self.parts,
            unreadable=self.unreadable,
            input_gone=self.input_gone,
            verdict=self.verdict,
            backend=self.backend,
        )


def at(seconds: float) -> str:
    return (BEGIN + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


seconds = st.sampled_from([0, 1, 3, 10, 29, 31, 59, 61, 119, 121, 400, 700])


def rarely(value: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, None, None, None, value])


OUTCOMES = [
    (Phase.PENDING, Reason.PENDING),
    (Phase.UNVERIFIED, Reason.SIGNATURE_MISSING),
    (Phase.SUSPENDED, Reason.SUSPENDED),
    (Phase.QUEUED, Reason.QUEUED),
    (Phase.RUNNING, Reason.RUNNING),
    (Phase.SUCCEEDED, Reason.COMPLETED),
    (Phase.FAILED, Reason.RESULT_NOT_FETCHED),
    (Phase.FAILED, Reason.DEADLINE_EXCEEDED),
    (Phase.CANCELLED, Reason.CANCELLED),
    (Phase.CANCELLED, Reason.REVOKED),
]


@st.composite
def jobs(draw: Any) -> Object:
    spec = {
        "suspend": draw(rarely(True)),
        "cancelRequested": draw(rarely(True)),
        "activeDeadlineSeconds": draw(st.sampled_from([None, None, 10, 60, 600])),
        "backoffLimit": draw(st.sampled_from([None, None, 0, 1, 3])),
        "ttlSecondsAfterFinished": draw(st.sampled_from([None, None, 0, 60])),
    }
    job = builders.job(**{name: value for name, value in spec.items() if value is not None})
    job["metadata"] |= {"uid": "job-uid", "resourceVersion": "7", "generation": draw(st.sampled_from([1, 1, 2]))}
    job["metadata"]["creationTimestamp"] = at(0)
    if draw(rarely(True)):
        job["metadata"]["annotations"] = {names.ANNOTATION_FETCH_AT: draw(st.sampled_from(["a", "b"]))}
    conditions = unknown_conditions()
    for phase, reason in draw(st.lists(st.sampled_from(OUTCOMES), max_size=3)):
        moment = BEGIN + timedelta(seconds=draw(seconds))
        conditions = conditions_for(
            phase, reason=reason, message="", now=moment, generation=1, previous=conditions, verified=None
        )
    child = draw(
        st.sampled_from([None, None, ("Job", CHILD), ("Job", CHILD), ("Job", OTHER), ("QuantumTask", TASK), None])
    )
    status = {
        "conditions": conditions,
        "observedGeneration": 1,
        "attempt": draw(st.sampled_from([None, 1, 2, 3, 4])),
        "child": {"kind": child[0], "name": "c", "uid": child[1]} if child else None,
        "completionTime": at(draw(seconds)) if draw(st.booleans()) else None,
        "result": draw(rarely({"configMap": "r", "key": "result.json", "sha256": "0" * 64, "bytes": 3})),
    }
    job["status"] = {name: value for name, value in status.items() if value is not None}
    return job


@st.composite
def children(draw: Any) -> Object:
    shards = draw(st.sampled_from([1, 1, 1, 3]))
    end = draw(
        st.sampled_from(
            [None, None, None, "Complete", "BackoffLimitExceeded", "PodFailurePolicy", "DeadlineExceeded", ""]
        )
    )
    status: Object = {}
    if end == "Complete":
        status["conditions"] = [{"type": "Complete", "status": "True"}]
    elif end is not None:
        status["conditions"] = [{"type": "Failed", "status": "True", "reason": end, "message": "said"}]
    if shards > 1:
        status["failedIndexes"] = draw(st.sampled_from(["", "1", "0-2", "0,2"]))
    compiles = shards == 1 and draw(st.booleans())
    meta = {
        "name": "c",
        "uid": CHILD,
        "creationTimestamp": at(draw(seconds)),
        "labels": {names.LABEL_COMPONENT: names.COMPONENT_COMPILER if compiles else names.COMPONENT_RUNNER},
        **({"deletionTimestamp": at(9)} if draw(rarely(True)) else {}),
    }
    spec = {"completions": shards, "suspend": bool(draw(rarely(True)))}
    if draw(st.booleans()):
        spec["activeDeadlineSeconds"] = draw(st.sampled_from([10, 100]))
    return {"metadata": meta, "spec": spec, "status": status}


WAITING = ["ContainerCreating", "ImagePullBackOff", "ErrImageNeverPull", "CreateContainerConfigError"]


@st.composite
def pods(draw: Any, number: int) -> Object:
    kind = draw(st.sampled_from(["new", "waiting", "running", "succeeded", "failed", "failed", "succeeded"]))
    state: Object = {}
    if kind == "waiting":
        state = builders.waiting(draw(st.sampled_from(WAITING)), "said")
    elif kind == "running":
        state = builders.running()
    elif kind == "succeeded":
        state = builders.terminated(0)
    elif kind == "failed":
        code = draw(st.sampled_from([1, names.EXIT_PERMANENT, names.EXIT_OOM_KILLED]))
        said = draw(st.sampled_from(["", builders.runner_error("InvalidCircuit", "line 1"), "nonsense"]))
        state = builders.terminated(code, draw(st.sampled_from(["Error", "OOMKilled"])), said)
    conditions = []
    if draw(rarely(True)):
        conditions.append({"type": "DisruptionTarget", "status": "True"})
    if draw(rarely(True)):
        conditions.append({"type": "PodScheduled", "status": "False", "message": "no room"})
    index = draw(st.sampled_from(["0", "1", "2", None]))
    return {
        "metadata": {
            "name": f"p{number}",
            "uid": f"pod-{number}",
            "creationTimestamp": at(draw(seconds)),
            "labels": {names.INDEX_LABEL: index} if index else {},
        },
        "spec": {},
        "status": {
            "phase": draw(st.sampled_from(["Pending", "Running", "Succeeded", "Failed"])),
            "conditions": conditions,
            "containerStatuses": [builders.container(state)] if kind != "new" else [],
        },
    }


@st.composite
def tasks(draw: Any) -> Object:
    task = builders.task()
    task["metadata"] |= {"uid": TASK, "resourceVersion": "9"}
    if draw(rarely(True)):
        task["metadata"]["deletionTimestamp"] = at(9)
    annotations = {}
    if draw(rarely(True)):
        annotations[names.ANNOTATION_FETCH_AT] = draw(st.sampled_from(["a", "b"]))
    if draw(st.booleans()):
        task["spec"]["cancelRequested"] = True
        annotations[names.ANNOTATION_CANCEL_AT] = at(draw(seconds))
    if annotations:
        task["metadata"]["annotations"] = annotations
    states = ["", "Queued", "Running", "Succeeded", "Failed"]
    parts = draw(st.lists(st.sampled_from(states), max_size=2))
    status = {
        "state": draw(st.sampled_from([None, *TaskState])),
        "reason": draw(st.sampled_from(["", "", str(Reason.RESULT_NOT_FETCHED), "Rejected"])),
        "message": draw(st.sampled_from(["", "said"])),
        "submission": draw(st.sampled_from([None, {"key": "0" * 40, "specHash": "0" * 64, "time": at(1)}])),
        "parts": [{"index": index, "state": state} for index, state in enumerate(parts)],
        "queuePosition": draw(st.sampled_from([None, 0, 4])),
        "result": draw(rarely({"data": "AAAA", "sha256": "0" * 64, "bytes": 3})),
    }
    task["status"] = {name: str(v) if name == "state" else v for name, v in status.items() if v is not None}
    return task


def verdict(allowed: bool, reason: Reason, failed: Reason | None = None) -> Verdict:
    checks = (Check("key", False, "said", failed),) if failed else ()
    return Verdict(allowed, reason, "said", (PolicyVerdict("p", "Enforce", checks),))


VERDICTS = [
    verdict(True, Reason.NOT_REQUIRED),
    verdict(True, Reason.NOT_REQUIRED),
    verdict(False, Reason.SIGNATURE_MISSING),
    verdict(False, Reason.KEY_REVOKED, Reason.KEY_REVOKED),
]


@st.composite
def cases(draw: Any) -> Case:
    """Only what could be observed: a task is looked for where the Job is gone, or compiles, or a task is recorded."""
    job = draw(jobs())
    recorded = job["status"].get("child", {}).get("kind")
    child = draw(st.one_of(st.none(), children()))
    compiles = child is not None and child["metadata"]["labels"][names.LABEL_COMPONENT] == names.COMPONENT_COMPILER
    if recorded == names.KIND_TASK and not compiles:
        child = None  # a forged Job, beside a task; see the test
    found = [draw(pods(number)) for number in range(draw(st.integers(0, 3)))] if child else []
    ended = terminal_phase(job["status"]["conditions"])
    owed = ended is not Phase.SUCCEEDED and recorded == names.KIND_TASK and not job["status"].get("result")
    asked = owed if ended else child is None or compiles or recorded == names.KIND_TASK
    shards = child["spec"]["completions"] if child else 1
    unreadable = {
        pod["metadata"]["uid"]: (Reason.RESULT_LOST, "Its result is lost.")
        for pod in found
        if shards > 1 and pod["status"]["containerStatuses"] and draw(rarely(True))
    }
    ours = draw(st.booleans()) and child is not None
    known = ours or (child is not None and job["status"].get("child", {}).get("uid") == CHILD)
    return Case(
        job=job,
        now=BEGIN + timedelta(seconds=draw(seconds)),
        child=child,
        pods=tuple(found),
        task=draw(st.one_of(st.none(), tasks())) if asked else None,
        ours=ours,
        parts=draw(st.one_of(st.none(), st.frozensets(st.integers(0, 2)))) if shards > 1 and known else frozenset(),
        unreadable=unreadable,
        input_gone=bool(draw(rarely(True))) and child is not None,
        verdict=draw(st.sampled_from(VERDICTS)),
        backend=draw(st.sampled_from([None, builders.backend(), builders.backend("fez", "ibm", device="d")])),
    )
