"""What must outlive the rows: seqs never begin again, dictionaries are never renumbered."""

import struct
from dataclasses import dataclass

from edge.spool.seal import opened, sealed

MARK_STATE = b"vgS1"
_STATE = struct.Struct("<4sQQQI")  # mark, epoch, last seq, acked seq, last dictionary


@dataclass(frozen=True, slots=True)
class State:
    """How far a spool has come."""

    epoch: int
    last_seq: int = 0
    acked_seq: int = 0
    last_dictionary: int = 1


def seal_state(state: State) -> bytes:
    """The row of the state."""
    return sealed(
        _STATE.pack(MARK_STATE, state.epoch, state.last_seq, state.acked_seq, state.last_dictionary)
    )


def open_state(row: bytes) -> State | None:
    """The state in a row, or None."""
    return opened(row, _STATE, MARK_STATE, None, State)
