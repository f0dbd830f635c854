"""Key files: the one form that is written, and everything else that is refused without quoting it."""

import base64
import hashlib
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from qee.signing.algorithms import ALGORITHMS
from qee.signing.keys import KeyProblem, PrivateKey, PublicKey

SEED_OFFSET = 22  # of the 32 bytes in an ML-DSA PKCS#8: RFC 9881, appendix C.1


def pem(der: bytes, label: str = "PRIVATE KEY") -> bytes:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n".encode()


def der(text: bytes | str) -> bytes:
    lines = (text if isinstance(text, str) else text.decode()).splitlines()
    return base64.b64decode("".join(line for line in lines if not line.startswith("-")))


def vector(name: str) -> bytes:
    with cryptography_vectors.open_vector_file(str(Path("asymmetric", "MLDSA", name)), "rb") as file:
        data: bytes = file.read()
    return data


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_a_key_survives_its_file(algorithm: str, passphrase: bytes | None) -> None:
    key = PrivateKey.generate(algorithm)
    written = key.pem(passphrase)
    assert (b"ENCRYPTED" in written) == (passphrase is not None)
    read = PrivateKey.from_pem(written, passphrase)
    assert read.public == key.public
    assert PublicKey.from_pem(key.public.pem()) == key.public
    assert key.public.algorithm is ALGORITHMS[algorithm]


@pytest.mark.parametrize(("algorithm", "size"), [("ML-DSA-44", 54), ("ML-DSA-65", 54), ("ML-DSA-87", 54)])
def test_private_ml_dsa_keys_are_seeds(algorithm: str, size: int) -> None:
    data = der(PrivateKey.generate(algorithm).pem(None))
    assert len(data) == size
    assert data[SEED_OFFSET - 2 : SEED_OFFSET] == b"\x80\x20"  # [0] IMPLICIT OCTET STRING of 32 bytes


def test_the_id_of_a_key_is_the_digest_of_its_spki() -> None:
    public = PrivateKey.generate("ML-DSA-65").public
    assert public.key_id == f"sha256:{hashlib.sha256(der(public.pem())).hexdigest()}"


def test_published_keys_are_read() -> None:
    private = PrivateKey.from_pem(pem(vector("mldsa44_priv.der")))
    public = PublicKey.from_pem(pem(vector("mldsa44_pub.der"), "PUBLIC KEY"))
    assert private.public == public
    assert der(private.pem(None)) == vector("mldsa44_priv.der")
    assert public.key_id == "sha256:" + hashlib.sha256(vector("mldsa44_pub.der")).hexdigest()


def other_keys() -> list[rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey]:
    curve = ec.generate_private_key(ec.SECP256R1())
    return [rsa.generate_private_key(65537, 2048), curve, ed448.Ed448PrivateKey.generate()]


def refused_private_keys() -> dict[str, bytes]:
    good = der(PrivateKey.generate("ML-DSA-65").pem(None))
    traditional = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    encoded = [
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        for key in other_keys()
    ]
    return {
        "expanded, without a seed": pem(vector("mldsa65_noseed_priv.der")),
        "a seed one byte short": pem(good[:1] + b"\x33" + good[2:20] + b"\x21\x80\x1f" + good[22:-1]),
        "bytes behind the key": pem(good + b"\0"),
        "cut off": pem(good[:-1]),
        "an algorithm that is not known": pem(good.replace(b"\x03\x04\x03\x12", b"\x03\x04\x03\x7f")),
        "SLH-DSA": pem(good.replace(b"\x03\x04\x03\x12", b"\x03\x04\x03\x14")),
        "parameters where there are none": pem(b"\x30\x36\x02\x01\x00\x30\x0d" + good[7:18] + b"\x05\x00" + good[18:]),
        "RSA": encoded[0],
        "P-256": encoded[1],
        "Ed448": encoded[2],
        "P-256 in its old form": traditional,
        "a public key": PrivateKey.generate("ML-DSA-44").public.pem().encode(),
        "a certificate's frame": pem(good, "CERTIFICATE"),
        "nothing": b"",
        "no PEM": b"\xff\xfe",
        "DER": good,
    }


REFUSED_PRIVATE = refused_private_keys()


@pytest.mark.parametrize("name", REFUSED_PRIVATE)
def test_other_private_keys_are_refused_and_not_quoted(name: str) -> None:
    data = REFUSED_PRIVATE[name]
    with pytest.raises(KeyProblem) as refused:
        PrivateKey.from_pem(data)
    secret = data.decode(errors="replace").splitlines()[1:2]
    assert not any(line and line in str(refused.value) for line in secret)


def test_a_good_key_is_not_among_the_refused() -> None:
    good = der(PrivateKey.generate("ML-DSA-65").pem(None))
    assert PrivateKey.from_pem(pem(good)).public.algorithm.name == "ML-DSA-65"


def test_passphrases_are_asked_for_only_where_they_are_needed() -> None:
    key = PrivateKey.generate("ML-DSA-65")

    def never() -> bytes:
        pytest.fail("asked")

    assert PrivateKey.from_pem(key.pem(None), never).public == key.public
    assert PrivateKey.from_pem(key.pem(b"secret"), lambda: b"secret").public == key.public
    with pytest.raises(KeyProblem, match="encrypted; give its passphrase"):
        PrivateKey.from_pem(key.pem(b"secret"))
    for wrong in (b"", b"Secret", b"secret "):
        with pytest.raises(KeyProblem, match="wrong passphrase"):
            PrivateKey.from_pem(key.pem(b"secret"), wrong)


@pytest.mark.parametrize("passphrase", [b"", b"x" * 1024])
def test_passphrases_that_cannot_be_used_are_refused(passphrase: bytes) -> None:
    with pytest.raises(KeyProblem, match="the passphrase is empty or longer"):
        PrivateKey.generate("Ed25519").pem(passphrase)


def test_encrypted_keys_are_pbes2_and_never_the_same() -> None:
    key = PrivateKey.generate("ML-DSA-65")
    first, second = key.pem(b"secret"), key.pem(b"secret")
    assert first != second
    assert bytes.fromhex("06092a864886f70d01050d") in der(first)  # id-PBES2 (RFC 8018)
    assert der(key.pem(None))[SEED_OFFSET:] not in der(first)


@pytest.mark.parametrize("algorithm", ["ml-dsa-65", "ML-DSA-65-extmu", "HashML-DSA-65", "RSA", ""])
def test_only_listed_algorithms_are_generated(algorithm: str) -> None:
    with pytest.raises(KeyProblem, match="choose one of ML-DSA-44, ML-DSA-65, ML-DSA-87, Ed25519"):
        PrivateKey.generate(algorithm)


def test_a_private_key_shows_nothing_of_itself() -> None:
    key = PrivateKey.generate("ML-DSA-65")
    seed = der(key.pem(None))[SEED_OFFSET:]
    for shown in (repr(key), str(key), f"{key}", repr(key.__dict__)):
        assert seed.hex() not in shown
        assert base64.b64encode(seed).decode() not in shown
    assert repr(key) == f"PrivateKey(ML-DSA-65, {key.public.key_id})"


def public_pem(key: object) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()  # type: ignore[attr-defined]


def test_other_public_keys_are_refused() -> None:
    good = PrivateKey.generate("ML-DSA-65").public
    data = der(good.pem())
    short = b"\x30\x82\x07\xb1" + data[4:17] + b"\x03\x82\x07\xa0\x00" + data[22:-1]
    for wrong in (
        pem(data[:-1], "PUBLIC KEY"),
        pem(short, "PUBLIC KEY"),
        pem(data + b"\0", "PUBLIC KEY"),
        pem(data.replace(b"\x03\x04\x03\x12", b"\x03\x04\x03\x11"), "PUBLIC KEY"),
        pem(good.raw, "PUBLIC KEY"),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
        "\ud800",
        "",
    ):
        with pytest.raises(KeyProblem, match="no SubjectPublicKeyInfo"):
            PublicKey.from_pem(wrong)
    for other in other_keys():
        with pytest.raises(KeyProblem, match="give a key of ML-DSA-44"):
            PublicKey.from_pem(public_pem(other.public_key()))


def test_a_private_key_in_place_of_a_public_one_is_told() -> None:
    with pytest.raises(KeyProblem, match="this is a private key"):
        PublicKey.from_pem(PrivateKey.generate("Ed25519").pem(None))


def test_ed25519_keys_are_those_of_rfc_8410() -> None:
    key = PrivateKey.generate("Ed25519")
    assert der(key.public.pem()) == bytes.fromhex("302a300506032b6570032100") + key.public.raw
    read = serialization.load_pem_private_key(key.pem(None), None)
    assert isinstance(read, ed25519.Ed25519PrivateKey)
