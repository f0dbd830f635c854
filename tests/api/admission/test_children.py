"""Children of a job: made by the operator, of nothing but what a runner needs."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests import builders
from tests.api.admission.conftest import OPERATOR_ACCOUNT, TENANT, Object, Place, stops, until

from qee.api.job import QuantumJob
from qee.api.names import INDEX_LABEL
from qee.core.checks.prepare import Prepared
from qee.kube import manifests
from qee.kube.compare import child_differs

IMAGE = "qee-runner-aer:1"
JOB_CONTROLLER = "system:serviceaccount:kube-system:job-controller"
Change = Callable[[Object], object]


def child(place: Place, parent: str = "bell", shards: int = 1) -> Object:
    """The very Job that the operator makes."""
    job = QuantumJob.model_validate(json.loads(place.run("get", "quantumjob", parent, "--output=json")))
    prepared = Prepared("aer", b"{}", "0" * 64, {"requests": {"cpu": "1m"}}, 60, shards)
    return manifests.child_job(
        job, attempt=1, backoff_limit=0, image=IMAGE, pull_policy="Never", prepared=prepared, pod_extras={}
    )


@pytest.fixture
def made(place: Place) -> Object:
    place.create(place.job())
    return child(place)


def test_the_operators_own_child_passes_and_its_pod_appears(place: Place, made: Object) -> None:
    place.create(made, by=OPERATOR_ACCOUNT)

    def pods() -> bool:
        return "pod/" in place.run("get", "pods", "--output=name")

    until(pods, "the Job controller's pod")


def test_a_child_of_several_shards_passes_and_each_has_its_pod(place: Place) -> None:
    place.create(place.job())
    made = child(place, shards=3)
    place.create(made, by=OPERATOR_ACCOUNT)

    live = json.loads(place.run("get", "job", made["metadata"]["name"], "--output=json"))["spec"]
    for field in ("completions", "parallelism", "backoffLimit", "backoffLimitPerIndex", "maxFailedIndexes"):
        assert live[field] == made["spec"][field]

    def indexes() -> bool:
        pods = json.loads(place.run("get", "pods", "--output=json"))["items"]
        return sorted(pod["metadata"]["labels"].get(INDEX_LABEL) for pod in pods) == ["0", "1", "2"]

    until(indexes, "a pod for each shard")


def test_a_child_with_a_volume_for_results_passes_and_is_what_the_operator_compares_with(place: Place) -> None:
    place.create(place.job(results=builders.results_on()))
    made = child(place)
    live = place.create(made, by=OPERATOR_ACCOUNT)

    assert live["spec"]["template"]["spec"]["volumes"][-1]["persistentVolumeClaim"] == {"claimName": "data"}
    assert child_differs(made, live) is None


@pytest.mark.parametrize("by", [TENANT, None], ids=["tenant", "cluster admin"])
def test_nobody_else_makes_a_job_of_a_quantumjob(place: Place, made: Object, by: str | None) -> None:
    told = place.refused(lambda: place.create(made, by=by))

    assert "Jobs of a QuantumJob are created by QEE's operator only" in told
    assert "leave out owner and labels of qee.dev" in told


def _owner_only(job: Object) -> None:
    job["metadata"]["labels"] = {}
    job["spec"]["template"]["metadata"]["labels"] = {}


def _label_only(job: Object) -> None:
    job["metadata"].pop("ownerReferences")
    job["spec"]["template"]["metadata"]["labels"] = {}


def _label_of_pods_only(job: Object) -> None:
    job["metadata"].pop("ownerReferences")
    job["metadata"]["labels"] = {}


@pytest.mark.parametrize("change", [_owner_only, _label_only, _label_of_pods_only])
def test_one_mark_suffices(place: Place, made: Object, change: Change) -> None:
    change(made)

    place.refused(lambda: place.create(made, by=TENANT))


def test_a_job_of_ones_own_does_not_become_a_child_later(place: Place, made: Object) -> None:
    owners, labels = made["metadata"]["ownerReferences"], made["metadata"]["labels"]
    made["metadata"].pop("ownerReferences")
    made["metadata"]["labels"] = {}
    made["spec"]["template"]["metadata"]["labels"] = {}
    name = made["metadata"]["name"]
    place.create(made, by=TENANT)

    for metadata in ({"ownerReferences": owners}, {"labels": labels}):
        place.refused(lambda m=metadata: place.patch("job", name, {"metadata": m}, by=TENANT))
    place.patch("job", name, {"metadata": {"labels": {"mine": "yes"}}}, by=TENANT)


def test_a_child_can_be_annotated_suspended_orphaned_and_deleted_by_others(place: Place, made: Object) -> None:
    name = made["metadata"]["name"]
    place.create(made, by=OPERATOR_ACCOUNT)

    place.patch("job", name, {"metadata": {"annotations": {"a": "b"}, "labels": {"c": "d"}}}, by=TENANT)
    place.patch("job", name, {"spec": {"suspend": True}}, by=TENANT)  # as Kueue does
    place.run("delete", "quantumjob", "bell", "--cascade=orphan")
    left = json.loads(place.run("get", "job", name, "--output=json"))
    assert "ownerReferences" not in left["metadata"]
    place.run("delete", "job", name, by=TENANT)


def test_children_are_collected_with_their_job(place: Place, made: Object) -> None:
    place.create(made, by=OPERATOR_ACCOUNT)
    place.run("delete", "quantumjob", "bell", "--cascade=foreground", by=TENANT)

    until(lambda: stops(lambda: place.run("get", "job", made["metadata"]["name"])), "the child to be gone")


def forged_pod(made: Object, **metadata: Any) -> Object:
    template = copy.deepcopy(made["spec"]["template"])
    labels = template["metadata"]["labels"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "forged", "labels": labels, **metadata},
        "spec": template["spec"],
    }


@pytest.mark.parametrize("by", [TENANT, OPERATOR_ACCOUNT, None], ids=["tenant", "operator", "cluster admin"])
def test_a_pod_with_our_labels_is_refused(place: Place, made: Object, by: str | None) -> None:
    if by == OPERATOR_ACCOUNT:
        place.run("create", "rolebinding", "operator", "--clusterrole=admin", f"--user={OPERATOR_ACCOUNT}")
    told = place.refused(lambda: place.create(forged_pod(made), by=by))

    assert "metadata.labels or ownerReferences: pods of a QuantumJob are created by the Job controller only" in told
    assert "leave out labels and owner of qee.dev" in told


def test_a_pod_does_not_get_our_labels_or_owner_later(place: Place, made: Object) -> None:
    place.create(forged_pod(made, labels={}), by=TENANT)

    labels, owners = made["metadata"]["labels"], made["metadata"]["ownerReferences"]
    place.refused(lambda: place.patch("pod", "forged", {"metadata": {"labels": labels}}, by=TENANT))
    place.refused(lambda: place.patch("pod", "forged", {"metadata": {"ownerReferences": owners}}, by=TENANT))
    place.patch("pod", "forged", {"metadata": {"labels": {"mine": "yes"}}}, by=TENANT)


def test_the_job_controller_is_known_by_either_name(place: Place, made: Object) -> None:
    place.run("create", "rolebinding", "controller", "--clusterrole=admin", f"--user={JOB_CONTROLLER}")

    place.create(forged_pod(made), by=JOB_CONTROLLER)


@pytest.mark.parametrize("kind", ["ReplicaSet", "CronJob"])
def test_other_controllers_make_no_pods_of_ours(place: Place, made: Object, kind: str) -> None:
    """Whoever may create a ReplicaSet or CronJob makes pods and Jobs by another's hand."""
    template = copy.deepcopy(made["spec"]["template"])
    template["metadata"]["labels"]["app"] = "x"
    if kind == "ReplicaSet":
        template["spec"]["restartPolicy"] = "Always"
        spec: Object = {"selector": {"matchLabels": {"app": "x"}}, "template": template}
        body = {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}
    else:
        spec = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}
        body = {"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec}
        place.create(body, by=TENANT)
        place.refused(lambda: place.run("create", "job", "now", "--from=cronjob/x", by=TENANT))
        return
    place.create(body, by=TENANT)

    def told() -> bool:
        return "ValidatingAdmissionPolicy" in place.run("get", "events", "--output=yaml")

    until(told, "the ReplicaSet to be refused its pod")
    assert place.run("get", "pods", "--output=name") == ""


def _pod(job: Object) -> Object:
    found: Object = job["spec"]["template"]["spec"]
    return found


def _container(job: Object) -> Object:
    found: Object = _pod(job)["containers"][0]
    return found


def _volume(source: Object) -> Change:
    return lambda job: _pod(job)["volumes"].append({"name": "more", **source})


def _set(part: Callable[[Object], Object], **fields: Any) -> Change:
    return lambda job: part(job).update(fields)


def _context(**fields: Any) -> Change:
    return lambda job: _container(job)["securityContext"].update(fields)


EPHEMERAL = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
SECRET_KEY = {"name": "s", "key": "k"}
BAD: dict[str, tuple[Change, str]] = {
    "secret volume": (_volume({"secret": {"secretName": "s"}}), "volumes"),
    "host path": (_volume({"hostPath": {"path": "/"}}), "volumes"),
    "projected token": (_volume({"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}), "volumes"),
    "persistent volume": (_volume({"persistentVolumeClaim": {"claimName": "c"}}), "volumes"),
    "host path as results": (_volume({"name": "results", "hostPath": {"path": "/"}}), "volumes"),
    "ephemeral volume as results": (
        _volume({"name": "results", "ephemeral": {"volumeClaimTemplate": {"spec": EPHEMERAL}}}),
        "volumes",
    ),
    "secretKeyRef": (_set(_container, env=[{"name": "a", "valueFrom": {"secretKeyRef": SECRET_KEY}}]), "env"),
    "envFrom": (_set(_container, envFrom=[{"secretRef": {"name": "s"}}]), "env"),
    "token": (_set(_pod, automountServiceAccountToken=True), "automountServiceAccountToken"),
    "other account": (_set(_pod, serviceAccountName="other"), "serviceAccountName"),
    "other image": (_set(_container, image="busybox"), "image"),
    "host network": (_set(_pod, hostNetwork=True), "hostNetwork"),
    "host pid": (_set(_pod, hostPID=True), "hostPID"),
    "host port": (_set(_container, ports=[{"containerPort": 80, "hostPort": 80}]), "hostPort"),
    "privileged": (_context(allowPrivilegeEscalation=True, privileged=True), "securityContext"),
    "capabilities": (_context(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}), "securityContext"),
    "root": (_context(runAsNonRoot=False), "securityContext"),
    "no seccomp": (_context(seccompProfile={"type": "Unconfined"}), "securityContext"),
    "no security context": (_set(_pod, securityContext={}), "securityContext"),
    "init container": (
        _set(_pod, initContainers=[{"name": "i", "image": "busybox", "command": ["true"]}]),
        "image",
    ),
}


@pytest.mark.parametrize(("change", "field"), BAD.values(), ids=BAD)
def test_the_operator_may_not_put_into_a_job(place: Place, made: Object, change: Change, field: str) -> None:
    change(made)

    told = place.refused(lambda: place.create(made, by=OPERATOR_ACCOUNT))
    assert "QEE's operator" in told
    assert field in told


def test_what_the_operator_may_not_is_no_business_of_others(place: Place, made: Object) -> None:
    made["metadata"].pop("ownerReferences")
    made["metadata"]["labels"] = {}
    made["spec"]["template"]["metadata"]["labels"] = {}
    BAD["secret volume"][0](made)

    place.create(made, by=TENANT)


def _other_image(pod: Object) -> Object:
    containers = [{**pod["spec"]["containers"][0], "image": "evil:1"}, *pod["spec"]["containers"][1:]]
    return {"spec": {"containers": containers}}


@pytest.mark.parametrize("by", [TENANT, None], ids=["tenant", "cluster admin"])
def test_the_image_and_the_labels_of_a_jobs_pod_do_not_change(place: Place, made: Object, by: str | None) -> None:
    """An image that is exchanged and put back runs foreign code in a pod that looks like ours."""
    place.create(made, by=OPERATOR_ACCOUNT)
    until(lambda: "pod/" in place.run("get", "pods", "--output=name"), "the Job controller's pod")
    (pod,) = json.loads(place.run("get", "pods", "--output=json"))["items"]
    name = pod["metadata"]["name"]

    told = place.refused(lambda: place.patch("pod", name, _other_image(pod), by=by))
    assert "the image of a QuantumJob's pod does not change" in told
    place.refused(lambda: place.patch("pod", name, {"metadata": {"labels": {"qee.dev/job-uid": None}}}, by=by))
    place.patch("pod", name, {"metadata": {"annotations": {"a": "b"}, "labels": {"c": "d"}}}, by=by)


def test_no_mark_comes_by_way_of_the_status(place: Place, made: Object) -> None:
    """Kubernetes lets an update of /status write labels, and a Job's owners."""
    place.create(forged_pod(made, labels={}), by=TENANT)
    own = copy.deepcopy(made)
    own["metadata"] |= {"name": "own", "labels": {}}
    own["metadata"].pop("ownerReferences")
    own["spec"]["template"]["metadata"]["labels"] = {}
    place.create(own, by=TENANT)

    for kind, name in (("pod", "forged"), ("job", "own")):
        labels = {"metadata": {"labels": made["metadata"]["labels"]}}
        place.refused(lambda k=kind, n=name, p=labels: place.patch(k, n, p, "--subresource=status"))
    owners = {"metadata": {"ownerReferences": made["metadata"]["ownerReferences"]}}
    place.refused(lambda: place.patch("job", "own", owners, "--subresource=status"))


@pytest.mark.parametrize(
    "spelling", [{"kind": "quantumjob"}, {"apiVersion": "example.com/v1"}], ids=["another case", "another group"]
)
def test_the_owner_in_another_spelling_is_the_owner(place: Place, made: Object, spelling: dict[str, str]) -> None:
    made["metadata"]["labels"] = {}
    made["spec"]["template"]["metadata"]["labels"] = {}
    made["metadata"]["ownerReferences"][0].update(spelling)

    place.refused(lambda: place.create(made, by=TENANT))


def test_the_operators_account_reaches_no_settings(place: Place) -> None:
    place.run("create", "rolebinding", "operator", "--clusterrole=admin", f"--user={OPERATOR_ACCOUNT}")
    place.run("create", "configmap", "settings", "--from-literal=a=b")

    told = place.refused(lambda: place.run("delete", "configmap", "settings", by=OPERATOR_ACCOUNT))
    assert "and delete ledger entries" in told
    place.refused(lambda: place.run("create", "configmap", "mine", by=OPERATOR_ACCOUNT))
    part = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "p", "labels": {"qee.dev/component": "result-part"}},
    }
    place.create(part, by=OPERATOR_ACCOUNT)
    place.refused(lambda: place.run("delete", "configmap", "p", by=OPERATOR_ACCOUNT))
    entry = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "e", "labels": {"qee.dev/component": "ledger"}},
    }
    place.create(entry, by=OPERATOR_ACCOUNT)
    place.run("delete", "configmap", "e", by=OPERATOR_ACCOUNT)
