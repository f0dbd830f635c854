"""How much memory an engine needs for a circuit.

The constants are peak resident set sizes on x86-64, Python 3.11, qiskit-aer 0.18.2 and cirq-core 1.7.0, of the whole
process from start to counts. Aer: 118 MiB with 2 qubits, and 60, 251 MiB more with 22, 24 (16 x 2^n is 64, 256). Cirq,
whose simulators hold complex64: 199 MiB with 2 qubits, and 35, 147, 592, 2,320 MiB more with 20, 22, 24, 26, that is
4.4 to 4.6 times 8 x 2^n; density matrices the same with 4^n.
"""

from dataclasses import dataclass

from qee.circuits.report import Scan

MIB = 2**20
BASE = {"aer": 160 * MIB, "cirq": 260 * MIB}
COPIES = {"aer": 1, "cirq": 5}
PER_OPERATION = {"aer": 12 * 1024, "cirq": 12 * 1024}
MAX_BYTES = 2**62

# What Aer's `automatic` gives to the stabilizer method, by name and whatever the angles of others (tried with 0.18.2).
AER_STABILIZER = frozenset(
    ("cx", "CX", "cy", "cz", "h", "s", "sdg", "swap", "sx", "sxdg", "x", "y", "z", "rz", "gphase")
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Memory for one circuit.

    Attributes:
        bytes: what the runner's process needs, at most 2^62.
        method: the simulation method that the estimate is for, never "automatic".
        formula: how it came about, for people: "160 MiB + 12 KiB x 30 operations + 16 bytes x 2^24 = 417 MiB".
        bounded: False where the need depends on the state itself (matrix product states), and bytes is a floor.
    """

    bytes: int
    method: str
    formula: str
    bounded: bool = True


def resolved_method(scan: Scan, engine: str, method: str = "automatic") -> str:
    """The method that an engine takes for "automatic"; any other method is returned as it is."""
    if method != "automatic":
        return method
    if engine == "aer" and scan.clifford and scan.gates <= AER_STABILIZER and "pow modifier" not in scan.constructs:
        return "stabilizer"
    if engine == "cirq" and scan.clifford and not (scan.feed_forward or scan.mid_circuit or "reset" in scan.constructs):
        return "stabilizer"
    return "statevector"


def estimate_memory(
    scan: Scan, engine: str, method: str | None = "automatic", precision: str | None = "double"
) -> Estimate:
    """Estimates peak memory.

    Args:
        engine: "aer" or "cirq".
        method: spec.simulator.method; absent: automatic.
        precision: "double" or "single" amplitudes; Cirq holds single ones whatever is asked. Absent: double.
    """
    engine, method = str(engine), resolved_method(scan, str(engine), str(method or "automatic"))
    n = scan.qubits
    base = BASE.get(engine, BASE["cirq"])
    per_operation = PER_OPERATION.get(engine, PER_OPERATION["cirq"])
    fixed = base + per_operation * scan.operations
    text = f"{base // MIB} MiB + {per_operation // 1024} KiB x {scan.operations} operations"
    amplitude = 8 if engine == "cirq" or str(precision or "double") == "single" else 16
    copies = COPIES.get(engine, 1)
    times = f"{copies} x " if copies > 1 else ""
    if method in ("statevector", "density_matrix", "unitary"):
        root = 2 if method == "statevector" else 4
        state = amplitude * copies * root ** min(n, 70)
        text += f" + {times}{amplitude} bytes x {root}^{n}"
    elif method in ("stabilizer", "clifford"):
        state = 4 * n * n
        text += f" + 4 bytes x {n}^2"
    else:
        return Estimate(
            min(fixed, MAX_BYTES), method, f"{text} = {_size(fixed)}, and more as entanglement grows", bounded=False
        )
    total = min(fixed + state, MAX_BYTES)
    return Estimate(total, method, f"{text} = {_size(total)}")


def _size(number: int) -> str:
    if number >= 2**60:
        return "more than 1 EiB"
    if number >= 100 * 2**30:
        return f"{number / 2**30:.0f} GiB"
    return f"{-(-number // MIB)} MiB"
