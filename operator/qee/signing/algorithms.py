"""The algorithms that a key may have: an allow-list by exact name, with the lengths that are checked before any call.

Pure ML-DSA only (FIPS 204, algorithms 2 and 3, with a context string), never HashML-DSA or an externally computed mu on
the verifying side. Ed25519 (RFC 8032) has no context; what it signs names the format all the same (the payload's type).
"""

from dataclasses import dataclass
from enum import StrEnum

# FIPS 204 section 5.2: at most 255 bytes. Another context, another meaning: a result's signature admits no job.
JOB_CONTEXT = b"qee.dev/quantumjob/v1"
RESULT_CONTEXT = b"qee.dev/result/v1"


class Family(StrEnum):
    """What an algorithm's security rests on; a hybrid rule asks for both."""

    LATTICE = "lattice"
    CLASSICAL = "classical"


@dataclass(frozen=True)
class Algorithm:
    """Lengths in bytes (FIPS 204 table 2; RFC 8032 section 5.1)."""

    name: str
    family: Family
    public_key: int
    signature: int
    nist_category: int | None
    """Security category (FIPS 204 section 4); None where there is none against quantum computers."""


ALGORITHMS = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm("ML-DSA-44", Family.LATTICE, 1312, 2420, 2),
        Algorithm("ML-DSA-65", Family.LATTICE, 1952, 3309, 3),
        Algorithm("ML-DSA-87", Family.LATTICE, 2592, 4627, 5),
        Algorithm("Ed25519", Family.CLASSICAL, 32, 64, None),
    )
}
DEFAULT_ALGORITHM = "ML-DSA-65"
CNSA_ALGORITHM = "ML-DSA-87"  # CNSA 2.0 (NSA, 2022) admits only this parameter set
