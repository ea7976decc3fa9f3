"""Packets of one camera become fragments: whole groups of pictures, two seconds at most.

Short groups share a fragment, a longer one is divided evenly and the later parts say so. Spans are
measured on the stream's own clock, which has no jitter, and bounded on the labels. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from edge.vault.canon import Canon
from edge.vault.fragment import Fragment, Gap, GapReason, Row, Stream
from edge.vault.stamps import Stamp, Timekeeper
from edge.vault.units import UnitError
from edge.wire.packets import StreamHello, StreamPacket

LONGEST_NS = 2_000_000_000
# The stream's clock may run slow or stand still; the labels end a fragment then.
_LONGEST_LABELS_NS = 3_000_000_000
LARGEST_BYTES = 16 * 1024 * 1024
_USUAL_FPS = 25
# Three million years of 90 kHz: what lies beyond is no time stamp.
_LARGEST_TICKS = 2**62


@dataclass(frozen=True, slots=True)
class Context:
    """What holds when a packet arrives: the vault's clock, what proves it, and how well.

    clock_error_ms: by the vault's own proof; None: it has none.
    """

    now_utc_ns: int
    clock_source: str
    clock_error_ms: int | None = 0


@dataclass(slots=True)
class _Open:
    """The fragment being gathered."""

    stream: Stream
    is_split: bool
    samples: list[bytes]
    rows: list[Row]
    stamps: list[Stamp]
    clock_source: str
    size_bytes: int = 0


class Gatherer:
    """One camera's packets, over all its connections."""

    def __init__(self, camera: str, last_utc_ns: int = 0, gap: Gap | None = None) -> None:
        """last_utc_ns, gap: where the ring left off, and why it did."""
        self._camera = camera
        self._keeper = Timekeeper(last_utc_ns)
        self._canon: Canon | None = None
        self._open: _Open | None = None
        self._gap = gap
        self._is_split = False
        self._last_dts: int | None = None
        self._key_dts: int | None = None
        self._offset_ticks = 0
        self._group_ns = 0
        self.malformed_packets = 0

    @property
    def is_gathering(self) -> bool:
        """True while a fragment is open."""
        return self._open is not None

    @property
    def gap(self) -> Gap | None:
        """Why what comes next does not follow what came before."""
        return self._gap

    @property
    def last_utc_ns(self) -> int:
        """The newest label given."""
        return self._keeper.last_utc_ns

    def miss(self, reason: GapReason, lost_fragments: int = 0) -> None:
        """Note that something is missing from here on.

        The first reason stays; only a stream that began anew says less than what follows it.
        """
        before = self._gap or Gap(reason)
        says_little = before.reason is GapReason.CAMERA_SILENT
        told = reason if says_little else before.reason
        self._gap = Gap(told, before.lost_fragments + lost_fragments)

    def begin(self, hello: StreamHello) -> list[Fragment]:
        """A stream begins; what was gathered of the one before. Raises UnitError."""
        done = self.flush()
        if self._canon is not None:
            self.miss(GapReason.CAMERA_SILENT)
        self._canon = None
        self._canon = Canon(hello)
        self._last_dts = self._key_dts = None
        self._group_ns = 0
        return done

    def take(self, packet: StreamPacket, context: Context) -> list[Fragment]:
        """Add one packet; the fragments that are complete because of it, none to two."""
        if self._canon is None:
            return []
        try:
            sample = self._canon.convert(packet.encoded)
        except UnitError:
            self.malformed_packets += 1
            done = self.flush()
            self.miss(GapReason.MALFORMED)
            return done
        done = []
        if packet.is_discontinuous:
            done += self.flush()
            self.miss(GapReason.PACKETS_DROPPED)
        # A capture child may know of an error of its own; it is not surer than the vault.
        error_ms = context.clock_error_ms
        if error_ms is not None and packet.clock_error_ms is not None:
            error_ms = max(error_ms, packet.clock_error_ms)
        stamp = self._keeper.stamp(
            packet.captured_utc_ns,
            packet.captured_monotonic_ns,
            error_ms,
            context.now_utc_ns,
        )
        if stamp.has_stepped:
            done += self.flush()
            self.miss(GapReason.CLOCK_STEPPED)
        before_dts = self._last_dts
        dts, pts = self._ticks(packet, self._canon.stream)
        if packet.is_key:
            if self._key_dts is not None and before_dts is not None:
                group_ticks = before_dts - self._key_dts
                self._group_ns = self._canon.stream.ticks_to_ns(group_ticks)
            self._key_dts = dts
        done += self._close_before(packet, dts, stamp, len(sample), context)
        self._add(sample, packet, dts, pts, stamp)
        return done

    def flush(self) -> list[Fragment]:
        """What is gathered so far, as it is."""
        gathered, self._open = self._open, None
        self._is_split = False
        if gathered is None:
            return []
        fragment = self._made(gathered)
        self._gap = None
        return [fragment]

    def _close_before(
        self, packet: StreamPacket, dts: int, stamp: Stamp, size_bytes: int, context: Context
    ) -> list[Fragment]:
        """Close the open fragment if the packet does not belong in it, and open the next."""
        assert self._canon is not None
        gathered, stream = self._open, self._canon.stream
        done: list[Fragment] = []
        if gathered is not None and (
            stream != gathered.stream
            or context.clock_source != gathered.clock_source
            or self._is_full(gathered, packet, dts, stamp, size_bytes)
        ):
            done = self.flush()
            self._is_split = not packet.is_key
        if self._open is None:
            self._open = _Open(stream, self._is_split, [], [], [], context.clock_source)
        return done

    def _is_full(
        self, gathered: _Open, packet: StreamPacket, dts: int, stamp: Stamp, size_bytes: int
    ) -> bool:
        span_ns = gathered.stream.ticks_to_ns(dts - gathered.rows[0].dts)
        labels_ns = stamp.utc_ns - gathered.rows[0].captured_utc_ns
        if labels_ns > _LONGEST_LABELS_NS or gathered.size_bytes + size_bytes > LARGEST_BYTES:
            return True
        if not packet.is_key:
            parts = -(-self._group_ns // LONGEST_NS)
            # A group known to be long is divided evenly, not into two seconds and a rest.
            target_ns = self._group_ns / parts if parts > 1 else LONGEST_NS
            return span_ns > target_ns
        return span_ns + self._group_ns > LONGEST_NS

    def _add(self, sample: bytes, packet: StreamPacket, dts: int, pts: int, stamp: Stamp) -> None:
        gathered = self._open
        assert gathered is not None
        gathered.samples.append(sample)
        gathered.size_bytes += len(sample)
        gathered.stamps.append(stamp)
        gathered.rows.append(
            Row(len(sample), packet.is_key, dts, pts, packet.duration, stamp.utc_ns)
        )

    def _ticks(self, packet: StreamPacket, stream: Stream) -> tuple[int, int]:
        """The dts, growing strictly, and a pts not before it, whatever the stream says."""
        usual = stream.time_base_den // (stream.time_base_num * _USUAL_FPS)
        step = packet.duration or max(1, usual)
        dts = packet.dts if packet.dts is not None else packet.pts
        if dts is not None and abs(dts) > _LARGEST_TICKS:
            dts = None
        if self._last_dts is None:
            self._offset_ticks = 0
            placed = 0 if dts is None else dts
        else:
            placed = self._last_dts + step if dts is None else dts + self._offset_ticks
            far = min(10 * stream.time_base_den // stream.time_base_num, 2**31)
            if not self._last_dts < placed < self._last_dts + max(far, step + 1):
                placed = self._last_dts + step
                self._offset_ticks = 0 if dts is None else placed - dts
        self._last_dts = placed
        shift = 0 if packet.pts is None or dts is None else packet.pts - dts
        return placed, placed + max(0, min(shift, 2**31 - 1))

    def _made(self, gathered: _Open) -> Fragment:
        errors = [stamp.error_ms for stamp in gathered.stamps]
        proven = [error for error in errors if error is not None]
        return Fragment(
            camera=self._camera,
            stream=gathered.stream,
            samples=b"".join(gathered.samples),
            rows=_with_durations(gathered.rows),
            captured_monotonic_ns=gathered.stamps[0].monotonic_ns,
            clock_error_ms=max(proven) if len(proven) == len(errors) else None,
            clock_source=gathered.clock_source,
            is_split=gathered.is_split,
            gap=self._gap,
        )


def _with_durations(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Each sample lasts until the next; the last as long as it says, else as the one before."""
    whole = [replace(row, duration=later.dts - row.dts) for row, later in pairwise(rows)]
    last = rows[-1]
    before = whole[-1].duration if whole else 0
    return (*whole, replace(last, duration=last.duration or before))
