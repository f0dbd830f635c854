"""Qubits that routing on a device adds, as the operator foretells them."""

from typing import Any

import pytest

from qee.api.job_options import Noise, Transpile
from qee.circuits import Asked, estimate_memory, scan
from qee.core.checks import routing

PAIR = "cx q[0], q[1];"


def added(device: str | None, qubits: int, body: str, **transpile: Any) -> tuple[int, int]:
    found = scan("openqasm3", f'OPENQASM 3.0; include "stdgates.inc"; qubit[{qubits}] q; {body}')
    noise = Noise.model_validate({"device": device} if device else {"oneQubit": "0.1"})
    return routing.added(noise, Transpile.model_validate(transpile) if transpile else None, found)


def test_two_qubits_take_the_path_between_their_places() -> None:
    # fake_manila is a line of five
    assert added("fake_manila", 2, PAIR) == (0, 0)
    assert added("fake_manila", 2, PAIR, initialLayout=[0, 4]) == (3, 3)
    assert added("fake_manila", 2, PAIR, initialLayout=[3, 1]) == (1, 1)
    assert added("fake_brisbane", 2, PAIR, initialLayout=[0, 126]) == (25, 55)


def test_qubits_that_meet_over_others_are_joined_with_them() -> None:
    chain = "cx q[0], q[1]; cx q[1], q[2];"
    assert added("fake_manila", 3, chain, initialLayout=[0, 4, 2]) == (2, 2)
    assert added("fake_manila", 3, "ccx q[0], q[1], q[2];", initialLayout=[0, 4, 2]) == (2, 2)


def test_pairs_that_never_meet_need_no_way_to_each_other() -> None:
    pairs = "cx q[0], q[1]; cx q[2], q[3];"
    least, most = added("fake_brisbane", 4, pairs, initialLayout=[0, 1, 125, 126])
    assert (least, most > 20) == (0, True)
    assert added("fake_brisbane", 4, pairs + "cx q[1], q[2];", initialLayout=[0, 1, 125, 126])[0] > 20


@pytest.mark.parametrize(
    ("body", "least"),
    [
        ("gate far a, b, c { cx a, b; } far q[0], q[2], q[1];", 0),  # c has no part in it
        ("gate two a, b { cx a, b; } two q[0], q[1];", 2),
        ("let part = q[0:1]; cx part[0], part[1];", 0),  # in doubt
        ("for int i in [0:1] { cx q[0], q[1]; }", 0),  # in doubt
        ("h q; barrier q; cz q[1], q[2];", 2),
    ],
)
def test_what_gates_connect_is_not_overrated(body: str, least: int) -> None:
    assert added("fake_manila", 3, body, initialLayout=[0, 4, 1])[0] == least


def test_a_broadcast_connects_pair_by_pair() -> None:
    body = "qubit[2] r; cx q, r;"
    assert added("fake_manila", 2, body, initialLayout=[0, 3, 1, 4]) == (0, 1)
    assert added("fake_manila", 2, body, initialLayout=[0, 1, 3, 4]) == (1, 1)


@pytest.mark.parametrize(
    ("device", "qubits", "body", "transpile"),
    [
        (None, 5, PAIR, {}),
        ("fake_brisbane", 5, "h q;", {"initialLayout": [0, 10, 50, 100, 126]}),
        ("fake_manila", 5, PAIR, {"optimizationLevel": 3}),
        ("fake_manila", 2, PAIR, {"verbatim": True}),
        ("fake_manila", 2, PAIR, {"initialLayout": [0, 9]}),  # refused elsewhere
        ("fake_manila", 2, PAIR, {"initialLayout": [0, 1, 2]}),
        ("fake_manila", 6, PAIR, {}),
        ("fake_brisbane", 41, PAIR, {}),  # fits nowhere as it is
    ],
)
def test_nothing_is_added_where_nothing_is_routed(
    device: str | None, qubits: int, body: str, transpile: dict[str, Any]
) -> None:
    assert added(device, qubits, body, **transpile) == (0, 0)


def test_a_layout_of_the_transpilers_own_choice_may_take_some_more() -> None:
    assert added("fake_brisbane", 8, PAIR, optimizationLevel=1) == (0, 7)
    assert added("fake_guadalupe", 14, PAIR, optimizationLevel=2) == (0, 2)


def test_the_estimate_is_for_the_qubits_that_are_simulated() -> None:
    found = scan("openqasm3", f'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; t q[0]; {PAIR}')
    plain, routed = (
        estimate_memory(found, "aer", asked=Asked(noisy=True, shots=1, routed=each)) for each in ((0, 0), (20, 22))
    )
    assert routed.bytes - plain.bytes == 16 * (2**22 - 2**2)
    assert routed.formula.endswith("16 bytes x 2^22 = 225 MiB, 20 of 22 qubits for routing")
    assert routed.spare == 16 * (2**24 - 2**22)
    assert (plain.spare, "routing" in plain.formula) == (0, False)
