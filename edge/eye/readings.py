"""What the device's shell can be asked: clocks, free space, heat."""

import os
from pathlib import Path

from edge.clock import Clock
from edge.eye.health import Readings

_MILLI = 1000
# Bits of a Raspberry Pi's get_throttled: clock capped, slowed down, soft temperature limit, now.
_SLOWED_NOW = 0x2 | 0x4 | 0x8
_CPU_COOLING = "cpufreq"
THROTTLED_FLAGS = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")


def read_device(
    clock: Clock,
    state_dir: Path,
    thermal_root: Path,
    throttled_flags: Path,
    *,
    has_trouble: bool,
    is_site_refused: bool,
    mandate_reason: str,
) -> Readings:
    """One set of readings.

    state_dir: a folder on the spool's disk. thermal_root, throttled_flags: as below. has_trouble:
    the spool does not take events. mandate_reason: why nothing is detected or recorded.
    """
    now_ns, utc_ns = clock.monotonic_ns(), clock.utc_ns()
    return Readings(
        utc_ns=utc_ns,
        now_ns=now_ns,
        free_bytes=read_free_bytes(state_dir),
        spool_trouble="not_writable" if has_trouble else "",
        celsius=read_hottest_celsius(thermal_root),
        is_throttled=read_is_throttled(thermal_root, throttled_flags),
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
    """The hottest sensor; None where there is none that answers.

    thermal_root: holds thermal_zone*/temp in thousandths of a degree.
    """
    found: list[float] = []
    for sensor in sorted(thermal_root.glob("thermal_zone*/temp")):
        try:
            found.append(int(sensor.read_text()) / _MILLI)
        except (OSError, ValueError):  # a sensor that sleeps answers with an error
            continue
    return max(found, default=None)


def read_is_throttled(thermal_root: Path, throttled_flags: Path) -> bool:
    """Whether the board slows itself down now; False where it does not say.

    thermal_root: holds cooling_device*. throttled_flags: a Raspberry Pi's, in hexadecimal.
    """
    try:
        if int(throttled_flags.read_text(), 16) & _SLOWED_NOW:
            return True
    except (OSError, ValueError):  # no Raspberry Pi, or a kernel that does not tell
        pass
    for device in thermal_root.glob("cooling_device*"):
        try:
            is_cpu = _CPU_COOLING in (device / "type").read_text()
            if is_cpu and int((device / "cur_state").read_text()) > 0:
                return True
        except (OSError, ValueError):
            continue
    return False
