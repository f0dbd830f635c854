"""The estimate of a job's cost, before anything is submitted."""

from collections.abc import Sequence
from decimal import Decimal

from qee.api.backend import QuantumBackend
from qee.api.job import QuantumJob
from qee.api.reasons import Reason
from qee.core.money import cost
from qee.core.money.cost import Price, PriceList
from qee.core.refusal import Refused, refused
from qee.documents.compiled import Usage


def estimate(
    job: QuantumJob, backend: QuantumBackend, found: PriceList | None, usages: Sequence[Usage]
) -> Decimal | None:
    """The cost at most of a job with these submissions; None where it has no price.

    Raises `Refused` where spec.maxCost does not allow it, or the backend's minimum is in another currency.
    """
    device = str(backend.spec.device)
    least = backend.spec.prices.minimum if backend.spec.prices else None
    if least is not None and found is not None and least.currency != found.currency:
        raise Refused(
            Reason.NO_PRICE,
            f"QuantumBackend {backend.metadata.name!r}, spec.prices.minimum {least.amount} {least.currency}: the price "
            f"list is in {found.currency}, and currencies are not converted. Give it in {found.currency}.",
        )
    estimated = _sum(found.of(device) if found else None, Decimal(least.amount) if least else Decimal(0), usages)
    limit = job.spec.max_cost
    if limit is None:
        return estimated
    asked = f"spec.maxCost {limit.amount} {limit.currency}"
    if estimated is None or found is None:
        raise refused(Reason.NO_PRICE, f"{asked}: the cost of device {device!r} is not known.")
    if limit.currency != found.currency:
        raise Refused(
            Reason.NO_PRICE,
            f"{asked}: the price list is in {found.currency}, and currencies are not converted. Give it in "
            f"{found.currency}.",
        )
    if estimated > Decimal(limit.amount):
        raise refused(
            Reason.COST_EXCEEDED,
            f"{asked}: the estimate is {cost.amount(estimated)} {found.currency} (prices of {found.as_of}).",
        )
    return estimated


def _sum(price: Price | None, minimum: Decimal, usages: Sequence[Usage]) -> Decimal | None:
    """Each submission by itself: a dear one does not make up for the minimum of a cheap one."""
    if price is None:
        return None
    each = [price.estimate(usage, minimum) for usage in usages]
    return None if None in each else sum((one or Decimal(0) for one in each), Decimal(0))
