"""What Azure Quantum tells of a job and its providers write as its output, in words of QEE. Standard library only."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from qee.api.compiled_document import NOT_MEASURED, Unit
from qee.api.json_fields import decimal_text
from qee.connectors.outcomes import key, of_shots
from qee.connectors.protocol import Charge, Phase, ProviderState, UnitResult, Unreachable

PHASES: Mapping[str, Phase] = {
    "Queued": "queued",
    "Waiting": "queued",
    "Executing": "running",
    "Finishing": "running",
    "CancellationRequested": "running",
    "Cancelling": "running",
    "Completed": "succeeded",
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Cancelled": "cancelled",
}
_MESSAGE = 500


def word(value: Any) -> str:
    """What the service said: the SDK makes members of enumerations of the words that it knows."""
    return str(getattr(value, "value", value))


def state(job: Any) -> ProviderState:
    """Of the SDK's JobDetails."""
    told, phase = job.error_data, PHASES.get(word(job.status), "unknown")
    message = f"{told.code}: {told.message}" if told else f"status {word(job.status)}" if phase == "unknown" else ""
    return ProviderState(phase, "".join(each if each.isprintable() else " " for each in message)[:_MESSAGE])


def charge(job: Any) -> Charge:
    """What the provider asks for the job, before taxes."""
    cost = job.cost_estimate
    return Charge() if cost is None else Charge(amount=decimal_text(cost.estimated_total), currency=cost.currency_code)


def read(unit: Unit, output_format: str, payload: bytes) -> UnitResult:
    """What is JSON but of another form is a problem, that stays. Raises Unreachable for what is no JSON."""
    try:
        found = json.loads(payload, parse_float=Decimal, parse_int=Decimal)
    except ValueError:
        raise Unreachable("fetch: the result is cut off, or no JSON") from None
    try:
        return _READERS[output_format](unit, found)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError):
        return UnitResult(
            problem=f"the result is not of the format {word(output_format)[:64]}; nothing of it is counted"
        )


def _ionq(unit: Unit, found: Any) -> UnitResult:
    """`{"histogram": {"3": 0.5, ...}}`: bit i of a key is qubit i. Probabilities, from the QPUs too."""
    summed: dict[str, Decimal] = defaultdict(Decimal)
    for outcome, probability in found["histogram"].items():
        value = int(outcome)
        if value < 0 or not isinstance(probability, Decimal) or not 0 <= probability <= 1:
            raise ValueError
        summed[key(unit, lambda wire, value=value: value >> wire & 1)] += probability  # type: ignore[misc]
    if not summed:
        raise ValueError
    return UnitResult(probabilities={outcome: format(each, "f") for outcome, each in sorted(summed.items())})


def _quantinuum(unit: Unit, found: Any) -> UnitResult:
    """`{"c": ["01", ...]}`: a string for each shot, bit 0 rightmost."""
    return _shots(unit, [_bits(reversed(text)) for text in found["c"]])


def _rigetti(unit: Unit, found: Any) -> UnitResult:
    """`{"ro": [[1, 0], ...]}`: a list for each shot, bit 0 first."""
    return _shots(unit, [_bits(str(bit) for bit in shot) for shot in found["ro"]])


def _bits(digits: Any) -> tuple[int, ...]:
    return tuple(("0", "1").index(digit) for digit in digits)


def _shots(unit: Unit, shots: Sequence[tuple[int, ...]]) -> UnitResult:
    measured = [wire for wire in unit.wires if wire != NOT_MEASURED]
    if not shots or any(len(shot) <= max(measured) for shot in shots):
        raise ValueError
    counts, memory = of_shots(unit, shots)
    return UnitResult(counts=counts, memory=memory)


_READERS = {
    "ionq.quantum-results.v1": _ionq,
    "honeywell.quantum-results.v1": _quantinuum,
    "rigetti.quil-results.v1": _rigetti,
}
