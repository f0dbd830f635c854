"""The webhook's process with a crowd at its door: it stays within its memory and answers who asks."""

import asyncio
import gzip
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tests import builders, signed
from tests.unit.webhook.reviews import body

from qee.certs.authority import Pair, issue, new_authority

MIB = 1024 * 1024
LIMIT = 256 * MIB  # the chart's
TICKS = os.sysconf("SC_CLK_TCK")
ADA = signed.key("ada")
AUTHORITY = new_authority(datetime.now(UTC), timedelta(hours=3))
GOOD = body("CREATE", signed.sign_job(builders.job(), ADA))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@dataclass(frozen=True)
class Webhook:
    pid: int
    port: int
    health: int

    def memory(self) -> int:
        """The most that it has held so far, in bytes."""
        (line,) = (line for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if "VmHWM" in line)
        return int(line.split()[1]) * 1024

    def cpu(self) -> float:
        """Seconds of the processor so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @asynccontextmanager
    async def visitor(
        self, host: str = "127.0.0.1", certificate: Any = None
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        context = ssl.create_default_context(cadata=AUTHORITY.certificate_pem.decode())
        context.check_hostname = False
        if certificate is not None:
            context.load_cert_chain(certificate)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=context, local_addr=(host, 0), ssl_handshake_timeout=60
        )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def ask(self, data: bytes, headers: str = "", **options: Any) -> tuple[int, dict[str, Any]]:
        """Status and response of a review, on a connection of its own."""
        async with self.visitor(**options) as (reader, writer):
            writer.write(request(data, headers))
            status = int((await reader.readline()).split()[1])
            length = 0
            while (line := (await reader.readline()).strip()) != b"":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            answer = await reader.readexactly(length)
            return status, json.loads(answer)["response"] if status == 200 else {}


def request(data: bytes, headers: str = "", path: str = "/validate") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n{headers}\r\n"
    return head.encode() + data


@pytest.fixture
def start(tmp_path: Path, liboqs: None) -> Iterator[Any]:
    """Starts webhooks; each has settings of its own."""
    begun: list[subprocess.Popen[bytes]] = []

    def run(**settings: Any) -> Webhook:
        pair = issue(AUTHORITY, ["127.0.0.1"], datetime.now(UTC), timedelta(hours=1))
        (tmp_path / "tls.crt").write_bytes(pair.certificate_pem)
        (tmp_path / "tls.key").write_bytes(pair.key_pem)
        (tmp_path / "ada.key").write_bytes(ADA.pem(None))
        ports = {"port": free_port(), "healthPort": free_port()}
        file = tmp_path / "webhook.yaml"
        file.write_text(yaml.safe_dump({"tlsDirectory": str(tmp_path), "host": "127.0.0.1", **ports, **settings}))
        process = subprocess.Popen([sys.executable, "-m", "tests.unit.webhook.serving", str(file)])
        begun.append(process)
        return Webhook(process.pid, ports["port"], ports["healthPort"])

    yield run
    for process in begun:
        process.kill()
        process.wait()


async def ready(webhook: Webhook) -> Webhook:
    async with asyncio.timeout(60):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", webhook.health)
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
                if b" 200 " in await reader.readline():
                    writer.close()
                    return webhook
            except OSError:
                pass
            await asyncio.sleep(0.1)


async def good(webhook: Webhook, host: str = "127.0.0.2", **options: Any) -> bool:
    """Whether a signed job is admitted; from another address than the crowd's, unless `host` says otherwise."""
    status, response = await webhook.ask(GOOD, host=host, **options)
    return status == 200 and response["allowed"]


async def crowd(webhook: Webhook, size: int, said: bytes = b"") -> list[asyncio.StreamWriter]:
    """Connections that stay open; some are closed by the other side as they come."""
    context = ssl.create_default_context(cadata=AUTHORITY.certificate_pem.decode())
    context.check_hostname = False
    held = []
    for _ in range(size):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", webhook.port, ssl=context, ssl_handshake_timeout=60)
            writer.write(said)
        except OSError:
            continue
        held.append(writer)
    return held


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"POST /validate HTTP/1.1\r\nX-Slow: ",
        b"POST /validate HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n" + b" " * 200_000,
        request(GOOD),
    ],
    ids=["silent", "in the middle of a header", "with much of a body", "with a good review, then silent"],
)
async def test_many_connections_take_neither_the_memory_nor_the_turn_of_others(start: Any, said: bytes):
    webhook = await ready(start())
    assert await good(webhook)
    held = await crowd(webhook, 1000 if not said else 400, said)
    assert await good(webhook)
    assert await good(webhook, host="127.0.0.1")
    assert webhook.memory() < LIMIT
    for writer in held:
        writer.transport.abort()


async def test_a_thousand_connections_that_never_shake_hands_do_not_either(start: Any):
    webhook = await ready(start())
    held = []
    for port in (webhook.port, webhook.health):
        for _ in range(1000):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            held.append(writer)
    assert await good(webhook)
    await ready(webhook)
    assert webhook.memory() < LIMIT
    for writer in held:
        writer.transport.abort()


async def test_a_header_that_does_not_end_is_not_waited_for(start: Any):
    webhook = await ready(start())
    async with webhook.visitor() as (reader, writer), asyncio.timeout(60):
        writer.write(b"POST /validate HTTP/1.1\r\nHost: x\r\n")
        sent = 0
        while not reader.at_eof():
            try:
                writer.write(b"X-%d: y\r\n" % (sent := sent + 1))
                await writer.drain()
                await asyncio.wait_for(reader.read(1), 1)
            except TimeoutError:
                continue
            except OSError:
                break
    assert await good(webhook)


@pytest.mark.parametrize(
    ("headers", "data", "status"),
    [
        ("Content-Encoding: gzip\r\n", gzip.compress(GOOD), 415),
        ("Content-Encoding: gzip\r\n", gzip.compress(b" " * 100 * MIB), 415),
        ("Content-Encoding: deflate\r\n", b"x", 415),
        ("Content-Encoding: br\r\n", b"x", 415),
        ("Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", gzip.compress(GOOD), 415),
        ("Content-Encoding: identity\r\n", GOOD, 200),
        ("".join(f"X-{number}: y\r\n" for number in range(100)), GOOD, 400),
        ("X: " + "y" * 5000 + "\r\n", GOOD, 400),
        ("", GOOD.decode().encode("utf-16"), 400),
        ("", b"\xff" * 1000, 400),
    ],
    ids=range(10),
)
async def test_encodings_and_long_headers_are_refused(start: Any, headers: str, data: bytes, status: int):
    webhook = await ready(start())
    assert (await webhook.ask(data, headers))[0] == status
    assert await good(webhook)
    assert webhook.memory() < LIMIT


def job_with(where: str, extra: Any) -> bytes:
    job = signed.sign_job(builders.job(), ADA)
    place = {"object": job, "spec": job["spec"], "circuit": job["spec"]["circuits"][0], "labels": job["metadata"]}
    place[where].update(extra)
    return body("CREATE", job)


REVIEW = b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":'
HOSTILE = {
    **{
        f"{count} unknown fields in {where}": job_with(where, {f"f{number}": 1 for number in range(count)})
        for where in ("object", "spec", "circuit")
        for count in (150_000, 90_000)
    },
    "90,000 labels that are no text": job_with("labels", {"labels": {f"l{number}": 1 for number in range(90_000)}}),
    "long unknown names": job_with("spec", {"f" * 1000 + str(number): 1 for number in range(2000)}),
    "a name of 2 MB": job_with("spec", {"f" * 2_000_000: 1}),
    "a kind of 2 MB": job_with("object", {"kind": "k" * 2_000_000}),
    "a kind that is a list": job_with("object", {"kind": [1] * 500_000}),
    "a number of 4,000 digits": job_with("spec", {"shots": int("9" * 4000)}),
    "900,000 parameters that are no text": job_with(
        "circuit", {"parameters": {f"p{n}": [1] * 9999 for n in range(90)}}
    ),
    "600,000 empty lists": REVIEW + b"[" + b"[]," * 600_000 + b"[]]}",
    "600,000 empty objects": REVIEW + b"[" + b"{}," * 600_000 + b"{}]}",
    "100,000 lists in each other": REVIEW + b"[" * 100_000,
    "a text that does not end": REVIEW + b'"' + b'\\"' * 1_000_000,
    "a lone surrogate": GOOD.replace(b'"ada"', b'"\\ud800"'),
}


@pytest.mark.timeout(300)
async def test_no_review_takes_much_of_the_processor_or_the_memory(start: Any):
    webhook = await ready(start())
    for name, data in HOSTILE.items():
        before = webhook.cpu()
        status, response = await webhook.ask(data)
        assert status == 400 or not response["allowed"], name
        assert len(json.dumps(response)) < 8192, name
        assert webhook.cpu() - before < 2.0, name
        assert webhook.memory() < LIMIT, name
        assert await good(webhook), name


async def test_whose_address_is_not_listed_is_not_heard(start: Any):
    webhook = await ready(start(clients=["127.0.0.2/32"]))
    assert await good(webhook)
    with pytest.raises((OSError, IndexError)):
        await webhook.ask(GOOD, host="127.0.0.3")


def client_certificate(name: str) -> bytes:
    """With its key, in PEM."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(AUTHORITY.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(AUTHORITY.key, hashes.SHA256())
    )
    return Pair(certificate, key).certificate_pem + Pair(certificate, key).key_pem


async def test_who_shows_no_certificate_of_the_right_name_is_not_heard(start: Any, tmp_path: Path):
    (tmp_path / "ca.crt").write_bytes(AUTHORITY.certificate_pem)
    webhook = await ready(start(clientCa=str(tmp_path / "ca.crt"), clientNames=["api-server"]))
    for name, text in (("right", "api-server"), ("wrong", "somebody")):
        (tmp_path / name).write_bytes(client_certificate(text))
    assert await good(webhook, certificate=tmp_path / "right")
    for shown in (None, tmp_path / "wrong"):
        with pytest.raises((OSError, IndexError)):
            await webhook.ask(GOOD, certificate=shown)
