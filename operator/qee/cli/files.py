"""Reading files within bounds, and writing them whole or not at all."""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from qee.cli.problem import Problem


def read(path: str, most: int, name: str, remedy: str, *, stdin: bool = False) -> bytes:
    """At most so many bytes of a file; with `stdin`, - is that. Raises Problem, in which the file is called `name`."""
    try:
        if stdin and path == "-":
            data = sys.stdin.buffer.read(most + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(most + 1)
    except OSError as error:
        raise Problem(f"{name}: cannot be read: {error.strerror}") from None
    if len(data) > most:
        raise Problem(f"{name}: more than {most} bytes{remedy}")
    return data


def write(path: str, data: bytes, *, mode: int | None = None, replace: bool, what: str, follow: bool = False) -> None:
    """The file with these bytes; a reader sees the old one or the new one. Raises Problem.

    mode: None keeps that of the file that is replaced. Without `replace` an existing file is an error, also one that
    comes into being meanwhile. A symbolic link is an error, for another user may have laid it there to have a file of
    ours replaced; with `follow`, for a file that was read through it, the link stays and what it leads to is replaced.
    Devices and pipes, such as /dev/stdout, are written to.
    """
    target = Path(path).resolve() if follow else Path(path)
    try:
        if path.startswith("/dev/") or target.is_fifo() or target.is_char_device():
            target.write_bytes(data)
            return
        if target.is_symlink():
            raise Problem(f"{what} {path}: is a symbolic link to {target.readlink()}; give the file itself")
        if mode is None:
            mode = target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask()
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                os.replace(name, target)
            else:
                os.link(name, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
    except FileExistsError:
        raise Problem(f"{what} {path}: is there already; give another name, or --force to replace it") from None
    except OSError as error:
        raise Problem(f"{what} {path}: cannot be written: {error.strerror}") from None


def _umask() -> int:
    now = os.umask(0o077)
    os.umask(now)
    return now
