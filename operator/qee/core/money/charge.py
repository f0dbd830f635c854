"""What a QuantumTask has cost, as far as its provider tells."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from qee.api.task import QuantumTask
from qee.core.money.budget import Settlement


def settlement(task: QuantumTask, unconfirmed: bool = False) -> Settlement:
    """What an ended task has used of its budgets; all that was reserved where nobody knows."""
    if not task.submitted:
        return Settlement(nothing=True)
    if unconfirmed or not task.ended:
        return Settlement()
    if not any(part.handle for part in task.status.parts):
        return Settlement(nothing=True)
    charge = task.status.charge
    if charge is None:
        return Settlement(cost=None, currency=None, qpu_milliseconds=None)
    return Settlement(
        cost=None if charge.amount is None else Decimal(charge.amount),
        currency=charge.currency,
        qpu_milliseconds=charge.qpu_milliseconds,
    )


def charged(task: QuantumTask | None, status: Mapping[str, Any]) -> dict[str, Any]:
    """status.cost of the job with what the provider has charged, where it tells."""
    charge = task.status.charge if task is not None else None
    if charge is None or charge.amount is None:
        return {}
    return {"cost": {**(status.get("cost") or {}), "actual": charge.amount, "currency": charge.currency}}
