"""Live capture of one camera: a child process, and the supervisor that outlives it."""

import os
import random
import socket
import subprocess
import sys
from dataclasses import replace

from edge.clock import Clock, SystemClock
from edge.errors import VigieError
from edge.eye.camera.capture_options import CaptureOptions
from edge.eye.camera.facts import Counts, Fact, LossReason, Lost, Opened
from edge.eye.camera.lifecycle import TABLE, Action, Happening, Pauses, State
from edge.eye.camera.order import LONGEST_MESSAGE_BYTES, Failure, Order, Switch
from edge.eye.camera.slots import Progress, Slots
from edge.eye.camera.source import load_address
from edge.eye.frame import Frame
from edge.site.model import Camera

# A killed child is collected at once, unless a driver holds it in uninterruptible sleep: then
# only the hardware watchdog helps, and the eye must not wait with it.
LONGEST_BURIAL_SECONDS = 1.0
# Interpreter and libraries of a new child take a second, on a starved board many. They are not the
# camera's silence: a child that is killed before it can look would never see a picture.
LONGEST_START_SECONDS = 30.0
# While pictures come nothing else is likely to have happened; a look at all of it costs as much
# as the picture's own way here.
SUPERVISION_NS = 250_000_000


class Capture:
    """One camera, captured live. Used from one thread; `waiting.wait_any` drives it."""

    def __init__(
        self, camera: Camera, options: CaptureOptions | None = None, clock: Clock | None = None
    ) -> None:
        self._camera = camera
        self._options = options or CaptureOptions()
        self._clock = clock or SystemClock()
        self._address = load_address(camera.source)
        self._state = State.WAITING
        self._due_ns = 0
        self._started_ns = 0
        self._supervised_ns = 0
        self._is_lost = False
        self._outages = 0
        self._failure: Failure | None = None
        self._may_record = False
        self._pauses = Pauses(random.Random(self._options.jitter_seed))
        self._facts: list[Fact] = []
        self._before = Counts()
        self._slots: Slots | None = None
        self._wake_fd = -1
        self._child: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._unburied: list[subprocess.Popen[bytes]] = []

    @property
    def camera(self) -> Camera:
        """The camera as the site file says."""
        return self._camera

    @property
    def is_finished(self) -> bool:
        """True once a recording that is not looped has ended."""
        return self._state is State.FINISHED

    def start(self) -> None:
        """Begin to capture; returns at once. The first child is started here."""
        self._slots = Slots.create(self._camera.analysis_width_px, self._camera.name)
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._due_ns = self._clock.monotonic_ns()
        self.supervise()

    def close(self) -> None:
        """End the child and give every handle back; safe twice."""
        self._state = State.FINISHED
        self._kill()
        if self._slots is not None:
            self._slots.close()
            self._slots = None
        if self._wake_fd >= 0:
            os.close(self._wake_fd)
            self._wake_fd = -1

    def record(self, *, is_allowed: bool) -> None:
        """Let packets go to the vault from now on, or stop them; at first none go."""
        if is_allowed != self._may_record:
            self._may_record = is_allowed
            self._say(Switch(is_allowed))

    def latest(self) -> Frame | None:
        """The newest frame not yet given, or None. The one given before becomes invalid."""
        if self._slots is None:
            return None
        try:
            return self._slots.take()
        except VigieError as error:
            self._failure = Failure(LossReason.CRASHED, error.what, error.hint)
            self._apply(Happening.EXIT)
            return None

    def has_news(self) -> bool:
        """True if `latest` would give a frame."""
        return self._slots is not None and self._slots.has_news()

    def take_facts(self) -> list[Fact]:
        """What happened since the last call, in order."""
        facts, self._facts = self._facts, []
        return facts

    def get_counts(self) -> Counts:
        """Totals since start, children that were killed included."""
        before = self._before
        if self._slots is None:
            return replace(before, outages=self._outages)
        progress, dropped = self._slots.read_progress()
        return Counts(
            frames_captured=before.frames_captured + progress.frames_captured,
            frames_offered=before.frames_offered + progress.frames_offered,
            frames_dropped=before.frames_dropped + dropped,
            packets=before.packets + progress.packets,
            video_bytes=before.video_bytes + progress.video_bytes,
            damaged_packets=before.damaged_packets + progress.damaged_packets,
            child_cpu_ms=before.child_cpu_ms + progress.child_cpu_ms,
            outages=self._outages,
        )

    def handles(self) -> list[int]:
        """Descriptors that become readable when something happened; for `wait_any`."""
        handles = [self._wake_fd] if self._wake_fd >= 0 else []
        return handles + ([self._channel.fileno()] if self._channel is not None else [])

    def is_supervision_due(self) -> bool:
        """True unless pictures come and `supervise` was called a moment ago."""
        if self._state is not State.RUNNING:
            return True
        return self._clock.monotonic_ns() - self._supervised_ns >= SUPERVISION_NS

    def hear(self, handle: int) -> None:
        """One of `handles` became readable."""
        if handle == self._wake_fd and self._state is State.RUNNING:
            self.hush()
        else:
            self.supervise()

    def hush(self) -> None:
        """Take back the wake-up; for before looking, so that none is lost."""
        try:
            os.eventfd_read(self._wake_fd)
        except BlockingIOError:
            pass

    def supervise(self) -> None:
        """Notice what happened and act on it; `wait_any` calls this for every camera."""
        if self._slots is None:
            return
        self._supervised_ns = self._clock.monotonic_ns()
        self.hush()
        self._unburied = [child for child in self._unburied if child.poll() is None]
        now_ns = self._clock.monotonic_ns()
        if self._state is State.WAITING and now_ns >= self._due_ns:
            self._apply(Happening.DUE)
        progress, _ = self._slots.read_progress()
        if self._state is State.OPENING and progress.alive_monotonic_ns >= self._started_ns:
            self._apply(Happening.PICTURE)
        self._listen()
        self._judge_silence(now_ns, progress)

    def wait_seconds(self) -> float:
        """How long `supervise` may be put off when nothing becomes readable."""
        if self._state is not State.WAITING:
            return min(1.0, self._options.stall_seconds / 4)
        return max(0.0, (self._due_ns - self._clock.monotonic_ns()) / 1e9)

    def _judge_silence(self, now_ns: int, progress: Progress) -> None:
        has_begun = progress.begun_monotonic_ns >= self._started_ns
        limit_seconds = self._options.stall_seconds if has_begun else LONGEST_START_SECONDS
        heard_ns = max(progress.alive_monotonic_ns, progress.begun_monotonic_ns, self._started_ns)
        if now_ns - heard_ns <= limit_seconds * 1e9:
            return
        if has_begun:
            self._failure = Failure(
                LossReason.TIMEOUT,
                f"{self._address.shown} sent no picture for {limit_seconds:g} s",
                "Is the camera on, and does another viewer get a picture from it?",
            )
        else:
            self._failure = Failure(
                LossReason.CRASHED,
                f"the capture process did not start within {limit_seconds:g} s",
                "The machine has too much to do; see what with: top",
            )
        self._apply(Happening.SILENCE)

    def _listen(self) -> None:
        if self._channel is None:
            return
        try:
            message = self._channel.recv(LONGEST_MESSAGE_BYTES)
        except BlockingIOError:
            return
        except ConnectionResetError:
            message = b""
        if not message:
            self._failure = self._failure or Failure(
                LossReason.CRASHED, "the capture process ended by itself", None
            )
            self._apply(Happening.EXIT)
            return
        self._failure = Failure.from_json(message)
        is_over = self._failure.reason is LossReason.ENDED and self._address.is_replayable
        self._apply(Happening.END if is_over else Happening.FAILURE)

    def _apply(self, happening: Happening) -> None:
        self._state, actions = TABLE[self._state, happening]
        for action in actions:
            match action:
                case Action.START:
                    self._start()
                case Action.KILL:
                    self._kill()
                case Action.TELL_OPENED:
                    self._tell_opened()
                case Action.TELL_LOST:
                    self._tell_lost()
                case Action.PAUSE:
                    pause_ns = round(self._pauses.choose_seconds() * 1e9)
                    self._due_ns = self._clock.monotonic_ns() + pause_ns

    def _start(self) -> None:
        self._started_ns = self._clock.monotonic_ns()
        self._failure = None
        if self._child is None:
            self._spawn()
        options = self._options
        self._say(Switch(self._may_record))
        self._say(Order(self._camera, options.stall_seconds, options.is_looped, options.ring))

    def _say(self, message: Order | Switch) -> None:
        if self._channel is None:
            return
        try:
            self._channel.send(message.to_json())
        except (BrokenPipeError, ConnectionResetError):
            pass  # the child has just died: the next look at the channel says so

    def _spawn(self) -> None:
        assert self._slots is not None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        fds = (self._slots.fd, self._wake_fd, theirs.fileno())
        with theirs:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "edge.eye.camera.child", *map(str, fds)],
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._channel = ours

    def _kill(self) -> None:
        child, self._child = self._child, None
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if child is None or self._slots is None:
            return
        child.kill()
        try:
            child.wait(LONGEST_BURIAL_SECONDS)
            self._before = self.get_counts()
            self._slots.restart()
        except subprocess.TimeoutExpired:
            self._unburied.append(child)
            self._before = self.get_counts()
            self._slots.close()  # what it may still write to belongs to it alone now
            self._slots = Slots.create(self._camera.analysis_width_px, self._camera.name)

    def _tell_opened(self) -> None:
        assert self._slots is not None
        progress, _ = self._slots.read_progress()
        self._is_lost = False
        self._pauses.reset()
        self._facts.append(
            Opened(
                self._camera.name,
                progress.source_width_px,
                progress.source_height_px,
                self._clock.utc_ns(),
                self._clock.monotonic_ns(),
            )
        )

    def _tell_lost(self) -> None:
        if self._is_lost:
            return
        self._is_lost = True
        self._outages += 1
        failure = self._failure or Failure(LossReason.CRASHED, "capture stopped", None)
        times_ns = (self._clock.utc_ns(), self._clock.monotonic_ns())
        name = self._camera.name
        self._facts.append(Lost(name, failure.reason, failure.what, failure.hint, *times_ns))
