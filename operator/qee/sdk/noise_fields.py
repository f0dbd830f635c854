"""Figures of spec.noise, which are text there, and what they act on. Raises RunnerError with the field."""

import math
from collections.abc import Iterable

from qee.sdk.errors import invalid_spec


def probability(field: str, text: str | None) -> float:
    value = 0.0 if text is None else float(text)
    if not 0 <= value <= 1:
        raise invalid_spec(f"noise.{field}: {text} is no probability; give one from 0 to 1")
    return value


def time(field: str, text: str | None) -> float:
    value = math.inf if text is None else float(text)
    if not value > 0 or (text is not None and math.isinf(value)):
        raise invalid_spec(f"noise.{field}: {text} is no time above 0; give one, or leave it out")
    return value


def refuse_untouched(one: float, two: float, times: Iterable[str], widths: set[int], names: set[str]) -> None:
    """Where an error, or a gate's time, acts on no gate of the circuit. `widths`, `names`: of the circuit's gates."""
    for field, error, width, word in (("oneQubit", one, 1, "one"), ("twoQubit", two, 2, "two")):
        if error and width not in widths:
            raise invalid_spec(
                f"noise.{field}: the circuit has no {word}-qubit gate; leave it out, or run it in another job"
            )
    missing = sorted(set(times) - names)
    if missing:
        raise invalid_spec(
            f"noise.gateTimes.{missing[0]}: the circuit has no gate {missing[0]}, its gates are "
            f"{', '.join(sorted(names)) or 'none'}; name one of these, or leave it out"
        )
