"""Events between the form the eye says them in and the form the wire carries them in.

guarantees.md section 3, fact 18: zero and absent differ on the wire only where a field is optional,
so what may be zero is set by presence and never by its value.
"""

from edge.errors import Kind, VigieError
from edge.wire.event import MAX_TRACE_BYTES, Box, Event, Gap
from edge.wire.v1 import event_pb2

# A fraction of the frame is written in 16 bits: 1/65535 is a fortieth of a pixel at 1080p.
_FRAC_STEPS = 65535
MAX_DELTA_MS = 2**32 - 1


def pack_box(box: Box) -> int:
    """Four 16-bit fractions in one number, left in the highest bits; clipped to the frame."""
    packed = 0
    for side_frac in box:
        packed = packed << 16 | round(min(max(side_frac, 0.0), 1.0) * _FRAC_STEPS)
    return packed


def unpack_box(packed: int) -> Box:
    """The rectangle behind `pack_box`, each side within 1/131070 of what was packed."""
    left, top, right, bottom = (packed >> shift & _FRAC_STEPS for shift in (48, 32, 16, 0))
    return Box(left / _FRAC_STEPS, top / _FRAC_STEPS, right / _FRAC_STEPS, bottom / _FRAC_STEPS)


def encode_event(
    event: Event, *, rule: int, captured_utc_ms: int, start_back: int | None = None
) -> event_pb2.Event:
    """The event as it stands in a batch.

    rule: the rule's 1-based index in the batch's dictionary.
    captured_utc_ms: the batch's own time; the event's must lie 0 to 2^32-1 ms after it.
    start_back: seqs since the incident's START; None when this is the START or it is unknown.
    Raises VigieError INVALID_ARGUMENT when the event does not fit the wire.
    """
    delta_ms = event.captured_utc_ms - captured_utc_ms
    if not 0 <= delta_ms <= MAX_DELTA_MS:
        raise _misfit(event, f"was captured {delta_ms} ms after its batch")
    if len(event.trace) > MAX_TRACE_BYTES:
        raise _misfit(event, f"has a trace of {len(event.trace)} bytes, over {MAX_TRACE_BYTES}")
    return event_pb2.Event(
        captured_delta_ms=delta_ms,
        rule=rule,
        phase=event.phase,
        object_class=event.object_class,
        box=None if event.box is None else pack_box(event.box),
        track=event.track,
        score_percent=event.score_percent,
        duration_ms=event.duration_ms,
        trace=event.trace,
        start_back=start_back,
        measured=event.measured,
        reason=event.reason,
        gap=None if event.gap is None else encode_gap(event.gap),
    )


def encode_gap(gap: Gap) -> event_pb2.Gap:
    """The gap as a message."""
    return event_pb2.Gap(
        first_seq=gap.first_seq, last_seq=gap.last_seq, missing=gap.missing, reason=gap.reason
    )


def decode_event(
    message: event_pb2.Event, *, captured_utc_ms: int, rule: str, incident: int
) -> Event:
    """The event behind a message; unknown enum numbers are kept as they are.

    captured_utc_ms: the batch's own time. rule: the name behind the message's index.
    incident: the seq of the incident's START, or the event's own.
    """
    return Event(
        captured_utc_ms=captured_utc_ms + message.captured_delta_ms,
        rule=rule,
        phase=message.phase,
        incident=incident,
        object_class=message.object_class,
        box=unpack_box(message.box) if message.HasField("box") else None,
        track=message.track if message.HasField("track") else None,
        score_percent=message.score_percent if message.HasField("score_percent") else None,
        duration_ms=message.duration_ms if message.HasField("duration_ms") else None,
        trace=message.trace,
        measured=message.measured if message.HasField("measured") else None,
        reason=message.reason,
        gap=_decode_gap(message.gap) if message.HasField("gap") else None,
    )


def _decode_gap(message: event_pb2.Gap) -> Gap:
    return Gap(message.first_seq, message.last_seq, message.missing, message.reason)


def _misfit(event: Event, trouble: str) -> VigieError:
    return VigieError(
        Kind.INVALID_ARGUMENT, f"event of incident {event.incident} {trouble}", where=event.rule
    )
