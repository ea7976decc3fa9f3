"""The tracker: numbers that last, numbers that are never used twice, things that stand still."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.eye import association
from edge.eye.association import assign, overlap
from edge.eye.coverage import Coverage
from edge.eye.detections import Detections, no_detections
from edge.eye.tracker import Tracker, TrackerLimits
from tests.edge.eye.drawn import CAR, PERSON, found, tracked

Box = tuple[float, float, float, float]
PARKED = (0.6, 0.6, 0.75, 0.7)


def walker(index: int, speed: float = 0.01, left: float = 0.1, top: float = 0.3) -> Box:
    x = left + speed * index
    return (x, top, x + 0.05, top + 0.2)


def test_a_walker_keeps_one_number() -> None:
    looks = tracked(Tracker(), [found(walker(index)) for index in range(60)])
    assert {int(number) for tracks in looks for number in tracks.numbers} == {1}
    assert looks[-1].travel_frac[0] > 0.5


def test_a_number_is_given_at_the_second_look_where_nothing_known_is_near() -> None:
    looks = tracked(Tracker(), [found(walker(index)) for index in range(3)])
    assert [len(tracks) for tracks in looks] == [0, 1, 1]


def test_a_newcomer_beside_somebody_known_is_numbered_after_one_who_stands_clear() -> None:
    beside, clear = (0.14, 0.3, 0.19, 0.5), (0.7, 0.3, 0.75, 0.5)
    known = walker(0, speed=0.0)
    looks = [found(known)] * 5 + [found(known, beside, clear)] * 3
    after = tracked(Tracker(), looks)
    assert [tracks.numbers.tolist() for tracks in after[5:]] == [[1], [1, 2], [1, 2, 3]]
    last = after[-1]
    assert np.allclose(last.boxes_frac[1:], [clear, beside], atol=1e-3)
    assert last.first_seen_ns[1] == last.first_seen_ns[2]


def test_who_comes_in_where_another_has_just_walked_out_is_somebody_else() -> None:
    def cut(index: int, speed: float) -> Box:
        left, top, right, bottom = walker(index, speed=speed, left=0.86)
        return (left, top, min(right, 1.0), bottom)

    gone, comes = 11, range(19, 40)
    looks = [found(cut(index, 0.01)) for index in range(gone)]
    looks += [no_detections()] * (comes.start - gone)
    looks += [found(cut(comes.stop - index, 0.005)) for index in comes]
    assert tracked(Tracker(), looks)[-1].numbers.tolist() == [2]
    waits_longer = Tracker(TrackerLimits(left_seconds=3.0))
    assert tracked(waits_longer, looks)[-1].numbers.tolist() == [1]


def test_who_stands_at_the_edge_of_the_frame_is_waited_for() -> None:
    standing = found((0.9, 0.3, 1.0, 0.5))
    looks = [standing] * 20 + [no_detections()] * 10 + [standing] * 5
    assert tracked(Tracker(), looks)[-1].numbers.tolist() == [1]


def test_one_false_detection_is_no_track() -> None:
    assert not any(len(t) for t in tracked(Tracker(), [found(PARKED), *[no_detections()] * 5]))


def test_a_number_outlives_a_short_occlusion() -> None:
    looks = [
        found(walker(index)) if not 20 <= index < 30 else no_detections() for index in range(50)
    ]
    after = tracked(Tracker(), looks)
    assert not after[25].is_seen[0]
    assert after[-1].numbers.tolist() == [1]
    assert after[-1].is_seen[0]


def test_unsure_detections_keep_a_track_but_begin_none() -> None:
    looks = [found(walker(index), score=0.9 if index < 10 else 0.2) for index in range(60)]
    assert tracked(Tracker(), looks)[-1].numbers.tolist() == [1]
    weak = [found(walker(index), score=0.3) for index in range(20)]
    assert len(tracked(Tracker(), weak)[-1]) == 0


def test_two_who_pass_each_other_keep_their_numbers() -> None:
    looks = [
        found(walker(index), walker(index, speed=-0.01, left=0.8, top=0.36)) for index in range(70)
    ]
    last = tracked(Tracker(), looks)[-1]
    assert last.numbers.tolist() == [1, 2]
    assert last.boxes_frac[0, 0] > last.boxes_frac[1, 0]


def test_one_who_jumps_aside_further_than_a_width_keeps_the_number() -> None:
    looks = [
        found(walker(index, speed=0.0, left=0.1 if index < 10 else 0.19)) for index in range(20)
    ]
    last = tracked(Tracker(), looks)[-1]
    assert last.numbers.tolist() == [1]
    far = [found(walker(index, speed=0.0, left=0.1 if index < 10 else 0.5)) for index in range(20)]
    assert tracked(Tracker(), far)[-1].numbers.tolist() == [1, 2]


def test_an_unsure_look_does_not_end_a_track_that_has_no_number_yet() -> None:
    looks = [found(walker(index), score=0.2 if index == 1 else 0.9) for index in range(3)]
    assert [len(tracks) for tracks in tracked(Tracker(), looks)] == [0, 1, 1]


def test_a_person_never_becomes_a_car() -> None:
    looks = [found(PARKED, kind=PERSON)] * 10 + [found(PARKED, kind=CAR)] * 10
    last = tracked(Tracker(), looks)[-1]
    assert sorted(last.classes.tolist()) == [PERSON, CAR]


def test_the_class_is_the_majority_vote() -> None:
    kinds = [CAR, CAR, CAR, 6, CAR, 6, CAR]
    looks = [found(PARKED, kind=kind) for kind in kinds]
    assert tracked(Tracker(), looks)[-1].classes.tolist() == [CAR]


def test_a_parked_car_that_was_hidden_for_a_minute_keeps_its_number() -> None:
    tracker = Tracker()
    tracked(tracker, [found(PARKED, kind=CAR)] * 100)
    hidden = tracked(tracker, [no_detections()] * 600, begin_ns=10_000_000_000)[-1]
    assert hidden.numbers.tolist() == [1]
    assert hidden.is_still[0]
    assert not hidden.is_seen[0]
    back = tracked(tracker, [found(PARKED, kind=CAR)] * 5, begin_ns=70_000_000_000)[-1]
    assert back.numbers.tolist() == [1]
    assert back.is_seen[0]


def test_a_person_who_walks_past_a_hidden_car_does_not_take_its_number() -> None:
    tracker = Tracker()
    tracked(tracker, [found(PARKED, kind=CAR)] * 100)
    passing = [found(walker(index, left=0.4, top=0.5)) for index in range(40)]
    last = tracked(tracker, passing, begin_ns=10_000_000_000)[-1]
    assert sorted(last.numbers.tolist()) == [1, 2]


def test_a_parked_car_is_forgotten_in_the_end() -> None:
    tracker = Tracker()
    tracked(tracker, [found(PARKED, kind=CAR)] * 100)
    late = tracked(tracker, [no_detections()] * 400, step_seconds=1.0, begin_ns=10_000_000_000)
    assert len(late[-1]) == 0


def part(*area_frac: float, least_height_frac: float = 0.0) -> Coverage:
    return Coverage(np.array([area_frac], np.float32), np.array([least_height_frac], np.float32))


def test_what_was_not_looked_at_is_not_missed_however_long() -> None:
    tracker = Tracker()
    tracked(tracker, [found(PARKED, kind=CAR)] * 5)
    elsewhere = part(0.0, 0.0, 0.1, 0.1)
    for second in range(1, 20):
        tracks = tracker.update(no_detections(), second * 1_000_000_000, elsewhere)
    assert tracks.numbers.tolist() == [1]
    assert tracks.is_seen[0]
    for second in range(20, 30):
        tracks = tracker.update(no_detections(), second * 1_000_000_000, part(0.0, 0.0, 1.0, 1.0))
        assert not tracks.is_seen.any()
    assert len(tracks) == 0


def test_what_is_too_small_for_a_look_or_cut_by_its_edge_is_not_missed() -> None:
    tracker = Tracker()
    tracked(tracker, [found(PARKED, kind=CAR)] * 5)
    left, _, right, _ = PARKED
    for looked in (
        part(0.0, 0.0, 1.0, 1.0, least_height_frac=0.9),
        part(0.0, 0.0, (left + right) / 2, 1.0),
    ):
        assert tracker.update(no_detections(), 1_000_000_000, looked).is_seen.all()


def test_one_who_has_no_number_yet_waits_for_a_look() -> None:
    for looked, count in ((part(0.0, 0.0, 0.1, 0.1), 1), (part(0.0, 0.0, 1.0, 1.0), 0)):
        tracker = Tracker()
        tracker.update(found(PARKED), 0)
        tracker.update(no_detections(), 100_000_000, looked)
        assert len(tracked(tracker, [found(PARKED)], begin_ns=200_000_000)[-1]) == count


BOX = st.tuples(
    st.floats(0.0, 0.8), st.floats(0.0, 0.7), st.floats(0.02, 0.2), st.floats(0.02, 0.3)
).map(lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[3]))
LOOK = st.lists(st.tuples(BOX, st.floats(0.1, 1.0), st.sampled_from([1, 2, 4, 6])), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(LOOK, max_size=25), st.integers(1, 3_000_000_000))
def test_numbers_are_unique_and_never_used_again(
    looks: list[list[tuple[Box, float, int]]], step_ns: int
) -> None:
    tracker = Tracker()
    gone: set[int] = set()
    before: set[int] = set()
    for index, look in enumerate(looks):
        tracks = tracker.update(
            Detections(
                np.array([box for box, _, _ in look], np.float32).reshape(-1, 4),
                np.array([score for _, score, _ in look], np.float32),
                np.array([kind for _, _, kind in look], np.uint8),
            ),
            index * step_ns,
        )
        numbers = tracks.numbers.tolist()
        assert numbers == sorted(set(numbers))
        assert min(numbers, default=1) > 0
        gone |= before - set(numbers)
        assert not gone & set(numbers)
        assert np.isfinite(tracks.boxes_frac).all()
        assert (tracks.way_lengths >= 1).all()
        before = set(numbers)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 2**32 - 1), st.floats(0.1, 1.0))
def test_an_assignment_uses_each_side_once_and_never_breaks_the_limit(
    rows: int, columns: int, seed: int, limit: float
) -> None:
    cost = np.random.default_rng(seed).random((rows, columns), np.float32)
    chosen, to = assign(cost, limit)
    assert len(set(chosen.tolist())) == len(chosen) == len(set(to.tolist()))
    assert (cost[chosen, to] <= limit).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_few_pairs_tried_in_all_ways_gain_as_much_as_the_solver_says(
    rows: int, columns: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    surplus = rng.random((rows, columns), np.float32)
    places = rng.permutation(rows * columns)[:4]
    pair_rows, pair_columns = places // columns, places % columns
    gains = surplus[pair_rows, pair_columns].tolist()
    pairs = list(zip(gains, pair_rows.tolist(), pair_columns.tolist(), strict=True))
    total, chosen = association._best(pairs)
    solved = association._solve(surplus, pair_rows, pair_columns)
    assert np.isclose(total, surplus[solved].sum(), atol=1e-5)
    assert np.isclose(total, sum(gain for gain, _, _ in chosen))


def test_pairs_of_a_lower_rank_go_first_however_little_they_gain() -> None:
    surplus = np.array([[0.1, 0.2], [0.9, 0.9]], np.float32)
    columns, is_taken = association.match(surplus, lambda rows, _: rows)
    assert columns.tolist() == [1, 0]
    assert is_taken.all()


def test_overlap_of_known_boxes() -> None:
    boxes = np.array([[0.0, 0.0, 0.2, 0.2]], np.float32)
    others = np.array([[0.1, 0.0, 0.3, 0.2], [0.5, 0.5, 0.6, 0.6]], np.float32)
    assert np.allclose(overlap(boxes, others), [[1 / 3, 0.0]], atol=1e-6)
