"""The header of QPY, Qiskit's binary circuit format. Header only: what follows is for a later version.

Loading QPY below version 13 can run code (CVE-2025-2000), and a symengine payload can corrupt memory (CVE-2025-1403).
"""

import struct
from dataclasses import dataclass

from qee.api.reasons import Reason
from qee.circuits.errors import ScanError

OLDEST, NEWEST = 13, 18  # 18 is what Qiskit 2.6 writes
MAX_PROGRAMS = 300

_HEADER = struct.Struct("!6sBBBBQc")  # Qiskit's FILE_HEADER_V10
_MAGIC = b"QISKIT"


@dataclass(frozen=True, slots=True)
class Header:
    """`version` of QPY, `qiskit` that wrote it as (major, minor, patch), and the number of circuits."""

    version: int
    qiskit: tuple[int, int, int]
    programs: int


def read_header(data: bytes) -> Header:
    """The header of a QPY file. Raises ScanError for what is none, too old, too new, or of unsafe encoding."""
    if data[:6] != _MAGIC or len(data) < 7:
        raise ScanError(Reason.INVALID_CIRCUIT, "this is no QPY file; check spec.format")
    version = data[6]
    if version < OLDEST:
        raise ScanError(
            Reason.UNSUPPORTED_CONSTRUCT,
            f"QPY version {version}: loading any below {OLDEST} is unsafe; write it again with Qiskit 1.3 or newer",
        )
    if version > NEWEST:
        raise ScanError(
            Reason.UNSUPPORTED_CONSTRUCT,
            f"QPY version {version} is not known yet; write it with qpy.dump(..., version={NEWEST})",
        )
    if len(data) < _HEADER.size:
        raise ScanError(Reason.INVALID_CIRCUIT, "the QPY file ends within its header")
    _, _, major, minor, patch, programs, encoding = _HEADER.unpack_from(data)
    if encoding != b"p":
        raise ScanError(
            Reason.UNSUPPORTED_CONSTRUCT, "QPY with symengine expressions is unsafe; write it with use_symengine=False"
        )
    if not 1 <= programs <= MAX_PROGRAMS:
        raise ScanError(
            Reason.CIRCUIT_TOO_LARGE, f"the QPY file holds {programs} circuits; 1 to {MAX_PROGRAMS} are possible"
        )
    return Header(version, (major, minor, patch), programs)
