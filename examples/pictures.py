"""Runs the computed examples here and draws docs/images/examples: how results are read in a notebook, and a circuit.

`python examples/pictures.py`, with the extras aer, cirq, notebook and plot installed.
"""

import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable
from itertools import product
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from qee import results
from qee.results import Result

HERE = Path(__file__).parent
PICTURES = HERE.parent / "docs/images/examples"


def run(name: str) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "result.json")
        command = ["qee", "run", "--local", str(HERE / f"{name}.yaml"), "-o", "json", "--output-file", str(file)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        return results.load(file)


def h2_vqe(result: Result, axes: plt.Axes) -> None:
    theta, energy = result.parameters()["theta"], result.expectation().value
    axes.plot(theta, energy, ".-", label="ansatz, exact")
    axes.axhline(-1.857275, color="grey", linestyle="--", label="ground state")
    axes.set(xlabel="theta", ylabel="electronic energy (hartree)")
    axes.legend()


def maxcut_qaoa(result: Result, axes: plt.Axes) -> None:
    columns = result.parameters()
    gamma, beta = np.unique(columns["gamma"]), np.unique(columns["beta"])
    shown = axes.pcolormesh(beta, gamma, result.expectation().value.reshape(len(gamma), len(beta)), shading="nearest")
    axes.figure.colorbar(shown, label="expected cut, of 6 edges")
    axes.set(xlabel="beta", ylabel="gamma")


def randomized_benchmarking(result: Result, axes: plt.Axes) -> None:
    survived = defaultdict(list)
    for circuit in result.circuits:
        counts = result.counts(circuit)
        survived[int(circuit[1:].split("-")[0])].append(counts.get("0", 0) / sum(counts.values()))
    for length, shares in survived.items():
        axes.plot([length] * len(shares), shares, ".", color="lightgrey")
    lengths = sorted(survived)
    axes.plot(lengths, [np.mean(survived[length]) for length in lengths], "o-", label="mean of 50 sequences")
    axes.set(xlabel="Cliffords", ylabel="survival", xscale="log")
    axes.legend()


def tomography(result: Result, axes: plt.Axes) -> None:
    rho = np.eye(4, dtype=complex) / 4
    x, z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])
    paulis = {"I": np.eye(2), "X": x, "Y": 1j * x @ z, "Z": z}
    for high, low in list(product("IXYZ", repeat=2))[1:]:
        means = []
        for circuit in result.circuits:
            if high in ("I", circuit[-2]) and low in ("I", circuit[-1]):
                counts, measured = result.counts(circuit), [n for n, letter in enumerate((high, low)) if letter != "I"]
                total = sum(n * (-1) ** sum(key[at] == "1" for at in measured) for key, n in counts.items())
                means.append(total / sum(counts.values()))
        rho += np.mean(means) * np.kron(paulis[high], paulis[low]) / 4
    names, places = ["00", "01", "10", "11"], np.arange(4)
    for number, row in enumerate(np.abs(rho)):
        axes.bar(places + 0.2 * number - 0.3, row, 0.2, label=f"row {names[number]}")
    axes.set(xlabel="column", ylabel="magnitude", xticks=places, xticklabels=names)
    axes.legend()


def histogram(result: Result, axes: plt.Axes) -> None:
    counts = result.counts()
    most = sorted(counts, key=lambda key: -counts[key])[:16]
    axes.bar(sorted(most), [counts[key] for key in sorted(most)], 0.4 if len(most) <= 2 else 0.8)
    axes.set_xlim(-0.6, len(most) - 0.4)
    axes.tick_params(axis="x", rotation=90 if len(most) > 8 else 0)
    axes.set(xlabel="outcome, bit 0 rightmost", ylabel="counts")


def quantum_volume(result: Result, axes: plt.Axes) -> None:
    heavy = []
    for circuit in result.circuits:
        ideal, counts = result.probabilities(circuit), result.counts(circuit)
        above = {format(n, "05b") for n in np.flatnonzero(ideal > np.median(ideal))}
        heavy.append(sum(n for key, n in counts.items() if key in above) / sum(counts.values()))
    axes.bar(range(len(heavy)), heavy)
    axes.axhline((1 + np.log(2)) / 2, color="grey", linestyle="--", label="(1 + ln 2)/2")
    axes.axhline(2 / 3, color="red", linestyle=":", label="2/3, to pass")
    axes.set(xlabel="circuit", ylabel="share of heavy outcomes", ylim=(0, 1))
    axes.legend(loc="lower right")


def speckle(result: Result, axes: plt.Axes) -> None:
    ideal, counts = result.probabilities(), result.counts()
    shots = sum(counts.values())
    seen = np.array([counts.get(format(n, "09b"), 0) / shots for n in range(len(ideal))])
    axes.plot(ideal, seen, ".")
    axes.plot([0, ideal.max()], [0, ideal.max()], color="grey", linestyle="--")
    axes.set(xlabel="probability", ylabel=f"share of {shots} shots")
    axes.locator_params(axis="x", nbins=5)


PICTURES_OF: dict[str, Callable[[Result, plt.Axes], None]] = {
    "h2-vqe": h2_vqe,
    "maxcut-qaoa": maxcut_qaoa,
    "randomized-benchmarking": randomized_benchmarking,
    "tomography": tomography,
    "noisy-ghz": histogram,
    "quantum-volume": quantum_volume,
    "dynamic-circuit": histogram,
    "supremacy": speckle,
    "teleportation": histogram,
}


CIRCUIT = "teleportation"


def main() -> None:
    picture = PICTURES / f"{CIRCUIT}-circuit.png"
    subprocess.run(["qee", "draw", "-f", str(HERE / f"{CIRCUIT}.yaml"), "--png", str(picture)], check=True)  # noqa: S603, S607
    for name, draw in PICTURES_OF.items():
        result = run(name)
        figure, axes = plt.subplots(figsize=(5, 3.2), layout="constrained")
        draw(result, axes)
        axes.set_title(f"{name}, {'simulated' if result.simulated else 'on hardware'} on {result.backend}", fontsize=10)
        figure.savefig(PICTURES / f"{name}.png", dpi=110, metadata={"Software": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
