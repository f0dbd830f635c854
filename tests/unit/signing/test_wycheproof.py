"""ML-DSA against Project Wycheproof, each library by itself: 631 signatures to judge, 507 to make or refuse."""

import ctypes
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa
from e2e.cluster import wycheproof
from e2e.cluster.steps import ClusterError

from qee.signing import external, libraries
from qee.signing.algorithms import ALGORITHMS
from qee.signing.keys import PublicKey
from qee.signing.libraries import Check, Suite, by_cryptography, by_liboqs

Case = dict[str, Any]
"""A test, with what its group says of the key."""
KINDS: dict[str, tuple[Any, Any]] = {
    "ML-DSA-44": (mldsa.MLDSA44PrivateKey, mldsa.MLDSA44PublicKey),
    "ML-DSA-65": (mldsa.MLDSA65PrivateKey, mldsa.MLDSA65PublicKey),
    "ML-DSA-87": (mldsa.MLDSA87PrivateKey, mldsa.MLDSA87PublicKey),
}
LIBRARIES: dict[str, Check] = {"cryptography": by_cryptography, "liboqs": by_liboqs}
each_library = pytest.mark.parametrize("library", LIBRARIES)


@cache
def cases(kind: str) -> dict[str, list[Case]]:
    """By algorithm. Skips where the vectors cannot be had."""
    try:
        place = wycheproof.vectors()
    except (ClusterError, OSError) as problem:
        pytest.skip(f"needs Wycheproof's vectors, and they cannot be had: {problem}")
    return {
        name: [
            {**{k: v for k, v in group.items() if k != "tests"}, **case}
            for group in json.loads((place / f"mldsa_{name[-2:]}_{kind}_test.json").read_text())["testGroups"]
            for case in group["tests"]
        ]
        for name in KINDS
    }


def raw(case: Case, *names: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(case.get(name) or "") for name in names)


@each_library
def test_signatures_are_judged_as_wycheproof_says_by_each_library_alone(library: str) -> None:
    alone, wrong, seen = Suite({library: LIBRARIES[library]}), [], Counter[str]()
    for name, found in cases("verify").items():
        for case in found:
            public, message, signature, context = raw(case, "publicKey", "msg", "sig", "ctx")
            answer = alone.verify(ALGORITHMS[name], public, message, signature, context)
            seen[case["result"]] += 1
            if answer != (case["result"] == "valid"):
                wrong.append((name, case["tcId"], case["comment"]))
    assert wrong == []
    assert seen == {"valid": 227, "invalid": 404}


def signed(kind: str) -> Iterator[tuple[str, Case]]:
    """The tests whose signatures are right, with a message: 480 less those that start from mu."""
    for name, found in cases(kind).items():
        for case in found:
            if case["result"] == "valid" and "msg" in case:
                yield name, case


@each_library
def test_signatures_that_wycheproofs_keys_make_are_valid_for_each_library_alone(library: str) -> None:
    alone, seen = Suite({library: LIBRARIES[library]}), 0
    for kind in ("sign_seed", "sign_noseed"):
        for name, case in signed(kind):
            public, message, signature, context = raw(case, "publicKey", "msg", "sig", "ctx")
            assert alone.verify(ALGORITHMS[name], public, message, signature, context), (name, kind, case["tcId"])
            assert not alone.verify(ALGORITHMS[name], public, message + b"x", signature, context)
            seen += 1
    assert seen == 411


def test_cryptography_makes_wycheproofs_keys_from_their_seeds_and_signs_with_them() -> None:
    signers: dict[tuple[str, bytes], Any] = {}
    for name, case in signed("sign_seed"):
        seed, public, message, context = raw(case, "privateSeed", "publicKey", "msg", "ctx")
        signer = signers.setdefault((name, seed), KINDS[name][0].from_seed_bytes(seed))
        assert signer.public_key().public_bytes_raw() == public
        signature = signer.sign(message, context)  # hedged: another one each time
        assert by_liboqs(ALGORITHMS[name], public, message, signature, context)
    assert len(signers) == 55


def test_liboqs_makes_the_very_signatures_of_wycheproof() -> None:
    seen = Counter[str]()
    for name, case in signed("sign_seed"):
        (seed,) = raw(case, "privateSeed")
        with random_bytes(seed), libraries._oqs().Signature(name) as maker:
            public, secret = maker.generate_keypair(), maker.export_secret_key()
        assert public == raw(case, "publicKey")[0]
        seen["seed"] += _signs(name, case, secret)
    for name, case in signed("sign_noseed"):
        seen["no seed"] += _signs(name, case, raw(case, "privateKey")[0])
    assert seen == {"seed": 233, "no seed": 178}


def _signs(name: str, case: Case, secret: bytes) -> bool:
    message, expected, context, drawn = raw(case, "msg", "sig", "ctx", "rnd")
    with random_bytes(drawn or bytes(32)), libraries._oqs().Signature(name, secret) as signer:
        made = signer.sign_with_ctx_str(message, context)
    assert made == expected, (name, case["tcId"])
    return True


@contextmanager
def random_bytes(data: bytes) -> Iterator[None]:
    """liboqs draws these: the seed of a key, or FIPS 204's rnd (zeros: the deterministic variant)."""
    library = libraries._oqs().native()

    @ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_uint8), ctypes.c_size_t)
    def draw(target: Any, size: int) -> None:
        assert size == len(data)
        ctypes.memmove(target, data, size)

    library.OQS_randombytes_custom_algorithm(draw)
    try:
        yield
    finally:
        library.OQS_randombytes_switch_algorithm(b"system")


def test_what_wycheproof_says_cannot_sign_does_not() -> None:
    seen = Counter[str]()
    for name, found in cases("sign_seed").items():
        for case in found:
            if case["result"] == "valid":
                continue
            seed, message, context = raw(case, "privateSeed", "msg", "ctx")
            with pytest.raises(ValueError, match=r"seed|[Cc]ontext|255|32 bytes"):
                KINDS[name][0].from_seed_bytes(seed).sign(message, context)
            seen["no seed of 32 bytes" if len(seed) != 32 else "a context of more than 255 bytes"] += 1
    assert seen == {"no seed of 32 bytes": 9, "a context of more than 255 bytes": 3}


def test_the_signatures_over_mu_hold_and_ours_is_wycheproofs_mu() -> None:
    seen = Counter[str]()
    for kind in ("sign_seed", "sign_noseed"):
        for name, found in cases(kind).items():
            for case in found:
                if case["result"] != "valid" or "mu" not in case:
                    continue
                mu, public, signature = raw(case, "mu", "publicKey", "sig")
                key = KINDS[name][1].from_public_bytes(public)
                key.verify_mu(signature, mu)
                with pytest.raises(InvalidSignature):
                    key.verify_mu(signature, mu[::-1])
                if "msg" in case:
                    message, context = raw(case, "msg", "ctx")
                    assert external.mu(PublicKey.of(key), message, context) == mu
                seen["over a message" if "msg" in case else "over mu alone"] += 1
    assert seen["over mu alone"] == 69
    assert seen["over a message"] > 300
