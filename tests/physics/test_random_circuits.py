"""Random programs against oracles of our own: exact for classical logic with feed-forward, statistical for the rest."""

import math
import random

import pytest
from tests.physics.running import counts
from tests.physics.statistics import ALARM, p_value
from tests.physics.theory import ANGLES, GATES, Gate, probabilities

QUBITS = 5
SHOTS = 8192


def random_gates(seed: int, length: int = 40) -> list[Gate]:
    source = random.Random(seed)
    gates: list[Gate] = [("u3", (source.uniform(0, 3), source.uniform(0, 3), 0.5), (qubit,)) for qubit in range(QUBITS)]
    for _ in range(length):
        name = source.choice(sorted(GATES))
        width = int(math.log2(len(GATES[name](*[0.0] * ANGLES.get(name, 0)))))
        angles = tuple(source.uniform(-7, 7) for _ in range(ANGLES.get(name, 0)))
        gates.append((name, angles, tuple(source.sample(range(QUBITS), width))))
    return gates


def as_openqasm2(gates: list[Gate]) -> str:
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{QUBITS}];", f"creg c[{QUBITS}];"]
    for name, angles, qubits in gates:
        parameters = f"({', '.join(map(repr, angles))})" if angles else ""
        lines.append(f"{name}{parameters} {', '.join(f'q[{qubit}]' for qubit in qubits)};")
    return "\n".join([*lines, "measure q -> c;"])


@pytest.mark.parametrize("engine", ["aer", "cirq"])
@pytest.mark.parametrize("seed", range(5))
def test_random_circuits_of_every_library_gate_follow_the_theory(engine: str, seed: int) -> None:
    gates = random_gates(seed)
    got = counts(as_openqasm2(gates), "openqasm2", engine, SHOTS, seed=seed)
    assert p_value(got, probabilities(gates, QUBITS)) > ALARM


class Logic:
    """A random program of X, CX, CCX, SWAP, measurement, reset and conditions, and what it must give."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._qubits = [0] * QUBITS
        self._registers = {"a": [0, 0], "b": [0, 0, 0]}
        self.lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{QUBITS}];", "creg a[2];", "creg b[3];"]
        self.lines += ["measure q[0] -> a[0];", "measure q[1] -> a[1];"]  # Cirq has no bits before they are measured
        self.lines += [f"measure q[{bit}] -> b[{bit}];" for bit in range(3)]
        for _ in range(40):
            self._statement()

    def _statement(self) -> None:
        kind = self._random.choice(["gate", "gate", "gate", "if", "if", "measure", "measure", "reset"])
        if kind == "gate":
            self._gate("", True)
        elif kind == "if":
            register = self._random.choice(["a", "b"])
            bits = self._registers[register]
            value = self._random.choice([self._value(bits), self._random.randrange(2 ** len(bits))])
            self._gate(f"if ({register} == {value}) ", self._value(bits) == value)
        elif kind == "measure":
            register = self._random.choice(["a", "b"])
            bit, qubit = self._random.randrange(len(self._registers[register])), self._random.randrange(QUBITS)
            self._registers[register][bit] = self._qubits[qubit]
            self.lines.append(f"measure q[{qubit}] -> {register}[{bit}];")
        else:
            qubit = self._random.randrange(QUBITS)
            self._qubits[qubit] = 0
            self.lines.append(f"reset q[{qubit}];")

    def _gate(self, condition: str, applies: bool) -> None:
        name, width = self._random.choice([("x", 1), ("x", 1), ("cx", 2), ("ccx", 3), ("swap", 2)])
        on = self._random.sample(range(QUBITS), width)
        self.lines.append(f"{condition}{name} {', '.join(f'q[{qubit}]' for qubit in on)};")
        if not applies:
            return
        values = self._qubits
        if name == "swap":
            values[on[0]], values[on[1]] = values[on[1]], values[on[0]]
        elif all(values[qubit] for qubit in on[:-1]):
            values[on[-1]] ^= 1

    @staticmethod
    def _value(bits: list[int]) -> int:
        return sum(value << place for place, value in enumerate(bits))

    @property
    def expected(self) -> str:
        return "".join(str(bit) for register in ("b", "a") for bit in reversed(self._registers[register]))


@pytest.mark.parametrize("engine", ["aer", "cirq"])
def test_classical_logic_with_feed_forward_is_exact(engine: str) -> None:
    outcomes = set()
    for seed in range(25):
        program = Logic(seed)
        assert counts("\n".join(program.lines), "openqasm2", engine, 2) == {program.expected: 2}, f"seed {seed}"
        outcomes.add(program.expected)
    assert len(outcomes) > 12  # the programs do not all end alike
