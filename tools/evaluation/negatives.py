"""Hard negatives: footage in which some things never are, so that each box of them is false."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.eye.detections import Detections
from edge.wire.names import class_name
from tools.evaluation.detection import overlaps
from tools.evaluation.layout import GROUPS, Picture, read_clip

# Frames looked at in a second of video, about what a pole analyses.
LOOKS_PER_SECOND = 5
# A false box that a later look's box of the same group overlaps by as much is the same mistake.
SAME_PLACE_OVERLAP = 0.5
SECONDS_PER_HOUR = 3600.0
# Groups that are not in the clip. A hand is in the bottles' clip: no person, says its truth.
# Somebody walks far across the car park, whose bag is a few pixels wide: no box of a bag is it.
ABSENT: dict[str, tuple[str, ...]] = {
    "people/ir_yard_night.mp4": ("person", "two_wheeler", "vehicle", "bag", "animal"),
    "street/intel_bottle_neg.mp4": ("person", "two_wheeler", "vehicle", "bag", "animal"),
    "abandoned/luggage_belt_neg.mp4": ("person", "two_wheeler", "vehicle", "animal"),
    "parking/night_carpark.mp4": ("two_wheeler", "bag", "animal"),
}


@dataclass(frozen=True, slots=True)
class Negative:
    """One clip; absent: groups that are not in it. every: which frames are looked at."""

    path: Path
    absent: tuple[str, ...]
    fps: float
    frames: int

    @property
    def every(self) -> int:
        """One frame in so many is looked at."""
        return max(1, round(self.fps / LOOKS_PER_SECOND))

    @property
    def hours(self) -> float:
        """How much video that is."""
        return self.frames / self.fps / SECONDS_PER_HOUR

    @property
    def fingerprint(self) -> str:
        """Another one for another clip or other frames of it."""
        words = f"{self.path.name} {self.path.stat().st_size} {self.every}"
        return hashlib.sha256(words.encode()).hexdigest()

    def read(self) -> Iterator[Picture]:
        """The frames that are looked at."""
        return read_clip(self.path, self.every)


@dataclass(frozen=True, slots=True)
class FalseBoxes:
    """What was found of one group where none is. boxes: in all looks; places: distinct ones."""

    clip: str
    group: str
    looks: int
    hours: float
    boxes: int
    places: int


def negatives(folder: Path) -> Iterator[Negative]:
    """The clips of ABSENT that are there."""
    import av  # noqa: PLC0415 - only where a clip is read

    for name, absent in ABSENT.items():
        path = folder / "eval" / name
        if path.exists():
            with av.open(str(path)) as clip:
                stream = clip.streams.video[0]
                fps = float(stream.average_rate or LOOKS_PER_SECOND)
                yield Negative(path, absent, fps, stream.frames)


def count_false(
    clip: Negative, found: Sequence[Detections], score_min: float
) -> Iterator[FalseBoxes]:
    """False boxes of every absent group, at or above a score."""
    for group in clip.absent:
        boxes = [_of_group(one, group, score_min) for one in found]
        places: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = []
        for box in (box for look in boxes for box in look):
            if not places or overlaps(box, np.array(places)).max() < SAME_PLACE_OVERLAP:
                places.append(box)
        total = sum(len(look) for look in boxes)
        yield FalseBoxes(clip.path.stem, group, len(found), clip.hours, total, len(places))


def _of_group(
    found: Detections, group: str, score_min: float
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    mine = [GROUPS.get(class_name(int(one))) == group for one in found.classes]
    return np.asarray(found.boxes_frac[np.array(mine, bool) & (found.scores >= score_min)])
