"""One eye on everything there is: every picture set, all of them together, the hard negatives."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tools.evaluation.detection import GROUP_NUMBERS, DetectionScore, Looked, score
from tools.evaluation.eyes import Eye
from tools.evaluation.kept import Kept, Report, Seen
from tools.evaluation.layout import PictureSet
from tools.evaluation.negatives import FalseBoxes, Negative, count_false

ALL_SETS = "all"
Show = Callable[[str], AbstractContextManager[Report]]


@dataclass(frozen=True, slots=True)
class GroupResult:
    """One group in one set; scores: over all sizes first, then by size."""

    picture_set: str
    scores: tuple[DetectionScore, ...]


@dataclass(frozen=True, slots=True)
class EyeResult:
    """Everything that was measured of one eye.

    pooled: each group over all sets that boxed it. looked: every picture, for the report's crops.
    """

    name: str
    sha256: str
    score_min: float
    groups: tuple[GroupResult, ...]
    pooled: tuple[GroupResult, ...]
    false: tuple[FalseBoxes, ...]
    looked: tuple[Looked, ...]


def measure(
    eye: Eye,
    sets: Sequence[PictureSet],
    clips: Sequence[Negative],
    kept: Kept,
    show: Show,
) -> EyeResult:
    """Look at everything, or recall what was found before, and score it."""
    by_set = {}
    for pictures in sets:
        with show(f"{eye.name} on {pictures.name}") as report:
            seen = kept.look(
                eye,
                pictures.fingerprint,
                pictures.images,
                report,
                len(pictures.pictures),
            )
        by_set[pictures.name] = _with_truth(pictures, seen)
    false: list[FalseBoxes] = []
    for clip in clips:
        with show(f"{eye.name} on {clip.path.stem}") as report:
            total = -(-clip.frames // clip.every)
            seen = kept.look(eye, clip.fingerprint, clip.read, report, total)
        false.extend(count_false(clip, [one.found for one in seen], eye.score_min))
    groups = tuple(
        GroupResult(name, tuple(score(by_set[name], group)))
        for pictures in sets
        for name in [pictures.name]
        for group in boxed_groups(pictures)
    )
    return EyeResult(
        eye.name,
        eye.sha256,
        eye.score_min,
        groups,
        tuple(_pooled(sets, by_set)),
        tuple(false),
        tuple(one for looked in by_set.values() for one in looked),
    )


def _with_truth(pictures: PictureSet, seen: Sequence[Seen]) -> list[Looked]:
    return [
        Looked(pictures.name, number, one.width_px, one.height_px, boxes, one.found)
        for number, ((_, boxes), one) in enumerate(zip(pictures.pictures, seen, strict=True))
    ]


def boxed_groups(pictures: PictureSet) -> list[str]:
    """The groups that a set's publisher boxed."""
    drawn = {box.group for _, boxes in pictures.pictures for box in boxes if not box.is_ignored}
    return [one for one in GROUP_NUMBERS if one in drawn - pictures.not_boxed]


def _pooled(sets: Sequence[PictureSet], by_set: dict[str, list[Looked]]) -> list[GroupResult]:
    results = []
    for group in GROUP_NUMBERS:
        boxed = [one.name for one in sets if group in boxed_groups(one)]
        looked = [one for name in boxed for one in by_set[name]]
        if looked:
            results.append(GroupResult(ALL_SETS, tuple(score(looked, group))))
    return results
