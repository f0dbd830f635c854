"""Signed results: what holds, and every way in which one does not."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785
from tests import builders, signed
from tests.signing_cases import ADA, BOB, CLASSICAL, ask, flipped, sign, trust

from qee.signing import attestation
from qee.signing.algorithms import JOB_CONTEXT, RESULT_CONTEXT
from qee.signing.attestation import PAYLOAD_TYPE, AttestationProblem, attest, check
from qee.signing.dsse import Envelope, Signature, pae
from qee.signing.keys import PrivateKey
from qee.signing.libraries import Suite, by_cryptography
from qee.signing.verify import verify

RESULT = b'{"counts":{"00":50,"11":50}}'
PREDICATE = {"job": {"name": "bell", "namespace": "default", "uid": "1"}, "attempt": 1}


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.required()


def made(key: PrivateKey = ADA) -> bytes:
    return attest(RESULT, "result.json", PREDICATE, key)


def statement() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(Envelope.from_json(made()).payload)
    return value


def stating(change: Callable[[dict[str, Any]], Any]) -> bytes:
    """An envelope over another statement, correctly signed."""
    value = statement()
    change(value)
    return signed.envelope(rfc8785.dumps(value), [ADA], PAYLOAD_TYPE, RESULT_CONTEXT).to_json()


@pytest.mark.parametrize("algorithm", ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "Ed25519"])
def test_a_signed_result_holds_and_gives_its_predicate(algorithm: str, suite: Suite) -> None:
    key = signed.key("result", algorithm)
    assert check(made(key), RESULT, [BOB.public, key.public], suite) == PREDICATE


def test_it_is_an_in_toto_statement_about_the_documents_bytes() -> None:
    envelope = Envelope.from_json(made())
    assert envelope.payload_type == "application/vnd.in-toto+json"
    assert statement() == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "result.json", "digest": {"sha256": hashlib.sha256(RESULT).hexdigest()}}],
        "predicateType": "https://qee.dev/result/v1",
        "predicate": PREDICATE,
    }


def test_anybody_with_dsse_and_ml_dsa_can_check_it() -> None:
    """By hand: what the documentation tells people to do with another tool."""
    document = json.loads(made())
    payload, value = (base64.b64decode(part) for part in (document["payload"], document["signatures"][0]["sig"]))
    message = pae(document["payloadType"], payload)
    assert by_cryptography(ADA.public.algorithm, ADA.public.raw, message, value, b"qee.dev/result/v1")


def envelope_with(**parts: Any) -> bytes:
    envelope = Envelope.from_json(made())
    values = {"payload_type": envelope.payload_type, "payload": envelope.payload, "signatures": envelope.signatures}
    return Envelope(**{**values, **parts}).to_json()


def signature_of(change: Callable[[bytes], bytes]) -> bytes:
    (signature,) = Envelope.from_json(made()).signatures
    return envelope_with(signatures=(Signature(signature.key_id, change(signature.value)),))


def with_a_broken_second() -> bytes:
    envelope = Envelope.from_json(made())
    second = Envelope.from_json(made(BOB)).signatures[0]
    broken = Signature(second.key_id, flipped(second.value))
    return envelope_with(signatures=(*envelope.signatures, broken))


FAULTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "no envelope"),
    "no JSON": (lambda: b"{", "no envelope: the envelope is not JSON"),
    "a field more": (lambda: made()[:-1] + b',"x":1}', "no envelope"),
    "another key": (lambda: made(signed.key("eve")), "trusted are"),
    "another payload type": (
        lambda: signed.envelope(b"{}", [ADA], "text/plain", RESULT_CONTEXT).to_json(),
        "is of type 'text/plain'",
    ),
    "a bit of the signature flipped": (lambda: signature_of(flipped), "does not hold"),
    "a signature cut short": (lambda: signature_of(lambda value: value[:-1]), "does not hold"),
    "another payload": (lambda: envelope_with(payload=b"{}"), "does not hold"),
    "the type changed after signing": (lambda: envelope_with(payload_type="text/plain"), "is of type"),
    "the context of jobs": (
        lambda: signed.envelope(rfc8785.dumps(statement()), [ADA], PAYLOAD_TYPE, JOB_CONTEXT).to_json(),
        "does not hold",
    ),
    "no context": (
        lambda: signed.envelope(rfc8785.dumps(statement()), [ADA], PAYLOAD_TYPE, b"").to_json(),
        "does not hold",
    ),
    "a broken signature of another trusted key": (with_a_broken_second, "does not hold"),
    "no statement": (lambda: signed.envelope(b"[]", [ADA], PAYLOAD_TYPE, RESULT_CONTEXT).to_json(), "not one about"),
    "no subject": (lambda: stating(lambda s: s.update(subject=[])), "not one about a single result"),
    "two subjects": (lambda: stating(lambda s: s.update(subject=s["subject"] * 2)), "not one about a single result"),
    "a subject without digest": (lambda: stating(lambda s: s.update(subject=[{"name": "x"}])), "not one about"),
    "a subject that is a text": (lambda: stating(lambda s: s.update(subject="x")), "not one about"),
    "no predicate": (lambda: stating(lambda s: s.pop("predicate")), "not one about"),
    "a predicate that is a list": (lambda: stating(lambda s: s.update(predicate=[])), "no predicate"),
    "another statement type": (lambda: stating(lambda s: s.update(_type="x")), "not of type https://qee.dev/result/v1"),
    "another predicate type": (lambda: stating(lambda s: s.update(predicateType="x")), "not of type"),
    "another document's digest": (
        lambda: stating(lambda s: s["subject"][0]["digest"].update(sha256="0" * 64)),
        "over another document",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_does_not_hold_is_told(name: str, suite: Suite) -> None:
    make, says = FAULTS[name]
    with pytest.raises(AttestationProblem) as problem:
        check(make(), RESULT, [ADA.public, BOB.public], suite)
    assert says in str(problem.value)


def test_every_changed_byte_of_the_document_is_found(suite: Suite) -> None:
    envelope = made()
    for other in (flipped(RESULT, 100), RESULT + b"\n", RESULT[:-1], b""):
        with pytest.raises(AttestationProblem, match="over another document"):
            check(envelope, other, [ADA.public], suite)


def test_without_trusted_keys_nothing_holds(suite: Suite) -> None:
    with pytest.raises(AttestationProblem, match="trusted are"):
        check(made(), RESULT, [], suite)


def test_libraries_that_disagree_are_told() -> None:
    apart = Suite({"cryptography": by_cryptography, "liboqs": lambda *_: False})
    with pytest.raises(AttestationProblem, match="only cryptography takes the signature for valid"):
        check(made(), RESULT, [ADA.public], apart)


def test_a_results_signature_admits_no_job_and_a_jobs_signature_attests_no_result(suite: Suite) -> None:
    as_job = signed.with_envelope(builders.job(), Envelope.from_json(made()))
    assert not verify(ask(as_job, trust()), suite).allowed
    with pytest.raises(AttestationProblem, match="is of type"):
        check(signed.envelope_of(sign()).to_json(), RESULT, [ADA.public], suite)


def test_ed25519_has_no_context_so_the_payloads_type_tells_jobs_and_results_apart(suite: Suite) -> None:
    policy = trust(keys={"c": CLASSICAL}, rules=[signed.rule("c", require=["classical"])])
    as_job = signed.with_envelope(builders.job(), Envelope.from_json(made(CLASSICAL)))
    assert not verify(ask(as_job, policy), suite).allowed
    relabelled = json.loads(signed.envelope_of(sign(keys=CLASSICAL)).to_json())
    relabelled["payloadType"] = PAYLOAD_TYPE
    with pytest.raises(AttestationProblem, match="does not hold"):
        check(json.dumps(relabelled).encode(), RESULT, [CLASSICAL.public], suite)


def test_the_contexts_differ() -> None:
    assert attestation.RESULT_CONTEXT != JOB_CONTEXT
    assert 0 < len(attestation.RESULT_CONTEXT) <= 255
    assert 0 < len(JOB_CONTEXT) <= 255
