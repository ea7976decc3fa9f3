"""Several teachers, several views: where they agree is a box, where they differ is said too."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools.training.boxes import Boxes, covered, overlaps
from tools.training.classes import CLASSES, FAMILIES, FAMILY_NAMES
from tools.training.labels import Said

# A teacher that knows a family but not its classes has hardly a say in which class it is.
FAMILY_ONLY_VOTE = 0.01
FAMILY_ONLY_KINDS = frozenset({"crossroad"})
# A tile can judge a box that lies in it as a whole.
INSIDE_MIN = 0.99


@dataclass(frozen=True, slots=True)
class Agreed:
    """Boxes in pixels, shape (n, 4); classes (n,); joint confidence (n,), 0 to 1."""

    boxes: Boxes
    classes: npt.NDArray[np.int64]
    confidences: npt.NDArray[np.float32]


@dataclass(slots=True)
class _Cluster:
    """Sightings that are one thing; rows index the pool."""

    box: npt.NDArray[np.float64]
    weight: float
    rows: list[int]


def agree(said: Iterable[Said], overlap_min: float) -> Agreed:
    """Put everything that was said of one picture together, by family.

    A teacher's confidence in a box is the mean score over the views that could have seen it whole
    (whole pictures and tiles apart, the better of both), times its trust. Confidences of teachers
    are joined as if they erred independently.
    """
    said = tuple(said)
    found: list[tuple[npt.NDArray[np.float64], int, float]] = []
    for family in range(len(FAMILY_NAMES)):
        pool = _pool(said, family)
        for cluster in _cluster(pool, overlap_min):
            kind, confidence = _vote(said, pool, cluster), _join(said, pool, cluster)
            found.append((cluster.box, kind, confidence))
    return Agreed(
        np.array([box for box, _, _ in found], np.float32).reshape(-1, 4),
        np.array([kind for _, kind, _ in found], np.int64),
        np.array([confidence for _, _, confidence in found], np.float32),
    )


def _pool(said: tuple[Said, ...], family: int) -> npt.NDArray[np.float64]:
    """Rows of one family, best first: teacher, view, class, score, box."""
    parts = []
    for number, one in enumerate(said):
        trust = one.teacher.trust.get(FAMILY_NAMES[family], 0.0)
        rows = one.rows[np.isin(one.rows[:, 1], [k for k, f in enumerate(FAMILIES) if f == family])]
        if trust > 0:
            parts.append(np.column_stack([np.full(len(rows), number), rows.astype(np.float64)]))
    pool = np.concatenate(parts) if parts else np.zeros((0, 8))
    return np.asarray(pool[np.argsort(-pool[:, 3], kind="stable")])


def _cluster(pool: npt.NDArray[np.float64], overlap_min: float) -> list[_Cluster]:
    clusters: list[_Cluster] = []
    for row, entry in enumerate(pool):
        box, score = entry[4:], float(entry[3])
        best, shared = -1, overlap_min
        if clusters:
            centres = np.array([cluster.box for cluster in clusters], np.float32)
            with_all = overlaps(box[None].astype(np.float32), centres)[0]
            place = int(with_all.argmax())
            best, shared = (place, 0.0) if with_all[place] >= shared else (-1, shared)
        if best < 0:
            clusters.append(_Cluster(box.copy(), score, [row]))
            continue
        joined = clusters[best]
        total = joined.weight + score
        joined.box = (joined.box * joined.weight + box * score) / total
        joined.weight = total
        joined.rows.append(row)
    return clusters


def _vote(said: tuple[Said, ...], pool: npt.NDArray[np.float64], cluster: _Cluster) -> int:
    votes = np.zeros(len(CLASSES))
    for row in cluster.rows:
        is_vague = said[int(pool[row, 0])].teacher.kind in FAMILY_ONLY_KINDS
        votes[int(pool[row, 2])] += pool[row, 3] * (FAMILY_ONLY_VOTE if is_vague else 1.0)
    return int(votes.argmax())


def _join(said: tuple[Said, ...], pool: npt.NDArray[np.float64], cluster: _Cluster) -> float:
    doubt = 1.0
    for number, one in enumerate(said):
        rows = [row for row in cluster.rows if pool[row, 0] == number]
        if rows:
            family = FAMILY_NAMES[FAMILIES[int(pool[rows[0], 2])]]
            trust = one.teacher.trust.get(family, 0.0)
            doubt *= 1.0 - min(1.0, trust * _mean_over_views(one, pool[rows], cluster.box))
    return 1.0 - doubt


def _mean_over_views(
    said: Said, rows: npt.NDArray[np.float64], box: npt.NDArray[np.float64]
) -> float:
    best_of_view = np.zeros(len(said.views))
    np.maximum.at(best_of_view, rows[:, 1].astype(int), rows[:, 3])
    whole = (said.views[:, :4] == said.views[0, :4]).all(axis=1)
    could_see = covered(box[None].astype(np.float32), said.views[:, :4])[0] >= INSIDE_MIN
    means = [
        float(best_of_view[views].mean())
        for views in (whole, ~whole & (could_see | (best_of_view > 0)))
        if views.any()
    ]
    return max(means)
