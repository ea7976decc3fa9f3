"""Attempts to come in: counted by name and by address, and the line for each that failed."""

from collector.audit import Act, append
from collector.rate import RateLimit
from collector.writer import Writer
from edge.clock import Clock
from edge.errors import Kind, VigieError

# Per name and per address: guessing stays hopeless, a forgotten password stays bearable.
LOGIN_ATTEMPTS, LOGIN_WINDOW_SECONDS = 10, 600.0


class Attempts:
    """One count for every way in. Belongs to the event loop."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._limit = RateLimit(LOGIN_ATTEMPTS, LOGIN_WINDOW_SECONDS)

    def count_address(self, address: str) -> None:
        """One more from there. Raises VigieError(RESOURCE_EXHAUSTED) after too many."""
        self._count(f"address {address}")

    def count_name(self, name: str) -> None:
        """One more for an account. Raises VigieError(RESOURCE_EXHAUSTED) after too many."""
        self._count(f"name {name}")

    def forget_name(self, name: str) -> None:
        """Somebody came in under the name; what was tried before no longer counts."""
        self._limit.forget(f"name {name}")

    async def write_refusal(self, name: str, detail: str) -> None:
        """Write down that somebody was not let in; only then may they be told."""
        now_ms = self._clock.utc_ns() // 1_000_000
        act = Act("collector", "refuse login", name, detail)
        await self._writer.submit(lambda connection: append(connection, now_ms, act))

    def _count(self, key: str) -> None:
        wait_seconds = self._limit.try_at(key, self._clock.monotonic_ns())
        if wait_seconds:
            raise VigieError(
                Kind.RESOURCE_EXHAUSTED,
                "too many attempts",
                hint=f"Wait {wait_seconds / 60:.0f} min, then try again.",
            )
