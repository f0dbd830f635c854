"""The types of single fields: each states once what the API server and the Python models accept.

Patterns are written for RE2 (the API server), Rust's regex (pydantic) and ECMA 262 alike. A string has a `maxLength`, a
list a `maxItems`, a map a `maxProperties`: the API server multiplies them into the cost of CEL rules and refuses a CRD
whose worst case is too dear.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field, PlainValidator, StringConstraints, WithJsonSchema

from qee.api.cel import Rule, rules
from qee.api.names import MAX_INLINE_BYTES, MAX_SAFE_INTEGER
from qee.api.quantity import parse_quantity

MAX_SHOTS = 10_000_000
MAX_SECONDS = 31_536_000  # 365 days
MAX_PACKED = 700_000  # characters of base64: 500 KiB, gzipped
LARGEST = 1e100  # of an angle, a coefficient or a time: sums and squares of such are finite still
DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"


PATTERNS: dict[str, str] = {}
"""What each pattern asks for, in words: people are told these."""


def text(maximum: int, pattern: str | None = None, words: str = "", minimum: int = 1) -> StringConstraints:
    """Constraints of a string of `minimum` to `maximum` characters; `words` say what its pattern asks for."""
    if pattern:
        PATTERNS[pattern] = words
    return StringConstraints(min_length=minimum, max_length=maximum, pattern=pattern)


DnsLabel = Annotated[str, text(63, DNS_LABEL, "at most 63 lower case letters, digits and hyphens")]
DnsSubdomain = Annotated[
    str,
    text(
        253,
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "the name of an object: lower case letters, digits, hyphens and dots",
    ),
]
ConfigMapKey = Annotated[
    str, text(253, "^[-._a-zA-Z0-9]+$", "the key of a ConfigMap: letters, digits, hyphens, dots and underscores")
]
# Upper case, dots and underscores as in vendors' names of circuits and in OpenQASM; no more than a label's value holds.
Name = Annotated[
    str,
    text(
        63,
        "^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$",
        "letters, digits, '-', '.' and '_', beginning and ending with a letter or digit",
    ),
]
GateName = Annotated[str, text(63, "^[A-Za-z_][A-Za-z0-9_]*$", "the name of a gate, for example cx")]
Sha256 = Annotated[str, text(64, "^[0-9a-f]{64}$", "64 lower case hexadecimal digits", minimum=64)]
Line = Annotated[str, text(256, r"^[^\x00-\x1f\x7f]+$", "one line without control characters")]

Source = Annotated[str, text(MAX_INLINE_BYTES)]
Base64 = Annotated[
    str,
    text(
        MAX_INLINE_BYTES,
        "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$",
        "padded base64 on one line (`base64 -w0 FILE`)",
    ),
]

_EXPONENT = "([eE][-+]?[0-9]{1,3})?"
# Numbers that are not integers travel as strings: JSON readers and the API server rewrite 1.0 and 1e3.
DecimalString = Annotated[
    str,
    text(32, rf"^-?(0|[1-9][0-9]*)(\.[0-9]+)?{_EXPONENT}$", 'a decimal number in quotes, for example "-0.5" or "1e-3"'),
]
NonNegativeDecimal = Annotated[
    str, text(32, rf"^(0|[1-9][0-9]*)(\.[0-9]+)?{_EXPONENT}$", 'a decimal number from 0 in quotes, for example "0.5"')
]
Probability = Annotated[
    str,
    text(
        32,
        r"^(0(\.[0-9]+)?|1(\.0+)?|[1-9](\.[0-9]+)?[eE]-0?[1-9][0-9]{0,2})$",
        'a probability from 0 to 1 in quotes, for example "0.01" or "1e-3"',
    ),
]
Amount = Annotated[
    str, text(32, r"^(0|[1-9][0-9]*)(\.[0-9]{1,9})?$", 'an amount in quotes, at most 9 decimals, for example "1.50"')
]
Currency = Annotated[str, text(3, "^[A-Z]{3}$", "an ISO 4217 code, for example USD", minimum=3)]

Seed = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
Shots = Annotated[int, Field(ge=1, le=MAX_SHOTS)]
Seconds = Annotated[int, Field(ge=1, le=MAX_SECONDS)]
Count = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]


_POSITIVE = Rule(
    "type(self) == int ? int(self) > 0"
    " : isQuantity(string(self)) && quantity(string(self)).isGreaterThan(quantity('0'))",
    'is %s, not a quantity above 0; give an integer or a string such as "500m", "2" or "1Gi"',
    ("string(self)",),
)


def _positive_quantity(value: Any) -> int | str:
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise ValueError('is neither a string nor an integer; give a quantity such as "500m", 2 or "1Gi"')
    if isinstance(value, str) and len(value) > 32:
        raise ValueError("is longer than 32 characters; give a shorter quantity")
    try:
        positive = parse_quantity(value) > 0
    except ValueError:
        positive = False
    if not positive:
        raise _POSITIVE.error(value)
    return value


Quantity = Annotated[
    int | str,
    PlainValidator(_positive_quantity),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "maxLength": 32,
            **rules(_POSITIVE),
        }
    ),
]


def refuse_huge(where: str, numbers: Iterable[str]) -> None:
    """Raises ValueError for a decimal string beyond LARGEST; the schema's patterns let 1e999 pass."""
    for number in numbers:
        if abs(float(number)) > LARGEST:
            raise ValueError(f"{where}{number} is beyond {LARGEST:.0e}; give a smaller number")
