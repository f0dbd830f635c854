"""The qubits that routing adds, as the operator foretells them, and as the runner's compiler takes them."""

import random
from collections.abc import Callable

import pytest
from qiskit import qasm3
from qiskit_aer import AerSimulator

from qee.api.job_options import Noise, Transpile
from qee.circuits import scan
from qee.core.checks import routing
from qee.devices import snapshot
from qee.documents import TranspileOptions
from qee.runner.engines.aer.noise import DeviceNoise
from qee.runner.engines.aer.transpile import Compiler

SIMULATOR = AerSimulator()

Pairs = Callable[[int], list[tuple[int, int]]]
SHAPES: dict[str, Pairs] = {
    "ring": lambda n: [(i, (i + 1) % n) for i in range(n)],
    "star": lambda n: [(0, i) for i in range(1, n)],
    "full": lambda n: [(i, j) for i in range(n) for j in range(i)],
    "apart": lambda n: [(i, n - 1 - i) for i in range(n // 2)],
    "any": lambda n: [(a, b) for a, b in random.Random(n).choices([(i, j) for i in range(n) for j in range(i)], k=n)],
}


def foretold_and_taken(
    device: str, qubits: int, shape: str, seed: int, layout: list[int] | None = None, level: int = 0
) -> tuple[tuple[int, int], int]:
    gates = "".join(f"cx q[{a}], q[{b}];" for a, b in SHAPES[shape](qubits))
    source = f'OPENQASM 3.0; include "stdgates.inc"; qubit[{qubits}] q; h q; {gates}'
    transpile = Transpile.model_validate({"optimizationLevel": level, **({"initialLayout": layout} if layout else {})})
    foretold = routing.added(Noise(device=device), transpile, scan("openqasm3", source))
    options = TranspileOptions(level, tuple(layout) if layout else None, seed)
    compiler = Compiler(options, DeviceNoise(snapshot(device)), seed, 1 << 30)
    return foretold, compiler.compile(qasm3.loads(source), SIMULATOR).circuit.num_qubits - qubits


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("device", "qubits"),
    [("fake_manila", 4), ("fake_perth", 5), ("fake_guadalupe", 10), ("fake_montreal", 20), ("fake_brisbane", 16)],
)
def test_at_level_0_routing_takes_what_was_foretold(device: str, qubits: int, shape: str) -> None:
    for seed in range(2):
        (least, most), taken = foretold_and_taken(device, qubits, shape, seed)
        assert least <= taken <= most


@pytest.mark.parametrize("level", [0, 1, 3])
@pytest.mark.parametrize("layout", [[0, 126], [0, 60], [5, 40, 80], [10, 11, 30, 31], [0, 1, 125, 126]])
def test_qubits_that_are_placed_far_apart_take_the_way_between_them(layout: list[int], level: int) -> None:
    for shape in ("full", "apart") if len(layout) > 2 else ("full",):
        (least, most), taken = foretold_and_taken("fake_brisbane", len(layout), shape, 1, layout, level)
        assert least <= taken <= most
        if len(layout) == 2:
            assert taken == least


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_layout_of_the_transpilers_choice_takes_no_more_than_was_foretold(level: int) -> None:
    for shape in SHAPES:
        (least, most), taken = foretold_and_taken("fake_brisbane", 8, shape, 1, level=level)
        assert least <= taken <= most
