"""While the webhook is away, a signature is still wanted wherever a policy enforces one."""

from collections.abc import Iterator
from typing import Any

import pytest
from e2e.cluster.apiserver import ApiServer
from tests.api.admission.conftest import Place, stops, trust, until


@pytest.fixture
def governed(place: Place) -> Iterator[Any]:
    """A function that has the namespace governed, and returns when that is known."""
    name = place.namespace

    def govern(**spec: Any) -> None:
        trust(place.server, name, **{"namespaces": {"names": [name]}, **spec})
        # Nothing shows that the API server has heard of a policy but that policy at work.
        trust(place.server, f"{name}-seen", namespaces={"names": [marker.namespace]})
        until(lambda: stops(lambda: marker.create(marker.job(f"m{len(seen)}", signature=False))), "the policy")
        seen.append(name)

    seen: list[str] = []
    marker = Place(place.server)
    yield govern
    place.server.kubectl("delete", "quantumtrustpolicy", name, f"{name}-seen", "--ignore-not-found")


def test_where_a_policy_enforces_an_unsigned_job_is_refused(place: Place, governed: Any) -> None:
    governed()

    told = place.refused(lambda: place.create(place.job(signature=False)))
    assert "metadata.annotations[qee.dev/signature] is missing" in told
    assert f"QuantumTrustPolicy {place.namespace} wants jobs in namespace {place.namespace} signed" in told
    assert "sign the manifest with `qee sign`" in told
    place.create(place.job())


def test_an_empty_annotation_is_no_signature(place: Place, governed: Any) -> None:
    governed()
    manifest = place.job()
    manifest["metadata"]["annotations"]["qee.dev/signature"] = ""

    assert "is missing" in place.refused(lambda: place.create(manifest))


@pytest.mark.parametrize("mode", ["Warn", "Audit"])
def test_where_a_policy_only_tells_an_unsigned_job_is_stored(place: Place, governed: Any, mode: str) -> None:
    governed(mode=mode)

    place.create(place.job(signature=False))


def test_of_two_policies_the_stricter_one_decides(place: Place, governed: Any) -> None:
    trust(place.server, "everywhere", mode="Audit")
    try:
        governed()
        assert "is missing" in place.refused(lambda: place.create(place.job(signature=False)))
    finally:
        place.server.kubectl("delete", "quantumtrustpolicy", "everywhere")


def test_a_policy_for_all_namespaces_governs_each(place: Place, locked: ApiServer) -> None:
    trust(locked, "everywhere")
    try:
        until(lambda: stops(lambda: place.create(place.job(signature=False, name="x"))), "the policy", 10)
    finally:
        locked.kubectl("delete", "quantumtrustpolicy", "everywhere")


def test_a_policy_of_another_namespace_wants_nothing(place: Place) -> None:
    """With withoutPolicy: Deny it is the webhook, and then the operator, that refuses it."""
    place.create(place.job(signature=False))


def test_without_any_policy_the_webhook_is_left_to_answer(place: Place, locked: ApiServer) -> None:
    """It says what to do; of a policy without parameters the API server tells no more than a name."""
    before = locked.kubectl("get", "quantumtrustpolicies", "--output=name").split()
    locked.kubectl("delete", "quantumtrustpolicies", "--all")
    try:
        number = iter(range(1000))
        until(lambda: not stops(lambda: place.create(place.job(f"u{next(number)}", signature=False))), "no policy")
    finally:
        assert before == ["quantumtrustpolicy.qee.dev/elsewhere"]
        trust(locked, "elsewhere", namespaces={"names": ["elsewhere"]})
