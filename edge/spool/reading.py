"""From rows to what the link sends: batches in order, with every missing stretch named.

Pure. A missing stretch becomes one Gap event that stands in the place of its last seq and names
the whole stretch, its own place included: no seq is used up by naming, and whatever part of a
stretch the collector already holds is simply not named again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from edge.spool import record
from edge.spool.dictionary import GAP_RULE_INDEX, SPOOL_DICTIONARY_NUMBER
from edge.wire.v1 import event_pb2

_REASON_WORDS = {event_pb2.GAP_REASON_QUOTA: "quota", event_pb2.GAP_REASON_DAMAGE: "damage"}


@dataclass(frozen=True, slots=True)
class PendingBatch:
    """A batch to send. `last_seq` is where the next read goes on; epoch and batch are the wire's.

    Its events are 1 to 32, or one Gap event for a missing stretch.
    """

    epoch: int
    batch: event_pb2.Batch
    last_seq: int


@dataclass(frozen=True, slots=True)
class Run:
    """Events with consecutive seqs out of one batch."""

    first_seq: int
    bodies: tuple[bytes, ...]
    source: record.Batch

    @property
    def last_seq(self) -> int:
        """Seq of the last event."""
        return self.first_seq + len(self.bodies) - 1


Piece = Run | record.Lost


def in_pieces(entries: Iterable[record.Batch | record.Lost], after_seq: int) -> Iterator[Piece]:
    """What stands after a seq, in order and without a hole: runs of events, and lost stretches.

    A hole between entries comes out as a stretch lost to damage.
    """
    held: record.Lost | None = None
    for piece in _all_pieces(record.rejoined(entries), after_seq):
        if isinstance(piece, Run):
            if held is not None:
                yield held
            held = None
            yield piece
        elif held is not None and held.reason == piece.reason:
            held = replace(held, last_seq=piece.last_seq, captured_utc_ms=piece.captured_utc_ms)
        else:
            if held is not None:
                yield held
            held = piece
    if held is not None:
        yield held


def _all_pieces(entries: Iterable[record.Batch | record.Lost], after_seq: int) -> Iterator[Piece]:
    for entry in entries:
        if entry.first_seq > after_seq + 1:
            yield _lost(entry, after_seq + 1, entry.first_seq - 1, event_pb2.GAP_REASON_DAMAGE)
        if isinstance(entry, record.Batch):
            yield from _batch_pieces(entry, after_seq)
        elif entry.last_seq > after_seq:
            yield replace(entry, first_seq=max(entry.first_seq, after_seq + 1))
        after_seq = max(after_seq, entry.last_seq)


def _batch_pieces(batch: record.Batch, after_seq: int) -> Iterator[Piece]:
    run: list[bytes] = []
    first_place = max(0, after_seq + 1 - batch.first_seq)
    for place in range(first_place, len(batch.bodies)):
        body = batch.bodies[place]
        seq = batch.first_seq + place
        if body is not None:
            run.append(body)
            continue
        if run:
            yield Run(seq - len(run), tuple(run), batch)
            run = []
        is_damaged = place in batch.damaged
        reason = event_pb2.GAP_REASON_DAMAGE if is_damaged else event_pb2.GAP_REASON_QUOTA
        yield _lost(batch, seq, seq, reason)
    if run:
        yield Run(batch.last_seq + 1 - len(run), tuple(run), batch)


def _lost(
    beside: record.Batch | record.Lost,
    first_seq: int,
    last_seq: int,
    reason: event_pb2.GapReason.ValueType,
) -> record.Lost:
    return record.Lost(
        epoch=beside.epoch,
        first_seq=first_seq,
        last_seq=last_seq,
        acked_seq=beside.acked_seq,
        captured_utc_ms=beside.captured_utc_ms,
        reason=reason,
    )


def as_pending(piece: Piece) -> PendingBatch:
    """The piece as the wire carries it."""
    if isinstance(piece, Run):
        batch = event_pb2.Batch(
            first_seq=piece.first_seq,
            captured_utc_ms=piece.source.captured_utc_ms,
            dictionary=piece.source.dictionary,
            clock_error_ms=piece.source.clock_error_ms,
        )
        for body in piece.bodies:
            batch.events.add().MergeFromString(body)
        return PendingBatch(piece.source.epoch, batch, piece.last_seq)
    return PendingBatch(piece.epoch, _gap_batch(piece), piece.last_seq)


def _gap_batch(lost: record.Lost) -> event_pb2.Batch:
    missing = lost.last_seq - lost.first_seq + 1
    return event_pb2.Batch(
        first_seq=lost.last_seq,
        follows_seq=lost.first_seq - 1 if missing > 1 else None,
        captured_utc_ms=lost.captured_utc_ms,
        dictionary=SPOOL_DICTIONARY_NUMBER,
        events=[
            event_pb2.Event(
                rule=GAP_RULE_INDEX,
                phase=event_pb2.PHASE_START,
                reason=_REASON_WORDS[lost.reason],
                gap=event_pb2.Gap(
                    first_seq=lost.first_seq,
                    last_seq=lost.last_seq,
                    missing=missing,
                    reason=lost.reason,
                ),
            )
        ],
    )
