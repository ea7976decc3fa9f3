"""New events to those who watch, after commit; a slow watcher is told, never waited for."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

QUEUE_NUMBERS = 256  # a watcher this far behind re-reads the store by number instead


class Subscription:
    """One watcher's bounded queue of event numbers. Belongs to the event loop."""

    def __init__(self) -> None:
        self._numbers: asyncio.Queue[int] = asyncio.Queue(QUEUE_NUMBERS)
        self._has_missed = False

    def offer(self, number: int) -> bool:
        """Put a number in; False when there was no room, and the watcher will be told."""
        if self._has_missed or self._numbers.full():
            self._has_missed = True
            return False
        self._numbers.put_nowait(number)
        return True

    async def next_number(self) -> int | None:
        """The next number in order; None when some were missed: re-read from the last seen."""
        if self._numbers.empty() and self._has_missed:
            self._has_missed = False
            return None
        return await self._numbers.get()

    async def wait_beyond(self, number: int) -> None:
        """Wait until there is news above a number: an event's number, or that some were missed."""
        while (newest := await self.next_number()) is not None and newest <= number:
            continue

    async def numbers(self) -> AsyncIterator[int | None]:
        """Numbers as `next_number` gives them, without end."""
        while True:
            yield await self.next_number()


class Live:
    """All watchers of one collector. Belongs to the event loop."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self.missed = 0

    def publish(self, first_number: int, count: int) -> None:
        """Tell every watcher of events that were just committed, in order of number."""
        for subscription in self._subscriptions:
            for number in range(first_number, first_number + count):
                self.missed += not subscription.offer(number)

    @contextmanager
    def watch(self) -> Iterator[Subscription]:
        """A subscription for as long as the context is open."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._subscriptions)
