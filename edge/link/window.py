"""What is under way on one stream: sent and not acknowledged, bounded in batches and in bytes.

guarantees.md section 3, fact 7: that the library took a message says nothing, so the bound is
ours and only the collector's acks make room.
"""

from collections import deque
from typing import NamedTuple

# Eight of the largest batches (64 KiB), whatever number of small ones a collector offers.
MAX_UNACKED_BYTES = 512 * 1024


class _Unacked(NamedTuple):
    last_seq: int
    size_bytes: int


class Window:
    """One stream's account, from the seq it was welcomed with."""

    def __init__(self, stored_seq: int, limit_batches: int) -> None:
        self._limit_batches = limit_batches
        self._unacked: deque[_Unacked] = deque()
        self._unacked_bytes = 0
        self._acked_seq = stored_seq
        self._sent_seq = stored_seq

    @property
    def sent_seq(self) -> int:
        """Last seq sent on this stream, or the one it was welcomed with."""
        return self._sent_seq

    @property
    def unacked_batches(self) -> int:
        """How many batches are under way."""
        return len(self._unacked)

    @property
    def room_batches(self) -> int:
        """How many batches more may go."""
        return max(0, self._limit_batches - len(self._unacked))

    @property
    def has_room(self) -> bool:
        """True while one more batch may go."""
        return self.room_batches > 0 and self._unacked_bytes < MAX_UNACKED_BYTES

    def add(self, last_seq: int, size_bytes: int) -> None:
        """A batch was sent."""
        self._unacked.append(_Unacked(last_seq, size_bytes))
        self._unacked_bytes += size_bytes
        self._sent_seq = last_seq

    def remove(self, stored_seq: int) -> bool:
        """Everything up to a seq is acknowledged; False when that was known."""
        if stored_seq <= self._acked_seq:
            return False
        self._acked_seq = stored_seq
        while self._unacked and self._unacked[0].last_seq <= stored_seq:
            self._unacked_bytes -= self._unacked.popleft().size_bytes
        return True
