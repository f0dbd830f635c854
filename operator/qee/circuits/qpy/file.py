"""Bytes of QPY, Qiskit's binary circuit format, read with bounds: the file's header and the values in it.

Loading QPY below version 13 can run code (CVE-2025-2000), and a symengine payload can corrupt memory (CVE-2025-1403).
The layout is that of `qiskit.qpy`'s documentation, chapter "QPY Format".
"""

import ast
import math
import re
import struct
from dataclasses import dataclass
from typing import Any

from qee.circuits.errors import ScanError, circuit_too_large, invalid_circuit, unsupported_construct

OLDEST, NEWEST = 13, 18  # 18 is what Qiskit 2.6 writes
MAX_PROGRAMS = 300
MAX_NAME = 256  # bytes of a name
MAX_ARRAY_HEADER = 1024  # bytes; numpy writes 118 for numbers

_HEADER = struct.Struct("!6sBBBBQc")  # Qiskit's FILE_HEADER_V10
_MAGIC = b"QISKIT"
_NUMPY = re.compile(rb"\x93NUMPY\x01\x00(..)", re.DOTALL)
_NUMBERS = re.compile(r"[<>|=]?[biufc]\d{1,2}")


def broken(what: str) -> ScanError:
    return invalid_circuit(f"the QPY file is broken: {what}; write it again with qiskit.qpy.dump")


def refused(what: str, instead: str) -> ScanError:
    return unsupported_construct(f"QPY with {what} is not loaded; {instead}")


@dataclass(frozen=True, slots=True)
class Header:
    """`version` of QPY, `qiskit` that wrote it as (major, minor, patch), and the number of circuits."""

    version: int
    qiskit: tuple[int, int, int]
    programs: int


def read_header(data: bytes) -> Header:
    """The header of a QPY file. Raises ScanError for what is none, too old, too new, or of unsafe encoding."""
    if data[:6] != _MAGIC or len(data) < 7:
        raise invalid_circuit("this is no QPY file; check spec.format")
    version = data[6]
    if version < OLDEST:
        raise unsupported_construct(
            f"QPY version {version}: loading any below {OLDEST} is unsafe; write it again with Qiskit 1.3 or newer"
        )
    if version > NEWEST:
        raise unsupported_construct(
            f"QPY version {version} is not known yet; write it with qpy.dump(..., version={NEWEST})"
        )
    if len(data) < _HEADER.size:
        raise invalid_circuit("the QPY file ends within its header")
    _, _, major, minor, patch, programs, encoding = _HEADER.unpack_from(data)
    if encoding != b"p":
        raise unsupported_construct("QPY with symengine expressions is unsafe; write it with use_symengine=False")
    if not 1 <= programs <= MAX_PROGRAMS:
        raise circuit_too_large(f"the QPY file holds {programs} circuits; 1 to {MAX_PROGRAMS} are possible")
    return Header(version, (major, minor, patch), programs)


class Reader:
    """A cursor over bytes that never reads beyond their end: a broken length is an error before it costs memory."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def fields(self, layout: str) -> tuple[Any, ...]:
        """What `struct` finds in the next bytes."""
        return struct.unpack(layout, self.take(struct.calcsize(layout)))

    def take(self, size: int) -> bytes:
        """The next `size` bytes. Raises ScanError beyond the end."""
        if not 0 <= size <= len(self.data) - self.at:
            raise broken("it ends early")
        self.at += size
        return self.data[self.at - size : self.at]

    def text(self, size: int) -> str:
        try:
            return self.take(size).decode()
        except UnicodeDecodeError:
            raise broken("a name is no text") from None

    def name(self, size: int) -> str:
        """The same for what others refer to by a few bytes: bounded, for it is written out at each of them."""
        if size > MAX_NAME:
            raise circuit_too_large(f"a name has {size} bytes, {MAX_NAME} are possible; shorten it")
        return self.text(size)

    def left(self) -> int:
        return len(self.data) - self.at

    def typed(self) -> tuple[bytes, bytes]:
        """The next INSTRUCTION_PARAM: its type key and its bytes."""
        key, size = self.fields("!cQ")
        return key, self.take(size)

    def end(self, what: str) -> None:
        """Raises ScanError unless everything was read."""
        if self.left():
            raise broken(f"{self.left()} bytes follow {what}")


def check_array(data: bytes) -> None:
    """An array of numbers in numpy's format, as long as it says. numpy.load would take pickles and zip files, too."""
    found = _NUMPY.match(data)
    if not found:
        raise refused("an array that is not in numpy's plain format", "give numbers")
    start = 10 + int.from_bytes(found[1], "little")
    if start > MAX_ARRAY_HEADER:
        raise broken("an array's header is too long")
    try:
        described = ast.literal_eval(data[10:start].decode("ascii").strip())
        kind, shape = described["descr"], described["shape"]
        cells = math.prod(shape)
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError):
        raise broken("an array's header cannot be read") from None
    if not isinstance(kind, str) or not _NUMBERS.fullmatch(kind):
        raise refused("an array of objects", "give numbers")
    size = int(re.sub(r"\D", "", kind))
    if any(not isinstance(each, int) or each < 0 for each in shape) or cells * size != len(data) - start:
        raise broken("an array has another size than it says")
