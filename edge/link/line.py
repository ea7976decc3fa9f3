"""The line to the collector: one channel, and on it one stream at a time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import grpc

from edge.enrolment.certificate import get_credentials
from edge.enrolment.channel import make_channel, wait_ready
from edge.enrolment.diagnosis import find_reason
from edge.errors import Kind
from edge.link import dialogue as said
from edge.link.drain import Drain
from edge.link.journal import note
from edge.link.renewal import Renewal
from edge.link.stream import Stream, Tell
from edge.spool.database import StorageError
from edge.wire.v1 import session_pb2

Put = Callable[[int, said.Input], Awaitable[None]]


class Line:
    """Belongs to one event loop. What happens on a stream is put with the stream's number."""

    def __init__(self, renewal: Renewal, drain: Drain, put: Put) -> None:
        """renewal: says which certificate is in force, and has a channel when there is a new one.

        drain: what a hello says of the spool.
        """
        self._renewal = renewal
        self._drain = drain
        self._put = put
        self._channel: grpc.aio.Channel | None = None
        self._stream: Stream | None = None
        self._number = 0
        self._opening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def number(self) -> int:
        """The present stream's; what was put for an earlier one is of no use any more."""
        return self._number

    def begin(self) -> None:
        """Open a stream; Opened or Closed follows."""
        self._number += 1
        self._opening = asyncio.create_task(self._open(self._number))

    async def send(self, message: session_pb2.ConnectRequest) -> None:
        """Hand a message to the stream; without one it is lost, as with a stream that fails."""
        if self._stream is not None:
            await self._stream.send(message)

    async def cut(self) -> None:
        """End the stream at once; Closed follows."""
        if self._stream is not None:
            await self._stream.close(gently=False)

    async def close(self, because: said.Because) -> said.Closed | None:
        """End what was begun: Closed follows, or is returned where nothing had been opened yet."""
        if self._opening is not None and not self._opening.done():
            await end(self._opening)
            return said.Closed(Kind.UNAVAILABLE)
        if self._stream is not None:
            gently = because in {said.Because.MOVED, said.Because.STOPPED}
            note("link_closing", because=because.value)
            self._closing = asyncio.create_task(self._stream.close(gently=gently))
        return None

    def note_closed(self) -> None:
        """The stream is over: let go of it and write down why."""
        stream, self._stream = self._stream, None
        if stream is not None and (error := stream.error) is not None:
            note(
                "link_closed", kind=error.kind.value, reason=error.what, remedy=error.hint or "none"
            )

    async def hang_up(self) -> None:
        """End everything that runs here, and the connection."""
        await end(self._opening)
        await end(self._closing)
        await self._drop_channel()

    async def _open(self, number: int) -> None:
        """Fact 10: one channel, and a stream only when it is ready."""
        channel = await self._get_channel()
        if not await wait_ready(channel):
            await self._drop_channel()
            identity = self._renewal.identity
            error = await asyncio.to_thread(
                find_reason, identity.collector, get_credentials(identity)
            )
            note("link_unreachable", level=logging.WARNING, reason=error.what, remedy=error.hint)
            await self._put(number, said.Closed(error.kind))
            return
        try:
            holdings = await self._drain.read_holdings()
        except StorageError as error:
            note("spool_unreadable", level=logging.ERROR, reason=error.what, where=error.where)
            await self._put(number, said.Closed(error.kind))
            return
        self._stream = Stream(channel, self._make_teller(number))
        note("link_connected", collector=self._renewal.identity.collector)
        await self._put(number, said.Opened(holdings))

    async def _get_channel(self) -> grpc.aio.Channel:
        if (renewed := self._renewal.take_channel()) is not None:
            await self._drop_channel()
            self._channel = renewed
        if self._channel is None:
            identity = self._renewal.identity
            self._channel = make_channel(identity.collector, get_credentials(identity))
        return self._channel

    def _make_teller(self, number: int) -> Tell:
        async def tell(happened: said.Input) -> None:
            await self._put(number, happened)

        return tell

    async def _drop_channel(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()


async def end(task: "asyncio.Task[None] | None") -> None:
    """Cancel a task and wait until it is over."""
    if task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task])
