"""How many clips of one camera were taken on within a day: a bound of the pole's own.

The collector counts what each account asks for. Whoever stole the key that signs requests asks
past it, picture by picture if need be, and this is what stops him: the mandate says how many.
"""

from collections.abc import Iterable

from edge.clock import Clock
from edge.vault.orders import DAY_MS, MINUTE_MS, No, Refusal, Situation

_NS_PER_MS = 1_000_000


class OrderCount:
    """Clips that were accepted, by camera. One thread's.

    What is counted stands in the audit, so a vault that starts again goes on counting. Time here
    never goes back, and never on by more than the monotonic clock says: a wall clock that is set
    forward while the vault runs frees nothing. Over a restart the proven wall clock counts.
    """

    def __init__(self, clock: Clock, accepted: Iterable[tuple[str, int]]) -> None:
        """accepted: camera and utc ms of each clip that the audit says was taken on."""
        self._clock = clock
        self._taken: dict[str, list[int]] = {}
        for camera, utc_ms in accepted:
            self._taken.setdefault(camera, []).append(utc_ms)
        self._now_ms: int | None = None
        self._last_ms = (0, 0)

    def check(self, camera: str, situation: Situation) -> Refusal | None:
        """Why no more clips of a camera are taken on now; None: one more is.

        To be asked of a situation that `check_order` found nothing wrong with: the clock is
        proven, and a mandate is in force.
        """
        most = situation.mandate.clips_per_camera_a_day if situation.mandate else 0
        since_ms = self._pass() - DAY_MS
        within = [each for each in self._taken.get(camera, ()) if each > since_ms]
        self._taken[camera] = within
        if len(within) < most:
            return None
        wait_minutes = -(-(within[-most] - since_ms) // MINUTE_MS) if most else 0
        return Refusal(
            No.TOO_MANY_A_DAY,
            f"{len(within)} clips of {camera} were taken on within 24 hours, the mandate allows "
            f"{most}; the next one in {wait_minutes // 60} h {wait_minutes % 60:02} min",
        )

    def note(self, camera: str) -> None:
        """Count a clip that was checked just now, and is in the audit."""
        assert self._now_ms is not None
        self._taken[camera].append(self._now_ms)

    def _pass(self) -> int:
        """The time that counts. What a clock that was ahead wrote down is of now, not of then."""
        utc_ms = self._clock.utc_ns() // _NS_PER_MS
        monotonic_ms = self._clock.monotonic_ns() // _NS_PER_MS
        if self._now_ms is None:
            self._now_ms = utc_ms
            self._taken = {
                camera: sorted(min(each, utc_ms) for each in taken)
                for camera, taken in self._taken.items()
            }
        else:
            last_utc_ms, last_monotonic_ms = self._last_ms
            self._now_ms += max(0, min(utc_ms - last_utc_ms, monotonic_ms - last_monotonic_ms))
        self._last_ms = (utc_ms, monotonic_ms)
        return self._now_ms
