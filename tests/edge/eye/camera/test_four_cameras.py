"""Four RTSP cameras on one device: a real server, the real detector, the eye's own loop.

Everything waited for is a line of the eye's log; nothing is measured in seconds.
"""

import logging
import logging.handlers
import queue
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import psutil
import pytest

from edge.clock import SystemClock
from edge.eye.detector import Library, load
from edge.eye.pole import Pole, PoleOptions, Surroundings
from edge.eye.sim.street import Street
from edge.eye.starting import Starting
from edge.service.watchdog import Watchdog
from edge.site.check import read_site
from edge.spool.outbox import Outbox
from edge.spool.places import spool_path
from edge.spool.spool import Spool
from edge.wire.eye_status import ensure_eye_folder
from tests.edge.eye.camera.conftest import serve_rtsp
from tests.edge.eye.camera.driving import list_children
from tests.fakes.mandates import City, around, make_room
from tests.fakes.walkers import MODELS

CAMERAS = ("north", "east", "south", "west")
# Eight seconds in which a car drives by and two people walk.
FIRST_PICTURE, PICTURES = 50, 80
LIMIT_SECONDS = 120.0
ENDED = "the pole has ended"
SITE_HEAD = """
version = 1
[site]
name = "square"
[detection]
budget_ms_per_second = 900
[health]
lost_seconds = 30.0
"""
SITE_CAMERA = """
[[camera]]
name = "{name}"
source = "rtsp://127.0.0.1:{port}/pictures"
analysis_fps = 5.0
[[zone]]
name = "picture-{name}"
camera = "{name}"
polygon_frac = [[0.02, 0.02], [0.98, 0.02], [0.98, 0.99], [0.02, 0.99]]
[[rule]]
name = "somebody-{name}"
function = "intrusion"
zone = "picture-{name}"
classes = ["person", "car", "bus", "truck"]
cool_down_seconds = 0.0
"""


@dataclass(slots=True)
class Square:
    """A pole at work, and what it logs."""

    server: subprocess.Popen[bytes]
    lines: "queue.Queue[logging.LogRecord]"
    ending: threading.Event
    thread: threading.Thread

    def until_each(self, *patterns: str) -> None:
        """Read on until each camera had lines that match the patterns, in that order."""
        left = {
            name: [re.compile(pattern.format(name=name)) for pattern in patterns]
            for name in CAMERAS
        }
        while any(left.values()):
            line = self.read()
            for wanted in left.values():
                if wanted and wanted[0].search(line):
                    wanted.pop(0)

    def read(self) -> str:
        """The next line of the log."""
        line = self.lines.get(timeout=LIMIT_SECONDS).getMessage()
        assert line != ENDED
        return line

    def cut(self) -> None:
        """The server hangs up on everybody."""
        assert self.server.stdin is not None
        self.server.stdin.write(b"cut\n")
        self.server.stdin.flush()


@pytest.fixture
def square(repository: Path, tmp_path: Path) -> Iterator[Square]:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    street = Street()
    for number in range(PICTURES):
        drawn = street.draw(FIRST_PICTURE + number)
        cv2.imwrite(str(pictures / f"{number:04}.jpg"), drawn)
    with serve_rtsp(repository, pictures) as (server, (port, _)):
        site_file = tmp_path / "site.toml"
        site_file.write_text(
            SITE_HEAD + "".join(SITE_CAMERA.format(name=name, port=port) for name in CAMERAS)
        )
        grant(tmp_path)
        lines: queue.Queue[logging.LogRecord] = queue.Queue()
        handler = logging.handlers.QueueHandler(lines)
        logger = logging.getLogger("vigie.eye")
        before = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        ending = threading.Event()
        thread = threading.Thread(target=watch, args=(site_file, repository / MODELS, ending))
        thread.start()
        yield Square(server, lines, ending, thread)
        ending.set()
        thread.join()
        logger.removeHandler(handler)
        logger.setLevel(before)


def grant(folder: Path) -> None:
    """A mandate for the four cameras."""
    city = City()
    cameras = [
        {
            "camera": name,
            "zones": [{"zone": f"picture-{name}", "functions": ["intrusion"]}],
        }
        for name in CAMERAS
    ]
    ensure_eye_folder(folder)
    city.install(folder, city.mandate(cameras=cameras, **around(datetime.now(UTC))))


def watch(site_file: Path, models: Path, ending: threading.Event) -> None:
    """A pole from its start to its end, as `edge.eye.run` makes it, with a clock that is proven."""
    try:
        _watch(site_file, models, ending)
    finally:
        logging.getLogger("vigie.eye").info(ENDED)


def _watch(site_file: Path, models: Path, ending: threading.Event) -> None:
    folder, clock, site = site_file.parent, SystemClock(), read_site(site_file)
    library = Library(models)
    detector = load(library.card(site.detection.model), library)
    outbox = Outbox.open(folder)
    options = PoleOptions(site_file, folder, folder / "no-sensors", card=detector.card)
    surroundings = Surroundings(
        outbox,
        clock,
        make_room(folder, clock),
        Watchdog(None, 0, clock),
        Starting(folder, outbox, None, ""),
    )
    pole = Pole(site, detector, surroundings, options)
    try:
        pole.watch(ending, threading.Event())
    finally:
        pole.close()
        outbox.close()


def list_captures() -> list[int]:
    """Other tests' children, such as a browser's driver, are not ours."""
    return [
        child.pid
        for child in psutil.Process().children()
        if "edge.eye.camera.child" in child.cmdline()
    ]


def test_four_cameras_are_watched_cut_and_watched_again(square: Square, tmp_path: Path) -> None:
    square.until_each(r"camera_opened camera={name} ", r"event rule=somebody-{name} phase=1 ")
    captures = list_captures()
    assert len(captures) == len(CAMERAS)
    square.cut()
    square.until_each(
        r"camera_lost camera={name} ",
        r"event rule=health/camera_lost/{name} phase=1 ",
        r"camera_opened camera={name} ",
        r"event rule=health/camera_lost/{name} phase=3 ",
        r"event rule=somebody-{name} phase=1 ",
    )
    square.ending.set()
    square.thread.join(LIMIT_SECONDS)
    left = set(captures) & set(list_children())
    assert (list_captures(), left) == ([], set()), "a capture process outlived the eye"
    assert set(CAMERAS) <= told_of(tmp_path, "somebody-")


def test_a_capture_process_that_dies_takes_no_other_camera_with_it(square: Square) -> None:
    square.until_each(r"event rule=somebody-{name} phase=1 ")
    captures = list_captures()
    assert len(captures) == len(CAMERAS)
    psutil.Process(captures[0]).send_signal(signal.SIGKILL)
    lost = read_until(square, r"camera_lost camera=(\w+) reason=crashed")
    back = read_until(square, r"camera_opened camera=(\w+) ")
    assert lost[-1] == back[-1], "another camera than the one whose process died"
    assert not lost[:-1], "another camera was lost with it"


def read_until(square: Square, pattern: str) -> Sequence[str]:
    """Names of the cameras that were lost or opened, up to the one that the pattern names."""
    names = []
    while True:
        line = square.read()
        found = re.search(r"camera_(?:lost|opened) camera=(\w+) ", line)
        if found:
            names.append(found[1])
        if re.search(pattern, line):
            return names


def told_of(folder: Path, rule_begins: str) -> set[str]:
    """Cameras of which events of such rules are on disk."""
    with Spool(spool_path(folder)) as spool:
        names = set()
        for pending in spool.read(0):
            dictionary = spool.dictionary(pending.batch.dictionary)
            assert dictionary is not None
            rules = [dictionary.rules[event.rule - 1].name for event in pending.batch.events]
            names |= {rule[len(rule_begins) :] for rule in rules if rule.startswith(rule_begins)}
        return names
