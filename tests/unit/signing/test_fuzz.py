"""What reads other people's bytes: whatever comes, it is understood or refused, in the words meant for that."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import signed
from tests.mutations import QUICK, VALUES, changed_bytes, changed_json, repeated
from tests.signing_cases import ADA, BOB, EMERGENCY, NOW, OTHER_TIMES, TWO, ask, config_map_job, payload_of, sign, trust

from qee.signing import attestation
from qee.signing.attestation import AttestationProblem
from qee.signing.dsse import MAX_ENVELOPE_CHARS, MAX_SIGNATURES, Envelope, EnvelopeProblem
from qee.signing.keys import KeyProblem, PrivateKey, PublicKey
from qee.signing.libraries import Suite
from qee.signing.policy import TrustPolicy
from qee.signing.statement import Statement, StatementProblem
from qee.signing.verify import self_consistent, unchanged, verify

pytestmark = pytest.mark.timeout(1800)

SIGNED = sign(config_map_job(), keys=[ADA, BOB])
DOCUMENT = signed.envelope_of(SIGNED).to_json()
PAYLOAD = payload_of(SIGNED)


def json_bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


TEXTS = st.one_of(
    st.text(max_size=300),
    changed_bytes(b64(DOCUMENT).encode()).map(lambda data: data.decode("latin-1")),
    changed_bytes(DOCUMENT).map(b64),
    changed_json(json.loads(DOCUMENT)).map(json_bytes).map(b64),
    VALUES.map(json_bytes).map(b64),
    st.binary(max_size=300).map(b64),
)
PAYLOADS = st.one_of(
    st.binary(max_size=300),
    changed_bytes(PAYLOAD),
    changed_json(json.loads(PAYLOAD)).map(json_bytes),
    VALUES.map(json_bytes),
)


def test_envelopes() -> None:
    @QUICK
    @given(TEXTS)
    def holds(text: str) -> None:
        try:
            found = Envelope.decode(text)
        except EnvelopeProblem:
            return
        assert len(text) <= MAX_ENVELOPE_CHARS
        assert 1 <= len({each.key_id for each in found.signatures}) == len(found.signatures) <= MAX_SIGNATURES
        assert Envelope.decode(found.encode()) == found

    repeated(holds)


def test_statements() -> None:
    @QUICK
    @given(PAYLOADS)
    def holds(payload: bytes) -> None:
        try:
            found = Statement.from_bytes(payload)
        except StatementProblem:
            return
        assert Statement.from_bytes(found.to_bytes()) == found
        assert found.exp > found.nbf

    repeated(holds)


# A verdict, whatever the object, its envelope or what is signed holds: in a policy of mode Audit that is leave to run.
JOB = config_map_job()
STATED = json.loads(PAYLOAD)


def resigned(payload: bytes) -> Any:
    return signed.with_envelope(JOB, signed.envelope(payload, [ADA, BOB]))


JOBS = st.one_of(
    changed_json(SIGNED),
    changed_json(JOB).map(lambda job: {**SIGNED, **job} if isinstance(job, dict) else SIGNED),
    (st.just("\ud800") | VALUES).map(lambda value: {**SIGNED, "spec": value}),
    VALUES.map(lambda value: {**SIGNED, "metadata": {**SIGNED["metadata"], "labels": value}}),
    st.dictionaries(st.sampled_from(["metadata", "spec", "kind", "apiVersion", "status"]) | st.text(), VALUES),
    TEXTS.map(lambda text: signed.with_envelope(JOB, text)),
    changed_json(STATED).map(lambda stated: resigned(json_bytes(stated))),
    st.tuples(st.sampled_from(["iat", "nbf", "exp"]), st.sampled_from(OTHER_TIMES) | VALUES).map(
        lambda change: resigned(json_bytes({**STATED, change[0]: change[1]}))
    ),
    changed_bytes(PAYLOAD).map(resigned),
)


@pytest.mark.parametrize("mode", ["Enforce", "Warn", "Audit"])
def test_the_verifier_has_a_verdict_on_anything(mode: str) -> None:
    suite, policy = Suite.required(), trust(keys=TWO, mode=mode)

    @QUICK
    @given(JOBS)
    def holds(job: Any) -> None:
        verdict = verify(ask(job, policy), suite)
        assert verdict.allowed or mode == "Enforce"
        assert verdict.message.encode()
        assert verdict.as_status() is None or verdict.verified
        unchanged(job, job)
        unchanged(SIGNED, job)
        assert self_consistent(ask(job, policy), suite)

    repeated(holds)


RESULT = b'{"counts":{}}'
ATTESTED = attestation.attest(RESULT, "result.json", {"job": "bell"}, ADA)


def test_attestations() -> None:
    suite = Suite.required()

    @QUICK
    @given(changed_bytes(ATTESTED) | changed_json(json.loads(ATTESTED)).map(json_bytes) | st.binary(max_size=99))
    def holds(envelope: bytes) -> None:
        try:
            assert attestation.check(envelope, RESULT, [ADA.public], suite) == {"job": "bell"}
        except AttestationProblem:
            return

    repeated(holds)


def test_statements_that_are_attested() -> None:
    """What the key's holder signs may be anything."""
    suite = Suite.required()
    payload = signed.dsse.Envelope.from_json(ATTESTED).payload

    @QUICK
    @given(changed_json(json.loads(payload)).map(json_bytes) | changed_bytes(payload))
    def holds(other: bytes) -> None:
        envelope = signed.envelope(other, [ADA], attestation.PAYLOAD_TYPE, attestation.RESULT_CONTEXT)
        try:
            assert isinstance(attestation.check(envelope.to_json(), RESULT, [ADA.public], suite), dict)
        except AttestationProblem:
            return

    repeated(holds)


def test_keys() -> None:
    private, public = ADA.pem(None), ADA.public.pem().encode()

    @QUICK
    @given(changed_bytes(private) | changed_bytes(public) | st.binary(max_size=99))
    def holds(data: bytes) -> None:
        for read in (PublicKey.from_pem, PrivateKey.from_pem):
            try:
                read(data)
            except KeyProblem:
                continue

    repeated(holds)


def test_policies() -> None:
    @QUICK
    @given(
        changed_json(EMERGENCY["spec"]).map(lambda spec: {**EMERGENCY, "spec": spec})
        | VALUES.map(lambda metadata: {**EMERGENCY, "metadata": metadata})
    )
    def holds(obj: Any) -> None:
        policy = TrustPolicy.of(obj)
        assert policy.spec is not None or policy.problem
        status = policy.status(NOW)
        assert status["ready"] or status["message"]
        assert policy.governs("default") in {True, False}

    repeated(holds)
