"""Sealed clips go up: in small chunks, at a pace that leaves the line to events, on a channel
that carries nothing else.

The collector says how much of a clip it has, so a cut costs at most the chunks under way. Fact 12:
a channel of its own is a connection of its own; what both share is the line, and `pace.py` sees to
it that no queue stands there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from edge.clock import Clock
from edge.enrolment.certificate import get_credentials
from edge.enrolment.channel import make_channel, wait_ready
from edge.enrolment.identity import Identity
from edge.errors import Kind
from edge.link.pace import Pace
from edge.link.upload_stream import UploadError, UploadStream, explain, read_at
from edge.wire.clip_talk import Ready, Report, manifest_path, sealed_path
from edge.wire.v1 import clip_pb2, clip_pb2_grpc

ANSWER_WITHIN_SECONDS = 30.0
MAX_MANIFEST_BYTES = 245_760
_STATES: dict[str, clip_pb2.ClipState.ValueType] = {
    "cutting": clip_pb2.CLIP_STATE_CUTTING,
    "refused": clip_pb2.CLIP_STATE_REFUSED,
    "failed": clip_pb2.CLIP_STATE_FAILED,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a clip the collector has."""

    clip: str
    stored_bytes: int
    sealed_bytes: int


class Uplink:
    """Calls of ClipService, on channels of its own. Belongs to one task."""

    def __init__(
        self,
        data: Path,
        identity: Callable[[], Identity],
        clock: Clock,
        *,
        most_bits_per_second: int,
    ) -> None:
        """identity: the one in force now, asked for each time."""
        self._data = data
        self._identity = identity
        self._clock = clock
        self._most_bits_per_second = most_bits_per_second

    async def report(self, report: Report) -> None:
        """Tell how a clip goes on. Raises UploadError."""
        request = clip_pb2.ReportClipRequest(
            clip=report.clip, state=_STATES[report.state], message=report.message
        )
        async with self._stub() as stub:
            try:
                await stub.ReportClip(request, timeout=ANSWER_WITHIN_SECONDS)
            except grpc.aio.AioRpcError as error:
                raise explain(error) from error

    async def upload(self, ready: Ready, tell: Callable[[Progress], None]) -> None:
        """Send what the collector lacks of a clip; it has all of it when this returns.

        Raises UploadError, OSError when the file cannot be read.
        """
        async with self._stub() as stub:
            stored_bytes = await self._offer(stub, ready)
            tell(Progress(ready.clip, stored_bytes, ready.sealed_bytes))
            if stored_bytes >= ready.sealed_bytes:
                return
            pace = Pace(self._most_bits_per_second, self._clock.monotonic_ns())
            stream = UploadStream(stub.UploadClip(), ready.clip, pace, self._clock)
            path = sealed_path(self._data, ready.clip)
            stored_bytes = await stream.send(path, stored_bytes, ready.sealed_bytes)
            tell(Progress(ready.clip, stored_bytes, ready.sealed_bytes))
        if stored_bytes != ready.sealed_bytes:
            raise UploadError(
                Kind.UNAVAILABLE, f"the collector has {stored_bytes} bytes of the clip"
            )

    @asynccontextmanager
    async def _stub(self) -> AsyncIterator["clip_pb2_grpc.ClipServiceAsyncStub"]:
        identity = self._identity()
        async with make_channel(identity.collector, get_credentials(identity)) as channel:
            if not await wait_ready(channel):
                raise UploadError(Kind.UNAVAILABLE, "the collector cannot be reached")
            stub: clip_pb2_grpc.ClipServiceAsyncStub = clip_pb2_grpc.ClipServiceStub(channel)
            yield stub

    async def _offer(self, stub: "clip_pb2_grpc.ClipServiceAsyncStub", ready: Ready) -> int:
        path = manifest_path(self._data, ready.clip)
        manifest = await asyncio.to_thread(read_at, path, 0, MAX_MANIFEST_BYTES)
        offer = clip_pb2.OfferClipRequest(
            clip=ready.clip,
            sealed_bytes=ready.sealed_bytes,
            sealed_blake3=bytes.fromhex(ready.sealed_blake3),
            manifest=manifest.decode(errors="replace"),
        )
        try:
            answer = await stub.OfferClip(offer, timeout=ANSWER_WITHIN_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise explain(error) from error
        return answer.stored_bytes
