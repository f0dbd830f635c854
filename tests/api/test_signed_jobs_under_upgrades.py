"""Signed jobs that are stored while their definition changes: they stay verified, or are refused by name."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from e2e.cluster.apiserver import ApiServer
from tests import builders, signed
from tests.api.definitions import CRDS

from qee.api.reasons import Reason
from qee.signing.verdict import Verdict
from qee.signing.verify import verify

Object = dict[str, Any]


@pytest.fixture
def upgrade(apiserver: ApiServer) -> Iterator[Callable[[Object], None]]:
    """Adds a field to the spec's schema. The definition is as it was after the test."""
    path = CRDS / "qee.dev_quantumjobs.yaml"
    definition = yaml.safe_load(path.read_text())

    def apply(crd: Object) -> None:
        apiserver.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=json.dumps(crd))
        apiserver.kubectl("wait", "--for=condition=Established", "crd/quantumjobs.qee.dev", "--timeout=30s")

    def add(schema: Object) -> None:
        newer = copy.deepcopy(definition)
        spec = newer["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        spec["properties"]["colour"] = schema
        apply(newer)

    apply(definition)
    yield add
    apply(definition)


@pytest.fixture
def job(apiserver: ApiServer, namespace: str, upgrade: Callable[[Object], None]) -> Object:
    """A signed job as it was sent."""
    manifest = signed.sign_job(builders.job("bell", namespace), signed.key())
    apiserver.kubectl("create", "-f", "-", input=json.dumps(manifest))
    return manifest


def read(server: ApiServer, job: Object) -> Object:
    meta = job["metadata"]
    words = ("get", "quantumjob", meta["name"], "--namespace", meta["namespace"], "--output=json")
    found: Object = json.loads(server.kubectl(*words))
    return found


def verdict(job: Object) -> Verdict:
    return verify(signed.question(job, signed.policy({"ada": signed.key()})), signed.SUITE)


def test_what_the_server_fills_in_does_not_break_a_signature(apiserver: ApiServer, job: Object) -> None:
    stored = read(apiserver, job)
    assert stored["spec"] != job["spec"], "the server fills in no default any more"
    assert verdict(stored).allowed


def test_a_new_field_without_a_default_leaves_stored_jobs_verified(
    apiserver: ApiServer, job: Object, upgrade: Callable[[Object], None]
) -> None:
    upgrade({"type": "string", "maxLength": 16})
    assert verdict(read(apiserver, job)).reason is Reason.SIGNATURE_VERIFIED


def test_a_new_field_with_a_default_is_refused_by_name(
    apiserver: ApiServer, job: Object, upgrade: Callable[[Object], None]
) -> None:
    """Why no release may add one: the API server writes it into jobs that nobody has touched."""
    upgrade({"type": "string", "maxLength": 16, "default": "blue"})
    stored = read(apiserver, job)
    assert stored["spec"]["colour"] == "blue"
    found = verdict(stored)
    assert found.reason is Reason.SPEC_MISMATCH
    assert "spec.colour" in found.message
