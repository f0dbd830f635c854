"""QPY, Qiskit's binary circuit format, looked at without Qiskit and without building the circuit."""

from qee.circuits.errors import circuit_too_large, invalid_circuit
from qee.circuits.qpy.circuit import check
from qee.circuits.qpy.file import NEWEST, OLDEST, Header, read_header
from qee.circuits.report import Limits, Scan

__all__ = ["NEWEST", "OLDEST", "Header", "read_header", "scan_qpy"]

FORMAT = "qpy"
_FLOW = frozenset({"if", "while", "switch"})


def scan_qpy(data: bytes, limits: Limits) -> Scan:
    """Counts the circuit in a QPY file, in time linear in its size.

    Clifford circuits are not recognised. Raises ScanError, without a line.
    """
    if len(data) > limits.max_bytes:
        raise circuit_too_large(f"the file has {len(data)} bytes, {limits.max_bytes} are possible; split it")
    version, found = check(data, limits)
    if not found.qubits:
        raise invalid_circuit("the circuit has no qubits")
    return Scan(
        format=FORMAT,
        version=str(version),
        qubits=found.qubits,
        classical_bits=found.clbits,
        registers=tuple(found.registers),
        operations=found.operations,
        objects=found.operations,
        multi_qubit_operations=found.multi_qubit,
        measured=found.measured,
        clifford=False,
        feed_forward=bool(found.constructs & _FLOW),
        mid_circuit=found.mid_circuit,
        needs_deadline="while" in found.constructs,
        gates=frozenset(found.gates),
        constructs=frozenset(found.constructs),
        late_resets=found.late_resets,
        inputs=tuple(found.parameters),
        active=found.used.bit_count(),
        used_inputs=frozenset(found.parameters),
    )
