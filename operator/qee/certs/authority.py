"""A certificate authority and the certificate of one server, as pure functions of time.

ECDSA with P-256 (RFC 5480): API servers verify no post-quantum certificates yet. A certificate is good for as long as
nobody can break it meanwhile; what is recorded today and broken later is the key exchange, and that is hybrid.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BACKDATE = timedelta(minutes=5)  # for API servers whose clock is behind
NAME = "QEE webhook"


class Unreadable(ValueError):
    """What lies in the Secret is no pair of certificate and key. The message never quotes the key."""


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key. Its representation shows nothing of the key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(compare=False)

    @classmethod
    def read(cls, certificate: bytes, key: bytes) -> "Pair":
        """From PEM; of several certificates the first. Raises Unreadable."""
        try:
            found, secret = x509.load_pem_x509_certificate(certificate), serialization.load_pem_private_key(key, None)
        except (ValueError, TypeError) as error:
            raise Unreadable("no certificate and unencrypted key in PEM") from error
        if not isinstance(secret, ec.EllipticCurvePrivateKey) or secret.public_key() != found.public_key():
            raise Unreadable("the key is not the certificate's")
        return cls(found, secret)

    @property
    def key_pem(self) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def __repr__(self) -> str:
        return f"Pair({self.certificate.subject.rfc4514_string()}, {fingerprint(self.certificate)})"


def new_authority(now: datetime, lifetime: timedelta) -> Pair:
    """Its name tells it from the one before: both are trusted for a while."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{NAME} authority {serial:040x}"[:64])])
    usage = _usage(key_cert_sign=True, crl_sign=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _builder(name, name, key, serial, now, now + lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate, key)


def issue(authority: Pair, names: Sequence[str], now: datetime, lifetime: timedelta) -> Pair:
    """A server's certificate for DNS names and IP addresses. It never outlives the authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    end = min(now + lifetime, authority.certificate.not_valid_after_utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    issuer = authority.certificate
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        _builder(subject, issuer.subject, key, x509.random_serial_number(), now, end)
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return Pair(certificate, key)


def due(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether two thirds of its life are over."""
    begin, end = certificate.not_valid_before_utc + BACKDATE, certificate.not_valid_after_utc
    return now >= begin + (end - begin) * 2 / 3


def expired(certificate: x509.Certificate, now: datetime) -> bool:
    return now >= certificate.not_valid_after_utc


def is_for(certificate: x509.Certificate, names: Iterable[str]) -> bool:
    """Whether it is a certificate for exactly these names."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return set(found) == {_name(name) for name in names}


def covered(certificate: x509.Certificate, bundle: Iterable[x509.Certificate], now: datetime) -> bool:
    """Whether an authority of the bundle that has not expired has signed it."""
    for authority in bundle:
        if authority.subject == certificate.issuer and not expired(authority, now):
            try:
                certificate.verify_directly_issued_by(authority)
            except (ValueError, TypeError, InvalidSignature):
                continue
            return True
    return False


def read_bundle(pem: bytes) -> list[x509.Certificate]:
    """The certificates; none where it is empty or is none."""
    try:
        return x509.load_pem_x509_certificates(pem) if pem.strip() else []
    except ValueError:
        return []


def bundle_pem(bundle: Iterable[x509.Certificate]) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in bundle)


def joined(
    first: Iterable[x509.Certificate], more: Iterable[x509.Certificate], now: datetime
) -> list[x509.Certificate]:
    """Each certificate once, those that have expired left out."""
    found: list[x509.Certificate] = []
    for each in (*first, *more):
        if each not in found and not expired(each, now):
            found.append(each)
    return found


def fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()[:16]


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, serial: int, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key.public_key(),
        serial_number=serial,
        not_valid_before=now - BACKDATE,
        not_valid_after=end,
    )


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
