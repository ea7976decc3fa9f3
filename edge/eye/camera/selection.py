"""Which pictures are analysed: at most so many a second, evenly, by whatever time is given."""

# A camera's own jitter must not make a 10 fps camera lose every other picture at 10 fps: what
# comes up to a quarter of a period early counts as due, but never an earlier picture than the
# nearest one.
TOLERANCE_OF_PERIOD = 4
TOLERANCE_OF_INTERVAL = 2


class Selection:
    """Chooses pictures on a grid of times; the same times give the same choice."""

    def __init__(self, pictures_per_second: float) -> None:
        self._period_ns = round(1e9 / pictures_per_second)
        self._due_ns: int | None = None
        self._last_ns = 0

    def chooses(self, time_ns: int) -> bool:
        """True if the picture of this time is to be analysed; times never go back."""
        if self._due_ns is None:
            self._due_ns = self._last_ns = time_ns
        interval_ns, self._last_ns = time_ns - self._last_ns, time_ns
        tolerance_ns = min(
            self._period_ns // TOLERANCE_OF_PERIOD, interval_ns // TOLERANCE_OF_INTERVAL
        )
        if time_ns + tolerance_ns < self._due_ns:
            return False
        self._due_ns += self._period_ns
        if self._due_ns <= time_ns:  # pictures were missing: begin the grid anew
            self._due_ns = time_ns + self._period_ns
        return True
