"""A kind is signed by its profile: a second one is signed and verified, and no signature passes for another kind's."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests import builders, signed
from tests.signing_cases import ADA, CLASSICAL, NOW, ask, sign

from qee.api.reasons import Reason
from qee.kube.port import Object
from qee.signing import dsse
from qee.signing.keys import PrivateKey
from qee.signing.libraries import Suite
from qee.signing.profiles import PROFILES, of_kind
from qee.signing.profiles.job import JOB
from qee.signing.projection import Leaf, Profile, Projection
from qee.signing.statement import Statement, StatementProblem, statement
from qee.signing.verdict import Verdict
from qee.signing.verify import unchanged, verify

KEYS = {"ada": ADA, "classical": CLASSICAL}
EITHER = {"rules": [signed.rule("ada", "classical", require=["classical"]), signed.rule("ada", name="lattice")]}


def project_recipe(name: str, obj: Any) -> Projection:
    """All of it but status and annotations."""
    meta = {key: obj["metadata"][key] for key in ("name", "namespace")}
    value = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta, "spec": obj["spec"]}
    return Projection.of(name, value, leaves)


def leaves(value: dict[str, Any]) -> list[Leaf]:
    return [(f"spec.job.{name}", part, False) for name, part in value["spec"].get("job", {}).items()]


def recipe_profile(version: int) -> Profile:
    name = f"qee.dev/recipe/v1alpha1#{version}"
    return Profile(
        name=name,
        kind="Recipe",
        context=b"qee.dev/recipe/v1",
        payload_type="application/vnd.qee.dev.recipe-statement.v1+json",
        project=partial(project_recipe, name),
        references=lambda _: [],
        job_spec=lambda value: value["spec"]["job"],
    )


RECIPE = recipe_profile(1)


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROFILES, RECIPE.name, RECIPE)


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.required()


def recipe(shots: int = 100) -> Object:
    spec = {"job": {**builders.job()["spec"], "shots": shots}}
    return {**builders.job(), "kind": "Recipe", "spec": spec}


def signed_by(profile: Profile, obj: Object, keys: list[PrivateKey], **parts: Any) -> Object:
    """The object with a statement under the profile; `parts` of it may be another's: context, payload_type."""
    made = replace(profile, **parts)
    stated = statement(
        made.project(obj),
        made.references(obj),
        audiences=[signed.CLUSTER],
        key_ids=[key.public.key_id for key in keys],
        now=NOW,
        validity=signed.HOUR,
    )
    makers = [(key.public.key_id, partial(key.sign, context=made.context)) for key in keys]
    return signed.with_envelope(obj, dsse.sign(made.payload_type, stated.to_bytes(), makers))


def found(obj: Object, suite: Suite, kind: str = "Recipe", keys: Any = None, **policy: Any) -> Verdict:
    trusted = signed.policy(keys or KEYS, **(policy or EITHER))
    return verify(ask(obj, trusted, kind=kind), suite)


def test_a_second_kind_is_signed_and_verified(suite: Suite) -> None:
    obj = signed_by(RECIPE, recipe(), [ADA])
    verdict = found(obj, suite)
    assert (verdict.allowed, verdict.reason) == (True, Reason.SIGNATURE_VERIFIED), verdict.message
    changed = {**obj, "spec": {"job": {**obj["spec"]["job"], "shots": 101}}}
    assert found(changed, suite).reason is Reason.SPEC_MISMATCH
    assert "shots" in found(changed, suite).message
    assert unchanged(obj, {**obj, "status": {}}, "Recipe")
    assert not unchanged(obj, changed, "Recipe")


def test_a_keys_constraints_are_those_of_the_jobs_that_it_admits(suite: Suite) -> None:
    entry = [signed.entry("ada", ADA, constraints={"maxShots": 99})]
    for shots, reason in ((99, Reason.SIGNATURE_VERIFIED), (100, Reason.KEY_CONSTRAINED)):
        verdict = found(signed_by(RECIPE, recipe(shots), [ADA]), suite, keys=entry, mode="Enforce")
        assert verdict.reason is reason, verdict.message


OTHERS: dict[str, Callable[[], dict[str, Any]]] = {
    "whole": dict,
    "with its context": lambda: {"context": RECIPE.context},
    "with its payload's type": lambda: {"payload_type": RECIPE.payload_type},
    "with both": lambda: {"context": RECIPE.context, "payload_type": RECIPE.payload_type},
}


@pytest.mark.parametrize("keys", [[ADA], [CLASSICAL], [ADA, CLASSICAL]], ids=["lattice", "classical", "hybrid"])
@pytest.mark.parametrize("parts", OTHERS.values(), ids=OTHERS)
def test_a_jobs_signature_admits_no_object_of_the_second_kind(
    suite: Suite, keys: list[PrivateKey], parts: Callable[[], dict[str, Any]]
) -> None:
    """Neither as it is, nor in an object of the kind, nor with the other profile's context or type."""
    job = signed_by(JOB, builders.job(), keys, **parts())
    assert found(signed_by(JOB, builders.job(), keys), suite, kind="QuantumJob").allowed
    moved = {**recipe(), "metadata": job["metadata"]}
    for obj in (job, moved):
        assert not found(obj, suite).allowed


@pytest.mark.parametrize("keys", [[ADA], [CLASSICAL], [ADA, CLASSICAL]], ids=["lattice", "classical", "hybrid"])
@pytest.mark.parametrize("parts", [{}, {"context": JOB.context}, {"payload_type": JOB.payload_type}], ids=str)
def test_a_signature_of_the_second_kind_admits_no_job(
    suite: Suite, keys: list[PrivateKey], parts: dict[str, Any]
) -> None:
    obj = signed_by(RECIPE, recipe(), keys, **parts)
    assert found(signed_by(RECIPE, recipe(), keys), suite).allowed
    for each in (obj, {**builders.job(), "metadata": obj["metadata"]}):
        assert not found(each, suite, kind="QuantumJob").allowed


def test_a_statement_under_another_kinds_profile_is_refused_by_name_whoever_signed_it(suite: Suite) -> None:
    job = signed_by(RECIPE, builders.job(), [ADA], context=JOB.context, payload_type=JOB.payload_type)
    verdict = found(job, suite, kind="QuantumJob")
    assert verdict.reason is Reason.ENVELOPE_INVALID
    assert f"profile {RECIPE.name} is not of QuantumJobs" in verdict.message


def test_an_object_is_verified_by_the_profile_that_its_statement_names(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = recipe_profile(2)

    def without_shots(obj: Any) -> Projection:
        job = {key: value for key, value in obj["spec"]["job"].items() if key != "shots"}
        return project_recipe(second.name, {**obj, "spec": {"job": job}})

    monkeypatch.setitem(PROFILES, second.name, replace(second, project=without_shots))
    assert of_kind("Recipe")[-1].name == second.name
    for profile, reason in ((RECIPE, Reason.SPEC_MISMATCH), (PROFILES[second.name], Reason.SIGNATURE_VERIFIED)):
        obj = signed_by(profile, recipe(), [ADA])
        assert found(obj, suite).allowed
        obj["spec"]["job"]["shots"] = 5
        assert found(obj, suite).reason is reason


def test_a_profile_that_is_not_in_the_table_signs_nothing(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    obj = signed_by(RECIPE, recipe(), [ADA])
    envelope = signed.envelope_of(obj)
    monkeypatch.delitem(PROFILES, RECIPE.name)
    with pytest.raises(StatementProblem, match="other profiles are of other versions"):
        Statement.from_bytes(envelope.payload)
    with pytest.raises(ValueError, match="objects of kind 'Recipe' are not signed"):
        verify(ask(obj, kind="Recipe"), suite)
    assert verify(ask(sign()), suite).allowed


def test_no_two_kinds_share_a_context_or_a_payloads_type() -> None:
    for part in ("context", "payload_type"):
        kinds: dict[object, set[str]] = {}
        for profile in PROFILES.values():
            kinds.setdefault(getattr(profile, part), set()).add(profile.kind)
        assert all(len(each) == 1 for each in kinds.values())
    versions = {(profile.payload_type, profile.context) for profile in PROFILES.values()}
    assert len(versions) == len({profile.kind for profile in PROFILES.values()})
    assert all(0 < len(profile.context) < 256 for profile in PROFILES.values())
