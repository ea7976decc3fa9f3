"""What the device's shell can be asked: clocks, free space, heat."""

import os
from pathlib import Path

from edge.clock import Clock
from edge.eye.health import Readings

_MILLI = 1000


def read_device(
    clock: Clock,
    state_dir: Path,
    thermal_root: Path,
    *,
    has_trouble: bool,
    is_site_refused: bool,
    mandate_reason: str,
) -> Readings:
    """One set of readings.

    state_dir: a folder on the spool's disk. thermal_root: holds thermal_zone*/temp in thousandths
    of a degree. has_trouble: the spool does not take events. mandate_reason: why nothing is
    detected or recorded.
    """
    now_ns, utc_ns = clock.monotonic_ns(), clock.utc_ns()
    return Readings(
        utc_ns=utc_ns,
        now_ns=now_ns,
        free_bytes=read_free_bytes(state_dir),
        spool_trouble="not_writable" if has_trouble else "",
        celsius=read_hottest_celsius(thermal_root),
        is_site_refused=is_site_refused,
        mandate_reason=mandate_reason,
    )


def read_free_bytes(folder: Path) -> int | None:
    """Space left for programs without privileges; None where the disk cannot be asked."""
    try:
        room = os.statvfs(folder)
    except OSError:
        return None
    return room.f_bavail * room.f_frsize


def read_hottest_celsius(thermal_root: Path) -> float | None:
    """The hottest sensor; None where there is none that answers."""
    found: list[float] = []
    for sensor in sorted(thermal_root.glob("thermal_zone*/temp")):
        try:
            found.append(int(sensor.read_text()) / _MILLI)
        except (OSError, ValueError):  # a sensor that sleeps answers with an error
            continue
    return max(found, default=None)
