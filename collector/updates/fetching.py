"""UpdateService: poles fetch the bundle that they were offered, piece by piece, from any place.

Events come first. So many poles at once, so many pieces read at once, and all of them together so
many bytes a second: that leaves the loop and the line to those who deliver events.
"""

import asyncio
import logging
from collections.abc import AsyncIterator

import grpc

from collector.devices import Devices
from collector.peer import (
    DEVICE,
    STATUS,
    Peer,
    authorise,
    certificate_of,
    one_line,
    refuse_oversized,
)
from collector.updates.bundles import BundleStore
from collector.updates.conduct import Conduct, Grant
from edge.errors import Kind, VigieError
from edge.wire.v1 import update_pb2, update_pb2_grpc

MAX_FETCHES = 64
MAX_READS = 4
MAX_BYTES_PER_SECOND = 8_000_000  # a thousand poles and 200 MB each in a working day
MAX_PIECE_BYTES = 65_536
LOOK_SECONDS = 5.0  # a halt reaches who fetches within it
NOTE_SECONDS = 60.0

_log = logging.getLogger("vigie.collector")
Context = grpc.aio.ServicerContext[update_pb2.FetchBundleRequest, update_pb2.FetchBundleResponse]


class Pace:
    """Turns at so many bytes a second, handed out in order."""

    def __init__(self, bytes_per_second: int) -> None:
        self._rate = bytes_per_second
        self._free_at = 0.0

    def take(self, size_bytes: int, now: float) -> float:
        """How long to wait before sending so much. now: seconds of the loop's clock."""
        begins = max(self._free_at, now)
        self._free_at = begins + size_bytes / self._rate
        return begins - now


class Fetches(update_pb2_grpc.UpdateServiceServicer):
    """UpdateService over mutual TLS; the device is the certificate's."""

    def __init__(
        self,
        conduct: Conduct,
        store: BundleStore,
        devices: Devices,
        bytes_per_second: int = MAX_BYTES_PER_SECOND,
    ) -> None:
        self._conduct = conduct
        self._store = store
        self._devices = devices
        self._pace = Pace(bytes_per_second)
        self._reads = asyncio.Semaphore(MAX_READS)
        self._fetching: dict[str, object] = {}  # whose newest stream is which

    async def FetchBundle(  # noqa: N802 - gRPC's name
        self, requests: AsyncIterator[update_pb2.FetchBundleRequest], context: Context
    ) -> AsyncIterator[update_pb2.FetchBundleResponse]:
        """A piece for each request."""
        try:
            peer = authorise(certificate_of(context.auth_context()), DEVICE)
            stream = self._enter(peer)
            try:
                async for response in self._serve(peer, stream, requests):
                    yield response
            finally:
                if self._fetching.get(peer.name) is stream:
                    del self._fetching[peer.name]
        except VigieError as refused:
            _log.info("bundle_not_given peer=%s reason=%r", context.peer(), refused.what)
            await context.abort(STATUS[refused.kind], one_line(refused))

    def _enter(self, peer: Peer) -> object:
        """One stream a pole, and so many in all.

        The newest counts: a pole knows that its line was cut long before the collector does.
        """
        if peer.name not in self._fetching and len(self._fetching) >= MAX_FETCHES:
            raise VigieError(Kind.UNAVAILABLE, "too many fetch now", hint="Try again later.")
        stream = self._fetching[peer.name] = object()
        return stream

    async def _serve(
        self, peer: Peer, stream: object, requests: AsyncIterator[update_pb2.FetchBundleRequest]
    ) -> AsyncIterator[update_pb2.FetchBundleResponse]:
        clock = asyncio.get_running_loop().time
        grant: Grant | None = None
        looked = noted = clock()
        async for request in requests:
            refuse_oversized(request)
            if self._fetching.get(peer.name) is not stream:
                raise VigieError(Kind.UNAVAILABLE, "this pole fetches on a newer stream")
            if (
                grant is None
                or grant.sha256 != request.bundle_sha256
                or clock() - looked >= LOOK_SECONDS
            ):
                self._devices.check_not_revoked(peer.name, peer.serial)
                grant, looked = await self._conduct.grant(peer.name, request.bundle_sha256), clock()
            response = await self._read(grant, request)
            end = response.offset_bytes + len(response.bundle)
            if end == grant.size_bytes or clock() - noted >= NOTE_SECONDS:
                noted = clock()
                await self._conduct.note_fetched(peer.name, grant, end)
            yield response

    async def _read(
        self, grant: Grant, request: update_pb2.FetchBundleRequest
    ) -> update_pb2.FetchBundleResponse:
        size = request.size_bytes
        if not 1 <= size <= MAX_PIECE_BYTES or request.offset_bytes >= grant.size_bytes:
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"{size} bytes from byte {request.offset_bytes} are no piece of this bundle",
            )
        await asyncio.sleep(self._pace.take(size, asyncio.get_running_loop().time()))
        async with self._reads:
            piece = await asyncio.to_thread(
                self._store.read, grant.sha256, request.offset_bytes, size
            )
        return update_pb2.FetchBundleResponse(offset_bytes=request.offset_bytes, bundle=piece)
