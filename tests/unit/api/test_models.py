"""The typed models: what they read, what they refuse, and how they say so."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from tests import builders
from tests.refused_specs import ACCEPTED, REFUSED, Accepted, Refused, changed

from qee.api import names
from qee.api.backend import QuantumBackend
from qee.api.conditions import unknown_conditions
from qee.api.explain import explain
from qee.api.job import MUTABLE, QuantumJob
from qee.api.structural import structural

MODELS = {"job": QuantumJob, "backend": QuantumBackend}


def complaints(obj: Any, model: type[QuantumJob] | type[QuantumBackend] = QuantumJob) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(obj)
    return explain(refused.value)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_a_bad_value_is_refused_with_its_field_and_a_remedy(case: Refused):
    lines = complaints(changed(case.kind, case.changes), MODELS[case.kind])
    assert any(line.startswith(case.blames) and case.model in line for line in lines), lines


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.id)
def test_a_value_at_the_edge_of_its_range_is_accepted(case: Accepted):
    MODELS[case.kind].model_validate(changed(case.kind, case.changes))


def test_a_job_reads_in_pythons_spelling():
    job = QuantumJob.model_validate(
        builders.job(
            circuits=[builders.circuit_from("programs", "bell.qasm", b"x", shots=5)],
            seed=7,
            suspend=True,
            activeDeadlineSeconds=60,
            ttlSecondsAfterFinished=0,
            resources={"limits": {"memory": "1Gi", "cpu": 2}},
        )
        | {"status": {"observedGeneration": 2, "phase": "Running", "conditions": unknown_conditions()}}
    )
    spec, circuit = job.spec, job.spec.circuits[0]
    assert (spec.backend_ref.name, spec.backend_ref.kind) == ("aer", "QuantumBackend")
    assert circuit.config_map_key_ref is not None
    assert (circuit.config_map_key_ref.name, circuit.config_map_key_ref.key) == ("programs", "bell.qasm")
    assert (circuit.source, circuit.data, circuit.shots) == (None, None, 5)
    assert (spec.seed, spec.suspend, spec.cancel_requested, spec.active_deadline_seconds) == (7, True, False, 60)
    assert (spec.ttl_seconds_after_finished, spec.backoff_limit) == (0, None)
    assert spec.resources is not None
    assert spec.resources.limits is not None
    assert (spec.resources.limits.memory, spec.resources.limits.cpu) == ("1Gi", 2)
    assert (job.status.observed_generation, job.status.phase) == (2, "Running")
    assert job.status.conditions[0].status == "Unknown"


def test_absent_fields_have_the_values_that_the_reference_promises():
    job = QuantumJob.model_validate(
        {"spec": {"backendRef": {"name": "aer"}, "circuits": [{"name": "a", "format": "openqasm3", "source": "x"}]}}
    )
    spec = job.spec
    assert (spec.shots, spec.outputs, spec.seed) == (1024, ["counts"], None)
    assert (spec.simulator.method, spec.simulator.precision) == ("automatic", "double")
    assert (spec.suspend, spec.cancel_requested, spec.backoff_limit) == (False, False, None)
    assert (job.status.observed_generation, job.status.conditions, job.status.result) == (-1, [], None)
    assert (job.metadata.labels, job.metadata.deletion_timestamp) == ({}, None)


def test_metadata_of_a_stored_object_is_read_and_the_rest_ignored():
    obj = builders.job()
    obj["metadata"] |= {
        "uid": "u-1",
        "resourceVersion": "42",
        "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubectl"}],
        "annotations": None,
    }
    meta = QuantumJob.model_validate(obj).metadata
    assert (meta.uid, meta.resource_version, meta.generation) == ("u-1", "42", 3)
    assert meta.creation_timestamp == datetime(2026, 1, 1, tzinfo=UTC)
    assert meta.annotations == {}


def test_a_status_field_of_a_newer_version_is_ignored():
    status = {"observedGeneration": 1, "novelty": {"a": 1}, "conditions": [], "phase": "Warp"}
    assert QuantumJob.model_validate(builders.job() | {"status": status}).status.phase == "Warp"


def test_a_spec_field_of_a_newer_version_is_refused():
    assert complaints(builders.job(novelty=1)) == ["spec.novelty: is not a field; remove it"]


def test_a_null_counts_as_absent_as_it_does_for_the_api_server():
    assert QuantumJob.model_validate(builders.job(seed=None, transpile=None)).spec.seed is None


def test_fields_are_spelled_as_the_api_server_spells_them():
    assert complaints(builders.job(backoff_limit=1)) == [
        "spec.backoff_limit: is not a field; did you mean backoffLimit?"
    ]


def test_every_error_of_an_object_is_told_at_once():
    lines = complaints(builders.job(shots=0, seed=-1, shards="x"))
    assert sorted(line.split(":")[0] for line in lines) == ["spec.seed", "spec.shards", "spec.shots"]


def test_a_program_never_appears_in_a_complaint():
    secret = "token-4711 " * 20_000
    circuit = {"name": "a", "format": "openqasm3", "source": secret}
    for lines in (
        complaints(builders.job(circuits=[circuit])),
        complaints(builders.job(circuits=[circuit | {"source": [secret]}])),
        complaints(builders.job(circuits=[circuit | {"source": "x", "data": secret}])),
    ):
        assert "token" not in "".join(lines)


def test_a_long_value_is_cut_in_a_complaint():
    (line,) = complaints(builders.job(simulator={"method": "m" * 5000}))
    assert len(line) < 300


@pytest.mark.parametrize("obj", [None, 3, [], "job"])
def test_what_is_not_an_object_is_refused_in_words(obj: Any):
    assert complaints(obj)[0].startswith("the object: ")


def test_an_object_of_another_kind_is_refused():
    assert complaints(builders.backend())[0] == 'kind: "QuantumBackend" is not known; give QuantumJob'


def test_kind_and_version_are_those_of_the_names_module():
    assert QuantumJob.model_fields["api_version"].default == names.API_VERSION
    assert QuantumBackend.model_fields["api_version"].default == names.API_VERSION
    assert QuantumJob.model_fields["kind"].default == names.KIND_JOB
    assert QuantumBackend.model_fields["kind"].default == names.KIND_BACKEND


def test_the_mutable_fields_exist():
    assert set(MUTABLE) < set(structural(QuantumJob)["properties"]["spec"]["properties"])
