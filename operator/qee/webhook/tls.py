"""The served certificate, taken up anew when its files change, in the same context: no restart, no port closed.

The groups of the key exchange are left as OpenSSL has them: from 3.5 on that is X25519MLKEM768 first. (Choosing a curve
in Python, by `set_ecdh_curve`, would take it away.)
"""

import asyncio
import logging
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509

logger = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 1.0
CERTIFICATE, KEY = "tls.crt", "tls.key"


class Certificate:
    """A pair of files and the SSLContext that serves them.

    `taken_up` is called with the time at which a certificate that was just loaded runs out. `clients` is a PEM file of
    the authority whose certificates clients must show; what it holds is read once, as the process starts.
    """

    def __init__(
        self, directory: Path, taken_up: Callable[[datetime], object] = lambda _: None, clients: Path | None = None
    ) -> None:
        self._paths = (directory / CERTIFICATE, directory / KEY)
        self._taken_up = taken_up
        self._seen: tuple[object, ...] | None = None
        self._served = b""
        self.context = _context()
        if clients is not None:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(cafile=clients)

    def load(self) -> None:
        """Raises OSError (as ssl.SSLError is) or ValueError where the files are no pair; then nothing changes."""
        seen = self._stamp()
        certificate, key = (path.read_bytes() for path in self._paths)
        both = certificate.rstrip() + b"\n" + key
        if both != self._served:
            expires = x509.load_pem_x509_certificate(certificate).not_valid_after_utc
            # First elsewhere: a certificate whose key does not match would leave the live context with neither.
            _load(_context(), both)
            _load(self.context, both)
            self._served = both
            self._taken_up(expires)
            logger.info("serving the certificate that is valid until %s", expires.isoformat())
        self._seen = seen

    async def follow(self) -> None:
        """Until cancelled."""
        told = ""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                if self._stamp() != self._seen:
                    self.load()
                told = ""
            except (OSError, ValueError) as error:  # half written, as a rule: the next look finds it whole
                if str(error) != told:
                    logger.warning("the certificate in %s cannot be served: %s", self._paths[0].parent, error)
                    told = str(error)

    def _stamp(self) -> tuple[object, ...]:
        found = [path.stat() for path in self._paths]
        return tuple((each.st_mtime_ns, each.st_ino, each.st_size) for each in found)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3  # every API server speaks it
    return context


def _load(context: ssl.SSLContext, both: bytes) -> None:
    """The very bytes that were read: the files may have changed since, one of them before the other."""
    descriptor = os.memfd_create("tls", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, both)
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def named(shown: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether a verified certificate, as `getpeercert` gives it, is of one of the names."""
    subject = {value for part in shown.get("subject", ()) for key, value in part if key == "commonName"}
    others = {value for key, value in shown.get("subjectAltName", ()) if key == "DNS"}
    return not (subject | others).isdisjoint(names)
