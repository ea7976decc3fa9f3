"""Ways of looking at footage: whole frames, fixed tiles, regions; what each finds and costs.

All ways go through the same detector, composition, merging and tracker; only what they look at
differs. What a way says of a frame is what it has just found, and, where it did not look, what it
found there before, moved on as a tracker says.
"""

import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.eye.attention import Attention, Canvas, Glance, Habits, View
from edge.eye.attention.canvas import compose
from edge.eye.attention.merge import looked_at, merge
from edge.eye.attention.plan import whole_crop
from edge.eye.coverage import Coverage
from edge.eye.detections import Detections, no_detections
from edge.eye.frame import Frame
from edge.eye.gate import Gate
from edge.eye.picture import small_luma
from edge.eye.tracker import Tracker, TrackerLimits
from edge.eye.tracks import Tracks, no_tracks
from tools.evaluation.detection import Find
from tools.evaluation.layout import Picture, PictureSet, TruthBox, read_clip
from tools.evaluation.tiles import tiles

# Follows whatever was found at all, so that a curve has its low scores: for measuring only.
_KEEN = TrackerLimits(
    sure_score=0.05, begin_score=0.02, unsure_score=0.01, confirm_looks=1,
    hidden_seconds=0.0, hidden_looks=1,
)  # fmt: skip
_EVERYWHERE = np.array([[0.0, 0.0, 1.0, 1.0]], np.float32)
_NOTHING = Coverage(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
# A handful of frames is shown back and forth so often before it counts.
_TO_AND_FRO = 4
# Sums of fractions of a look are never exact.
_ROUNDING = 1e-6
_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
Truth = tuple[TruthBox, ...]


@dataclass(frozen=True, slots=True)
class Footage:
    """Frames in order with the truth of some. enlarged: the pictures, this many times.

    most: frames at most; 0: all. unboxed_above_px: the publisher boxed nobody whose feet are above
    this line, so what is found there is neither right nor wrong; 0: everybody is boxed.
    """

    name: str
    pictures: PictureSet
    fps: float
    enlarged: int = 1
    most: int = 0
    unboxed_above_px: int = 0

    def neither(self, width_px: int) -> Truth:
        """The part of a frame that was not boxed."""
        bottom = float(self.unboxed_above_px * self.enlarged)
        return (TruthBox("person", 0.0, 0.0, width_px, bottom, is_ignored=True),) if bottom else ()

    def frames(self) -> Iterator[tuple[Frame, Truth | None]]:
        """Every frame; None where it does not count."""
        shown = self._clip() if self.pictures.clip else self._to_and_fro()
        for number, (picture, truth) in enumerate(itertools.islice(shown, self.most or None)):
            if self.enlarged == 1:
                yield make_frame(picture, number, self.fps), truth
                continue
            size = (picture.shape[1] * self.enlarged, picture.shape[0] * self.enlarged)
            larger = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
            frame = make_frame(np.asarray(larger, np.uint8), number, self.fps)
            yield frame, None if truth is None else tuple(map(self._larger, truth))

    def _clip(self) -> Iterator[tuple[Picture, Truth | None]]:
        wanted = dict(self.pictures.pictures)
        assert self.pictures.clip is not None
        for number, picture in enumerate(read_clip(self.pictures.clip)):
            yield picture, wanted.get(number)

    def _to_and_fro(self) -> Iterator[tuple[Picture, Truth | None]]:
        pictures = list(self.pictures.read())
        back = list(range(len(pictures) - 2, 0, -1))
        for turn in range(2 * _TO_AND_FRO):
            for number in (*range(len(pictures)), *back):
                picture, truth = pictures[number]
                yield picture, truth if turn >= _TO_AND_FRO else None

    def _larger(self, box: TruthBox) -> TruthBox:
        by = self.enlarged
        return replace(
            box, left=box.left * by, top=box.top * by, right=box.right * by, bottom=box.bottom * by
        )


class Way:
    """One way of looking. looks: inferences so far."""

    def __init__(self, canvas: Canvas, find: Find) -> None:
        self._canvas, self._find = canvas, find
        self._tracker, self._tracks = Tracker(), no_tracks()
        self.looks = 0

    def look(self, frame: Frame) -> Detections:
        """What this way knows of a frame."""
        raise NotImplementedError

    def _see(self, frame: Frame, glances: tuple[Glance, ...]) -> tuple[Detections, Coverage]:
        frame_px, now_ns = frame.size_px, frame.captured_monotonic_ns
        answers = [self._find(compose(frame, each, self._canvas)) for each in glances]
        self.looks += len(glances)
        found = merge(glances, answers, frame_px, self._canvas)
        looked = looked_at(glances, frame_px, self._canvas)
        self._tracks = self._tracker.update(found, now_ns, looked)
        return found, looked


class Fixed(Way):
    """The whole frame and, beside it, so many tiles a side; 0: none."""

    def __init__(self, canvas: Canvas, find: Find, across: int) -> None:
        super().__init__(canvas, find)
        self._across = across

    def look(self, frame: Frame) -> Detections:
        """Everything is looked at in each frame."""
        width, height = frame.size_px
        glances: list[Glance] = [(whole_crop((width, height), self._canvas),)]
        for edges in tiles(width, height, self._across) if self._across else ():
            left, top, right, bottom = (edge // 2 * 2 for edge in edges)
            placed = whole_crop((right - left, bottom - top), self._canvas)
            glances.append((replace(placed, left_px=left, top_px=top),))
        return self._see(frame, tuple(glances))[0]


class Paced(Way):
    """So many looks a frame on average; what is not looked at is remembered."""

    def __init__(self, canvas: Canvas, find: Find, looks_per_frame: float) -> None:
        super().__init__(canvas, find)
        self._keen = Tracker(_KEEN)
        self._rate, self._saved = looks_per_frame, 0.0
        self.memory_seconds = 0.0

    def look(self, frame: Frame) -> Detections:
        """What was chosen, and what is remembered of the rest."""
        self._saved = min(self._saved + self._rate, max(2 * self._rate, 1.0))
        # As in the eye's budget: who has anything left may look, and owes what it costs more.
        most = max(1, int(self._saved + _ROUNDING)) if self._saved > _ROUNDING else 0
        glances = self._choose(frame, most)
        found, looked = no_detections(), _NOTHING
        if glances:
            self._saved -= len(glances)
            found, looked = self._see(frame, glances)
            self._note(glances, found)
        begun, now_ns = time.process_time(), frame.captured_monotonic_ns
        known = _with_memory(found, self._keen.update(found, now_ns, looked), now_ns)
        # A second tracker that keeps low scores is the measurement's, not the eye's.
        self.memory_seconds += time.process_time() - begun
        return known

    def _choose(self, frame: Frame, most: int) -> tuple[Glance, ...]:
        raise NotImplementedError

    def _note(self, glances: tuple[Glance, ...], found: Detections) -> None:
        """What came of it."""


class Seldom(Paced):
    """Whole frames, not of all."""

    def _choose(self, frame: Frame, most: int) -> tuple[Glance, ...]:
        return ((whole_crop(frame.size_px, self._canvas),),) if most else ()


class Regions(Paced):
    """The eye's own way."""

    def __init__(self, canvas: Canvas, find: Find, looks_per_frame: float) -> None:
        super().__init__(canvas, find, looks_per_frame)
        self._attention = Attention(canvas, _EVERYWHERE, Habits())
        self._gate = Gate()
        self._view: View | None = None

    def _choose(self, frame: Frame, most: int) -> tuple[Glance, ...]:
        now_ns = frame.captured_monotonic_ns
        motion = self._gate.look(small_luma(frame), now_ns)
        self._view = View(frame.size_px, motion, self._tracks, now_ns)
        return self._attention.choose(self._view, most).glances

    def _note(self, glances: tuple[Glance, ...], found: Detections) -> None:
        assert self._view is not None
        self._attention.note(replace(self._view, tracks=self._tracks), glances, found)


def way_of(name: str, canvas: Canvas, find: Find) -> Way:
    """`whole`, `whole 0.5`, `tiles 3`, `regions 1.5`; the last number is looks a frame."""
    kind, _, number = name.partition(" ")
    if kind == "tiles":
        return Fixed(canvas, find, int(number))
    if not number:
        return Fixed(canvas, find, 0)
    return (Regions if kind == "regions" else Seldom)(canvas, find, float(number))


def child_seconds() -> float:
    """CPU of the processes that this one has started and that still run."""
    spent = 0
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            spent += int(fields[11]) + int(fields[12])
    return spent * _TICK_SECONDS


def make_frame(rgb: Picture, number: int, fps: float) -> Frame:
    """A frame as capture would hand it over; an odd last row or column is left out."""
    height, width = (side - side % 2 for side in rgb.shape[:2])
    upright = np.ascontiguousarray(rgb[:height, :width])
    planes: npt.NDArray[np.uint8] = np.asarray(cv2.cvtColor(upright, cv2.COLOR_RGB2YUV_I420))
    luma, chroma = planes[:height], planes[height:].reshape(2, height // 2, width // 2)
    at_ns = round(number / fps * 1e9)
    return Frame("camera", number, at_ns, at_ns, width, height, luma, chroma[0], chroma[1])


def _with_memory(found: Detections, known: Tracks, now_ns: int) -> Detections:
    rest = (known.last_seen_ns < now_ns) & known.is_seen
    boxes = np.concatenate((found.boxes_frac, known.boxes_frac[rest].clip(0, 1)))
    return Detections(
        boxes.astype(np.float32),
        np.concatenate((found.scores, known.scores[rest])),
        np.concatenate((found.classes, known.classes[rest])),
    )
