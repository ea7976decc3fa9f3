"""P13 on a disk that the kernel holds at 2 MB/s while four cameras give five times as much."""

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest

from edge.demo.city import City
from edge.demo.process import command_line, run_command
from edge.service.keeper import STOPS_WITHIN_SECONDS
from edge.vault.fragment import GapReason
from edge.vault.places import VaultPlaces
from edge.vault.reader import RingReader
from edge.vault.verify import verify
from edge.wire.eye_status import eye_status_path
from tests.edge.eye.camera.films import Film, Picture, write_film
from tests.fakes.control_room import ControlRoom
from tests.system.slow_disk import SlowDisk, why_not
from tests.waiting import wait_until

BYTES_PER_SECOND = 2_000_000
DEVICE = "slow-pole"
CAMERAS = ("north", "east", "south", "west")
FILM_MS, FRAME_MS, GROUP = 10_000, 100, 10
DROPS = 24
# A camera's silence while all start; a vault that waited for its own mandate to reach this disk
# longer than the eye's line holds at this rate.
REASONS = {GapReason.DISK_SLOW, GapReason.CAMERA_SILENT, GapReason.PACKETS_DROPPED}
CAMERA = """
[[camera]]
name = "{name}"
source = "file:{film}"
[[zone]]
name = "{name}-ground"
camera = "{name}"
polygon_frac = [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]]
[[rule]]
name = "{name}-entered"
function = "intrusion"
zone = "{name}-ground"
"""
# It tells something whatever it sees, so that the eye and the link have work that shows.
COUNT = """
[[line]]
name = "across"
camera = "north"
from_frac = [0.5, 0.1]
to_frac = [0.5, 0.9]
[[rule]]
name = "passers-by"
function = "count"
line = "across"
period_seconds = 10.0
"""


def noise(number: int, width_px: int, height_px: int) -> Picture:
    """What no encoder makes small."""
    return np.random.default_rng(number).integers(0, 256, (height_px, width_px, 3), np.uint8)


def write_site(folder: Path) -> Path:
    options = {"g": str(GROUP), "bf": "0", "preset": "ultrafast", "qp": "16"}
    stamps = range(0, FILM_MS, FRAME_MS)
    film = write_film(
        folder / "noise.mkv",
        Film(640, 360, len(stamps), draw=noise, stamps=stamps, options=options),
    )
    assert film.stat().st_size * len(CAMERAS) > BYTES_PER_SECOND * FILM_MS / 1000
    site = folder / "site.toml"
    cameras = [CAMERA.format(name=name, film=film) for name in CAMERAS]
    site.write_text('version = 1\n[site]\nname = "town"\n' + "".join(cameras) + COUNT)
    return site


class Stage:
    """A whole pole whose ring lies on a slow disk, and its collector."""

    def __init__(self, folder: Path, room: ControlRoom, models: Path) -> None:
        self.data, self._room, self._models = folder / "pole", room, models
        self.log = folder / "pole.log"
        self._site = write_site(folder)
        self._city = City(folder / "authority", room.data)
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self, disk: SlowDisk) -> None:
        words = ["--data", str(self.data), "--models", str(self._models), "--loop"]
        words = command_line(["edge", "run", "--site", str(self._site), *words])
        self._keeper = disk.start(words, self.log)
        self._city.ensure_mandate(self._site, self._models, DEVICE)

    def enrol(self) -> None:
        done = self._room.enrol(DEVICE, self.data, authority=self._city.ensure_trust())
        assert done.returncode == 0, done.stderr

    def stop(self) -> int:
        assert self._keeper is not None
        self._keeper.terminate()
        return self._keeper.wait(2 * STOPS_WITHIN_SECONDS)

    def wait(self, is_so: Callable[[], bool], what: str) -> None:
        def check_alive() -> None:
            assert self._keeper is not None
            assert self._keeper.poll() is None, self.said()[-3000:]

        folders = (self.data, self._room.data)
        wait_until(is_so, what, folders=folders, within_seconds=120, each_time=check_alive)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def dropped(self) -> Counter[str]:
        """Fragments that the vault gave up, by camera, as it said when it did."""
        lines = [line for line in self.said().splitlines() if "fragment_dropped" in line]
        return Counter(line.partition("camera=")[2].split()[0] for line in lines)

    def rooms(self) -> set[int]:
        """Processes of the rooms; others, when one was started again."""
        assert self._keeper is not None
        return {child.pid for child in psutil.Process(self._keeper.pid).children()}

    def analysed(self) -> dict[str, int]:
        path = eye_status_path(self.data)
        cameras = json.loads(path.read_text())["cameras"] if path.exists() else []
        return {str(each["camera"]): int(each["frames_analysed"]) for each in cameras}

    def events(self) -> list[dict[str, object]]:
        return run_command(["events", "list", "--json", "--data", str(self._room.data)])

    def stored_events(self) -> int:
        return len(self.events())

    def tells_of_its_disk(self) -> bool:
        return any(event.get("reason") == "ring_disk_slow" for event in self.events())


@pytest.fixture
def stage(tmp_path: Path, repository: Path) -> Iterator[Stage]:
    if reason := why_not():
        pytest.skip(reason)
    with ControlRoom(tmp_path / "collector") as room:
        yield Stage(tmp_path, room, repository / ".cache" / "models")


@pytest.mark.timeout(400)
def test_on_a_slow_disk_whole_fragments_are_dropped_and_named_and_nobody_else_suffers(
    stage: Stage, tmp_path: Path
) -> None:
    (stage.data / "vault").mkdir(parents=True)
    with SlowDisk(tmp_path / "disk.img", stage.data / "vault", BYTES_PER_SECOND) as disk:
        stage.enrol()
        stage.start(disk)
        stage.wait(lambda: stage.dropped().total() > 0, "the vault drops a fragment")
        rooms, analysed, events = stage.rooms(), stage.analysed(), stage.stored_events()
        stage.wait(lambda: stage.dropped().total() > DROPS, "it drops more")
        stage.wait(lambda: stage.stored_events() > events, "events still arrive")
        stage.wait(stage.tells_of_its_disk, "the operator is told")
        stage.wait(
            lambda: all(stage.analysed()[name] > analysed[name] for name in CAMERAS),
            "the eye goes on with every camera",
        )
        assert stage.rooms() == rooms
        assert stage.stop() == 0
        check_ring(stage)


def check_ring(stage: Stage) -> None:
    """What is missing are whole fragments, and the gap that stands there counts each."""
    places = VaultPlaces(stage.data)
    report = verify(places, lambda done, total: None)
    assert report.is_whole, report.findings
    dropped = stage.dropped()
    with RingReader(places) as reader:
        for name in CAMERAS:
            headers = reader.footage(name).list_headers(0, 2**62)
            gaps = [each.gap for each in headers if each.gap]
            gaps += [each.gap for each in reader.gaps(name) if each.to_utc_ns is None]
            # On a machine that is busy a camera may come up before the mandate, and one may have
            # nothing stored at all by now.
            first = {GapReason.NO_PERMIT} if not headers or headers[0].gap else set()
            assert {gap.reason for gap in gaps[:1]} <= REASONS | first
            assert {gap.reason for gap in gaps[1:]} <= REASONS
            assert sum(gap.lost_fragments for gap in gaps) == dropped[name]
            for before, after in pairwise(headers):
                # On a machine that is too busy a group lasts over two seconds, and is divided.
                is_part = before.is_split or after.is_split or after.gap is not None
                assert is_part or before.samples % GROUP == 0, "groups stay whole"
                hole_ms = (after.first_utc_ns - before.last_utc_ns) // 10**6
                assert after.gap is not None or hole_ms < GROUP * FRAME_MS, "no hole has no name"
    stored = sum(each.fragments for each in report.cameras)
    assert stored
    print(f"2 MB/s: {stored} fragments stored whole, {dropped.total()} dropped and named")
