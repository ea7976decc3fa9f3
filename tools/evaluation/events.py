"""Precision and recall of signals against annotated tracks, with Wilson bounds."""

from dataclasses import dataclass

import numpy as np

from collector.precision import wilson
from tools.evaluation.truth import Happening

# A signal comes once the rule's own time has passed; the tracker needs a few frames more.
TOLERANCE_SECONDS = 2.0
TOLERANCE_FRAC = 0.15


@dataclass(frozen=True, slots=True)
class SignalScore:
    """Signals of one source that were right, wrong and missed.

    source: the clip, or whose boxes the rules were given. rule: one, or a kind of them.
    """

    source: str
    rule: str
    matched: int
    signalled: int
    happened: int

    @property
    def precision(self) -> tuple[float, float, float]:
        """Share of signals that were right, with the 95 % Wilson interval."""
        return _share(self.matched, self.signalled)

    @property
    def recall(self) -> tuple[float, float, float]:
        """Share of happenings that were signalled, with the 95 % Wilson interval."""
        return _share(self.matched, self.happened)


def score_signals(
    source: str, signalled: list[Happening], happened: list[Happening]
) -> list[SignalScore]:
    """One score a rule; a signal and a happening are matched at most once."""
    rules = sorted({one.rule for one in signalled} | {one.rule for one in happened})
    scores = []
    for rule in rules:
        told = [one for one in signalled if one.rule == rule]
        true = [one for one in happened if one.rule == rule]
        scores.append(SignalScore(source, rule, _match(told, true), len(told), len(true)))
    return scores


def _match(told: list[Happening], true: list[Happening]) -> int:
    import lap  # noqa: PLC0415 - brings numpy's weight only where events are scored

    if not told or not true:
        return 0
    cost = np.array([[_distance(one, other) for other in true] for one in told])
    _, partners, _ = lap.lapjv(cost, extend_cost=True, cost_limit=1.0)
    return int(np.count_nonzero(np.asarray(partners) >= 0))


def _distance(one: Happening, other: Happening) -> float:
    seconds = abs(one.at_seconds - other.at_seconds) / TOLERANCE_SECONDS
    place = float(np.hypot(one.x_frac - other.x_frac, one.y_frac - other.y_frac)) / TOLERANCE_FRAC
    return seconds if seconds <= 1 and place <= 1 else 1e6


def _share(part: int, whole: int) -> tuple[float, float, float]:
    if whole == 0:
        return float("nan"), 0.0, 1.0
    low, high = wilson(part, whole)
    return part / whole, low, high
