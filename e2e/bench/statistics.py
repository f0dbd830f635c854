"""Percentiles of small samples, and how sure a difference of two is."""

import random
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """Linear interpolation between order statistics (type 7 of Hyndman and Fan, 1996; numpy's default)."""
    ordered = sorted(values)
    position = (len(ordered) - 1) * share
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def shift(
    new: Sequence[float], old: Sequence[float], share: float, confidence: float = 0.95, resamples: int = 1000
) -> tuple[float, float]:
    """How far a percentile of `new` lies above that of `old`: an interval by the bootstrap (Efron, 1979).

    Both samples are drawn anew, with replacement; the interval holds the middle `confidence` of the differences.
    """
    draw = random.Random(0).choices
    differences = [
        percentile(draw(new, k=len(new)), share) - percentile(draw(old, k=len(old)), share) for _ in range(resamples)
    ]
    tail = (1 - confidence) / 2
    return percentile(differences, tail), percentile(differences, 1 - tail)
