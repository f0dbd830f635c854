"""The forms of IonQ's results: measured shots, counts of them, probabilities. Standard library only.

Which form a payload has it shows itself. Outcomes are decimal numbers whose bit i is qubit i, or in the register
`output_all` bits of which the first is qubit 0 (docs.ionq.com, OpenQASM 3, "Reading results"; qiskit-ionq reads
registers by index).
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from qee.connectors.bits import Unreadable, distribution, numbers, of_decimal, of_digits
from qee.connectors.protocol import UnitResult
from qee.documents.compiled import Unit

_REGISTER = "output_all"


def shots(unit: Unit, qubits: int, data: bytes) -> UnitResult | None:
    """`["3", ...]` or `{"shots": [{"registers": {"output_all": [1, 1]}}, ...]}`.

    None: some have a leakage bit, are no readouts, and are not in IonQ's distribution either (qiskit-ionq).
    """
    found = numbers(data)
    if isinstance(found, list):
        keys = {value: of_decimal(unit, value, qubits) for value in set(found)}
        memory = [keys[value] for value in found]
    elif any(any(each.get("leakage_bits") or ()) for each in found["shots"]):
        return None
    else:
        memory = [of_digits(unit, each["registers"][_REGISTER], qubits) for each in found["shots"]]
    if not memory:
        raise Unreadable("the result has no shots")
    return UnitResult(counts=dict(Counter(memory)), memory=tuple(memory))


def histogram(unit: Unit, qubits: int, data: bytes) -> UnitResult:
    """`{"3": 500, ...}` or `{"histogram": {"registers": {"output_all": {"11": 500, ...}}}}`."""
    counts: Counter[str] = Counter()
    for outcome, count in _outcomes(unit, numbers(data), "histogram", qubits):
        if not isinstance(count, Decimal) or not 0 <= count < 2**53 or count != count.to_integral_value():
            raise Unreadable("a count of the result is no whole number from 0")
        counts[outcome] += int(count)
    if not counts.total():
        raise Unreadable("the result has no shots")
    return UnitResult(counts=dict(+counts))


def probabilities(unit: Unit, found: Any, qubits: int) -> dict[str, str]:
    """Of JSON as `numbers` reads it."""
    return distribution(_outcomes(unit, found, "probabilities", qubits))


def _outcomes(unit: Unit, found: Any, kind: str, qubits: int) -> Iterator[tuple[str, Any]]:
    """`{"3": 0.5, ...}` or `{"probabilities": {"registers": {"output_all": {"11": 0.5, ...}}}}`, by `kind`."""
    if isinstance(found.get(kind), dict):
        register = found[kind]["registers"][_REGISTER]
        return ((of_digits(unit, text, qubits), value) for text, value in register.items())
    return ((of_decimal(unit, text, qubits), value) for text, value in found.items())
