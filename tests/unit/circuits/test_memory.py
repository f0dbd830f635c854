"""What a circuit needs, by engine, method and precision."""

import dataclasses

import pytest

from qee.circuits import Asked, Scan, estimate_memory, scan
from qee.circuits.resources import MAX_BYTES, MIB


def circuit(qubits: int, body: str = "t q[0];") -> Scan:
    return scan("openqasm3", f'include "stdgates.inc"; qubit[{qubits}] q; bit[{qubits}] c; {body} c = measure q;')


def test_a_state_vector_doubles_with_each_qubit() -> None:
    small, large = (estimate_memory(circuit(n), "aer") for n in (24, 25))
    assert large.bytes - small.bytes == 16 * 2**24 + 14 * 1024
    assert small.method == "statevector"


def test_single_precision_halves_the_state() -> None:
    double, single = (estimate_memory(circuit(24), "aer", precision=p) for p in ("double", "single"))
    assert double.bytes - single.bytes == 8 * 2**24


def test_a_density_matrix_quadruples_with_each_qubit() -> None:
    small, large = (estimate_memory(circuit(n), "aer", "density_matrix") for n in (11, 12))
    assert large.bytes - small.bytes == 16 * (4**12 - 4**11) + 14 * 1024


def test_a_clifford_circuit_of_a_hundred_qubits_is_small() -> None:
    for engine in ("aer", "cirq"):
        estimate = estimate_memory(circuit(100, "h q[0]; cx q[0], q[1:99];"), engine)
        assert estimate.method == "stabilizer"
        assert estimate.bytes < 300 * MIB


ENTANGLING = "".join(f"cz q[{i}], q[59];" for i in range(59)) + "t q[0];"


def test_sixty_entangled_qubits_beyond_clifford_fit_nowhere() -> None:
    estimate = estimate_memory(circuit(60, ENTANGLING), "aer")
    assert estimate.bytes == MAX_BYTES
    assert estimate.formula.endswith("16 bytes x 2^60 = more than 1 EiB")


def test_sixty_qubits_with_little_entanglement_are_a_matrix_product_on_aer() -> None:
    ghz = circuit(60, "h q[0];" + "".join(f"cx q[{i}], q[{i + 1}];" for i in range(59)) + "t q[59];")
    estimate = estimate_memory(ghz, "aer")
    assert (estimate.method, estimate.bounded) == ("matrix_product_state", True)
    assert estimate.bytes < 200 * MIB
    assert estimate_memory(ghz, "cirq").method == "statevector"


def test_a_matrix_product_is_for_what_does_not_fit() -> None:
    thin = circuit(24, "cx q[0], q[1]; t q[0];")
    assert estimate_memory(thin, "aer").method == "statevector"
    assert estimate_memory(thin, "aer", room=256 * MIB).method == "matrix_product_state"
    assert estimate_memory(circuit(40, "if (c == 1) x q[0]; t q[0];"), "aer").method == "statevector"


def test_an_estimate_stays_finite_for_the_widest_circuit() -> None:
    estimate = estimate_memory(circuit(1000), "cirq", "density_matrix")
    assert estimate.bytes == MAX_BYTES
    assert "4^1000" in estimate.formula


def test_the_formula_can_be_checked_by_hand() -> None:
    estimate = estimate_memory(circuit(24), "aer")
    assert estimate.formula == "160 MiB + 14 KiB x 25 operations + 16 bytes x 2^24 = 417 MiB"
    assert estimate.bytes == 160 * MIB + 14 * 1024 * 25 + 16 * 2**24
    estimate = estimate_memory(circuit(20), "cirq", precision="single")
    assert estimate.formula == "240 MiB + 4 KiB x 21 operations + 5 x 8 bytes x 2^20 = 281 MiB"


def test_operations_count() -> None:
    assert estimate_memory(circuit(2, "for int i in [1:10000] t q[0];"), "aer").bytes > 290 * MIB


def test_what_depends_on_the_state_is_a_floor() -> None:
    estimate = estimate_memory(circuit(60, ENTANGLING), "aer", "matrix_product_state")
    assert not estimate.bounded
    assert estimate.bytes < 200 * MIB
    assert "entanglement" in estimate.formula


@pytest.mark.parametrize(("method", "precision"), [(None, None), ("automatic", "double")])
def test_what_is_absent_has_its_default(method: str | None, precision: str | None) -> None:
    assert estimate_memory(circuit(10), "aer", method, precision) == estimate_memory(circuit(10), "aer")


@pytest.mark.parametrize(
    ("body", "late"),
    [
        ("reset q; h q[0]; cx q[0], q[1];", False),
        ("h q[0]; reset q[1]; cx q[0], q[1];", False),
        ("barrier q; reset q[0];", False),
        ("reset q[0]; reset q[0];", False),
        ("h q[0]; reset q[0];", True),
        ("h q; reset q[2];", True),
        ("cx q[0], q[2]; reset q;", True),
        ("ctrl @ x q[1], q[0]; reset q[1];", True),
        ("delay[1ns] q[1]; reset q[1];", True),
        ("delay[1ns]; reset q[1];", True),
        ("c[0] = measure q[0]; reset q[0];", True),
        ("let part = q[1:2]; h part[0]; reset q[0];", True),  # in doubt
        ("for int i in [0:1] { h q[0]; } reset q[2];", True),  # in doubt
        ("gate mine a { h a; } reset q[0];", False),
    ],
)
def test_a_reset_is_late_where_something_was_done_to_its_qubit(body: str, late: bool) -> None:
    assert circuit(3, body).late_resets is late


def test_exact_numbers_after_a_late_reset_take_a_density_matrix_on_aer() -> None:
    exact = Asked(exact=True)
    late = circuit(12, "t q[0]; reset q[0];")
    assert estimate_memory(late, "aer", asked=exact) == estimate_memory(late, "aer", "density_matrix")
    assert estimate_memory(late, "aer", "statevector", asked=exact).method == "density_matrix"  # as the runner does
    assert estimate_memory(late, "aer").method == "statevector"
    fresh = circuit(12, "reset q[0]; t q[0];")
    assert estimate_memory(fresh, "aer", asked=exact).method == "statevector"
    assert estimate_memory(fresh, "cirq", asked=exact).method == "density_matrix"


# Peak resident sizes of runner processes, MiB; see qee/circuits/resources.py.
MEASURED = [
    ("aer", "statevector", "double", 2, 0, 117),
    ("aer", "statevector", "double", 24, 0, 369),
    ("aer", "statevector", "single", 24, 0, 241),
    ("aer", "density_matrix", "double", 12, 0, 369),
    ("aer", "stabilizer", "double", 800, 0, 124),
    ("aer", "statevector", "double", 4, 20_000, 362),
    ("aer", "statevector", "double", 4, 90_000, 1220),
    ("cirq", "statevector", "double", 2, 0, 187),
    ("cirq", "statevector", "double", 24, 0, 1097),
    ("cirq", "statevector", "single", 22, 0, 334),
    ("cirq", "density_matrix", "double", 10, 0, 257),
    ("cirq", "statevector", "double", 4, 4096, 200),
]


@pytest.mark.parametrize(("engine", "method", "precision", "qubits", "operations", "peak"), MEASURED)
def test_estimates_are_above_what_was_measured_and_not_by_much(
    engine: str, method: str, precision: str, qubits: int, operations: int, peak: int
) -> None:
    scanned = dataclasses.replace(circuit(qubits), operations=operations + 4 * qubits, objects=operations + 4 * qubits)
    estimate = estimate_memory(scanned, engine, method, precision).bytes / MIB
    assert peak < estimate < 1.3 * peak + 70


def test_what_an_engine_builds_besides_operations_counts_too() -> None:
    rounds = estimate_memory(circuit(2, "for int i in [1:300000] { } t q[0];"), "aer")
    assert rounds.bytes > 160 * MIB + 4 * 1024 * 300_000
    assert "4 KiB x 300000 other objects" in rounds.formula
