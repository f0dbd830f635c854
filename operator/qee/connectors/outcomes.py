"""From a provider's bits to QEE's keys. Standard library only.

A key joins all classical registers without spaces, the last declared register leftmost, bit 0 rightmost.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from qee.api.compiled_document import NOT_MEASURED, Unit


def key(unit: Unit, bit: Callable[[int], int]) -> str:
    """The key of one outcome. `bit` gives 0 or 1 for each wire of the unit."""
    return "".join("0" if wire == NOT_MEASURED else "01"[bit(wire)] for wire in reversed(unit.wires))


def of_shots(unit: Unit, shots: Iterable[Sequence[int]]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Counts and memory of shots that are sequences of 0 and 1, indexed by wire."""
    memory = tuple(key(unit, shot.__getitem__) for shot in shots)
    return dict(Counter(memory)), memory


def of_integers(unit: Unit, values: Mapping[int, int]) -> dict[str, int]:
    """Counts by key, from counts by integers whose bit i (of value 2^i) is wire i."""
    found: Counter[str] = Counter()
    for value, count in values.items():
        found[key(unit, lambda wire, value=value: value >> wire & 1)] += count  # type: ignore[misc]
    return dict(found)
