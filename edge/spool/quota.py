"""What gives way when the spool is full: old updates, then old events, starts of law last.

A dropped event leaves an empty place in its batch, and a batch without events becomes a lost
stretch that joins the one before it, so every seq stays accounted for and the account stays
small. The reader turns both into Gap events.
"""

from collections.abc import Callable
from dataclasses import replace

from edge.spool import record, salvage
from edge.spool.rows import Row, Rows
from edge.wire.v1 import event_pb2

# Room kept for the log beside the file.
LOG_RESERVE_BYTES = 1024 * 1024
_ROWS_PER_STEP = 128
_LEAST_LIMIT_BYTES = 32 * 1024
# Room made beyond what is needed, so that not every append has to make some: a part of the limit.
_SLACK = 64
_LEAST_SLACK_BYTES = 8 * 1024
# What a usual append adds at most; how many may go by unlooked follows from it.
_APPEND_BYTES = 4 * 1024
_MOST_UNLOOKED = 64
# The eight functions of French law 2023-380 (event.proto).
_LAW_FUNCTIONS = range(1, 9)

FunctionOf = Callable[[Rows, int, int, int], int | None]


class Quota:
    """Keeps one spool below its size; owned by whoever appends."""

    def __init__(self, quota_bytes: int, function_of: FunctionOf) -> None:
        """`function_of` tells a rule's function by epoch, dictionary and index; None: unknown."""
        reserve_bytes = min(LOG_RESERVE_BYTES, quota_bytes // 4)
        self._limit_bytes = max(_LEAST_LIMIT_BYTES, quota_bytes - reserve_bytes)
        self._slack_bytes = max(_LEAST_SLACK_BYTES, self._limit_bytes // _SLACK)
        self.check_every = min(_MOST_UNLOOKED, self._limit_bytes // _SLACK // _APPEND_BYTES)
        self._function_of = function_of
        self._epoch = 0
        # Per phase, the seq up to which nothing is left to drop.
        self._done_seqs = [0, 0, 0]
        self.dropped_events = 0

    def keep(self, rows: Rows, epoch: int) -> None:
        """Drop what must go, inside the caller's transaction; the newest row always stays."""
        if rows.used_bytes() <= self._limit_bytes:
            return
        if epoch != self._epoch:
            self._epoch, self._done_seqs = epoch, [0, 0, 0]
        target_bytes = self._limit_bytes - self._slack_bytes
        newest_seq = rows.last_seq() or 0
        for phase in range(len(self._done_seqs)):
            # The next, dearer kind goes only when it must, not for the slack.
            if rows.used_bytes() <= self._limit_bytes:
                return
            while rows.used_bytes() > target_bytes:
                if not self._step(rows, phase, newest_seq):
                    break

    def _step(self, rows: Rows, phase: int, newest_seq: int) -> bool:
        """Thin the next rows of a phase; False when there are none.

        All of them are deleted and put back at once: only so do half-empty pages become few
        full ones, and dropping events make room.
        """
        found = rows.after(self._done_seqs[phase], _ROWS_PER_STEP)
        found = [row for row in found if row.last_seq < newest_seq]
        if not found:
            return False
        self._done_seqs[phase] = found[-1].last_seq
        thinned = [self._thin(rows, row, phase) for row in found]
        if thinned != found:
            before = rows.before(found[0].last_seq)
            rows.remove(before.last_seq if before else found[0].last_seq, found[-1].last_seq)
            rows.put(self._joined([before, *thinned] if before else thinned))
        return True

    def _thin(self, rows: Rows, row: Row, phase: int) -> Row:
        """One row as it stands without what must go."""
        entry = salvage.open_entry(row.body, self._epoch)
        if not isinstance(entry, record.Batch) or entry.damaged:
            return row
        bodies = tuple(
            body if body is None or self._stays(rows, body, entry.dictionary, phase) else None
            for body in entry.bodies
        )
        if bodies == entry.bodies:
            return row
        self.dropped_events += bodies.count(None) - entry.bodies.count(None)
        if any(body is not None for body in bodies):
            thinner = replace(entry, bodies=bodies, generation=min(255, entry.generation + 1))
            return Row(row.last_seq, record.seal_batch(thinner))
        lost = record.Lost(
            epoch=entry.epoch,
            first_seq=entry.first_seq,
            last_seq=entry.last_seq,
            acked_seq=entry.acked_seq,
            captured_utc_ms=entry.captured_utc_ms,
            reason=event_pb2.GAP_REASON_QUOTA,
        )
        return Row(row.last_seq, record.seal_lost(lost))

    def _joined(self, found: list[Row]) -> list[Row]:
        """The rows with neighbouring lost stretches made one."""
        joined: list[Row] = []
        last: record.Lost | None = None
        for row in found:
            lost = record.open_lost(row.body, self._epoch)
            if lost is not None and last is not None and lost.reason == last.reason:
                lost = replace(lost, first_seq=last.first_seq)
                joined[-1] = Row(row.last_seq, record.seal_lost(lost))
            else:
                joined.append(row)
            last = lost
        return joined

    def _stays(self, rows: Rows, body: bytes, dictionary: int, phase: int) -> bool:
        event = event_pb2.Event.FromString(body)
        if phase == 0:
            return event.phase != event_pb2.PHASE_UPDATE
        if phase == 1:
            function = self._function_of(rows, self._epoch, dictionary, event.rule)
            is_law = function is None or function in _LAW_FUNCTIONS
            return is_law and event.phase == event_pb2.PHASE_START
        return False
