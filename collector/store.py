"""What the collector keeps, as records and as one small interface.

Nothing in ingest, review or page knows which database stands behind it. Writes are *jobs* of
the one writer: they are committed together with whatever else has gathered, and the call
returns after the commit. Reads are short and page by key; they see committed state only.
"""

from dataclasses import dataclass
from typing import Protocol

from edge.wire.v1 import event_pb2, operator_pb2, session_pb2

MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events, and from where on.

    after_number: only numbers above it; with newest_first and a value above 0: only below it.
    limit: 1 to MAX_PAGE.
    device, camera: empty for all. function: 0 for all.
    starts_only: one line per incident. unreviewed_only: no review stands.
    of_calibration: only what a calibration saw, which no other query tells.
    """

    after_number: int = 0
    limit: int = 100
    device: str = ""
    camera: str = ""
    function: int = 0
    newest_first: bool = False
    starts_only: bool = False
    unreviewed_only: bool = False
    of_calibration: bool = False


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """One verdict of one person on one event; never changed, only followed by another."""

    event_number: int
    verdict: operator_pb2.Verdict.ValueType
    note: str
    reviewer: str
    reviewed_utc_ms: int


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """A pole as the collector knows it.

    health: the last Status, None before the first. health_utc_ms: when it came.
    has_twin: two machines were seen with this identity within a minute.
    """

    name: str
    state: operator_pb2.DeviceState.ValueType
    last_seen_utc_ms: int | None
    stored_events: int
    certificate_expires_utc_ms: int | None
    software: str
    health: session_pb2.Status | None
    health_utc_ms: int | None
    has_twin: bool


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """How many incidents of one rule on one camera stand at each verdict."""

    device: str
    camera: str
    rule: str
    function: int
    confirmed: int
    rejected: int
    unsure: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One received batch on its way to the store. `device` is the certificate's."""

    device: str
    epoch: int
    batch: event_pb2.Batch


@dataclass(frozen=True, slots=True)
class Committed:
    """What one delivery came to: the watermark after it, and the new events' numbers."""

    stored_seq: int
    first_number: int
    stored_events: int


class Reader(Protocol):
    """Committed state, read in short queries off the event loop."""

    async def list_events(self, query: EventQuery) -> list[operator_pb2.StoredEvent]:
        """One page of events in order of number."""
        ...

    async def read_event(
        self, number: int, *, of_calibration: bool = False
    ) -> operator_pb2.StoredEvent | None:
        """One event with its rule and latest review, or None; a calibration's only where said."""
        ...

    async def list_incident(self, number: int) -> list[operator_pb2.StoredEvent]:
        """All stored events of the incident that an event belongs to, in order of seq."""
        ...

    async def list_reviews(self, number: int) -> list[ReviewRecord]:
        """All reviews of one event, the oldest first."""
        ...

    async def count_verdicts(self) -> list[VerdictCount]:
        """Reviewed incidents by device, camera and rule, no calibration's; the latest counts."""
        ...

    async def list_devices(self) -> list[DeviceRecord]:
        """All devices by name."""
        ...

    async def newest_number(self) -> int:
        """Number of the newest stored event. 0: none yet."""
        ...


def review_message(record: ReviewRecord) -> operator_pb2.Review:
    """The review as the wire says it."""
    return operator_pb2.Review(
        verdict=record.verdict,
        note=record.note,
        reviewer=record.reviewer,
        reviewed_utc_ms=record.reviewed_utc_ms,
    )
