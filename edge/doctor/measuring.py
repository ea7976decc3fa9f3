"""What root reads of the pole itself: disk, heat, image, mandate, record, and the way out."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from edge.doctor.facts import Heat, MandateFacts, Openings, Software, Storage, Uplink
from edge.doctor.openings import read_openings
from edge.doctor.walls import behind_walls
from edge.errors import VigieError
from edge.mandate.device_name import read_device
from edge.mandate.places import Places
from edge.mandate.register import Register
from edge.mandate.store import Store
from edge.mandate.trust import MAX_TRUST_BYTES, load_trust
from edge.service.image import read_image
from edge.whole_file import read_bounded

_SECTOR_BYTES = 512
"""Of /sys/block/*/stat, whatever the disk's own are (Documentation/block/stat.rst)."""
_WRITTEN_SECTORS = 6
_DAY_SECONDS = 86_400
LEAST_COUNTED_SECONDS = 60.0
_THROTTLED = "devices/platform/soc/soc:firmware/get_throttled"
# JEDEC 84-B51, EXT_CSD 268 and 269: 1 is 0 to 10 % used, 10 is 90 to 100 %.
_WEAR_STEP_PERCENT = 10
_REACH_SECONDS = 40


def measure_storage(data: Path, rated_bytes: int | None, sys_root: Path) -> Storage:
    """The disk that the pole's state is on. sys_root: the kernel's /sys."""
    free = total = None
    written = hours = worn = None
    try:
        room, device = os.statvfs(data), data.stat().st_dev
        free, total = room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize
    except OSError:
        return Storage(None, None, None, None, rated_bytes, None)
    place = sys_root / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}"
    up_seconds = _up_seconds()
    stat = (read_bounded(place / "stat", 4096) or b"").split()
    if len(stat) > _WRITTEN_SECTORS and up_seconds >= LEAST_COUNTED_SECONDS:
        since = int(stat[_WRITTEN_SECTORS]) * _SECTOR_BYTES
        written, hours = round(since / up_seconds * _DAY_SECONDS), up_seconds / 3600
    life = (read_bounded(place.resolve().parent / "device" / "life_time", 64) or b"").split()
    if life:
        worn = max(int(each, 16) for each in life) * _WEAR_STEP_PERCENT
    return Storage(free, total, written, hours, rated_bytes, worn)


def measure_heat(sys_root: Path) -> Heat:
    """The hottest sensor that answers, and a Raspberry Pi's flags."""
    found = []
    for sensor in sorted((sys_root / "class" / "thermal").glob("thermal_zone*/temp")):
        try:
            found.append(int(sensor.read_text()) / 1000)
        except (OSError, ValueError):  # a sensor that sleeps answers with an error
            continue
    flags = (read_bounded(sys_root / _THROTTLED, 64) or b"").strip()
    return Heat(max(found, default=None), int(flags, 16) if flags else None)


def measure_software() -> Software:
    """This program and the slot it runs from."""
    image = read_image()
    return Software(version("vigie"), image.slot if image else "")


def measure_mandate(data: Path, reason: str, now: datetime) -> MandateFacts:
    """What the eye holds, read and verified anew; nothing is written. reason: the eye's word."""
    content = read_bounded(data / "trust.json", MAX_TRUST_BYTES)
    try:
        if content is None:
            return MandateFacts(reason or "no_trust")
        stored = Store(Places(data, "eye")).read()
        if stored.floors is None:
            return MandateFacts(reason or "floor_lost")
        register, _ = Register(load_trust(content), read_device(data), stored.floors).restore(
            stored.envelopes
        )
        held = register.in_force(round(now.timestamp() * 1e9))
    except VigieError as error:
        return MandateFacts(error.what)
    if held is None:
        return MandateFacts(reason or "no_mandate")
    said = held.mandate
    return MandateFacts(
        reason=reason,
        version=said.version,
        mode=said.mode,
        authority=said.authority,
        expires=said.expires,
        cameras=tuple(each.camera for each in said.cameras),
    )


def measure_uplink(data: Path) -> Uplink:
    """One try, by a program behind the link's walls."""
    words = [sys.executable, "-m", "edge.doctor.reach", "--data", str(data)]
    try:
        ran = subprocess.run(
            behind_walls("link", words, has_network=True),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_REACH_SECONDS,
            check=True,
        )
        said = json.loads(ran.stdout)
        until = said["until_utc_s"]
        return Uplink(
            address=str(said["address"]),
            round_trip_ms=said["round_trip_ms"],
            answered_ms=said["answered_ms"],
            trouble=str(said["trouble"]),
            hint=str(said["hint"]),
            certificate_until=None if until is None else datetime.fromtimestamp(until, UTC),
        )
    except (subprocess.SubprocessError, ValueError, KeyError, TypeError) as broken:
        trouble = f"the collector could not be tried ({type(broken).__name__})"
        return Uplink("", None, None, trouble, "Run 'vigie device status' at the control room.")


def measure_openings(data: Path) -> Openings:
    """The record of the local page."""
    return read_openings(data)


def _up_seconds() -> float:
    return float((read_bounded(Path("/proc/uptime"), 64) or b"0").split()[0])
