"""What a mandate allows, worked out as naively as possible: by labels on a calendar.

Shares no code with edge.mandate. Local time comes from the C library, not from zoneinfo; a window
is the set of all its minutes, written out as texts; a span of time is looked at minute by minute.
"""

import os
import time
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path

MINUTE_NS = 60 * 10**9
PERMIT_NS = 10**9
MAX_HELD = 8
MAX_AHEAD = 64


@dataclass(frozen=True, slots=True)
class Paper:
    """A mandate as the test wrote it: the JSON object, and the envelope that was made of it."""

    record: Mapping[str, object] = field(compare=False)
    envelope: bytes = field(compare=False)
    sha256: str
    version: int
    starts_ns: int
    ends_ns: int
    zone: str
    windows: tuple[tuple[str, str, tuple[str, ...], str, str], ...]


@lru_cache(maxsize=4096)
def labels(starts: str, ends: str, day: str) -> frozenset[str]:
    """Every local minute of the window that starts on a day, as `2026-03-29 02:30`."""
    stop = ends if ends != "24:00" else "00:00"
    hour, minute = int(starts[:2]), int(starts[3:])
    found = set()
    while True:
        found.add(f"{day} {hour:02}:{minute:02}")
        minute += 1
        if minute == 60:
            hour, minute = hour + 1, 0
        if hour == 24:
            hour, day = 0, day_after(day)
        if f"{hour:02}:{minute:02}" == stop:
            return frozenset(found)


@lru_cache
def day_after(day: str, days: int = 1) -> str:
    """The next day, or another one."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


@lru_cache
def weekday(day: str) -> str:
    """`mon` to `sun`."""
    return date.fromisoformat(day).strftime("%a").lower()


@lru_cache(maxsize=65536)
def local_minute(zone: str, minute: int) -> str:
    """What the clock on the town hall shows at a minute since 1970, by the C library."""
    _enter(zone)
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(minute * 60))


def _enter(zone: str) -> None:
    if os.environ.get("TZ") != (path := _zone_file(zone)):
        os.environ["TZ"] = path
        time.tzset()


@lru_cache
def _zone_file(zone: str) -> str:
    for folder in zoneinfo.TZPATH:
        if (Path(folder) / zone).is_file():
            return f":{folder}/{zone}"
    # Where the system has no zones, the package tzdata has them.
    return f":{resources.files('tzdata') / 'zoneinfo' / zone}"


def is_open(paper: Paper, minute: int) -> bool:
    """Whether any window of the mandate has this minute."""
    shown = local_minute(paper.zone, minute)
    for day in (shown[:10], day_after(shown[:10], -1)):
        for starts, ends, weekdays, first, last in paper.windows:
            is_day = weekday(day) in weekdays and first <= day <= last
            if is_day and shown in labels(starts, ends, day):
                return True
    return False


@dataclass(slots=True)
class Oracle:
    """What the pole should believe. held: papers that were accepted and not replaced since."""

    highest: int = 0
    held: list[Paper] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    ahead: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)

    def deliver(self, paper: Paper) -> bool:
        """A proper mandate comes; whether it is taken for the first time."""
        if paper in self.held:
            self.lost.discard(paper.sha256)
            return False
        if paper.sha256 in self.ahead or paper.version <= self.highest:
            return False
        if len(self.held) == MAX_HELD:
            going = [each for each in self.held if each.sha256 in self.revoked]
            if not going:
                return False
            self.held.remove(going[0])
        self.held.append(paper)
        self.highest = paper.version
        return True

    def revoke(self, paper: Paper) -> None:
        """A proper revocation comes."""
        if paper in self.held:
            self.revoked.add(paper.sha256)
        elif paper.version > self.highest and paper.sha256 not in self.ahead:
            self.ahead = [*self.ahead, paper.sha256][-MAX_AHEAD:]

    def in_force(self, earliest_ns: int) -> Paper | None:
        """The newest that has begun, was not revoked, and whose text is at hand."""
        found = None
        for paper in self.held:
            is_bad = paper.sha256 in self.revoked or paper.sha256 in self.lost
            if not is_bad and paper.starts_ns <= earliest_ns:
                found = paper
        return found

    def replace(self, earliest_ns: int) -> None:
        """What is in force ends all that was before it."""
        current = self.in_force(earliest_ns)
        if current is not None:
            self.held = [paper for paper in self.held if paper.version >= current.version]

    def allows(self, camera: str, earliest_ns: int, latest_ns: int) -> dict[str, set[str]] | None:
        """Zones and functions while the time is anywhere in this span; None: nothing."""
        paper = self.in_force(earliest_ns)
        if paper is None or not holds(paper, earliest_ns, latest_ns):
            return None
        return functions_of(paper.record, camera)


def holds(paper: Paper, earliest_ns: int, latest_ns: int) -> bool:
    """Whether a mandate holds at every minute of a span, looked at one by one."""
    if not paper.starts_ns <= earliest_ns <= latest_ns < paper.ends_ns:
        return False
    minutes = range(earliest_ns // MINUTE_NS, latest_ns // MINUTE_NS + 1)
    return all(is_open(paper, minute) for minute in minutes)


def functions_of(record: Mapping[str, object], camera: str) -> dict[str, set[str]] | None:
    """What a mandate's JSON names for a camera; None: it is not named."""
    cameras = record["cameras"]
    assert isinstance(cameras, Sequence)
    for each in cameras:
        if each["camera"] == camera:
            return {zone["zone"]: set(zone["functions"]) for zone in each["zones"]}
    return None
