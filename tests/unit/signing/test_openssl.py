"""Keys and signatures both ways with the OpenSSL command line, from version 3.5 on, which knows ML-DSA.

Where PATH has an older one, Debian trixie's is fetched (e2e/cluster/openssl.py); QEE_OPENSSL may name another.
"""

import subprocess
from pathlib import Path

import pytest

from qee.signing.algorithms import JOB_CONTEXT
from qee.signing.keys import KeyProblem, PrivateKey, PublicKey
from qee.signing.libraries import Suite

LATTICE = ("ML-DSA-44", "ML-DSA-65", "ML-DSA-87")
MESSAGE = b"DSSEv1 1 x 1 y"


def run(program: str, *words: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([program, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, check=False)


def context() -> list[str]:
    return ["-pkeyopt", f"hexcontext-string:{JOB_CONTEXT.hex()}"]


@pytest.mark.parametrize("name", LATTICE)
def test_keys_and_signatures_of_openssl_are_taken(openssl: str, name: str, tmp_path: Path) -> None:
    key, public, message, signature = (tmp_path / each for each in ("key", "public", "message", "signature"))
    message.write_bytes(MESSAGE)
    made = run(openssl, "genpkey", "-algorithm", name, "-provparam", "ml-dsa.output_formats=seed-only", "-out", key)
    assert made.returncode == 0, made.stderr
    assert run(openssl, "pkey", "-in", key, "-pubout", "-out", public).returncode == 0
    ours = PrivateKey.from_pem(key.read_bytes())
    assert ours.public == PublicKey.from_pem(public.read_bytes())
    assert ours.public.pem() == public.read_text()
    signed = run(openssl, "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", message, "-out", signature, *context())
    assert signed.returncode == 0, signed.stderr
    value = signature.read_bytes()
    assert Suite.required().verify(ours.public.algorithm, ours.public.raw, MESSAGE, value, JOB_CONTEXT)
    assert not Suite.required().verify(ours.public.algorithm, ours.public.raw, MESSAGE, value, b"")


@pytest.mark.parametrize("name", LATTICE)
@pytest.mark.parametrize("passphrase", [None, b"secret"])
def test_openssl_takes_our_keys_and_signatures(
    openssl: str, name: str, passphrase: bytes | None, tmp_path: Path
) -> None:
    ours = PrivateKey.generate(name)
    key, public, message, signature = (tmp_path / each for each in ("key", "public", "message", "signature"))
    key.write_bytes(ours.pem(passphrase))
    message.write_bytes(MESSAGE)
    signature.write_bytes(ours.sign(MESSAGE, JOB_CONTEXT))
    word = ["-passin", f"pass:{passphrase.decode()}"] if passphrase else []
    assert run(openssl, "pkey", "-in", key, *word, "-pubout", "-out", public).returncode == 0
    assert public.read_text() == ours.public.pem()
    verify = ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public, "-in", message, "-sigfile", signature]
    assert run(openssl, *verify, *context()).returncode == 0
    assert run(openssl, *verify).returncode != 0  # without the context


def test_what_openssl_writes_unless_told_otherwise_is_refused(openssl: str, tmp_path: Path) -> None:
    """Seed and expanded key together: which of the two counts is not for a reader to choose."""
    key = tmp_path / "key"
    assert run(openssl, "genpkey", "-algorithm", "ML-DSA-65", "-out", key).returncode == 0
    with pytest.raises(KeyProblem, match="seed"):
        PrivateKey.from_pem(key.read_bytes())
