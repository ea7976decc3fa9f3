"""How long to wait before the next attempt: full jitter, so that a city does not come at once."""

import random

FIRST_NS = 1_000_000_000
CAP_NS = 60_000_000_000


class Backoff:
    """Draws from 0 to a bound that doubles with each failure, at most 60 s."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._failures = 0

    def draw_ns(self, *, refused: bool) -> int:
        """The next delay, nanoseconds. A refusal goes to the cap at once: asking again is noise."""
        bound_ns = CAP_NS if refused else min(CAP_NS, FIRST_NS << min(self._failures, 16))
        self._failures += 1
        return self._rng.randrange(bound_ns + 1)

    def reset(self) -> None:
        """The collector stored something: the next failure is a first one."""
        self._failures = 0
