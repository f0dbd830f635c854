"""Who signs: private keys of this process, or a program that signs for a public key."""

import base64
import binascii
import json
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from qee.cli.problem import Problem
from qee.cli.sign import secret
from qee.cli.sign.options import SigningOptions
from qee.cli.sign.secret import Passphrase
from qee.cli.sign.suite import installed_suite
from qee.signing.external import mu
from qee.signing.keys import KeyProblem, PrivateKey, PublicKey

EXEC = "exec:"
EXEC_SECONDS = 60.0
MAX_OUTPUT = 65_536


@dataclass(frozen=True)
class Signer:
    """One who signs. Either `key` or `command` is there."""

    public: PublicKey
    key: PrivateKey | None = None
    command: str = ""

    def sign(self, message: bytes, context: bytes) -> bytes:
        """A signature over the message, checked. Raises Problem."""
        if self.key:
            value = self.key.sign(message, context)
        else:
            value = _by_program(self.command, self.public, message, context)
        if not installed_suite().verify(self.public.algorithm, self.public.raw, message, value, context):
            raise Problem(
                f"{self.command or self.public.key_id}: its signature does not hold for key {self.public.key_id}; "
                "does the private key belong to --public, and is what is signed mu (external mu of FIPS 204)?"
            )
        return value


def signers(options: SigningOptions) -> list[Signer]:
    """All that the options name, at least one. Raises Problem."""
    found, passphrase = [], options.passphrase()
    for path in options.key or ():
        found.append(_own(secret.read_file(path, "--key"), path, passphrase))
        secret.warn_of_readers(path)
    if options.key_fd is not None:
        data = secret.read_descriptor(options.key_fd, "--key-fd")
        found.append(_own(data, f"--key-fd {options.key_fd}", passphrase))
    if options.key_env is not None:
        data = secret.read_variable(options.key_env, "--key-env")
        found.append(_own(data, f"--key-env {options.key_env}", passphrase))
    if (options.signer is None) != (options.public is None):
        raise Problem("--signer exec:CMD and --public PUB belong together; give both")
    if options.signer is not None and options.public is not None:
        found.append(_external(options.signer, options.public))
    if not found:
        raise Problem("there is nothing to sign with; give --key FILE, --key-fd, --key-env, or --signer and --public")
    if len({signer.public.key_id for signer in found}) != len(found):
        raise Problem("--key: the same key is given twice; leave one out")
    return found


def public_keys(paths: Sequence[str]) -> list[PublicKey]:
    return [secret.public_key(secret.read_file(path, "--with"), f"--with {path}") for path in paths]


def _own(data: bytes, origin: str, passphrase: Passphrase) -> Signer:
    key = secret.private_key(data, origin, passphrase)
    return Signer(key.public, key)


def _external(signer: str, public: str) -> Signer:
    command = signer.removeprefix(EXEC)
    if command == signer or not command.strip():
        raise Problem(f"--signer {signer}: is no signer; write exec: and a command, for example exec:./sign-with-token")
    key = secret.public_key(secret.read_file(public, "--public"), f"--public {public}")
    try:
        mu(key, b"", b"")  # whether it has one
        shlex.split(command)
    except KeyProblem as problem:
        raise Problem(f"--public {public}: {problem}") from None
    except ValueError as error:
        raise Problem(f"--signer {signer}: {str(error).lower()}; check its quotes") from None
    return Signer(key, command=command)


def _by_program(command: str, public: PublicKey, message: bytes, context: bytes) -> bytes:
    """Asks the program: one line of JSON in, base64 out. Without a shell."""
    asked = {"mu": mu(public, message, context).hex(), "algorithm": public.algorithm.name, "keyid": public.key_id}
    line = json.dumps(asked, separators=(",", ":")).encode() + b"\n"
    try:
        done = subprocess.run(  # noqa: S603 - the command is the user's own
            shlex.split(command), input=line, capture_output=True, timeout=EXEC_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Problem(f"--signer: {command!r} has not answered within {EXEC_SECONDS:.0f} s") from None
    except OSError as error:
        raise Problem(f"--signer: {command!r} cannot be run: {error.strerror}") from None
    if done.returncode != 0:
        told = done.stderr[:2000].decode(errors="replace").strip().splitlines()[:3]
        raise Problem(f"--signer: {command!r} exited with {done.returncode}", details=told)
    try:
        return base64.b64decode(b"".join(done.stdout[:MAX_OUTPUT].split()), validate=True)
    except binascii.Error:
        raise Problem(f"--signer: {command!r} did not write a signature in base64 to its standard output") from None
