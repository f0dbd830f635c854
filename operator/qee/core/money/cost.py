"""What a job costs at its provider: the price list, the estimate before anything is submitted, the amount afterwards.

A price list says its date and source; QEE has none of its own. Money is decimal, never floating point.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Annotated

from qee.api.names import PRICES_FORMAT
from qee.documents.canonical import DocumentError
from qee.documents.codec import DECIMAL, Document, Message, OmitEmpty
from qee.documents.compiled import Usage

_SMALLEST = Decimal("0.000001")  # estimates are rounded up to it
_CURRENCY = re.compile("[A-Z]{3}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_Amount = Annotated[Decimal, DECIMAL._replace(read=Decimal, write=lambda value: format(value, "f"))]


class PriceProblem(ValueError):
    """A price list that cannot be read. The message names the field and the remedy."""


@dataclass(frozen=True)
class Price(Document):
    """Of one device, in units of the list's currency. `minimum`: what a task costs at least, or each program where a
    provider charges a task's one by one; `minimum_mitigated`: the same of one that runs with the provider's error
    mitigation, None where the list does not say.
    """

    per_task: OmitEmpty[_Amount] = Decimal(0)
    per_shot: OmitEmpty[_Amount] = Decimal(0)
    per_qpu_second: OmitEmpty[_Amount] = Decimal(0)
    per_one_qubit_gate_shot: OmitEmpty[_Amount] = Decimal(0)
    per_two_qubit_gate_shot: OmitEmpty[_Amount] = Decimal(0)
    minimum: OmitEmpty[_Amount] = Decimal(0)
    minimum_mitigated: _Amount | None = None

    def check(self) -> None:
        if any(value is not None and value < 0 for value in vars(self).values()):
            raise DocumentError("a price is negative; give a number from 0")

    def estimate(self, usage: Usage, minimum: Decimal = Decimal(0)) -> Decimal | None:
        """An upper bound of one submission. `minimum`: of a task, by another source than this list.

        None, not known: it is priced by time, and nobody bounds the time; or it has a minimum, and runs with error
        mitigation, of whose minimum the list says nothing.
        """
        if self.per_qpu_second and usage.qpu_milliseconds is None:
            return None
        if usage.mitigated_tasks and self.minimum and self.minimum_mitigated is None:
            return None
        total = (
            self.per_task * usage.tasks
            + self.per_shot * usage.shots
            + self.per_qpu_second * (usage.qpu_milliseconds or 0) / 1000
            + self.per_one_qubit_gate_shot * usage.one_qubit_gate_shots
            + self.per_two_qubit_gate_shot * usage.two_qubit_gate_shots
        )
        plain, mitigated = max(self.minimum, minimum), max(self.minimum_mitigated or Decimal(0), minimum)
        least = plain * (usage.tasks - usage.mitigated_tasks) + mitigated * usage.mitigated_tasks
        # Of several programs one may be dear: what the others cost at least comes on top of it.
        others = (mitigated if usage.mitigated_tasks else plain) * max(0, usage.programs - usage.tasks)
        return (max(total, least) + others).quantize(_SMALLEST, ROUND_CEILING)


@dataclass(frozen=True)
class PriceList(Message, what="price list", apiVersion=PRICES_FORMAT):
    """`as_of`: a date; `source`: where the figures come from. `devices`: by name."""

    as_of: str
    source: str
    currency: str
    devices: Mapping[str, Price]

    def of(self, device: str) -> Price | None:
        return self.devices.get(device)

    def check(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise DocumentError(f"currency is {self.currency[:8]!a}; give an ISO 4217 code, for example USD")
        if not _DATE.fullmatch(self.as_of):
            raise DocumentError(f"asOf is {self.as_of[:16]!a}; give a date, for example 2026-11-01")


def read(text: str) -> PriceList:
    """Raises PriceProblem."""
    try:
        return PriceList.from_bytes(text.encode())
    except DocumentError as error:
        raise PriceProblem(str(error)) from error


def amount(value: Decimal) -> str:
    """As status has it: without an exponent and without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
