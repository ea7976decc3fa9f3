"""The eye's loop: frames of all cameras through one detector, facts and readings to health."""

import itertools
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.clock import Clock
from edge.errors import VigieError
from edge.eye.budget import Budget
from edge.eye.camera import Capture, CaptureOptions, Lost, RingDoor, wait_any
from edge.eye.detector import Card
from edge.eye.dictionary import make_dictionary
from edge.eye.health import DeviceHealth, Readings
from edge.eye.heat import Heat
from edge.eye.readings import THROTTLED_FLAGS, read_device
from edge.eye.standing import Mandates, read_standing
from edge.eye.starting import Starting
from edge.eye.status import write_status
from edge.eye.step import Analysis, Detector
from edge.eye.watched import Watched, beside
from edge.mandate.gate import Facts
from edge.service.ending import take_endings
from edge.service.watchdog import Watchdog
from edge.site.canonical import EVERY_CAMERA, rules_sha256
from edge.site.check import read_site
from edge.site.model import Camera, SiteFile
from edge.spool.outbox import Outbox
from edge.spool.places import spool_folder
from edge.wire.event import Event
from edge.wire.packets import StreamRules

_WAIT_SECONDS = 0.5
_TICK_NS = 1_000_000_000
logger = logging.getLogger("vigie.eye")


@dataclass(frozen=True, slots=True)
class PoleOptions:
    """Where things stand, and how recordings are treated.

    thermal_root: the kernel's thermal zones. throttled_flags: a Raspberry Pi's. is_looped:
    recordings begin anew at their end. ends_with_sources: end when every recording has ended.
    card: the detector's model card, which the dictionary names; None: no model takes part.
    ring_socket: where the vault takes packets; None: nothing is recorded.
    """

    site_file: Path
    state_dir: Path
    thermal_root: Path
    is_looped: bool = False
    ends_with_sources: bool = False
    card: Card | None = None
    ring_socket: Path | None = None
    throttled_flags: Path = THROTTLED_FLAGS


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a pole is set into: where events go, what time it is, what it may do, who watches it."""

    outbox: Outbox
    clock: Clock
    mandates: Mandates
    watchdog: Watchdog
    starting: Starting


class Pole:
    """All cameras of a site. Everything runs in the thread that calls `watch`."""

    def __init__(
        self,
        site: SiteFile,
        detector: Detector,
        surroundings: Surroundings,
        options: PoleOptions,
    ) -> None:
        self._detector, self._outbox = detector, surroundings.outbox
        self._mandates, self._watchdog = surroundings.mandates, surroundings.watchdog
        clock, self._starting = surroundings.clock, surroundings.starting
        self._clock, self._options = clock, options
        self._numbers = itertools.count(1)
        self._started_ns = self._ticked_ns = clock.monotonic_ns()
        self._site_mark = _mark(options.site_file)
        self._is_site_refused = False
        self._device = DeviceHealth(site.health, self._numbers)
        self._heat = Heat()
        self._watched: list[Watched] = []
        self._standing = read_standing(self._mandates, ())
        self._take_site(site)

    def watch(self, ending: threading.Event, rereading: threading.Event) -> None:
        """Look until `ending` is set, or every recording has ended if that was asked for."""
        while not ending.is_set():
            self._look()
            if self._clock.monotonic_ns() - self._ticked_ns >= _TICK_NS or rereading.is_set():
                self._tick(is_asked=rereading.is_set())
                rereading.clear()
            elif self._mandates.has_come():
                self._follow_mandate()
            if self._options.ends_with_sources and self._has_ended():
                break
        self._write_status()

    def close(self) -> None:
        """End the capture processes, and write down what the mandates need to know next time."""
        self._close_captures()
        self._mandates.close()

    def _close_captures(self) -> None:
        for watched in self._watched:
            watched.capture.close()

    def _look(self) -> None:
        captures = [watched.capture for watched in self._watched]
        awaited = wait_any(captures, _WAIT_SECONDS, self._mandates.handles)
        ready = {capture.camera.name for capture in awaited}
        by_name = {watched.name: watched for watched in self._watched}
        for name in self._budget.order(ready):
            self._analyse(by_name[name])
        for watched in self._watched:
            self._take_facts(watched)
        # Every frame that waited has been looked at: that is the eye's progress.
        self._watchdog.feed()

    def _analyse(self, watched: Watched) -> None:
        frame = watched.capture.latest()
        if frame is None:
            return
        begun_ns = time.thread_time_ns()
        most = self._budget.glances(watched.name, self._clock.monotonic_ns())
        permit = self._mandates.permit(watched.name)
        seen = watched.analysis.step(frame, permit, most_glances=most)
        cost_ns = time.thread_time_ns() - begun_ns
        watched.cpu_ns += cost_ns
        if seen.found is not None:
            self._budget.spend(watched.name, cost_ns, len(seen.glances))
        watched.frames_analysed += most > 0 or not seen.is_due
        self._tell(seen.events)

    def _take_facts(self, watched: Watched) -> None:
        health = watched.analysis.health
        for fact in watched.capture.take_facts():
            if isinstance(fact, Lost):
                reason = fact.reason.value
                logger.warning("camera_lost camera=%s reason=%s", fact.camera, reason)
                watched.lost, watched.is_open = fact, False
                self._tell(health.lose(reason, fact.utc_ns, fact.monotonic_ns))
            else:
                size = f"{fact.width_px}x{fact.height_px}"
                logger.info("camera_opened camera=%s size_px=%s", fact.camera, size)
                watched.lost, watched.is_open = None, True
                self._tell(health.open(fact.utc_ns, fact.monotonic_ns))

    def _tick(self, *, is_asked: bool) -> None:
        """Once a second: the device's health, lasting outages, the site file, the status."""
        self._ticked_ns = self._clock.monotonic_ns()
        mark = _mark(self._options.site_file)
        if is_asked or mark != self._site_mark:
            self._site_mark = mark
            self._reread()
        self._follow_mandate()
        self._tell_endings()
        self._starting.tell(lambda why: self._device.report_start(why, self._clock.utc_ns()))
        readings = read_device(
            self._clock,
            self._options.state_dir,
            self._options.thermal_root,
            self._options.throttled_flags,
            has_trouble=self._outbox.trouble is not None,
            is_site_refused=self._is_site_refused,
            mandate_reason=self._standing.reason,
        )
        self._tell(self._device.look(readings))
        self._spare(readings)
        for watched in self._watched:
            if watched.lost is not None:
                reason = watched.lost.reason.value
                health = watched.analysis.health
                self._tell(health.lose(reason, readings.utc_ns, readings.now_ns))
        self._write_status()

    def _spare(self, readings: Readings) -> None:
        """A board that is too hot gives the detector less time, and says so."""
        limit = self._site.health.max_celsius
        step = self._heat.look(
            readings.celsius, limit, is_throttled=readings.is_throttled, now_ns=readings.now_ns
        )
        if step is None:
            return
        level = logging.WARNING if step.is_slower else logging.INFO
        celsius = "none" if readings.celsius is None else f"{readings.celsius:.0f}"
        logger.log(level, "detector_budget part=%g celsius=%s throttled=%s", step.part, celsius,
                   readings.is_throttled)  # fmt: skip
        self._budget.slow_to(step.part)
        self._tell(self._device.report_heat_step(step.reason, readings.utc_ns))

    def _tell_endings(self) -> None:
        """Rooms that ended by themselves meanwhile, this one before its present life too."""
        for ending in take_endings(spool_folder(self._options.state_dir)):
            logger.warning("room_was_restarted reason=%s", ending)
            self._tell(self._device.report_ending(ending, self._clock.utc_ns()))

    def _follow_mandate(self) -> None:
        """Take what the link brought; another mandate is another dictionary."""
        self._mandates.poll()
        before = self._standing
        self._standing = read_standing(self._mandates, [each.name for each in self._watched])
        self._outbox.prove_clock(self._standing.clock_error_ms)
        if self._standing.reason != before.reason:
            logger.info("mandate version=%d reason=%s", self._standing.version,
                        self._standing.reason or "none")  # fmt: skip
        if self._standing.version != before.version:
            self._declare()
        for watched in self._watched:
            watched.capture.record(is_allowed=self._mandates.permit(watched.name).may_record)

    def _declare(self) -> None:
        self._outbox.declare(make_dictionary(self._site, self._options.card, self._standing))

    def _reread(self) -> None:
        """Take a changed site file; a bad one changes nothing but is told."""
        try:
            site = read_site(self._options.site_file)
            if site.detection.model != self._site.detection.model:
                logger.warning("model_change_needs_restart model=%s", site.detection.model)
        except VigieError as error:
            logger.error("site_rejected file=%s problem=%s", self._options.site_file, error.what)  # noqa: TRY400 - a person's file, no traceback
            self._is_site_refused = True
            return
        self._is_site_refused = False
        if site != self._site:
            self._close_captures()
            self._take_site(site)
            logger.info("site_taken file=%s", self._options.site_file)

    def _take_site(self, site: SiteFile) -> None:
        self._site = site
        card = self._options.card
        models = frozenset({card.sha256} if card is not None else ())
        self._hashes = rules_sha256(site)
        self._mandates.set_facts(Facts(self._hashes, models))
        self._standing = read_standing(self._mandates, [camera.name for camera in site.cameras])
        self._declare()
        most = {camera.name: camera.budget_ms_per_second for camera in site.cameras}
        self._budget = Budget(site.detection.budget_ms_per_second, most)
        self._budget.slow_to(self._heat.part)
        self._device.set_limits(site.health)
        self._watched = [self._start(site, camera) for camera in site.cameras]

    def _start(self, site: SiteFile, camera: Camera) -> Watched:
        ring, name = self._options.ring_socket, camera.name
        rules = StreamRules(self._hashes[name], self._hashes[EVERY_CAMERA])
        options = CaptureOptions(
            stall_seconds=site.health.lost_seconds,
            is_looped=self._options.is_looped,
            ring=RingDoor(str(ring), rules) if ring is not None else None,
        )
        capture = Capture(beside(camera, self._options.site_file), options)
        capture.record(is_allowed=self._mandates.permit(name).may_record)
        capture.start()
        return Watched(capture, Analysis(site, name, self._detector, self._numbers))

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            logger.info("event rule=%s phase=%d incident=%d", event.rule, event.phase,
                        event.incident)  # fmt: skip
        if events:
            self._outbox.offer(events)

    def _has_ended(self) -> bool:
        return all(watched.has_ended for watched in self._watched)

    def _write_status(self) -> None:
        uptime_ms = (self._clock.monotonic_ns() - self._started_ns) // 1_000_000
        reports = [each.report() for each in self._watched]
        write_status(self._options.state_dir, uptime_ms, reports, self._standing)


def _mark(path: Path) -> tuple[int, int] | None:
    """Changes when the file does; None while there is none."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size
