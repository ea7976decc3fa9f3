"""The tables of an evaluation, as text for a person and as Markdown for docs/accuracy.md."""

import math
from collections.abc import Iterable, Mapping, Sequence

from tools.evaluation.events import SignalScore
from tools.evaluation.pages import draw_table
from tools.evaluation.postures import Share
from tools.evaluation.seeing import EyeResult, GroupResult
from tools.evaluation.signals import FalseSignals
from tools.evaluation.tracking import TrackingScore

FALSE_TITLE = (
    "False boxes an hour of video at five looks a second (distinct places), at the score that each "
    "reports in service:"
)
Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def detection_tables(results: Sequence[EyeResult]) -> str:
    """AP50 and AP by set and group, AP50 by size, false boxes: one column an eye."""
    return "\n".join(f"{title}\n\n{draw_table(*table)}" for title, table in tables(results))


def tables(results: Sequence[EyeResult]) -> list[tuple[str, Table]]:
    """Each table with the words above it: headings and rows."""
    names = [one.name for one in results]
    return [
        (
            "AP50 / AP:",
            (("set", "pictures", "group", "n boxes", *names), _by_set(results)),
        ),
        (
            "AP50 by the side of the true box (root of its area, pixels of the picture), all sets:",
            (("group", "side", "n boxes", *names), _by_size(results)),
        ),
        (
            FALSE_TITLE,
            (("clip", "looks", "group", *names), _false(results)),
        ),
    ]


def _by_set(results: Sequence[EyeResult]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for place, first in enumerate(results[0].groups):
        cells = [_two(one.groups[place]) for one in results]
        whole = first.scores[0]
        title = (first.picture_set, str(whole.pictures), whole.group, str(whole.boxes))
        rows.append((*title, *cells))
    return rows


def _two(group: GroupResult) -> str:
    return f"{group.scores[0].ap50:.3f} / {group.scores[0].ap:.3f}"


def _by_size(results: Sequence[EyeResult]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for place, first in enumerate(results[0].pooled):
        for number, size in enumerate(first.scores):
            cells = [f"{one.pooled[place].scores[number].ap50:.3f}" for one in results]
            rows.append((size.group, size.side, str(size.boxes), *cells))
    return rows


def _false(results: Sequence[EyeResult]) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for place, first in enumerate(results[0].false):
        columns = [one.false[place] for one in results]
        if not any(one.boxes for one in columns):
            continue
        cells = [f"{one.boxes / one.hours:.0f} ({one.places})" for one in columns]
        rows.append((first.clip, str(first.looks), first.group, *cells))
    totals = [
        f"{sum(f.boxes for f in one.false) / _hours(one):.0f} ({sum(f.places for f in one.false)})"
        for one in results
        if one.false
    ]
    if totals:
        looks = sum({one.clip: one.looks for one in results[0].false}.values())
        rows.append(("all", str(looks), "all", *totals))
    return rows


def _hours(result: EyeResult) -> float:
    return sum({one.clip: one.hours for one in result.false}.values())


def tracking_table(scores: Sequence[TrackingScore]) -> str:
    """HOTA and IDF1 of each tracker, the best of a row in bold; then what else ours did."""
    by_case: dict[tuple[str, str], list[TrackingScore]] = {}
    for one in scores:
        by_case.setdefault((one.sequence, one.source), []).append(one)
    trackers = list(dict.fromkeys(one.tracker for one in scores))
    first = draw_table(
        ("sequence", "detections", *trackers),
        [(*case, *_best_in_bold(found)) for case, found in by_case.items()],
    )
    second = draw_table(
        ("sequence", "detections", "n boxes", "n tracks", "MOTA", "switches"),
        [
            (*case, f"{one.boxes}", f"{one.tracks}", f"{one.mota:.3f}", f"{one.switches}")
            for case, (one, *_) in by_case.items()
        ],
    )
    return f"HOTA / IDF1:\n\n{first}\nOurs beside the truth:\n\n{second}"


def _best_in_bold(found: Sequence[TrackingScore]) -> list[str]:
    best = [max(measure) for measure in zip(*((one.hota, one.idf1) for one in found), strict=True)]
    return [
        " / ".join(
            f"**{value:.3f}**" if round(value, 3) >= round(most, 3) else f"{value:.3f}"
            for value, most in zip((one.hota, one.idf1), best, strict=True)
        )
        for one in found
    ]


def signal_tables(scores: Iterable[SignalScore], false: Iterable[FalseSignals]) -> str:
    """Precision and recall with 95 % Wilson intervals; then what hard negatives gave."""
    first = draw_table(
        ("boxes", "signals of", "happened", "signalled", "right", "precision", "recall"),
        [
            (
                one.source,
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
    second = draw_table(
        ("clip (nothing of)", "boxes", "seconds", "signals"),
        [
            (f"{one.clip} ({one.absent})", one.source, f"{one.hours * 3600:.0f}", str(one.signals))
            for one in false
        ],
    )
    return f"{first}\nFalse signals:\n\n{second}"


def posture_table(shares: Mapping[str, Sequence[Share]]) -> str:
    """By eye: of people times looks, the share that was found at the score of service."""
    names = list(shares)
    return draw_table(
        ("people", "clips", "n people x looks", *names),
        [
            (
                first.posture,
                str(first.clips),
                str(first.people),
                *(f"{shares[name][row].found / first.people:.2f}" for name in names),
            )
            for row, first in enumerate(shares[names[0]])
        ],
    )


def as_record(result: EyeResult) -> Mapping[str, object]:
    """One eye's figures for a program: --json."""
    return {
        "name": result.name,
        "sha256": result.sha256,
        "score_min": result.score_min,
        "sets": [
            {
                "set": group.picture_set,
                "group": one.group,
                "side": one.side,
                "pictures": one.pictures,
                "boxes": one.boxes,
                "ap": round(one.ap, 4),
                "ap50": round(one.ap50, 4),
            }
            for group in (*result.groups, *result.pooled)
            for one in group.scores
        ],
        "false_boxes": [
            {
                "clip": one.clip,
                "group": one.group,
                "looks": one.looks,
                "hours": round(one.hours, 5),
                "boxes": one.boxes,
                "places": one.places,
            }
            for one in result.false
        ],
    }


def _share(share: tuple[float, float, float]) -> str:
    value, low, high = share
    return "-" if math.isnan(value) else f"{value:.2f} [{low:.2f}, {high:.2f}]"
