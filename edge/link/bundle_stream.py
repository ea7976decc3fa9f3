"""The pieces of one bundle on their way down: asked for at the pace that the line bears.

Each piece is asked for by itself, so what is under way is the pole's choice and no queue of a
bundle stands before its acks. A cut costs the pieces under way; what was written is kept.
"""

import asyncio
from pathlib import Path

import grpc

from edge.clock import Clock
from edge.errors import Kind
from edge.link.pace import Pace
from edge.link.turn import Turn
from edge.link.upload_stream import UploadError, explain
from edge.wire.update_talk import Offer
from edge.wire.v1 import update_pb2

ANSWER_WITHIN_SECONDS = 60.0

Call = grpc.aio.StreamStreamCall[update_pb2.FetchBundleRequest, update_pb2.FetchBundleResponse]


class BundleStream:
    """One call of UpdateService.FetchBundle. Made and used once, by one task."""

    def __init__(self, call: Call, offer: Offer, pace: Pace, clock: Clock) -> None:
        self._call = call
        self._offer = offer
        self._turn = Turn(pace, clock, None)

    async def fetch(self, part: Path, from_byte: int) -> None:
        """Append what is missing to a file; all of it is there when this returns.

        Raises UploadError; OSError where the disk does not take it.
        """
        reading = asyncio.create_task(self._read(part, from_byte))
        asking = asyncio.create_task(self._ask(from_byte))
        try:
            await asyncio.wait({reading, asking}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                await asking
            await reading
        except grpc.aio.AioRpcError as error:
            raise explain(error) from error
        finally:
            reading.cancel()
            asking.cancel()
            self._call.cancel()
            await asyncio.wait({reading, asking})

    async def _read(self, part: Path, from_byte: int) -> None:
        place = from_byte
        try:
            while place < self._offer.bundle_bytes:
                async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                    piece = await self._call.read()
                if not isinstance(piece, update_pb2.FetchBundleResponse):
                    raise UploadError(
                        Kind.UNAVAILABLE, f"the collector ended after {place} bytes of the bundle"
                    )
                if piece.offset_bytes != place or not piece.bundle:
                    raise UploadError(Kind.INTERNAL, f"the collector sent no piece at {place}")
                await asyncio.to_thread(_append, part, place, piece.bundle)
                place += len(piece.bundle)
                self._turn.note_stored(place - from_byte)
        except TimeoutError as error:
            raise UploadError(Kind.UNAVAILABLE, "the collector sends nothing any more") from error

    async def _ask(self, place: int) -> None:
        try:
            while place < self._offer.bundle_bytes:
                await self._turn.wait()
                size_bytes = min(self._turn.chunk_bytes, self._offer.bundle_bytes - place)
                self._turn.note_sent(size_bytes)
                request = update_pb2.FetchBundleRequest(
                    bundle_sha256=bytes.fromhex(self._offer.bundle_sha256),
                    offset_bytes=place,
                    size_bytes=size_bytes,
                )
                await self._call.write(request)
                place += size_bytes
            await self._call.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return  # the call is over; who reads it is told why


def _append(part: Path, place: int, piece: bytes) -> None:
    """Blocks. Not synced: what a power cut takes is asked for again, and root checks the whole."""
    with part.open("ab") as file:
        if file.tell() != place:
            raise UploadError(Kind.INTERNAL, f"the bundle's part is {file.tell()} bytes")
        file.write(piece)
