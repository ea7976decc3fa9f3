"""What the ring holds at one moment, read from its index for those who only want to know."""

from dataclasses import dataclass, replace

from edge.vault.disk import RingError
from edge.vault.index import Index
from edge.vault.retention import Retention


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the writing thread last knew. *_utc_ns: None: the ring is empty.

    sealed_fragments, dropped_fragments: since start.
    """

    ring_bytes: int = 0
    ring_quota_bytes: int = 0
    oldest_utc_ns: int | None = None
    newest_utc_ns: int | None = None
    gaps: int = 0
    sealed_fragments: int = 0
    dropped_fragments: int = 0


def take_snapshot(before: Snapshot, index: Index, retention: Retention) -> Snapshot:
    """The ring as it is; what the index does not tell now stays as it was before."""
    used = replace(before, ring_bytes=retention.used_bytes, ring_quota_bytes=retention.quota_bytes)
    oldest: list[int] = []
    newest: list[int] = []
    try:
        for camera in index.cameras():
            first, last = index.first(camera), index.last(camera)
            oldest += [first.first_utc_ns] if first else []
            newest += [last.last_utc_ns] if last else []
        gaps = index.count_gaps()
    except RingError:
        return used
    return replace(
        used,
        oldest_utc_ns=min(oldest, default=None),
        newest_utc_ns=max(newest, default=None),
        gaps=gaps,
    )
