"""HOTA and IDF1 of our tracker beside its peers, on the same detections."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import Kind, VigieError
from edge.eye.detections import Detections
from edge.eye.tracker import Tracker
from edge.wire.event import ObjectClass
from tools.evaluation.eyes import Eye
from tools.evaluation.kept import Kept, Seen
from tools.evaluation.layout import Picture, read_clip, read_mot
from tools.evaluation.seeing import Show

Rows = npt.NDArray[np.float64]
SCORER, PEER_PYTHON = "tools.peers.scores", Path(".venv-peers") / "bin" / "python"
NORFAIR, NORFAIR_PYTHON = "tools.peers.norfair_boxes", Path(".venv-norfair") / "bin" / "python"
PERSON = int(ObjectClass.OBJECT_CLASS_PERSON)


@dataclass(frozen=True, slots=True)
class Footage:
    """One sequence: where its truth, published detections and pictures are; size in pixels.

    pictures: a clip, or a folder of JPEGs; None: there are none.
    """

    name: str
    fps: float
    width_px: int
    height_px: int
    truth: Path
    detections: Path
    pictures: Path | None

    @property
    def fingerprint(self) -> str:
        """Another one for other pictures."""
        assert self.pictures is not None
        files = [self.pictures] if self.pictures.is_file() else sorted(self.pictures.glob("*.jpg"))
        return f"{self.name}-" + "-".join(str(one.stat().st_size) for one in files[:3])

    def images(self) -> Iterator[Picture]:
        """Every picture as RGB, in order."""
        assert self.pictures is not None
        if self.pictures.is_file():
            yield from read_clip(self.pictures)
            return
        for path in sorted(self.pictures.glob("*.jpg")):
            image = cv2.imread(str(path))
            if image is not None:
                yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


@dataclass(frozen=True, slots=True)
class Case:
    """One sequence with detections: truth and detections as MOT rows; size in pixels."""

    name: str
    source: str
    fps: float
    width_px: int
    height_px: int
    truth: Rows
    detections: Rows


@dataclass(frozen=True, slots=True)
class TrackingScore:
    """One tracker on one sequence; n is the number of true boxes and tracks."""

    sequence: str
    source: str
    tracker: str
    hota: float
    idf1: float
    mota: float
    switches: int
    boxes: int
    tracks: int


class _Scored(TypedDict):
    """What the scorer answers: see TrackingScore."""

    tracker: str
    hota: float
    idf1: float
    mota: float
    switches: int
    boxes: int
    tracks: int


def footage(folder: Path) -> Iterator[Footage]:
    """PETS, the TUD sequences and the eight published frames of MOT17-04, those that are there."""
    tracking = folder / "eval" / "tracking"
    text, mot, pets = tracking / "text", tracking / "mot17_04_mini", "pets09_s2l1"
    for one in (
        Footage(pets, 10.0, 768, 576, tracking / f"{pets}_gt.txt", tracking / f"{pets}_det.txt",
                tracking / f"{pets}.mp4"),
        *(Footage(name, 25.0, 640, 480, text / f"{name}_gt.txt", text / f"{name}_det.txt", None)
          for name in ("TUD-Campus", "TUD-Stadtmitte")),
        Footage("mot17_04_mini", 30.0, 1920, 1080, mot / "gt.txt", mot / "det.txt", mot),
    ):  # fmt: skip
        if one.truth.exists() and one.detections.exists():
            is_pictured = one.pictures is not None and one.pictures.exists()
            yield one if is_pictured else replace(one, pictures=None)


def published(found: Footage) -> Case:
    """The sequence with the detections that were published for it."""
    detections = read_mot(found.detections, only_valid=False)[:, :7]
    return _case(found, "published", _scaled(detections))


def detected(found: Footage, eye: Eye, kept: Kept, show: Show) -> Case:
    """The sequence with what a detector of ours reports in service, persons only."""
    with show(f"{eye.name} on every picture of {found.name}") as report:
        seen = kept.look(eye, found.fingerprint, found.images, report)
    rows = [row for number, one in enumerate(seen, start=1) for row in _persons(number, one)]
    table = np.array(rows, float).reshape(-1, 7)
    return _case(found, eye.name, table[table[:, 6] >= eye.score_min])


def score_trackers(found: Sequence[Case], repository: Path) -> list[TrackingScore]:
    """Ours and every peer on every sequence.

    Raises:
        VigieError: FAILED_PRECONDITION when a peer's environment is not there.
    """
    detections = [{"detections": one.detections.tolist()} for one in found]
    norfair: list[dict[str, list[list[float]]]] = json.loads(
        _ask(repository, NORFAIR_PYTHON, NORFAIR, {"sequences": detections})
    )
    job = [
        {
            "fps": one.fps,
            "truth": one.truth.tolist(),
            "detections": one.detections.tolist(),
            "tracked": {"vigie": run_tracker(one).tolist(), **rows},
        }
        for one, rows in zip(found, norfair, strict=True)
    ]
    answer: list[list[_Scored]] = json.loads(
        _ask(repository, PEER_PYTHON, SCORER, {"sequences": job})
    )
    return [
        TrackingScore(one.name, one.source, **score)
        for one, scores in zip(found, answer, strict=True)
        for score in scores
    ]


def run_tracker(sequence: Case) -> Rows:
    """Our tracker's boxes as MOT rows."""
    tracker = Tracker()
    size = np.array([sequence.width_px, sequence.height_px] * 2, float)
    rows: list[list[float]] = []
    for number in range(1, int(sequence.truth[:, 0].max()) + 1):
        looked = as_detections(sequence.detections[sequence.detections[:, 0] == number], size)
        tracks = tracker.update(looked, round((number - 1) / sequence.fps * 1e9))
        for row in np.flatnonzero(tracks.is_seen):
            left, top, right, bottom = (float(edge) for edge in tracks.boxes_frac[row] * size)
            rows.append(
                [number, int(tracks.numbers[row]), left, top, right - left, bottom - top, 1.0]
            )
    return np.array(rows).reshape(-1, 7)


def as_detections(rows: Rows, size_px: Rows) -> Detections:
    """Persons of one frame's MOT rows; size_px: width and height, twice."""
    rows = rows[np.argsort(-rows[:, 6], kind="stable")]
    corners = np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1) / size_px
    return Detections(
        corners.astype(np.float32),
        rows[:, 6].astype(np.float32),
        np.full(len(rows), PERSON, np.uint8),
    )


def _ask(repository: Path, python: Path, module: str, job: object) -> str:
    if not (repository / python).exists():
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "a peer's environment is not there",
            where=str(repository / python),
            hint="make .cache/peers-environment .cache/norfair-environment",
        )
    return subprocess.run(
        [str(repository / python), "-m", module],
        input=json.dumps(job),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=repository,
    ).stdout


def _case(found: Footage, source: str, detections: Rows) -> Case:
    truth = read_mot(found.truth)[:, :7]
    return Case(found.name, source, found.fps, found.width_px, found.height_px, truth, detections)


def _persons(number: int, seen: Seen) -> Iterator[list[float]]:
    found = seen.found
    size = np.array([seen.width_px, seen.height_px] * 2)
    for box, score in zip(
        found.boxes_frac[found.classes == PERSON],
        found.scores[found.classes == PERSON],
        strict=True,
    ):
        left, top, right, bottom = box * size
        yield [number, -1, left, top, right - left, bottom - top, float(score)]


def _scaled(detections: Rows) -> Rows:
    """Scores as 0 to 1: some published detectors give margins without a bound."""
    scores = detections[:, 6]
    if scores.max() > 1 or scores.min() < 0:
        low, high = np.percentile(scores, [1, 99])
        detections = detections.copy()
        detections[:, 6] = np.clip((scores - low) / (high - low), 0, 1) * 0.7 + 0.3
    return detections
