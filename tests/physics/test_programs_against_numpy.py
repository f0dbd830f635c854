"""Engine cirq's reading of OpenQASM, against a simulation of the same program that shares no code with it.

Programs are made as data: their text in a random spelling, and what each of its outcomes' probability is, by numpy.
"""

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
from tests.physics.running import run_document
from tests.physics.statistics import ALARM, p_value
from tests.physics.theory import ANGLES, GATES, Matrix

from qee.runner.process import execute

QUBITS = 4
SHOTS = 4000


class Branches:
    """A state vector, times the root of its probability, for each value of the classical bits."""

    def __init__(self) -> None:
        start = np.zeros((2,) * QUBITS, dtype=complex)
        start[(0,) * QUBITS] = 1
        self.states: dict[int, list[np.ndarray]] = {0: [start]}

    def gate(self, matrix: Matrix, on: tuple[int, ...], when: Callable[[int], bool]) -> None:
        for bits, states in self.states.items():
            if when(bits):
                self.states[bits] = [_applied(matrix, state, on) for state in states]

    def measure(self, qubit: int, bit: int) -> None:
        found: dict[int, list[np.ndarray]] = {}
        for bits, states in self.states.items():
            for outcome in (0, 1):
                projector = np.diag([1 - outcome, outcome]).astype(complex)
                story = bits & ~(1 << bit) | outcome << bit
                parts = [_applied(projector, state, (qubit,)) for state in states]
                found.setdefault(story, []).extend(part for part in parts if np.abs(part).max() > 1e-12)
        self.states = found

    def probabilities(self, width: int) -> dict[str, float]:
        return {
            format(bits, f"0{width}b"): float(sum((np.abs(state) ** 2).sum() for state in states))
            for bits, states in self.states.items()
        }


def _applied(matrix: Matrix, state: np.ndarray, on: tuple[int, ...]) -> np.ndarray:
    """Axis i of the state is qubit i; the matrix's index has the gate's first qubit lowest."""
    shaped = matrix.reshape((2,) * (2 * len(on)))
    inputs = [2 * len(on) - 1 - place for place in range(len(on))]
    turned = np.tensordot(shaped, state, axes=(inputs, on))
    rest = [qubit for qubit in range(QUBITS) if qubit not in on]
    return np.moveaxis(turned, range(QUBITS), [*reversed(on), *rest])


class Maker:
    """A random program of OpenQASM 3 or 2."""

    def __init__(self, seed: int, version: int) -> None:
        self.random = random.Random(seed)
        self.version = version
        self.branches = Branches()
        self.lines: list[str] = []
        self.gates = [name for name in GATES if version == 2 or name not in ("cu1", "cu3")]  # stdgates.inc has not
        self.own: dict[str, tuple[int, int, Callable[..., list[tuple[Matrix, tuple[int, ...]]]]]] = {}
        for number in range(4):
            self._define(f"g{self.random.randrange(1000)}x{number}")
        for qubit in range(QUBITS):
            self._apply("ry", (self.random.uniform(0, 3),), (qubit,), "", lambda _: True)
            self._measure(qubit, qubit)
        for _ in range(14):
            self._statement()
        for qubit in range(QUBITS):
            self._measure(qubit, qubit)

    def _define(self, name: str) -> None:
        """A gate of shuffled parameters, in functions of them, which may call those before."""
        names = self.random.sample(["theta", "phi", "lam", "a2", "a10", "zeta"], self.random.randint(0, 3))
        qubits = self.random.sample(["a", "b", "q", "c"], self.random.randint(1, 3))
        body: list[str] = []
        parts: list[tuple[str, list[tuple[str, Callable[[tuple[float, ...]], float]]], tuple[int, ...]]] = []
        for _ in range(self.random.randint(0, 4)):
            known = [each for each in (*self.gates, *self.own) if self._sizes(each)[1] <= len(qubits)]
            inner = self.random.choice(known)
            angles, width = self._sizes(inner)
            on = tuple(self.random.sample(range(len(qubits)), width))
            given = [self._expression(names) for _ in range(angles)]
            parts.append((inner, given, on))
            text = f"({', '.join(each[0] for each in given)})" if given else ""
            body.append(f"{inner}{text} {', '.join(qubits[each] for each in on)};")
        parameters = f"({', '.join(names)})" if names else self.random.choice(["", "()"])
        self.lines.append(f"gate {name}{parameters} {', '.join(qubits)} {{ {' '.join(body)} }}")

        def expand(*values: float) -> list[tuple[Matrix, tuple[int, ...]]]:
            found = []
            for inner, given, on in parts:
                computed = [value(values) for _, value in given]
                for matrix, places in self._matrices(inner, computed):
                    found.append((matrix, tuple(on[place] for place in places)))
            return found

        self.own[name] = (len(names), len(qubits), expand)

    def _expression(self, names: list[str]) -> tuple[str, Callable[[tuple[float, ...]], float]]:
        number = round(self.random.uniform(0.1, 3), 3)
        if not names or self.random.random() < 0.3:
            return self._number(number), lambda _: number
        at = self.random.randrange(len(names))
        name, kind = names[at], self.random.choice(["plain", "scaled", "sin", "cos", "power"])
        if kind == "plain":
            return name, lambda values: values[at]
        if kind == "scaled":
            return f"-{name}*{self._number(number)}+pi/2", lambda values: -values[at] * number + math.pi / 2
        if kind == "power":
            sign = "**" if self.version == 3 else "^"
            return f"({name}/2){sign}2", lambda values: (values[at] / 2) ** 2
        function = math.sin if kind == "sin" else math.cos
        return f"{kind}({name})", lambda values: function(values[at])

    def _number(self, value: float) -> str:
        text = repr(value)
        if self.version == 3 and self.random.random() < 0.3:
            text += "_0"
        return text

    def _sizes(self, name: str) -> tuple[int, int]:
        if name in self.own:
            return self.own[name][:2]
        angles = ANGLES.get(name, 0)
        return angles, int(math.log2(len(GATES[name](*[0.0] * angles))))

    def _matrices(self, name: str, angles: list[float]) -> list[tuple[Matrix, tuple[int, ...]]]:
        if name in self.own:
            return self.own[name][2](*angles)
        matrix = GATES[name](*angles)
        return [(matrix, tuple(range(int(math.log2(len(matrix))))))]

    def _apply(
        self, name: str, angles: tuple[float, ...], on: tuple[int, ...], condition: str, when: Callable[[int], bool]
    ) -> None:
        for matrix, places in self._matrices(name, list(angles)):
            self.branches.gate(matrix, tuple(on[place] for place in places), when)
        given = f"({','.join(map(repr, angles))})" if angles else ""
        self.lines.append(f"{condition}{name}{given} {', '.join(map(self._qubit, on))};")

    def _qubit(self, number: int) -> str:
        spelled = [f"q[{number}]"]
        if self.version == 3:
            spelled += [f"q[{number - QUBITS}]", f"q[{hex(number)}]", f"q[{{{number},0}}][0]", f"q[{number}+0]"]
        return self.random.choice(spelled)

    def _measure(self, qubit: int, bit: int) -> None:
        self.branches.measure(qubit, bit)
        arrow = f"measure {self._qubit(qubit)} -> c[{bit}];"
        assigned = f"c[{bit}] = measure {self._qubit(qubit)};"
        self.lines.append(self.random.choice([arrow, assigned]) if self.version == 3 else arrow)

    def _statement(self) -> None:
        name = self.random.choice([*self.gates, *self.own, *self.own])
        angles, width = self._sizes(name)
        values = tuple(round(self.random.uniform(0.1, 6), 3) for _ in range(angles))
        on = tuple(self.random.sample(range(QUBITS), width))
        condition, when = self._condition() if self.random.random() < 0.6 else ("", lambda _: True)
        if condition and self.random.random() < 0.3 and self.version == 3:
            self.lines.append(f"{condition}barrier q;")
            condition, when = "", lambda _: True
        self._apply(name, values, on, condition, when)
        if self.random.random() < 0.3:
            self._measure(self.random.randrange(QUBITS), self.random.randrange(QUBITS))

    def _condition(self) -> tuple[str, Callable[[int], bool]]:
        value, bit, other = (
            self.random.randrange(2**QUBITS),
            self.random.randrange(QUBITS),
            self.random.randrange(QUBITS),
        )
        if self.version == 2:
            return f"if({self.random.choice(['', ' '])}c=={value}) ", lambda bits: bits == value
        text = format(value, f"0{QUBITS}b")
        return self.random.choice(
            [
                (f"if (c == {hex(value)}) ", lambda bits: bits == value),
                (f'if (c != "{text}") ', lambda bits: bits != value),
                (f"if (c[{bit}]) ", lambda bits: bool(bits >> bit & 1)),
                (f"if (!c[{bit}]) ", lambda bits: not bits >> bit & 1),
                (f"if (c[{bit}] ^ c[{other}]) ", lambda bits: bool((bits >> bit ^ bits >> other) & 1)),
                (f"if (c[{bit}] == 1 && c < {value}) ", lambda bits: bool(bits >> bit & 1) and bits < value),
                (f"if (c >= {value} || c[{bit}] == false) ", lambda bits: bits >= value or not bits >> bit & 1),
            ]
        )

    def source(self) -> str:
        if self.version == 2:
            head = ["OPENQASM 2.0;", 'include"qelib1.inc";', f"qreg q[{QUBITS}];creg c[{QUBITS}];"]
        else:
            version = self.random.choice(["", "OPENQASM 3;", "OPENQASM 3.1;", "OPENQASM   3.0 ;"])
            include = self.random.choice(['include"stdgates.inc";', "include 'stdgates.inc';"])
            size = self.random.choice([str(QUBITS), f"2*{QUBITS}-{QUBITS}"])
            head = [version, include, f"qubit[{size}] q;", f"/* x q[0]; */ bit[{QUBITS}] c; // h q;"]
        end = self.random.choice(["\n", "\r\n", "\n\n\t"])
        return end.join([*head, *self.lines]) + end


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("seed", range(12))
def test_random_programs_in_any_spelling_follow_numpy(seed: int, version: int) -> None:
    made = Maker(seed, version)
    document = run_document(made.source(), f"openqasm{version}", "cirq", SHOTS, seed=seed)
    counts = dict(execute(document, 0, "none", 0.0).results[0].counts)
    assert p_value(counts, made.branches.probabilities(QUBITS)) > ALARM
