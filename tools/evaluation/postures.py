"""Whom a detector finds less often: people who sit, lie or lean on a frame, beside those who walk.

Clips of one or two people each, so the shares are of looks and not of people: they say where to be
wary, not how much is missed.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.wire.event import ObjectClass
from tools.evaluation.eyes import Eye
from tools.evaluation.kept import Kept, Report, Seen
from tools.evaluation.layout import Picture, read_clip
from tools.evaluation.negatives import LOOKS_PER_SECOND

Region = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a clip in which people stay as they are.

    region: pixels of the clip within which the middles of their boxes lie; None: anywhere.
    """

    posture: str
    clip: str
    start_seconds: float
    end_seconds: float
    people: int = 1
    region: Region | None = None


STRETCHES = (
    Stretch("walking or standing", "fall/gmdcsa_s2_Fall_12.mp4", 0.0, 6.9),
    Stretch("walking or standing", "fall/gmdcsa_s2_Fall_14.mp4", 0.0, 3.2),
    Stretch("walking or standing", "fall/gmdcsa_s3_Fall_15.mp4", 0.0, 1.8),
    Stretch("walking or standing", "fall/gmdcsa_s3_Fall_20.mp4", 0.0, 2.2),
    Stretch("walking or standing", "fall/gmdcsa_s4_Fall_03.mp4", 0.0, 1.7),
    Stretch("walking with a frame", "fall/carehome_walker_fall.mp4", 0.0, 10.5),
    # Until somebody else comes up the stairs.
    Stretch("sitting", "people/stairs_sitting.mp4", 0.0, 6.0, 2, (300, 100, 410, 195)),
    # From a moment after the fall on.
    Stretch("lying", "fall/carehome_walker_fall.mp4", 13.2, 18.7, 1, (270, 280, 680, 390)),
    Stretch("lying", "fall/warehouse_fall.mp4", 4.9, 11.3, 1, (220, 150, 520, 290)),
    Stretch("lying", "fall/gmdcsa_s1_Fall_13.mp4", 2.0, 4.3),
    Stretch("lying", "fall/gmdcsa_s2_Fall_12.mp4", 8.5, 12.2),
    Stretch("lying", "fall/gmdcsa_s2_Fall_14.mp4", 5.0, 11.2),
    Stretch("lying", "fall/gmdcsa_s3_Fall_15.mp4", 3.5, 5.6),
    Stretch("lying", "fall/gmdcsa_s3_Fall_20.mp4", 4.0, 6.2),
    Stretch("lying", "fall/gmdcsa_s4_Fall_03.mp4", 3.5, 6.7),
)


@dataclass(frozen=True, slots=True)
class Share:
    """How often one eye found people of one posture: found of people times looks."""

    posture: str
    clips: int
    people: int
    found: int


def find_postures(
    folder: Path,
    eye: Eye,
    kept: Kept,
    report: Report,
    stretches: Sequence[Stretch] = STRETCHES,
) -> list[Share]:
    """One share for each posture of which there is a clip."""
    shares: dict[str, Share] = {}
    for stretch in stretches:
        path = folder / "eval" / stretch.clip
        if path.exists():
            looks = _look(path, stretch, eye, kept, report)
            found = sum(_count(one, stretch, eye.score_min) for one in looks)
            before = shares.get(stretch.posture, Share(stretch.posture, 0, 0, 0))
            shares[stretch.posture] = Share(
                stretch.posture,
                before.clips + 1,
                before.people + stretch.people * len(looks),
                before.found + found,
            )
    return list(shares.values())


def _look(path: Path, stretch: Stretch, eye: Eye, kept: Kept, report: Report) -> Sequence[Seen]:
    words = f"{stretch} {path.stat().st_size} {LOOKS_PER_SECOND}"
    fingerprint = hashlib.sha256(words.encode()).hexdigest()
    return kept.look(eye, fingerprint, lambda: _read(path, stretch), report)


def _read(path: Path, stretch: Stretch) -> Iterator[Picture]:
    import av  # noqa: PLC0415 - only where a clip is read

    with av.open(str(path)) as clip:
        fps = float(clip.streams.video[0].average_rate or LOOKS_PER_SECOND)
    every = max(1, round(fps / LOOKS_PER_SECOND))
    for number, picture in enumerate(read_clip(path, every)):
        if stretch.start_seconds <= number * every / fps <= stretch.end_seconds:
            yield picture


def _count(seen: Seen, stretch: Stretch, score_min: float) -> int:
    """Of how many people of the stretch there is a box."""
    left, top, right, bottom = stretch.region or (0.0, 0.0, seen.width_px, seen.height_px)
    found = seen.found
    x = (found.boxes_frac[:, 0] + found.boxes_frac[:, 2]) / 2 * seen.width_px
    y = (found.boxes_frac[:, 1] + found.boxes_frac[:, 3]) / 2 * seen.height_px
    is_there = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
    is_there &= (found.classes == ObjectClass.OBJECT_CLASS_PERSON) & (found.scores >= score_min)
    return min(stretch.people, int(is_there.sum()))
