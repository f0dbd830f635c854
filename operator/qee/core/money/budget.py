"""A budget's arithmetic: whether an attempt has room, and what its end leaves behind. Pure; times are arguments.

A reservation is in status from before anything is submitted until the attempt is settled, under the job's UID: to
reserve or to settle twice changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from qee.api.budget import MAX_RESERVATIONS, Amounts, QuantumBudget, Reservation
from qee.core import times
from qee.core.money.cost import amount


@dataclass(frozen=True)
class Claim:
    """What an attempt takes. cost, qpu_milliseconds: None where nobody bounds it. currency: of the price list."""

    uid: str
    name: str
    attempt: int
    cost: Decimal | None
    currency: str | None
    qpu_milliseconds: int | None
    shots: int


@dataclass(frozen=True)
class Settlement:
    """What an attempt has really used. None: not known, then what was reserved counts."""

    cost: Decimal | None = None
    currency: str | None = None
    qpu_milliseconds: int | None = None
    nothing: bool = False
    """It was never submitted."""


class NoRoom(Exception):
    """The budget does not admit the claim. The message names limit, value and remedy."""


def covers(budget: QuantumBudget, backend: str) -> bool:
    return budget.spec.backends is None or backend in budget.spec.backends


def period_start(period: str, now: datetime) -> datetime | None:
    """When the period began in which `now` lies; None: it has no beginning."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match period:
        case "Day":
            return day
        case "Week":
            return day - timedelta(days=day.weekday())
        case "Month":
            return day.replace(day=1)
        case "Year":
            return day.replace(month=1, day=1)
    return None


def reserved(budget: QuantumBudget, claim: Claim, now: datetime) -> dict[str, Any] | None:
    """The status with the claim; None where it is there already. Raises NoRoom."""
    status = budget.status
    new = Reservation(
        uid=claim.uid,
        name=claim.name,
        attempt=claim.attempt,
        cost=amount(claim.cost or Decimal(0)),
        qpu_milliseconds=claim.qpu_milliseconds or 0,
        shots=claim.shots,
        jobs=1,
    )
    if new in status.reservations:
        return None
    others = [each for each in status.reservations if each.uid != claim.uid]
    spent = _spent(budget, now)
    _check(budget, claim, spent, _sum(others))
    if len(others) >= MAX_RESERVATIONS:
        raise NoRoom(f"QuantumBudget {budget.metadata.name!r} holds {MAX_RESERVATIONS} reservations; wait for some")
    return _status(budget, spent, [*others, new], now)


def settled(budget: QuantumBudget, uid: str, settlement: Settlement, now: datetime) -> dict[str, Any] | None:
    """The status without the job's reservation; None where it has none."""
    found = next((each for each in budget.status.reservations if each.uid == uid), None)
    if found is None:
        return None
    spent = _spent(budget, now)
    if not settlement.nothing:
        money = budget.spec.limits.cost
        told = settlement.cost is not None and (money is None or settlement.currency == money.currency)
        used = Amounts(
            cost=amount(settlement.cost) if settlement.cost is not None and told else found.cost,
            qpu_milliseconds=found.qpu_milliseconds
            if settlement.qpu_milliseconds is None
            else settlement.qpu_milliseconds,
            shots=found.shots,
            jobs=1,
        )
        spent = _sum([spent, used])
    return _status(budget, spent, [each for each in budget.status.reservations if each.uid != uid], now)


def _check(budget: QuantumBudget, claim: Claim, spent: Amounts, taken: Amounts) -> None:
    limits, name = budget.spec.limits, budget.metadata.name
    if limits.cost is not None:
        limit = f"limits.cost {limits.cost.amount} {limits.cost.currency} of QuantumBudget {name!r}"
        if claim.cost is None:
            raise NoRoom(f"{limit}: the job's cost is not known. Add the device to the backend's price list.")
        if claim.currency != limits.cost.currency:
            raise NoRoom(
                f"{limit}: the price list is in {claim.currency}, and currencies are not converted. Give the budget in "
                f"{claim.currency}."
            )
        used = Decimal(spent.cost) + Decimal(taken.cost)
        if used + claim.cost > Decimal(limits.cost.amount):
            raise NoRoom(f"{limit}: {amount(used)} are spent or reserved, the job may cost {amount(claim.cost)}.")
    if limits.qpu_seconds is not None:
        if claim.qpu_milliseconds is None:
            raise NoRoom(
                f"limits.qpuSeconds {limits.qpu_seconds} of QuantumBudget {name!r}: nobody bounds the job's time. Set "
                "the provider's option for it (docs/guide/providers)."
            )
        used_ms = spent.qpu_milliseconds + taken.qpu_milliseconds
        _within("qpuSeconds", name, limits.qpu_seconds, used_ms / 1000, claim.qpu_milliseconds / 1000)
    if limits.shots is not None:
        _within("shots", name, limits.shots, spent.shots + taken.shots, claim.shots)
    if limits.jobs is not None:
        _within("jobs", name, limits.jobs, spent.jobs + taken.jobs, 1)


def _within(field: str, name: str, limit: int, used: float, more: float) -> None:
    if used + more > limit:
        raise NoRoom(
            f"limits.{field} {limit} of QuantumBudget {name!r}: {used:g} are spent or reserved, the job takes {more:g}."
        )


def _spent(budget: QuantumBudget, now: datetime) -> Amounts:
    """What counts in the present period."""
    start, before = period_start(budget.spec.period, now), budget.status.period_start
    return Amounts() if start is not None and before is not None and before < start else budget.status.spent


def _status(
    budget: QuantumBudget, spent: Amounts, reservations: Sequence[Reservation], now: datetime
) -> dict[str, Any]:
    start = period_start(budget.spec.period, now) or budget.status.period_start or now
    money = budget.spec.limits.cost
    return {
        "observedGeneration": budget.metadata.generation,
        "periodStart": times.render(start),
        **({"currency": money.currency} if money else {}),
        "spent": _json(spent),
        "reserved": _json(_sum(reservations)),
        "reservations": [_json(each) for each in reservations],
    }


def _json(value: Amounts) -> Mapping[str, Any]:
    return value.model_dump(mode="json", by_alias=True)


def _sum(parts: Sequence[Amounts]) -> Amounts:
    return Amounts(
        cost=amount(sum((Decimal(part.cost) for part in parts), Decimal(0))),
        qpu_milliseconds=sum(part.qpu_milliseconds for part in parts),
        shots=sum(part.shots for part in parts),
        jobs=sum(part.jobs for part in parts),
    )
