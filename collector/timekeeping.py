"""TimeService: the signed time for a pole whose clock cannot judge any certificate yet."""

import logging

import grpc

from collector.peer import STATUS, one_line, refuse_oversized
from collector.trusted import Trusted
from edge.errors import VigieError
from edge.wire.v1 import time_pb2, time_pb2_grpc

_log = logging.getLogger("vigie.collector")

Context = grpc.aio.ServicerContext[time_pb2.StateTimeRequest, time_pb2.StateTimeResponse]


class Timekeeping(time_pb2_grpc.TimeServiceServicer):
    """TimeService, on the port that asks for no certificate."""

    def __init__(self, trusted: Trusted) -> None:
        self._trusted = trusted

    async def StateTime(  # noqa: N802 - gRPC's name
        self, request: time_pb2.StateTimeRequest, context: Context
    ) -> time_pb2.StateTimeResponse:
        """The time for one question; the trust file for who named its fingerprint already."""
        try:
            refuse_oversized(request)
            statement = self._trusted.state_time(request.device, request.nonce)
        except VigieError as refused:
            _log.warning("time_refused peer=%s reason=%r", context.peer(), refused.what)
            await context.abort(STATUS[refused.kind], one_line(refused))
        trust = self._trusted.trust
        is_known = trust is not None and trust.fingerprint == request.authority_fingerprint
        return time_pb2.StateTimeResponse(
            statement=statement, trust=self._trusted.text if is_known else ""
        )
