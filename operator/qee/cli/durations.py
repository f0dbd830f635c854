"""Durations as people write and read them."""

import re

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse(text: str) -> float:
    """Seconds in "90", "90s", "10m", "1h30m" or "2d". Raises ValueError with a remedy."""
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        seconds = float(text)
    elif re.fullmatch(f"(?:{_PART.pattern})+", text):
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    else:
        raise ValueError(f"{text!r} is not a duration; write for example 90s, 10m or 1h30m")
    if seconds <= 0:
        raise ValueError(f"{text!r} is not above 0; write for example 90s, 10m or 1h30m")
    return seconds


def short(seconds: float) -> str:
    """As kubectl shows an age: 45s, 12m, 3h, 5d."""
    seconds = max(seconds, 0)
    for unit, size, most in (("s", 1, 120), ("m", 60, 120 * 60), ("h", 3600, 48 * 3600)):
        if seconds < most:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds // 86400)}d"
