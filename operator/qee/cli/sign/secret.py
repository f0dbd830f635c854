"""Passphrases and private keys: from files, file descriptors, the environment or a terminal. Never from arguments.

No error quotes what was read.
"""

import getpass
import os
import stat
import sys
from dataclasses import dataclass

from qee.cli import files
from qee.cli.problem import Problem
from qee.cli.terminal import note, printable
from qee.signing.keys import KeyProblem, PrivateKey, PublicKey

PASSPHRASE_VARIABLE = "QEE_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable
MAX_BYTES = 65_536
TOO_LARGE = "; give a key or a passphrase"
DESCRIPTORS_FROM = 3  # 0 to 2 are stdin, stdout and stderr


@dataclass(frozen=True)
class Passphrase:
    """Where a passphrase comes from. Without file and descriptor: the variable, else the terminal.

    prefix: of the options' names, for messages.
    """

    file: str | None = None
    descriptor: int | None = None
    variable: str = PASSPHRASE_VARIABLE
    prefix: str = "--passphrase"

    def read(self, prompt: str, *, twice: bool = False) -> bytes:
        """The passphrase, without the line break at its end. Raises Problem; also for an empty one."""
        given = self.given()
        if given is None:
            given = self._asked(prompt, twice)
        if not given:
            raise Problem(f"the passphrase is empty; give one with {self.prefix}-file, or choose --no-passphrase")
        return given

    def given(self) -> bytes | None:
        """The passphrase where it is given without a terminal."""
        if self.file is not None and self.descriptor is not None:
            raise Problem(f"{self.prefix}-file and {self.prefix}-fd: give one of them")
        if self.file is not None:
            given = _line(read_file(self.file, f"{self.prefix}-file"))
            warn_of_readers(self.file)
            return given
        if self.descriptor is not None:
            return _line(read_descriptor(self.descriptor, f"{self.prefix}-fd"))
        if (value := os.environ.get(self.variable)) is not None:
            return value.encode()
        return None

    def _asked(self, prompt: str, twice: bool) -> bytes:
        if not sys.stdin.isatty():
            raise Problem(
                f"the key needs a passphrase, and there is no terminal to ask on; give {self.prefix}-file, "
                f"{self.prefix}-fd or {self.variable}"
            )
        first = getpass.getpass(f"{prompt}: ")
        if twice and getpass.getpass(f"{prompt}, again: ") != first:
            raise Problem("the two passphrases differ; nothing was written")
        return first.encode()


def read_file(path: str, what: str) -> bytes:
    return files.read(path, MAX_BYTES, f"{what} {path}", TOO_LARGE)


def warn_of_readers(path: str) -> None:
    """Says of a file with a secret that others of this machine can read it, as ssh does. Of pipes nothing."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return
    if stat.S_ISREG(mode) and mode & 0o077:
        shown = printable(path)
        note(
            f"warning: {shown} has mode {mode & 0o777:04o}: other users of this machine can read it; chmod 600 {shown}"
        )


def read_descriptor(number: int, what: str) -> bytes:
    if number < DESCRIPTORS_FROM:
        raise Problem(f"{what} {number}: is taken; give 3 or above, as in: {what} 3 3<FILE")
    try:
        with os.fdopen(number, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Problem(
            f"{what} {number}: cannot be read: {error.strerror}; as in: {what} {number} {number}<FILE"
        ) from None
    if len(data) > MAX_BYTES:
        raise Problem(f"{what} {number}: more than {MAX_BYTES} bytes{TOO_LARGE}")
    return data


def read_variable(name: str, what: str) -> bytes:
    value = os.environ.get(name)
    if value is None:
        raise Problem(f"{what} {name}: there is no such environment variable; export it, or give --key FILE")
    return value.encode()


def private_key(data: bytes, origin: str, passphrase: Passphrase) -> PrivateKey:
    """The private key in PEM or DER. The passphrase is asked for where the file is encrypted. Raises Problem."""
    pem = as_pem(data, origin)
    if b"PUBLIC KEY" in pem:
        raise Problem(f"{origin}: this is a public key; give the private one")
    try:
        return PrivateKey.from_pem(pem, lambda: passphrase.read(f"Passphrase of {origin}"))
    except KeyProblem as problem:
        raise Problem(f"{origin}: {problem}") from None


def public_key(data: bytes, origin: str) -> PublicKey:
    """The public key in PEM or DER. Raises Problem."""
    try:
        return PublicKey.from_pem(as_pem(data, origin))
    except KeyProblem as problem:
        raise Problem(f"{origin}: {problem}") from None


def as_pem(data: bytes, origin: str) -> bytes:
    """PEM as it is; DER in the PEM of what it is. Raises Problem."""
    if b"-----BEGIN " in data:
        return data
    if not data.startswith(b"\x30"):
        raise Problem(f"{origin}: this is no key in PEM (-----BEGIN ...) or DER")
    label = _label(data)
    if label is None:
        raise Problem(f"{origin}: this is DER, and no PKCS#8 and no SubjectPublicKeyInfo; give one of them")
    import base64

    body = base64.encodebytes(data).replace(b"\n", b"")
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return b"\n".join([b"-----BEGIN %b-----" % label, *lines, b"-----END %b-----" % label, b""])


def _label(der: bytes) -> bytes | None:
    """What the elements of the outer SEQUENCE say: PKCS#8 begins with a version, the others with an algorithm."""
    try:
        begin, _ = _contents(der, 0)
        if der[begin] == 0x02:
            return b"PRIVATE KEY"
        if der[begin] != 0x30:
            return None
        inner, size = _contents(der, begin)
        return {0x04: b"ENCRYPTED PRIVATE KEY", 0x03: b"PUBLIC KEY"}.get(der[inner + size])
    except IndexError:
        return None


def _contents(der: bytes, at: int) -> tuple[int, int]:
    """Where the contents of the element at that place begin, and how long they are."""
    first = der[at + 1]
    if first < 0x80:
        return at + 2, first
    count = first & 0x7F
    return at + 2 + count, int.from_bytes(der[at + 2 : at + 2 + count], "big")


def _line(data: bytes) -> bytes:
    """Without one line break at the end, which editors add."""
    return data.removesuffix(b"\n").removesuffix(b"\r")
