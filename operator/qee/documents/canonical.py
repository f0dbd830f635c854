"""Canonical JSON, and reading it field by field, strictly, with errors that name the field by its path.

Canonical JSON is UTF-8 with sorted keys, no spaces and no floating-point numbers: numbers that are not integers are
decimal strings, integers stay within 2^53-1.

Standard library only: the runner imports this before its sandbox is on.
"""

import json
import re
from typing import Any, NoReturn

from qee.api.names import MAX_SAFE_INTEGER

# Bytes that CPython takes for a list, an object and a further value of either; and what one document may take.
_LIST, _OBJECT, _VALUE = 88, 240, 72
MAX_PARSED_BYTES = 128 * 1_048_576

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BITS = re.compile(r"[01]+")


class DocumentError(ValueError):
    """A document is not of its format; the message names the field and never quotes its value."""


def canonical_json(value: Any) -> bytes:
    """UTF-8, keys sorted, no spaces. Raises DocumentError for what JSON cannot carry (NaN, lone surrogates)."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8")
    except (ValueError, TypeError) as error:
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


def parsed(data: bytes, what: str) -> "Fields":
    """The top-level object of a JSON document, without floating-point numbers and duplicate keys."""
    return Fields(strict_object(data, what), "")


def strict_object(data: bytes, what: str) -> dict[str, Any]:
    """The same as plain values."""
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


class Fields:
    """The fields of one JSON object. Each is taken once; `finish` refuses those that nobody took."""

    def __init__(self, value: dict[str, Any], path: str) -> None:
        self._left = dict(value)
        self._path = path

    def names(self) -> list[str]:
        return list(self._left)

    def has(self, name: str) -> bool:
        """Whether an optional field is there: an absent one is left out, never null."""
        return name in self._left

    def text(self, name: str) -> str:
        value = self._take(name)
        if not isinstance(value, str) or not value:
            raise self._wrong(name, "a non-empty string")
        return value

    def literal(self, name: str, expected: str) -> None:
        self.one_of(name, (expected,))

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        value = self._take(name)
        if not isinstance(value, str) or value not in choices:
            raise self._wrong(name, f"one of {', '.join(choices)}")
        return value

    def sha256(self, name: str) -> str:
        value = self._take(name)
        if not isinstance(value, str) or not _SHA256.fullmatch(value):
            raise self._wrong(name, "a SHA-256 digest of 64 lowercase hexadecimal digits")
        return value

    def decimal(self, name: str) -> str:
        value = self._take(name)
        if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
            raise self._wrong(name, "a decimal number as a string")
        return value

    def integer(self, name: str, at_least: int = 0) -> int:
        value = self._take(name)
        if type(value) is not int or not at_least <= value <= MAX_SAFE_INTEGER:  # True is an int to isinstance
            raise self._wrong(name, f"an integer from {at_least} to 2^53-1")
        return value

    def decimals(self, name: str) -> list[str]:
        value = self._take(name)
        if not isinstance(value, list) or not all(isinstance(each, str) and _NUMBER.fullmatch(each) for each in value):
            raise self._wrong(name, "a list of decimal numbers as strings")
        return value

    def number(self, name: str) -> str:
        """A decimal string as users write them in a spec: with an exponent, too."""
        value = self._take(name)
        if not isinstance(value, str) or not _NUMBER.fullmatch(value):
            raise self._wrong(name, "a decimal number as a string")
        return value

    def integers(self, name: str) -> list[int]:
        value = self._take(name)
        if not isinstance(value, list) or not all(
            type(each) is int and 0 <= each <= MAX_SAFE_INTEGER for each in value
        ):
            raise self._wrong(name, "a list of integers from 0 to 2^53-1")
        return value

    def boolean(self, name: str) -> bool:
        value = self._take(name)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def texts(self, name: str) -> list[str]:
        value = self._take(name)
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self._wrong(name, "a list of non-empty strings")
        return value

    def object(self, name: str) -> "Fields":
        value = self._take(name)
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return Fields(value, f"{self._path}{name}.")

    def objects(self, name: str) -> list["Fields"]:
        value = self._take(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._wrong(name, "a list of objects")
        return [Fields(item, f"{self._path}{name}[{number}].") for number, item in enumerate(value)]

    def values(self, name: str) -> dict[str, Any]:
        """An object whose fields are somebody else's: strings, booleans, integers, lists and objects of them."""
        value = self._take(name)
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return value

    def counts(self, name: str) -> dict[str, int]:
        """Outcomes as strings of 0 and 1, each with how often it occurred (1 or more)."""
        value = self._take(name)
        if not isinstance(value, dict) or not all(
            _BITS.fullmatch(key) and type(count) is int and 1 <= count <= MAX_SAFE_INTEGER
            for key, count in value.items()
        ):
            raise self._wrong(name, "an object from bit strings to integers from 1 to 2^53-1")
        return value

    def finish(self) -> None:
        if self._left:
            raise DocumentError(f"unknown field {self._path}{min(self._left)}: written by another version of QEE?")

    def _take(self, name: str) -> Any:
        if name not in self._left:
            raise DocumentError(f"{self._path}{name} is missing")
        return self._left.pop(name)

    def _wrong(self, name: str, expected: str) -> DocumentError:
        return DocumentError(f"{self._path}{name} must be {expected}")
