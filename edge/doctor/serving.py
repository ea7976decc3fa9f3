"""The page's server: `python -m edge.doctor.serving`, a child of `opening.py` that may do nothing.

It runs as nobody, in a network namespace of its own, with no more than it inherits: one listening
socket on one cable and a pipe a camera. The standard library's server is enough for it: one
technician, seven routes, no state, bounded in threads, time and bytes. It ends with exit code 0
when the close button is pressed and with EXAMINE when the other is: then its starter examines the
pole and starts it again with the result, and a browser that asks meanwhile waits at the socket.
Time is its starter's to keep.
"""

import base64
import hmac
import json
import os
import pwd
import socket
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import Any, ClassVar, Final

from edge.doctor.page import CameraView, Result, Shown, write_local_page
from edge.wire.look import Aim, read_aim

EXAMINE = 3
"""The exit code that asks for an examination."""
MAX_CONNECTIONS = 8
QUIET_SECONDS = 10
"""A browser that says nothing for so long is let go."""
LAST_WORDS_SECONDS = 1.0
"""So long answers under way may still go out when the server ends."""
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'; connect-src 'self'; form-action 'none'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What the starter says on stdin. seconds: until the page closes; ends_s: the same, as
    time.monotonic() will be then. pipes: a descriptor for each camera of the page.
    """

    listening_fd: int
    number: str
    shown: Shown
    pipes: tuple[int, ...]
    ends_s: float

    @property
    def seconds(self) -> int:
        """How long the page is still open."""
        return max(0, round(self.ends_s - time.monotonic()))


@dataclass(slots=True)
class Pictures:
    """The newest picture of each camera. One thread a camera writes, any may read."""

    latest: dict[str, Aim] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def follow(self, camera: str, pipe: int) -> None:
        """Read until the pipe ends."""
        with open(pipe, "rb") as stream:
            while (aim := read_aim(stream)) is not None:
                with self._lock:
                    self.latest[camera] = aim
        with self._lock:
            self.latest.pop(camera, None)

    def find(self, camera: str) -> Aim | None:
        """The newest; None: none came, or no more comes."""
        with self._lock:
            return self.latest.get(camera)


class Server(ThreadingMixIn, HTTPServer):
    """Bounded: a connection too many is closed unheard."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, told: Told, pictures: Pictures) -> None:
        super().__init__(listening.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.told, self.pictures = told, pictures
        self.ending = threading.Event()
        self.exit_code = 0
        self._places = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def process_request_thread(self, request: object, client_address: object) -> None:
        """As the library's, and the place is free again."""
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._places.release()

    def process_request(self, request: object, client_address: object) -> None:
        """A thread, while there is a place for one."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)  # type: ignore[arg-type]
        else:
            self.shutdown_request(request)  # type: ignore[arg-type]

    def finish(self, seconds: float) -> None:
        """Let the answers under way go out; a browser that does not read is not waited for."""
        ends_s = time.monotonic() + seconds
        for _ in range(MAX_CONNECTIONS):
            if not self._places.acquire(timeout=max(0.0, ends_s - time.monotonic())):
                return

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away in mid-sentence is no news."""


_BUTTONS: Final = {"close": 0, "examine": EXAMINE}


class _Handler(BaseHTTPRequestHandler):
    """Seven routes below the token's number; anything else is not there."""

    timeout = QUIET_SECONDS
    server_version, sys_version = "vigie", ""
    server: Server
    protocol_version = "HTTP/1.0"
    _kinds: ClassVar[Mapping[str, str]] = {
        "": "text/html; charset=utf-8", "sight": "application/json", "jpg": "image/jpeg",
        "report.html": "text/html; charset=utf-8",
    }  # fmt: skip

    def do_GET(self) -> None:
        """The page, figures, a picture, the report."""
        place = self._place()
        told = self.server.told
        if place == "":
            self._answer("", write_local_page(told.shown, told.seconds))
        elif place == "sight":
            said = {"round": told.shown.round, "sights": self._sights()}
            self._answer("sight", json.dumps(said).encode())
        elif place == "report.html" and told.shown.result and told.shown.result.report:
            self._answer("report.html", told.shown.result.report)
        elif place is not None and place.endswith(".jpg"):
            aim = self.server.pictures.find(place.removesuffix(".jpg"))
            if aim is None:
                self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            else:
                self._answer("jpg", aim.jpeg)
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """The buttons."""
        place = self._place()
        if place not in _BUTTONS:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        self._answer("sight", b"{}")
        self.server.exit_code = _BUTTONS[place]
        self.server.ending.set()

    def _place(self) -> str | None:
        """What is asked for, behind the token's number; None: not for us.

        The address is compared too, so that a name that somebody points here opens nothing.
        """
        host, port = self.server.socket.getsockname()[:2]
        is_here = self.headers.get("Host", "") in {
            f"{host}:{port}",
            *({host} if port == 80 else ()),
        }
        _, number, *rest = [*self.path.partition("?")[0].split("/"), ""]
        is_known = hmac.compare_digest(number.encode(), self.server.told.number.encode())
        return rest[0] if is_here and is_known and len(rest) > 1 else None

    def _sights(self) -> dict[str, object]:
        sights: dict[str, object] = {}
        for view in self.server.told.shown.views:
            aim = self.server.pictures.find(view.camera)
            sights[view.camera] = None if aim is None else {
                "focus": aim.sight.focus,
                "dark": aim.sight.dark_permille / 10,
                "bright": aim.sight.bright_permille / 10,
            }  # fmt: skip
        return sights

    def _answer(self, kind: str, content: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self._kinds[kind])
        self.send_header("Content-Length", str(len(content)))
        if kind == "report.html":
            # To be saved: in the page's own place a browser would not show it as it is.
            self.send_header("Content-Disposition", "attachment")
        for name, text in _HEADERS.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as inherited
        """Its starter tells of openings; requests are nobody's business."""


def main() -> int:
    """Serve until a button is pressed."""
    told = read_told(json.load(sys.stdin))
    _become_nobody()
    pictures = Pictures()
    for view, pipe in zip(told.shown.views, told.pipes, strict=True):
        threading.Thread(target=pictures.follow, args=(view.camera, pipe), daemon=True).start()
    server = Server(socket.socket(fileno=told.listening_fd), told, pictures)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # Its starter ends it in time; this is for a starter that was killed.
    server.ending.wait(told.seconds)
    server.shutdown()
    server.finish(LAST_WORDS_SECONDS)
    sys.stdout.flush()
    # Threads that still write to a browser by now are nobody's to wait for.
    os._exit(server.exit_code)


def _become_nobody() -> None:
    """For good: its starter let it keep the power for this step only, which goes with root."""
    if os.geteuid() != 0:
        return
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setresgid(nobody.pw_gid, nobody.pw_gid, nobody.pw_gid)
    os.setresuid(nobody.pw_uid, nobody.pw_uid, nobody.pw_uid)


def write_told(listening_fd: int, number: str, shown: Shown, pipes: list[int], left: int) -> bytes:
    """What a server is started with. left: seconds until the page closes."""
    result = shown.result and asdict(shown.result)
    if result:
        result["report"] = base64.b64encode(result["report"]).decode()
    record = {
        "listening_fd": listening_fd,
        "number": number,
        "device": shown.device,
        "views": [asdict(view) for view in shown.views],
        "round": shown.round,
        "result": result,
        "pipes": pipes,
        "seconds": left,
    }
    return json.dumps(record).encode()


def read_told(record: dict[str, Any]) -> Told:
    """The other way; our own starter's words are believed."""
    result = record["result"]
    if result:
        result = Result(**result | {"report": base64.b64decode(result["report"])})
    views = tuple(CameraView(**each) for each in record["views"])
    return Told(
        record["listening_fd"],
        record["number"],
        Shown(record["device"], views, record["round"], result),
        tuple(record["pipes"]),
        time.monotonic() + record["seconds"],
    )


if __name__ == "__main__":
    sys.exit(main())
