"""A clock that stands still until a test moves it."""


class FakeClock:
    """Wall and monotonic time as two numbers; monotonic time refuses to go back."""

    def __init__(self, utc_ns: int = 1_790_000_000_000_000_000, monotonic_ns: int = 0) -> None:
        self._utc_ns = utc_ns
        self._monotonic_ns = monotonic_ns

    def utc_ns(self) -> int:
        return self._utc_ns

    def monotonic_ns(self) -> int:
        return self._monotonic_ns

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        if seconds < 0:
            raise ValueError("time passes forwards; use step_utc for a clock that jumps")
        self._utc_ns += round(seconds * 1e9)
        self._monotonic_ns += round(seconds * 1e9)

    def step_utc(self, seconds: float) -> None:
        """Set the wall clock forwards or back, as NTP or a person does."""
        self._utc_ns += round(seconds * 1e9)
