"""Figures that a provider tells, as status holds them: rounded, or None where they are none. Nothing here raises.

Status is validated by the API server: one figure that it refuses would keep the result beside it from being stored.
Standard library only.
"""

import math
import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from qee.api.names import MAX_SAFE_INTEGER

_CURRENCY = re.compile("[A-Z]{3}")
_SHA256 = re.compile("[0-9a-f]{64}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_NOT_MONEY = ("XXX", "XTS")  # ISO 4217: no currency, and tests
_SMALLEST = Decimal("0.000000001")  # an Amount has 9 decimals
_LARGEST = Decimal(10) ** 15
_YEAR = 365 * 24 * 3600 * 1000  # milliseconds
_LONGEST = 3600.0


def decimal(value: Any) -> Decimal | None:
    """A finite number, from an int, a float, a Decimal or text. A float is read as it is written, not as it is held."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    if isinstance(value, str) and len(value) > 512:
        return None
    try:
        found = value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, ValueError):
        return None
    return found if found.is_finite() else None


def count(value: Any) -> int | None:
    """From 0 to 2^53-1; a fraction is rounded up, for time that was begun is charged."""
    found = decimal(value)
    if found is None or not 0 <= found <= MAX_SAFE_INTEGER:
        return None
    return math.ceil(found)


def milliseconds(value: Any) -> int | None:
    """Of a year at most: budgets add them up, and their sum is a figure of status too."""
    found = count(value)
    return None if found is None or found > _YEAR else found


def money(amount: Any, currency: Any) -> tuple[str, str] | tuple[None, None]:
    """Both or none: a decimal string of at most 9 decimals, and an ISO 4217 code in capitals."""
    found = decimal(amount)
    code = currency.strip().upper() if isinstance(currency, str) else ""
    if found is None or not 0 <= found < _LARGEST or not _CURRENCY.fullmatch(code) or code in _NOT_MONEY:
        return None, None
    exponent = found.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -9:
        text = format(found.quantize(_SMALLEST, ROUND_HALF_UP), "f").rstrip("0").rstrip(".")
    else:
        text = format(found, "f")
    return text.removeprefix("-"), code


def digest(value: Any) -> str:
    """SHA-256 in hexadecimal; empty where it is none."""
    return value if isinstance(value, str) and _SHA256.fullmatch(value) else ""


def moment(value: Any) -> str | None:
    """RFC 3339 with a time zone."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return None
    return value


def seconds(value: Any) -> float:
    """To wait, from 1 to 3600."""
    found = decimal(value)
    return 60.0 if found is None else min(max(float(found), 1.0), _LONGEST)
