"""HOTA and IDF1 of our tracker beside roboflow's ByteTrack, on the same detections."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.errors import Kind, VigieError
from edge.eye.detections import Detections
from edge.eye.tracker import Tracker
from edge.wire.event import ObjectClass
from tools.evaluation.detection import Find
from tools.evaluation.layout import read_clip, read_mot

Rows = npt.NDArray[np.float64]
PEER = "tools.peers.scores"
PEER_PYTHON = Path(".venv-peers") / "bin" / "python"
PERSON = int(ObjectClass.OBJECT_CLASS_PERSON)


@dataclass(frozen=True, slots=True)
class Sequence:
    """One sequence: truth and detections as MOT rows; size in pixels."""

    name: str
    fps: float
    width_px: int
    height_px: int
    truth: Rows
    detections: Rows


@dataclass(frozen=True, slots=True)
class TrackingScore:
    """One tracker on one sequence; n is the number of true boxes and tracks."""

    sequence: str
    tracker: str
    hota: float
    idf1: float
    mota: float
    switches: int
    boxes: int
    tracks: int


def sequences(folder: Path) -> Iterator[Sequence]:
    """PETS and the TUD sequences with the detections published for them."""
    tracking = folder / "eval" / "tracking"
    sizes = {"pets09_s2l1": (10.0, 768, 576), "TUD-Campus": (25.0, 640, 480)}
    sizes["TUD-Stadtmitte"] = (25.0, 640, 480)
    for name, (fps, width, height) in sizes.items():
        place = tracking if name.startswith("pets") else tracking / "text"
        truth, found = place / f"{name}_gt.txt", place / f"{name}_det.txt"
        if truth.exists() and found.exists():
            detections = read_mot(found, only_valid=False)[:, :7]
            yield Sequence(
                f"{name}, published detections",
                fps,
                width,
                height,
                read_mot(truth)[:, :7],
                _scaled(detections),
            )


def detected_sequence(folder: Path, find: Find) -> Sequence | None:
    """PETS with what our own detector sees, persons only."""
    tracking = folder / "eval" / "tracking"
    truth, clip = tracking / "pets09_s2l1_gt.txt", tracking / "pets09_s2l1.mp4"
    if not (truth.exists() and clip.exists()):
        return None
    rows: list[list[float]] = []
    width = height = 0
    for number, image in enumerate(read_clip(clip), start=1):
        height, width = image.shape[:2]
        found = find(image)
        for box, score, kind in zip(found.boxes_frac, found.scores, found.classes, strict=True):
            if kind == PERSON:
                left, top, right, bottom = box * (width, height, width, height)
                rows.append([number, -1, left, top, right - left, bottom - top, float(score)])
    name = "pets09_s2l1, own detections"
    return Sequence(name, 10.0, width, height, read_mot(truth)[:, :7], np.array(rows))


def score_trackers(found: list[Sequence], repository: Path) -> list[TrackingScore]:
    """Both trackers on every sequence.

    Raises:
        VigieError: FAILED_PRECONDITION when the peers' environment is not there.
    """
    python = repository / PEER_PYTHON
    if not python.exists():
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            "the peers' environment is not there",
            where=str(python),
            hint="make .cache/peers-environment",
        )
    job = {
        "sequences": [
            {
                "name": one.name,
                "fps": one.fps,
                "truth": one.truth.tolist(),
                "detections": one.detections.tolist(),
                "ours": run_tracker(one).tolist(),
            }
            for one in found
        ]
    }
    answer = subprocess.run(
        [str(python), "-m", PEER],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=True,
        cwd=repository,
    )
    return [TrackingScore(**one) for one in json.loads(answer.stdout)]


def run_tracker(sequence: Sequence) -> Rows:
    """Our tracker's boxes as MOT rows."""
    tracker = Tracker()
    size = np.array([sequence.width_px, sequence.height_px] * 2, float)
    rows: list[list[float]] = []
    for number in range(1, int(sequence.truth[:, 0].max()) + 1):
        looked = _as_detections(sequence.detections[sequence.detections[:, 0] == number], size)
        tracks = tracker.update(looked, round((number - 1) / sequence.fps * 1e9))
        for row in np.flatnonzero(tracks.is_seen):
            left, top, right, bottom = (float(edge) for edge in tracks.boxes_frac[row] * size)
            rows.append(
                [number, int(tracks.numbers[row]), left, top, right - left, bottom - top, 1.0]
            )
    return np.array(rows).reshape(-1, 7)


def _as_detections(rows: Rows, size: Rows) -> Detections:
    rows = rows[np.argsort(-rows[:, 6], kind="stable")]
    corners = np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1) / size
    return Detections(
        corners.astype(np.float32),
        rows[:, 6].astype(np.float32),
        np.full(len(rows), PERSON, np.uint8),
    )


def _scaled(detections: Rows) -> Rows:
    """Scores as 0 to 1: some published detectors give margins without a bound."""
    scores = detections[:, 6]
    if scores.max() > 1 or scores.min() < 0:
        low, high = np.percentile(scores, [1, 99])
        detections = detections.copy()
        detections[:, 6] = np.clip((scores - low) / (high - low), 0, 1) * 0.7 + 0.3
    return detections
