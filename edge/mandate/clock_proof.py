"""Whether the clock is right, by whose word, within what error, and not before what is past.

Two witnesses. The kernel, when a time service disciplines it: convenient, but NTP is not signed.
The collector, which signs an answer to our nonce: true within half the round trip, then ageing by
the drift of the monotonic clock. Where both speak and exclude each other, nothing is proven.
Whatever was once proven becomes a floor: a clock that shows less, and by more than its error, is
refused, however well it is synchronised.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from edge.clock import Clock
from edge.mandate.kernel_clock import ReadKernelClock
from edge.mandate.keys import PublicKey
from edge.mandate.reason import Reason
from edge.mandate.time_statement import NONCE_BYTES, TimeAnswer, is_signed

KERNEL = "kernel_ntp"
COLLECTOR = "collector"
MAX_ERROR_NS = 5_000_000_000
"""A clock less sure than this proves nothing. Windows are whole minutes."""
MAX_ROUND_TRIP_NS = 8_000_000_000
MAX_ANSWER_AGE_NS = 24 * 3_600_000_000_000
ASK_AGAIN_NS = 3_600_000_000_000
BLUNT_NS = 400_000_000
"""An answer that was so long on its way proves the clock, and is asked for again at once: the
question may have waited for a line that is up by now."""
MAX_BLUNT = 3
"""So often between two hourly questions; then the line is as slow as it is."""
DRIFT_PPM = 100
"""A board's crystal, cold and old; datasheets say 20 to 50."""
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class ClockProof:
    """utc_ns: what the wall clock shows; error_ms: at most so far from the truth; by whose word."""

    source: str
    error_ms: int
    utc_ns: int

    @property
    def earliest_utc_ns(self) -> int:
        """The true time is not before this."""
        return self.utc_ns - self.error_ms * _NS_PER_MS

    @property
    def latest_utc_ns(self) -> int:
        """The true time is not after this."""
        return self.utc_ns + self.error_ms * _NS_PER_MS


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A signed answer: at this monotonic moment the time was utc_ns, give or take error_ns."""

    monotonic_ns: int
    utc_ns: int
    error_ns: int

    def get_width_ns(self, now_ns: int) -> int:
        """How far it may be off by now."""
        return self.error_ns + (now_ns - self.monotonic_ns) * DRIFT_PPM // 1_000_000


class ClockProver:
    """One room's judgement of the wall clock. No I/O: clock and kernel are passed in."""

    def __init__(
        self,
        device: str,
        clock: Clock,
        kernel: ReadKernelClock,
        *,
        clip_key: PublicKey | None,
        floor_utc_ns: int = 0,
        draw: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._device = device
        self._clock = clock
        self._kernel = kernel
        self._clip_key = clip_key
        self._draw = draw
        self._anchor: _Anchor | None = None
        self._nonce = b""
        self._asked_ns = 0
        self._due_ns: int | None = None
        self._blunt = 0
        self.floor_utc_ns = floor_utc_ns

    def prove(self) -> ClockProof | Reason:
        """The proof for this moment, or why there is none. Raises the floor."""
        utc_ns, monotonic_ns = self._clock.utc_ns(), self._clock.monotonic_ns()
        witnesses = [self._kernel_word(), self._collector_word(utc_ns, monotonic_ns)]
        words = [word for word in witnesses if word is not None]
        if not words or any(error_ns > MAX_ERROR_NS for _, error_ns in words):
            return Reason.CLOCK_UNPROVEN
        source, error_ns = min(words, key=lambda word: word[1])
        proof = ClockProof(source, -(-error_ns // _NS_PER_MS), utc_ns)
        if proof.latest_utc_ns < self.floor_utc_ns:
            return Reason.CLOCK_BEHIND_FLOOR
        self.floor_utc_ns = max(self.floor_utc_ns, proof.earliest_utc_ns)
        return proof

    def ask(self) -> bytes | None:
        """A new nonce when it is time to ask the collector; None: not now."""
        if self._clip_key is None:
            return None
        now = self._clock.monotonic_ns()
        if self._due_ns is not None and now < self._due_ns:
            return None
        self._nonce, self._asked_ns, self._due_ns = self._draw(NONCE_BYTES), now, now + ASK_AGAIN_NS
        return self._nonce

    def take_answer(self, answer: TimeAnswer) -> bool:
        """Use the answer if it is the collector's, to us, to our last question, and in time.

        An answer that took too long makes `ask` draw a new nonce: the line is up again. So does
        one that somebody else signed: it lies where the collector's would, in its way.
        """
        if self._clip_key is None or not self._nonce or answer.nonce != self._nonce:
            return False
        self._nonce = b""
        if not is_signed(answer, self._device, self._clip_key):
            self._due_ns = None
            return False
        now = self._clock.monotonic_ns()
        round_trip_ns = now - self._asked_ns
        if round_trip_ns > MAX_ROUND_TRIP_NS:
            self._due_ns = None
            return False
        self._blunt = self._blunt + 1 if round_trip_ns > BLUNT_NS else 0
        if 0 < self._blunt <= MAX_BLUNT:
            self._due_ns = None
        # It was signed between our question and now.
        middle_ns = answer.utc_ms * _NS_PER_MS + round_trip_ns // 2
        error_ns = answer.error_ms * _NS_PER_MS + round_trip_ns // 2 + _NS_PER_MS
        before = self._anchor
        if before is None or error_ns <= before.get_width_ns(now):
            self._anchor = _Anchor(now, middle_ns, error_ns)
        return True

    def _kernel_word(self) -> tuple[str, int] | None:
        kernel = self._kernel()
        error_ns = kernel.max_error_us * 1000
        if not kernel.is_synchronised or error_ns > MAX_ERROR_NS:
            return None
        return KERNEL, error_ns

    def _collector_word(self, utc_ns: int, monotonic_ns: int) -> tuple[str, int] | None:
        """What the last answer says of the wall clock now.

        While the answer is still sharp enough to judge, a wall clock that it contradicts gets an
        error above the limit, and that silences the kernel too.
        """
        anchor = self._anchor
        if anchor is None:
            return None
        age_ns = monotonic_ns - anchor.monotonic_ns
        width_ns = anchor.get_width_ns(monotonic_ns)
        off_ns = abs(utc_ns - (anchor.utc_ns + age_ns))
        if off_ns > width_ns + MAX_ERROR_NS and age_ns <= MAX_ANSWER_AGE_NS:
            return COLLECTOR, off_ns
        if age_ns > MAX_ANSWER_AGE_NS or off_ns + width_ns > MAX_ERROR_NS:
            return None
        return COLLECTOR, off_ns + width_ns
