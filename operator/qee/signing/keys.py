"""Keys and their files: PKCS#8 in seed form (RFC 9881, RFC 8410), SPKI for public keys, ids by digest."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from qee.signing.algorithms import ALGORITHMS, Algorithm

PUBLIC: dict[str, Any] = {
    "ML-DSA-44": mldsa.MLDSA44PublicKey,
    "ML-DSA-65": mldsa.MLDSA65PublicKey,
    "ML-DSA-87": mldsa.MLDSA87PublicKey,
    "Ed25519": ed25519.Ed25519PublicKey,
}
_PRIVATE: dict[str, Any] = {
    "ML-DSA-44": mldsa.MLDSA44PrivateKey,
    "ML-DSA-65": mldsa.MLDSA65PrivateKey,
    "ML-DSA-87": mldsa.MLDSA87PrivateKey,
    "Ed25519": ed25519.Ed25519PrivateKey,
}
KEY_ID_PREFIX = "sha256:"


class KeyProblem(ValueError):
    """A key cannot be read or is of a kind that QEE does not use. The message never quotes the key."""


@dataclass(frozen=True)
class PublicKey:
    """A verification key. `key_id` is `sha256:` and the SHA-256 of its SPKI in DER, in hexadecimal."""

    algorithm: Algorithm
    raw: bytes
    key_id: str

    @classmethod
    def of(cls, key: Any) -> "PublicKey":
        """From an object of `cryptography`. Raises KeyProblem for kinds that are not allowed."""
        for name, kind in PUBLIC.items():
            if isinstance(key, kind):
                spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
                return cls(ALGORITHMS[name], key.public_bytes_raw(), key_id_of(spki))
        raise KeyProblem(f"this is a {type(key).__name__}; give a key of {', '.join(ALGORITHMS)}")

    @classmethod
    def from_pem(cls, pem: str | bytes) -> "PublicKey":
        """From a SubjectPublicKeyInfo in PEM (RFC 5280, RFC 9881). Raises KeyProblem."""
        data = pem.encode(errors="replace") if isinstance(pem, str) else pem
        if b"PRIVATE KEY" in data:
            raise KeyProblem("this is a private key; give the public one (`qee key show --public KEY`)")
        try:
            key = serialization.load_pem_public_key(data)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise KeyProblem("this is no SubjectPublicKeyInfo in PEM (-----BEGIN PUBLIC KEY-----)") from error
        return cls.of(key)

    def pem(self) -> str:
        key = PUBLIC[self.algorithm.name].from_public_bytes(self.raw)
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return str(key.public_bytes(serialization.Encoding.PEM, form).decode())


@dataclass(frozen=True)
class PrivateKey:
    """A signing key. Its representation shows nothing of it."""

    public: PublicKey
    _key: Any

    @classmethod
    def generate(cls, algorithm: str) -> "PrivateKey":
        """A new key of an algorithm of `ALGORITHMS`. Raises KeyProblem for another name."""
        if algorithm not in _PRIVATE:
            raise KeyProblem(f"{algorithm!r} is no algorithm for keys; choose one of {', '.join(ALGORITHMS)}")
        return cls._of(_PRIVATE[algorithm].generate())

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: bytes | Callable[[], bytes] | None = None) -> "PrivateKey":
        """From PKCS#8 in PEM, seed form. `passphrase` may be asked for: it is called for encrypted files only.

        Raises KeyProblem; ML-DSA keys in expanded form are among what is refused (RFC 9881 section 8.1 says why the
        seed is to be preferred).
        """
        if b"ENCRYPTED" in pem and passphrase is None:
            raise KeyProblem("the key is encrypted; give its passphrase")
        secret = (passphrase() if callable(passphrase) else passphrase) if b"ENCRYPTED" in pem else None
        try:
            key = serialization.load_pem_private_key(pem, secret)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            if "Incorrect password" in str(error):
                raise KeyProblem("wrong passphrase") from error
            # One in 256 wrong ones decrypts to what has the right padding, and is no key.
            why = "wrong passphrase, or " if secret is not None else ""
            raise KeyProblem(
                f"{why}not a PKCS#8 key in PEM with an ML-DSA seed (RFC 9881) or Ed25519; OpenSSL writes an expanded "
                "key beside the seed unless told otherwise: "
                "openssl pkey -in KEY -provparam ml-dsa.output_formats=seed-only -out NEW"
            ) from error
        return cls._of(key)

    @classmethod
    def _of(cls, key: Any) -> "PrivateKey":
        return cls(PublicKey.of(key.public_key()), key)

    def pem(self, passphrase: bytes | None) -> bytes:
        """PKCS#8 in PEM, encrypted (PBES2) unless `passphrase` is None. Raises KeyProblem for an empty one."""
        try:
            encryption = (
                serialization.NoEncryption()
                if passphrase is None
                else serialization.BestAvailableEncryption(passphrase)
            )
            form = serialization.PrivateFormat.PKCS8
            return bytes(self._key.private_bytes(serialization.Encoding.PEM, form, encryption))
        except ValueError as error:
            raise KeyProblem("the passphrase is empty or longer than 1023 bytes; give another") from error

    def sign(self, message: bytes, context: bytes) -> bytes:
        """A signature over the message; `context` is bound by ML-DSA and unused by Ed25519."""
        if self.public.algorithm.name == "Ed25519":
            return bytes(self._key.sign(message))
        return bytes(self._key.sign(message, context))

    def __repr__(self) -> str:
        return f"PrivateKey({self.public.algorithm.name}, {self.public.key_id})"


def key_id_of(spki: bytes) -> str:
    return KEY_ID_PREFIX + hashlib.sha256(spki).hexdigest()
