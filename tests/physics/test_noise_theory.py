"""Noise on engine aer against density matrices, written here with numpy and nothing of Aer's.

ALARM is 1e-6 for each of about 40 comparisons: a correct build had a chance below 1e-4 to fail with these seeds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.physics.running import run_document
from tests.physics.statistics import ALARM, p_value
from tests.physics.theory import GATES, Gate

from qee.devices import snapshot
from qee.documents import NoiseOptions, Observable, ResultDocument, RunDocument, TranspileOptions, check_result
from qee.runner.engines.aer.channels import Noise
from qee.runner.process import execute

Matrix = NDArray[np.complex128]
SHOTS = 20_000


class Density:
    """A density matrix of `qubits` qubits, as a tensor: axes of rows, then of columns, the highest qubit first."""

    def __init__(self, qubits: int) -> None:
        self.qubits = qubits
        self.tensor = np.zeros((2,) * (2 * qubits), dtype=complex)
        self.tensor[(0,) * (2 * qubits)] = 1

    def gate(self, matrix: Matrix, on: Sequence[int]) -> None:
        """`matrix` has its first qubit as the control of `tests.physics.theory`: the least significant index."""
        self._on_both_sides(matrix, on)

    def depolarize(self, p: float, on: Sequence[int]) -> None:
        """rho -> (1-p) rho + p tr_on(rho) (x) I/2^n."""
        mixed = np.zeros_like(self.tensor)
        size = 2 ** len(on)
        for i in range(size):
            for j in range(size):
                unit = np.zeros((size, size), dtype=complex)
                unit[i, j] = 1
                part = Density(self.qubits)
                part.tensor = self.tensor
                part._on_both_sides(unit, on)
                mixed = mixed + part.tensor / size
        self.tensor = (1 - p) * self.tensor + p * mixed

    def relax(self, t1: float, t2: float, duration: float, qubit: int) -> None:
        """Element by element: |1><1| decays with t1, coherences with t2."""
        row, column = self.qubits - 1 - qubit, 2 * self.qubits - 1 - qubit
        old = np.moveaxis(self.tensor, (row, column), (0, 1))
        new = old.copy()
        decay, phase = math.exp(-duration / t1), math.exp(-duration / t2)
        new[1, 1] = decay * old[1, 1]
        new[0, 0] = old[0, 0] + (1 - decay) * old[1, 1]
        new[0, 1], new[1, 0] = phase * old[0, 1], phase * old[1, 0]
        self.tensor = np.moveaxis(new, (0, 1), (row, column))

    def probabilities(self, flips: Sequence[tuple[float, float]]) -> dict[str, float]:
        """Of each outcome; `flips` has p(0|1) and p(1|0) of each qubit."""
        size = 2**self.qubits
        found = np.real(np.diag(self.tensor.reshape(size, size))).reshape((2,) * self.qubits)
        for qubit, (zero_for_one, one_for_zero) in enumerate(flips):
            table = np.array([[1 - one_for_zero, zero_for_one], [one_for_zero, 1 - zero_for_one]])
            axis = self.qubits - 1 - qubit
            found = np.moveaxis(np.tensordot(table, found, (1, axis)), 0, axis)
        return {format(k, f"0{self.qubits}b"): float(p) for k, p in enumerate(found.reshape(size))}

    def _on_both_sides(self, matrix: Matrix, on: Sequence[int]) -> None:
        rows = [self.qubits - 1 - qubit for qubit in reversed(on)]
        self.tensor = _contracted(matrix, self.tensor, rows)
        self.tensor = _contracted(matrix.conj(), self.tensor, [self.qubits + row for row in rows])


def _contracted(matrix: Matrix, tensor: Matrix, axes: list[int]) -> Matrix:
    n = len(axes)
    moved = np.tensordot(matrix.reshape((2,) * (2 * n)), tensor, (list(range(n, 2 * n)), axes))
    return np.moveaxis(moved, list(range(n)), axes)


def predicted(gates: Sequence[Gate], qubits: int, noise: NoiseOptions) -> dict[str, float]:
    """The distribution under typed errors, by their definition in docs/guide/noise.md."""
    state = Density(qubits)
    t1 = float(noise.t1) * 1e3 if noise.t1 else math.inf
    t2 = float(noise.t2) * 1e3 if noise.t2 else 2 * t1
    for name, angles, on in gates:
        state.gate(GATES[name](*angles), on)
        p = float((noise.one_qubit if len(on) == 1 else noise.two_qubit) or 0)
        state.depolarize(p, on)
        if name in noise.gate_times:
            for qubit in on:
                state.relax(t1, t2, float(noise.gate_times[name]), qubit)
    flip = float(noise.readout or 0)
    return state.probabilities([(flip, flip)] * qubits)


def source(gates: Sequence[Gate], qubits: int) -> str:
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', f"qreg q[{qubits}];", f"creg c[{qubits}];"]
    for name, angles, on in gates:
        parameters = f"({', '.join(map(repr, angles))})" if angles else ""
        lines.append(f"{name}{parameters} {', '.join(f'q[{qubit}]' for qubit in on)};")
    return "\n".join([*lines, "measure q -> c;"])


def document(
    text: str, noise: NoiseOptions | None, method: str = "automatic", transpile: TranspileOptions | None = None
) -> RunDocument:
    return replace(run_document(text, "openqasm2", "aer", SHOTS, method=method), noise=noise, transpile=transpile)


def run(wanted: RunDocument) -> ResultDocument:
    result = execute(wanted, 0, "none", 0.0)
    check_result(result, wanted)
    return result


def counts(wanted: RunDocument) -> Mapping[str, int]:
    found = run(wanted).results[0].counts
    assert found is not None
    return found


CZ: list[Gate] = [("h", (), (1,)), ("cz", (), (0, 1)), ("h", (), (1,))]
P = 0.08


def test_a_cz_circuit_deviates_by_the_analytic_amount() -> None:
    """Ideally 00 always. (1-p) rho + p I/4 leaves 00 with 1-p+p/4, and p/4 of each of the others."""
    expected = {"00": 1 - 3 * P / 4, "01": P / 4, "10": P / 4, "11": P / 4}
    found = counts(document(source(CZ, 2), NoiseOptions(two_qubit=str(P))))
    assert p_value(found, expected) > ALARM


def test_a_dropped_noise_model_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Noise, "applied", lambda self, circuit, physical=None: circuit)
    expected = {"00": 1 - 3 * P / 4, "01": P / 4, "10": P / 4, "11": P / 4}
    assert p_value(counts(document(source(CZ, 2), NoiseOptions(two_qubit=str(P)))), expected) < ALARM


MIXED: list[Gate] = [
    ("h", (), (0,)),
    ("ry", (0.9,), (2,)),
    ("cx", (), (0, 1)),
    ("cz", (), (1, 2)),
    ("rx", (1.1,), (1,)),
    ("ch", (), (2, 0)),
    ("cu1", (0.7,), (0, 1)),
    ("u3", (0.4, 0.3, 1.9), (2,)),
    ("cx", (), (1, 2)),
    ("h", (), (0,)),
    ("x", (), (1,)),
]
TYPED = {
    "oneQubit": NoiseOptions(one_qubit="0.07"),
    "twoQubit": NoiseOptions(two_qubit="0.12"),
    "readout": NoiseOptions(readout="0.06"),
    "t1": NoiseOptions(t1="2", gate_times={"cx": "400", "h": "150"}),
    "t2": NoiseOptions(t2="1.5", gate_times={"cx": "400", "cz": "300", "x": "100"}),
    "t1 and t2 above it": NoiseOptions(t1="2", t2="3.5", gate_times={"cx": "400", "ch": "500", "u3": "80"}),
    "t1 and t2 below it": NoiseOptions(t1="4", t2="1", gate_times={"cx": "400", "cu1": "200", "rx": "90"}),
    "all": NoiseOptions("", "0.03", "0.05", "0.02", "3", "2", {"cx": "400", "h": "100"}),
}
TYPED["all"] = replace(TYPED["all"], device=None)


@pytest.mark.parametrize("method", ["statevector", "density_matrix"])
@pytest.mark.parametrize("name", TYPED)
def test_typed_errors_follow_the_theory(name: str, method: str) -> None:
    found = counts(document(source(MIXED, 3), TYPED[name], method))
    assert p_value(found, predicted(MIXED, 3, TYPED[name])) > ALARM
    assert p_value(found, predicted(MIXED, 3, NoiseOptions())) < ALARM, "the noise is too small to be seen"


def test_clifford_circuits_may_stay_with_the_stabilizer_method() -> None:
    noise = NoiseOptions(one_qubit="0.05", two_qubit="0.1", readout="0.02")
    clifford: list[Gate] = [("h", (), (0,)), ("cx", (), (0, 1)), ("cz", (), (1, 2)), ("h", (), (2,)), ("y", (), (1,))]
    found = counts(document(source(clifford, 3), noise, "stabilizer"))
    assert p_value(found, predicted(clifford, 3, noise)) > ALARM


def test_gates_in_a_conditional_block_have_their_errors() -> None:
    """1 is measured, so the block runs: of its two qubits each ends flipped with p/2, by the cx and by its x."""
    text = """OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; creg a[1]; creg b[1];
    x q[0]; measure q[0] -> a[0]; if (a == 1) x q[1]; measure q[1] -> b[0];"""
    p = 0.3
    kept = 1 - p / 2
    expected = {"11": kept * kept, "01": kept * (1 - kept), "00": 1 - kept}
    assert p_value(counts(document(text, NoiseOptions(one_qubit=str(p)))), expected) > ALARM


def test_a_toffoli_is_noisy_as_the_gates_it_is_made_of() -> None:
    noise = NoiseOptions(two_qubit="0.05")
    six: list[Gate] = [
        ("h", (), (2,)),
        *[("cx", (), (1, 2)), ("tdg", (), (2,)), ("cx", (), (0, 2)), ("t", (), (2,)), ("cx", (), (1, 2))],
        *[("tdg", (), (2,)), ("cx", (), (0, 2)), ("t", (), (1,)), ("t", (), (2,)), ("h", (), (2,)), ("cx", (), (0, 1))],
        *[("t", (), (0,)), ("tdg", (), (1,)), ("cx", (), (0, 1))],
    ]
    start: list[Gate] = [("x", (), (0,)), ("x", (), (1,))]
    text = source([*start, ("h", (), (2,)), ("h", (), (2,))], 3).replace("measure", "ccx q[0], q[1], q[2];\nmeasure")
    assert p_value(counts(document(text, noise)), predicted([*start, *six], 3, noise)) > ALARM


def on_device(gates: Sequence[Gate], name: str, qubits: int) -> dict[str, float]:
    """The distribution on a device whose gates are those written: a depolarizing error that, with the relaxation,
    makes the average gate error the reported one.
    """
    device, state = snapshot(name), Density(qubits)
    for gate, angles, on in gates:
        figures = device.gates[gate][tuple(on)]
        times = [(device.t1[q] * 1e3, min(device.t2[q], 2 * device.t1[q]) * 1e3) for q in on]
        process = math.prod(
            (1 + math.exp(-figures.duration / t1) + 2 * math.exp(-figures.duration / t2)) / 4 for t1, t2 in times
        )
        d = 2 ** len(on)
        relaxed = (d * process + 1) / (d + 1)
        state.gate(NATIVE[gate](*angles), on)
        state.depolarize(max(0.0, d * (relaxed - 1 + figures.error) / (d * relaxed - 1)), on)
        for qubit, (t1, t2) in zip(on, times, strict=True):
            state.relax(t1, t2, figures.duration, qubit)
    return state.probabilities([device.readout[qubit] for qubit in range(qubits)])


SX = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
NATIVE = {**GATES, "sx": lambda: SX}


def written_natively(gates: Sequence[Gate]) -> list[Gate]:
    """h is rz sx rz, and cz a cx between two h on its second qubit: what a device of cx, rz, sx, x has."""
    quarter = math.pi / 2
    found: list[Gate] = []
    for gate, angles, on in gates:
        turn: list[Gate] = [("rz", (quarter,), on[-1:]), ("sx", (), on[-1:]), ("rz", (quarter,), on[-1:])]
        if gate == "h":
            found += turn
        elif gate == "cz":
            found += [*turn, ("cx", (), on), *turn]
        else:
            found.append((gate, angles, on))
    return found


def test_a_cz_circuit_is_noisy_on_a_device_that_has_cx_only() -> None:
    """An error on cx leaves a cz circuit ideal if nothing translates it: here 21 cz have the errors of 21 cx."""
    gates: list[Gate] = [("h", (), (2,)), *[("cz", (), (1, 2))] * 21, ("h", (), (2,))]
    wanted = document(source(gates, 3), NoiseOptions(device="fake_manila"))
    result = run(wanted)
    found = result.results[0].counts
    assert found is not None
    assert p_value(found, on_device(written_natively(gates), "fake_manila", 3)) > ALARM
    ideal = Density(3).probabilities(snapshot("fake_manila").readout[:3])
    assert p_value(found, ideal) < ALARM, "readout alone would explain it"
    assert result.provenance.noise is not None
    assert (result.provenance.noise.name, result.provenance.noise.qubits) == ("fake_manila", 5)
    (compiled,) = result.provenance.circuits
    assert compiled.two_qubit_gates == 21
    assert compiled.source is not None
    assert compiled.source.two_qubit_gates == 21


def test_readout_errors_of_a_device_are_those_of_each_qubit_and_value() -> None:
    gates: list[Gate] = [("x", (), (0,)), ("x", (), (2,)), ("x", (), (3,))]
    found = counts(document(source(gates, 5), NoiseOptions(device="fake_manila"), transpile=TranspileOptions(0)))
    assert p_value(found, on_device(gates, "fake_manila", 5)) > ALARM


def test_swapped_readout_errors_would_be_noticed() -> None:
    gates: list[Gate] = [("x", (), (0,)), ("x", (), (2,)), ("x", (), (3,))]
    found = counts(document(source(gates, 5), NoiseOptions(device="fake_manila")))
    swapped = [(b, a) for a, b in snapshot("fake_manila").readout]
    state = Density(5)
    for _, _, on in gates:
        state.gate(GATES["x"](), on)
    assert p_value(found, state.probabilities(swapped)) < ALARM


def test_the_errors_are_those_of_the_qubits_that_the_layout_names() -> None:
    gates: list[Gate] = [("x", (), (0,))] * 41
    layout = TranspileOptions(initial_layout=(2, 4))
    found = counts(document(source(gates, 2), NoiseOptions(device="fake_manila"), transpile=layout))
    there = on_device([("x", (), (2,))] * 41, "fake_manila", 5)
    expected = dict.fromkeys(("00", "01", "10", "11"), 0.0)
    for key, probability in there.items():
        expected[key[4 - 4] + key[4 - 2]] += probability
    assert p_value(found, expected) > ALARM


def exact(wanted: RunDocument) -> NDArray[np.float64]:
    """The output `probabilities`, by outcome."""
    found = run(replace(wanted, outputs=("probabilities",))).results[0].probabilities
    assert found is not None
    return np.frombuffer(found.raw(), dtype="<f8")


def in_order(expected: Mapping[str, float]) -> list[float]:
    return [expected[key] for key in sorted(expected)]


@pytest.mark.parametrize("name", TYPED)
def test_exact_probabilities_under_typed_errors_are_those_of_the_density_matrix(name: str) -> None:
    found = exact(document(source(MIXED, 3), TYPED[name]))
    assert np.allclose(found, in_order(predicted(MIXED, 3, TYPED[name])), atol=1e-9)


def test_exact_probabilities_under_the_noise_of_a_device_are_those_of_the_density_matrix() -> None:
    gates: list[Gate] = [("h", (), (0,)), *[("cz", (), (1, 2))] * 3, ("h", (), (2,)), ("x", (), (1,)), ("h", (), (1,))]
    found = exact(document(source(gates, 3), NoiseOptions(device="fake_manila")))
    assert np.allclose(found, in_order(on_device(written_natively(gates), "fake_manila", 3)), atol=1e-9)


def test_expectation_values_under_noise_include_readout_and_the_rotations_own_errors() -> None:
    """XX of a Bell pair: each of the four gates' errors shrinks it, and readout twice by 1 - 2 p(flip)."""
    one, two, flip = 0.04, 0.06, 0.05
    noise = NoiseOptions(one_qubit=str(one), two_qubit=str(two), readout=str(flip))
    bell: list[Gate] = [("h", (), (0,)), ("cx", (), (0, 1))]
    wanted = document(source(bell, 2), noise)
    observables = tuple(Observable(label, {label: "1"}) for label in ("XX", "ZZ"))
    circuit = replace(wanted.circuits[0], observables=observables)
    found = run(replace(wanted, circuits=(circuit,), outputs=("expectation",))).results[0].expectation
    assert found is not None
    # after the first h, X has 1-one; of the pair both XX and ZZ keep 1-two; XX is turned by two more h
    ideal = {"XX": (1 - one) * (1 - two) * (1 - one) ** 2 * (1 - 2 * flip) ** 2, "ZZ": (1 - two) * (1 - 2 * flip) ** 2}
    for label, value in ideal.items():
        estimate = found[label]
        assert abs(float(estimate.value) - value) < 4.9 * float(estimate.standard_error), label  # 1e-6, two-sided
        assert estimate.shots == SHOTS
