"""The motion gate beside MOG2 and the tutorial's way, and its recall beside MOG2's.

All sides get the same 320x180 brightness of the same frames, in turns, each with its own state.
CPU time; medians over rounds. Recall: of the frames in which something that the truth knows
moves, how many each side calls active. Truth: with --truth, MOT text of the clip's own frames;
without, frames where MOG2 sees more than 30 pixels change are counted instead (agreement).

Usage: python -m tools.bench.gate [--clip FILE] [--truth MOT] [--rounds N] [--json]
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np

from edge.eye.camera import frames
from edge.eye.camera.recording import Replay
from edge.eye.frame import Plane
from edge.eye.gate import Gate
from edge.eye.picture import small_luma
from edge.site.model import Camera

MOG2_GOAL, TUTORIAL_GOAL = 0.06, 0.15
FRAMES = 400
STEP_NS = 100_000_000
_ACTIVE_PIXELS = 30
Side = Callable[[], Callable[[Plane, int], bool]]


def main() -> None:
    """Measure in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", default="sim:street", help="a file, or a scene of the simulator")
    parser.add_argument("--truth", type=Path, help="MOT text: frame,id,left,top,width,height,…")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    pictures = _pictures(asked.clip)
    costs: dict[str, list[float]] = {name: [] for name in SIDES}
    active: dict[str, list[bool]] = {}
    for _ in range(asked.rounds):
        for name, make in SIDES.items():
            look = make()
            begun = time.process_time()
            active[name] = [
                look(picture, index * STEP_NS) for index, picture in enumerate(pictures)
            ]
            costs[name].append((time.process_time() - begun) / len(pictures) * 1e6)
    wanted = _moving(asked.truth, len(pictures)) if asked.truth else active["MOG2"]
    mog2 = statistics.median(costs["MOG2"])
    records = [
        {
            "side": name,
            "us_per_frame": round(statistics.median(spent), 1),
            "least": round(min(spent), 1),
            "most": round(max(spent), 1),
            "of_mog2": round(statistics.median(spent) / mog2, 3),
            "active_frames": sum(active[name]),
            "recall": _share(active[name], wanted),
        }
        for name, spent in costs.items()
    ]
    _print(records, len(pictures), asked)


def _pictures(clip: str) -> list[Plane]:
    source = clip if ":" in clip else f"file:{clip}"
    camera = Camera("bench", source, analysis_fps=60.0)
    chosen = zip(frames(camera, Replay(0)), range(FRAMES), strict=False)
    return [small_luma(frame).copy() for frame, _ in chosen]


def _ours() -> Callable[[Plane, int], bool]:
    gate = Gate()
    return lambda picture, now_ns: gate.look(picture, now_ns).is_active


def _mog2() -> Callable[[Plane, int], bool]:
    model = cv2.createBackgroundSubtractorMOG2(detectShadows=False)
    return lambda picture, _: cv2.countNonZero(model.apply(picture)) > _ACTIVE_PIXELS


def _tutorial() -> Callable[[Plane, int], bool]:
    """Blur, difference with the frame before, threshold, dilate, contours by size."""
    before: list[Plane] = []

    def look(picture: Plane, _: int) -> bool:
        smooth = np.asarray(cv2.GaussianBlur(picture, (21, 21), 0), np.uint8)
        last = before.pop() if before else smooth
        before.append(smooth)
        changed = cv2.threshold(cv2.absdiff(smooth, last), 15, 255, cv2.THRESH_BINARY)[1]
        grown = cv2.dilate(changed, np.ones((3, 3), np.uint8), iterations=2)
        contours = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
        return any(cv2.contourArea(contour) > _ACTIVE_PIXELS for contour in contours)

    return look


SIDES: dict[str, Side] = {"ours": _ours, "MOG2": _mog2, "tutorial": _tutorial}


def _moving(truth: Path, count: int) -> list[bool]:
    """Frames in which a thing's middle is elsewhere than in the frame before."""
    moving = [False] * count
    last: dict[int, tuple[float, float]] = {}
    for row in np.loadtxt(truth, delimiter=",", usecols=range(6)):
        frame, thing = int(row[0]) - 1, int(row[1])
        middle = (row[2] + row[4] / 2, row[3] + row[5] / 2)
        before = last.get(thing, middle)
        last[thing] = middle
        if frame < count and np.hypot(middle[0] - before[0], middle[1] - before[1]) > 1.0:
            moving[frame] = True
    return moving


def _share(active: list[bool], wanted: list[bool]) -> float:
    hits = sum(is_active and is_wanted for is_active, is_wanted in zip(active, wanted, strict=True))
    return round(hits / max(1, sum(wanted)), 3)


def _print(records: list[dict[str, object]], count: int, asked: argparse.Namespace) -> None:
    about = {
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "opencv": version("opencv-python-headless"),
        "clip": Path(asked.clip).name,
        "frames": str(count),
        "recall_against": "truth" if asked.truth else "MOG2",
    }
    if asked.json:
        print(json.dumps({"about": about, "rows": records}))
        return
    print(", ".join(f"{name} {text}" for name, text in about.items()))
    print(f"goals: ours <= {MOG2_GOAL:g}x MOG2, <= {TUTORIAL_GOAL:g}x the tutorial")
    print(
        f"{'side':<10}{'us/frame':>9}{'least':>8}{'most':>8}{'x MOG2':>8}{'active':>8}{'recall':>8}"
    )
    for row in records:
        print(f"{row['side']:<10}{row['us_per_frame']:>9}{row['least']:>8}{row['most']:>8}"
              f"{row['of_mog2']:>8}{row['active_frames']:>8}{row['recall']:>8}")  # fmt: skip


if __name__ == "__main__":
    main()
