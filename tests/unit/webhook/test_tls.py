"""The served certificate: taken up when it changes, kept when what lies there is no pair."""

import asyncio
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from prometheus_client import CollectorRegistry, Counter

from qee.certs.authority import Pair, issue, new_authority
from qee.webhook import tls
from qee.webhook.groups import count_groups, group_of
from qee.webhook.tls import Certificate

HOUR = timedelta(hours=1)
AUTHORITY = new_authority(datetime.now(UTC), 3 * HOUR)


def pair() -> Pair:
    return issue(AUTHORITY, ["127.0.0.1"], datetime.now(UTC), HOUR)


def lay(directory: Path, certificate: Pair, key: Pair | None = None) -> None:
    """As the kubelet does it: a new directory, then one rename of a link."""
    fresh = directory / os.urandom(4).hex()
    fresh.mkdir()
    (fresh / "tls.crt").write_bytes(certificate.certificate_pem)
    (fresh / "tls.key").write_bytes((key or certificate).key_pem)
    (directory / "new").symlink_to(fresh.name)
    (directory / "new").rename(directory / "..data")
    for name in ("tls.crt", "tls.key"):
        if not (directory / name).is_symlink():
            (directory / name).symlink_to(f"..data/{name}")


async def served(certificate: Certificate) -> x509.Certificate:
    """What a client is shown."""
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0, ssl=certificate.context)
    client = ssl.create_default_context(cadata=AUTHORITY.certificate_pem.decode())
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=client)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
    return x509.load_der_x509_certificate(shown)


async def test_a_certificate_that_changes_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tls, "LOOK_EVERY_SECONDS", 0.01)
    first, second = pair(), pair()
    ends: list[datetime] = []
    lay(tmp_path, first)
    certificate = Certificate(tmp_path, ends.append)
    certificate.load()
    assert await served(certificate) == first.certificate
    follow = asyncio.create_task(certificate.follow())
    lay(tmp_path, second)
    async with asyncio.timeout(5):
        while await served(certificate) != second.certificate:
            await asyncio.sleep(0.01)
    follow.cancel()
    assert ends == [first.certificate.not_valid_after_utc, second.certificate.not_valid_after_utc]


async def test_a_certificate_without_its_key_leaves_the_old_one_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tls, "LOOK_EVERY_SECONDS", 0.01)
    first, second = pair(), pair()
    lay(tmp_path, first)
    certificate = Certificate(tmp_path)
    certificate.load()
    lay(tmp_path, second, key=first)
    with pytest.raises(ssl.SSLError):
        certificate.load()
    assert await served(certificate) == first.certificate
    follow = asyncio.create_task(certificate.follow())
    await asyncio.sleep(0.05)
    (tmp_path / "tls.crt").unlink()  # nor does a missing one end it
    await asyncio.sleep(0.05)
    assert await served(certificate) == first.certificate
    (tmp_path / "tls.crt").symlink_to("..data/tls.crt")
    lay(tmp_path, second)
    async with asyncio.timeout(5):
        while await served(certificate) != second.certificate:
            await asyncio.sleep(0.01)
    follow.cancel()


def test_no_certificate_at_all_ends_the_start(tmp_path: Path):
    with pytest.raises(OSError, match=r"tls\.crt"):
        Certificate(tmp_path).load()


def test_older_tls_is_not_spoken(tmp_path: Path):
    assert Certificate(tmp_path).context.minimum_version is ssl.TLSVersion.TLSv1_3


async def test_the_group_of_a_handshake_is_counted(tmp_path: Path):
    handshakes = Counter("handshakes", "h", ["group"], registry=CollectorRegistry())
    lay(tmp_path, pair())
    certificate = Certificate(tmp_path)
    certificate.load()
    if not count_groups(certificate.context, handshakes):
        pytest.skip("this Python does not show TLS messages")
    await served(certificate)
    ours = "X25519MLKEM768" if ssl.OPENSSL_VERSION_INFO >= (3, 5) else "x25519"
    assert handshakes.labels(ours)._value.get() == 1


def test_a_retry_is_not_a_handshake():
    retry = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
    hello = b"\x02\x00\x00\x30\x03\x03%b\x00\x13\x01\x00\x00\x06\x00\x33\x00\x02\x11\xec"
    assert group_of(hello % retry) is None
    assert group_of(hello % bytes(32)) == 0x11EC
