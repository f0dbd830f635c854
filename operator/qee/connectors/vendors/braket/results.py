"""What Amazon Braket tells of a task and writes as its result, in words of QEE. Standard library only."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qee.api.messages import one_line
from qee.connectors.bits import Unreadable, distribution, numbers, of_digits
from qee.connectors.protocol import Fetched, Phase, ProviderState, UnitResult, Unreachable
from qee.connectors.vendors.braket.device import position
from qee.documents.compiled import NOT_MEASURED, Submission, Unit

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


def state(task: Mapping[str, Any]) -> ProviderState:
    """Of an answer of GetQuantumTask, or of an item of SearchQuantumTasks."""
    status = one_line(task["status"])[:64]
    phase = PHASES.get(status, "unknown")
    message = task.get("failureReason") or (f"status {status}" if phase == "unknown" else "")
    queue = task.get("queueInfo") or {}
    return ProviderState(phase, message, position(queue.get("position")) if phase == "queued" else None)


def read(submission: Submission, payload: bytes, handle: str = "") -> Fetched:
    """What is JSON but says nothing of this task is its unit's problem. Raises Unreachable for what is no JSON.

    `handle`: the task whose result it must be; empty: any.
    """
    (unit,) = submission.units
    try:
        found = numbers(payload)
        given = (
            UnitResult(problem=problem) if (problem := _other(found, submission, handle)) else _measured(unit, found)
        )
    except json.JSONDecodeError:
        raise Unreachable("fetch: results.json is cut off, or no JSON; its object in S3 tells more") from None
    except Unreadable as problem:
        given = UnitResult(problem=f"results.json: {problem}")
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError):
        given = UnitResult(problem=f"results.json is not of the form {_RESULT}; its object in S3 tells more")
    return Fetched((given,), hashlib.sha256(payload).hexdigest())


def _other(found: Any, submission: Submission, handle: str) -> str:
    """Why a result is not that of the task; empty where it is."""
    if found["braketSchemaHeader"]["name"] != _RESULT:
        raise ValueError
    about = found["taskMetadata"] if handle else {}
    device = json.loads(submission.payload)["deviceArn"] if handle else ""
    if about.get("id", handle) not in (handle, handle.rpartition("/")[2]):
        return f"results.json is that of the task {about['id']!s:.120}"
    if about.get("deviceId", device) != device:
        return f"results.json is of the device {about['deviceId']!s:.120}, submitted for was {device}"
    return ""


def _measured(unit: Unit, found: Mapping[str, Any]) -> UnitResult:
    """Shots where the device gives them; else probabilities, as IonQ's do, of which the SDK would make up counts.

    The column of a qubit is its place in `measuredQubits`, in shots and, from the left, in the keys of probabilities.
    """
    qubits = found["measuredQubits"]
    column = {qubit: number for number, qubit in enumerate(qubits)}
    if len(column) != len(qubits):
        raise Unreadable("a qubit is measured twice")
    wires = tuple(NOT_MEASURED if wire == NOT_MEASURED else column[wire] for wire in unit.wires)
    placed = replace(unit, wires=wires)
    if found.get("measurements"):
        memory = tuple(of_digits(placed, shot, len(qubits)) for shot in found["measurements"])
        return UnitResult(counts=dict(Counter(memory)), memory=memory)
    chances = found["measurementProbabilities"].items()
    return UnitResult(
        probabilities=distribution((of_digits(placed, each, len(qubits)), value) for each, value in chances)
    )
