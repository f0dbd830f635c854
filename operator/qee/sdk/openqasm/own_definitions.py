"""Gates that a program defines, written out into those of the library."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Written = tuple[str, tuple[float, ...], tuple[int, ...]]  # name, angles in radians, qubits


@dataclass(frozen=True, slots=True)
class Call:
    """`angles`: a number, or as an integer the place of an expression in the definition's parameters. `qubits`: which
    of the definition's. `own` is what the name meant when the definition was read; None: the library's.
    """

    name: str
    own: "Definition | None"
    angles: tuple[int | float, ...]
    qubits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """`evaluated` gives the value of an expression by its place."""

    parameters: tuple[str, ...]
    calls: tuple[Call, ...]
    evaluated: Callable[[int, dict[str, float]], float]


def expanded(definition: Definition, angles: tuple[float, ...], qubits: tuple[int, ...]) -> Iterator[Written]:
    """The gates that a call comes to, in order. Its cost is that of the calls inside one another."""
    values = dict(zip(definition.parameters, angles, strict=True))
    for call in definition.calls:
        given = tuple(definition.evaluated(each, values) if isinstance(each, int) else each for each in call.angles)
        on = tuple(qubits[place] for place in call.qubits)
        if call.own is None:
            yield call.name, given, on
        else:
            yield from expanded(call.own, given, on)
