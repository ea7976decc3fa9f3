"""A fragment: at most two seconds of one camera, and what must be known to play and place it.

Its plaintext is the samples, one after the other exactly as an MP4's mdat wants them, and behind
them a table of sizes and times. The hash that a clip's manifest repeats is over the samples alone.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from edge.errors import Kind, VigieError
from edge.wire.packets import SourceKind

_STREAM = struct.Struct("<HHIIBBBI")
_ROW = struct.Struct("<IBqiIQ")
_IS_KEY = 1
# A view where a fragment was opened: at gigabytes a second a copy more would be seen.
Samples = bytes | memoryview


class GapReason(Enum):
    """Why the stretch before a fragment is not in the ring."""

    # The vault was told to end, and did so cleanly.
    STOPPED = 1
    # The vault ended without a word: killed, or the power was cut.
    KILLED = 2
    # The camera sent nothing, or its stream began anew.
    CAMERA_SILENT = 3
    # The capture child dropped packets, or the stream lost them.
    PACKETS_DROPPED = 4
    # No mandate allowed recording.
    NO_PERMIT = 5
    # The disk took less than the cameras gave.
    DISK_SLOW = 6
    DISK_FULL = 7
    DISK_FAILING = 8
    DISK_READ_ONLY = 9
    # The clock was set forwards: the labels leave out time, no video is missing.
    CLOCK_STEPPED = 10
    # Sealed fragments cannot be read any more.
    DAMAGED = 11
    # Packets were no units of their codec.
    MALFORMED = 12

    @property
    def word(self) -> str:
        """As shown and logged."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing before a fragment. lost_fragments: whole ones that were never stored."""

    reason: GapReason
    lost_fragments: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """How the samples were encoded.

    extradata: avcC or hvcC for H.264 and H.265 (4-byte lengths), else as the source has it.
    time_base_*: seconds per tick.
    """

    codec: str
    extradata: bytes
    width_px: int
    height_px: int
    time_base_num: int
    time_base_den: int
    is_masked: bool
    source_kind: SourceKind

    def ticks_to_ns(self, ticks: int) -> int:
        """Nanoseconds of so many ticks."""
        return ticks * 1_000_000_000 * self.time_base_num // self.time_base_den


@dataclass(frozen=True, slots=True)
class Row:
    """One sample. dts, pts, duration: ticks; dts grows strictly within a run of the camera.

    captured_utc_ns: the ring's own label, which never goes back.
    """

    sample_bytes: int
    is_key: bool
    dts: int
    pts: int
    duration: int
    captured_utc_ns: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """Ready to be sealed, or opened again.

    samples: all encoded bytes. rows: one a sample. captured_monotonic_ns: of the first sample.
    clock_error_ms: the largest error of any label; None: the clock was not proven.
    clock_source: what proved it, such as "kernel_ntp"; empty: nothing.
    is_split: it goes on where a group of pictures longer than two seconds was divided.
    gap: what is missing before it; None: it follows the fragment before it without a hole.
    """

    camera: str
    stream: Stream
    samples: Samples
    rows: tuple[Row, ...]
    captured_monotonic_ns: int
    clock_error_ms: int | None
    clock_source: str
    is_split: bool
    gap: Gap | None

    @property
    def first_utc_ns(self) -> int:
        """Label of the first sample."""
        return self.rows[0].captured_utc_ns

    @property
    def last_utc_ns(self) -> int:
        """Label of the last sample."""
        return self.rows[-1].captured_utc_ns

    @property
    def starts_at_key(self) -> bool:
        """True when a decoder may start here."""
        return self.rows[0].is_key


def write_table(stream: Stream, rows: Sequence[Row]) -> bytes:
    """What stands behind the samples in a fragment's plaintext."""
    codec = stream.codec.encode("ascii")
    head = _STREAM.pack(
        stream.width_px,
        stream.height_px,
        stream.time_base_num,
        stream.time_base_den,
        stream.is_masked,
        stream.source_kind.value,
        len(codec),
        len(stream.extradata),
    )
    table = b"".join(
        _ROW.pack(
            row.sample_bytes,
            row.is_key * _IS_KEY,
            row.dts,
            row.pts - row.dts,
            row.duration,
            row.captured_utc_ns,
        )
        for row in rows
    )
    return head + codec + stream.extradata + table


def read_table(table: bytes) -> tuple[Stream, tuple[Row, ...]]:
    """The other way. Raises VigieError DATA_LOSS; a sealed table never does."""
    try:
        width, height, num, den, is_masked, source, codec_bytes, extra_bytes = _STREAM.unpack_from(
            table
        )
        place = _STREAM.size + codec_bytes
        codec = table[_STREAM.size : place].decode("ascii")
        extradata = table[place : place + extra_bytes]
        stream = Stream(
            codec, extradata, width, height, num, den, bool(is_masked), SourceKind(source)
        )
        rows = tuple(
            Row(size, bool(flags & _IS_KEY), dts, dts + shift, duration, utc_ns)
            for size, flags, dts, shift, duration, utc_ns in _ROW.iter_unpack(
                table[place + extra_bytes :]
            )
        )
    except (struct.error, ValueError) as error:
        raise VigieError(Kind.DATA_LOSS, f"a fragment's table cannot be read: {error}") from None
    return stream, rows
