"""Cirq's JSON through the scanner's entry point, as text and as bytes."""

import contextlib

import cirq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qee.api.reasons import Reason
from qee.circuits import FORMATS, Limits, ScanError, scan
from qee.circuits.scanner import scan_unguarded

Q = cirq.LineQubit.range(3)
TEXT = cirq.to_json(
    cirq.Circuit(
        cirq.CircuitOperation(cirq.FrozenCircuit(cirq.X(Q[0])), repetitions=3),
        cirq.measure(*Q[:2], key="m"),
        cirq.X(Q[2]).with_classical_controls("m"),
        cirq.measure(Q[2], key="n"),
    ),
    indent=None,
)


@pytest.mark.parametrize("source", [TEXT, TEXT.encode()])
def test_the_entry_point_reads_it(source: str | bytes) -> None:
    found = scan("cirq-json", source)
    assert "cirq-json" in FORMATS
    assert (found.qubits, found.registers, found.operations) == (3, (("m", 2), ("n", 1)), 6)


@pytest.mark.parametrize("limits", [Limits(max_qubits=2), Limits(max_operations=5), Limits(max_bytes=100)])
def test_bounds_are_kept(limits: Limits) -> None:
    with pytest.raises(ScanError) as caught:
        scan("cirq-json", TEXT, limits)
    assert caught.value.reason is Reason.CIRCUIT_TOO_LARGE


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(TEXT) - 1), letter=st.characters(min_codepoint=32, max_codepoint=126))
def test_a_changed_letter_gives_an_answer_or_the_scanner_s_error(at: int, letter: str) -> None:
    with contextlib.suppress(ScanError):
        scan_unguarded("cirq-json", TEXT[:at] + letter + TEXT[at + 1 :], Limits())
