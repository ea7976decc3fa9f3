"""A quick look that lets the usual batch pass; the full check has the last word and the words.

`edge.wire.bounds.check_batch` walks every field by its descriptor, which costs more than storing
the event. Nearly every batch is plain; what is not, or is only unusual, goes the full way.
"""

from edge.wire.bounds import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, check_batch
from edge.wire.event import MAX_TRACE_BYTES
from edge.wire.v1 import event_pb2

_START = event_pb2.PHASE_START


def find_problems(batch: event_pb2.Batch) -> list[str]:
    """What is wrong with a batch, as sentences; empty when it may be stored."""
    return [] if is_plain(batch) else check_batch(batch)


def is_plain(batch: event_pb2.Batch) -> bool:
    """True only for a batch in which the full check would find nothing."""
    first_seq = batch.first_seq
    if (
        first_seq < 1
        or batch.dictionary < 1
        or not 1 <= len(batch.events) <= MAX_BATCH_EVENTS
        or batch.HasField("follows_seq")
        or batch.ByteSize() > MAX_BATCH_BYTES
    ):
        return False
    for seq, event in enumerate(batch.events, start=first_seq):
        phase, trace_bytes = event.phase, len(event.trace)
        if (
            event.rule < 1
            or not phase
            or event.score_percent > 100
            or trace_bytes & 1
            or trace_bytes > MAX_TRACE_BYTES
            or event.reason
            or event.HasField("gap")
            or (not event.track and event.HasField("track"))
        ):
            return False
        back = event.start_back
        if (phase == _START or not 1 <= back < seq) and (back or event.HasField("start_back")):
            return False
    return True
