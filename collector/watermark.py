"""Which seqs of one (device, epoch) are accounted for: stored, or named missing by a gap.

No I/O. The *watermark* is the highest seq such that it and all before it are accounted for; it
is what an ack carries, and what the device may delete. Seqs stored beyond it are kept as
ranges, so that repeated, late and out-of-order batches are all told apart.

A gap says that `missing` events of a stretch are gone, not which ones. It therefore counts
only when the holes that are left in its stretch are no more than it names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Span(NamedTuple):
    """Seqs from first to last, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many seqs it holds."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class NamedGap:
    """A stretch in which `missing` accepted events are gone, as an event of the device says."""

    span: Span
    missing: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What an offered span turned out to be.

    fresh: never stored before.
    known: at or below the watermark, or stored beyond it already.
    """

    fresh: tuple[Span, ...]
    known: tuple[Span, ...]


class Watermark:
    """The account of one (device, epoch). Owned by whoever stores its events."""

    def __init__(
        self, stored_seq: int = 0, beyond: Iterable[Span] = (), gaps: Iterable[NamedGap] = ()
    ) -> None:
        self._stored_seq = stored_seq
        self._beyond: list[Span] = []
        self._gaps: list[NamedGap] = []
        for span in beyond:
            self.offer(span)
        for gap in gaps:
            self.name_gap(gap, told_by=gap.span.last + 1)

    @property
    def stored_seq(self) -> int:
        """Highest seq such that it and all before it are stored or named in gaps. 0: none."""
        return self._stored_seq

    @property
    def beyond(self) -> tuple[Span, ...]:
        """What is stored beyond the watermark, in order."""
        return tuple(self._beyond)

    def offer(self, span: Span) -> Offer:
        """Account for a span of stored seqs; say which of them are new."""
        if span.first == self._stored_seq + 1 and not self._beyond and not self._gaps:
            self._stored_seq = span.last
            return Offer((span,), ())
        fresh = tuple(self._holes(span))
        known = tuple(_without(span, fresh))
        if fresh:
            self._beyond = _joined([*self._beyond, *fresh])
            self._advance()
        return Offer(fresh, known)

    def name_gap(self, gap: NamedGap, *, told_by: int) -> None:
        """Account for events that the event with seq `told_by` names missing.

        A gap names only what came before it in its own epoch; any other is about an epoch
        that is gone and moves nothing here.
        """
        if gap.span.last >= told_by or gap.span.last <= self._stored_seq:
            return
        self._gaps.append(gap)
        self._gaps.sort(key=lambda each: each.span.last)
        self._advance()

    def _advance(self) -> None:
        """Move over what is stored and what is named until neither leads on."""
        moved = True
        while moved:
            moved = self._step_over_stored() or self._step_over_gap()

    def _step_over_stored(self) -> bool:
        if not self._beyond or self._beyond[0].first > self._stored_seq + 1:
            return False
        self._stored_seq = max(self._stored_seq, self._beyond.pop(0).last)
        self._gaps = [gap for gap in self._gaps if gap.span.last > self._stored_seq]
        return True

    def _step_over_gap(self) -> bool:
        for number, gap in enumerate(self._gaps, start=1):
            upto = Span(self._stored_seq + 1, gap.span.last)
            if _names_all(self._holes(upto), self._gaps[:number]):
                self._stored_seq = upto.last
                self._beyond = [
                    Span(max(span.first, upto.last + 1), span.last)
                    for span in self._beyond
                    if span.last > upto.last
                ]
                self._gaps = self._gaps[number:]
                return True
        return False

    def _holes(self, span: Span) -> list[Span]:
        """The parts of a span above the watermark that are not stored."""
        above = Span(max(span.first, self._stored_seq + 1), span.last)
        return list(_without(above, self._beyond)) if above.length > 0 else []


def _without(span: Span, taken: Iterable[Span]) -> Iterable[Span]:
    """What is left of a span without the taken ones, which are in order."""
    first = span.first
    for each in taken:
        if each.last < first or each.first > span.last:
            continue
        if each.first > first:
            yield Span(first, each.first - 1)
        first = each.last + 1
    if first <= span.last:
        yield Span(first, span.last)


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, touching and overlapping ones made one."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.first <= joined[-1].last + 1:
            joined[-1] = Span(joined[-1].first, max(joined[-1].last, span.last))
        else:
            joined.append(span)
    return joined


def _names_all(holes: list[Span], gaps: list[NamedGap]) -> bool:
    """True when every hole lies in a gap's stretch and the gaps name as many as there are."""
    stretches = _joined(gap.span for gap in gaps)
    covered = all(not list(_without(hole, stretches)) for hole in holes)
    return covered and sum(hole.length for hole in holes) <= sum(gap.missing for gap in gaps)
