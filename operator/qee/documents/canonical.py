"""Canonical JSON: UTF-8 with sorted keys, no spaces and no floating-point numbers, and reading it strictly.

Numbers that are not integers are decimal strings, integers stay within 2^53-1. What is signed has RFC 8785's form
(`qee.signing.canonical`): that needs a third-party package, and its order of keys is not json.dumps'.

Standard library only: the runner imports this before its sandbox is on.
"""

import json
import re
from typing import Any, NoReturn

# Bytes that CPython takes for a list, an object and a further value of either; and what one document may take.
_LIST, _OBJECT, _VALUE = 88, 240, 72
MAX_PARSED_BYTES = 128 * 1_048_576

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode


class DocumentError(ValueError):
    """A document is not of its format; the message names the field and never quotes its value."""


def canonical_json(value: Any) -> bytes:
    """UTF-8, keys sorted, no spaces. Raises DocumentError for what JSON cannot carry (NaN, lone surrogates)."""
    try:
        return _encode(value).encode("utf-8")
    except (ValueError, TypeError, RecursionError) as error:
        raise DocumentError("the document holds a value that JSON cannot carry") from error


class TooManyValues(DocumentError):
    """A document that would take too much memory once it is parsed."""


def parsed_size(data: bytes) -> int:
    """Bytes that JSON takes once it is parsed, at most, its text aside: of `[],[],[]` fifty times its length.

    Punctuation within strings counts too, so that this costs no look at them.
    """
    return _LIST * data.count(b"[") + _OBJECT * data.count(b"{") + _VALUE * data.count(b",")


def check_structure(data: bytes, what: str, most: int = MAX_PARSED_BYTES) -> None:
    """Raises TooManyValues for JSON that would take more than `most` bytes once it is parsed."""
    if parsed_size(data) > most:
        raise TooManyValues(f"the {what} holds more lists, objects and values than are read")


def check_unicode(data: bytes, value: Any) -> None:
    """Raises DocumentError where what `data` was parsed to holds a lone surrogate, which no text in UTF-8 can."""
    if _SURROGATE.search(data):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise DocumentError("the document holds text that is not Unicode (a lone surrogate)") from None


def strict_object(data: bytes, what: str) -> dict[str, Any]:
    """The top-level object of a JSON document, without floating-point numbers and duplicate keys."""
    check_structure(data, what)
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_float=_no_floats,
            parse_constant=_no_floats,
        )
    except DocumentError:
        raise
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"the {what} is not JSON in UTF-8") from error
    check_unicode(data, value)
    if not isinstance(value, dict):
        raise DocumentError(f"the {what} must be a JSON object")
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise DocumentError("an object has a key twice")
    return value


def _no_floats(_: str) -> NoReturn:
    raise DocumentError("numbers that are not integers must be decimal strings")


def decimal_text(value: float) -> str:
    """The shortest decimal string that reads back as this number, without an exponent. Raises DocumentError for NaN."""
    from decimal import Decimal

    if value != value or value in (float("inf"), float("-inf")):
        raise DocumentError("a number is not finite")
    return format(Decimal(repr(float(value))), "f")
