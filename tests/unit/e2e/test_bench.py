"""The arithmetic of `make bench`, and its page."""

import random
from collections import Counter
from typing import Any

import pytest
from e2e.bench import audit, measure, report, rest
from e2e.bench.admission import compared
from e2e.bench.requests import Cost
from e2e.bench.requests import figures as costs
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


OPERATOR = "qee-operator/0.1.0"


def entry(verb: str, resource: str | None, sub: str | None = None, agent: str = OPERATOR, code: int = 200) -> Any:
    """One line of an audit log."""
    reference = {"resource": resource, **({"subresource": sub} if sub else {})}
    return {
        "verb": verb,
        "stage": "ResponseComplete",
        "userAgent": agent,
        "requestURI": "/version",
        "responseStatus": {"code": code},
        **({"objectRef": reference} if resource else {}),
    }


def test_every_request_of_the_operator_counts_but_leases_and_watches() -> None:
    log = [
        entry("get", "quantumjobs"),
        entry("get", "quantumjobs", code=404),
        entry("patch", "quantumjobs", "status"),
        entry("create", "events"),
        entry("get", "pods", "log") | {"stage": "ResponseStarted"},
        entry("get", "pods", "log"),
        entry("get", None),
        entry("watch", "pods"),
        entry("update", "leases"),
        entry("get", "quantumjobs", agent="kubectl/v1.35"),
    ]
    assert audit.requests(log) == {
        "get quantumjobs": 2,
        "patch quantumjobs/status": 1,
        "create events": 1,
        "get pods/log": 1,
        "get /version": 1,
    }


def test_writes_are_the_requests_that_changed_an_object() -> None:
    log = [entry("create", "jobs"), entry("create", "jobs", code=409), entry("create", "events"), entry("get", "jobs")]
    assert audit.writes(log) == ["create jobs"]


def cost(jobs: int, gets: int, cpu: float) -> Cost:
    """Beside an operator that uses 10 ms a second at rest."""
    return Cost(jobs, Counter({"get pods": gets, "create jobs": jobs}), cpu + 0.6, 60, 0.6)


def test_the_cost_of_a_job_is_that_of_all_rounds_by_their_jobs_without_what_rest_costs() -> None:
    both = (cost(20, 50, 1.0) + cost(20, 30, 1.4)).per_job()
    assert both["requests_per_job"] == pytest.approx(3)
    assert both["cpu_ms_per_job"] == pytest.approx(60)
    assert both["rest_ms_per_s"] == pytest.approx(10)
    assert both["by_request"] == {"create jobs": 1, "get pods": 2}


def test_an_older_operator_is_compared_by_its_cpu_time_only_where_it_was_measured() -> None:
    now = (cost(20, 20, 1.0), cost(50, 50, 1.0))
    assert "cpu_ratio" not in costs({"now": now})
    beside = costs({"before": (cost(20, 40, 4.0), cost(50, 90, 2.0)), "now": now})
    assert beside["cpu_ratio"] == {"single": pytest.approx(0.25), "crowd": pytest.approx(0.5)}


def test_the_page_shows_each_request_and_says_which_bars_are_missed() -> None:
    context = {"measured": {"requests": {"date": "2026-01-31", "machine": "two cores", "load": 0}}}
    now = (cost(20, 40, 1.0), cost(50, 700, 1.0))
    alone = {"requests": {**costs({"now": now}), "rounds": 1}, **context}
    assert report.verdict(alone) == "missed: requests per job, 50 at once"
    assert "before" not in report.page(alone).split("| figure |")[1]
    beside = {
        "requests": {**costs({"now": now, "before": (cost(20, 60, 1.0), cost(50, 50, 3.0))}), "rounds": 1},
        **context,
    }
    page = report.page(beside)
    assert "| request | in turn, before | in turn, now | at once, before | at once, now |" in page
    assert "| get pods | 3 | 2 | 1 | 14 |" in page
    assert "| now to before | 1 x | 0.5 x | **no** |" in page
    assert "| now to before | 0.3333 x | 0.5 x | yes |" in page


def test_of_two_windows_at_rest_the_quieter_one_counts() -> None:
    resync = Counter({"list quantumjobs": 500})
    assert rest.quietest([resync, Counter()]).total() == 0
    assert rest.quietest([Counter({"get jobs": 3}), resync]) == {"get jobs": 3}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ('qee_jobs{phase="Queued"} 120.0\n', 120),
        ('# HELP qee_jobs ...\nqee_jobs{phase="Succeeded"} 9.0\nqee_jobs{phase="Queued"} 7.0\n', 7),
        ('qee_jobs{phase="Succeeded"} 9.0\n', 0),
    ],
)
def test_how_many_jobs_are_queued_is_read_from_the_metrics(text: str, number: int) -> None:
    assert rest.queued(text) == number
