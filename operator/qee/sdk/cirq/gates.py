"""The gates of OpenQASM's libraries as gates of Cirq's.

Their matrices are those of qelib1.inc (arXiv:1707.03429, and Qiskit's file for names that the paper's has not) and of
stdgates.inc (arXiv:2104.14722), up to a global phase, which under a control is a phase of its own and is kept.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cirq
import numpy as np


@dataclass(frozen=True)
class Euler(cirq.Gate):  # type: ignore[misc]
    """U(theta, phi, lambda) in radians, with the upper left element real; e^(i gamma) times that.

    Cirq's QasmUGate takes theta modulo 2 pi, which turns the sign and so what a control picks up.
    """

    theta: float
    phi: float
    lam: float
    gamma: float = 0.0

    def _num_qubits_(self) -> int:
        return 1

    def _unitary_(self) -> np.ndarray[Any, Any]:
        cos, sin = math.cos(self.theta / 2), math.sin(self.theta / 2)
        left, right = np.exp(1j * self.phi), np.exp(1j * self.lam)
        matrix = np.array([[cos, -right * sin], [left * sin, left * right * cos]], dtype=np.complex128)
        turned: np.ndarray[Any, Any] = np.exp(1j * self.gamma) * matrix
        return turned

    def _circuit_diagram_info_(self, args: cirq.CircuitDiagramInfoArgs) -> str:
        return f"U({', '.join(args.format_radians(each) for each in (self.theta, self.phi, self.lam))})"


def _power(kind: Any, shift: float = 0.0) -> Callable[[float], cirq.Gate]:
    def gate(angle: float) -> cirq.Gate:
        made: cirq.Gate = kind(exponent=angle / math.pi, global_shift=shift)
        return made

    return gate


def _relative(controls: int, block: list[list[complex]]) -> cirq.Gate:
    """A Toffoli gate with relative phases: the identity but for `block`, its lowest corner."""
    matrix = np.eye(2 ** (controls + 1), dtype=complex)
    matrix[-len(block) :, -len(block) :] = block
    return cirq.MatrixGate(matrix)


_SX = cirq.XPowGate(exponent=0.5)
_RCCX = _relative(2, [[-1, 0, 0], [0, 0, -1j], [0, 1j, 0]])
_RC3X_DIAGONAL = _relative(3, [[1j, 0, 0, 0], [0, -1j, 0, 0], [0, 0, 0, 1], [0, 0, -1, 0]])

_FIXED: dict[str, cirq.Gate] = {
    **{"x": cirq.X, "y": cirq.Y, "z": cirq.Z, "h": cirq.H, "s": cirq.S, "sdg": cirq.S**-1, "t": cirq.T},
    **{"tdg": cirq.T**-1, "sx": _SX, "sxdg": cirq.XPowGate(exponent=-0.5), "id": cirq.I},
    **{"cx": cirq.CNOT, "CX": cirq.CNOT, "cy": cirq.ControlledGate(cirq.Y), "cz": cirq.CZ},
    **{"ch": cirq.ControlledGate(cirq.H), "swap": cirq.SWAP, "csx": cirq.ControlledGate(_SX)},
    **{"ccx": cirq.CCX, "cswap": cirq.CSWAP, "rccx": _RCCX, "rc3x": _RC3X_DIAGONAL},
    **{"c3x": cirq.ControlledGate(cirq.X, 3), "c4x": cirq.ControlledGate(cirq.X, 4)},
    "c3sqrtx": cirq.ControlledGate(_SX, 3),
}
_PHASE = _power(cirq.ZPowGate)
_TURNED: dict[str, Callable[..., cirq.Gate]] = {
    **dict.fromkeys(("p", "phase", "u1"), _PHASE),
    **dict.fromkeys(("cp", "cphase", "cu1"), _power(cirq.CZPowGate)),
    **dict.fromkeys(("U", "u", "u3"), Euler),
    "u2": lambda phi, lam: Euler(math.pi / 2, phi, lam),
    "u0": lambda _: cirq.I,
    **{"rx": cirq.rx, "ry": cirq.ry, "rz": cirq.rz},
    "crx": lambda angle: cirq.ControlledGate(cirq.rx(angle)),
    "cry": lambda angle: cirq.ControlledGate(cirq.ry(angle)),
    "crz": lambda angle: cirq.ControlledGate(cirq.rz(angle)),
    "cu3": lambda *angles: cirq.ControlledGate(Euler(*angles)),
    "cu": lambda *angles: cirq.ControlledGate(Euler(*angles)),
    **{"rxx": _power(cirq.XXPowGate, -0.5), "ryy": _power(cirq.YYPowGate, -0.5), "rzz": _power(cirq.ZZPowGate, -0.5)},
}


def library_gate(name: str, angles: Sequence[float]) -> cirq.Gate:
    """Of a name that the scanner knows, and as many angles (radians) as it takes."""
    fixed = _FIXED.get(name)
    return _TURNED[name](*angles) if fixed is None else fixed
