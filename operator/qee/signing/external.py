"""What a signer outside of this process is given: mu, the 64 bytes that ML-DSA signs (FIPS 204, algorithm 7, line 6).

A token or a key service then sees neither the job nor the context, and any signer of pure ML-DSA with "external mu"
makes signatures that verify as usual. Verifying never takes a mu: it computes its own.
"""

import hashlib

from qee.signing.algorithms import Family
from qee.signing.keys import KeyProblem, PublicKey

MU_BYTES = 64


def mu(public: PublicKey, message: bytes, context: bytes) -> bytes:
    """mu = H(H(pk, 64) || 0 || |ctx| || ctx || M, 64), H = SHAKE256. Raises KeyProblem for keys that are not ML-DSA."""
    if public.algorithm.family is not Family.LATTICE:
        raise KeyProblem(f"a key of {public.algorithm.name} has no mu; external signers sign with ML-DSA")
    if len(context) > 255:
        raise ValueError("a context has at most 255 bytes")
    key_digest = hashlib.shake_256(public.raw).digest(64)
    formatted = b"\x00" + bytes([len(context)]) + context + message  # 0: not pre-hashed (algorithm 2, line 10)
    return hashlib.shake_256(key_digest + formatted).digest(MU_BYTES)
