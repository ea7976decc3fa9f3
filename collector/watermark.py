"""Which seqs of one (device, epoch) are accounted for: stored, or gone on the pole.

No I/O. The *watermark* is the highest seq such that it and all before it are accounted for; it
is what an ack carries, and what the device may delete. A batch says which seq it follows; what
lies between was dropped or lost on the pole, is named by a gap event, and never comes. So the
watermark passes over such a hole as soon as it has reached the seq that the batch follows, in
whatever order batches arrive and however often.
"""

from collections.abc import Iterable, Iterator
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
class Offer:
    """What an offered span turned out to be.

    fresh: never accounted for before, so certainly not stored.
    known: accounted for before: a repeat, or (rarely) an event once held for gone. Whether it is
    stored is for the store's unique key to say.
    """

    fresh: tuple[Span, ...]
    known: tuple[Span, ...]


class Watermark:
    """The account of one (device, epoch). Owned by whoever stores its events.

    beyond: spans that are stored above stored_seq, in any order.
    """

    def __init__(self, stored_seq: int = 0, beyond: Iterable[Span] = ()) -> None:
        self._stored_seq = stored_seq
        self._beyond: list[Span] = []
        for span in beyond:
            self._account(span)

    @property
    def stored_seq(self) -> int:
        """Highest seq such that it and all before it are stored or gone. 0: none."""
        return self._stored_seq

    @property
    def beyond(self) -> tuple[Span, ...]:
        """What is accounted for beyond the watermark, in order."""
        return tuple(self._beyond)

    def offer(self, span: Span, follows_seq: int | None = None) -> Offer:
        """Account for the seqs of a batch and for the hole before it.

        follows_seq: Batch.follows_seq; None: the batch follows span.first - 1.
        """
        if follows_seq is None and span.first == self._stored_seq + 1 and not self._beyond:
            self._stored_seq = span.last
            return Offer((span,), ())
        fresh = tuple(self._unaccounted(span))
        known = tuple(_without(span, fresh))
        first = span.first if follows_seq is None else follows_seq + 1
        self._account(Span(first, span.last))
        return Offer(fresh, known)

    def _account(self, span: Span) -> None:
        if span.last <= self._stored_seq:
            return
        self._beyond = _joined([*self._beyond, span])
        if self._beyond[0].first <= self._stored_seq + 1:
            self._stored_seq = self._beyond.pop(0).last

    def _unaccounted(self, span: Span) -> Iterator[Span]:
        """The parts of a span that are neither below the watermark nor among what is beyond."""
        first = max(span.first, self._stored_seq + 1)
        return _without(Span(first, span.last), self._beyond)


def _without(span: Span, taken: Iterable[Span]) -> Iterator[Span]:
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
