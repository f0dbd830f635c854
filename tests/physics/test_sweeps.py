"""A parameter set of a sweep is the circuit with its values written in: the same seed gives the same counts."""

from collections.abc import Callable
from typing import Any

import cirq
import pytest
import sympy

from qee.documents import CircuitRun
from qee.runner.engines import load
from qee.sdk.limits import Room
from qee.sdk.outcomes import Options, Task

ROOM = Room(threads=1, memory=1 << 28)
SHOTS = 2000
SETS = ({"theta": 0.3, "phi": 1.1}, {"theta": -2.5, "phi": 0.7}, {"theta": 1.9, "phi": 3.0})
HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
GATES = "ry({0}) q[0]; cx q[0], q[1]; rx(2 * {1}) q[1]; cx q[1], q[2]; rz({0} - {1}) q[2]; h q[2]; c = measure q;\n"


def openqasm(values: dict[str, float] | None) -> str:
    words = ["theta", "phi"] if values is None else [f"({values[name]!r})" for name in ("theta", "phi")]
    inputs = "input float theta; input float phi;\n" if values is None else ""
    return f"{HEAD}{inputs}bit[3] c; qubit[3] q;\n{GATES.format(*words)}"


def cirq_json(values: dict[str, float] | None) -> str:
    theta: Any = sympy.Symbol("theta") if values is None else values["theta"]
    phi: Any = sympy.Symbol("phi") if values is None else values["phi"]
    q = cirq.LineQubit.range(3)
    circuit = cirq.Circuit(
        cirq.ry(theta)(q[0]),
        cirq.CNOT(q[0], q[1]),
        cirq.rx(2 * phi)(q[1]),
        cirq.CNOT(q[1], q[2]),
        cirq.rz(theta - phi)(q[2]),
        cirq.H(q[2]),
        cirq.measure(*q, key="c"),
    )
    return str(cirq.to_json(circuit))


@pytest.mark.parametrize(
    ("engine", "format", "written"), [("aer", "openqasm3", openqasm), ("cirq", "cirq-json", cirq_json)]
)
def test_a_sweep_gives_the_counts_of_the_circuits_bound_by_hand(
    engine: str, format: str, written: Callable[[dict[str, float] | None], str]
) -> None:
    loaded = load(engine, Options(), ROOM)
    columns = {name: tuple(repr(values[name]) for values in SETS) for name in SETS[0]}
    sweep = loaded.parse(CircuitRun("circuit", format, written(None), SHOTS, columns))
    found, by_hand = [], []
    for seed, values in enumerate(SETS):
        found.append(loaded.execute(sweep, Task(SHOTS, seed, values)).counts)
        one = loaded.parse(CircuitRun("circuit", format, written(values), SHOTS))
        by_hand.append(loaded.execute(one, Task(SHOTS, seed)).counts)
    assert found == by_hand
    assert all(len(each or {}) > 2 for each in found)
    assert found[0] != found[1] != found[2]
