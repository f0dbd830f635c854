"""Do counts follow a distribution, and do two sets of counts follow the same one?

Both answer with a p-value: the chance that a correct simulator gives counts as far off as these. A test fails below
ALARM. Seeds are fixed, so a test that passes stays passing; ALARM is the chance that a correct simulator would have
failed when the seed was first used. With fewer than 100 such tests the chance that any would is below 1e-4
(Bonferroni).
"""

from collections.abc import Mapping

from scipy.stats import chi2

ALARM = 1e-6
_POOLED = 5.0  # outcomes expected less often are pooled: below, the chi-squared approximation is poor (Cochran 1954)


def p_value(counts: Mapping[str, int], probabilities: Mapping[str, float]) -> float:
    """Pearson's chi-squared test of counts against probabilities that sum to 1.

    An outcome of probability 0 that occurred gives 0: no tolerance covers what cannot be.
    """
    total = sum(probabilities.values())
    assert abs(total - 1) < 1e-9, f"the probabilities sum to {total}"
    shots = sum(counts.values())
    likely = {key: value for key, value in probabilities.items() if value > 1e-12}
    if any(count and key not in likely for key, count in counts.items()):
        return 0.0
    pairs = [(counts.get(key, 0), shots * probability) for key, probability in likely.items()]
    pairs = _with_small_ones_pooled(pairs)
    if len(pairs) == 1:
        return 1.0
    statistic = sum((observed - expected) ** 2 / expected for observed, expected in pairs)
    return float(chi2.sf(statistic, len(pairs) - 1))


def p_value_of_two(first: Mapping[str, int], second: Mapping[str, int]) -> float:
    """The chi-squared test of homogeneity of two sets of counts (2 x k contingency table)."""
    n, m = sum(first.values()), sum(second.values())
    rows = sorted(
        ((first.get(key, 0), second.get(key, 0)) for key in {*first, *second}), key=lambda row: row[0] + row[1]
    )
    pooled: list[tuple[int, int]] = []
    a, b = 0, 0
    for x, y in rows:
        a, b = a + x, b + y
        if (a + b) * min(n, m) / (n + m) >= _POOLED:
            pooled.append((a, b))
            a, b = 0, 0
    if a + b:
        last = pooled.pop() if pooled else (0, 0)
        pooled.append((last[0] + a, last[1] + b))
    if len(pooled) == 1:
        return 1.0
    statistic = 0.0
    for x, y in pooled:
        expected_x, expected_y = (x + y) * n / (n + m), (x + y) * m / (n + m)
        statistic += (x - expected_x) ** 2 / expected_x + (y - expected_y) ** 2 / expected_y
    return float(chi2.sf(statistic, len(pooled) - 1))


def _with_small_ones_pooled(pairs: list[tuple[int, float]]) -> list[tuple[int, float]]:
    large = [pair for pair in pairs if pair[1] >= _POOLED]
    small = [pair for pair in pairs if pair[1] < _POOLED]
    if not small:
        return large
    pool = (sum(observed for observed, _ in small), sum(expected for _, expected in small))
    if pool[1] < _POOLED and large:
        least = min(large, key=lambda pair: pair[1])
        large.remove(least)
        pool = (pool[0] + least[0], pool[1] + least[1])
    return [*large, pool]
