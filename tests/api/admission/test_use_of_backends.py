"""The verb `use`: who may create a job on which backend, where."""

from e2e.cluster.apiserver import ApiServer
from tests.api.admission.conftest import TENANT, Place, stops


def test_an_admin_of_the_namespace_without_the_verb_is_refused(place: Place) -> None:
    told = place.refused(lambda: place.create(place.job(), by=TENANT))

    assert "spec.backendRef.name: user mallory lacks the verb use on quantumbackends/aer" in told
    assert f"in namespace {place.namespace}" in told
    assert "bind a Role with verbs [use]" in told


def test_a_role_in_the_namespace_lets_its_subject_create_jobs_on_the_named_backend_only(place: Place) -> None:
    place.may_use(TENANT, "aer")

    place.create(place.job(), by=TENANT)
    other = place.job("other", backendRef={"kind": "QuantumBackend", "name": "cirq"})
    assert "quantumbackends/cirq" in place.refused(lambda: place.create(other, by=TENANT))
    assert place.run("auth", "can-i", "use", "quantumbackends.qee.dev/aer", by=TENANT).strip() == "yes"


def test_a_role_in_another_namespace_does_not_help(place: Place, locked: ApiServer) -> None:
    Place(locked).may_use(TENANT, "aer")

    assert "lacks the verb use" in place.refused(lambda: place.create(place.job(), by=TENANT))


def test_a_dry_run_and_a_generated_name_are_judged_alike(place: Place) -> None:
    manifest = place.job()
    manifest["metadata"]["generateName"] = f"{manifest['metadata'].pop('name')}-"

    place.refused(lambda: place.create(manifest, by=TENANT))
    place.refused(lambda: place.run("create", "--dry-run=server", "--filename=-", by=TENANT, input=place.job()))


def test_accounts_with_wildcards_have_every_verb(place: Place) -> None:
    """Argo CD's, for one; so behind it the key's constraints are what remains."""
    account = f"system:serviceaccount:{place.namespace}:gitops"
    place.run("create", "role", "all", "--verb=*", "--resource=*.qee.dev")
    place.run("create", "rolebinding", "all", "--role=all", f"--serviceaccount={place.namespace}:gitops")

    place.create(place.job("by-wildcard"), by=account)
    place.create(place.job("by-admin"))


def test_who_loses_the_verb_may_still_suspend_and_delete(place: Place) -> None:
    place.create(place.job())

    place.patch("quantumjob", "bell", {"spec": {"suspend": True}}, by=TENANT)
    place.run("delete", "quantumjob", "bell", by=TENANT)
    assert stops(lambda: place.run("get", "quantumjob", "bell"))
