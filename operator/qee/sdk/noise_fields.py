"""Figures of spec.noise, which are text there. Each raises RunnerError with its field, for what is none."""

import math

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
