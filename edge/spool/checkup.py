"""Whether a file that opens is whole: every seq in a row, and nothing dropped with the log's end.

Looks only at the heads of rows, so that opening a full spool stays quick; a wrong bit in an
event's body is found when the event is read.
"""

from enum import Enum

from edge.spool import record, salvage
from edge.spool.database import StorageError
from edge.spool.rows import Rows
from edge.spool.state import State

HEADS_PER_LOOK = 1_024


class Trouble(Enum):
    """What is wrong with a file that opens."""

    DAMAGE = "damage"
    # Power went while a batch was being written: it is there, and was never accepted.
    UNFINISHED = "unfinished"


def look(rows: Rows, state: State, raw_log: bytes) -> Trouble | None:
    """What is wrong, or None.

    raw_log: the log's bytes as they lay there before SQLite opened it. A row in them that SQLite
    does not show was dropped with the log's end: SQLite stops at the first frame that does not
    add up, and says nothing.
    """
    try:
        last_seq = _walk(rows, state)
    except StorageError:
        return Trouble.DAMAGE
    if last_seq is None:
        return Trouble.DAMAGE
    hidden = [
        entry
        for entry in salvage.scan(raw_log, state.epoch).entries
        if entry.epoch == state.epoch and entry.last_seq > last_seq
    ]
    if not hidden:
        return None
    return Trouble.UNFINISHED if _is_one_append(hidden, last_seq) else Trouble.DAMAGE


def _is_one_append(entries: list[salvage.Entry], after_seq: int) -> bool:
    """Whether these rows may be what was being written when the power went, all of it there."""
    seq = after_seq
    for entry in entries:
        if not isinstance(entry, record.Batch) or entry.damaged or entry.first_seq != seq + 1:
            return False
        seq = entry.last_seq
    return seq - after_seq <= record.MAX_APPEND_EVENTS


def _walk(rows: Rows, state: State) -> int | None:
    """The last seq when the rows cover every seq up to it; None when they do not."""
    seq = state.acked_seq
    while heads := rows.heads(seq, HEADS_PER_LOOK):
        for head in heads:
            span = record.open_span(head.body, state.epoch)
            if span is None or span[1] != head.last_seq or span[0] > seq + 1:
                return None
            seq = head.last_seq
    return seq if seq >= state.last_seq else None
