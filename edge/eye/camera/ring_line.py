"""The line from a capture child to the vault: packets out, never waiting, nothing back.

A vault that is away or slow must not hold up the camera. What cannot be sent waits in a bounded
queue; when that is full, everything up to the next key picture is dropped, counted, and the
packet after the hole says so. A lost line is opened again, at most once a second.

While the mandate allows no recording no packet leaves; the hello does, so that the vault knows what
the stream would be and says by itself why nothing of it is kept.
"""

import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.clock import Clock
from edge.eye.camera.source import Packet, StreamFormat
from edge.wire.doorway import short_address
from edge.wire.packets import (
    MAX_PACKET_BYTES,
    SourceKind,
    StreamHello,
    StreamPacket,
    StreamRules,
    pack_hello,
    pack_packet_head,
)

RETRY_NS = 1_000_000_000
# Four seconds of the fastest camera there is, or half a minute of a usual one.
QUEUE_BYTES = 16 << 20


@dataclass(slots=True)
class LineCounts:
    """What became of packets. dropped: never reached the vault."""

    sent: int = 0
    dropped: int = 0


class RingLine:
    """One camera's packets to the vault's socket. A `PacketSink`; belongs to one thread."""

    def __init__(
        self,
        path: Path,
        camera: str,
        clock: Clock,
        *,
        rules: StreamRules,
        may_record: Callable[[], bool],
        kind: SourceKind,
        is_masked: bool = False,
    ) -> None:
        """Speak to the socket at `path` for a camera.

        rules: of the site file that the packets are made under. may_record: asked for each packet.
        kind: where packets come from that were not encoded here. is_masked: after the masks
        were burned in.
        """
        self._rules = rules
        self._may_record = may_record
        self._path = path
        self._camera = camera
        self._clock = clock
        self._kind = kind
        self._is_masked = is_masked
        self._hello = b""
        self._line: socket.socket | None = None
        self._retry_ns = 0
        self._queue: deque[memoryview] = deque()
        self._queued_bytes = 0
        self._has_hole = False
        self.counts = LineCounts()

    @property
    def has_begun(self) -> bool:
        """Whether anybody has said what the packets are."""
        return bool(self._hello)

    def begin(self, stream: StreamFormat) -> None:
        """The packets that follow are of this format; said again when the stream began anew."""
        self._hello = pack_hello(
            StreamHello(
                camera=self._camera,
                codec=stream.codec,
                extradata=stream.extradata,
                width_px=stream.width_px,
                height_px=stream.height_px,
                time_base_num=stream.time_base_num,
                time_base_den=stream.time_base_den,
                is_masked=self._is_masked,
                source_kind=SourceKind.POLE if stream.is_ours else self._kind,
                rules=self._rules,
            )
        )
        if self._line is not None:
            self._put(self._hello)

    def take(self, packet: Packet) -> None:
        """Send a packet, or keep it, or drop it. Never blocks."""
        utc_ns, monotonic_ns = self._clock.utc_ns(), self._clock.monotonic_ns()
        self._ensure_line(monotonic_ns)
        if not self._may_go(packet):
            self.counts.dropped += 1
            self._send()
            return
        head = pack_packet_head(
            StreamPacket(
                encoded=packet.encoded,
                is_key=packet.is_key,
                is_discontinuous=self._has_hole,
                pts=packet.pts,
                dts=packet.dts,
                duration=packet.duration,
                captured_utc_ns=utc_ns,
                captured_monotonic_ns=monotonic_ns,
                # The vault proves the clock by itself.
                clock_error_ms=None,
            )
        )
        self._has_hole = False
        self.counts.sent += 1
        self._put(head)
        self._put(packet.encoded)
        self._send()

    def close(self) -> None:
        """Hang up; what still waits is lost to the vault, which will know the gap by its length."""
        self._send()
        self._hang_up()

    def _ensure_line(self, now_ns: int) -> None:
        if self._line is not None or now_ns < self._retry_ns or not self._hello:
            return
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            with short_address(self._path) as address:
                line.connect(address)
        except OSError:
            line.close()
            self._retry_ns = now_ns + RETRY_NS
            return
        self._line = line
        self._put(self._hello)
        self._has_hole = True

    def _may_go(self, packet: Packet) -> bool:
        """After a hole only a key picture may go on; without a line or a permit nothing goes."""
        if not self._may_record():
            self._has_hole = True
            return False
        if self._line is None or not 0 < len(packet.encoded) <= MAX_PACKET_BYTES:
            self._has_hole = True
            return False
        if self._queued_bytes + len(packet.encoded) > QUEUE_BYTES:
            self._has_hole = True
            return False
        return packet.is_key or not self._has_hole

    def _put(self, content: bytes) -> None:
        self._queue.append(memoryview(content))
        self._queued_bytes += len(content)

    def _send(self) -> None:
        if self._line is None:
            return
        try:
            while self._queue:
                sent_bytes = self._line.send(self._queue[0])
                self._queued_bytes -= sent_bytes
                rest = self._queue.popleft()[sent_bytes:]
                if rest:
                    self._queue.appendleft(rest)
        except BlockingIOError:
            return
        except OSError:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None
        self._has_hole = True
        self._queue.clear()
        self._queued_bytes = 0
        self._retry_ns = self._clock.monotonic_ns() + RETRY_NS
