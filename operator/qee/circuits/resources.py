"""How much memory an engine needs for a circuit.

The constants are peak resident set sizes of whole runner processes on x86-64, Python 3.11, qiskit-aer 0.18.2, cirq-core
1.7.0:

- Aer: 117 MiB with 2 qubits, and 12, 124, 252 MiB more with 20 qubits, 24 in single and 24 in double precision (2^n
  amplitudes are 16, 128, 256); density matrices of 10 and 12 qubits 12 and 252 (4^n are 16, 256). An operation from a
  loop or a gate definition costs 12 to 14 KiB (20,000: 245 MiB, 90,000: 1,103 MiB), one in the source 2 to 9.
- Cirq: 187 MiB with 2 qubits, and 55, 239, 910 MiB more with 20, 22 and 24 qubits in double precision, 35, 147 with 20
  and 22 in single precision (3.4 to 3.7 and 4.4 to 4.6 times the amplitudes); density matrices of 10 qubits 70 (4.4
  times). 4,096 operations from gate definitions cost 13 MiB.
"""

from dataclasses import dataclass

from qee.circuits.report import Scan

MIB = 2**20
MAX_BYTES = 2**62


@dataclass(frozen=True, slots=True)
class _Engine:
    """`base`: an idle process and a margin, MiB. `operation`: for each, KiB. `copies`: of the state, at once."""

    base: int
    operation: int
    copies: dict[tuple[str, str], int]

    def copies_of(self, method: str, precision: str) -> int:
        return self.copies.get((method, precision), self.copies.get((method, ""), 1))


_ENGINES = {
    "aer": _Engine(base=160, operation=14, copies={}),
    "cirq": _Engine(
        base=240,
        operation=4,
        copies={("statevector", "double"): 4, ("statevector", "single"): 5, ("density_matrix", ""): 5},
    ),
}

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
        formula: how it came about, for people: "160 MiB + 14 KiB x 30 operations + 16 bytes x 2^24 = 417 MiB".
        bounded: False where the need depends on the state itself (matrix product states), and bytes is a floor.
    """

    bytes: int
    method: str
    formula: str
    bounded: bool = True


def resolved_method(scan: Scan, engine: str, method: str = "automatic") -> str:
    """The method that an engine takes for "automatic"; any other method is returned as it is.

    Of Clifford circuits Aer gives those to the stabilizer method that it knows by the names of their gates, Cirq those
    that are unitary, and others where a state vector does not fit.
    """
    if method != "automatic":
        return method
    named = scan.gates <= AER_STABILIZER and "pow modifier" not in scan.constructs
    if scan.clifford and (engine != "aer" or named):
        return "stabilizer"
    return "statevector"


def estimate_memory(
    scan: Scan, engine: str, method: str | None = "automatic", precision: str | None = "double"
) -> Estimate:
    """Estimates the peak memory of a runner that runs one circuit.

    Args:
        engine: "aer" or "cirq".
        method: spec.simulator.method; absent: automatic.
        precision: "double" (16 bytes an amplitude) or "single" (8); absent: double.
    """
    name = str(engine)
    costs = _ENGINES.get(name, _ENGINES["cirq"])
    method = resolved_method(scan, name, str(method or "automatic"))
    precision = str(precision or "double")
    n = scan.qubits
    fixed = costs.base * MIB + costs.operation * 1024 * scan.operations
    text = f"{costs.base} MiB + {costs.operation} KiB x {scan.operations} operations"
    amplitude = 8 if precision == "single" else 16
    copies = costs.copies_of(method, precision)
    times = f"{copies} x " if copies > 1 else ""
    if method in ("statevector", "density_matrix", "unitary"):
        root = 2 if method == "statevector" else 4
        state = amplitude * copies * root ** min(n, 70)
        text += f" + {times}{amplitude} bytes x {root}^{n}"
    elif method == "stabilizer":
        state = 4 * n * n
        text += f" + 4 bytes x {n}^2"
    else:
        floor = min(fixed, MAX_BYTES)
        return Estimate(floor, method, f"{text} = {_size(floor)}, and more as entanglement grows", bounded=False)
    total = min(fixed + state, MAX_BYTES)
    return Estimate(total, method, f"{text} = {_size(total)}")


def _size(number: int) -> str:
    if number >= 2**60:
        return "more than 1 EiB"
    if number >= 100 * 2**30:
        return f"{-(-number // 2**30)} GiB"
    return f"{-(-number // MIB)} MiB"
