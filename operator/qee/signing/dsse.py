"""DSSE envelopes (github.com/secure-systems-lab/dsse, protocol v1.0.2), read strictly.

    annotation = base64( {"payloadType": ..., "payload": base64, "signatures": [{"keyid": ..., "sig": base64}, ...]} )

What is signed is PAE(payloadType, payload): the payload's bytes themselves. Nothing is canonicalised or parsed before
the signatures have been checked.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from qee.documents.canonical import DocumentError, strict_object

# Of the annotation: all annotations of an object together hold 256 KiB, and kubectl doubles.
MAX_ENVELOPE_CHARS = 98_304
MAX_SIGNATURES = 4
_KEY_ID = re.compile("sha256:[0-9a-f]{64}")


class EnvelopeProblem(ValueError):
    """Not an envelope. The message names the part; it quotes at most a short excerpt."""


@dataclass(frozen=True)
class Signature:
    key_id: str
    value: bytes


@dataclass(frozen=True)
class Envelope:
    """A payload and the signatures over it. Nothing of it is verified yet."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    @property
    def signed_bytes(self) -> bytes:
        return pae(self.payload_type, self.payload)

    def encode(self) -> str:
        """As the value of an annotation."""
        return _b64(self.to_json())

    def to_json(self) -> bytes:
        document = {
            "payloadType": self.payload_type,
            "payload": _b64(self.payload),
            "signatures": [{"keyid": s.key_id, "sig": _b64(s.value)} for s in self.signatures],
        }
        return json.dumps(document, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, text: str) -> "Envelope":
        """From an annotation's value. Raises EnvelopeProblem."""
        if len(text) > MAX_ENVELOPE_CHARS:
            raise EnvelopeProblem(f"it has {len(text)} characters, above {MAX_ENVELOPE_CHARS}")
        return cls.from_json(_unb64(text, "it"))

    @classmethod
    def from_json(cls, data: bytes) -> "Envelope":
        """From the JSON document. Raises EnvelopeProblem for unknown and doubled keys as well."""
        try:
            document = strict_object(data, "envelope")
        except DocumentError as error:
            raise EnvelopeProblem(str(error)) from error
        payload_type, payload, signatures = _only(document, ("payloadType", "payload", "signatures"), "the envelope")
        if not isinstance(payload_type, str) or not isinstance(payload, str) or not isinstance(signatures, list):
            raise EnvelopeProblem("payloadType and payload must be strings, signatures a list")
        if not 1 <= len(signatures) <= MAX_SIGNATURES:
            raise EnvelopeProblem(f"it has {len(signatures)} signatures; 1 to {MAX_SIGNATURES} are allowed")
        found = tuple(_signature(entry) for entry in signatures)
        if len({s.key_id for s in found}) != len(found):
            raise EnvelopeProblem("one key has signed twice")
        return cls(payload_type, _unb64(payload, "payload"), found)

    def with_signature(self, signature: Signature) -> "Envelope":
        """A co-signed envelope; an earlier signature of the same key is replaced."""
        others = tuple(s for s in self.signatures if s.key_id != signature.key_id)
        return Envelope(self.payload_type, self.payload, (*others, signature))


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: type and payload with their lengths, so that neither runs into the other."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload_type: str, payload: bytes, signers: Iterable[tuple[str, Callable[[bytes], bytes]]]) -> Envelope:
    """An envelope signed by each of (key id, function from the bytes to sign to a signature)."""
    message = pae(payload_type, payload)
    return Envelope(payload_type, payload, tuple(Signature(key_id, make(message)) for key_id, make in signers))


def _signature(entry: Any) -> Signature:
    if not isinstance(entry, dict):
        raise EnvelopeProblem("an entry of signatures is not an object")
    key_id, value = _only(entry, ("keyid", "sig"), "an entry of signatures")
    if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
        raise EnvelopeProblem("a keyid is not `sha256:` and 64 hexadecimal digits")
    if not isinstance(value, str):
        raise EnvelopeProblem("a sig is not a string")
    return Signature(key_id, _unb64(value, "sig"))


def _only(document: dict[str, Any], keys: tuple[str, ...], what: str) -> list[Any]:
    if set(document) != set(keys):
        odd = sorted(set(document) ^ set(keys))
        shown = ascii(", ".join(odd)[:80])
        raise EnvelopeProblem(f"{what} must have exactly {', '.join(keys)}; missing or unknown: {shown}")
    return [document[key] for key in keys]


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str, what: str) -> bytes:
    """Strict base64 (RFC 4648 section 4): one spelling for each value, so that nobody can alter the text unseen."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error is one; text outside ASCII another
        raise EnvelopeProblem(f"{what} is not padded base64 on one line: {error}") from error
    if _b64(data) != text:
        raise EnvelopeProblem(f"{what} is base64 with stray bits in its last character")
    return data
