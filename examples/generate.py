"""Writes the examples whose programs are computed: `python examples/generate.py`, with Qiskit and Cirq installed.

`--check` fails where a file is not what would be written.
"""

import argparse
import base64
import io
import itertools
import json
import math
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
HEAD3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'


def job(name: str, backend: str, circuits: list[dict[str, Any]], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "qee.dev/v1alpha1",
        "kind": "QuantumJob",
        "metadata": {"name": name},
        "spec": {"backendRef": {"kind": "QuantumBackend", "name": backend}, **spec, "circuits": circuits},
    }


def decimals(values: Iterator[float]) -> list[str]:
    return [f"{value:.6f}" for value in values]


def h2_vqe() -> dict[str, Any]:
    """Coefficients: O'Malley et al., PRX 6, 031007 (2016), in the parity mapping as Qiskit Nature gives them."""
    terms = {
        "II": "-1.052373245772859",
        "IZ": "0.39793742484318045",
        "ZI": "-0.39793742484318045",
        "ZZ": "-0.01128010425623538",
        "XX": "0.18093119978423156",
    }
    source = f"{HEAD3}input float[64] theta;\nqubit[2] q;\nx q[0];\nry(theta) q[1];\ncx q[1], q[0];\n"
    ansatz = {
        "name": "ansatz",
        "format": "openqasm3",
        "source": source,
        "parameters": {"theta": decimals(-math.pi + 2 * math.pi * i / 100 for i in range(101))},
        "observables": [{"name": "energy", "terms": terms}],
    }
    return job("h2-vqe", "aer", [ansatz], outputs=["expectation"])


def maxcut_qaoa() -> dict[str, Any]:
    n = 6
    edges = [(i, (i + 1) % n) for i in range(n)]
    lines = [f"input float[64] gamma;\ninput float[64] beta;\nqubit[{n}] q;\nh q;\n"]
    for a, b in edges:
        lines.append(f"cx q[{a}], q[{b}];\nrz(-gamma) q[{b}];\ncx q[{a}], q[{b}];\n")
    lines += [f"rx(2 * beta) q[{i}];\n" for i in range(n)]
    cut = {"I" * n: str(len(edges) / 2)}
    for a, b in edges:
        cut["".join("Z" if n - 1 - place in (a, b) else "I" for place in range(n))] = "-0.5"
    grid = list(itertools.product([math.pi * i / 12 for i in range(13)], [math.pi * i / 24 for i in range(13)]))
    circuit = {
        "name": "ring",
        "format": "openqasm3",
        "source": HEAD3 + "".join(lines),
        "parameters": {"gamma": decimals(a for a, _ in grid), "beta": decimals(b for _, b in grid)},
        "observables": [{"name": "cut", "terms": cut}],
    }
    return job("maxcut-qaoa", "aer", [circuit], outputs=["expectation"])


def randomized_benchmarking() -> dict[str, Any]:
    """One qubit, the Cliffords but for the identity as words in h and s; Magesan et al., PRL 106, 180504 (2011)."""
    source = random.Random(20)  # noqa: S311 - reproducible on purpose
    words = _clifford_words()
    circuits = []
    for length, number in itertools.product((1, 2, 4, 8, 16, 32), range(50)):
        gates = "".join(source.choice([word for word in words.values() if word]) for _ in range(length))
        gates += _undone(gates, words)
        text = "".join(f"{gate} q;" for gate in gates)
        circuits.append(
            {
                "name": f"m{length}-{number}",
                "format": "openqasm3",
                "source": f'OPENQASM 3.0;include "stdgates.inc";qubit q;bit c;{text}c=measure q;',
            }
        )
    return job("randomized-benchmarking", "aer", circuits, shots=200, seed=4, noise={"oneQubit": "0.004"})


def _clifford_words() -> dict[tuple[complex, ...], str]:
    """Shortest words of h and s for the 24 Cliffords, by their matrix up to phase."""
    found: dict[tuple[complex, ...], str] = {}
    level = [((1, 0, 0, 1), "")]
    while level:
        following = []
        for matrix, word in level:
            if (key := _up_to_phase(matrix)) in found:
                continue
            found[key] = word
            following += [(_times(gate, matrix), word + name) for name, gate in _GATES.items()]
        level = following
    return found


_R = 1 / math.sqrt(2)
_GATES = {"h": (_R, _R, _R, -_R), "s": (1, 0, 0, 1j)}


def _times(a: tuple[complex, ...], b: tuple[complex, ...]) -> tuple[complex, ...]:
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
    )


def _up_to_phase(matrix: tuple[complex, ...]) -> tuple[complex, ...]:
    first = next(each for each in matrix if abs(each) > 1e-6)
    turned = [each * abs(first) / first for each in matrix]
    return tuple(complex(round(each.real, 4) + 0.0, round(each.imag, 4) + 0.0) for each in turned)


def _undone(gates: str, words: dict[tuple[complex, ...], str]) -> str:
    """The word of the Clifford that takes the gates back."""
    total: tuple[complex, ...] = (1, 0, 0, 1)
    for name in gates:
        total = _times(_GATES[name], total)
    adjoint = (total[0].conjugate(), total[2].conjugate(), total[1].conjugate(), total[3].conjugate())
    return words[_up_to_phase(adjoint)]


def tomography() -> dict[str, Any]:
    """The nine settings of two qubits; James et al., PRA 64, 052312 (2001)."""
    turns = {"Z": "", "X": "h q[{0}];\n", "Y": "sdg q[{0}];\nh q[{0}];\n"}
    state = f"{HEAD3}qubit[2] q;\nbit[2] c;\nry(0.9) q[0];\ncx q[0], q[1];\ns q[1];\n"
    circuits = [
        {
            "name": f"basis-{high}{low}",
            "format": "openqasm3",
            "source": state + turns[low].format(0) + turns[high].format(1) + "c = measure q;\n",
        }
        for high, low in itertools.product("XYZ", repeat=2)
    ]
    return job("tomography", "aer", circuits, shots=4000, seed=9)


def noisy_ghz() -> dict[str, Any]:
    n = 4
    chain = "".join(f"cx q[{i}], q[{i + 1}];\n" for i in range(n - 1))
    circuit = {
        "name": "ghz",
        "format": "openqasm3",
        "source": f"{HEAD3}qubit[{n}] q;\nbit[{n}] c;\nh q[0];\n{chain}c = measure q;\n",
    }
    return job("noisy-ghz", "aer", [circuit], shots=8000, seed=3, noise={"device": "fake_manila"})


def quantum_volume() -> dict[str, Any]:
    """Ten square circuits of random SU(4) blocks; Cross et al., PRA 100, 032328 (2019)."""
    source = random.Random(6)  # noqa: S311
    n = 5
    circuits = []
    for number in range(10):
        lines = [f"{HEAD3}qubit[{n}] q;\nbit[{n}] c;\n"]
        for _ in range(n):
            order = source.sample(range(n), n)
            for a, b in zip(order[::2], order[1::2], strict=False):
                for block in range(4):
                    for qubit in (a, b):
                        angles = ", ".join(f"{source.uniform(-math.pi, math.pi):.5f}" for _ in range(3))
                        lines.append(f"u3({angles}) q[{qubit}];\n")
                    lines += [f"cx q[{a}], q[{b}];\n"] if block < 3 else []
        circuits.append(
            {"name": f"square-{number}", "format": "openqasm3", "source": "".join([*lines, "c = measure q;\n"])}
        )
    return job("quantum-volume", "aer", circuits, shots=1000, seed=8, outputs=["counts", "probabilities"])


def dynamic_circuit() -> dict[str, Any]:
    """Iterative phase estimation of 5/8 with one ancilla; Dobsicek et al., PRA 76, 030306 (2007)."""
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qpy

    bits = 3
    ancilla, target = QuantumRegister(1, "ancilla"), QuantumRegister(1, "target")
    phase = ClassicalRegister(bits, "phase")
    circuit = QuantumCircuit(ancilla, target, phase, name="phase")
    circuit.x(target)
    for step in range(bits):
        circuit.reset(ancilla)
        circuit.h(ancilla)
        circuit.cp(2 * math.pi * 5 / 8 * 2 ** (bits - 1 - step), ancilla[0], target[0])
        for earlier in range(step):
            with circuit.if_test((phase[earlier], 1)):
                circuit.p(-math.pi / 2 ** (step - earlier), ancilla)
        circuit.h(ancilla)
        circuit.measure(ancilla[0], phase[step])
    written = io.BytesIO()
    qpy.dump(circuit, written, version=13)
    data = base64.b64encode(written.getvalue()).decode()
    return job("dynamic-circuit", "aer", [{"name": "phase", "format": "qpy", "data": data}], shots=500, seed=2)


def supremacy() -> dict[str, Any]:
    """Random turns between layers of a grid; Boixo et al., Nature Physics 14, 595 (2018)."""
    import cirq

    qubits = cirq.GridQubit.rect(3, 3)
    circuit = cirq.experiments.random_rotations_between_grid_interaction_layers_circuit(qubits, depth=8, seed=5)
    circuit.append(cirq.measure(*qubits, key="m"))
    text = json.dumps(json.loads(cirq.to_json(circuit)), separators=(",", ":"))
    grid = {"name": "grid", "format": "cirq-json", "source": text}
    return job("supremacy", "cirq", [grid], shots=5000, seed=1, outputs=["counts", "probabilities"])


EXAMPLES: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "h2-vqe": (
        "The energy of H2 at 0.735 angstrom over the one angle of an ansatz, exact: a sweep of 101 points. The lowest\n"
        "# point of the curve is -1.85728 hartree without the nuclei's repulsion.",
        h2_vqe,
    ),
    "maxcut-qaoa": (
        "MaxCut on a ring of six by QAOA with one layer: the expected cut over a grid of 13 x 13 angles. No angles\n"
        "# reach more than 3/4 of the edges (Farhi et al., arXiv:1411.4028).",
        maxcut_qaoa,
    ),
    "randomized-benchmarking": (
        "300 random Clifford circuits that do nothing, under a depolarizing error of 0.4 % on every gate: survival\n"
        "# decays with their length.",
        randomized_benchmarking,
    ),
    "tomography": ("A state of two qubits measured in nine bases, from which its density matrix follows.", tomography),
    "noisy-ghz": (
        "A GHZ state of four qubits under the noise of a device, from its calibration: compiled to its gates and\n"
        "# coupling, then simulated.",
        noisy_ghz,
    ),
    "quantum-volume": (
        "Ten random square circuits of five qubits: how often outcomes are heavy, by counts and by the probabilities\n"
        "# that the simulator knows. Ideal: (1 + ln 2)/2, about 0.85.",
        quantum_volume,
    ),
    "dynamic-circuit": (
        "Phase estimation with one ancilla that is measured, reset and conditioned on: a circuit of Qiskit's, in QPY.\n"
        "# The phase is 5/8, so that every shot gives 101.",
        dynamic_circuit,
    ),
    "supremacy": (
        "Random turns between interactions on a grid of 3 x 3, in Cirq's JSON: outcomes as a speckle.",
        supremacy,
    ),
}


class _Text(yaml.SafeDumper):
    """Programs of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if value.count("\n") > 1 else None)


_Text.add_representer(str, _text)


def written(name: str) -> str:
    """The text of an example's file."""
    comment, make = EXAMPLES[name]
    body = yaml.dump(make(), Dumper=_Text, sort_keys=False, width=100_000, default_flow_style=None)
    return f"# {comment}\n# Written by examples/generate.py.\n{body}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name in EXAMPLES:
        path, text = HERE / f"{name}.yaml", written(name)
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
    if stale:
        sys.stderr.write(f"examples: {', '.join(stale)}: run python examples/generate.py\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
