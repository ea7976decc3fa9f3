"""How often somebody may try: a bounded memory of attempts, time passed in."""

from collections import OrderedDict, deque

MAX_KEYS = 10_000  # the longest silent key is forgotten first


class RateLimit:
    """At most `attempts` within `window_seconds` for each key."""

    def __init__(self, attempts: int, window_seconds: float) -> None:
        self._attempts = attempts
        self._window_ns = round(window_seconds * 1e9)
        self._tries: OrderedDict[str, deque[int]] = OrderedDict()

    def try_at(self, key: str, now_ns: int) -> float:
        """Count an attempt: 0.0 when it is allowed, else seconds to wait. now_ns: monotonic."""
        tries = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        while len(self._tries) > MAX_KEYS:
            self._tries.popitem(last=False)
        while tries and tries[0] <= now_ns - self._window_ns:
            tries.popleft()
        if len(tries) >= self._attempts:
            return (tries[0] + self._window_ns - now_ns) / 1e9
        tries.append(now_ns)
        return 0.0

    def forget(self, key: str) -> None:
        """The key did what it came for; its attempts no longer count."""
        self._tries.pop(key, None)
