"""The appending side: many producers, one thread, one commit for what has gathered.

A START goes to the disk at once and takes along what waits; anything else waits at most a
second or until 32 have gathered, for a card wears by the commit. The queue is bounded and drops
nothing: when the disk cannot keep up, producers wait.
"""

import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from edge.clock import Clock, SystemClock
from edge.errors import Kind, VigieError
from edge.spool import bell
from edge.spool.database import StorageError
from edge.spool.incidents import Incidents
from edge.spool.places import bell_path, ensure_spool_folder, spool_path
from edge.spool.record import MAX_APPEND_EVENTS
from edge.spool.spool import Packed, Spool
from edge.spool.waiting import Ticket, Waiting, oldest_group
from edge.wire import bounds
from edge.wire.codec import encode_event
from edge.wire.event import Event
from edge.wire.v1 import event_pb2

MAX_WAIT_S = 1.0
RETRY_S = 1.0
MAX_QUEUED_EVENTS = 1_024
# Check-points cost two syncs: in an idle moment, and for so many commits at least.
_IDLE_COMMITS = 50


class Outbox:
    """Owns a spool; safe to call from several threads."""

    def __init__(
        self,
        spool: Spool,
        bell_path: Path,
        *,
        clock: Clock | None = None,
        clock_error_ms: int | None = None,
    ) -> None:
        """Start the thread. `clock_error_ms` is None while the clock is not proven."""
        self._spool = spool
        self._bell_path = bell_path
        self._clock = clock or SystemClock()
        self._clock_error_ms = clock_error_ms
        self._changed = threading.Condition()
        self._queue: deque[Waiting] = deque()
        self._spool_use = threading.Lock()
        self._rules: dict[str, int] = {}
        self._dictionary = 0
        self._incidents = Incidents()
        self._is_closing = False
        self._has_ended = False
        self._is_flushing = False
        self._trouble: StorageError | None = None
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, data: Path) -> "Outbox":
        """The outbox of the pole whose state stands in `data`. Raises StorageError."""
        ensure_spool_folder(data)
        path = spool_path(data)
        return cls(Spool(path), bell_path(path))

    @property
    def trouble(self) -> StorageError | None:
        """Why the disk does not take events now; None when it does."""
        return self._trouble

    @property
    def epoch(self) -> int:
        """The spool's epoch; another one where it had to begin anew."""
        return self._spool.epoch

    @property
    def queued_events(self) -> int:
        """Events that are not on disk yet."""
        return len(self._queue)

    def prove_clock(self, clock_error_ms: int | None) -> None:
        """From now on, capture times are this good; None: not proven."""
        self._clock_error_ms = clock_error_ms

    def declare(self, dictionary: event_pb2.Dictionary) -> int:
        """Name events' rules by this dictionary from now on; its number in this epoch."""
        with self._spool_use:
            number = self._spool.declare(dictionary)
        rules = {rule.name: index for index, rule in enumerate(dictionary.rules, 1)}
        with self._changed:
            self._dictionary, self._rules = number, rules
        return number

    def append(self, events: Sequence[Event]) -> list[int]:
        """Return the events' seqs when they are on disk.

        Raises StorageError when the disk refused them: none of those without a seq is accepted.
        Raises VigieError INVALID_ARGUMENT for an event that no collector would take.
        """
        ticket = Ticket(missing=len(events))
        with self._changed:
            self._enqueue(events, ticket)
            self._changed.wait_for(lambda: not ticket.missing or ticket.error or self._has_ended)
            if ticket.error is not None:
                raise ticket.error
            if ticket.missing:
                raise _closed(self._spool.path)
        return ticket.seqs

    def offer(self, events: Sequence[Event]) -> None:
        """Take events without waiting for the disk; waits for room when the queue is full."""
        with self._changed:
            self._enqueue(events, None)

    def flush(self) -> None:
        """Return when everything taken so far is on disk. Raises StorageError when it cannot be."""
        with self._changed:
            self._is_flushing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._queue or self._trouble or self._has_ended)
            self._is_flushing = False
            if self._queue:
                raise self._trouble or _closed(self._spool.path)

    def close(self) -> None:
        """Write what waits, stop the thread, close the spool. Raises StorageError if it cannot."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join()
        left = len(self._queue)
        self._spool.close()
        if left:
            trouble = self._trouble or _closed(self._spool.path)
            raise StorageError(
                trouble.kind,
                f"{trouble.what}; {left} events that were offered are not on disk",
                where=trouble.where,
                hint=trouble.hint,
            )

    def _enqueue(self, events: Sequence[Event], ticket: Ticket | None) -> None:
        rules = [self._index(event) for event in events]
        for event, rule in zip(events, rules, strict=True):
            self._changed.wait_for(
                lambda: (
                    len(self._queue) < MAX_QUEUED_EVENTS
                    or self._is_closing
                    or (ticket is not None and ticket.error is not None)
                )
            )
            if self._is_closing:
                raise _closed(self._spool.path)
            if ticket is not None and ticket.error is not None:
                return
            self._queue.append(
                Waiting(event, rule, self._dictionary, self._clock.monotonic_ns(), ticket)
            )
            self._changed.notify_all()

    def _index(self, event: Event) -> int:
        rule = self._rules.get(event.rule)
        if rule is None:
            raise VigieError(
                Kind.INVALID_ARGUMENT,
                f"no declared dictionary names the rule '{event.rule}'",
                hint="Declare a dictionary with this rule before its first event.",
            )
        message = encode_event(event, rule=rule, captured_utc_ms=event.captured_utc_ms)
        problems = bounds.check_event(message)
        if problems:
            raise VigieError(Kind.INVALID_ARGUMENT, "; ".join(problems), where=event.rule)
        return rule

    def _work(self) -> None:
        try:
            self._serve()
        finally:
            with self._changed:
                self._has_ended = self._is_closing = True
                self._changed.notify_all()

    def _serve(self) -> None:
        commits_since_tidy = 0
        while True:
            with self._changed:
                is_idle = not self._changed.wait_for(self._is_due, self._patience_s())
                group = oldest_group(self._queue)
                if self._is_closing and not group:
                    return
            if group:
                self._commit(group)
                commits_since_tidy += 1
                if self._trouble is not None and self._is_closing:
                    return
            elif is_idle and commits_since_tidy >= _IDLE_COMMITS:
                self._tidy()
                commits_since_tidy = 0

    def _is_due(self) -> bool:
        if self._trouble is not None:
            return self._is_closing
        if self._is_closing or (self._is_flushing and self._queue):
            return True
        return len(self._queue) >= MAX_APPEND_EVENTS or any(
            entry.event.phase == event_pb2.PHASE_START for entry in self._queue
        )

    def _patience_s(self) -> float:
        if self._trouble is not None:
            return RETRY_S
        if not self._queue:
            return MAX_WAIT_S
        waited_s = (self._clock.monotonic_ns() - self._queue[0].queued_ns) / 1e9
        return max(0.0, MAX_WAIT_S - waited_s)

    def _commit(self, group: list[Waiting]) -> None:
        try:
            with self._spool_use:
                seqs = self._spool.append(lambda first_seq: self._pack(group, first_seq))
        except StorageError as error:
            self._refuse(error)
            return
        self._accept(group, seqs)
        bell.ring(self._bell_path)

    def _pack(self, group: list[Waiting], first_seq: int) -> Packed:
        captured_utc_ms = min(entry.event.captured_utc_ms for entry in group)
        ways_back = self._incidents.ways_back((entry.event for entry in group), first_seq)
        messages = (
            encode_event(
                entry.event, rule=entry.rule, captured_utc_ms=captured_utc_ms, start_back=start_back
            )
            for entry, start_back in zip(group, ways_back, strict=True)
        )
        bodies = [message.SerializeToString() for message in messages]
        return Packed(captured_utc_ms, group[0].dictionary, bodies, self._clock_error_ms)

    def _accept(self, group: list[Waiting], seqs: range) -> None:
        with self._changed:
            self._trouble = None
            for entry, seq in zip(group, seqs, strict=True):
                self._queue.popleft()
                self._incidents.remember(entry.event, seq)
                if entry.ticket is not None:
                    entry.ticket.seqs.append(seq)
                    entry.ticket.missing -= 1
            self._changed.notify_all()

    def _refuse(self, error: StorageError) -> None:
        """Tell everybody who waits, and keep what nobody waits for until the disk is back."""
        with self._changed:
            self._trouble = error
            for entry in self._queue:
                if entry.ticket is not None:
                    entry.ticket.error = error
            self._queue = deque(entry for entry in self._queue if entry.ticket is None)
            self._changed.notify_all()

    def _tidy(self) -> None:
        try:
            with self._spool_use:
                self._spool.tidy()
        except StorageError as error:
            self._refuse(error)


def _closed(path: Path) -> StorageError:
    return StorageError(Kind.FAILED_PRECONDITION, "the spool was closed", where=str(path))
