"""StorageService: what a pole needs to open its data at rest after a cold start."""

import logging

import grpc

from collector.peer import DEVICE, STATUS, authorise, certificate_of, one_line, refuse_oversized
from collector.shares import Shares
from edge.errors import VigieError
from edge.wire.v1 import storage_pb2, storage_pb2_grpc

_log = logging.getLogger("vigie.collector")

Context = grpc.aio.ServicerContext[
    storage_pb2.ReleaseShareRequest, storage_pb2.ReleaseShareResponse
]


class Storage(storage_pb2_grpc.StorageServiceServicer):
    """StorageService over mutual TLS."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares

    async def ReleaseShare(  # noqa: N802 - gRPC's name
        self, request: storage_pb2.ReleaseShareRequest, context: Context
    ) -> storage_pb2.ReleaseShareResponse:
        """Hand out the share of the device that the connection proved."""
        try:
            peer = authorise(certificate_of(context.auth_context()), DEVICE)
            refuse_oversized(request)
            share = await self._shares.release(peer)
        except VigieError as refused:
            _log.warning("share_refused peer=%s reason=%r", context.peer(), refused.what)
            await context.abort(STATUS[refused.kind], one_line(refused))
        _log.info("share_released device=%s", peer.name)
        return storage_pb2.ReleaseShareResponse(data_share=share)
