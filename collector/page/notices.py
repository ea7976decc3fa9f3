"""What happens on one page and concerns the others that are open: verdicts. Never stored."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, cast

from starlette.requests import Request

QUEUE_NOTICES = 256  # a page this far behind loses notices and reloads its list


class Notice(NamedTuple):
    """One message of the feed: the kind the page listens for, and its content."""

    kind: str
    content: Mapping[str, object]


class Notices:
    """The open pages' queues. Belongs to the event loop."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Notice]] = set()

    def publish(self, kind: str, content: Mapping[str, object]) -> None:
        """Tell every open page; a full queue is told to reload instead."""
        for queue in self._queues:
            offer(queue, Notice(kind, content))

    @contextmanager
    def watch(self) -> Iterator[asyncio.Queue[Notice]]:
        """A queue for as long as the context is open."""
        queue: asyncio.Queue[Notice] = asyncio.Queue(QUEUE_NOTICES)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)


def offer(queue: asyncio.Queue[Notice], notice: Notice) -> None:
    """Put a notice in; when there is no room, all that waits becomes one request to reload."""
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        notice = Notice("reload", {})
    queue.put_nowait(notice)


def notices_of(request: Request) -> Notices:
    """The notices of this page."""
    return cast(Notices, request.app.state.notices)
