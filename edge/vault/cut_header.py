"""The header of a clip's MP4: everything before the first sample, made without any sample.

PyAV muxes samples of the right sizes and times but of zeros, into a sink that keeps the header and
counts the rest. The header speaks of sizes and times only, so it fits the real samples, which then
follow it unchanged. So a clip of any length is cut in little memory, is nowhere on the disk in
clear, and what a camera sent never meets a muxer in the process that holds the keys.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from edge.errors import Kind, VigieError
from edge.vault.fragment import Stream

if TYPE_CHECKING:
    import av.container

# FFmpeg joins samples into chunks of at most so much.
_CHUNK_BYTES = 1 << 20
# Boxes of fixed size, parameter sets aside.
_FIXED_BYTES = 2_048
_BOX_HEAD_BYTES = 8
_LARGE_BOX_HEAD_BYTES = 16


@dataclass(frozen=True, slots=True)
class Placed:
    """One sample in the clip. dts, pts, duration: ticks of the stream's time base; pts from 0."""

    sample_bytes: int
    is_key: bool
    dts: int
    pts: int
    duration: int


def make_header(
    stream: Stream, samples: Sequence[Placed], *, begins_utc_ms: int, mark: str = ""
) -> bytes:
    """The bytes before the samples; header and samples together are a plain MP4, moov first.

    begins_utc_ms: capture of the first sample. mark: shown by players as the title, such as BENCH.

    Raises VigieError(FAILED_PRECONDITION) for a codec that an MP4 cannot hold.
    """
    import av  # noqa: PLC0415 - loads FFmpeg, for cutting only

    reserved_bytes = _count_moov_bytes(stream, samples)
    sink = _Sink(reserved_bytes + 1_024)
    options = {"moov_size": str(reserved_bytes)}
    with av.open(sink, "w", format="mp4", options=options) as container:
        begins = datetime.fromtimestamp(begins_utc_ms / 1000, UTC)
        container.metadata["creation_time"] = begins.isoformat()
        if mark:
            container.metadata["title"] = mark
        track = _add_track(container, stream)
        time_base = Fraction(stream.time_base_num, stream.time_base_den)
        for sample in samples:
            packet = av.Packet(sample.sample_bytes)
            packet.stream = track
            packet.time_base = time_base
            packet.dts, packet.pts, packet.duration = sample.dts, sample.pts, sample.duration
            packet.is_keyframe = sample.is_key
            container.mux_one(packet)
    return _cut_header(sink, sum(sample.sample_bytes for sample in samples))


def _add_track(container: "av.container.OutputContainer", stream: Stream) -> "av.VideoStream":
    import av  # noqa: PLC0415

    # A stream whose codec context is not opened can only be made from another one.
    with av.open(io.BytesIO(), "w", format="mp4") as scratch:
        try:
            template = scratch.add_stream(stream.codec)
        except ValueError as error:
            raise VigieError(
                Kind.FAILED_PRECONDITION,
                f"no clip can be made of the camera's codec {stream.codec}",
                hint="Set the camera to H.264 or H.265.",
            ) from error
        track = container.add_stream_from_template(template, opaque=True)
    assert isinstance(track, av.VideoStream)
    track.codec_context.width = stream.width_px
    track.codec_context.height = stream.height_px
    if stream.extradata:
        track.codec_context.extradata = stream.extradata
    track.time_base = Fraction(stream.time_base_num, stream.time_base_den)
    return track


def _count_moov_bytes(stream: Stream, samples: Sequence[Placed]) -> int:
    """No less than the tables take: what is over becomes a box that players skip."""
    shifts = sum(1 for _ in groupby(sample.pts - sample.dts for sample in samples))
    lengths = sum(1 for _ in groupby(later.dts - one.dts for one, later in pairwise(samples)))
    keys = sum(sample.is_key for sample in samples)
    total = sum(sample.sample_bytes for sample in samples)
    chunks = min(len(samples), 2 * total // _CHUNK_BYTES + 2)
    tables = 4 * len(samples) + 8 * (shifts + lengths + 2) + 4 * keys + 24 * chunks
    return _FIXED_BYTES + len(stream.extradata) + tables


def _cut_header(sink: "_Sink", samples_bytes: int) -> bytes:
    """Up to the content of mdat. Raises VigieError(INTERNAL) when that holds anything else."""
    place = 0
    kept = sink.kept
    while kept[place + 4 : place + 8] != b"mdat":
        size_bytes = int.from_bytes(kept[place : place + 4], "big")
        if size_bytes < _BOX_HEAD_BYTES or place + size_bytes > len(kept):
            raise VigieError(Kind.INTERNAL, f"the header of a clip is not understood at {place}")
        place += size_bytes
    size_bytes, head_bytes = int.from_bytes(kept[place : place + 4], "big"), _BOX_HEAD_BYTES
    if size_bytes == 1:
        size_bytes = int.from_bytes(kept[place + 8 : place + 16], "big")
        head_bytes = _LARGE_BOX_HEAD_BYTES
    if size_bytes - head_bytes != samples_bytes or place + size_bytes != sink.end_bytes:
        raise VigieError(Kind.INTERNAL, "a clip would hold more or less than its samples")
    return bytes(kept[: place + head_bytes])


class _Sink:
    """A file that keeps its beginning and forgets the rest; what FFmpeg writes to."""

    def __init__(self, kept_bytes: int) -> None:
        self.kept = bytearray(kept_bytes)
        self.end_bytes = 0
        self._at_bytes = 0

    def write(self, written: bytes) -> int:
        """Take bytes at the present place."""
        kept = written[: max(0, len(self.kept) - self._at_bytes)]
        self.kept[self._at_bytes : self._at_bytes + len(kept)] = kept
        self._at_bytes += len(written)
        self.end_bytes = max(self.end_bytes, self._at_bytes)
        return len(written)

    def seek(self, offset_bytes: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._at_bytes, io.SEEK_END: self.end_bytes}
        self._at_bytes = starts[whence] + offset_bytes
        return self._at_bytes

    def tell(self) -> int:
        """The present place."""
        return self._at_bytes
