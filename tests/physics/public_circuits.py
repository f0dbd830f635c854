"""Circuits that people know by name from QASMBench (arXiv:2005.13018) and MQT Bench (arXiv:2204.13719).

By generators of our own: lists of gates, so that two engines and a third, independent theory run the same program.

Sizes are those that all three compute in a second. `certain` is the one outcome of a circuit that has only one.
"""

import itertools
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.physics.theory import Gate

PI = math.pi


@dataclass(frozen=True)
class PublicCircuit:
    """All qubits are measured at the end, qubit i into bit i."""

    name: str
    qubits: int
    gates: tuple[Gate, ...]
    certain: str | None = None

    @property
    def openqasm2(self) -> str:
        lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{self.qubits}];", f"creg c[{self.qubits}];"]
        for name, angles, on in self.gates:
            given = f"({', '.join(map(repr, angles))})" if angles else ""
            lines.append(f"{name}{given} {', '.join(f'q[{qubit}]' for qubit in on)};")
        return "\n".join([*lines, "measure q -> c;"])

    @property
    def openqasm3(self) -> str:
        """The same with OpenQASM 3's names of the library's gates."""
        names = {"u1": "p", "cu1": "cp", "cu3": "cu"}  # cu has one more angle, the control's phase
        lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', f"qubit[{self.qubits}] q;", f"bit[{self.qubits}] c;"]
        for name, angles, on in self.gates:
            angles = (*angles, 0.0) if name == "cu3" else angles
            given = f"({', '.join(map(repr, angles))})" if angles else ""
            lines.append(f"{names.get(name, name)}{given} {', '.join(f'q[{qubit}]' for qubit in on)};")
        return "\n".join([*lines, "c = measure q;"])


def g(name: str, *on: int, angles: Sequence[float] = ()) -> Gate:
    return name, tuple(angles), on


def h(*on: int) -> list[Gate]:
    return [g("h", qubit) for qubit in on]


def ghz(n: int) -> list[Gate]:
    return [*h(0), *(g("cx", i, i + 1) for i in range(n - 1))]


def w_state(n: int) -> list[Gate]:
    """Amplitudes of 1/sqrt n on each single excitation: Cruz et al., arXiv:1807.05572."""
    gates = [g("x", 0)]
    for i in range(n - 1):
        angle = 2 * math.acos(math.sqrt(1 / (n - i)))
        gates += [g("cu3", i, i + 1, angles=(angle, 0, 0)), g("cx", i + 1, i)]
    return gates


def graph_state(n: int) -> list[Gate]:
    ring = [g("cz", i, (i + 1) % n) for i in range(n)]
    turned = [g("rx", i, angles=(0.3 * (i + 1),)) for i in range(n)]
    return [*h(*range(n)), *ring, *turned]


def qft(on: Sequence[int], inverse: bool = False) -> list[Gate]:
    """With the highest qubit last in `on`; bit reversal included."""
    sign = -1 if inverse else 1
    gates: list[Gate] = []
    for place in reversed(range(len(on))):
        gates.append(g("h", on[place]))
        gates += [g("cu1", on[k], on[place], angles=(sign * PI / 2 ** (place - k),)) for k in reversed(range(place))]
    gates += [g("swap", on[k], on[-1 - k]) for k in range(len(on) // 2)]
    return [*reversed(gates)] if inverse else gates


def prepared(n: int) -> list[Gate]:
    return [g("ry", i, angles=(0.4 + 0.5 * i,)) for i in range(n)]


def bernstein_vazirani(secret: str) -> list[Gate]:
    n = len(secret)
    ones = [i for i in range(n) if secret[-1 - i] == "1"]
    return [g("x", n), *h(*range(n + 1)), *(g("cx", i, n) for i in ones), *h(*range(n + 1)), g("x", n)]


def deutsch_jozsa(n: int) -> list[Gate]:
    """Balanced: the parity of all bits."""
    return bernstein_vazirani("1" * n)


def simon(secret: str) -> list[Gate]:
    n = len(secret)
    bits = [i for i in range(n) if secret[-1 - i] == "1"]
    copies = [g("cx", i, n + i) for i in range(n)]
    return [*h(*range(n)), *copies, *(g("cx", bits[0], n + i) for i in bits), *h(*range(n))]


def cuccaro_adder(a: int, b: int, bits: int) -> list[Gate]:
    """b := a + b: carry 0, then b0 a0 b1 a1 ..., then the carry out. Cuccaro et al., quant-ph/0410184."""
    qb, qa, out = [1 + 2 * i for i in range(bits)], [2 + 2 * i for i in range(bits)], 1 + 2 * bits
    gates = [g("x", qa[i]) for i in range(bits) if a >> i & 1] + [g("x", qb[i]) for i in range(bits) if b >> i & 1]
    carry = [0, *qa]
    for i in range(bits):
        gates += [g("cx", qa[i], qb[i]), g("cx", qa[i], carry[i]), g("ccx", carry[i], qb[i], qa[i])]
    gates.append(g("cx", qa[-1], out))
    for i in reversed(range(bits)):
        gates += [g("ccx", carry[i], qb[i], qa[i]), g("cx", qa[i], carry[i]), g("cx", carry[i], qb[i])]
    return gates


def adder_outcome(a: int, b: int, bits: int) -> str:
    found = ["0"] * (2 + 2 * bits)
    for i in range(bits):
        found[1 + 2 * i], found[2 + 2 * i] = str((a + b) >> i & 1), str(a >> i & 1)
    found[-1] = str((a + b) >> bits & 1)
    return "".join(reversed(found))


def draper_adder(a: int, b: int, bits: int) -> list[Gate]:
    """b := a + b modulo 2^bits by phases. Draper, quant-ph/0008033."""
    first, second = list(range(bits)), list(range(bits, 2 * bits))
    gates = [g("x", q) for q in first if a >> q & 1] + [g("x", second[i]) for i in range(bits) if b >> i & 1]
    gates += qft(second)
    gates += [
        g("cu1", first[i], second[j], angles=(2 * PI * 2 ** (i + j) / 2**bits,))
        for i, j in itertools.product(range(bits), repeat=2)
        if i + j < bits
    ]
    return gates + qft(second, inverse=True)


def phase_estimation(phase: float, bits: int) -> list[Gate]:
    """Of diag(1, exp(2 pi i phase)) on its eigenstate 1, which is the last qubit."""
    turns = [g("cu1", i, bits, angles=(2 * PI * phase * 2**i,)) for i in range(bits)]
    return [g("x", bits), *h(*range(bits)), *turns, *qft(range(bits), inverse=True)]


def amplitude_estimation(bits: int) -> list[Gate]:
    """Of sin^2(0.7): the phases of the Grover operator of one qubit. Brassard et al., quant-ph/0005055."""
    powers = [g("cu3", i, bits, angles=(4 * 0.7 * 2**i, 0, 0)) for i in range(bits)]
    return [g("ry", bits, angles=(1.4,)), *h(*range(bits)), *powers, *qft(range(bits), inverse=True)]


def grover(marked: str, rounds: int) -> list[Gate]:
    """Of three qubits."""
    flips = [g("x", i) for i in range(3) if marked[-1 - i] == "0"]
    ccz = [*h(2), g("ccx", 0, 1, 2), *h(2)]
    ones = [g("x", i) for i in range(3)]
    each = [*flips, *ccz, *flips, *h(0, 1, 2), *ones, *ccz, *ones, *h(0, 1, 2)]
    return [*h(0, 1, 2), *each * rounds]


def ising(n: int, steps: int) -> list[Gate]:
    """First-order Trotter steps of a chain in a transverse field."""
    gates: list[Gate] = []
    for _ in range(steps):
        for i in range(n - 1):
            gates += [g("cx", i, i + 1), g("rz", i + 1, angles=(0.37,)), g("cx", i, i + 1)]
        gates += [g("rx", i, angles=(0.52,)) for i in range(n)]
    return gates


def heisenberg(n: int, steps: int) -> list[Gate]:
    gates = [g("x", i) for i in range(0, n, 2)]
    for _ in range(steps):
        for i in range(n - 1):
            gates += [*h(i, i + 1), g("cx", i, i + 1), g("rz", i + 1, angles=(0.3,)), g("cx", i, i + 1), *h(i, i + 1)]
            gates += [g("cx", i, i + 1), g("rz", i + 1, angles=(0.5,)), g("cx", i, i + 1)]
    return gates


def qaoa(edges: Sequence[tuple[int, int]], n: int, angles: Sequence[tuple[float, float]]) -> list[Gate]:
    gates = h(*range(n))
    for gamma, beta in angles:
        for a, b in edges:
            gates += [g("cx", a, b), g("rz", b, angles=(gamma,)), g("cx", a, b)]
        gates += [g("rx", i, angles=(2 * beta,)) for i in range(n)]
    return gates


def layered(
    n: int, layers: int, seed: int, rotations: Sequence[str], entangle: Callable[[int], list[Gate]]
) -> list[Gate]:
    source = random.Random(seed)
    gates: list[Gate] = []
    for _ in range(layers):
        gates += [g(name, i, angles=(source.uniform(-PI, PI),)) for i in range(n) for name in rotations]
        gates += entangle(n)
    return gates


def chain(n: int) -> list[Gate]:
    return [g("cx", i, i + 1) for i in range(n - 1)]


def all_to_all(n: int) -> list[Gate]:
    return [g("cx", a, b) for a, b in itertools.combinations(range(n), 2)]


def swap_test(pairs: int) -> list[Gate]:
    """Qubit 0 tells the overlap of two registers."""
    left, right = range(1, pairs + 1), range(pairs + 1, 2 * pairs + 1)
    gates = [g("ry", q, angles=(0.3 * q,)) for q in (*left, *right)]
    return [*gates, *h(0), *(g("cswap", 0, a, b) for a, b in zip(left, right, strict=True)), *h(0)]


def hidden_subgroup() -> list[Gate]:
    return [*h(0, 1, 2, 3), g("cz", 0, 1), g("cz", 2, 3), *h(0, 1, 2, 3), g("x", 1), g("cz", 0, 2), *h(0, 1, 2, 3)]


def five_qubit_code() -> list[Gate]:
    """A turned qubit, encoded: Laflamme et al., quant-ph/9602019, as a graph code."""
    gates = [g("ry", 0, angles=(0.9,)), *h(1, 2, 3, 4), *(g("cz", 0, i) for i in range(1, 5))]
    return [*gates, *(g("cz", 1 + i, 1 + (i + 1) % 4) for i in range(4)), *h(0), *(g("s", i) for i in (1, 3)), *h(1, 3)]


def repetition_code() -> list[Gate]:
    """Three data qubits, two syndromes, one flip."""
    data = [g("ry", 0, angles=(1.1,)), g("cx", 0, 1), g("cx", 0, 2), g("x", 1)]
    return [*data, g("cx", 0, 3), g("cx", 1, 3), g("cx", 1, 4), g("cx", 2, 4)]


def quantum_walk(steps: int) -> list[Gate]:
    """On a cycle of four places; qubit 2 is the coin."""
    forward = [g("ccx", 2, 0, 1), g("cx", 2, 0)]
    back = [g("x", 2), g("cx", 2, 0), g("ccx", 2, 0, 1), g("x", 2)]
    return [*h(2), *[*forward, *back, g("ry", 2, angles=(0.8,))] * steps]


def quantum_volume(n: int, seed: int) -> list[Gate]:
    """Layers of random two-qubit blocks on random pairs, each three CX and eight turns (Vatan, Williams 2004)."""
    source = random.Random(seed)
    gates: list[Gate] = []

    def turns(a: int, b: int) -> Iterator[Gate]:
        for qubit in (a, b):
            yield g("u3", qubit, angles=[source.uniform(-PI, PI) for _ in range(3)])

    for _ in range(n):
        order = source.sample(range(n), n)
        for a, b in zip(order[::2], order[1::2], strict=False):
            for _ in range(3):
                gates += [*turns(a, b), g("cx", a, b)]
            gates += turns(a, b)
    return gates


def uccsd() -> list[Gate]:
    """The double excitation of H2 in four spin orbitals, as one exponential."""
    basis = [*h(0, 1, 2), g("rx", 3, angles=(PI / 2,))]
    undone = [*h(0, 1, 2), g("rx", 3, angles=(-PI / 2,))]
    down = [g("cx", i, i + 1) for i in range(3)]
    return [g("x", 0), g("x", 1), *basis, *down, g("rz", 3, angles=(0.45,)), *reversed(down), *undone]


def multiplier() -> list[Gate]:
    """(q0 + 2 q1) * q2 for 3 * 1, into q3 and q4."""
    return [g("x", 0), g("x", 1), g("x", 2), g("ccx", 0, 2, 3), g("ccx", 1, 2, 4)]


_RING6 = [(i, (i + 1) % 6) for i in range(6)]

CIRCUITS: tuple[PublicCircuit, ...] = tuple(
    PublicCircuit(name, qubits, tuple(gates), certain)
    for name, qubits, gates, certain in (
        ("deutsch_n2", 2, [g("x", 1), *h(0, 1), g("cx", 0, 1), *h(0, 1)], "11"),
        ("iswap_n2", 2, [*prepared(2), g("s", 0), g("s", 1), *h(0), g("cx", 0, 1), g("cx", 1, 0), *h(1)], None),
        ("toffoli_n3", 3, [g("x", 0), g("x", 1), g("ccx", 0, 1, 2)], "111"),
        ("fredkin_n3", 3, [g("x", 0), g("x", 1), g("cswap", 0, 1, 2)], "101"),
        ("wstate_n3", 3, w_state(3), None),
        ("wstate_n8", 8, w_state(8), None),
        ("cat_state_n4", 4, ghz(4), None),
        ("ghz_n10", 10, ghz(10), None),
        ("graphstate_n7", 7, graph_state(7), None),
        ("qft_n4", 4, [*prepared(4), *qft(range(4))], None),
        ("qft_n9", 9, [*prepared(9), *qft(range(9))], None),
        ("inverseqft_n4", 4, [*prepared(4), *qft(range(4), inverse=True)], None),
        ("hs4_n4", 4, hidden_subgroup(), None),
        ("bv_n10", 10, bernstein_vazirani("101100101"), "0101100101"),
        ("dj_n8", 8, deutsch_jozsa(7), "01111111"),
        ("simon_n6", 6, simon("110"), None),
        ("adder_n10", 10, cuccaro_adder(6, 13, 4), adder_outcome(6, 13, 4)),
        ("draper_adder_n8", 8, draper_adder(11, 7, 4), "00101011"),
        ("multiplier_n5", 5, multiplier(), "11111"),
        ("qpe_exact_n6", 6, phase_estimation(11 / 32, 5), "101011"),
        ("qpe_inexact_n7", 7, phase_estimation(0.3, 6), None),
        ("ae_n6", 6, amplitude_estimation(5), None),
        ("grover_n3", 3, grover("101", 1), None),
        ("ising_n10", 10, ising(10, 3), None),
        ("heisenberg_n5", 5, heisenberg(5, 3), None),
        ("qaoa_n6", 6, qaoa(_RING6, 6, [(0.6, 0.4), (0.9, 0.2)]), None),
        ("vqe_uccsd_n4", 4, uccsd(), None),
        ("realamplitudes_n6", 6, layered(6, 3, 1, ["ry"], all_to_all), None),
        ("su2random_n7", 7, layered(7, 3, 2, ["ry", "rz"], chain), None),
        ("dnn_n8", 8, layered(8, 2, 3, ["rx", "rz", "ry"], chain), None),
        ("swap_test_n9", 9, swap_test(4), None),
        ("qec_en_n5", 5, five_qubit_code(), None),
        ("error_correctiond3_n5", 5, repetition_code(), None),
        ("qwalk_n3", 3, quantum_walk(3), None),
        ("qv_n8", 8, quantum_volume(8, 4), None),
    )
)
