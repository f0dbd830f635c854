"""The end of a task: its parts' results as one result document, its state, what it has cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from qee.api.reasons import Reason
from qee.api.task import TaskState
from qee.connectors import answers
from qee.connectors.protocol import Charge, Fetched
from qee.connectors.submission import Part
from qee.documents import Missing, ResultDocument
from qee.documents.compiled import CompiledDocument
from qee.documents.provenance import Provenance, ProviderJob, ProviderRun
from qee.documents.provider_result import circuit_result
from qee.documents.result import CircuitResult


@dataclass(frozen=True)
class End:
    """document: the result, None where nothing came."""

    state: TaskState
    reason: str
    message: str
    document: bytes | None = None
    charge: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Device:
    """What the result records of the device, as it is known now."""

    name: str
    calibration_time: str | None


def end(
    compiled: CompiledDocument,
    parts: Sequence[Part],
    fetched: Mapping[int, Fetched],
    outputs: Sequence[str],
    device: Device,
    times: tuple[str, str],
    compiled_sha256: str,
) -> End:
    """`fetched` has the parts whose results are there. `times`: when it was submitted, and now (RFC 3339)."""
    taken = [part.index for part in parts if part.handle]  # of a lost one nobody knows what it has cost
    charge = _charge([fetched[index].charge if index in fetched else Charge() for index in taken])
    results, missing = _results(compiled, parts, fetched, outputs)
    if not results:
        state, reason, message = _failure(parts, missing)
        return End(state, reason, message, charge=charge)
    document = ResultDocument(
        job=compiled.job,
        backend=compiled.backend,
        simulated=compiled.simulated,
        results=tuple(results),
        seed=0,
        seed_drawn=True,
        provenance=Provenance.at_provider(
            engine=compiled.provider,
            versions=compiled.versions,
            circuits=compiled.circuits,
            start_time=times[0],
            completion_time=times[1],
            provider=ProviderRun(
                device=device.name,
                jobs=tuple(
                    ProviderJob(part.handle, fetched[part.index].raw_sha256 if part.index in fetched else "")
                    for part in parts
                    if part.handle
                ),
                target_sha256=compiled.target_sha256,
                compiled_sha256=compiled_sha256,
                calibration_time=device.calibration_time,
            ),
        ),
        missing=tuple(missing),
    )
    total = len(results) + len(missing)
    message = f"{len(missing)} of {total} results are missing: {missing[0].message.rstrip('. ')}." if missing else ""
    return End(TaskState.SUCCEEDED, str(Reason.COMPLETED), message, document.to_bytes(), charge)


def _results(
    compiled: CompiledDocument, parts: Sequence[Part], fetched: Mapping[int, Fetched], outputs: Sequence[str]
) -> tuple[list[CircuitResult], list[Missing]]:
    """Of every unit in order: its result, or why there is none."""
    results: list[CircuitResult] = []
    missing: list[Missing] = []
    number = 0
    for part, submission in zip(parts, compiled.submissions, strict=True):
        given = answers.units(submission, fetched.get(part.index), outputs, part.message or part.state)
        for unit, one in zip(submission.units, given, strict=True):
            if one.problem:
                missing.append(Missing(number, str(Reason.PROVIDER_FAILED), one.problem))
            else:
                results.append(
                    circuit_result(
                        unit,
                        counts=dict(one.counts) if one.counts is not None else None,
                        memory=one.memory,
                        distribution=dict(one.probabilities) if one.probabilities is not None else None,
                        expectation=dict(one.expectation) if one.expectation is not None else None,
                    )
                )
            number += 1
    return results, missing


def _failure(parts: Sequence[Part], missing: Sequence[Missing]) -> tuple[TaskState, str, str]:
    """Nothing came: why."""
    states = {part.state for part in parts}
    said = next((part.message for part in parts if part.message), "") or (missing[0].message if missing else "")
    if "Lost" in states:
        return TaskState.LOST, str(Reason.PROVIDER_LOST), said
    if states <= {"Cancelled", ""}:
        return TaskState.CANCELLED, str(Reason.CANCELLED), said
    return TaskState.FAILED, str(Reason.PROVIDER_FAILED), said


def _charge(charges: Sequence[Charge]) -> dict[str, Any] | None:
    """The sum; a figure that one part does not tell is not told of all."""
    if not charges:
        return None
    found: dict[str, Any] = {}
    times = [charge.qpu_milliseconds for charge in charges]
    if None not in times:
        found["qpuMilliseconds"] = sum(time or 0 for time in times)
    amounts = [charge.amount for charge in charges]
    currencies = {charge.currency for charge in charges}
    if None not in amounts and len(currencies) == 1 and None not in currencies:
        total = Charge(
            amount=str(sum((Decimal(amount or 0) for amount in amounts), Decimal(0))), currency=currencies.pop()
        )
        found |= {"amount": total.amount, "currency": total.currency} if total.amount else {}
    return found or None
