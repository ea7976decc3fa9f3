"""Whether a file that opens is whole: every seq in a row, and nothing dropped with the log's end.

Looks only at the heads of rows, so that opening a full spool stays quick; a wrong bit in an
event's body is found when the event is read.
"""

from enum import Enum

from edge.spool import record, salvage
from edge.spool.database import StorageError
from edge.spool.rows import Rows

HEADS_PER_LOOK = 1_024


class Trouble(Enum):
    """What is wrong with a file that opens."""

    DAMAGE = "damage"
    # Power went while a batch was being written: it is there, and was never accepted.
    UNFINISHED = "unfinished"


def look(rows: Rows, state: record.State, raw_log: bytes) -> Trouble | None:
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
        for entry in salvage.scan(raw_log).entries
        if entry.epoch == state.epoch and entry.last_seq > last_seq
    ]
    if not hidden:
        return None
    is_next = hidden[0].first_seq == last_seq + 1
    is_whole = not (isinstance(hidden[0], record.Batch) and hidden[0].damaged)
    is_unfinished_write = len(hidden) == 1 and is_next and is_whole
    return Trouble.UNFINISHED if is_unfinished_write else Trouble.DAMAGE


def _walk(rows: Rows, state: record.State) -> int | None:
    """The last seq when the rows cover every seq up to it; None when they do not."""
    seq = state.acked_seq
    while heads := rows.heads(seq, HEADS_PER_LOOK):
        for head in heads:
            span = record.open_span(head.body, state.epoch)
            if span is None or span[1] != head.last_seq or span[0] > seq + 1:
                return None
            seq = head.last_seq
    return seq if seq >= state.last_seq else None
