"""Which boxes found what, at the score of service: for recall by height, misses and false boxes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools.evaluation.detection import Looked, boxes_of, overlaps
from tools.evaluation.layout import TruthBox

# COCO's AP50 asks for as much.
OVERLAP_MIN = 0.5


@dataclass(frozen=True, slots=True)
class Mark:
    """One box that deserves a look: a true one that was missed, or a false one.

    corners: left, top, right, bottom in pixels. score: of the false box; 0 for a miss.
    """

    looked: Looked
    group: str
    corners: tuple[float, float, float, float]
    score: float

    @property
    def height_px(self) -> float:
        """How tall it is."""
        return self.corners[3] - self.corners[1]


@dataclass(frozen=True, slots=True)
class Matched:
    """One group over some pictures: heights of true boxes and whether each was found; the rest."""

    heights_px: npt.NDArray[np.float64]
    is_found: npt.NDArray[np.bool_]
    misses: tuple[Mark, ...]
    false: tuple[Mark, ...]


def match(looked: Sequence[Looked], group: str, score_min: float) -> Matched:
    """Best boxes first, each takes the true box it overlaps most; ignored places judge nothing."""
    heights: list[float] = []
    is_found: list[bool] = []
    misses: list[Mark] = []
    false: list[Mark] = []
    for one in looked:
        true = [box for box in one.truth if box.group == group and not box.is_ignored]
        taken, wrong = _pair(one, group, true, score_min)
        for place, box in enumerate(true):
            heights.append(box.bottom - box.top)
            is_found.append(place in taken)
            if place not in taken:
                misses.append(Mark(one, group, (box.left, box.top, box.right, box.bottom), 0.0))
        false.extend(wrong)
    return Matched(np.array(heights), np.array(is_found, bool), tuple(misses), tuple(false))


def _pair(
    looked: Looked, group: str, true: list[TruthBox], score_min: float
) -> tuple[set[int], list[Mark]]:
    ignored = _corners([box for box in looked.truth if box.group == group and box.is_ignored])
    corners = _corners(true)
    taken: set[int] = set()
    wrong = []
    for box, sureness in _best_first(looked, group, score_min):
        shared = overlaps(box, corners)
        free = [place for place in np.argsort(-shared) if place not in taken]
        if free and shared[free[0]] >= OVERLAP_MIN:
            taken.add(int(free[0]))
        elif not len(ignored) or _share_inside(box, ignored).max() < OVERLAP_MIN:
            left, top, right, bottom = (float(edge) for edge in box)
            wrong.append(Mark(looked, group, (left, top, right, bottom), sureness))
    return taken, wrong


def _best_first(
    looked: Looked, group: str, score_min: float
) -> Iterator[tuple[npt.NDArray[np.float32], float]]:
    for box, sureness in zip(*boxes_of(looked, group), strict=True):
        if sureness >= score_min:
            yield box, float(sureness)


def _corners(boxes: Sequence[TruthBox]) -> npt.NDArray[np.float32]:
    rows = [(box.left, box.top, box.right, box.bottom) for box in boxes]
    return np.array(rows, np.float32).reshape(-1, 4)


def _share_inside(
    box: npt.NDArray[np.float32], others: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    inner = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    return np.asarray(inner.clip(0).prod(axis=1) / max((box[2:] - box[:2]).prod(), 1e-9))
