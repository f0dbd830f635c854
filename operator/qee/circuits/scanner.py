"""The entry point: a circuit's source to a `Scan`, within bounds and without an SDK."""

from qee.circuits.cirq_json import scan_cirq_json
from qee.circuits.errors import ScanError, invalid_circuit, quoted
from qee.circuits.openqasm.scan import scan_openqasm
from qee.circuits.openqasm.tokens import read_text
from qee.circuits.qpy.scan import scan_qpy
from qee.circuits.report import Limits, Scan

FORMATS = ("openqasm3", "openqasm2", "qpy", "cirq-json")


def scan(format: str, source: str | bytes, limits: Limits | None = None) -> Scan:
    """Looks at a circuit without building it, in time linear in its size.

    Args:
        format: one of FORMATS.
        source: the circuit, as text or UTF-8 bytes; of "qpy" the file's bytes.
        limits: bounds to keep; absent: the defaults of `Limits`.

    Errors: ScanError, and nothing else, for whatever is not a program of that format within the bounds.
    """
    try:
        return scan_unguarded(format, source, limits or Limits())
    except (ScanError, MemoryError):
        raise
    except Exception as error:  # a bug of the scanner must refuse one circuit, not stop the operator
        raise invalid_circuit(f"the scanner failed ({type(error).__name__}); please report this circuit") from error


def scan_unguarded(format: str, source: str | bytes, limits: Limits) -> Scan:
    """`scan` without its safety net, so that tests see bugs."""
    if format not in FORMATS:
        raise invalid_circuit(f"the format {quoted(str(format))} is not one of {', '.join(FORMATS)}")
    if format == "qpy":
        return scan_qpy(source.encode() if isinstance(source, str) else source, limits)
    if format == "cirq-json":
        return scan_cirq_json(read_text(source, limits.max_bytes), limits)
    return scan_openqasm(format, read_text(source, limits.max_bytes), limits)
