"""The pole's own health: what is wrong with cameras, clock, storage, heat and the site file.

Each condition has an incident of its own that starts, is told again now and then while it lasts,
and ends. Values come in as arguments; nothing here reads a clock, a disk or a sensor.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2

from edge.eye.frame import Plane
from edge.eye.rules.incident import Incidents, Limits
from edge.eye.rules.scene import Scene
from edge.eye.tracks import no_tracks
from edge.mandate.clock_proof import MAX_ROUND_TRIP_NS
from edge.mandate.reason import Reason
from edge.site.model import Health
from edge.wire.event import Event
from edge.wire.v1 import event_pb2

LOST, FROZEN = "camera_lost", "camera_frozen"
DARK, COVERED = "camera_dark", "camera_covered"
CAMERA_FUNCTIONS = (LOST, FROZEN, DARK, COVERED)
CLOCK, STORAGE, THERMAL, SITE = "clock", "storage", "thermal", "site"
MANDATE, ROOM, SOFTWARE = "mandate", "room", "software"
SPOOL_GAP = "spool_gap"
DEVICE_FUNCTIONS = (CLOCK, STORAGE, THERMAL, SITE, MANDATE, ROOM, SOFTWARE)

_SECOND_NS = 1_000_000_000
# A fault that lasts for days is not news every ten seconds.
_UPDATE_NS = 300 * _SECOND_NS
# Pictures differ by noise even at night; two that differ by less on average are the same one.
_SAME_LUMA = 0.02
# No device of this software was made before: a clock that says so was never set.
_FIRST_UTC_MS = 1_767_225_600_000
# Every start needs a moment to prove its clock, and sees nothing until then: no news. As long as
# the collector's answer to a start's question may take; what lasts longer is told, so much later.
_QUIET_UNPROVEN_NS = MAX_ROUND_TRIP_NS
# A stepped clock is trusted again when it has kept pace for so long.
_CLOCK_STEADY_NS = 60 * _SECOND_NS
# Free space and heat must recover by this much before the incident ends.
_STORAGE_MARGIN = 1.1
_HEAT_MARGIN_CELSIUS = 5.0
_BYTES_PER_MB = 1_000_000


def rule_name(function: str, camera: str = "") -> str:
    """`health/camera_lost/north`, `health/clock`."""
    return f"health/{function}/{camera}" if camera else f"health/{function}"


class Moment(NamedTuple):
    """Both clocks, read together: wall time labels, monotonic time measures. Nanoseconds."""

    utc_ns: int
    now_ns: int


class _Watch:
    """One condition that holds or does not."""

    def __init__(self, rule: str, min_ns: int, leave_ns: int, numbers: Iterator[int]) -> None:
        self._rule = rule
        limits = Limits(min_ns, leave_ns, update_ns=_UPDATE_NS)
        self._incidents = Incidents(limits, numbers, {})
        self._reason = ""

    def tell(
        self, moment: Moment, *, is_met: bool, reason: str = "", measured: int | None = None
    ) -> list[Event]:
        """Advance to the moment and say what is to be told."""
        if is_met:
            self._reason = reason
        utc_ms = max(0, moment.utc_ns // 1_000_000)
        told = self._incidents.look(
            Scene(no_tracks(), utc_ms, moment.now_ns, 1.0),
            {0: None} if is_met else {},
            lambda _: True,
            elsewhere=(0,),
        )
        return [
            Event(
                captured_utc_ms=utc_ms,
                rule=self._rule,
                phase=each.phase,
                incident=each.stay.incident,
                duration_ms=each.duration_ms,
                measured=measured,
                reason=self._reason,
            )
            for each in told
        ]


class CameraHealth:
    """What is wrong with one camera, from its pictures and its capture's facts."""

    def __init__(self, camera: str, limits: Health, numbers: Iterator[int]) -> None:
        self._limits = limits
        covered_ns = round(limits.covered_seconds * _SECOND_NS)
        frozen_ns = round(limits.frozen_seconds * _SECOND_NS)
        self._lost = _Watch(rule_name(LOST, camera), 0, 0, numbers)
        self._frozen = _Watch(rule_name(FROZEN, camera), frozen_ns, 0, numbers)
        self._dark = _Watch(rule_name(DARK, camera), covered_ns, covered_ns, numbers)
        self._covered = _Watch(rule_name(COVERED, camera), covered_ns, covered_ns, numbers)
        self._before: Plane | None = None
        self._looked_ns: int | None = None

    def look(self, small_luma: Plane, utc_ns: int, now_ns: int) -> list[Event]:
        """Look at one picture, uint8 (180, 320); once a second is enough, the rest is passed by."""
        if self._looked_ns is not None and now_ns - self._looked_ns < _SECOND_NS:
            return []
        self._looked_ns = now_ns
        before, self._before = self._before, small_luma.copy()
        is_same = before is not None and (
            cv2.norm(small_luma, before, cv2.NORM_L1) < _SAME_LUMA * small_luma.size
        )
        brightness = cv2.mean(small_luma)[0]
        is_dark = brightness < self._limits.dark_luma
        is_flat = not is_dark and _detail(small_luma) < self._limits.covered_detail
        moment = Moment(utc_ns, now_ns)
        return [
            *self._frozen.tell(moment, is_met=is_same),
            *self._dark.tell(moment, is_met=is_dark, measured=round(brightness)),
            *self._covered.tell(moment, is_met=is_flat),
        ]

    def lose(self, reason: str, utc_ns: int, now_ns: int) -> list[Event]:
        """No picture comes; reason as capture says it. Call again now and then while it lasts."""
        self._before = None
        return self._lost.tell(Moment(utc_ns, now_ns), is_met=True, reason=reason)

    def open(self, utc_ns: int, now_ns: int) -> list[Event]:
        """Pictures come again."""
        return self._lost.tell(Moment(utc_ns, now_ns), is_met=False)


@dataclass(frozen=True, slots=True)
class Readings:
    """What the device's shell read.

    utc_ns, now_ns: the two clocks, read together. free_bytes: where the spool lives; None: the
    disk cannot be asked. spool_trouble: why the spool does not take events, one word; empty: it
    does. celsius: hottest sensor; None: there is none. is_throttled: the board slows itself down,
    as far as it says so. is_site_refused: a new site file is bad.
    mandate_reason: why nothing is detected or recorded, one word; empty: it is.
    """

    utc_ns: int
    now_ns: int
    free_bytes: int | None
    spool_trouble: str = ""
    celsius: float | None = None
    is_site_refused: bool = False
    mandate_reason: str = ""
    is_throttled: bool = False


class DeviceHealth:
    """What is wrong with the device as a whole."""

    def __init__(self, limits: Health, numbers: Iterator[int]) -> None:
        self._limits = limits
        steady_ns = _CLOCK_STEADY_NS
        self._clock = _Watch(rule_name(CLOCK), 0, steady_ns, numbers)
        self._storage = _Watch(rule_name(STORAGE), 0, 0, numbers)
        self._thermal = _Watch(rule_name(THERMAL), 0, 0, numbers)
        self._site = _Watch(rule_name(SITE), 0, 0, numbers)
        self._mandate = _Watch(rule_name(MANDATE), 0, 0, numbers)
        self._numbers = numbers
        self._mandate_reason = ""
        self._unproven_ns: int | None = None
        self._offset_ns: int | None = None
        self._is_short = False
        self._is_hot = False

    def set_limits(self, limits: Health) -> None:
        """Another site file holds from now on; what lasts goes on."""
        self._limits = limits

    def look(self, read: Readings) -> list[Event]:
        """Judge one set of readings; call about once a second."""
        moment = Moment(read.utc_ns, read.now_ns)
        clock, storage = self._clock_reason(read), self._storage_reason(read)
        heat = self._limits.max_celsius - (_HEAT_MARGIN_CELSIUS if self._is_hot else 0.0)
        self._is_hot = read.celsius is not None and read.celsius > heat
        celsius = None if read.celsius is None else round(read.celsius)
        refused = "site_rejected" if read.is_site_refused else ""
        self._mandate_reason = mandate = self._tellable(read)
        return [
            *self._clock.tell(moment, is_met=bool(clock), reason=clock),
            *self._storage.tell(moment, is_met=bool(storage), reason=storage),
            *self._thermal.tell(moment, is_met=self._is_hot, measured=celsius),
            *self._site.tell(moment, is_met=bool(refused), reason=refused),
            *self._mandate.tell(moment, is_met=bool(mandate), reason=mandate),
        ]

    def report_ending(self, reason: str, utc_ns: int) -> list[Event]:
        """A room of this pole ended by itself and lives again; reason: which and why."""
        return self._report(ROOM, reason, utc_ns)

    def report_start(self, reason: str, utc_ns: int) -> list[Event]:
        """An image started; reason: its slot and version."""
        return self._report(SOFTWARE, reason, utc_ns)

    def report_heat_step(self, reason: str, utc_ns: int) -> list[Event]:
        """The detector got less time because of heat, or more again; reason: how much."""
        return self._report(THERMAL, reason, utc_ns)

    def _report(self, function: str, reason: str, utc_ns: int) -> list[Event]:
        """Something that is over as soon as it is told."""
        utc_ms, incident = max(0, utc_ns // 1_000_000), next(self._numbers)
        phases = (event_pb2.PHASE_START, event_pb2.PHASE_END)
        return [
            Event(captured_utc_ms=utc_ms, rule=rule_name(function), phase=phase, incident=incident,
                  reason=reason)
            for phase in phases
        ]  # fmt: skip

    def _tellable(self, read: Readings) -> str:
        """Why nothing is seen, as it is told: while a clock is young, what was told before."""
        if read.mandate_reason != Reason.CLOCK_UNPROVEN.value:
            self._unproven_ns = None
            return read.mandate_reason
        if self._unproven_ns is None:
            self._unproven_ns = read.now_ns
        is_lasting = read.now_ns - self._unproven_ns >= _QUIET_UNPROVEN_NS
        return read.mandate_reason if is_lasting else self._mandate_reason

    def _clock_reason(self, read: Readings) -> str:
        offset_ns = read.utc_ns - read.now_ns
        before_ns, self._offset_ns = self._offset_ns, offset_ns
        if read.utc_ns < _FIRST_UTC_MS * 1_000_000:
            return "not_set"
        step_ns = 0 if before_ns is None else offset_ns - before_ns
        if abs(step_ns) <= self._limits.max_clock_step_seconds * _SECOND_NS:
            return ""
        return "stepped_forward" if step_ns > 0 else "stepped_back"

    def _storage_reason(self, read: Readings) -> str:
        if read.spool_trouble:
            return read.spool_trouble
        if read.free_bytes is None:
            return "unreadable"
        margin = _STORAGE_MARGIN if self._is_short else 1.0
        self._is_short = read.free_bytes < self._limits.min_free_mb * _BYTES_PER_MB * margin
        return "low_space" if self._is_short else ""


def _detail(small_luma: Plane) -> float:
    """Mean difference of neighbours side by side, 0 to 255: near 0 for a lens behind a cloth."""
    return cv2.mean(cv2.absdiff(small_luma[:, 1:], small_luma[:, :-1]))[0]
