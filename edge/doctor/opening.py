"""The local page from its opening to its end: root's part, which reads no picture and no request.

    token -> the eye rests -> a socket on one cable -> record and event on the disk
          -> the eye's second program shows pictures -> a server that is nobody
          -> its button: an examination, and the server again, with what was found
          -> its other button, time, a signal, or the cable is gone -> record and event

Nothing here outlives the command: a reboot ends it.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from edge.doctor.cable import is_there, listen_on, require
from edge.doctor.drawing import DEFAULT_ASPECT, draw_places
from edge.doctor.examination import Asked, examine
from edge.doctor.finding import is_accepted
from edge.doctor.looking import PoleFiles, look_command
from edge.doctor.openings import CLOSED, MADE, OPENED, WHY, write_opening
from edge.doctor.page import CameraView, Result, Shown
from edge.doctor.report import write_table
from edge.doctor.resting import eye_at_rest
from edge.doctor.serving import EXAMINE, write_told
from edge.doctor.signing import open_signer
from edge.doctor.telling import tell_opening
from edge.doctor.token import Token
from edge.errors import VigieError
from edge.mandate.statement import utc_text
from edge.site.check import read_site
from edge.site.model import Camera, SiteFile
from edge.wire.v1 import event_pb2

# It becomes nobody itself, once it has read its own program: that may lie in a private folder.
_ALONE = [
    "unshare", "--net", "setpriv", "--no-new-privs", "--inh-caps=-all",
    "--bounding-set=-all,+setuid,+setgid",
]  # fmt: skip
_POLL_SECONDS = 0.2
_GB = 10**9

Why = Literal["button", "time", "signal", "cable", "failure"]
"""How a page closes; the words of the event and of the record."""


@dataclass(frozen=True, slots=True)
class Cable:
    """Where the page is to be seen."""

    interface: str
    port: int


def open_page(files: PoleFiles, token: Token, cable: Cable, say: Callable[[str], None]) -> Why:
    """Show the page until something closes it; what it was.

    say: told the page's address once it is open. Raises VigieError.
    """
    site = read_site(files.site_file)
    # Before the eye is stopped for nothing.
    require(cable.interface)
    why: Why = "failure"
    with ExitStack() as stack:
        stack.enter_context(eye_at_rest(files.data))
        ending = stack.enter_context(_ending_on_signals())
        listening = stack.enter_context(listen_on(cable.interface, cable.port))
        # From here on everything that looks or listens stands in the record already.
        opened = {MADE: utc_text(token.made)}
        write_opening(files.data, _now_ms(), OPENED, token.number, opened)
        tell_opening(files.data, _now_ms(), event_pb2.PHASE_START, "technician_token")
        try:
            host, port = listening.getsockname()[:2]
            say(f"http://{host}:{port}/{token.number}/")
            ends_s = time.monotonic() + token.minutes * 60
            why = _Page(files, site, token, cable.interface, listening, ending, ends_s).show()
        finally:
            tell_opening(files.data, _now_ms(), event_pb2.PHASE_END, f"closed_by_{why}")
            write_opening(files.data, _now_ms(), CLOSED, token.number, {WHY: why})
    return why


@dataclass(frozen=True, slots=True)
class _Page:
    """An open page. ends_s: when its time is over, as time.monotonic() will be."""

    files: PoleFiles
    site: SiteFile
    token: Token
    interface: str
    listening: socket.socket
    ending: threading.Event
    ends_s: float

    def show(self) -> Why:
        """Until it closes."""
        views = tuple(
            CameraView(each.name, draw_places(self.site, each, DEFAULT_ASPECT), DEFAULT_ASPECT)
            for each in self.site.cameras
        )
        shown = Shown(self.token.device, views)
        while (why := self._show_once(shown)) == "examination":
            shown = replace(shown, round=shown.round + 1, result=self._examine())
        return why

    def _show_once(self, shown: Shown) -> Why | Literal["examination"]:
        with ExitStack() as stack:
            pipes = [stack.enter_context(_looking(self.files, each)) for each in self.site.cameras]
            told = write_told(
                self.listening.fileno(), self.token.number, shown, pipes, self._left_seconds()
            )
            return self._wait(stack.enter_context(_serving(self.listening, pipes, told)))

    def _left_seconds(self) -> int:
        return max(0, round(self.ends_s - time.monotonic()))

    def _wait(self, server: "subprocess.Popen[bytes]") -> Why | Literal["examination"]:
        while not self.ending.wait(_POLL_SECONDS):
            if server.poll() == EXAMINE:
                return "examination"
            if server.poll() is not None:
                # In time it ends itself as well, with the same code as by its button.
                is_over = server.returncode == 0 and not self._left_seconds()
                return "time" if is_over else "button" if server.returncode == 0 else "failure"
            if not self._left_seconds():
                return "time"
            if not is_there(self.interface):
                return "cable"
        return "signal"

    def _examine(self) -> Result:
        """The cameras are free: what showed them has ended."""
        rated = None if self.token.rated_gb is None else self.token.rated_gb * _GB
        asked = Asked(self.files, may_pause=False, still="", rated_bytes=rated, is_at_rest=True)
        try:
            examined = examine(asked, lambda _: None)
        except VigieError as error:
            return Result(trouble=f"The pole could not be examined: {error}")
        table, is_good = write_table(examined.findings), is_accepted(examined.findings)
        try:
            report = open_signer(self.files.data)(examined)
        except VigieError as error:
            return Result(table, is_good, f"There is no signed report: {error}")
        made = examined.facts.made.strftime("%Y%m%d-%H%M%SZ")
        return Result(table, is_good, "", report, f"{self.token.device}-{made}.html")


@contextmanager
def _looking(files: PoleFiles, camera: Camera) -> Iterator[int]:
    """The eye's second program, and the pipe that its pictures come from."""
    readable, writable = os.pipe()
    with open(readable, "rb"):  # noqa: PTH123 - opened by handle, to be closed with the block
        try:
            child = subprocess.Popen(
                look_command(files, camera, "--aim"),
                stdin=subprocess.DEVNULL,
                stdout=writable,
                stderr=subprocess.DEVNULL,
            )
        finally:
            os.close(writable)
        with _ended(child):
            yield readable


@contextmanager
def _serving(
    listening: socket.socket, pipes: list[int], told: bytes
) -> Iterator["subprocess.Popen[bytes]"]:
    words = [sys.executable, "-m", "edge.doctor.serving"]
    child = subprocess.Popen(
        [*_ALONE, *words] if os.geteuid() == 0 else words,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=(listening.fileno(), *pipes),
    )
    with _ended(child):
        assert child.stdin is not None
        child.stdin.write(told)
        child.stdin.close()
        yield child


@contextmanager
def _ended(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        child.kill()
        child.wait()


@contextmanager
def _ending_on_signals() -> Iterator[threading.Event]:
    """Set by Ctrl-C or SIGTERM, so that what was opened is closed in order."""
    ending = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    kept = {number: signal.signal(number, lambda *_: ending.set()) for number in numbers}
    try:
        yield ending
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
