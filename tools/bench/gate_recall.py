"""What the gate notices on real footage beside MOG2, and how often it opens for nothing.

Truth is annotated by people: MOT boxes (a thing moves if its middle went a quarter of its height
within a second), and events with their times. All sides get the same 320x180 brightness of the
same frames, 10 a second, by the clip's own time.

- things seen: of the boxes that move, those in which a cell (ours) or 10 pixels (MOG2) changed.
- events noticed: of those that begin after the clip does, how often the gate was open within a
  second of the beginning.
- open in events, open for nothing: share of frames, inside events (standing people are annotated
  too) and a second or more away from any.

Usage: python -m tools.bench.gate_recall --data DIR [--json]
DIR holds clips and truth in the layout of `eval/` (see tools/evaluate).
"""

import argparse
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.camera import frames
from edge.eye.camera.recording import Replay
from edge.eye.frame import Plane
from edge.eye.gate import Gate
from edge.eye.picture import small_luma
from edge.site.model import Camera

PETS, PETS_SIZE_PX = "tracking/pets09_s2l1", (768, 576)
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
    parser.add_argument("--data", type=Path, help="left out: nothing is measured")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.data is None:
        print("no footage given (--data DIR): recall was not measured")
        return
    cv2.setNumThreads(1)
    pets = asked.data / f"{PETS}.mp4"
    boxes = _score_boxes(pets, asked.data / f"{PETS}_gt.txt") if pets.exists() else []
    events = [
        row
        for name in CLIPS
        if (asked.data / f"{name}.mp4").exists()
        for row in _score_events(asked.data, name)
    ]
    if asked.json:
        print(json.dumps({"things": boxes, "events": events}))
        return
    for row in (*boxes, *events):
        print("  ".join(f"{name} {value}" for name, value in row.items()))


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


def _score_boxes(clip: Path, truth: Path) -> list[dict[str, object]]:
    shown, moving = _shown(clip), _moving_boxes(truth)
    rows: list[dict[str, object]] = []
    for name, (make, least) in SIDES.items():
        look, seen, total = make(), 0, 0
        for each in shown:
            is_active, mask = look(each.small_luma, each.captured_ns)
            if each.captured_ns < WARM_SECONDS * 1e9:
                continue
            boxes = moving.get(each.frame, [])
            total += len(boxes)
            seen += sum(is_active and _changed_in(mask, box) >= least for box in boxes)
        share = round(seen / max(1, total), 3)
        rows.append({"clip": clip.stem, "side": name, "things_seen": share, "n": total})
    return rows


def _moving_boxes(truth: Path) -> dict[int, list[Box]]:
    """By frame from 0: left, top, right, bottom in fractions, of the things that move."""
    before: dict[tuple[int, int], tuple[float, float]] = {}
    moving: dict[int, list[Box]] = {}
    width_px, height_px = PETS_SIZE_PX
    for row in np.loadtxt(truth, delimiter=",", usecols=range(6)):
        frame, thing = int(row[0]) - 1, int(row[1])
        left, top, width, height = (float(value) for value in row[2:])
        middle = (left + width / 2, top + height / 2)
        before[frame, thing] = middle
        then = before.get((frame - round(LOOKS_PER_SECOND), thing))
        if then and np.hypot(middle[0] - then[0], middle[1] - then[1]) > MOVED_OF_HEIGHT * height:
            box = (left / width_px, top / height_px, (left + width) / width_px,
                   (top + height) / height_px)  # fmt: skip
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
