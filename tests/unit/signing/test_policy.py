"""Trust policies as the verifier reads them, and what their status says."""

from typing import Any

import pytest
from tests import signed
from tests.signing_cases import ADA, BOB, CLASSICAL, EMERGENCY, HYBRID, NOW, OTHER_TIMES, TWO, ada, at, rfc3339, trust

from qee.kube.port import Object
from qee.signing.policy import TrustPolicy, governing


def read(policy: Object) -> TrustPolicy:
    return TrustPolicy.of(policy)


def test_a_good_policy_is_ready_and_its_keys_are_told_by_id() -> None:
    status = read(trust(keys=TWO)).status(NOW)
    assert (status["ready"], status["message"]) == (True, "Every rule can be met.")
    assert status["keys"] == [
        {"name": "ada", "keyid": ADA.public.key_id, "usable": True, "reason": ""},
        {"name": "bob", "keyid": BOB.public.key_id, "usable": True, "reason": ""},
    ]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"state": "Revoked"}, "is revoked"),
        ({"state": "VerifyOnly", "verifyOnlySince": rfc3339(NOW)}, "VerifyOnly since"),
        ({"notBefore": rfc3339(at(1))}, "valid from"),
        ({"notAfter": rfc3339(at(-1))}, "was valid until"),
        ({"publicKey": "?"}, "no SubjectPublicKeyInfo"),
        ({"publicKey": BOB.pem(None).decode()}, "this is a private key"),
        ({"algorithm": "ML-DSA-87"}, "algorithm says ML-DSA-87, the key is of ML-DSA-65"),
    ],
)
def test_keys_that_cannot_be_used_are_told_with_the_reason(fields: dict[str, Any], says: str) -> None:
    status = read(ada(**fields)).status(NOW)
    (key,) = status["keys"]
    assert not key["usable"]
    assert says in key["reason"]
    assert (status["ready"], status["message"]) == (False, "rule 'rule' cannot be met by the keys that are usable")


def test_a_rule_needs_as_many_holders_and_families_as_it_asks_for() -> None:
    same = [signed.entry("ada", ADA, holder="Ada"), signed.entry("bob", BOB, holder="Ada")]
    assert not read(trust(keys=same, rules=[signed.rule("ada", "bob", threshold=2)])).status(NOW)["ready"]
    assert read(HYBRID).status(NOW)["ready"]
    classical = trust(keys={"c": CLASSICAL})
    assert not read(classical).status(NOW)["ready"]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"rules": []}, "spec.rules"),
        ({"namespaces": {}}, "give one of all: true and names"),
        ({"namespaces": {"all": True, "names": ["a"]}}, "give one of all"),
        ({"namespaces": {"names": ["team-*"]}}, "spec.namespaces.names[0]"),
        ({"rules": [signed.rule("eve")]}, "name eve, which is not in keys"),
        ({"rules": [signed.rule("ada"), signed.rule("ada")]}, "a rule's name occurs twice"),
        ({"breakGlass": {"keys": ["ada"]}, "rules": [signed.rule("ada")]}, "is for breakGlass and in a rule"),
        ({"keys": [signed.entry("ada", ADA), signed.entry("eve", ADA)]}, "spec.keys: one publicKey has two holders"),
        ({"mode": "Ignore"}, "spec.mode"),
        ({"unknown": 1}, "spec.unknown: is not a field"),
        ({"clockSkewSeconds": -1}, "spec.clockSkewSeconds"),
    ],
)
def test_a_policy_that_cannot_be_read_says_why_and_is_not_ready(spec: dict[str, Any], says: str) -> None:
    found = read(trust(**spec))
    assert found.spec is None
    assert says in found.problem
    assert found.status(NOW)["ready"] is False
    assert says in found.status(NOW)["message"]


@pytest.mark.parametrize("field", ["notBefore", "notAfter", "verifyOnlySince"])
@pytest.mark.parametrize("moment", OTHER_TIMES)
def test_times_in_another_spelling_than_utc_with_whole_seconds_are_refused(field: str, moment: object) -> None:
    problem = read(ada(**{field: moment})).problem
    assert f"spec.keys[0].{field}: is not a time in UTC; write it like 2026-01-31T12:00:00Z" in problem


CIRCUIT = {"name": "c", "format": "openqasm3", "source": "x"}
TABLE = {"configMapKeyRef": {"name": "m", "key": "k"}, "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("circuit", "spec", "says"),
    [
        ({}, {"shots": 1000}, None),
        ({"parameters": {"a": ["1"] * 10}}, {"shots": 100}, None),
        ({"parameters": {"a": ["1"] * 11}}, {"shots": 100}, "may sign for 1000 shots, not for 1100"),
        ({"shots": 100, "parameters": {"a": ["1"] * 11}}, {"shots": 1}, "may sign for 1000 shots, not for 1100"),
        ({"parametersFrom": TABLE}, {"shots": 1}, "parametersFrom leaves the rows open"),
        ({}, {"shots": 1, "precision": "0.1"}, "spec.precision leaves them open"),
    ],
)
def test_a_keys_shots_are_those_of_all_rows_together(
    circuit: dict[str, Any], spec: dict[str, Any], says: str | None
) -> None:
    key = read(ada(constraints={"maxShots": 1000})).keys["ada"]
    found = key.exceeds({"backendRef": {"name": "aer"}, "circuits": [{**CIRCUIT, **circuit}], **spec})
    assert found is None if says is None else found is not None and says in found


def test_a_policy_that_cannot_be_read_governs_what_it_names_or_else_everything() -> None:
    assert read(trust(rules=[])).governs("anything")
    named = read(trust(rules=[], namespaces={"names": ["a"]}))
    assert named.governs("a")
    assert not named.governs("b")
    for odd in ({"names": [1]}, {"names": 5}, {}, None, "a"):
        assert read(trust(rules=[], namespaces=odd)).governs("anything")
    assert read({"metadata": {"name": "x"}}).governs("anything")


def test_namespaces_are_compared_as_a_whole() -> None:
    found = read(trust(namespaces={"names": ["team"]}))
    assert [name for name in ("team", "team-a", "tea", "TEAM", "") if found.governs(name)] == ["team"]


def test_policies_govern_in_the_order_of_their_names() -> None:
    policies = [read(trust(name=name)) for name in ("b", "c", "a")]
    assert [policy.name for policy in governing(policies, "default")] == ["a", "b", "c"]


def test_a_status_that_somebody_wrote_into_the_object_is_not_read() -> None:
    assert read({**EMERGENCY, "status": {"keys": "nonsense"}}).spec is not None
