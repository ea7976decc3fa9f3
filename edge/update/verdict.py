"""Whether a slot on trial has proved itself. Pure: what was seen and when comes in.

It has when frames were analysed since this boot, seen by their number growing while we look, and
when the collector acknowledged an event of this boot. A number that a status file kept from the
boot before does not grow.
"""

from dataclasses import dataclass
from enum import Enum

from edge.wire.update_talk import Refusal

DEFAULT_TRIAL_SECONDS = 900
_NS = 1_000_000_000


class Verdict(Enum):
    """What becomes of the slot."""

    WAIT = "wait"
    KEEP = "keep"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Seen:
    """One look. frames_analysed: of all cameras since the eye started; None: no status."""

    frames_analysed: int | None
    is_acknowledged: bool


class Trial:
    """One slot's trial, from its start on."""

    def __init__(self, started_ns: int, trial_seconds: int = DEFAULT_TRIAL_SECONDS) -> None:
        """started_ns: monotonic."""
        self._ends_ns = started_ns + trial_seconds * _NS
        self._frames_before: int | None = None
        self._has_progress = False
        self._is_acknowledged = False

    def look(self, seen: Seen, now_ns: int) -> Verdict:
        """Take in one look. What was proven once in this boot stays proven."""
        before, now = self._frames_before, seen.frames_analysed
        self._has_progress |= before is not None and now is not None and now > before
        self._frames_before = now if now is not None else before
        self._is_acknowledged |= seen.is_acknowledged
        if self._has_progress and self._is_acknowledged:
            return Verdict.KEEP
        return Verdict.RETURN if now_ns >= self._ends_ns else Verdict.WAIT

    @property
    def refusal(self) -> Refusal:
        """What is missing."""
        return "no_ack" if self._has_progress else "no_progress"

    @property
    def words(self) -> str:
        """The same for a person."""
        if self._has_progress:
            return "frames were analysed, and the collector acknowledged no event of this boot"
        return "no frame was analysed in the time that a new slot has"
