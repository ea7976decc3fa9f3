"""The collector's shelf of update bundles, by script."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import grpc
from google.protobuf.message import Message

from edge.wire.v1 import update_pb2, update_pb2_grpc

Context = grpc.aio.ServicerContext[Message, Message]
LARGEST_PIECE = 65_536


@dataclass
class Shelf(update_pb2_grpc.UpdateServiceServicer):
    """What is offered, and how the calls went. cut_after_pieces: 0: never, otherwise once."""

    bundles: dict[bytes, bytes] = field(default_factory=dict)
    refuse: tuple[grpc.StatusCode, str] | None = None
    cut_after_pieces: int = 0
    asked: list[update_pb2.FetchBundleRequest] = field(default_factory=list)
    calls: int = 0

    def put(self, bundle: bytes) -> bytes:
        """Offer a bundle; its SHA-256."""
        digest = hashlib.sha256(bundle).digest()
        self.bundles[digest] = bundle
        return digest

    async def FetchBundle(  # noqa: N802 - gRPC's name
        self, request_iterator: AsyncIterator[update_pb2.FetchBundleRequest], context: Context
    ) -> AsyncIterator[update_pb2.FetchBundleResponse]:
        self.calls += 1
        if self.refuse is not None:
            await context.abort(*self.refuse)
        async for request in request_iterator:
            self.asked.append(request)
            bundle = self.bundles.get(request.bundle_sha256)
            if bundle is None:
                await context.abort(grpc.StatusCode.NOT_FOUND, "no such bundle is offered to you")
            assert bundle is not None
            assert 1 <= request.size_bytes <= LARGEST_PIECE
            if self.cut_after_pieces:
                self.cut_after_pieces -= 1
                if not self.cut_after_pieces:
                    await context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")
            place = request.offset_bytes
            yield update_pb2.FetchBundleResponse(
                offset_bytes=place, bundle=bundle[place : place + request.size_bytes]
            )
