"""Line crossing, count, loitering, wrong way, occupancy: small scenes with known answers."""

import pytest

from edge.site.rules import Count, LineCrossing, Loitering, Occupancy, WrongWay
from edge.wire.event import Phase
from tests.edge.eye.drawn import CAR, Thing, judged, phases

CROSS = LineCrossing(function="line_crossing", name="cross", line="gate")
LOITER = Loitering(function="loitering", name="loiter", zone="yard", min_seconds=5.0)
WRONG = WrongWay(function="wrong_way", name="wrong", zone="yard", allowed_deg=0.0)
CROWD = Occupancy(function="occupancy", name="crowd", zone="yard", max_things=2, clear_things=1)


def walk(*xs: float, y_frac: float = 0.5, number: int = 1) -> list[list[Thing]]:
    return [[Thing(number, x_frac, y_frac)] for x_frac in xs]


def test_one_crossing_is_one_start_without_an_end() -> None:
    events = judged(CROSS, walk(0.40, 0.45, 0.49, 0.51, 0.55, 0.60))
    assert phases(events) == [(1, 1)]
    assert events[0].duration_ms is None


def test_jitter_on_the_line_gives_one_signal() -> None:
    jitter = [0.499, 0.501, 0.495, 0.505, 0.498, 0.504] * 5
    assert len(judged(CROSS, walk(0.40, 0.47, *jitter, 0.53, 0.6))) == 1


def test_who_comes_to_the_line_and_turns_back_has_not_crossed() -> None:
    assert judged(CROSS, walk(0.40, 0.47, 0.501, 0.505, 0.49, 0.45, 0.40)) == []


def test_there_and_back_are_two_crossings() -> None:
    assert phases(judged(CROSS, walk(0.4, 0.48, 0.52, 0.6, 0.52, 0.48, 0.4))) == [(1, 1), (2, 1)]


@pytest.mark.parametrize(
    ("direction", "signals"), [("left_to_right", 1), ("right_to_left", 0), ("both", 1)]
)
def test_the_direction_is_that_of_who_walks_along_the_line(direction: str, signals: int) -> None:
    rule = LineCrossing(
        function="line_crossing",
        name="cross",
        line="gate",
        direction=direction,  # type: ignore[arg-type]
    )
    assert len(judged(rule, walk(0.4, 0.48, 0.52, 0.6))) == signals


def test_a_crossing_tells_the_best_score_because_that_one_decided() -> None:
    looks = [[Thing(1, x, 0.5, score=0.31, best_score=0.72)] for x in (0.4, 0.48, 0.52, 0.6)]
    assert [event.score_percent for event in judged(CROSS, looks)] == [72]


def test_passing_beyond_the_end_of_the_line_is_no_crossing() -> None:
    looks = [[Thing(1, x, 1.2)] for x in (0.4, 0.48, 0.52, 0.6)]
    assert judged(CROSS, looks) == []


def test_a_crossing_behind_an_obstacle_counts_when_the_track_is_found_again() -> None:
    hidden = [[Thing(1, 0.48, 0.5, is_seen=False)]] * 5
    assert len(judged(CROSS, walk(0.40, 0.46) + hidden + walk(0.55, 0.6))) == 1


def test_a_count_is_told_once_a_period_zero_too() -> None:
    rule = Count(function="count", name="through", line="gate", period_seconds=10.0)
    looks = walk(0.4, 0.48, 0.52, 0.6, 0.52, 0.48, 0.4) + [[]] * 250
    events = judged(rule, looks)
    assert [event.measured for event in events] == [2, 0]
    assert all(event.phase == Phase.PHASE_START for event in events)
    assert all(event.duration_ms == 10_000 for event in events)


def test_who_stays_loiters_and_who_walks_through_does_not() -> None:
    assert phases(judged(LOITER, [[Thing(1, 0.6, 0.6)]] * 60)) == [(1, 1)]
    through = [[Thing(1, 0.3 + 0.012 * index, 0.6)] for index in range(45)]
    assert judged(LOITER, through) == []


def test_a_sign_that_looks_like_a_person_does_not_loiter() -> None:
    assert judged(LOITER, [[Thing(1, 0.6, 0.6, travel_frac=0.01)]] * 90) == []


def test_the_time_before_a_thing_first_moved_counts() -> None:
    still, moved = Thing(1, 0.6, 0.6, travel_frac=0.0), Thing(1, 0.66, 0.6, travel_frac=0.06)
    (start,) = judged(LOITER, [[still]] * 80 + [[moved]] * 5)
    assert start.duration_ms == 8000


def test_short_hiding_does_not_begin_the_time_anew() -> None:
    looks = [[Thing(1, 0.6, 0.6)] if index % 20 < 12 else [] for index in range(60)]
    assert len(judged(LOITER, looks)) == 1


def test_the_time_of_one_who_vanished_goes_to_a_track_that_begins_there() -> None:
    changed = [[Thing(1, 0.6, 0.6)]] * 40 + [[]] * 5 + [[Thing(2, 0.62, 0.61)]] * 20
    assert len(judged(LOITER, changed)) == 1


def test_who_walks_up_or_comes_late_or_stands_off_has_not_waited_for_another() -> None:
    first = [[Thing(1, 0.6, 0.6)]] * 40
    near, far = Thing(2, 0.62, 0.61), Thing(2, 0.75, 0.6)
    walked_up = [[Thing(1, 0.6, 0.6), Thing(2, 0.1, 0.6)]] * 40 + [[]] * 5 + [[near]] * 20
    late, off = first + [[]] * 25 + [[near]] * 20, first + [[]] * 5 + [[far]] * 20
    assert judged(LOITER, walked_up) == judged(LOITER, late) == judged(LOITER, off) == []


def test_who_comes_in_over_the_frame_s_edge_has_not_waited_for_another() -> None:
    first = [[Thing(1, 0.6, 0.6, height_frac=0.5)]] * 40 + [[]] * 5
    assert len(judged(LOITER, first + [[Thing(2, 0.62, 0.61, height_frac=0.59)]] * 20)) == 1
    assert judged(LOITER, first + [[Thing(2, 0.62, 0.61, height_frac=0.61)]] * 20) == []


def test_who_strays_beyond_the_radius_begins_anew() -> None:
    rule = Loitering(
        function="loitering", name="l", zone="yard", min_seconds=5.0, max_radius_frac=0.1
    )
    looks = [[Thing(1, 0.45 if index // 30 % 2 else 0.7, 0.6)] for index in range(180)]
    assert judged(rule, looks) == []


def cars(ys: list[float]) -> list[list[Thing]]:
    return [[Thing(1, 0.6, y, object_class=CAR)] for y in ys]


def test_driving_down_a_street_that_leads_up_is_the_wrong_way() -> None:
    down = [0.45 + 0.01 * index for index in range(40)]
    events = judged(WRONG, cars(down))
    assert phases(events) == [(1, 1)]


def test_driving_up_waiting_or_rolling_back_a_little_is_not() -> None:
    up = [0.85 - 0.01 * index for index in range(40)]
    assert judged(WRONG, cars(up)) == []
    assert judged(WRONG, cars([0.6] * 60)) == []
    assert judged(WRONG, cars([*up[:20], *(up[19] + 0.002 * step for step in range(20))])) == []


def test_driving_across_is_not_the_wrong_way() -> None:
    across = [[Thing(1, 0.42 + 0.009 * step, 0.6, object_class=CAR)] for step in range(40)]
    assert judged(WRONG, across) == []


def crowd(things: int, looks: int) -> list[list[Thing]]:
    return [[Thing(n + 1, 0.45 + 0.1 * n, 0.6) for n in range(things)]] * looks


def test_a_crowd_is_an_incident_until_it_is_clear() -> None:
    events = judged(CROWD, crowd(2, 30) + crowd(3, 40) + crowd(2, 60) + crowd(1, 40))
    assert phases(events) == [(1, 1), (1, 3)]
    assert events[0].measured == 3
    assert events[-1].measured == 1


def test_a_moment_of_crowd_is_none() -> None:
    assert judged(CROWD, crowd(1, 30) + crowd(3, 15) + crowd(1, 30)) == []
