"""The operator's leave to submit: an envelope over a QuantumTask, signed with QEE's own key.

Its context and its payload's type are its own, so that neither a job's signature nor a result's passes for it. It says
when it was made, which is right before the task: a copy that somebody creates later is told by that.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from qee.api import moments
from qee.api.task import authorised
from qee.documents.canonical import DocumentError, strict_object
from qee.signing import canonical, dsse
from qee.signing.dsse import Envelope, EnvelopeProblem
from qee.signing.keys import PrivateKey, PublicKey
from qee.signing.libraries import Disagreement, Suite

CONTEXT = b"qee.dev/quantumtask/v1"
PAYLOAD_TYPE = "application/vnd.qee.quantumtask.v1+json"


class AuthorizationProblem(ValueError):
    """A QuantumTask that the operator has not signed. The message says what is wrong."""


class UnknownKey(AuthorizationProblem):
    """Signed with none of the trusted keys."""


def spec_hash(spec: Mapping[str, Any]) -> str:
    """SHA-256 of the authorised fields' canonical form, in hexadecimal."""
    return hashlib.sha256(canonical.dumps(authorised(dict(spec)))).hexdigest()


def authorise(namespace: str, name: str, spec: Mapping[str, Any], key: PrivateKey, now: datetime) -> str:
    """The value of spec.authorization."""
    signer = (key.public.key_id, lambda message: key.sign(message, CONTEXT))
    return dsse.sign(PAYLOAD_TYPE, _payload(namespace, name, spec, moments.write(now)), [signer]).encode()


def check(namespace: str, name: str, spec: Mapping[str, Any], trusted: Sequence[PublicKey], suite: Suite) -> datetime:
    """When it was made. Raises AuthorizationProblem unless one of the trusted keys has signed this very task."""
    try:
        envelope = Envelope.decode(str(spec.get("authorization") or ""))
    except EnvelopeProblem as error:
        raise AuthorizationProblem(f"spec.authorization is no envelope: {error}") from error
    if envelope.payload_type != PAYLOAD_TYPE:
        raise AuthorizationProblem(f"spec.authorization is of type {envelope.payload_type!r}, not {PAYLOAD_TYPE}")
    keys = {key.key_id: key for key in trusted}
    signatures = [each for each in envelope.signatures if each.key_id in keys]
    if not signatures:
        raise UnknownKey("spec.authorization is not signed with QEE's own key")
    for signature in signatures:
        key = keys[signature.key_id]
        try:
            valid = suite.verify(key.algorithm, key.raw, envelope.signed_bytes, signature.value, CONTEXT)
        except Disagreement as error:
            raise AuthorizationProblem(str(error)) from error
        if not valid:
            raise AuthorizationProblem("the signature of spec.authorization does not hold")
    try:
        stated = strict_object(envelope.payload, "authorization")
    except DocumentError as error:
        raise AuthorizationProblem(str(error)) from error
    at = str(stated.get("time"))
    if stated != strict_object(_payload(namespace, name, spec, at), "authorization"):
        raise AuthorizationProblem("spec.authorization was made for another task, or the task was changed")
    try:
        return moments.read(at)
    except ValueError:
        raise AuthorizationProblem("spec.authorization does not say when it was made") from None


def _payload(namespace: str, name: str, spec: Mapping[str, Any], at: str) -> bytes:
    return canonical.dumps({"namespace": namespace, "name": name, "specHash": spec_hash(spec), "time": at})
