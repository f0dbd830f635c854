"""What a signature covers, in one canonical form; profile #1 as it was when it was published.

A digest of this file that changes means that every signature made so far is void: make a new profile instead.
"""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from tests import builders
from tests.signing_cases import QUEUE, altered, config_map_job, labelled, queued

from qee.api import names
from qee.api.job import MUTABLE
from qee.signing.profiles.job import PROFILE, project, references
from qee.signing.projection import Projection, ProjectionProblem

VECTORS = json.loads(Path(__file__).with_name("profile-1.json").read_text())


def test_this_is_profile_1() -> None:
    assert VECTORS["profile"] == PROFILE == "qee.dev/quantumjob/v1alpha1#1"


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_the_digests_of_the_profile_stand(vector: dict[str, Any]) -> None:
    found = project(vector["object"])
    assert rfc8785.dumps(found.value).decode() == vector["canonical"]
    assert found.digest == vector["sha512"]


def digest(**spec: Any) -> str:
    return project(builders.job(**spec)).digest


def test_defaults_said_and_defaults_meant_are_the_same() -> None:
    short = builders.job()
    del short["spec"]["shots"]
    said = {"shots": 1024, "outputs": ["counts"], "simulator": {}, "suspend": False, "cancelRequested": False}
    assert project(short).digest == digest(**said)
    assert project(short).digest == digest(**said, seed=None, noise=None, transpile=None, maxCost=None)


def test_what_may_change_is_not_covered() -> None:
    assert set(MUTABLE) == {"suspend", "cancelRequested", "ttlSecondsAfterFinished"}
    assert digest() == digest(suspend=True, cancelRequested=True, ttlSecondsAfterFinished=5)
    assert not set(MUTABLE) & set(project(builders.job()).value["spec"])


def test_only_labels_that_change_what_runs_are_covered() -> None:
    plain = project(builders.job())
    assert project(labelled(builders.job(), app="x", **{"app.kubernetes.io/instance": "y"})) == plain
    digests = {project(labelled(builders.job(), **{label: "x"})).digest for label in names.PASSED_ON_LABELS}
    assert len({plain.digest, *digests}) == 1 + len(names.PASSED_ON_LABELS)


def test_metadata_that_others_write_is_not_covered() -> None:
    job = builders.job()
    other = altered(job, metadata__annotations={"a": "b"}, metadata__finalizers=["x"], status={"phase": "x"})
    assert project(other) == project(job)


def test_every_other_field_of_the_spec_is_covered() -> None:
    changes: dict[str, Any] = {
        "backendRef": {"kind": "QuantumBackend", "name": "other"},
        "shots": 99,
        "outputs": ["memory"],
        "seed": 1,
        "transpile": {"optimizationLevel": 1},
        "simulator": {"method": "statevector"},
        "shards": 2,
        "activeDeadlineSeconds": 5,
        "backoffLimit": 1,
        "resources": {"requests": {"cpu": "1"}},
        "maxCost": {"amount": "1", "currency": "EUR"},
        "providerOptions": {"a": 1},
    }
    digests = {digest(), *(digest(**{name: value}) for name, value in changes.items())}
    assert len(digests) == 1 + len(changes)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": "1"}),
        ({"a": None}, {"b": None}),
        ({"a": []}, {"a": {}}),
        ({"a": 0}, {"a": False}),
    ],
)
def test_values_that_python_takes_for_the_same_are_told_apart(one: dict, other: dict) -> None:
    assert digest(providerOptions=one) != digest(providerOptions=other)


def test_null_where_anything_goes_is_not_the_same_as_absent() -> None:
    assert digest(providerOptions={"a": 1, "b": None}) != digest(providerOptions={"a": 1})


def test_the_order_of_keys_does_not_matter_and_that_of_lists_does() -> None:
    first, second = (
        {"name": "a", "format": "openqasm3", "source": "x"},
        {"source": "y", "name": "b", "format": "openqasm3"},
    )
    assert digest(circuits=[first, second]) == digest(circuits=[dict(reversed(first.items())), second])
    assert digest(circuits=[first, second]) != digest(circuits=[second, first])


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"shots": 1.0}, "spec.shots: 1.0 is not an integer"),
        ({"shots": "1"}, "spec.shots"),
        ({"shots": True}, "spec.shots"),
        ({"seed": 2**53}, "spec.seed: 9007199254740992 is above 9007199254740991"),
        ({"providerOptions": {"a": 2**53 + 1}}, "beyond 2^53-1; give it as a string"),
        ({"providerOptions": {"a": 1.5}}, "1.5 is not an integer; give it as a string"),
        ({"providerOptions": {"a": 1e3}}, "1000.0 is not an integer"),
        ({"providerOptions": {"a": float("nan")}}, "nan is not an integer"),
        ({"providerOptions": {"a": "\ud800"}}, "not Unicode"),
        ({"suspend": "yes"}, 'spec.suspend: "yes" is not true or false'),
        ({"suspend": 1}, "spec.suspend"),
        ({"unknown": 1}, "spec.unknown: is not a field"),
        ({"circuits": []}, "spec.circuits"),
    ],
)
def test_what_json_readers_take_differently_is_refused(spec: dict[str, Any], says: str) -> None:
    with pytest.raises(ProjectionProblem) as refused:
        digest(**spec)
    assert says in str(refused.value)


def test_integers_up_to_2_53_minus_1_are_kept_exactly() -> None:
    value = project(builders.job(seed=2**53 - 1)).value
    assert b"9007199254740991" in rfc8785.dumps(value)
    assert digest(seed=2**53 - 1) != digest(seed=2**53 - 2)


def test_references_name_every_config_map_with_its_digest() -> None:
    job = config_map_job(b"x")
    (found,) = references(job)
    assert found == {
        "kind": "ConfigMap",
        "name": "circuits",
        "key": "bell.qasm",
        "sha256": job["spec"]["circuits"][0]["sha256"],
    }
    assert references(builders.job()) == references({}) == []


def test_a_table_of_parameters_is_referred_to_beside_the_program() -> None:
    table = {"configMapKeyRef": {"name": "angles", "key": "sweep.csv"}, "sha256": "1" * 64}
    job = config_map_job(b"x")
    job["spec"]["circuits"][0]["parametersFrom"] = table
    program, found = references(job)
    assert program["name"] == "circuits"
    assert found == {"kind": "ConfigMap", "name": "angles", "key": "sweep.csv", "sha256": "1" * 64}
    other = {**table, "sha256": "2" * 64}
    changed = copy.deepcopy(job)
    changed["spec"]["circuits"][0]["parametersFrom"] = other
    assert project(changed).digest != project(job).digest
    assert "spec.circuits[0].parametersFrom" in project(changed).difference(project(job).fields())


def test_a_difference_names_fields_with_both_values() -> None:
    signed, found = project(queued()).fields(), project(builders.job(shots=5, seed=1))
    told = found.difference(signed)
    assert f'metadata.labels[{QUEUE}]: signed "team-a", found nothing' in told
    assert "spec.seed: signed nothing, found 1" in told
    assert "spec.shots: signed 100, found 5" in told
    assert found.difference(found.fields()) == ""


def test_a_difference_in_many_fields_is_cut_and_programs_are_not_quoted() -> None:
    circuit = builders.job()["spec"]["circuits"][0]
    changed = project(
        builders.job(circuits=[{**circuit, "source": "SECRET"}], shots=1, seed=2, shards=3, backoffLimit=4)
    )
    told = changed.difference(project(builders.job()).fields())
    assert "SECRET" not in str(changed.fields())
    assert told.endswith(", and 2 more")


def test_beyond_a_few_circuits_whole_circuits_are_compared() -> None:
    circuits = [{"name": f"c{n}", "format": "openqasm3", "source": "x"} for n in range(300)]
    signed = project(builders.job(circuits=circuits))
    changed = copy.deepcopy(circuits)
    changed[299]["source"] = "y"
    told = project(builders.job(circuits=changed)).difference(signed.fields())
    assert told.startswith("spec.circuits[299]: signed sha256:")
    assert len(json.dumps(signed.fields())) < 20_000


def test_a_projection_is_compared_by_value() -> None:
    assert isinstance(project(builders.job()), Projection)
    assert project(builders.job()) == project(copy.deepcopy(builders.job())) != project(builders.job(shots=1))
