"""What Amazon Braket tells of a task and writes as its result, in words of QEE. Standard library only."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from qee.api.compiled_document import NOT_MEASURED, Submission, Unit
from qee.connectors.outcomes import key, of_shots
from qee.connectors.protocol import Fetched, Phase, ProviderState, UnitResult, Unreachable
from qee.connectors.vendors.braket_device import position

PHASES: Mapping[str, Phase] = {
    "CREATED": "queued",
    "QUEUED": "queued",
    "RUNNING": "running",
    "CANCELLING": "running",
    "COMPLETED": "succeeded",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}
_RESULT = "braket.task_result.gate_model_task_result"
_MESSAGE = 500


def printable(text: Any) -> str:
    return "".join(each if each.isprintable() else " " for each in str(text))


def state(task: Mapping[str, Any]) -> ProviderState:
    """Of an answer of GetQuantumTask, or of an item of SearchQuantumTasks."""
    status = printable(task["status"])[:64]
    phase = PHASES.get(status, "unknown")
    message = printable(task.get("failureReason") or (f"status {status}" if phase == "unknown" else ""))
    queue = task.get("queueInfo") or {}
    return ProviderState(phase, message[:_MESSAGE], position(queue.get("position")) if phase == "queued" else None)


def nothing(submission: Submission, problem: str) -> Fetched:
    return Fetched(tuple(UnitResult(problem=problem) for _ in submission.units), hashlib.sha256(b"").hexdigest())


def read(submission: Submission, payload: bytes) -> Fetched:
    """Raises Unreachable for what is not of that form."""
    (unit,) = submission.units
    try:
        found = json.loads(payload, parse_float=Decimal)
        if found["braketSchemaHeader"]["name"] != _RESULT:
            raise ValueError
        read = _measured(unit, found)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError):
        raise Unreachable(f"fetch: results.json is not of the form {_RESULT}; its object in S3 tells more") from None
    return Fetched((read,), hashlib.sha256(payload).hexdigest())


def _measured(unit: Unit, found: Mapping[str, Any]) -> UnitResult:
    """Shots where the device gives them; else probabilities, as IonQ's do, of which the SDK would make up counts.

    The column of a qubit is its place in `measuredQubits`, in shots and, from the left, in the keys of probabilities.
    """
    column = {qubit: number for number, qubit in enumerate(found["measuredQubits"])}
    wires = tuple(NOT_MEASURED if wire == NOT_MEASURED else column[wire] for wire in unit.wires)
    placed = replace(unit, wires=wires)
    if found.get("measurements"):
        counts, memory = of_shots(placed, [_bits(shot, len(column)) for shot in found["measurements"]])
        return UnitResult(counts=counts, memory=memory)
    summed: dict[str, Decimal] = defaultdict(Decimal)
    for outcome, probability in found["measurementProbabilities"].items():
        value = Decimal(probability)
        if not 0 <= value <= 1:
            raise ValueError
        shot = _bits(outcome, len(column))
        summed[key(placed, shot.__getitem__)] += value
    if not summed:
        raise ValueError
    return UnitResult(probabilities={outcome: format(value, "f") for outcome, value in sorted(summed.items())})


def _bits(shot: Sequence[Any], columns: int) -> Sequence[int]:
    """Numbers, or as Braket's own simulator writes them, digits."""
    if len(shot) != columns:
        raise ValueError
    return [("0", "1").index(str(bit)) for bit in shot]
