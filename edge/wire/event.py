"""The event as the eye says it and the spool takes it, before it has a seq."""

from dataclasses import dataclass
from typing import NamedTuple

from edge.wire.v1 import event_pb2

Function = event_pb2.Function
ObjectClass = event_pb2.ObjectClass
Phase = event_pb2.Phase

MAX_TRACE_BYTES = 96


class Box(NamedTuple):
    """A rectangle in fractions of the frame, 0.0 (left, top) to 1.0 (right, bottom)."""

    left_frac: float
    top_frac: float
    right_frac: float
    bottom_frac: float

    def moved(self, across_frac: float, down_frac: float) -> "Box":
        """The same so far to the right and down, cut to the frame."""
        moved = (side + way for side, way in zip(self, (across_frac, down_frac) * 2, strict=True))
        return Box(*(min(max(side, 0.0), 1.0) for side in moved))


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of seqs in which `missing` accepted events are gone, both ends included."""

    first_seq: int
    last_seq: int
    missing: int
    reason: event_pb2.GapReason.ValueType


@dataclass(frozen=True, slots=True)
class Event:
    """One fact about one incident.

    captured_utc_ms: capture time of the deciding frame, milliseconds since 1970-01-01 UTC.
    rule: the rule's name, as in the dictionary in force.
    incident: the incident's number within one run of the process that appends it, from 1.
    object_class: OBJECT_CLASS_UNSPECIFIED when the rule is not about one thing.
    score_percent: confidence of the detection that decided, 0 to 100.
    trace: int8 pairs as edge/wire/trace.py packs them, at most 96 bytes.
    measured: the function's own measure (persons, permille of the frame).
    reason: what a health event adds, one lower_snake_case word.
    """

    captured_utc_ms: int
    rule: str
    phase: Phase.ValueType
    incident: int
    object_class: ObjectClass.ValueType = ObjectClass.OBJECT_CLASS_UNSPECIFIED
    box: Box | None = None
    track: int | None = None
    score_percent: int | None = None
    duration_ms: int | None = None
    trace: bytes = b""
    measured: int | None = None
    reason: str = ""
    gap: Gap | None = None
