"""A result document as a file on a volume: written so that it is whole or not there, read so that it is the one meant.

Standard library only: the runner imports this before its sandbox is on.
"""

import gzip
import hashlib
import os
import zlib
from pathlib import Path

from qee.documents.canonical import DocumentError
from qee.documents.reference import ResultFile, file_path

_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to ask for gzip's header and trailer
_SLICE = 2**20
_MODE = 0o640  # who reads it is in the volume's group


def write(volume: Path, uid: str, attempt: int, index: int, document: bytes) -> ResultFile:
    """Put the document onto the volume that is mounted at `volume`; a file that a former try left is replaced.

    The same document gives the same bytes. Raises OSError where the volume does not take it; then no unfinished file
    stays.
    """
    path = file_path(uid, attempt, index)
    target = volume / path
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    try:
        # The directory is a user's: what lies there under this name, a link above all, is not to be written through.
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _MODE)
        with open(descriptor, "wb") as file:
            with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0) as packed:
                for start in range(0, len(document), _SLICE):  # at once, it would be in memory a second time
                    packed.write(memoryview(document)[start : start + _SLICE])
            file.flush()
            os.fsync(file.fileno())
            stored = file.tell()
        unfinished.replace(target)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    _sync(target.parent)
    return ResultFile(index, path, hashlib.sha256(document).hexdigest(), len(document), stored)


def read(path: Path, expected: ResultFile) -> bytes:
    """The document in the file at `path`. No more than the stated bytes are read or unpacked.

    Raises DocumentError, with the file's name and the digest expected, where it is not the one that `expected` states,
    and OSError where it cannot be read.
    """
    with path.open("rb") as file:
        packed = file.read(expected.stored + 1)
    if len(packed) != expected.stored:
        raise _other(path, expected, f"it has not the {expected.stored} bytes that the reference states")
    stream = zlib.decompressobj(_GZIP)
    try:
        document = stream.decompress(packed, expected.size + 1)
    except zlib.error:
        raise _other(path, expected, "it is not gzip") from None
    if len(document) != expected.size or not stream.eof or stream.unused_data:
        raise _other(path, expected, f"it does not unpack to the {expected.size} bytes that the reference states")
    if hashlib.sha256(document).hexdigest() != expected.sha256:
        raise _other(path, expected, "its document has another digest")
    return document


def _sync(directory: Path) -> None:
    """The rename is lasting once the directory is."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _other(path: Path, expected: ResultFile, why: str) -> DocumentError:
    return DocumentError(
        f"{path} is not the result's file {expected.path}: {why}; its document must have SHA-256 {expected.sha256}"
    )
