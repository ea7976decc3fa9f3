"""What a shipped detector says of our own drawn streets, to hold every runtime to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.detector import Detector
from edge.eye.sim.street import Street
from edge.whole_file import write_whole

Rgb = npt.NDArray[np.uint8]
GOLDEN_FILE = "golden.json"
# Seed and number of each picture: people near by and passing each other, cars, one the wrong way.
SCENES = ((7, 130), (7, 260), (7, 700), (11, 560), (12, 1240))
# Below it runtimes that round differently need not agree.
SCORE_MIN = 0.4


@dataclass(frozen=True, slots=True)
class Golden:
    """One picture's boxes, best first: fractions of the picture, scores, ObjectClass numbers."""

    seed: int
    number: int
    boxes: Sequence[Sequence[float]]
    scores: Sequence[float]
    classes: Sequence[int]


def draw_golden(seed: int, number: int, width_px: int, height_px: int) -> Rgb:
    """A drawn street as large as it fits an input, so that no runtime's machine need shrink it."""
    street = Street(seed)
    ratio = min(width_px / street.width_px, height_px / street.height_px)
    size = (round(street.width_px * ratio), round(street.height_px * ratio))
    small = cv2.resize(street.draw(number), size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(small[:, :, ::-1])


def write_golden(detector: Detector, folder: Path) -> None:
    """What the detector says now, beside its card."""
    seen = [_see(detector, seed, number) for seed, number in SCENES]
    content = json.dumps(seen, indent=None).replace("}, ", "},\n ")
    write_whole(folder / GOLDEN_FILE, f"{content}\n".encode(), mode=0o644, folder_mode=0o755)


def read_golden(folder: Path) -> list[Golden]:
    """What it said when it was shipped."""
    return [Golden(**one) for one in json.loads((folder / GOLDEN_FILE).read_text())]


def _see(detector: Detector, seed: int, number: int) -> dict[str, object]:
    picture = draw_golden(seed, number, detector.input_width_px, detector.input_height_px)
    found = detector.find(picture)
    sure = found.scores >= SCORE_MIN
    return {
        "seed": seed,
        "number": number,
        "boxes": found.boxes_frac[sure].round(4).astype(float).round(4).tolist(),
        "scores": found.scores[sure].astype(float).round(3).tolist(),
        "classes": found.classes[sure].tolist(),
    }
