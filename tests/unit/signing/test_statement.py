"""Statements and envelopes: what goes in comes out, byte for byte, and limits hold at their very edges."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from pydantic import ValidationError
from tests import builders, signed
from tests.signing_cases import ADA, BOB, NOW, OTHER_TIMES, config_map_job, padded, payload_of, reference, rfc3339, sign

from qee.signing import dsse
from qee.signing.dsse import Envelope, EnvelopeProblem, Signature, pae
from qee.signing.profiles.job import PAYLOAD_TYPE, project
from qee.signing.statement import Statement, StatementProblem, statement

IDS = [ADA.public.key_id, BOB.public.key_id]


def stated(**options: object) -> Statement:
    given = {"audiences": ["cluster"], "key_ids": IDS, "now": NOW, "validity": timedelta(hours=1), **options}
    return statement(project(builders.job()), [], **given)  # type: ignore[arg-type]


def test_a_statement_survives_its_bytes() -> None:
    for found in (stated(), stated(reason="fire"), stated(not_before=NOW + timedelta(days=1))):
        assert Statement.from_bytes(found.to_bytes()) == found
        assert Statement.from_bytes(found.to_bytes()).to_bytes() == found.to_bytes()


def test_a_statement_is_canonical_json_and_says_what_it_is_about() -> None:
    found = stated()
    value = json.loads(found.to_bytes())
    assert rfc8785.dumps(value) == found.to_bytes()
    assert value["subject"]["sha512"] == project(builders.job()).digest
    assert (value["iat"], value["nbf"], value["exp"]) == (
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00Z",
        "2026-01-31T13:00:00Z",
    )
    assert value["keyids"] == sorted(IDS)
    assert value["purpose"] == "admit"
    assert "reason" not in value


def test_other_spellings_of_the_same_json_are_read_alike() -> None:
    found = stated()
    spelled = json.dumps(json.loads(found.to_bytes()), indent=2, sort_keys=False).encode()
    assert Statement.from_bytes(spelled) == found


def test_a_statement_says_references_too() -> None:
    value = json.loads(payload_of(sign(config_map_job())))
    assert [(ref["kind"], ref["name"], ref["key"]) for ref in value["refs"]] == [("ConfigMap", "circuits", "bell.qasm")]


def test_every_statement_has_a_jti_of_its_own() -> None:
    assert len({stated().jti for _ in range(50)}) == 50


def test_times_are_utc_in_whole_seconds_whatever_clock_they_are_from() -> None:
    local = datetime(2026, 1, 31, 13, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    found = stated(now=local)
    assert found.iat == found.nbf == datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_reason_breaks_the_glass() -> None:
    assert (stated(reason="fire").purpose, stated(reason="fire").reason) == ("break-glass", "fire")


@pytest.mark.parametrize(
    "options",
    [
        {"audiences": []},
        {"audiences": ["a"] * 17},
        {"audiences": [""]},
        {"key_ids": []},
        {"key_ids": ["ada"]},
        {"key_ids": IDS * 2},
        {"key_ids": [f"sha256:{n:064x}" for n in range(5)]},
        {"validity": timedelta(0)},
        {"reason": "x" * 513},
    ],
    ids=str,
)
def test_what_no_verifier_would_take_is_not_stated(options: dict) -> None:
    with pytest.raises(ValidationError):
        stated(**options)


@pytest.mark.parametrize("name", [name for name, field in Statement.model_fields.items() if field.is_required()])
def test_no_part_may_be_missing(name: str) -> None:
    value = json.loads(stated().to_bytes())
    del value[name]
    with pytest.raises(StatementProblem, match=f"{name}: is missing"):
        Statement.from_bytes(rfc8785.dumps(value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("exp", "2026-02-30T00:00:00Z"),
        ("exp", "2026-02-01T00:00:00+00:00"),
        ("exp", "2026-02-01 00:00:00Z"),
        ("exp", None),
        ("jti", "G" * 32),
        ("jti", "0" * 32 + "\n"),
        ("profile", "qee.dev/quantumjob/v1alpha1#1\n"),
        ("keyids", [IDS[0] + "\n"]),
        ("refs", [reference(name="")]),
        ("refs", {}),
        ("v", True),
        ("audiences", "cluster"),
        ("subject", None),
    ],
)
def test_odd_values_are_refused_by_name(name: str, value: object) -> None:
    document = {**json.loads(stated().to_bytes()), name: value}
    with pytest.raises(StatementProblem, match=name):
        Statement.from_bytes(json.dumps(document).encode())


@pytest.mark.parametrize("field", ["iat", "nbf", "exp"])
@pytest.mark.parametrize("moment", OTHER_TIMES)
def test_a_time_has_one_spelling(field: str, moment: object) -> None:
    document = {**json.loads(stated().to_bytes()), field: moment}
    with pytest.raises(StatementProblem, match=f"{field}: is not a time in UTC|lone surrogate|decimal strings"):
        Statement.from_bytes(json.dumps(document).encode())


@pytest.mark.parametrize("moment", ["1000-01-01T00:00:00Z", "2028-02-29T23:59:59Z", "9999-12-31T23:59:59Z"])
def test_a_time_is_written_as_it_was_read(moment: str) -> None:
    document = {**json.loads(stated().to_bytes()), "iat": moment}
    assert Statement.from_bytes(json.dumps(document).encode()).to_bytes() == rfc8785.dumps(document)


def test_dsse_encodes_as_its_specification_says() -> None:
    """github.com/secure-systems-lab/dsse, protocol.md, "Test vectors"."""
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("", b"") == b"DSSEv1 0  0 "
    assert pae("é", b"\0") == b"DSSEv1 2 \xc3\xa9 1 \0"  # lengths in bytes


def test_type_and_payload_cannot_run_into_each_other() -> None:
    assert pae("a", b"b 1 c") != pae("a 5 b", b"c")
    assert pae("ab", b"c") != pae("a", b"bc")


def test_an_envelope_survives_its_text() -> None:
    envelope = signed.envelope_of(sign(keys=[ADA, BOB]))
    assert Envelope.decode(envelope.encode()) == envelope
    assert Envelope.from_json(envelope.to_json()) == envelope
    assert [each.key_id for each in envelope.signatures] == IDS
    assert envelope.signed_bytes == pae(PAYLOAD_TYPE, envelope.payload)


def test_a_co_signature_replaces_an_earlier_one_of_the_same_key() -> None:
    envelope = signed.envelope_of(sign())
    more = envelope.with_signature(Signature(BOB.public.key_id, b"1"))
    again = more.with_signature(Signature(ADA.public.key_id, b"2"))
    assert [each.key_id for each in more.signatures] == IDS
    assert {each.key_id: each.value for each in again.signatures} == {IDS[0]: b"2", IDS[1]: b"1"}
    assert Envelope.decode(again.encode()) == again


def test_the_longest_text_is_taken_and_one_character_more_is_not() -> None:
    longest = padded(sign(), dsse.MAX_ENVELOPE_CHARS - 4)["metadata"]["annotations"]["qee.dev/signature"]
    assert len(longest) == dsse.MAX_ENVELOPE_CHARS
    assert Envelope.decode(longest)
    with pytest.raises(EnvelopeProblem, match="98305 characters"):
        Envelope.decode(longest + "A")


def test_four_signatures_of_the_largest_keys_fit() -> None:
    keys = [signed.key(f"large-{n}", "ML-DSA-87") for n in range(dsse.MAX_SIGNATURES)]
    circuits = [{"name": f"c{n}", "format": "openqasm3", "source": "x" * 80} for n in range(300)]
    text = signed.envelope_of(sign(builders.job(circuits=circuits), keys)).encode()
    assert len(text) < dsse.MAX_ENVELOPE_CHARS


def test_problems_quote_little_and_only_ascii() -> None:
    document = {"\ud800" * 50: 1, "x" * 5000: 2}
    with pytest.raises(EnvelopeProblem) as refused:
        Envelope.from_json(json.dumps(document).encode())
    assert len(str(refused.value)) < 1000
    assert str(refused.value).isascii()


def test_moments_in_cases_are_as_the_api_server_writes_them() -> None:
    assert rfc3339(NOW) == "2026-01-31T12:00:00Z"
