"""A real API server refuses a QuantumTrustPolicy that the verifier would not read, at apply."""

import pytest
from e2e.cluster.apiserver import ApiServer
from tests import signed
from tests.api.definitions import defined, refusal
from tests.signing_cases import ADA, OTHER_TIMES, ada, trust


@pytest.fixture(scope="module")
def server(apiserver: ApiServer) -> ApiServer:
    return defined(apiserver)


def test_one_key_of_two_holders_is_refused(server: ApiServer):
    said = refusal(server, trust(keys=[signed.entry("ada", ADA), signed.entry("eve", ADA)]))
    assert "spec.keys" in said
    assert "one publicKey has two holders" in said


def test_one_key_under_two_names_of_one_holder_is_taken(server: ApiServer):
    assert not refusal(server, trust(keys=[signed.entry("ada", ADA), signed.entry("new", ADA, holder="ada")]))


def test_as_many_keys_as_a_policy_may_have_are_taken(server: ApiServer):
    keys = [signed.entry(f"k{number}", signed.key(f"k{number}", "Ed25519")) for number in range(64)]
    assert not refusal(server, trust(keys=keys))


def test_a_rule_with_a_key_that_is_not_listed_is_refused(server: ApiServer):
    said = refusal(server, trust(rules=[signed.rule("nobody")]))
    assert "spec.rules" in said
    assert "a rule names a key that is not in spec.keys; add the key" in said


def test_a_threshold_above_the_number_of_keys_is_refused(server: ApiServer):
    rule = signed.rule("ada") | {"threshold": 3}
    assert "threshold 3 of 1 keys can never be met; name more keys" in refusal(server, trust(rules=[rule]))


@pytest.mark.parametrize("field", ["notBefore", "notAfter", "verifyOnlySince"])
def test_a_time_has_one_spelling(server: ApiServer, field: str):
    assert not refusal(server, ada(**{field: "2026-01-01T00:00:00Z"}))
    for moment in OTHER_TIMES:
        if isinstance(moment, str) and moment.isprintable():  # in place of a surrogate the API server puts U+FFFD
            assert f"spec.keys[0].{field}" in refusal(server, ada(**{field: moment})), moment
