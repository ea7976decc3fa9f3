"""Which pictures are analysed: at most so many a second, evenly, by whatever time is given."""

# A camera's own jitter must not make a 10 fps camera lose every other picture at 10 fps.
TOLERANCE_OF_PERIOD = 4


class Selection:
    """Chooses pictures on a grid of times; the same times give the same choice."""

    def __init__(self, pictures_per_second: float) -> None:
        self._period_ns = round(1e9 / pictures_per_second)
        self._due_ns: int | None = None

    def chooses(self, time_ns: int) -> bool:
        """True if the picture of this time is to be analysed; times never go back."""
        if self._due_ns is None:
            self._due_ns = time_ns
        if time_ns + self._period_ns // TOLERANCE_OF_PERIOD < self._due_ns:
            return False
        self._due_ns += self._period_ns
        if self._due_ns <= time_ns:  # pictures were missing: begin the grid anew
            self._due_ns = time_ns + self._period_ns
        return True
