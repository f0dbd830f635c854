"""Index selections of OpenQASM 3: `[2]`, `[-1]`, `[0:2:6]`, `[{0, 2}]`."""

from qee.api.reasons import Reason
from qee.circuits.openqasm.expressions import Expressions
from qee.circuits.openqasm.tokens import Cursor
from qee.circuits.openqasm.values import Value


def range_length(start: int, stop: int, step: int) -> int:
    """Values of `start:step:stop`; both ends belong to it (OpenQASM 3, "Ranges"). The step is not 0."""
    return max(0, (stop - start) // step + 1)


def read_range(
    cursor: Cursor, expressions: Expressions, what: str, start: int | None, stop: int | None
) -> tuple[int, int, int] | Value:
    """Reads `a`, `a:b` or `a:step:b` up to what follows; bounds that are left out are `start` and `stop`.

    Returns (start, stop, step), or the value where there is no colon. Errors: bounds that are no constant integers.
    """
    at = cursor.pos
    parts: list[Value | None] = []
    while True:
        parts.append(None if cursor.items[cursor.pos] in (":", "]", ",") else expressions.value())
        if not cursor.accept(":"):
            break
        if len(parts) == 3:
            cursor.unexpected("']'")
    if len(parts) == 1:
        if parts[0] is None:
            cursor.unexpected(what)
        return parts[0]
    step = parts[1] if len(parts) == 3 else 1
    bounds = (start if parts[0] is None else parts[0], stop if parts[-1] is None else parts[-1], step)
    whole: list[int] = []
    for bound in bounds:
        if bound is None:
            cursor.fail(f"{what} needs a first and a last value", at=at)
        if isinstance(bound, bool) or not isinstance(bound, int):
            cursor.fail(
                f"{what} must have constant integers as bounds; write the numbers", Reason.UNSUPPORTED_CONSTRUCT, at=at
            )
        whole.append(bound)
    if whole[2] == 0:
        cursor.fail(f"{what} has the step 0", at=at)
    return whole[0], whole[1], whole[2]


def read_selections(cursor: Cursor, expressions: Expressions, size: int) -> tuple[int | None, int | None, int]:
    """Reads `[...]`, and what is selected of a selection, `[{1, 2}][0]`: as `read_selection`.

    Of an element of a selection the index is not told: (None, None). The bits of the last are the first selection's.
    """
    index, number, elements = read_selection(cursor, expressions, size)
    while cursor.items[cursor.pos] == "[":
        if number is None:
            cursor.fail("an index behind a single element; remove it")
        _, number, _ = read_selection(cursor, expressions, number)
    return index, number, elements


def read_selection(cursor: Cursor, expressions: Expressions, size: int) -> tuple[int | None, int | None, int]:
    """Reads `[...]` behind a register of `size`: (index, None) for one element, (None, number) for a selection.

    The last has a bit for each element.
    """
    cursor.expect("[")
    at = cursor.pos
    if cursor.accept("{"):
        number = elements = 0
        while not cursor.accept("}"):
            if number:
                cursor.expect(",")
            elements |= 1 << expressions.integer("an index", -size, size - 1) % size
            number += 1
        cursor.expect("]")
        return None, number, elements
    found = read_range(cursor, expressions, "an index", 0, size - 1)
    if cursor.items[cursor.pos] == ",":
        cursor.fail("registers have one dimension, so one index", at=at)
    cursor.expect("]")
    if not isinstance(found, tuple):
        if isinstance(found, bool) or not isinstance(found, int):
            cursor.fail("an index must be a constant integer; write the number", Reason.UNSUPPORTED_CONSTRUCT, at=at)
        if not -size <= found < size:
            cursor.fail(f"the register has {size} elements, so there is no index {found}", at=at)
        return found % size, None, 1 << found % size
    start, stop, step = (bound + size if bound < 0 and i < 2 else bound for i, bound in enumerate(found))
    length = range_length(start, stop, step)
    last = start + (length - 1) * step
    if length and not (0 <= start < size and 0 <= last < size):
        cursor.fail(f"the register has {size} elements, the range goes beyond it", at=at)
    elements = 0
    if length == 1:
        elements = 1 << start
    elif length:
        apart = abs(step)  # less than the register's size
        elements = ((1 << length * apart) - 1) // ((1 << apart) - 1) << min(start, last)
    return None, length, elements
