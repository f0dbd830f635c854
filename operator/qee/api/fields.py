"""The types of single fields: each states once what the API server and the Python models accept.

Patterns are written for RE2 (the API server), Rust's regex (pydantic) and ECMA 262 alike. A string has a `maxLength`, a
list a `maxItems`, a map a `maxProperties`: the API server multiplies them into the cost of CEL rules and refuses a CRD
whose worst case is too dear.
"""

from typing import Annotated, Any

from pydantic import Field, PlainValidator, StringConstraints, WithJsonSchema

from qee.api.names import MAX_INLINE_BYTES, MAX_SAFE_INTEGER
from qee.api.quantity import parse_quantity

MAX_SHOTS = 10_000_000
MAX_SECONDS = 31_536_000  # 365 days
DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"


def text(maximum: int, pattern: str | None = None, minimum: int = 1) -> StringConstraints:
    """Constraints of a string of `minimum` to `maximum` characters."""
    return StringConstraints(min_length=minimum, max_length=maximum, pattern=pattern)


def rules(*rules: dict[str, str]) -> dict[str, Any]:
    """CEL rules of a field or model, in the spelling of the CRD."""
    return {"x-kubernetes-validations": list(rules)}


def stored_default(value: Any) -> dict[str, Any]:
    """Marks a default that the API server writes into the object; other defaults are what absence means.

    Stored defaults are signed with the rest of the spec. None may be added, changed or removed after the first release.
    """
    return {"x-qee-stored-default": value}


DnsLabel = Annotated[str, text(63, DNS_LABEL)]
DnsSubdomain = Annotated[str, text(253, r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")]
ConfigMapKey = Annotated[str, text(253, "^[-._a-zA-Z0-9]+$")]
# Upper case, dots and underscores as in vendors' names of circuits and in OpenQASM; no more than a label's value holds.
Name = Annotated[str, text(63, "^[A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?$")]
GateName = Annotated[str, text(63, "^[A-Za-z_][A-Za-z0-9_]*$")]
Sha256 = Annotated[str, text(64, "^[0-9a-f]{64}$", minimum=64)]
Line = Annotated[str, text(256, r"^[^\x00-\x1f\x7f]+$")]

Source = Annotated[str, text(MAX_INLINE_BYTES)]
Base64 = Annotated[
    str, text(MAX_INLINE_BYTES, "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$")
]

_EXPONENT = "([eE][-+]?[0-9]{1,3})?"
# Numbers that are not integers travel as strings: JSON readers and the API server rewrite 1.0 and 1e3.
DecimalString = Annotated[str, text(32, rf"^-?(0|[1-9][0-9]*)(\.[0-9]+)?{_EXPONENT}$")]
NonNegativeDecimal = Annotated[str, text(32, rf"^(0|[1-9][0-9]*)(\.[0-9]+)?{_EXPONENT}$")]
Probability = Annotated[str, text(32, r"^(0(\.[0-9]+)?|1(\.0+)?|[1-9](\.[0-9]+)?[eE]-0?[1-9][0-9]{0,2})$")]
Amount = Annotated[str, text(32, r"^(0|[1-9][0-9]*)(\.[0-9]{1,9})?$")]
Currency = Annotated[str, text(3, "^[A-Z]{3}$", minimum=3)]

Seed = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
Shots = Annotated[int, Field(ge=1, le=MAX_SHOTS)]
Seconds = Annotated[int, Field(ge=1, le=MAX_SECONDS)]
Count = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]


def _positive_quantity(value: Any) -> int | str:
    if parse_quantity(value) <= 0:
        raise ValueError('is not above 0; give a quantity such as "500m" or "1Gi"')
    if isinstance(value, str) and len(value) > 32:
        raise ValueError("is longer than 32 characters; give a shorter quantity")
    assert isinstance(value, int | str)  # noqa: S101 - narrows for mypy; parse_quantity refused anything else
    return value


Quantity = Annotated[
    int | str,
    PlainValidator(_positive_quantity),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "maxLength": 32,
            **rules(
                {
                    "rule": "type(self) == int ? int(self) > 0 : isQuantity(string(self))"
                    " && quantity(string(self)).isGreaterThan(quantity('0'))",
                    "messageExpression": "string(self) + ' is not a quantity above 0;"
                    """ give an integer or a string such as "500m", "2" or "1Gi"'""",
                    "message": "is not a quantity above 0",
                }
            ),
        }
    ),
]
