"""The tables of an evaluation, as text for a person and as Markdown for docs/accuracy.md."""

import math
from collections.abc import Iterable, Sequence

from tools.evaluation.detection import DetectionScore
from tools.evaluation.events import SignalScore
from tools.evaluation.tracking import TrackingScore


def detection_table(scores: Iterable[DetectionScore]) -> str:
    """AP by set and group."""
    return _table(
        ("set", "pictures", "group", "n boxes", "AP", "AP50"),
        [
            (
                one.picture_set,
                str(one.pictures),
                one.group,
                str(one.boxes),
                f"{one.ap:.3f}",
                f"{one.ap50:.3f}",
            )
            for one in scores
        ],
    )


def tracking_table(scores: Iterable[TrackingScore]) -> str:
    """Identity measures by sequence and tracker."""
    return _table(
        ("sequence", "tracker", "HOTA", "IDF1", "MOTA", "switches", "n boxes", "n tracks"),
        [
            (
                one.sequence,
                one.tracker,
                f"{one.hota:.3f}",
                f"{one.idf1:.3f}",
                f"{one.mota:.3f}",
                str(one.switches),
                str(one.boxes),
                str(one.tracks),
            )
            for one in scores
        ],
    )


def signal_table(scores: Iterable[SignalScore]) -> str:
    """Precision and recall with 95 % Wilson intervals."""
    return _table(
        ("clip", "rule", "happened", "signalled", "right", "precision", "recall"),
        [
            (
                one.clip,
                one.rule,
                str(one.happened),
                str(one.signalled),
                str(one.matched),
                _share(one.precision),
                _share(one.recall),
            )
            for one in scores
        ],
    )


def _share(share: tuple[float, float, float]) -> str:
    value, low, high = share
    return "-" if math.isnan(value) else f"{value:.2f} [{low:.2f}, {high:.2f}]"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
