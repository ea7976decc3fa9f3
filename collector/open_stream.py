"""One device's open stream: what is on its way to the disk, and what there is to say to it."""

import asyncio

from collector.store import Committed
from edge.errors import VigieError
from edge.wire.v1 import session_pb2

WINDOW_BATCHES = 32
# A device that sends more than its window is read no further until the disk has caught up.
MAX_WAITING_BATCHES = 2 * WINDOW_BATCHES


class OpenStream:
    """One device's stream from its welcome to its end. Belongs to the event loop.

    A thousand of them stand idle, so each holds two futures while somebody waits and no more.
    """

    __slots__ = (
        "_failure",
        "_has_news",
        "_listener",
        "_reader",
        "_stored_seq",
        "_waiting",
        "_words",
        "device",
        "epoch",
    )

    def __init__(self, device: str, epoch: int, stored_seq: int) -> None:
        self.device = device
        self.epoch = epoch
        self._stored_seq = stored_seq
        self._waiting = 0
        self._failure: VigieError | None = None
        self._words: list[session_pb2.ConnectResponse] = []
        self._has_news = False
        self._listener: asyncio.Future[None] | None = None
        self._reader: asyncio.Future[None] | None = None

    def end(self, error: VigieError) -> None:
        """End the stream with a reasoned status."""
        self._failure = error
        self.wake()

    def answer(self, outcome: Committed | VigieError) -> None:
        """A batch was committed, or could not be."""
        self._waiting -= 1
        _resolve(self._reader)
        if isinstance(outcome, VigieError):
            self._failure = outcome
        else:
            self._stored_seq = max(self._stored_seq, outcome.stored_seq)
        self.wake()

    def command(self, command: session_pb2.Command) -> None:
        """Send a command down; harmless twice."""
        self._words.append(session_pb2.ConnectResponse(command=command))
        self.wake()

    def state_time(self, statement: session_pb2.TimeStatement) -> None:
        """Answer a question for the time; at once, for its age is its error."""
        self._words.append(session_pb2.ConnectResponse(time_statement=statement))
        self.wake()

    def wake(self) -> None:
        """There is something to say, or nobody to say it to."""
        self._has_news = True
        _resolve(self._listener)

    async def take_room(self) -> None:
        """Wait until one more batch may be on its way to the disk."""
        while self._waiting >= MAX_WAITING_BATCHES:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        self._waiting += 1

    async def next_words(self) -> list[session_pb2.ConnectResponse]:
        """What to say next: one ack for all that was committed meanwhile, then commands.

        Raises VigieError when the stream is to end.
        """
        if not self._has_news:
            self._listener = asyncio.get_running_loop().create_future()
            await self._listener
        self._has_news = False
        if self._failure is not None:
            raise self._failure
        ack = session_pb2.ConnectResponse(ack=session_pb2.Ack(stored_seq=self._stored_seq))
        words, self._words = self._words, []
        return [*words, ack]


def _resolve(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
