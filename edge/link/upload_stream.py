"""The chunks of one clip on their way up: written at the pace, answered one by one."""

import asyncio
from pathlib import Path

import grpc

from edge.clock import Clock
from edge.enrolment.channel import get_kind
from edge.errors import Kind, VigieError
from edge.link.pace import Pace
from edge.link.turn import Turn
from edge.wire.v1 import clip_pb2

# A collector that answers nothing for so long no longer reads, or its disk stands still.
ANSWER_WITHIN_SECONDS = 60.0

Call = grpc.aio.StreamStreamCall[clip_pb2.UploadClipRequest, clip_pb2.UploadClipResponse]


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


class UploadStream:
    """One call of ClipService.UploadClip. Made and used once, by one task."""

    def __init__(self, call: Call, clip: str, pace: Pace, clock: Clock) -> None:
        self._call = call
        self._clip = clip
        self._turn = Turn(pace, clock, ANSWER_WITHIN_SECONDS)
        self._stored_bytes = 0

    async def send(self, path: Path, from_byte: int, to_byte: int) -> int:
        """Send a stretch of a sealed file; how much of the file the collector has then.

        Raises UploadError; OSError when the file cannot be read.
        """
        self._stored_bytes = from_byte
        reading = asyncio.create_task(self._read(from_byte))
        writing = asyncio.create_task(self._write(path, from_byte, to_byte))
        try:
            await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                await writing
                await asyncio.wait({reading}, timeout=ANSWER_WITHIN_SECONDS)
            if not reading.done():
                raise _silent()
            await reading
        except grpc.aio.AioRpcError as error:
            raise explain(error) from error
        finally:
            reading.cancel()
            writing.cancel()
            self._call.cancel()
        return self._stored_bytes

    async def _read(self, from_byte: int) -> None:
        async for answer in self._call:
            self._stored_bytes = answer.stored_bytes
            self._turn.note_stored(answer.stored_bytes - from_byte)

    async def _write(self, path: Path, place: int, to_byte: int) -> None:
        try:
            while place < to_byte:
                await self._turn.wait()
                sealed = await asyncio.to_thread(read_at, path, place, self._turn.chunk_bytes)
                if not sealed:
                    raise UploadError(
                        Kind.DATA_LOSS, f"clip {self._clip} is shorter than announced"
                    )
                self._turn.note_sent(len(sealed))
                chunk = clip_pb2.UploadClipRequest(
                    clip=self._clip, offset_bytes=place, sealed=sealed
                )
                async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                    await self._call.write(chunk)
                place += len(sealed)
            await self._call.done_writing()
        except TimeoutError as error:
            raise _silent() from error
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return  # the call is over; who reads it is told why


def explain(error: grpc.aio.AioRpcError) -> UploadError:
    """A call's end in the collector's words."""
    code = error.code()
    return UploadError(get_kind(code), f"the collector says: {error.details() or code.name}")


def read_at(path: Path, place: int, size_bytes: int) -> bytes:
    """A stretch of a file. Blocks. Raises OSError."""
    with path.open("rb") as file:
        file.seek(place)
        return file.read(size_bytes)


def _silent() -> UploadError:
    return UploadError(Kind.UNAVAILABLE, "the collector takes nothing of the clip any more")
