"""One open stream: writes in order, reads into a queue, and tells exactly once how it ended."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc

from edge.enrolment.channel import get_kind
from edge.errors import Kind, VigieError
from edge.link.dialogue import (
    Acked,
    Closed,
    CommandReceived,
    Input,
    TimeStated,
    Welcomed,
)
from edge.wire import bounds
from edge.wire.v1 import session_pb2, session_pb2_grpc

# A write that takes longer than this meets a collector that no longer reads.
WRITE_WITHIN_SECONDS = 60.0
# How long a collector may take to end its half after we ended ours.
DRAIN_WITHIN_SECONDS = 3.0

Tell = Callable[[Input], Awaitable[None]]


_TOO_MANY_PINGS = "too_many_pings"


class StreamError(VigieError):
    """How a stream ended, in the collector's or the network's words."""


class Stream:
    """One call of SessionService.Connect. Fact 6: one per device, grpc.aio only.

    tell: given each message as an input, then Closed once; awaited, so a full queue holds the
    peer back by HTTP/2's own flow control.
    """

    def __init__(self, channel: grpc.aio.Channel, tell: Tell) -> None:
        stub: session_pb2_grpc.SessionServiceAsyncStub
        stub = session_pb2_grpc.SessionServiceStub(channel)
        self._call = stub.Connect()
        self._tell = tell
        self._reading = asyncio.create_task(self._read())
        self.error: StreamError | None = None

    async def send(self, message: session_pb2.ConnectRequest) -> None:
        """Hand a message over; a stream that fails says so through Closed, not here.

        Fact 7: that this returns does not mean that anybody has it; only acks count.
        """
        try:
            async with asyncio.timeout(WRITE_WITHIN_SECONDS):
                await self._call.write(message)
        except TimeoutError:
            self._cut(StreamError(Kind.UNAVAILABLE, "the collector reads nothing any more"))
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return
        except asyncio.CancelledError:
            _reraise_if_meant()

    async def close(self, *, gently: bool) -> None:
        """End our half and wait for theirs (gently, 3 s), or cut; Closed follows."""
        if gently:
            try:
                async with asyncio.timeout(DRAIN_WITHIN_SECONDS):
                    await self._call.done_writing()
                    await asyncio.shield(self._reading)
            except (TimeoutError, grpc.aio.AioRpcError, asyncio.InvalidStateError):
                pass  # it did not end by itself: cut below
            except asyncio.CancelledError:
                _reraise_if_meant()
        self._cut(StreamError(Kind.UNAVAILABLE, "this device ended the stream"))

    def _cut(self, error: StreamError) -> None:
        if not self._call.done():
            self.error = self.error or error
            self._call.cancel()

    async def _read(self) -> None:
        try:
            while isinstance(message := await self._call.read(), session_pb2.ConnectResponse):
                await self._tell_message(message)
        except grpc.aio.AioRpcError:
            pass  # the call's own code and details say it below
        except StreamError as error:
            self._cut(error)
        except asyncio.CancelledError:
            _reraise_if_meant()
        self.error = self.error or await self._get_end()
        await self._tell(Closed(self.error.kind))

    async def _tell_message(self, message: session_pb2.ConnectResponse) -> None:
        if problems := bounds.check(message):
            raise StreamError(Kind.INVALID_ARGUMENT, f"the collector sent {problems[0]}")
        content = message.WhichOneof("content")
        if content == "welcome":
            await self._tell(Welcomed(message.welcome))
        elif content == "ack":
            await self._tell(Acked(message.ack.stored_seq))
        elif content == "command":
            await self._tell(CommandReceived(message.command))
        elif content == "time_statement":
            await self._tell(TimeStated(message.time_statement))

    async def _get_end(self) -> StreamError:
        return explain_end(await self._call.code(), await self._call.details() or "")


def explain_end(code: grpc.StatusCode, details: str) -> StreamError:
    """Why a stream is over, from the status that ended it."""
    if code is grpc.StatusCode.OK:
        return StreamError(Kind.UNAVAILABLE, "the collector ended the stream")
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return StreamError(
            Kind.FAILED_PRECONDITION,
            "the collector does not offer the session",
            hint="It is older than this device, or the address is not a collector's.",
        )
    if _TOO_MANY_PINGS in details.lower():
        # Fact 3: core has doubled its interval by itself; what is wrong is the configuration of
        # one side, so this counts as a refusal, which is not asked again at once.
        return StreamError(
            Kind.PERMISSION_DENIED,
            "the collector refuses the device's keepalive pings",
            hint="Whatever stands between them, or an older collector, allows fewer pings: set "
            "min_ping_interval there below 60 s.",
        )
    return StreamError(get_kind(code), details or code.name.lower())


def _reraise_if_meant() -> None:
    """The library raises CancelledError for a call that was cut, too; pass on only our own."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
