"""From a provider's bits to QEE's keys. Standard library only.

A key joins all classical registers without spaces, the last declared register leftmost, bit 0 rightmost.
What raises ValueError here is one unit's problem: an adapter says so in that unit, and keeps the others.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from qee.documents.compiled import NOT_MEASURED, Unit
from qee.documents.provider_result import SUM_WITHIN

_SMALLEST = -40  # the power of ten below which a probability is 0: written out it could take a gigabyte


class Unreadable(ValueError):
    """A result of which nothing may be counted. The message is QEE's own, and fit to be a unit's problem."""


def key(unit: Unit, bit: Callable[[int], int]) -> str:
    """The key of one outcome. `bit` gives 0 or 1 for each wire of the unit. Raises ValueError for another value."""
    return "".join("0" if wire == NOT_MEASURED else _digit(bit(wire)) for wire in reversed(unit.wires))


def _digit(value: int) -> str:
    if value == 0:
        return "0"
    if value == 1:
        return "1"
    raise ValueError("an outcome that is neither 0 nor 1")


def of_shots(unit: Unit, shots: Iterable[Sequence[int]]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Counts and memory of shots that are sequences of 0 and 1, indexed by wire.

    Raises ValueError where they are not all of one length, or have other values; IndexError where a wire is missing.
    """
    memory: list[str] = []
    width: int | None = None
    for shot in shots:
        if width is not None and len(shot) != width:
            raise ValueError(f"a shot has {len(shot)} outcomes, those before it {width}")
        width = len(shot)
        memory.append(key(unit, shot.__getitem__))
    return dict(Counter(memory)), tuple(memory)


def of_integers(unit: Unit, values: Mapping[int, int], width: int | None = None) -> dict[str, int]:
    """Counts by key, from counts by integers whose bit i (of value 2^i) is wire i.

    `width`: the provider's qubits or bits, give it where it is known. Raises ValueError for an integer that is
    negative or has a bit beyond them.
    """
    found: Counter[str] = Counter()
    for value, count in values.items():
        found[of_integer(unit, value, width)] += count
    return dict(found)


def of_integer(unit: Unit, value: int, width: int | None = None) -> str:
    """The key of one integer, as in `of_integers`."""
    if value < 0 or (width is not None and value >> width):
        raise ValueError(f"outcome {value} is not one of {width} bits")
    return key(unit, lambda wire: value >> wire & 1)


def of_digits(unit: Unit, row: Any, columns: int) -> str:
    """The key of an outcome that is written as `columns` digits, or is a list of 0 and 1, indexed by wire."""
    if not isinstance(row, str | list) or len(row) != columns:
        raise Unreadable(f"an outcome of the result is not of {columns} bits")
    if any(isinstance(each, bool) or each not in (0, 1, "0", "1") for each in row):
        raise Unreadable("an outcome of the result is neither 0 nor 1")
    return key(unit, lambda wire: int(row[wire]))


def of_decimal(unit: Unit, number: Any, width: int) -> str:
    """The key of an outcome that is a number of `width` bits, or its decimal digits."""
    text = str(number)
    if isinstance(number, bool) or not (text.isascii() and text.isdecimal()) or (text[0] == "0" and text != "0"):
        raise Unreadable("an outcome of the result is no whole number")
    if len(text) > width + 1 or int(text) >> width:
        raise Unreadable(f"an outcome of the result is beyond the {width} bits of the circuit")
    return of_integer(unit, int(text), width)


def distribution(given: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Probabilities by key, summed, from pairs of a key and a probability as `numbers` reads it.

    Raises Unreadable unless each is from 0 to 1 and they sum to 1: each, for the sum over bits that are not read could
    hide one that is none.
    """
    summed: dict[str, Decimal] = defaultdict(Decimal)
    for outcome, value in given:
        if not isinstance(value, Decimal) or not 0 <= value <= 1:
            raise Unreadable("a probability of the result is no number from 0 to 1")
        summed[outcome] += value if value.adjusted() >= _SMALLEST else 0
    total = sum(summed.values(), Decimal(0))
    if abs(total - 1) > SUM_WITHIN:
        raise Unreadable(f"the probabilities of the result sum to {total:.6f}, not to 1")
    return {outcome: format(value, "f") for outcome, value in sorted(summed.items())}


def numbers(data: bytes) -> Any:
    """JSON whose numbers are Decimals, the text as it came. Raises ValueError, for what is nested too deeply, too."""
    try:
        return json.loads(data, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ArithmeticError, RecursionError) as error:
        raise Unreadable(f"the result cannot be read ({type(error).__name__})") from None


def _no_number(word: str) -> Any:
    raise Unreadable(f"the result has {word} for a number")
