"""What the computed examples must give, here and on a cluster alike: what their comments and the books say."""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.optimize import curve_fit
from tests.physics.statistics import ALARM, p_value

from qee.documents import CircuitResult, ResultDocument

EXAMPLES = Path(__file__).parents[2] / "examples"


def value(result: CircuitResult, observable: str) -> float:
    assert result.expectation is not None
    return float(result.expectation[observable].value)


def probabilities(result: CircuitResult) -> dict[str, float]:
    assert result.probabilities is not None
    array = np.frombuffer(result.probabilities.raw(), dtype="<f8")
    return {format(outcome, f"0{int(math.log2(len(array)))}b"): float(each) for outcome, each in enumerate(array)}


def energy_follows_the_known_curve(document: ResultDocument) -> None:
    thetas = [float(text) for text in document.parameters["ansatz"]["theta"]]
    energies = [value(result, "energy") for result in document.results]
    known = [
        -1.052373245772859 + 0.01128010425623538 - 0.79587484968636 * math.cos(t) + 0.18093119978423156 * math.sin(t)
        for t in thetas
    ]
    assert energies == pytest.approx(known, abs=1e-12)
    assert min(energies) == pytest.approx(-1.85728, abs=5e-4)  # the grid's best point; the ground state is -1.857275


def cut_follows_the_formula_and_its_bound(document: ResultDocument) -> None:
    """Wang et al., PRA 97, 022304 (2018): per edge of a ring of more than three, 1/2 + sin(4 beta) sin(2 gamma')/4."""
    columns = {name: [float(text) for text in column] for name, column in document.parameters["ring"].items()}
    cuts = [value(result, "cut") for result in document.results]
    known = [
        6 * (0.5 + math.sin(4 * b) * math.sin(2 * g) / 4)
        for g, b in zip(columns["gamma"], columns["beta"], strict=True)
    ]
    assert len(cuts) == 169
    assert cuts == pytest.approx(known, abs=1e-5)  # the columns have six places
    assert max(cuts) == pytest.approx(4.5, abs=1e-5)


def survival_decays_as_the_error_says(document: ResultDocument) -> None:
    """Each gate depolarizes: the survival is 1/2 + (1 - p)^gates / 2, by each sequence's own number of gates."""
    manifest = yaml.safe_load((EXAMPLES / "randomized-benchmarking.yaml").read_text())
    gates = {c["name"]: c["source"].count("h q;") + c["source"].count("s q;") for c in manifest["spec"]["circuits"]}
    assert len(document.results) == 300
    survived: dict[int, list[float]] = defaultdict(list)
    for result in document.results:
        assert result.counts is not None
        expected = 0.5 + 0.996 ** gates[result.circuit] / 2
        seen = dict(result.counts)
        assert p_value(seen, {"0": expected, "1": 1 - expected} if expected < 1 else {"0": 1.0}) > ALARM
        survived[int(result.circuit[1:].split("-")[0])].append(seen.get("0", 0) / result.shots)
    lengths = sorted(survived)
    means = [float(np.mean(survived[length])) for length in lengths]
    (decay,), _ = curve_fit(lambda m, f: 0.5 + 0.5 * f ** (m + 1), lengths, means, p0=[0.99])
    assert 0.985 < decay < 0.993  # about 0.996^2.6: a Clifford has 2.6 gates of h and s on average, give or take


def density_matrix_follows_from_nine_bases(document: ResultDocument) -> None:
    paulis = {
        "I": np.eye(2),
        "X": np.array([[0, 1], [1, 0]]),
        "Y": np.array([[0, -1j], [1j, 0]]),
        "Z": np.diag([1, -1]),
    }
    rho = np.eye(4, dtype=complex) / 4
    for high, low in itertools.product("IXYZ", repeat=2):
        if high + low == "II":
            continue
        fitting = [
            result
            for result in document.results
            if high in ("I", result.circuit[-2]) and low in ("I", result.circuit[-1])
        ]
        mean = np.mean([_mean(result, high, low) for result in fitting])
        rho += mean * np.kron(paulis[high], paulis[low]) / 4
    state = np.array([math.cos(0.45), 0, 0, 1j * math.sin(0.45)])
    assert float((state.conj() @ rho @ state).real) > 0.98


def _mean(result: CircuitResult, high: str, low: str) -> float:
    measured = [place for place, letter in enumerate((high, low)) if letter != "I"]
    assert result.counts is not None
    total = sum(n * (-1) ** sum(key[place] == "1" for place in measured) for key, n in result.counts.items())
    return total / result.shots


def ghz_is_less_than_perfect_and_more_than_nothing(document: ResultDocument) -> None:
    (result,) = document.results
    assert result.counts is not None
    good = (result.counts.get("0000", 0) + result.counts.get("1111", 0)) / result.shots
    assert 0.7 < good < 0.98
    assert document.provenance.noise is not None
    assert document.provenance.noise.calibration_time
    ideal = {"0000": 0.5, "1111": 0.5}
    assert p_value(dict(result.counts), ideal) < ALARM


def outcomes_are_heavy(document: ResultDocument) -> None:
    by_counts, by_probability = [], []
    for result in document.results:
        ideal = probabilities(result)
        assert result.counts is not None
        assert p_value(dict(result.counts), ideal) > ALARM
        median = float(np.median(list(ideal.values())))
        heavy = {key for key, p in ideal.items() if p > median}
        by_counts.append(sum(result.counts.get(key, 0) for key in heavy) / result.shots)
        by_probability.append(sum(ideal[key] for key in heavy))
    assert float(np.mean(by_counts)) == pytest.approx(float(np.mean(by_probability)), abs=0.02)
    assert float(np.mean(by_probability)) == pytest.approx((1 + math.log(2)) / 2, abs=0.06)


def phase_is_found_in_every_shot(document: ResultDocument) -> None:
    (result,) = document.results
    assert result.counts == {"101": 500}
    assert [(register.name, register.size) for register in result.registers] == [("phase", 3)]


def speckle_is_that_of_a_random_circuit(document: ResultDocument) -> None:
    (result,) = document.results
    ideal = probabilities(result)
    assert result.counts is not None
    assert p_value(dict(result.counts), ideal) > ALARM
    linear = 2**9 * sum(n * ideal[key] for key, n in result.counts.items()) / result.shots - 1
    own = 2**9 * sum(p * p for p in ideal.values()) - 1  # of this circuit's very distribution; 1 for Porter-Thomas
    assert linear == pytest.approx(own, rel=0.1)
    assert own > 0.5


CHECKS: dict[str, Callable[[ResultDocument], None]] = {
    "h2-vqe": energy_follows_the_known_curve,
    "maxcut-qaoa": cut_follows_the_formula_and_its_bound,
    "randomized-benchmarking": survival_decays_as_the_error_says,
    "tomography": density_matrix_follows_from_nine_bases,
    "noisy-ghz": ghz_is_less_than_perfect_and_more_than_nothing,
    "quantum-volume": outcomes_are_heavy,
    "dynamic-circuit": phase_is_found_in_every_shot,
    "supremacy": speckle_is_that_of_a_random_circuit,
}
