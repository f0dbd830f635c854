"""Noise in programs that act on what was measured, against density matrices of our own, one for each story of outcomes.

The chance that a correct simulator fails one of the comparisons is ALARM (tests.physics.statistics).
"""

import random
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from tests.physics.running import run_document
from tests.physics.statistics import ALARM, p_value
from tests.physics.test_noise_theory import Density
from tests.physics.theory import GATES

from qee.documents import NoiseOptions
from qee.runner.process import execute

QUBITS = 3
SHOTS = 600
T1, T2, TIME = 40.0, 30.0, 9000.0  # microseconds, and nanoseconds of gate x


class Stories:
    """Every story that measurements tell: its classical bits, and the state times its probability."""

    def __init__(self, one: float, two: float, flip: float, time: float) -> None:
        self._one, self._two, self._flip, self._time = one, two, flip, time
        self.found: dict[int, Density] = {0: Density(QUBITS)}

    def gate(self, name: str, on: tuple[int, ...], value: int | None = None) -> None:
        """Where the bits are `value`, or in every story."""
        for bits, state in self.found.items():
            if value is None or bits == value:
                state.gate(GATES[name](), on)
                p = self._one if len(on) == 1 else self._two
                if p:
                    state.depolarize(p, on)
                if name == "x" and self._time:
                    state.relax(T1 * 1e3, T2 * 1e3, self._time, on[0])

    def measure(self, qubit: int, bit: int) -> None:
        found: dict[int, Density] = {}
        for bits, state in self.found.items():
            for outcome in (0, 1):
                projector = np.zeros((2, 2), dtype=complex)
                projector[outcome, outcome] = 1
                for read, weight in ((outcome, 1 - self._flip), (1 - outcome, self._flip)):
                    part = Density(QUBITS)
                    part.tensor = state.tensor * weight
                    part.gate(projector, (qubit,))
                    story = bits & ~(1 << bit) | read << bit
                    if story in found:
                        found[story].tensor = found[story].tensor + part.tensor
                    else:
                        found[story] = part
        self.found = found

    def probabilities(self) -> dict[str, float]:
        size = 2**QUBITS
        return {
            format(bits, f"0{QUBITS}b"): float(np.trace(state.tensor.reshape(size, size)).real)
            for bits, state in self.found.items()
        }


def program(seed: int, stories: Stories) -> str:
    """A random program of register `c`, told to `stories` as well."""
    source = random.Random(seed)
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{QUBITS}];", f"creg c[{QUBITS}];"]
    for qubit in range(QUBITS):
        lines.append(f"h q[{qubit}];")
        stories.gate("h", (qubit,))
        lines.append(f"measure q[{qubit}] -> c[{qubit}];")
        stories.measure(qubit, qubit)
    for _ in range(12):
        name = source.choice(["x", "x", "h", "cx", "cz"])
        on = tuple(source.sample(range(QUBITS), 2 if name[0] == "c" else 1))
        value = source.choice([None, *range(2**QUBITS)])
        stories.gate(name, on, value)
        condition = "" if value is None else f"if (c == {value}) "
        lines.append(f"{condition}{name} {', '.join(f'q[{qubit}]' for qubit in on)};")
        if source.random() < 0.3:
            qubit, bit = source.randrange(QUBITS), source.randrange(QUBITS)
            stories.measure(qubit, bit)
            lines.append(f"measure q[{qubit}] -> c[{bit}];")
    for qubit in range(QUBITS):
        stories.measure(qubit, qubit)
    return "\n".join([*lines, "measure q -> c;"])


def counts(source: str, engine: str, noise: NoiseOptions, method: str = "automatic") -> Mapping[str, int]:
    document = replace(run_document(source, "openqasm2", engine, SHOTS, method=method), noise=noise)
    return dict(execute(document, 0, "none", 0.0).results[0].counts)


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_a_gate_that_is_not_applied_does_not_err(engine: str) -> None:
    source = (
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg a[1];\ncreg b[1];\n'
        "measure q[0] -> a[0];\nif (a == 1) x q[1];\nmeasure q[1] -> b[0];\n"
    )
    assert counts(source, engine, NoiseOptions(one_qubit="1")) == {"00": SHOTS}


@pytest.mark.parametrize(("engine", "method"), [("aer", "automatic"), ("cirq", "automatic"), ("cirq", "statevector")])
@pytest.mark.parametrize("seed", range(2))
def test_noisy_programs_with_conditions_follow_density_matrices(engine: str, method: str, seed: int) -> None:
    stories = Stories(one=0.08, two=0.15, flip=0.05 if seed % 2 else 0.0, time=TIME)
    source = program(seed, stories)
    noise = NoiseOptions(
        one_qubit="0.08",
        two_qubit="0.15",
        readout="0.05" if seed % 2 else None,
        t1=str(T1),
        t2=str(T2),
        gate_times={"x": str(TIME)},
    )
    assert p_value(counts(source, engine, noise, method), stories.probabilities()) > ALARM


@pytest.mark.parametrize("engine", ["aer", "cirq"])
@pytest.mark.parametrize("method", ["density_matrix", "statevector"])
@pytest.mark.parametrize(
    ("body", "one"),
    [
        ("h q[1]; c[0] = measure q[1]; c[0] = measure q[0]; c[0] = measure q[0];", 0.1),
        ("h q[0]; c[0] = measure q[0]; h q[0]; c[0] = measure q[0];", 0.5),
        ("x q[0]; c[0] = measure q[0]; reset q[0]; h q[1]; c[0] = measure q[0];", 0.1),
    ],
)
def test_a_bit_that_is_measured_again_is_misread_once(engine: str, method: str, body: str, one: float) -> None:
    source = f'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[1] c; {body}'
    noise = NoiseOptions(readout="0.1")
    document = replace(run_document(source, "openqasm3", engine, 4000, method=method), noise=noise)
    found = dict(execute(document, 0, "none", 0.0).results[0].counts)
    assert p_value(found, {"0": 1 - one, "1": one}) > ALARM
