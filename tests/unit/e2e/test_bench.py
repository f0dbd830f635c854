"""The arithmetic of `make bench`, and its page."""

import random
from typing import Any

import pytest
from e2e.bench import measure, report
from e2e.bench.admission import compared
from e2e.bench.statistics import percentile, shift


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 2.5), (0.75, 3.25), (1.0, 4.0)])
def test_percentiles_interpolate_between_order_statistics(share: float, expected: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == expected


def test_the_interval_of_a_shift_holds_the_true_one() -> None:
    draw = random.Random(7)
    old = [draw.expovariate(100) for _ in range(1500)]
    new = [draw.expovariate(100) + 0.005 for _ in range(1500)]
    low, high = shift(new, old, 0.5)
    assert low < 0.005 < high
    assert high - low < 0.004


def test_without_a_shift_the_interval_holds_zero() -> None:
    draw = random.Random(8)
    old, new = ([draw.gauss(1, 0.1) for _ in range(500)] for _ in range(2))
    low, high = shift(new, old, 0.99)
    assert low < 0 < high


def test_a_constant_shift_is_certain() -> None:
    assert shift([3.0] * 10, [1.0] * 10, 0.99) == (2.0, 2.0)


def test_round_trips_are_compared_percentile_by_percentile_in_milliseconds() -> None:
    found = compared([0.003, 0.004, 0.005], [0.001, 0.002, 0.003])
    assert found["creates"] == 3
    assert found["with_p50_ms"] == pytest.approx(4)
    assert found["without_p50_ms"] == pytest.approx(2)
    assert found["added_p50_ms"] == pytest.approx(2)
    assert found["added_p99_ms"] == pytest.approx(2)


def figures(**admission: float) -> dict[str, Any]:
    """Of a run with `--only admission`."""
    numbers = {path.split(".")[1]: 1.0 for path, *_ in report.ADMISSION}
    told = {"creates": 1500, "other_writes": 1000, "disturbed_slices": 2, "added_p99_ms_interval": [0.5, 1.5]}
    context = {"date": "2026-01-31", "machine": "two cores", "load": 0.25}
    none = {"reviews_for_other_writes": 0.0}
    return {"admission": {**numbers, **none, **told, **admission}, "measured": {"admission": context}}


def test_the_page_holds_the_parts_that_were_measured() -> None:
    page = report.page(figures(added_p99_ms=12.3))
    assert "| added at p99 | 12.3 ms | 25 ms | yes |" in page
    assert "Measured on 2026-01-31: two cores, load 0.2 before. 1500 paced creations" in page
    assert "between 0.5 and 1.5 ms" in page
    assert "## Jobs" not in page
    assert "## Verification" not in page


def test_what_misses_its_bar_is_named() -> None:
    assert report.verdict(figures()) == "every bar holds"
    slow = figures(added_p99_ms=25.1, reviews_for_other_writes=1)
    assert report.verdict(slow) == "missed: added at p99, AdmissionReviews for all other writes"
    assert "| added at p99 | 25.1 ms | 25 ms | **no** |" in report.page(slow)


def test_what_this_process_does_is_not_counted_as_others(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([((100, 1000), 40), ((190, 1200), 110)])  # 90 in use of 200, 70 of them by this process
    now = [next(ticks)]
    monkeypatch.setattr(measure, "_busy_and_all", lambda: now[0][0])
    monkeypatch.setattr(measure, "_own_ticks", lambda: now[0][1])
    others = measure.Others()
    now[0] = next(ticks)
    assert others.share() == pytest.approx(0.1)


def test_every_part_has_a_text_and_rows() -> None:
    assert set(report.TEXTS) == set(report.ROWS) == set(report.PARTS)
