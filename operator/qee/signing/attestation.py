"""Signed results: an in-toto statement (in-toto.io, Statement v1) about a result document, in a DSSE envelope.

It attests what QEE received for which job, not that the physics is right. Its key is the operator's own, apart from
every key that admits jobs, and its context is another one, so that neither signature passes for the other.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785

from qee.documents.canonical import DocumentError, strict_object
from qee.signing import dsse
from qee.signing.algorithms import RESULT_CONTEXT
from qee.signing.dsse import Envelope, EnvelopeProblem
from qee.signing.keys import PrivateKey, PublicKey
from qee.signing.libraries import Disagreement, Suite

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://qee.dev/result/v1"


class AttestationProblem(ValueError):
    """A result is not what its signature says, or its signature does not hold. The message says which."""


def attest(document: bytes, name: str, predicate: Mapping[str, Any], key: PrivateKey) -> bytes:
    """The envelope, as JSON, for a result document called `name`. `predicate` holds strings, integers, lists, maps."""
    statement: dict[str, Any] = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": hashlib.sha256(document).hexdigest()}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    signer = (key.public.key_id, lambda message: key.sign(message, RESULT_CONTEXT))
    return dsse.sign(PAYLOAD_TYPE, rfc8785.dumps(statement), [signer]).to_json()


def check(envelope: bytes, document: bytes, trusted: list[PublicKey], suite: Suite) -> dict[str, Any]:
    """The predicate of a result whose envelope is signed by one of the trusted keys. Raises AttestationProblem."""
    try:
        found = Envelope.from_json(envelope)
    except EnvelopeProblem as error:
        raise AttestationProblem(f"the result's signature is no envelope: {error}") from error
    if found.payload_type != PAYLOAD_TYPE:
        raise AttestationProblem(f"the result's signature is of type {found.payload_type!r}, not {PAYLOAD_TYPE}")
    keys = {key.key_id: key for key in trusted}
    signatures = [signature for signature in found.signatures if signature.key_id in keys]
    if not signatures:
        signed = ", ".join(signature.key_id for signature in found.signatures)
        raise AttestationProblem(f"the result is signed with {signed}; trusted are {', '.join(keys)}")
    for signature in signatures:
        key = keys[signature.key_id]
        try:
            valid = suite.verify(key.algorithm, key.raw, found.signed_bytes, signature.value, RESULT_CONTEXT)
        except Disagreement as error:
            raise AttestationProblem(str(error)) from error
        if not valid:
            raise AttestationProblem(f"the signature of key {signature.key_id} over the result does not hold")
    return _predicate(found.payload, document)


def _predicate(payload: bytes, document: bytes) -> dict[str, Any]:
    try:
        statement = strict_object(payload, "statement")
        (subject,) = statement["subject"]
        digest, predicate = subject["digest"]["sha256"], statement["predicate"]
    except (DocumentError, KeyError, TypeError, ValueError) as error:
        raise AttestationProblem("the signed statement is not one about a single result") from error
    if statement.get("_type") != STATEMENT_TYPE or statement.get("predicateType") != PREDICATE_TYPE:
        raise AttestationProblem(f"the signed statement is not of type {PREDICATE_TYPE}")
    if digest != hashlib.sha256(document).hexdigest():
        raise AttestationProblem("the signature is over another document")
    if not isinstance(predicate, dict):
        raise AttestationProblem("the signed statement has no predicate")
    return predicate
