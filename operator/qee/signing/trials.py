"""Signatures that tell a right ML-DSA verifier from one that forgets a check. They are made here, of nothing secret.

Under a public key of zeros (t1 = 0) everybody can sign: w = A z - c t1 2^d is A z whatever the challenge c, so a z is
chosen and c~ computed from it (FIPS 204, algorithm 8). With z = 0, w is 0 too, and a hint at a coefficient turns its
high part from 0 into m - 1 (algorithm 40 for r0 = 0). Of what a library may not check, each trial breaks one thing:

    the bound of z (line 13); the hints' form (algorithm 21: ascending, no more than they say, zero behind the last)

The AVX2 code of ML-DSA in liboqs 0.13 checks no bound and takes r0 = 0 for a positive one.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from qee.signing.algorithms import ALGORITHMS, Algorithm

MESSAGE, CONTEXT = b"qee", b"qee.dev/self-test"


@dataclass(frozen=True)
class _Parameters:
    """FIPS 204, table 1: rows k, columns l, gamma1 = 2^bits, beta = tau eta, omega hints; m values of a high part."""

    rows: int
    columns: int
    bits: int
    beta: int
    omega: int
    m: int

    @property
    def bound(self) -> int:
        """The smallest absolute value that no coefficient of z may have."""
        return (1 << self.bits) - self.beta


PARAMETERS = {
    "ML-DSA-44": _Parameters(4, 4, 17, 78, 80, 44),
    "ML-DSA-65": _Parameters(6, 5, 19, 196, 55, 16),
    "ML-DSA-87": _Parameters(8, 7, 19, 120, 75, 16),
}
# c~ for a z whose one coefficient that is not 0 is the last of its last polynomial, by that coefficient. The first two
# of each keep the bound. (tests/unit/signing/test_trials.py derives them.)
CHALLENGES = {
    "ML-DSA-44": {
        130993: "425e64bb884db07c6873820aaba1fd065d11e0bf233272926113ab8121162cec",
        -130993: "92836e21bbd94687d992709a41393d790a6a88a1e949e14aab3d927ba9ace6e7",
        130994: "12ca85b8ec3eca0edb8c130228ada05d096b4abe8a3aa09c04011ef22f13fdc9",
        -130994: "1e2a936334b4dcfa6ac27b4a35ef0c6a04ab447aee25e06f6d2667e16afc7cfe",
        131072: "7d40aafa290e9e00f40cd9577088efe3d1e76f87e7bca8ea6270844c7b9dd13d",
    },
    "ML-DSA-65": {
        524091: "29b6870032190cad970b0a258bbd898a389a881e6aa1ce0ccf47abe567c13fc21752e935f216d7a1677cfffbc096e478",
        -524091: "b1a01c8bddccbc305fa144680531d466d0c693bfd1b83e5df015ef4f1c48004157e7a09f42e6f220b989e30ea71c1ae6",
        524092: "329745261f39880aa7a22045c8683fd6e20c9e3cece3a15e66aec67472bcdf5aa43782b606adff684060dbda52b84bef",
        -524092: "9d14862a10c45b68800d619698d960c8eb6bb3d2276942ffef76ec2cdd124e9cc99349ae1ea2d713bd2f65c48579eaa6",
        524288: "1339da260f9379e40d09e96ab3be70e4e0ddff082b2cc14ec474f36d1e936faab0f4c479f745a04acffd1026cc022639",
    },
    "ML-DSA-87": {
        524167: "a27edb3ebfcaff04bcfe8656240283a39a9671f9f6f2ce893d2784e3c1c2a81e"
        "8f7835b2f14ef9617cf588547ccfb05289e5cadf57cb181f9cf901e17b8f13e2",
        -524167: "238ab8bb4d5e6a1db05a73aa739b9260b10e9c3d82eecc4282ac468a92f1f583"
        "3807b855c8b009ebf53110e0799f082b84111e5e643f2efc98b0bdcb88e3ca71",
        524168: "f5a07837310475a3ba8d547ff8c594637131fceeb20b13783ad3de0f7aa21c06"
        "475ae7f0d677a2bcad29476aae38dadf26d7c4c882b61d8dacf79d29ba1bb4a7",
        -524168: "d15ff658a0edd9dd8bd6c9f9945dfcbc9b298d94dfbef90a2ffa7e9853f1d527"
        "87ebe972f0544ea173b30e2c362e240c8e7e6bba0d803a5d41e73c2f4c38ee26",
        524288: "fd024388bca953cfc6bedaa04970663d1eb68ab07ecc8555337feb42f74a02f3"
        "e9f5cfd6ea6026ed14b5ada97c830a00d58445fbbe170fa207df83051cf2cc3b",
    },
}


@dataclass(frozen=True)
class Trial:
    """One question to a library, and the right answer."""

    what: str
    algorithm: Algorithm
    public: bytes
    signature: bytes
    valid: bool
    message: bytes = MESSAGE
    context: bytes = CONTEXT


def trials() -> Iterator[Trial]:
    for name, set_of in PARAMETERS.items():
        algorithm = ALGORITHMS[name]
        public = bytes(algorithm.public_key)
        for value, challenge in CHALLENGES[name].items():
            signature = bytes.fromhex(challenge) + _z(set_of, value) + _hints(set_of, (), ())
            valid = abs(value) < set_of.bound
            yield Trial(f"z of {value}", algorithm, public, signature, valid)
        for what, places, ends, hinted, valid in _HINTS:
            signature = _challenge(set_of, algorithm, public, hinted) + _z(set_of, 0) + _hints(set_of, places, ends)
            yield Trial(what, algorithm, public, signature, valid)


# What it is called; the places of hints as written, with the ends that each polynomial's part of them has; the
# coefficients of the first polynomial that a reader without checks takes for hinted; whether it is valid.
_HINTS: tuple[tuple[str, tuple[int, ...], tuple[int, ...], tuple[int, ...], bool], ...] = (
    ("no hint", (), (), (), True),
    ("a hint at 0", (7,), (1,), (7,), True),
    ("hints in ascending order", (7, 200), (2,), (7, 200), True),
    ("hints in descending order", (200, 7), (2,), (7, 200), False),
    ("a hint twice", (7, 7), (2,), (7,), False),
    ("a place behind the last hint", (7, 200), (1,), (7,), False),
    ("an end before the one before it", (7,), (1, 0), (7,), False),
)


def _z(set_of: _Parameters, value: int) -> bytes:
    """Algorithm 19 (BitPack): gamma1 - coefficient, in bits + 1 bits each; all are 0 but the last."""
    gamma, width = 1 << set_of.bits, set_of.bits + 1
    zeros = sum(gamma << (width * place) for place in range(256))
    last = zeros - (value << (width * 255))
    return zeros.to_bytes(32 * width, "little") * (set_of.columns - 1) + last.to_bytes(32 * width, "little")


def _hints(set_of: _Parameters, places: tuple[int, ...], ends: tuple[int, ...]) -> bytes:
    """Algorithm 20 (HintBitPack); the parts of polynomials that are not named end where the last one does."""
    last = ends[-1] if ends else 0
    every = ends + (last,) * (set_of.rows - len(ends))
    return bytes(places) + bytes(set_of.omega - len(places)) + bytes(every)


def _challenge(set_of: _Parameters, algorithm: Algorithm, public: bytes, hinted: tuple[int, ...]) -> bytes:
    """c~ for z = 0 with hints at these coefficients of the first polynomial (algorithm 8, lines 7 and 12)."""
    width = (set_of.m - 1).bit_length()
    number = sum((set_of.m - 1) << (width * place) for place in hinted)
    high = number.to_bytes(32 * width * set_of.rows, "little")
    formatted = b"\0" + bytes([len(CONTEXT)]) + CONTEXT + MESSAGE
    mu = hashlib.shake_256(hashlib.shake_256(public).digest(64) + formatted).digest(64)
    size = algorithm.signature - 32 * (set_of.bits + 1) * set_of.columns - set_of.omega - set_of.rows
    return hashlib.shake_256(mu + high).digest(size)
