"""Sealed clips go up: in small chunks, throttled, on a channel that carries nothing else.

The collector says how much of a clip it has, so a cut costs at most the chunks under way. Fact 12:
a channel of its own is a connection of its own, and the bucket keeps the line free for events.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from edge.clock import Clock
from edge.errors import Kind, VigieError
from edge.link.channel import get_kind, make_channel, wait_ready
from edge.link.enrolment import get_credentials
from edge.link.identity import Identity
from edge.link.throttle import TokenBucket
from edge.wire.clip_talk import Ready, Report, manifest_path, sealed_path
from edge.wire.v1 import clip_pb2, clip_pb2_grpc

# Small, so that an event on the same line waits for little; 64 KiB is the most the wire allows.
CHUNK_BYTES = 32 * 1024
ANSWER_WITHIN_SECONDS = 30.0
# A chunk that is not taken for so long meets a collector that no longer reads.
CHUNK_WITHIN_SECONDS = 60.0
MAX_MANIFEST_BYTES = 245_760
_STATES: dict[str, clip_pb2.ClipState.ValueType] = {
    "cutting": clip_pb2.CLIP_STATE_CUTTING,
    "refused": clip_pb2.CLIP_STATE_REFUSED,
    "failed": clip_pb2.CLIP_STATE_FAILED,
}


class UploadError(VigieError):
    """A clip or a report did not get through; the kind says whether asking again may help."""

    @property
    def is_final(self) -> bool:
        """True when the collector does not want it: asking again changes nothing."""
        return self.kind in {
            Kind.INVALID_ARGUMENT,
            Kind.NOT_FOUND,
            Kind.PERMISSION_DENIED,
            Kind.FAILED_PRECONDITION,
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
        bucket: TokenBucket,
        clock: Clock,
    ) -> None:
        """identity: the one in force now, asked for each time."""
        self._data = data
        self._identity = identity
        self._bucket = bucket
        self._clock = clock

    async def report(self, report: Report) -> None:
        """Tell how a clip goes on. Raises UploadError."""
        request = clip_pb2.ReportClipRequest(
            clip=report.clip, state=_STATES[report.state], message=report.message
        )
        async with self._stub() as stub:
            try:
                await stub.ReportClip(request, timeout=ANSWER_WITHIN_SECONDS)
            except grpc.aio.AioRpcError as error:
                raise _error_of(error) from error

    async def upload(self, ready: Ready, tell: Callable[[Progress], None]) -> None:
        """Send what the collector lacks of a clip; it has all of it when this returns.

        Raises UploadError, OSError when the file cannot be read.
        """
        async with self._stub() as stub:
            stored_bytes = await self._offer(stub, ready)
            tell(Progress(ready.clip, stored_bytes, ready.sealed_bytes))
            if stored_bytes >= ready.sealed_bytes:
                return
            sent_bytes = await self._send(stub, ready, stored_bytes)
            tell(Progress(ready.clip, sent_bytes, ready.sealed_bytes))
        if sent_bytes != ready.sealed_bytes:
            raise UploadError(Kind.UNAVAILABLE, f"the collector has {sent_bytes} bytes of the clip")

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
        manifest = await asyncio.to_thread(_read_at, path, 0, MAX_MANIFEST_BYTES)
        offer = clip_pb2.OfferClipRequest(
            clip=ready.clip,
            sealed_bytes=ready.sealed_bytes,
            sealed_sha256=bytes.fromhex(ready.sealed_sha256),
            manifest=manifest.decode(errors="replace"),
        )
        try:
            answer = await stub.OfferClip(offer, timeout=ANSWER_WITHIN_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise _error_of(error) from error
        return answer.stored_bytes

    async def _send(
        self, stub: "clip_pb2_grpc.ClipServiceAsyncStub", ready: Ready, from_byte: int
    ) -> int:
        path = sealed_path(self._data, ready.clip)
        call = stub.UploadClip()
        place = from_byte
        try:
            while place < ready.sealed_bytes:
                sealed = await asyncio.to_thread(_read_at, path, place, CHUNK_BYTES)
                if not sealed:
                    raise UploadError(
                        Kind.DATA_LOSS, f"clip {ready.clip} is shorter than announced"
                    )
                await asyncio.sleep(self._bucket.take(len(sealed), self._clock.monotonic_ns()))
                chunk = clip_pb2.UploadClipRequest(
                    clip=ready.clip, offset_bytes=place, sealed=sealed
                )
                async with asyncio.timeout(CHUNK_WITHIN_SECONDS):
                    await call.write(chunk)
                place += len(sealed)
            async with asyncio.timeout(CHUNK_WITHIN_SECONDS):
                await call.done_writing()
                answer = await call
        except TimeoutError as error:
            raise UploadError(
                Kind.UNAVAILABLE, "the collector takes nothing of the clip any more"
            ) from error
        except asyncio.InvalidStateError:
            raise await _end_of(call) from None
        except grpc.aio.AioRpcError as error:
            raise _error_of(error) from error
        finally:
            call.cancel()
        return answer.stored_bytes


def _read_at(path: Path, place: int, size_bytes: int) -> bytes:
    with path.open("rb") as file:
        file.seek(place)
        return file.read(size_bytes)


def _error_of(error: grpc.aio.AioRpcError) -> UploadError:
    code = error.code()
    return UploadError(get_kind(code), f"the collector says: {error.details() or code.name}")


async def _end_of(
    call: "grpc.aio.StreamUnaryCall[clip_pb2.UploadClipRequest, clip_pb2.UploadClipResponse]",
) -> UploadError:
    """Why a call had ended already when we wanted to write."""
    code = await call.code()
    return UploadError(get_kind(code), f"the collector says: {await call.details() or code.name}")
