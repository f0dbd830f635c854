"""The circuits of circuits/*.qasm and what they must give: for tests in this process and on a cluster alike."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent / "circuits"
BOTH = ("aer", "cirq")


@dataclass(frozen=True)
class Case:
    """A circuit, the engines that read it, the shots that tell right from wrong, and the theory.

    `probabilities` has joined keys: last declared register leftmost, bit 0 rightmost. `reversible` is false where the
    distribution survives a reversal of the bit order.
    """

    name: str
    format: str
    probabilities: Mapping[str, float]
    engines: tuple[str, ...] = BOTH
    shots: int = 4096
    reversible: bool = True

    @property
    def source(self) -> str:
        return (FOLDER / f"{self.name}.qasm").read_text(encoding="utf-8")


def _turned(angle: float) -> float:
    """The probability of 1 after ry(angle) on 0."""
    return math.sin(angle / 2) ** 2


@cache
def _qft4() -> dict[str, float]:
    """|DFT of the amplitudes|^2: the transform's own definition, not a circuit."""
    zero_one = [np.array([math.cos(a / 2), math.sin(a / 2)]) for a in (0.6, math.pi, 1.1, 2.0)]
    zero_one[1] = np.array([0.0, 1.0])  # x
    amplitudes = np.array(
        [math.prod(zero_one[bit][value >> bit & 1] for bit in range(4)) for value in range(16)], dtype=complex
    )
    transformed = np.fft.ifft(amplitudes) * 4  # exp(+2 pi i jk/16)/sqrt(16)
    return {format(value, "04b"): float(abs(amplitude) ** 2) for value, amplitude in enumerate(transformed)}


def _grover3() -> dict[str, float]:
    """sin((2k+1) t)^2 with sin(t) = 1/sqrt(8) after k = 2 iterations (Boyer et al., quant-ph/9605034)."""
    found = math.sin(5 * math.asin(1 / math.sqrt(8))) ** 2
    return {format(value, "03b"): found if value == 0b110 else (1 - found) / 7 for value in range(8)}


def _teleport() -> dict[str, float]:
    one = _turned(1.2)
    return {f"{out}{x}{z}": (one if out else 1 - one) / 4 for out in (0, 1) for x in (0, 1) for z in (0, 1)}


def _wide24() -> dict[str, float]:
    flips = sum(1 << bit for bit in range(1, 24, 2))
    outcomes = {}
    for eight, p in ((0, 1 - _turned(0.9)), (0xFF, _turned(0.9))):
        for twentieth, r in ((0, 1 - _turned(2.0)), (1 << 20, _turned(2.0))):
            outcomes[format(eight ^ flips ^ twentieth, "024b")] = p * r
    return outcomes


def _ghz100() -> dict[str, float]:
    flips = sum(1 << bit for bit in range(100) if bit % 3 == 0 or bit in (1, 50, 70))
    return {format(flips, "0100b"): 0.5, format(flips ^ ((1 << 100) - 1), "0100b"): 0.5}


CASES: dict[str, Case] = {
    case.name: case
    for case in (
        Case("bell", "openqasm3", {"00": 0.5, "11": 0.5}, reversible=False),
        Case("ghz5", "openqasm3", {"00110": 0.5, "11001": 0.5}),
        Case("qft4", "openqasm2", _qft4(), shots=20_000),
        Case("grover3", "openqasm3", _grover3()),
        Case("teleport", "openqasm2", _teleport(), shots=1000),
        Case("teleport3", "openqasm3", _teleport(), engines=("aer",), shots=20_000),
        Case("w3", "openqasm3", {"100": 1 / 2, "001": 1 / 3, "010": 1 / 6}, shots=20_000),
        Case("wide24", "openqasm2", _wide24()),
        Case("ghz100", "openqasm2", _ghz100(), shots=500),
    )
}
