"""How fast a clip may go up: a token bucket, so that an upload never takes the line from events."""

DEFAULT_BITS_PER_SECOND = 2_000_000
# So much may go at once after a rest: two chunks.
BURST_BYTES = 64 * 1024


class TokenBucket:
    """Bytes that may be sent; filled with time, which comes in as an argument."""

    def __init__(self, bits_per_second: int, now_ns: int) -> None:
        """bits_per_second: at least 8."""
        self._bytes_per_ns = bits_per_second / 8 / 1e9
        self._filled_bytes = float(BURST_BYTES)
        self._at_ns = now_ns

    def take(self, size_bytes: int, now_ns: int) -> float:
        """Take so many bytes; how many seconds to wait before they may be sent.

        They are taken at once and may be owed, so whoever waits as told keeps the rate exactly.
        """
        elapsed_ns = max(0, now_ns - self._at_ns)
        self._at_ns = max(now_ns, self._at_ns)
        filled = self._filled_bytes + elapsed_ns * self._bytes_per_ns
        self._filled_bytes = min(filled, float(BURST_BYTES)) - size_bytes
        return max(0.0, -self._filled_bytes / self._bytes_per_ns / 1e9)
