"""Which differences between our child and a live one matter, and which are other people's business."""

import copy
from collections.abc import Callable

import pytest
from tests import builders
from tests.cluster_simulation import Simulation

from qee.kube.compare import child_differs, pod_differs
from qee.kube.port import Object


@pytest.fixture
async def child() -> Object:
    simulation = Simulation()
    simulation.given()
    await simulation.step()
    return simulation.child()


def runner(job: Object) -> Object:
    found: Object = job["spec"]["template"]["spec"]["containers"][0]
    return found


FORGED: dict[str, Callable[[Object], object]] = {
    "image": lambda job: runner(job).update(image="evil"),
    "command": lambda job: runner(job).update(command=["sh"]),
    "args": lambda job: runner(job)["args"].append("--sandbox=best-effort"),
    "env": lambda job: runner(job).update(env=[{"name": "LD_PRELOAD", "value": "/tmp/evil.so"}]),
    "index from elsewhere": lambda job: runner(job).update(env=[{"name": "JOB_COMPLETION_INDEX", "value": "7"}]),
    "envFrom": lambda job: runner(job).update(envFrom=[{"secretRef": {"name": "token"}}]),
    "lifecycle": lambda job: runner(job).update(lifecycle={"postStart": {"exec": {"command": ["sh"]}}}),
    "privileged": lambda job: runner(job)["securityContext"].update(privileged=True),
    "mount": lambda job: runner(job)["volumeMounts"].append({"name": "x", "mountPath": "/opt"}),
    "volume": lambda job: job["spec"]["template"]["spec"]["volumes"][0]["configMap"].update(name="evil"),
    "service account": lambda job: job["spec"]["template"]["spec"].update(serviceAccountName="admin"),
    "token": lambda job: job["spec"]["template"]["spec"].update(automountServiceAccountToken=True),
    "host network": lambda job: job["spec"]["template"]["spec"].update(hostNetwork=True),
    "process namespace": lambda job: job["spec"]["template"]["spec"].update(shareProcessNamespace=True),
    "two runners": lambda job: job["spec"]["template"]["spec"]["containers"].append(copy.deepcopy(runner(job))),
    "no runner": lambda job: runner(job).update(name="other"),
    "owner": lambda job: job["metadata"]["ownerReferences"][0].update(uid="someone"),
    "owner in another spelling": lambda job: job["metadata"]["ownerReferences"][0].update(kind="quantumjob"),
    "owner of another group": lambda job: job["metadata"]["ownerReferences"][0].update(apiVersion="example.com/v1"),
    "no labels": lambda job: job["metadata"].update(labels={}),
    "no labels of pods": lambda job: job["spec"]["template"].update(metadata={}),
    "completions": lambda job: job["spec"].update(completions=2),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_child_is_told_from_ours(child: Object, forgery: str) -> None:
    live = copy.deepcopy(child)
    FORGED[forgery](live)
    assert child_differs(child, live) is not None


OTHERS: dict[str, Callable[[Object], object]] = {
    "kueue suspends": lambda job: job["spec"].update(suspend=True),
    "kueue places": lambda job: job["spec"]["template"]["spec"].update(nodeSelector={"pool": "a"}),
    "tolerations": lambda job: job["spec"]["template"]["spec"].update(tolerations=[{"operator": "Exists"}]),
    "sidecar": lambda job: job["spec"]["template"]["spec"]["containers"].insert(0, {"name": "mesh", "image": "m"}),
    "scheduler": lambda job: job["spec"]["template"]["spec"].update(schedulerName="default-scheduler"),
    "labels": lambda job: job["metadata"]["labels"].update(team="physics"),
    "pull policy": lambda job: runner(job).update(imagePullPolicy="Always"),
    "limit range": lambda job: runner(job).update(resources={"limits": {"cpu": "1"}}),
    "sidecar's volume": lambda job: job["spec"]["template"]["spec"]["volumes"].append({"name": "mesh"}),
}


@pytest.mark.parametrize("change", OTHERS)
def test_what_others_add_to_a_child_is_their_business(child: Object, change: str) -> None:
    live = copy.deepcopy(child)
    OTHERS[change](live)
    assert child_differs(child, live) is None


@pytest.mark.parametrize("where", ["labels", "annotations"])
def test_the_index_that_the_job_controller_adds_is_expected(child: Object, where: str) -> None:
    pod = builders.pod_of(child)["spec"]
    path = f"metadata.{where}['batch.kubernetes.io/job-completion-index']"
    pod["containers"][0]["env"][0]["valueFrom"]["fieldRef"]["fieldPath"] = path
    assert pod_differs(child["spec"]["template"]["spec"], pod) is None
