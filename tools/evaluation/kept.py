"""What was found in a set of pictures, kept so that a second evaluation need not look again."""

import io
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.eye.detections import Detections
from edge.whole_file import write_whole
from tools.evaluation.eyes import Eye
from tools.evaluation.layout import Picture

Report = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in one picture, and the picture's size."""

    width_px: int
    height_px: int
    found: Detections


class Kept:
    """A folder of findings, one file for an eye and a set of pictures."""

    def __init__(self, folder: Path, *, is_asked_again: bool = False) -> None:
        self._folder = folder
        self._is_asked_again = is_asked_again

    def look(
        self,
        eye: Eye,
        fingerprint: str,
        pictures: Callable[[], Iterable[Picture]],
        report: Report,
        total: int | None = None,
    ) -> list[Seen]:
        """What the eye finds in each picture; nothing is opened when it is known already."""
        place = self._folder / f"{eye.key[:24]}-{fingerprint[:24]}.npz"
        known = None if self._is_asked_again else _read(place)
        if known is not None:
            return known
        found = []
        with eye.start() as find:
            seen = itertools.count(1)
            for picture in pictures():
                found.append(Seen(picture.shape[1], picture.shape[0], find(picture)))
                report(next(seen), total)
        _write(place, found)
        return found


def _read(place: Path) -> list[Seen] | None:
    if not place.exists():
        return None
    with np.load(place) as held:
        ends = np.cumsum(held["counts"])[:-1]
        parts = (np.split(held[name], ends) for name in ("boxes", "scores", "classes"))
        found = [Detections(*one) for one in zip(*parts, strict=True)]
        sizes = held["sizes"].tolist()
    return [Seen(width, height, one) for (width, height), one in zip(sizes, found, strict=False)]


def _write(place: Path, seen: list[Seen]) -> None:
    found = [one.found for one in seen]
    stored = io.BytesIO()
    np.savez_compressed(
        stored,
        sizes=np.array([(one.width_px, one.height_px) for one in seen], np.int64).reshape(-1, 2),
        counts=np.array([len(one) for one in found], np.int64),
        boxes=np.concatenate([one.boxes_frac for one in found] or [np.zeros((0, 4), np.float32)]),
        scores=np.concatenate([one.scores for one in found] or [np.zeros(0, np.float32)]),
        classes=np.concatenate([one.classes for one in found] or [np.zeros(0, np.uint8)]),
    )
    write_whole(place, stored.getvalue(), mode=0o644, folder_mode=0o755)
