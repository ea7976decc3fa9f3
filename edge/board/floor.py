"""The clock's floor: a moment that is certainly past, and how the machine's clock is set.

The floor is the latest of: when the image was made, what was persisted while the time was proven,
when the provisioning file was signed. The clock is never set below it, whoever says so.
"""

from edge.board.machine import Machine, Settings
from edge.board.settled import Places
from edge.board.told_time import ToldTime
from edge.board.trouble import BoardError, Trouble
from edge.clock import Clock
from edge.errors import Kind
from edge.whole_file import read_bounded, write_whole

WORTH_SETTING_NS = 500_000_000
_MAX_FLOOR_BYTES = 32


def read_floor(places: Places, settings: Settings, signed_ns: int = 0) -> int:
    """Nanoseconds since 1970-01-01 UTC. signed_ns: of the provisioning file, if there is one."""
    content = read_bounded(places.clock_floor, _MAX_FLOOR_BYTES) or b""
    persisted = int(content) if content.strip().isdigit() else 0
    return max(settings.build_epoch_ns, persisted, signed_ns)


def persist_floor(places: Places, utc_ns: int) -> None:
    """Remember a proven time. Raises OSError."""
    write_whole(places.clock_floor, f"{utc_ns}\n".encode(), mode=0o644)


def raise_to_floor(machine: Machine, clock: Clock, floor_ns: int) -> bool:
    """A clock that shows less than the floor is set to it; True when it was."""
    if clock.utc_ns() >= floor_ns:
        return False
    set_clock(machine, floor_ns)
    return True


def apply_told(machine: Machine, clock: Clock, told: ToldTime, floor_ns: int) -> int:
    """Set the clock as the collector says; by how much it was off, nanoseconds.

    Raises BoardError(BAD_CLOCK) when what it says is past already.
    """
    utc_ns = told.utc_ns + clock.monotonic_ns() - told.monotonic_ns
    if utc_ns + told.error_ns < floor_ns:
        raise BoardError(
            Trouble.BAD_CLOCK,
            f"the collector says a time that is {(floor_ns - utc_ns) / 1e9:.0f} s before one that "
            "is past already",
            kind=Kind.PERMISSION_DENIED,
            hint="Set the collector's clock; this pole's stays where it is.",
        )
    off_ns = utc_ns - clock.utc_ns()
    if abs(off_ns) >= WORTH_SETTING_NS:
        set_clock(machine, max(utc_ns, floor_ns))
    return off_ns


def set_clock(machine: Machine, utc_ns: int) -> None:
    """Step the machine's clock; never to before utc_ns. Raises VigieError."""
    utc_ms = -(-utc_ns // 1_000_000)
    machine.must(["date", "--utc", "--set", f"@{utc_ms // 1000}.{utc_ms % 1000:03d}"])
