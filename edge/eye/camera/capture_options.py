"""How a capture behaves, beyond what the site file says of its camera."""

from dataclasses import dataclass

from edge.eye.camera.opening import STALL_SECONDS
from edge.eye.camera.order import RingDoor


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """How a capture behaves.

    stall_seconds: no picture for this long, opening included, and the child is killed. The
    child's own start does not count: it has LONGEST_START_SECONDS.
    is_looped: a recording begins anew at its end; time goes on growing.
    ring: where the vault takes packets, once `record` allows it; None: nowhere.
    jitter_seed: makes pauses repeatable, for tests; None: by chance.
    """

    stall_seconds: float = STALL_SECONDS
    is_looped: bool = False
    ring: RingDoor | None = None
    jitter_seed: int | None = None
