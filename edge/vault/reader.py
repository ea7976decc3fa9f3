"""Reading the ring: which fragments show a stretch of time, and what is in them.

Opens its own reading connection, so it may run beside the writer, in another thread or process
with the vault's rights. What retention has just removed is NOT_FOUND; what is not as it was
written is DATA_LOSS.
"""

from edge.errors import Kind
from edge.vault.disk import RingError
from edge.vault.fragment import Fragment
from edge.vault.index import Entry, GapRow, Index
from edge.vault.keys import DayKeys
from edge.vault.places import VaultPlaces, day_text
from edge.vault.record import Header
from edge.vault.sealing import unseal
from edge.vault.segments import SegmentReader

# How far back a decoder's start is looked for: a minute of groups divided into two seconds.
_MOST_STEPS_BACK = 30


class RingReader:
    """All cameras of one ring. Used by one thread."""

    def __init__(self, places: VaultPlaces) -> None:
        """Raises RingError when there is no index to read."""
        self._places = places
        if not places.index.exists():
            raise RingError(
                Kind.NOT_FOUND,
                "there is no ring",
                where=str(places.vault),
                hint="Start the vault with 'vigie edge run'; it makes the ring.",
            )
        self._index = Index(places.index, is_readonly=True)
        self._keys = DayKeys(places)

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    def __enter__(self) -> "RingReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cameras(self) -> list[str]:
        """Cameras that the ring ever held something of."""
        return self._index.cameras()

    def span(self, camera: str) -> tuple[int, int] | None:
        """Labels of the oldest and the newest sample, nanoseconds UTC; None: nothing is held."""
        first, last = self._index.first(camera), self._index.last(camera)
        return None if first is None or last is None else (first.first_utc_ns, last.last_utc_ns)

    def totals(self, camera: str) -> tuple[int, int]:
        """Number and bytes of the fragments held."""
        return self._index.camera_totals(camera)

    def entries(self, camera: str, from_utc_ns: int = 0, to_utc_ns: int = 2**63 - 1) -> list[Entry]:
        """What the index says of the fragments that touch an interval, in order."""
        return self._index.entries(camera, from_utc_ns, to_utc_ns)

    def days(self, camera: str) -> list[str]:
        """Days, `2026-11-21`, whose key still exists."""
        return [day_text(day) for day in self._keys.days(camera)]

    def gaps(self, camera: str) -> list[GapRow]:
        """What is missing, in order."""
        return self._index.gaps(camera)

    def footage(self, camera: str) -> "CameraFootage":
        """One camera's fragments."""
        return CameraFootage(self._places, self._index, self._keys, camera)


class CameraFootage:
    """One camera's fragments, for reading."""

    def __init__(self, places: VaultPlaces, index: Index, keys: DayKeys, camera: str) -> None:
        self._places = places
        self._index = index
        self._keys = keys
        self._camera = camera
        self._days: dict[int, int] = {}

    def list_headers(self, from_utc_ns: int, to_utc_ns: int) -> list[Header]:
        """All that hold a sample of the time, in order; before them as many as a decoder needs."""
        entries = self._index.entries(self._camera, from_utc_ns, to_utc_ns)
        headers = [self._header(entry) for entry in entries]
        for _ in range(_MOST_STEPS_BACK):
            if not headers or headers[0].starts_at_key or headers[0].gap is not None:
                break
            before = self._index.before(self._camera, headers[0].seq)
            if before is None or before.seq != headers[0].seq - 1:
                break
            headers.insert(0, self._header(before))
        return headers

    def open_fragment(self, header: Header) -> Fragment:
        """The fragment itself. Raises RingError(DATA_LOSS) when it is not as it was written."""
        entry = self._index.before(self._camera, header.seq + 1)
        if entry is None or entry.seq != header.seq:
            raise self._gone(header.seq)
        key = self._keys.load(self._camera, header.day)
        if key is None:
            raise RingError(
                Kind.NOT_FOUND,
                f"the key of {day_text(header.day)} is destroyed",
                where=f"camera {self._camera}",
            )
        with self._reader(entry) as reader:
            sealed = reader.sealed(entry.place, header)
        try:
            return unseal(key, header, sealed, self._camera)
        except RingError as error:
            raise RingError(error.kind, error.what, where=self._where(entry)) from None

    def _header(self, entry: Entry) -> Header:
        with self._reader(entry) as reader:
            header = reader.header(entry.place)
        if header is None or header.seq != entry.seq:
            raise RingError(
                Kind.DATA_LOSS,
                "its header is not as it was written",
                where=self._where(entry),
                hint="Run 'vigie vault verify' to see all that is damaged.",
            )
        return header

    def _reader(self, entry: Entry) -> SegmentReader:
        if entry.segment not in self._days:
            rows = self._index.segments(self._camera)
            self._days = {row.number: row.day for row in rows}
        if entry.segment not in self._days:
            raise self._gone(entry.seq)
        day = self._days[entry.segment]
        return SegmentReader(self._places.segment(self._camera, day, entry.segment))

    def _where(self, entry: Entry) -> str:
        day = self._days[entry.segment]
        path = self._places.segment(self._camera, day, entry.segment)
        return f"{path}: fragment {entry.seq} at byte {entry.place}"

    def _gone(self, seq: int) -> RingError:
        return RingError(
            Kind.NOT_FOUND,
            f"fragment {seq} is no longer in the ring",
            where=f"camera {self._camera}",
        )
