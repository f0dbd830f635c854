"""What Azure Quantum tells of a job and its providers write as its output, in words of QEE. Standard library only."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from qee.connectors.bits import Unreadable, distribution, numbers, of_decimal, of_digits
from qee.connectors.protocol import Charge, Phase, ProviderState, UnitResult, Unreachable
from qee.documents.compiled import Unit

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
_MOST_QUBITS = 4096  # where a program's are not known


def word(value: Any) -> str:
    """What the service said: the SDK makes members of enumerations of the words that it knows."""
    return str(getattr(value, "value", value))


def state(job: Any) -> ProviderState:
    """Of the SDK's JobDetails."""
    told, phase = job.error_data, PHASES.get(word(job.status), "unknown")
    words = (told.code, told.message) if told else ()
    message = ": ".join(str(each) for each in words if each)
    if not message and (told or phase == "unknown"):
        message = f"status {word(job.status)}, without a reason" if told else f"status {word(job.status)}"
    return ProviderState(phase, message)


def charge(job: Any) -> Charge:
    """What the provider asks for the job, before taxes."""
    cost = job.cost_estimate
    return Charge() if cost is None else Charge(amount=cost.estimated_total, currency=cost.currency_code)


@dataclass(frozen=True)
class Sent:
    """Of a submission. `qubits`: of the program, where its results are by qubit."""

    target: str
    output_format: str
    qubits: int | None

    @classmethod
    def of(cls, payload: bytes) -> "Sent":
        content = json.loads(payload)
        by_qubit = content["inputDataFormat"] == "ionq.circuit.v1"
        qubits = int(json.loads(content["inputData"])["qubits"]) if by_qubit else None
        return cls(str(content["target"]), str(content["outputDataFormat"]), qubits)

    def other(self, job: Any) -> str:
        """Why a job is not the one that was submitted; empty where it is."""
        for what, found, wanted in (
            ("target", word(job.target), self.target),
            ("output format", word(job.output_data_format), self.output_format),
        ):
            if found != wanted:
                return f"Azure Quantum's answer is about a job of {what} {found:.64}, submitted was one of {wanted}"
        return ""


def read(unit: Unit, output_format: str, payload: bytes, qubits: int | None = None) -> UnitResult:
    """What is JSON but of another form is a problem, that stays. Raises Unreachable for what is no JSON.

    `qubits`: of the program; None: they are not known.
    """
    try:
        return _READERS[output_format](unit, numbers(payload), qubits)
    except json.JSONDecodeError:
        raise Unreachable("fetch: the result is cut off, or no JSON") from None
    except Unreadable as problem:
        return UnitResult(problem=f"{problem}; nothing of it is counted")
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError):
        return UnitResult(
            problem=f"the result is not of the format {word(output_format)[:64]}; nothing of it is counted"
        )


def _ionq(unit: Unit, found: Any, qubits: int | None) -> UnitResult:
    """`{"histogram": {"3": 0.5, ...}}`: bit i of a key is qubit i. Probabilities, from the QPUs too."""
    width = qubits or _MOST_QUBITS
    given = ((of_decimal(unit, outcome, width), value) for outcome, value in found["histogram"].items())
    return UnitResult(probabilities=distribution(given))


def _quantinuum(unit: Unit, found: Any, _: int | None) -> UnitResult:
    """`{"c": ["01", ...]}`: a string for each shot, bit 0 rightmost."""
    if not all(isinstance(shot, str) for shot in found["c"]):
        raise Unreadable("a shot of the result is no string")
    return _shots(unit, [shot[::-1] for shot in found["c"]])


def _rigetti(unit: Unit, found: Any, _: int | None) -> UnitResult:
    """`{"ro": [[1, 0], ...]}`: a list for each shot, bit 0 first."""
    if not all(isinstance(shot, list) and all(isinstance(bit, Decimal) for bit in shot) for shot in found["ro"]):
        raise Unreadable("a shot of the result is no list of numbers")
    return _shots(unit, found["ro"])


def _shots(unit: Unit, shots: Sequence[Any]) -> UnitResult:
    """Both give every bit of the one register that was sent, measured or not."""
    memory = tuple(of_digits(unit, shot, len(unit.wires)) for shot in shots)
    if not memory:
        raise Unreadable("the result has no shots")
    return UnitResult(counts=dict(Counter(memory)), memory=memory)


_READERS = {
    "ionq.quantum-results.v1": _ionq,
    "honeywell.quantum-results.v1": _quantinuum,
    "rigetti.quil-results.v1": _rigetti,
}
