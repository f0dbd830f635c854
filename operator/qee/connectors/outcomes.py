"""From a provider's bits to QEE's keys. Standard library only.

A key joins all classical registers without spaces, the last declared register leftmost, bit 0 rightmost.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from qee.api.compiled_document import NOT_MEASURED, Unit


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
