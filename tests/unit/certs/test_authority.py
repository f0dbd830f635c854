"""Certificates as pure functions of time."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from qee.certs.authority import (
    BACKDATE,
    Pair,
    Unreadable,
    bundle_pem,
    covered,
    due,
    expired,
    is_for,
    issue,
    joined,
    new_authority,
    read_bundle,
)
from qee.certs.settings import Settings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = ["qee-webhook.qee.svc", "127.0.0.1"]
ONE, OTHER = new_authority(NOW, 365 * DAY), new_authority(NOW, 365 * DAY)


def test_a_leaf_is_for_its_names_and_for_serving_only():
    leaf = issue(ONE, NAMES, NOW, 30 * DAY).certificate
    assert is_for(leaf, NAMES)
    assert is_for(leaf, reversed(NAMES))
    assert not is_for(leaf, NAMES[:1])
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_a_leaf_is_covered_by_its_authority_alone_and_only_while_that_lives():
    leaf = issue(ONE, NAMES, NOW, 30 * DAY).certificate
    assert covered(leaf, [OTHER.certificate, ONE.certificate], NOW)
    assert not covered(leaf, [OTHER.certificate], NOW)
    assert not covered(leaf, [], NOW)
    assert not covered(leaf, [ONE.certificate], NOW + 366 * DAY)


def test_a_leaf_never_outlives_its_authority():
    leaf = issue(ONE, NAMES, NOW + 360 * DAY, 30 * DAY).certificate
    assert leaf.not_valid_after_utc == ONE.certificate.not_valid_after_utc


def test_a_certificate_is_due_at_two_thirds_of_its_life():
    leaf = issue(ONE, NAMES, NOW, 30 * DAY).certificate
    assert leaf.not_valid_before_utc == NOW - BACKDATE
    assert not due(leaf, NOW + 20 * DAY - timedelta(seconds=1))
    assert due(leaf, NOW + 20 * DAY)
    assert not expired(leaf, NOW + 30 * DAY - timedelta(seconds=1))
    assert expired(leaf, NOW + 30 * DAY)


def test_a_bundle_holds_each_once_and_none_that_has_expired():
    old = new_authority(NOW - 400 * DAY, 365 * DAY).certificate
    one, other = ONE.certificate, OTHER.certificate
    assert joined([one], [other, one, old], NOW) == [one, other]
    assert read_bundle(bundle_pem([one, other])) == [one, other]
    assert read_bundle(b"") == read_bundle(b"\n") == read_bundle(b"garbage") == []


def test_a_pair_is_read_from_what_was_written():
    leaf = issue(ONE, NAMES, NOW, 30 * DAY)
    assert Pair.read(leaf.certificate_pem, leaf.key_pem).certificate == leaf.certificate
    for certificate, key in ((b"", b""), (leaf.certificate_pem, ONE.key_pem), (leaf.certificate_pem, b"x")):
        with pytest.raises(Unreadable) as told:
            Pair.read(certificate, key)
        assert "PRIVATE" not in str(told.value)
    assert "PRIVATE" not in repr(leaf)


def test_a_leaf_that_would_outlive_what_is_left_of_the_authority_is_no_setting():
    with pytest.raises(ValueError, match="a third of authoritySeconds"):
        Settings.model_validate({"namespace": "qee", "authoritySeconds": 300, "leafSeconds": 101})


def test_the_webhooks_names_are_those_of_its_service():
    settings = Settings(namespace="qee-system", addresses=["10.0.0.1"])
    assert settings.names == ["qee-webhook.qee-system.svc", "qee-webhook.qee-system.svc.cluster.local", "10.0.0.1"]
