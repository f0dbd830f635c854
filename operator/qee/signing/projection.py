"""The part of an object that a signature covers, in one canonical form, and what makes up the signature of a kind.

A change of what is projected, or of a default, is a new profile: the test vectors of the old one must stand.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import rfc8785

from qee.signing import canonical

NOT_UNICODE = "the object holds text that is not Unicode (a lone surrogate); write it anew"
SHOWN = 64  # characters of a value that the statement holds in clear, for messages

Object = Mapping[str, Any]
Leaf = tuple[str, Any, bool]
"""Path, value, and whether there is a program at the path: it may be somebody's secret, however short."""
Leaves = Callable[[dict[str, Any]], Iterable[Leaf]]


class ProjectionProblem(ValueError):
    """The object is none that this version knows. The message names field, value and remedy."""


@dataclass(frozen=True)
class Projection:
    """profile: its name. value: the canonical value. digest: the SHA-512 of its RFC 8785 form, in hexadecimal."""

    profile: str
    value: dict[str, Any]
    digest: str
    leaves: Leaves = field(compare=False, repr=False)

    @classmethod
    def of(cls, profile: str, value: dict[str, Any], leaves: Leaves) -> "Projection":
        """Raises ProjectionProblem for what JSON cannot carry."""
        try:
            return cls(profile, value, hashlib.sha512(canonical.dumps(value)).hexdigest(), leaves)
        except rfc8785.CanonicalizationError as error:
            raise ProjectionProblem(NOT_UNICODE) from error

    def fields(self) -> dict[str, str]:
        """Path to value: canonical JSON where it is short and no program, else its SHA-256.

        So a denial can say what was signed, and nobody reads a circuit in it.
        """
        return {path: _digest(value) if secret else _shown(value) for path, value, secret in self.leaves(self.value)}

    def difference(self, signed: Mapping[str, str]) -> str:
        """Field by field against the signer's `fields()`: what differs, as a sentence. Empty where nothing does."""
        found = self.fields()
        lines = [
            f"{path}: signed {signed.get(path, 'nothing')}, found {found.get(path, 'nothing')}"
            for path in sorted(signed.keys() | found.keys())
            if signed.get(path) != found.get(path)
        ]
        more = f", and {len(lines) - 3} more" if len(lines) > 3 else ""
        return "; ".join(lines[:3]) + more


@dataclass(frozen=True)
class Profile:
    """How objects of a kind are signed, in one version.

    Attributes:
        name: what a statement calls it.
        kind: of the objects, in QEE's API group.
        context: the context string of ML-DSA (FIPS 204), 1 to 255 bytes. No two kinds share one.
        payload_type: of the envelope. No two kinds share one: Ed25519 has no context.
        project: the projection of an object as plain values. Raises ProjectionProblem.
        references: the ConfigMap keys that the object refers to, with the digests that their bytes must have.
        job_spec: of a projection's value the spec of the jobs that it admits, which keys' constraints are held to.
    """

    name: str
    kind: str
    context: bytes
    payload_type: str
    project: Callable[[Object], Projection]
    references: Callable[[Object], list[dict[str, str]]]
    job_spec: Callable[[Object], Object]


def _shown(value: Any) -> str:
    text = canonical.dumps(value)
    return text.decode() if len(text) <= SHOWN else _digest(value)


def _digest(value: Any) -> str:
    return f"sha256:{hashlib.sha256(canonical.dumps(value)).hexdigest()[:16]}"
