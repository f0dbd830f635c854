"""Kubernetes quantities ("500m", "1Gi", 2) as exact numbers. Standard library only.

Grammar: k8s.io/apimachinery/pkg/api/resource/quantity.go.
"""

import re
from decimal import Decimal

_PATTERN = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([EPTGMK]i|[EPTGMkmun]|[eE][+-]?[0-9]{1,2})?", re.ASCII)

_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def parse_quantity(value: int | str) -> Decimal:
    """The number a quantity stands for: cores for CPU ("500m" is 0.5), bytes for memory ("1Ki" is 1024).

    Raises ValueError, with a remedy, for anything the API server would refuse.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    match = _PATTERN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('is not a quantity; give an integer or a string such as "500m", "2" or "1Gi"')
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        return number * Decimal(2) ** _BINARY[suffix]
    if suffix in _DECIMAL:
        return number.scaleb(_DECIMAL[suffix])
    return number.scaleb(int(suffix[1:])) if suffix else number
