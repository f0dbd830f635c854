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

from dataclasses import dataclass, replace

from qee.circuits.report import Scan

MIB = 2**20
MAX_BYTES = 2**62
OBJECT = 4 * 1024  # see Scan.objects; Aer took 3 KiB for an empty round of a loop, 2 for a level of gate calls
FEW_OBJECTS = 256  # within the margin of the base
USUAL_ROOM = 4 * 2**30
NOISY_OPERATIONS = 4
CIRQ_MIXED_QUBITS = 10  # as in qee.runner.engines.cirq.methods
CHEAP_BOND_BITS = 7  # up to this the runner takes a matrix product for what fits in no state vector
CONTROL_FLOW = frozenset(("if", "for", "while", "switch", "box", "def"))  # absent where it does


@dataclass(frozen=True, slots=True)
class _Engine:
    """`base`: an idle process and a margin, MiB. `operation`: for each, KiB. `copies`: of the state, at once."""

    base: int
    operation: int
    copies: dict[tuple[str, str], int]

    def copies_of(self, method: str, precision: str) -> int:
        return self.copies.get((method, precision), self.copies.get((method, ""), 1))


_COSTS: dict[str, _Engine] = {
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
class Asked:
    """What a job asks of a circuit: `shots` of one execution; `noisy`: under a noise model; `exact`: numbers that come
    from the state itself (probabilities, amplitudes, exact expectation values); `routed`: qubits that routing on a
    device adds, those that it surely takes and those that it may take.
    """

    shots: int = 1024
    noisy: bool = False
    exact: bool = False
    routed: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Memory for one circuit.

    Attributes:
        bytes: what the runner's process needs, at most 2^62.
        method: the simulation method that the estimate is for, never "automatic".
        formula: how it came about, for people: "160 MiB + 14 KiB x 30 operations + 16 bytes x 2^24 = 417 MiB".
        spare: bytes that it may need beyond, where routing takes more qubits than it has to.
        bounded: False where the need depends on the state itself (matrix product states), and bytes is a floor.
    """

    bytes: int
    method: str
    formula: str
    bounded: bool = True
    spare: int = 0


def estimate_memory(
    scan: Scan,
    engine: str,
    method: str | None = "automatic",
    precision: str | None = "double",
    room: int = USUAL_ROOM,
    asked: Asked | None = None,
) -> Estimate:
    """Estimates the peak memory of a runner that runs one circuit.

    Args:
        engine: "aer" or "cirq".
        method: spec.simulator.method; absent: automatic, which is resolved as the engine will.
        precision: "double" (16 bytes an amplitude) or "single" (8); absent: double.
        room: bytes that the job may have. With `automatic`, Aer's runner takes a matrix product for a circuit of little
            entanglement whose state vector exceeds it.
        asked: beside counts of a noiseless run; None: nothing.
    """
    engine, method, precision = str(engine), str(method or "automatic"), str(precision or "double")
    asked = asked or Asked()
    if asked.noisy:
        return _routed(scan, engine, method, precision, room, asked)
    # For these the runners take the state itself, a mixed one after a reset; Cirq's for every reset.
    if asked.exact and engine == "cirq":
        mixed = method == "density_matrix" or "reset" in scan.constructs
        return _estimate(scan, engine, "density_matrix" if mixed else "statevector", precision)
    if asked.exact and engine == "aer" and scan.late_resets:
        return _estimate(scan, engine, "density_matrix", precision)
    if method != "automatic":
        return _estimate(scan, engine, method, precision)
    if _takes_stabilizer(scan, engine):
        return _estimate(scan, engine, "stabilizer", precision)
    vector = _estimate(scan, engine, "statevector", precision)
    if engine == "aer" and vector.bytes > room and _is_cheap_matrix_product(scan):
        return _estimate(scan, engine, "matrix_product_state", precision)
    return vector


def _routed(scan: Scan, engine: str, method: str, precision: str, room: int, asked: Asked) -> Estimate:
    """On a device the circuit has the qubits that routing adds, too."""
    least, most = asked.routed
    found = [
        _noisy(replace(scan, qubits=scan.qubits + added), engine, method, precision, room, asked)
        for added in range(least, most + 1)
    ]
    spare = max(each.bytes for each in found) - found[0].bytes
    text = f", {least} of {scan.qubits + least} qubits for routing" if least else ""
    return replace(found[0], spare=spare, formula=found[0].formula + text)


def _noisy(scan: Scan, engine: str, method: str, precision: str, room: int, asked: Asked) -> Estimate:
    """Under noise a circuit has more operations: its gates become those of the model, each with its error.

    With `automatic` Aer takes a density matrix where there are more shots than amplitudes and it fits (tried with
    0.18.2), Cirq's runner up to CIRQ_MIXED_QUBITS. Exact probabilities need one.
    """
    scan = replace(scan, operations=scan.operations * NOISY_OPERATIONS, objects=scan.objects * NOISY_OPERATIONS)
    matrix = _estimate(scan, engine, "density_matrix", precision)
    if asked.exact or method == "density_matrix":
        return matrix
    if method != "automatic":
        return _estimate(scan, engine, method, precision)
    few = scan.qubits <= CIRQ_MIXED_QUBITS if engine != "aer" else asked.shots > 2**scan.qubits and matrix.bytes <= room
    return matrix if few else _estimate(scan, engine, "statevector", precision)


def _takes_stabilizer(scan: Scan, engine: str) -> bool:
    """Of Clifford circuits Aer takes those to the stabilizer method that it knows by the names of their gates.

    Cirq takes those that are unitary, and others where a state vector does not fit.
    """
    named = scan.gates <= AER_STABILIZER and "pow modifier" not in scan.constructs
    return scan.clifford and (engine != "aer" or named)


def _is_cheap_matrix_product(scan: Scan) -> bool:
    return scan.bond_bits is not None and scan.bond_bits <= CHEAP_BOND_BITS and not scan.constructs & CONTROL_FLOW


def _estimate(scan: Scan, engine: str, method: str, precision: str) -> Estimate:
    costs = _COSTS.get(engine, _COSTS["cirq"])
    n = scan.qubits
    need = costs.base * MIB + costs.operation * 1024 * scan.operations
    text = f"{costs.base} MiB + {costs.operation} KiB x {scan.operations} operations"
    others = scan.objects - scan.operations
    if others > FEW_OBJECTS:
        need += OBJECT * others
        text += f" + {OBJECT // 1024} KiB x {others} other objects"
    amplitude = 8 if precision == "single" else 16
    copies = costs.copies_of(method, precision)
    times = f"{copies} x " if copies > 1 else ""
    bounded = True
    if method in ("statevector", "density_matrix", "unitary"):
        root = 2 if method == "statevector" else 4
        need += amplitude * copies * root ** min(n, 70)
        text += f" + {times}{amplitude} bytes x {root}^{n}"
    elif method == "stabilizer":
        need += 4 * n * n
        text += f" + 4 bytes x {n}^2"
    elif method == "matrix_product_state" and _is_cheap_matrix_product(scan):
        need += 64 * n * 4 ** (scan.bond_bits or 0)  # two complex matrices for each qubit, and their successors
        text += f" + 64 bytes x {n} x 4^{scan.bond_bits}"
    else:
        bounded = False
    need = min(need, MAX_BYTES)
    text += f" = {_size(need)}" + ("" if bounded else ", and more as entanglement grows")
    return Estimate(need, method, text, bounded)


def _size(number: int) -> str:
    if number >= 2**60:
        return "more than 1 EiB"
    if number >= 100 * 2**30:
        return f"{-(-number // 2**30)} GiB"
    return f"{-(-number // MIB)} MiB"
