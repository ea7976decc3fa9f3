"""Where in the ring the asked time is: its fragments, or the nearest stretch that there is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from edge.errors import Kind
from edge.evidence.request import ClipRequest
from edge.evidence.sealed import count_sealed_bytes
from edge.vault.cut import Footage
from edge.vault.cut_timeline import NS_PER_MS, CutError
from edge.vault.index import GapRow
from edge.vault.record import Header

# What a header of an MP4 takes at most, beside its samples' own rows.
_HEADER_BYTES = 16_384
_ROW_BYTES = 64


class Ring(Protocol):
    """The ring, for reading."""

    def cameras(self) -> list[str]:
        """Cameras that it ever held something of."""
        ...

    def span(self, camera: str) -> tuple[int, int] | None:
        """Oldest and newest label, nanoseconds UTC; None: nothing is held."""
        ...

    def gaps(self, camera: str) -> list[GapRow]:
        """What is missing, in order."""
        ...

    def footage(self, camera: str) -> Footage:
        """One camera's fragments."""
        ...


def find_headers(ring: Ring, request: ClipRequest, earliest_utc_ms: int) -> list[Header]:
    """The fragments that show the asked time, from where a decoder can begin.

    earliest_utc_ms: nothing before it is given out.

    Raises:
        CutError: NOT_FOUND when there are none; the nearest stretch that there is, is named.
        RingError: the ring cannot be read.

    """
    from_ns = max(request.from_utc_ms, earliest_utc_ms) * NS_PER_MS
    # A moment is a whole millisecond here and a nanosecond there; the end itself is asked for too.
    to_ns = max(request.to_utc_ms * NS_PER_MS, from_ns) + NS_PER_MS
    headers = list(ring.footage(request.camera).list_headers(from_ns, to_ns))
    while headers and not headers[0].starts_at_key:
        del headers[0]
    if not headers:
        raise CutError(Kind.NOT_FOUND, _name_nearest(ring, request))
    return headers


def estimate_sealed_bytes(request: ClipRequest, headers: Sequence[Header]) -> int:
    """No less than the sealed clip of these fragments will take."""
    rows = sum(header.samples for header in headers)
    content = sum(header.samples_bytes for header in headers) + _ROW_BYTES * rows + _HEADER_BYTES
    return count_sealed_bytes(request.clip, len(request.readers), content)


def list_stretches(ring: Ring, camera: str) -> list[tuple[int, int]]:
    """Stretches without a gap, in order, nanoseconds UTC."""
    span = ring.span(camera)
    if span is None:
        return []
    begins, ends = span
    found = []
    for gap in ring.gaps(camera):
        if gap.from_utc_ns >= begins:
            found.append((begins, gap.from_utc_ns))
            begins = gap.to_utc_ns if gap.to_utc_ns is not None else ends
    if begins < ends or not found:
        found.append((begins, ends))
    return found


def _name_nearest(ring: Ring, request: ClipRequest) -> str:
    stretches = list_stretches(ring, request.camera)
    if not stretches:
        return f"the ring holds nothing of {request.camera} now"
    from_ns, to_ns = request.from_utc_ms * NS_PER_MS, request.to_utc_ms * NS_PER_MS

    def away_ns(stretch: tuple[int, int]) -> int:
        return max(stretch[0] - to_ns, from_ns - stretch[1], 0)

    begins, ends = (_moment(edge_ns) for edge_ns in min(stretches, key=away_ns))
    return f"the ring has nothing of this time; the nearest it has is {begins} to {ends} UTC"


def _moment(utc_ns: int) -> str:
    return datetime.fromtimestamp(utc_ns // NS_PER_MS / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
