"""Exact outcome probabilities of a gate list, from the definitions in the OpenQASM 2 paper (arXiv:1707.03429).

Independent of both engines on purpose: nothing but U, controlled gates and numpy.
"""

import cmath
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.complex128]
Gate = tuple[str, tuple[float, ...], tuple[int, ...]]  # name, angles, qubits


def u(theta: float, phi: float, lam: float) -> Matrix:
    c, s = math.cos(theta / 2), math.sin(theta / 2)
    return np.array(
        [[c, -cmath.exp(1j * lam) * s], [cmath.exp(1j * phi) * s, cmath.exp(1j * (phi + lam)) * c]], dtype=complex
    )


def rz(angle: float) -> Matrix:
    return np.diag([cmath.exp(-0.5j * angle), cmath.exp(0.5j * angle)])


def controlled(matrix: Matrix) -> Matrix:
    """The first qubit of the gate controls; index bits are (target..., control) with the control lowest."""
    size = 2 * len(matrix)
    result = np.eye(size, dtype=complex)
    result[1::2, 1::2] = matrix
    return result


X, Y, Z = u(math.pi, 0, math.pi), u(math.pi, math.pi / 2, math.pi / 2), u(0, 0, math.pi)
SWAP = np.eye(4, dtype=complex)[[0, 2, 1, 3]]

GATES: dict[str, Callable[..., Matrix]] = {
    "x": lambda: X,
    "y": lambda: Y,
    "z": lambda: Z,
    "h": lambda: u(math.pi / 2, 0, math.pi),
    "s": lambda: u(0, 0, math.pi / 2),
    "sdg": lambda: u(0, 0, -math.pi / 2),
    "t": lambda: u(0, 0, math.pi / 4),
    "tdg": lambda: u(0, 0, -math.pi / 4),
    "rx": lambda a: u(a, -math.pi / 2, math.pi / 2),
    "ry": lambda a: u(a, 0, 0),
    "rz": rz,
    "u1": lambda a: u(0, 0, a),
    "u2": lambda a, b: u(math.pi / 2, a, b),
    "u3": u,
    "cx": lambda: controlled(X),
    "cy": lambda: controlled(Y),
    "cz": lambda: controlled(Z),
    "ch": lambda: controlled(u(math.pi / 2, 0, math.pi)),
    "crz": lambda a: controlled(rz(a)),
    "cu1": lambda a: controlled(u(0, 0, a)),
    "cu3": lambda a, b, c: controlled(u(a, b, c)),
    "swap": lambda: SWAP,
    "ccx": lambda: controlled(controlled(X)),
    "cswap": lambda: controlled(SWAP),
}
ANGLES = {"rx": 1, "ry": 1, "rz": 1, "u1": 1, "u2": 2, "u3": 3, "crz": 1, "cu1": 1, "cu3": 3}


def probabilities(gates: Sequence[Gate], qubits: int) -> dict[str, float]:
    """By outcome with qubit 0 rightmost, from all qubits in 0."""
    state = np.zeros((2,) * qubits, dtype=complex)
    state[(0,) * qubits] = 1
    for name, angles, on in gates:
        matrix = GATES[name](*angles).reshape((2,) * (2 * len(on)))
        # axis i of the state is qubit i; the matrix's index has the gate's first qubit lowest, that is last
        inputs = [2 * len(on) - 1 - place for place in range(len(on))]
        state = np.tensordot(matrix, state, axes=(inputs, on))
        rest = [qubit for qubit in range(qubits) if qubit not in on]
        order = [*reversed(on), *rest]
        state = np.moveaxis(state, range(qubits), order)
    flat = np.abs(state.transpose(tuple(reversed(range(qubits)))).reshape(-1)) ** 2
    return {format(value, f"0{qubits}b"): float(probability) for value, probability in enumerate(flat)}
