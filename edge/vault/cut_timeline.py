"""When each sample of a clip shows, and what cannot stand in one clip."""

from edge.errors import Kind, VigieError
from edge.vault.cut_header import Placed
from edge.vault.fragment import Fragment, GapReason, Stream
from edge.vault.record import Header

NS_PER_MS = 1_000_000


class CutError(VigieError):
    """The asked stretch cannot be cut; the message names what is available instead."""


class TimeLine:
    """Where samples stand in the clip. Across a gap the clip's clock goes on with the labels'."""

    def __init__(self) -> None:
        self.samples: list[Placed] = []
        self._stream: Stream | None = None
        self._before: Header | None = None
        self._shift = 0

    @property
    def stream(self) -> Stream:
        """How all samples are encoded."""
        assert self._stream is not None
        return self._stream

    def add(self, header: Header, fragment: Fragment) -> None:
        """Place a fragment behind the one before. Raises CutError for another coding."""
        self._check_stream(fragment.stream, header)
        self._shift = self._find_shift(header, fragment)
        for row in fragment.rows:
            self.samples.append(
                Placed(
                    row.sample_bytes,
                    row.is_key,
                    row.dts + self._shift,
                    row.pts + self._shift,
                    row.duration,
                )
            )
        self._before = header

    def add_still(self, stream: Stream, sample_bytes: int, duration: int) -> None:
        """Place the only sample."""
        self._stream = stream
        self.samples.append(Placed(sample_bytes, True, 0, 0, duration))

    def _check_stream(self, stream: Stream, header: Header) -> None:
        if self._stream is None:
            self._stream = stream
        elif stream != self._stream:
            raise CutError(
                Kind.FAILED_PRECONDITION,
                "the camera's coding changes within the asked time, at "
                f"{header.first_utc_ns // NS_PER_MS} ms",
                hint="Ask for the time before and the time after it as two clips.",
            )

    def _find_shift(self, header: Header, fragment: Fragment) -> int:
        first_dts = fragment.rows[0].dts
        if self._before is None:
            # The first picture shows at 0; what is decoded for it comes before.
            return -fragment.rows[0].pts
        last = self.samples[-1]
        follows = header.seq == self._before.seq + 1 and (
            header.gap is None or header.gap.reason is GapReason.CLOCK_STEPPED
        )
        if follows and first_dts + self._shift > last.dts:
            return self._shift
        away_ns = header.first_utc_ns - self._before.last_utc_ns
        stream = self.stream
        ticks = away_ns * stream.time_base_den // (stream.time_base_num * 1_000_000_000)
        return last.dts + max(ticks, last.duration, 1) - first_dts
