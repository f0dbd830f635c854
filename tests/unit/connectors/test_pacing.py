"""The pace of submissions."""

from qee.connectors.pacing import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_at_once_and_then_one_by_one():
    clock = Clock()
    pace = Pace(5, clock)
    assert [pace.take() for _ in range(6)] == [True] * 5 + [False]
    assert pace.wait() == 12.0
    clock.now += 11.9
    assert not pace.take()
    clock.now += 0.1
    assert pace.take()
    assert not pace.take()


def test_less_than_one_a_minute_still_goes():
    clock = Clock()
    pace = Pace(0.5, clock)
    assert pace.take()
    assert not pace.take()
    clock.now += 120
    assert pace.take()


def test_a_pause_holds_back_what_there_is():
    clock = Clock()
    pace = Pace(60, clock)
    pace.pause(30)
    assert pace.wait() == 30
    assert not pace.take()
    clock.now += 30
    assert pace.take()
