"""What the gate notices beside MOG2, and how often it opens for nothing.

Real footage: truth is annotated by people, as MOT boxes or as events with their times. A night,
rain and rain at night are drawn over the film with boxes, and over the simulator's street, whose
truth is exact: there is no annotated footage of either. A person moves if the middle of the box
went a quarter of its height within a second. All sides get the same 320x180 brightness of the same
frames, 10 a second, by the clip's own time.

- frames noticed: of the frames in which a person moves, those in which the gate is open (goal
  0.995).
- persons seen: of the boxes that move, those in which a cell (ours) or 10 pixels (MOG2) changed.
- open for nothing, where boxes are known: share of the frames in which no person moves.
- events noticed: of those that begin after the clip does, how often the gate was open within a
  second of the beginning.
- open in events, open for nothing: share of frames, inside events (standing people are annotated
  too) and a second or more away from any.

Usage: python -m tools.bench.gate_recall [--data DIR] [--json]
DIR holds clips and truth in the layout of `eval/` (see tools/evaluate); without it the drawn
street alone is looked at.
"""

import argparse
import json
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.camera import frames
from edge.eye.camera.recording import Replay
from edge.eye.frame import Plane
from edge.eye.gate import Gate
from edge.eye.picture import small_luma
from edge.eye.sim.street import Street
from edge.site.model import Camera
from tools.weather_film import WEATHERS, Bgr, make_film

PETS, PETS_SIZE_PX = "tracking/pets09_s2l1", (768, 576)
STREET_PICTURES, STREET_LEAST_VISIBLE = 500, 0.3
GOAL = 0.995
CLIPS = (
    "street/intel_person_bicycle_car",
    "street/intel_car_detection",
    "street/intel_one_by_one_person",
    "abandoned/aboda_video4",
    "parking/carpark_aerial",
    "people/ir_yard_night",
)
LOOKS_PER_SECOND, NOTICE_SECONDS, AWAY_SECONDS = 10.0, 1.0, 1.0
WARM_SECONDS = 1.0  # both sides call the very first pictures active
MOVED_OF_HEIGHT = 0.25
ACTIVE_PIXELS, BOX_PIXELS = 30, 10
Mask = npt.NDArray[np.bool_]
Look = Callable[[Plane, int], tuple[bool, Mask]]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Shown:
    """One analysed picture: its frame in the clip (from 0), its time, its brightness."""

    frame: int
    captured_ns: int
    small_luma: Plane


def main() -> None:
    """Look at every clip that is there, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="left out: no real footage")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        boxes = [row for film in _films(asked.data, Path(folder)) for row in _score_boxes(film)]
    events = [
        row
        for name in CLIPS
        if asked.data is not None and (asked.data / f"{name}.mp4").exists()
        for row in _score_events(asked.data, name)
    ]
    if asked.json:
        print(json.dumps({"persons": boxes, "events": events, "goal": GOAL}))
        return
    print(f"goal: {GOAL} of the frames in which a person moves")
    for row in (*boxes, *events):
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    if asked.data is None:
        print("no footage given (--data DIR): only the drawn street was looked at")


@dataclass(frozen=True, slots=True)
class Film:
    """A clip, and by frame from 0 the boxes of the persons who move, in fractions."""

    name: str
    clip: Path
    moving: "dict[int, list[Box]]"


def _films(data: Path | None, folder: Path) -> Iterator[Film]:
    """Real ones as they are and under each weather; the drawn street under each."""
    pets = data / f"{PETS}.mp4" if data is not None else None
    if pets is not None and pets.exists():
        moving = _moving_boxes(_pets_paths(pets.with_name(f"{pets.stem}_gt.txt")), 10.0, 4 / 3)
        yield Film("PETS, as it is", pets, moving)
        for name, weather in list(WEATHERS.items())[1:]:
            film = folder / f"pets-{name}.mp4"
            yield Film(
                f"PETS, {name} drawn", make_film(film, _read(pets), Fraction(10), weather), moving
            )
    street = Street()
    per_second = Fraction(street.pictures_per_second)
    moving = _moving_boxes(_street_paths(street), street.pictures_per_second, 16 / 9)
    for name, weather in WEATHERS.items():
        drawn = (street.draw(number) for number in range(STREET_PICTURES))
        film = make_film(folder / f"street-{name}.mp4", drawn, per_second, weather)
        yield Film(f"drawn street, {name}", film, moving)


def _read(clip: Path) -> Iterator[Bgr]:
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def _ours() -> Look:
    gate = Gate()

    def look(picture: Plane, now_ns: int) -> tuple[bool, Mask]:
        motion = gate.look(picture, now_ns)
        return motion.is_active, motion.is_changed.copy()

    return look


def _mog2() -> Look:
    model = cv2.createBackgroundSubtractorMOG2(detectShadows=False)

    def look(picture: Plane, _: int) -> tuple[bool, Mask]:
        mask = np.asarray(model.apply(picture)) > 0
        return int(mask.sum()) > ACTIVE_PIXELS, mask

    return look


SIDES: dict[str, tuple[Callable[[], Look], int]] = {"ours": (_ours, 1), "MOG2": (_mog2, BOX_PIXELS)}


def _shown(clip: Path) -> list[Shown]:
    camera = Camera("bench", f"file:{clip}", analysis_fps=LOOKS_PER_SECOND)
    return [
        Shown(frame.number, frame.captured_monotonic_ns, small_luma(frame).copy())
        for frame in frames(camera, Replay(0))
    ]


def _score_boxes(film: Film) -> list[dict[str, object]]:
    shown = _shown(film.clip)
    rows: list[dict[str, object]] = []
    for name, (make, least) in SIDES.items():
        look = make()
        noticed: list[bool] = []
        seen: list[bool] = []
        for_nothing: list[bool] = []
        for each in shown:
            is_active, mask = look(each.small_luma, each.captured_ns)
            if each.captured_ns < WARM_SECONDS * 1e9:
                continue
            boxes = film.moving.get(each.frame, [])
            (noticed if boxes else for_nothing).append(is_active)
            seen += [is_active and _changed_in(mask, box) >= least for box in boxes]
        rows.append(
            {
                "clip": film.name,
                "side": name,
                "frames_noticed": _of(noticed),
                "persons_seen": _of(seen),
                "open_for_nothing": _of(for_nothing),
            }
        )
    return rows


def _of(answers: list[bool]) -> str:
    return f"{sum(answers) / len(answers):.4f} of {len(answers)}" if answers else "-"


Place = tuple[int, int, Box]


def _pets_paths(truth: Path) -> Iterator[Place]:
    """Frame from 0, person, box in fractions."""
    width_px, height_px = PETS_SIZE_PX
    for row in np.loadtxt(truth, delimiter=",", usecols=range(6)):
        left, top, width, height = (float(value) for value in row[2:])
        box = (left / width_px, top / height_px, (left + width) / width_px,
               (top + height) / height_px)  # fmt: skip
        yield int(row[0]) - 1, int(row[1]), box


def _street_paths(street: Street) -> Iterator[Place]:
    for number in range(STREET_PICTURES):
        for truth in street.list_truth(number):
            is_clear = truth.visible_frac >= STREET_LEAST_VISIBLE
            if truth.object_class == "person" and is_clear:
                left, top, right, bottom = truth.box_px
                width_px, height_px = street.width_px, street.height_px
                box = (left / width_px, top / height_px, right / width_px, bottom / height_px)
                yield number, truth.track, box


def _moving_boxes(
    paths: Iterable[Place], frames_per_second: float, aspect: float
) -> dict[int, list[Box]]:
    """By frame, the boxes of those whose middle went far enough within the last second."""
    before: dict[tuple[int, int], tuple[float, float]] = {}
    moving: dict[int, list[Box]] = {}
    for frame, person, box in paths:
        middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        before[frame, person] = middle
        then = before.get((frame - round(frames_per_second), person))
        if then is None:
            continue
        across = (middle[0] - then[0]) * aspect
        if np.hypot(across, middle[1] - then[1]) > MOVED_OF_HEIGHT * (box[3] - box[1]):
            moving.setdefault(frame, []).append(box)
    return moving


def _changed_in(mask: Mask, box: Box) -> int:
    height, width = mask.shape
    left, top = max(0, int(box[0] * width)), max(0, int(box[1] * height))
    right, bottom = int(np.ceil(box[2] * width)), int(np.ceil(box[3] * height))
    return int(mask[top:bottom, left:right].sum())


def _score_events(data: Path, name: str) -> list[dict[str, object]]:
    shown = _shown(data / f"{name}.mp4")
    text = (data / "truth" / f"{Path(name).name}.toml").read_text()
    events = tomllib.loads(text).get("event", [])
    seconds = np.array([each.captured_ns for each in shown]) / 1e9
    inside, away = np.zeros(len(shown), np.bool_), seconds > WARM_SECONDS
    begins = []
    for event in events:
        start, end, spare = event["start_s"], event["end_s"], event["tolerance_s"]
        inside |= (seconds >= start + spare) & (seconds <= end - spare)
        spare += AWAY_SECONDS
        away &= (seconds < start - spare) | (seconds > end + spare)
        begins += [(start, event["tolerance_s"])] if start > WARM_SECONDS else []
    rows: list[dict[str, object]] = []
    for side, (make, _) in SIDES.items():
        look = make()
        active = np.array([look(each.small_luma, each.captured_ns)[0] for each in shown])
        noticed = sum(
            bool(active[(seconds >= start - spare) & (seconds <= start + spare + NOTICE_SECONDS)]
                 .any())
            for start, spare in begins
        )  # fmt: skip
        rows.append(
            {
                "clip": Path(name).name,
                "side": side,
                "noticed": f"{noticed}/{len(begins)}",
                "open_in_events": _share(active, inside),
                "open_for_nothing": _share(active, away),
            }
        )
    return rows


def _share(active: Mask, among: Mask) -> str:
    count = int(among.sum())
    return f"{active[among].mean():.3f} of {count}" if count else "-"


if __name__ == "__main__":
    main()
