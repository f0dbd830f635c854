"""What was stored stays as it was, and its status is the operator's."""

import json
from typing import Any

import pytest
import yaml
from e2e.cluster.apiserver import ApiServer
from e2e.cluster.cache import CHECKOUT
from e2e.cluster.steps import ClusterError
from tests import builders
from tests.api.admission.conftest import (
    CONNECTOR,
    OPERATOR_ACCOUNT,
    OTHER_CONNECTOR,
    TENANT,
    Object,
    Place,
    stops,
    trust,
    until,
)

RUNNING = {"status": {"phase": "Running"}}
TASK_RUNNING = {"status": {"state": "Running"}}


def status(place: Place, kind: str, name: str, patch: Object, by: str | None = None) -> str:
    return place.patch(kind, name, patch, "--subresource=status", by=by)


def test_a_spec_stays_immutable_where_the_definition_has_lost_its_rules(place: Place) -> None:
    definition: Any = yaml.safe_load((CHECKOUT / "crds/qee.dev_quantumjobs.yaml").read_text())
    spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    rules = spec.pop("x-kubernetes-validations")
    place.create(place.job())
    place.server.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", input=json.dumps(definition))
    try:

        def attempt() -> str:
            return place.patch("quantumjob", "bell", {"spec": {"shots": 7}})

        def seen() -> bool:  # until then the API server still answers with the definition's own rule
            with pytest.raises(ClusterError) as told:
                attempt()
            return "ValidatingAdmissionPolicy" in str(told.value)

        until(seen, "the definition without its rules")
        assert "spec.shots is immutable; create another QuantumJob" in place.refused(attempt)
        told = place.refused(lambda: place.patch("quantumjob", "bell", {"spec": {"seed": 7}}))
        assert "spec.seed is immutable" in told
        place.patch("quantumjob", "bell", {"spec": {"suspend": True, "ttlSecondsAfterFinished": 5}})
    finally:
        spec["x-kubernetes-validations"] = rules
        path = str(CHECKOUT / "crds/qee.dev_quantumjobs.yaml")
        place.server.kubectl("apply", "--server-side", "--force-conflicts", "--filename", path)


def test_the_status_of_a_job_is_written_by_the_operator_only(place: Place) -> None:
    place.create(place.job())

    told = place.refused(lambda: status(place, "quantumjob", "bell", RUNNING))  # a cluster admin
    assert "quantumjobs/status is written by QEE's operator only" in told
    assert "leave status out" in told
    status(place, "quantumjob", "bell", RUNNING, by=OPERATOR_ACCOUNT)


def test_the_status_of_a_trust_policy_is_written_by_the_operator_only(place: Place) -> None:
    trust(place.server, "shown", namespaces={"names": ["elsewhere"]})

    told = place.refused(lambda: status(place, "quantumtrustpolicy", "shown", {"status": {"observedGeneration": 1}}))
    assert "quantumtrustpolicies/status is written by QEE's operator only" in told
    status(place, "quantumtrustpolicy", "shown", {"status": {"observedGeneration": 1}}, by=OPERATOR_ACCOUNT)
    place.server.kubectl("delete", "quantumtrustpolicy", "shown")


def test_finalizers_of_jobs_without_annotations_can_be_patched(place: Place) -> None:
    place.create(place.job(signature=False))

    place.patch("quantumjob", "bell", {"metadata": {"finalizers": ["example.com/hold"]}})
    place.run("delete", "quantumjob", "bell", "--wait=false")
    place.patch("quantumjob", "bell", {"metadata": {"finalizers": None}})
    until(lambda: stops(lambda: place.run("get", "quantumjob", "bell")), "the job to be gone")


def test_a_namespace_with_jobs_is_deleted(place: Place) -> None:
    place.create(place.job())

    place.server.kubectl("delete", "namespace", place.namespace, "--timeout=60s")


def test_jobs_from_before_the_policies_can_be_changed_and_deleted(locked: ApiServer, old: Place) -> None:
    old.patch("quantumjob", "old", {"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}})
    old.patch("quantumjob", "old", {"metadata": {"finalizers": ["example.com/hold"]}})
    old.patch("quantumjob", "old", {"spec": {"suspend": True}})
    old.run("delete", "quantumjob", "old", "--wait=false")
    old.patch("quantumjob", "old", {"metadata": {"finalizers": None}})
    until(lambda: stops(lambda: old.run("get", "quantumjob", "old")), "the job to be gone")


@pytest.mark.parametrize("by", [TENANT, None], ids=["tenant", "cluster admin"])
def test_tasks_are_created_by_the_operator_only(place: Place, by: str | None) -> None:
    place.run("create", "role", "tasks", "--verb=*", "--resource=quantumtasks.qee.dev")
    place.run("create", "rolebinding", "tasks", "--role=tasks", f"--user={TENANT}")
    told = place.refused(lambda: place.create(builders.task("t", place.namespace), by=by))

    assert "QuantumTask: created and changed by QEE's operator only" in told
    assert "create a QuantumJob" in told


def test_tasks_of_the_operator_live_their_life(place: Place) -> None:
    place.run("create", "role", "tasks", "--verb=*", "--resource=quantumtasks.qee.dev,quantumtasks.qee.dev/status")
    for name, user in (("o", OPERATOR_ACCOUNT), ("c", CONNECTOR), ("d", OTHER_CONNECTOR), ("t", TENANT)):
        place.run("create", "rolebinding", f"tasks-{name}", "--role=tasks", f"--user={user}")
    place.create(builders.task("t", place.namespace), by=OPERATOR_ACCOUNT)

    for by in (TENANT, CONNECTOR, None):
        place.refused(lambda by=by: place.patch("quantumtask", "t", {"spec": {"cancelRequested": True}}, by=by))
    for by in (TENANT, OPERATOR_ACCOUNT, OTHER_CONNECTOR, None):
        told = place.refused(lambda by=by: status(place, "quantumtask", "t", TASK_RUNNING, by=by))
        assert "quantumtasks/status is written by the connector of the task's backend only" in told
    status(place, "quantumtask", "t", TASK_RUNNING, by=CONNECTOR)
    place.patch("quantumtask", "t", {"spec": {"cancelRequested": True}}, by=OPERATOR_ACCOUNT)
    place.patch("quantumtask", "t", {"metadata": {"finalizers": ["example.com/hold"]}}, by=TENANT)
    place.run("delete", "quantumtask", "t", "--wait=false", by=TENANT)
    place.patch("quantumtask", "t", {"metadata": {"finalizers": None}})
    until(lambda: stops(lambda: place.run("get", "quantumtask", "t")), "the task to be gone")


def test_of_a_backend_the_operator_changes_its_finalizer_only(place: Place) -> None:
    place.server.kubectl("create", "--filename=-", input=json.dumps(builders.backend("in-use")))
    rule = ["create", "clusterrole", "backends", "--verb=get,patch", "--resource=quantumbackends.qee.dev"]
    place.server.kubectl(*rule)
    place.server.kubectl(
        "create", "clusterrolebinding", "backends", "--clusterrole=backends", f"--user={OPERATOR_ACCOUNT}"
    )

    def patch(by: str | None = OPERATOR_ACCOUNT, **fields: Any) -> str:
        return place.patch("quantumbackend", "in-use", fields, by=by)

    patch(metadata={"finalizers": ["qee.dev/in-use"]})
    for fields in (
        {"spec": {"limits": {"maxShots": 1}}},
        {"metadata": {"labels": {"a": "b"}}},
        {"metadata": {"annotations": {"a": "b"}}},
        {"metadata": {"finalizers": ["qee.dev/in-use", "example.com/hold"]}},
    ):
        assert "its finalizer qee.dev/in-use only" in place.refused(lambda fields=fields: patch(**fields))
    patch(by=None, spec={"limits": {"maxShots": 1}})
    place.server.kubectl("delete", "quantumbackend", "in-use", "--wait=false")
    patch(metadata={"finalizers": None})
    until(lambda: stops(lambda: place.server.kubectl("get", "quantumbackend", "in-use")), "the backend to be gone")
    place.server.kubectl("delete", "clusterrolebinding,clusterrole", "backends")
