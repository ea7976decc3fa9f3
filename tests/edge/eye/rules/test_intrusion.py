"""Intrusion: who is told, once, and when it is over."""

from edge.site.model import Schedule
from edge.site.rules import Intrusion
from edge.wire.event import Event, Phase
from edge.wire.names import CLASS_NUMBERS
from tests.edge.eye.drawn import CAR, Thing, judged, phases

RULE = Intrusion(function="intrusion", name="keep-out", zone="yard")
INSIDE = Thing(1, 0.6, 0.6)
OUTSIDE = Thing(1, 0.1, 0.6)


def walk(first_x: float, last_x: float, looks: int = 30) -> list[list[Thing]]:
    step = (last_x - first_x) / looks
    return [[Thing(1, first_x + step * index, 0.6)] for index in range(looks)]


def test_a_person_in_the_zone_starts_once_updates_and_ends() -> None:
    events = judged(RULE, [*([[INSIDE]] * 250), *([[OUTSIDE]] * 30)])
    assert phases(events) == [(1, 1), (1, 2), (1, 2), (1, 3)]
    start, end = events[0], events[-1]
    assert start.duration_ms == 1000
    assert end.duration_ms == 24900
    assert start.object_class == CLASS_NUMBERS["person"]
    assert start.track == 1
    assert start.score_percent == 90


def test_an_incident_keeps_the_score_that_began_it() -> None:
    faint = Thing(1, 0.6, 0.6, score=0.31)
    events = judged(RULE, [*([[INSIDE]] * 12), *([[faint]] * 100), *([[OUTSIDE]] * 30)])
    assert phases(events) == [(1, 1), (1, 2), (1, 3)]
    assert [event.score_percent for event in events] == [90, 90, 90]


def test_who_only_passes_quickly_is_not_told() -> None:
    assert judged(RULE, [[OUTSIDE], *([[INSIDE]] * 8), *([[OUTSIDE]] * 40)]) == []


def test_a_flickering_track_gives_one_incident() -> None:
    looks = [[INSIDE] if index % 10 < 6 else [] for index in range(200)]
    assert [event.phase for event in judged(RULE, looks)].count(Phase.PHASE_START) == 1


def test_a_track_that_changes_its_number_in_place_goes_on_as_one_incident() -> None:
    other = Thing(2, 0.62, 0.61)
    events = judged(RULE, [*([[INSIDE]] * 30), *([[]] * 5), *([[other]] * 30), *([[]] * 30)])
    assert phases(events) == [(1, 1), (1, 3)]


def test_another_person_beside_the_first_is_an_incident_of_its_own() -> None:
    other = Thing(2, 0.62, 0.61)
    events = judged(RULE, [*([[INSIDE]] * 30), *([[INSIDE, other]] * 30)])
    assert phases(events) == [(1, 1), (2, 1)]


def test_a_parked_car_alerts_once_however_often_it_is_hidden() -> None:
    rule = Intrusion(function="intrusion", name="no-parking", zone="yard", classes=("car",))
    there = Thing(3, 0.6, 0.6, object_class=CAR, is_still=True)
    hidden = Thing(3, 0.6, 0.6, object_class=CAR, is_still=True, is_seen=False)
    events = judged(rule, ([[there]] * 20 + [[hidden]] * 40) * 5)
    assert [event.phase for event in events].count(Phase.PHASE_START) == 1
    assert not [event for event in events if event.phase == Phase.PHASE_END]


def test_a_track_that_vanished_inside_and_shows_again_tells_nothing_new() -> None:
    events = judged(RULE, [*([[INSIDE]] * 20), *([[]] * 5), *([[INSIDE]] * 10)])
    assert phases(events) == [(1, 1)]


def test_entry_counts_only_who_came_from_outside() -> None:
    rule = Intrusion(function="intrusion", name="enter", zone="yard", when="entry")
    assert judged(rule, [[INSIDE]] * 50) == []
    assert phases(judged(rule, walk(0.1, 0.6) + [[INSIDE]] * 5)) == [(1, 1)]


def test_a_statue_is_no_intruder() -> None:
    assert judged(RULE, [[Thing(1, 0.6, 0.6, travel_frac=0.001)]] * 50) == []


def test_other_classes_and_weak_scores_do_not_decide() -> None:
    assert judged(RULE, [[Thing(1, 0.6, 0.6, object_class=CAR)]] * 50) == []
    assert judged(RULE, [[Thing(1, 0.6, 0.6, score=0.2)]] * 50) == []


def test_the_cool_down_keeps_a_second_incident_waiting() -> None:
    rule = Intrusion(function="intrusion", name="calm", zone="yard", cool_down_seconds=10.0)
    other = Thing(2, 0.75, 0.85)
    events = judged(rule, [[INSIDE, other]] * 140)
    starts = [event for event in events if event.phase == Phase.PHASE_START]
    assert [start.track for start in starts] == [1, 2]
    assert starts[1].captured_utc_ms - starts[0].captured_utc_ms == 10_000


def test_a_closed_schedule_tells_nothing() -> None:
    never = Schedule("never", "00:00", "00:01", first_date="1990-01-01", last_date="1990-01-02")
    rule = Intrusion(function="intrusion", name="night", zone="yard", schedule="never")
    assert judged(rule, [[INSIDE]] * 50, schedules=(never,)) == []


def test_an_end_carries_the_last_place_that_was_seen() -> None:
    events: list[Event] = judged(RULE, walk(0.5, 0.7) + [[]] * 30)
    assert events[-1].box is not None
    assert 0.66 < events[-1].box.left_frac < 0.7


def test_nor_is_one_that_its_box_only_wanders_about() -> None:
    """A box wanders with its size, so what has come is told by its size too."""
    near = Thing(1, 0.6, 0.6, height_frac=0.5, travel_frac=0.1)
    assert judged(RULE, [[near]] * 50) == []
    far = Thing(1, 0.6, 0.6, height_frac=0.1, travel_frac=0.1)
    assert phases(judged(RULE, [[far]] * 50)) == [(1, 1)]


def test_asked_for_no_way_whoever_stands_there_counts() -> None:
    rule = Intrusion(function="intrusion", name="in", zone="yard", min_travel_frac=0.0)
    assert phases(judged(rule, [[Thing(1, 0.6, 0.6, travel_frac=0.0)]] * 50)) == [(1, 1)]
