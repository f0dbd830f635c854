"""ML-DSA against published vectors, each library by itself: Dilithium's KATs for FIPS 204, and NIST's ACVP."""

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from qee.signing.algorithms import ALGORITHMS
from qee.signing.libraries import Check, Suite, by_cryptography, by_liboqs

LATTICE = ("ML-DSA-44", "ML-DSA-65", "ML-DSA-87")
SEEDED: dict[str, Any] = {
    "ML-DSA-44": mldsa.MLDSA44PrivateKey,
    "ML-DSA-65": mldsa.MLDSA65PrivateKey,
    "ML-DSA-87": mldsa.MLDSA87PrivateKey,
}
LIBRARIES: dict[str, Check] = {"cryptography": by_cryptography, "liboqs": by_liboqs}
each_library = pytest.mark.parametrize("library", LIBRARIES)


@cache
def kats(name: str) -> tuple[dict[str, bytes], ...]:
    """100 records: xi (seed), pk, msg, ctx, sm (signature and message)."""
    path = Path("asymmetric", "MLDSA", f"kat_{name.replace('-', '').replace('MLDSA', 'MLDSA_')}_det_pure.rsp")
    with cryptography_vectors.open_vector_file(str(path), "r") as file:
        return tuple(_records(file))


def _records(lines: Any) -> Iterator[dict[str, bytes]]:
    record: dict[str, bytes] = {}
    for line in lines:
        name, _, value = (part.strip() for part in line.partition("="))
        if name in {"xi", "pk", "msg", "ctx", "sm"}:
            record[name] = bytes.fromhex(value)
        if name == "ctx":
            yield record
            record = {}


@pytest.mark.parametrize("name", LATTICE)
@each_library
def test_the_signatures_of_the_kats_hold(name: str, library: str) -> None:
    check, algorithm = LIBRARIES[library], ALGORITHMS[name]
    records = kats(name)
    assert len(records) == 100
    for record in records:
        signature = record["sm"][: algorithm.signature]
        assert record["sm"][algorithm.signature :] == record["msg"]
        assert check(algorithm, record["pk"], record["msg"], signature, record["ctx"])
        assert not check(algorithm, record["pk"], record["msg"] + b"x", signature, record["ctx"])
        assert not check(algorithm, record["pk"], record["msg"], signature, record["ctx"] + b"x")


@pytest.mark.parametrize("name", LATTICE)
def test_the_keys_of_the_kats_come_from_their_seeds(name: str) -> None:
    for record in kats(name):
        assert SEEDED[name].from_seed_bytes(record["xi"]).public_key().public_bytes_raw() == record["pk"]


def acvp(kind: str) -> list[dict[str, Any]]:
    """Groups of NIST's vectors, which lie beside the liboqs that e2e.cluster.liboqs builds."""
    path = Path(os.environ.get("OQS_INSTALL_PATH", "/"), "vectors", f"ML-DSA-{kind}-FIPS204", "internalProjection.json")
    if not path.exists():
        pytest.skip("NIST's vectors are there only with the liboqs that `python -m e2e.cluster prepare` builds")
    groups: list[dict[str, Any]] = json.loads(path.read_text())["testGroups"]
    return groups


def fields(case: dict[str, Any]) -> tuple[bytes, bytes, bytes, bytes]:
    public, message, signature, context = (
        bytes.fromhex(case.get(name, "")) for name in ("pk", "message", "signature", "context")
    )
    return public, message, signature, context


@each_library
def test_pure_signatures_are_judged_as_nist_says(library: str) -> None:
    seen = {True: 0, False: 0}
    for group in acvp("sigVer"):
        if (group["signatureInterface"], group["preHash"]) != ("external", "pure"):
            continue
        for case in group["tests"]:
            assert LIBRARIES[library](ALGORITHMS[group["parameterSet"]], *fields(case)) is case["testPassed"], case[
                "tcId"
            ]
            seen[case["testPassed"]] += 1
    assert seen == {True: 9, False: 36}


def test_signatures_over_hashes_and_internal_ones_hold_under_no_pure_key() -> None:
    suite, seen = Suite.required(), 0
    for group in acvp("sigVer"):
        if group["preHash"] == "pure":
            continue
        for case in group["tests"]:
            assert not suite.verify(ALGORITHMS[group["parameterSet"]], *fields(case))
            seen += case["testPassed"]
    assert seen == 27


def test_nists_seeds_make_nists_keys() -> None:
    for group in acvp("keyGen"):
        for case in group["tests"]:
            key = SEEDED[group["parameterSet"]].from_seed_bytes(bytes.fromhex(case["seed"]))
            assert key.public_key().public_bytes_raw() == bytes.fromhex(case["pk"])


def test_ed25519_as_in_rfc_8032() -> None:
    """Section 7.1, TEST 2."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw() == public
    suite = Suite.required()
    assert suite.verify(ALGORITHMS["Ed25519"], public, b"\x72", signature, b"unused")
    assert not suite.verify(ALGORITHMS["Ed25519"], public, b"\x73", signature, b"unused")
