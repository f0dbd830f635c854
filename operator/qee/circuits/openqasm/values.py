"""Constants of bounded size, and what is known of a value that is not constant."""

import math
from dataclasses import dataclass, field

from qee.api.reasons import Reason
from qee.circuits.errors import quoted
from qee.circuits.openqasm.tokens import Cursor

MAX_INTEGER = 2**63  # beyond what any size, index or repetition may be
MAX_DIGITS = 80  # of one number: 64 binary digits and some

Number = int | float


@dataclass(slots=True)
class Unknown:
    """A value that is known only when the program runs.

    Attributes:
        uses: occurrences of each parameter of the gate definition around it.
        terms: other operands of the expression; 0 for what no engine carries along as an expression.
    """

    uses: dict[str, int] = field(default_factory=dict)
    terms: int = 0


UNKNOWN = Unknown()
Value = Number | Unknown


def bounded_integer(cursor: Cursor, value: int, most: int = MAX_INTEGER) -> int:
    if abs(value) >= most:
        cursor.fail("an integer of 64 bits or more; nothing here can be that large", Reason.CIRCUIT_TOO_LARGE)
    return value


def literal(cursor: Cursor, word: str, most: int = MAX_INTEGER) -> Value | None:
    """The value of a number word, None if it is not one; integers below `most`.

    Durations and imaginary numbers are unknown: nothing that is decided by a value may be one of them.
    """
    if word[0] not in "0123456789" and (word[0] != "." or len(word) == 1):
        return None
    digits = word.replace("_", "")
    allowed = MAX_DIGITS if most == MAX_INTEGER else most.bit_length() + 2
    if len(digits) > allowed:
        cursor.fail(f"the number {quoted(word)} has more than {allowed} digits", Reason.CIRCUIT_TOO_LARGE)
    try:
        if digits.isdecimal():
            return bounded_integer(cursor, int(digits), most)
        if digits[:2].lower() in ("0x", "0o", "0b"):
            return bounded_integer(cursor, int(digits, 0), most)
        value = float(digits) if digits[-1] in "0123456789." else UNKNOWN
    except ValueError:
        cursor.fail(f"{quoted(word)} is not a number")
    if value == math.inf:
        cursor.fail(f"the number {quoted(word)} is too large; engines would take it for infinity")
    return value
