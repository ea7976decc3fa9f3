"""One camera's attention over time: nothing is starved, what moves comes first, all places come."""

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.attention import Attention, Canvas, Habits, View, sweep_looks
from edge.eye.attention.canvas import compose
from edge.eye.attention.crop import Crop, Glance
from edge.eye.attention.merge import looked_at, merge
from edge.eye.attention.places import places_of
from edge.eye.detections import Detections, no_detections
from edge.eye.frame import Frame
from edge.eye.gate import CELLS_HIGH, CELLS_WIDE, Gate, Motion
from edge.eye.picture import small_luma
from edge.eye.tracker import Tracker
from edge.eye.tracks import Tracks, no_tracks
from edge.site.rules import Intrusion
from tests.edge.eye.drawn import Thing, found, site_of, tracks_of

FRAME = (1920, 1080)
CANVAS = Canvas(300, 300, keeps_aspect=False)
EVERYWHERE = np.array([[0.0, 0.0, 1.0, 1.0]], np.float32)
NOWHERE = np.zeros((0, 4), np.float32)
SECOND_NS = 1_000_000_000
WALK_FROM_PX, WALK_STEP_PX = 400, 6


def moving_at(*cells: tuple[int, int], tick: int = 0) -> Motion:
    """Column and row of cells that change from tick to tick; each with its right neighbour."""
    changed = np.zeros((CELLS_HIGH, CELLS_WIDE), np.bool_)
    for column, row in cells:
        changed[row, column : column + 2] = True
    bright = np.where(changed, 100 + 40 * (tick % 2), 100).astype(np.uint8)
    return Motion(is_active=bool(cells), is_changed=changed, cells=bright)


def covers(glances: tuple[Glance, ...], x_px: float, y_px: float) -> bool:
    return any(
        c.left_px <= x_px <= c.left_px + c.width_px and c.top_px <= y_px <= c.top_px + c.height_px
        for glance in glances for c in glance if (c.width_px, c.height_px) != FRAME
    )  # fmt: skip


def test_every_part_of_the_sites_places_is_looked_at_sharply_in_its_time() -> None:
    attention = Attention(CANVAS, EVERYWHERE, Habits(whole_seconds=60.0, sweep_seconds=10.0))
    seen = np.zeros((CELLS_HIGH, CELLS_WIDE), np.int64)
    for tick in range(200):
        view = View(FRAME, moving_at(), no_tracks(), tick * SECOND_NS // 10)
        glances = attention.choose(view, 1).glances
        attention.note(view, glances, no_detections())
        for glance in glances:
            for crop in glance:
                if crop.scale > 0.5:
                    top, left = crop.top_px // 24, crop.left_px // 24
                    seen[top : top + crop.height_px // 24 + 1,
                         left : left + crop.width_px // 24 + 1] += 1  # fmt: skip
    assert seen.min() >= 1
    assert seen.max() <= 12, "no part takes the time of the others"


def test_a_round_of_the_sites_places_takes_as_many_looks_as_are_told() -> None:
    for frame in (FRAME, (640, 480)):
        attention = Attention(CANVAS, EVERYWHERE, Habits())
        first = attention.choose(View(frame, moving_at(), no_tracks(), 0), 100)
        assert len(first.glances) == 1 + sweep_looks(CANVAS, EVERYWHERE, frame), "one is the frame"
    assert sweep_looks(CANVAS, NOWHERE, FRAME) == 0


def test_the_whole_frame_comes_at_least_as_often_as_asked() -> None:
    attention = Attention(CANVAS, NOWHERE, Habits(whole_seconds=2.0))
    at = []
    for tick in range(100):
        view = View(FRAME, moving_at((10, 10), tick=tick), no_tracks(), tick * SECOND_NS // 10)
        glances = attention.choose(view, 1).glances
        attention.note(view, glances, no_detections())
        if any(crop.width_px == FRAME[0] for glance in glances for crop in glance):
            at.append(tick)
    assert at[0] == 0
    assert max(np.diff(at)) <= 20


def test_what_moves_is_looked_at_at_once_and_at_full_sharpness() -> None:
    attention = Attention(CANVAS, NOWHERE, Habits())
    quiet = View(FRAME, moving_at(), no_tracks(), 0)
    attention.note(quiet, attention.choose(quiet, 1).glances, no_detections())
    assert not attention.choose(View(FRAME, moving_at(), no_tracks(), SECOND_NS), 4).is_due
    ((crop,),) = attention.choose(
        View(FRAME, moving_at((40, 20), tick=1), no_tracks(), SECOND_NS), 4
    ).glances
    assert covers(((crop,),), 41 * 24, 20.5 * 24)
    assert crop.scale >= 1


def test_a_tree_in_the_wind_is_looked_at_less_and_less_and_a_walker_always() -> None:
    attention, tree, walker = Attention(CANVAS, NOWHERE, Habits()), 0, 0
    for tick in range(100):
        view = View(
            FRAME, moving_at((60, 5), (10, 30), tick=tick), no_tracks(), tick * SECOND_NS // 10
        )
        glances = attention.choose(view, 4).glances
        tree += covers(glances, 61 * 24, 5.5 * 24)
        walker += covers(glances, 11 * 24, 30.5 * 24)
        box = (10 / 80, 29 / 45, 12 / 80, 32 / 45)
        attention.note(view, glances, found(box, score=0.1))
    assert walker > 95
    assert 5 <= tree <= 25


def test_with_too_little_time_no_track_waits_for_ever() -> None:
    things = [
        Thing(number + 1, 0.03 + 0.06 * (number % 16), 0.3 + 0.3 * (number // 16), height_frac=0.25)
        for number in range(32)
    ]
    attention = Attention(CANVAS, NOWHERE, Habits(whole_seconds=5.0))
    last: dict[int, int] = {}
    longest = 0
    cells = [(x, y) for x in range(0, 78, 3) for y in range(3, 30, 3)]
    for tick in range(300):
        now_ns = tick * SECOND_NS // 10
        tracks = tracks_of(things, now_ns)
        view = View(FRAME, moving_at(*cells, tick=tick), tracks, now_ns)
        glances = attention.choose(view, 1).glances
        is_looked = looked_at(glances, FRAME, CANVAS).covers(tracks.boxes_frac.T)
        for number in tracks.numbers[is_looked].tolist():
            longest = max(longest, tick - last.get(number, 0))
            last[number] = tick
        attention.note(view, glances, no_detections())
    assert set(last) == {thing.number for thing in things}
    assert longest <= 60


def test_nothing_is_due_without_motion_places_or_tracks_until_the_whole_frame_is() -> None:
    attention = Attention(CANVAS, NOWHERE, Habits(whole_seconds=2.0))
    due = []
    for tick in range(40):
        view = View(FRAME, moving_at(), no_tracks(), tick * SECOND_NS // 10)
        choice = attention.choose(view, 1)
        due.append(choice.is_due)
        attention.note(view, choice.glances, no_detections())
    assert [tick for tick, is_due in enumerate(due) if is_due] == [0, 20]


def test_what_is_due_is_said_where_there_is_no_time_for_it() -> None:
    choice = Attention(CANVAS, NOWHERE, Habits()).choose(
        View(FRAME, moving_at(), no_tracks(), 0), 0
    )
    assert choice.is_due
    assert choice.glances == ()


def test_the_places_of_a_site_are_its_zones_and_lines_and_none_within_another() -> None:
    rule = Intrusion(function="intrusion", name="in", zone="yard")
    places = places_of(site_of(rule), "north")
    assert len(places) == 2  # the yard, and the line that runs above and below it
    assert places_of(site_of(rule), "south").shape == (0, 4)
    assert (places >= 0).all()
    assert (places <= 1).all()


def test_a_glance_shows_the_frames_own_pixels_where_it_is_not_scaled() -> None:
    rng = np.random.default_rng(1)
    luma = rng.integers(60, 200, (180, 320), np.uint8)
    grey = np.full((90, 160), 128, np.uint8)
    frame = Frame("north", 0, 0, 0, 320, 180, luma, grey, grey)
    crops = (Crop(100, 40, 60, 50, 0, 0, 60, 50), Crop(0, 0, 320, 180, 60, 50, 160, 90))
    picture = compose(frame, crops, Canvas(220, 140, keeps_aspect=True))
    assert picture.shape == (140, 220, 3)
    shown = cv2.cvtColor(picture[:50, :60], cv2.COLOR_RGB2GRAY).astype(int)
    wanted = (luma[40:90, 100:160].astype(int) - 16) * 255 / 219
    assert np.abs(shown - wanted.clip(0, 255)).max() <= 2
    assert np.ptp(picture[60:, :50]) <= 1, "between crops there is nothing"


class Bright:
    """Finds bright patches that are at least so tall in its picture, as a real detector would."""

    def __init__(self, least_px: int = 24) -> None:
        self.least_px = least_px

    def find(self, rgb: npt.NDArray[np.uint8]) -> Detections:
        height, width = rgb.shape[:2]
        bright = cv2.inRange(rgb, (200, 200, 200), (255, 255, 255))
        stats = np.asarray(cv2.connectedComponentsWithStats(bright)[2])[1:]
        boxes = [
            (left / width, top / height, (left + wide) / width, (top + high) / height)
            for left, top, wide, high, _ in stats.tolist()
            if high >= self.least_px
        ]
        return found(*boxes)


def walk(eye: Bright, wide_px: int, tall_px: int, seen_until: int) -> list[Tracks]:
    """What is followed at each of 100 frames while something so large crosses 1080p for a while."""
    attention = Attention(CANVAS, NOWHERE, Habits())
    rng = np.random.default_rng(5)
    noise = rng.integers(95, 105, (1080, 1920), np.uint8)
    chroma = np.full((540, 960), 128, np.uint8)
    gate, tracker, tracks, followed = Gate(), Tracker(), no_tracks(), []
    for tick in range(100):
        now_ns, x = tick * SECOND_NS // 10, WALK_FROM_PX + WALK_STEP_PX * tick
        luma = noise.copy()
        if 20 <= tick < seen_until:
            luma[600 : 600 + tall_px, x : x + wide_px] = 235
        frame = Frame("north", tick, 0, now_ns, 1920, 1080, luma, chroma, chroma)
        view = View(FRAME, gate.look(small_luma(frame), now_ns), tracks, now_ns)
        glances = attention.choose(view, 2).glances
        if glances:
            answers = [eye.find(compose(frame, glance, CANVAS)) for glance in glances]
            seen = merge(glances, answers, FRAME, CANVAS)
            tracks = tracker.update(seen, now_ns, looked_at(glances, FRAME, CANVAS))
            attention.note(View(FRAME, view.motion, tracks, now_ns), glances, seen)
        followed.append(tracks)
    return followed


def test_a_person_of_16_pixels_in_1080p_is_followed_across_the_picture() -> None:
    """Whole frames would show it 4 pixels tall; the detector needs 24."""
    followed = walk(Bright(24), 6, 16, seen_until=100)
    near = 0
    for tick, tracks in enumerate(followed):
        if len(tracks) and tick >= 30:
            left, _, right, _ = (tracks.boxes_frac[0] * 1920).tolist()
            near += abs((left + right) / 2 - (WALK_FROM_PX + WALK_STEP_PX * tick) - 3) < 6
    assert {number for tracks in followed for number in tracks.numbers.tolist()} == {1}
    assert near >= 65


def test_what_was_too_small_for_any_crop_is_not_followed_for_ever() -> None:
    """A crop shows it 18 pixels tall at most; only from 22 on absence proves anything."""
    followed = walk(Bright(6), 20, 6, seen_until=50)
    assert len(followed[49]) == 1
    assert len(followed[-1]) == 0
