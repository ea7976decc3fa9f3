"""The eye's loop with a real capture process, a real spool and a drawn video."""

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.eye.pole import Pole, PoleOptions, Surroundings
from edge.eye.readings import read_hottest_celsius
from edge.eye.starting import Starting
from edge.service.ending import take_endings
from edge.service.watchdog import Watchdog
from edge.site.check import read_site
from edge.spool.outbox import Outbox
from edge.spool.places import spool_folder, spool_path
from edge.spool.spool import Spool
from edge.wire.eye_status import ensure_eye_folder, eye_status_path
from edge.wire.v1 import event_pb2
from tests.edge.eye.drawn import BrightThings, draw_walkers
from tests.fakes.mandates import CAMERA, City, around, make_room

SITE = """
version = 1
[site]
name = "town"
[[camera]]
name = "north"
source = "file:walkers.mp4"
[[line]]
name = "gate"
camera = "north"
from_frac = [0.5, 1.0]
to_frac = [0.5, 0.0]
[[rule]]
name = "cross"
function = "line_crossing"
line = "gate"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ensure_eye_folder(tmp_path)
    draw_walkers(tmp_path / "walkers.mp4", frames=25)
    (tmp_path / "site.toml").write_text(SITE)
    city = City()
    zones = [{"zone": "gate", "functions": ["line_crossing"]}]
    cameras = [{"camera": CAMERA, "zones": zones}]
    city.install(tmp_path, city.mandate(cameras=cameras, **around(datetime.now(UTC))))
    return tmp_path


def watch(
    folder: Path, changed_site: str | None = None, ending: threading.Event | None = None
) -> list[event_pb2.Rule]:
    """Watch the video to its end, or to `ending`; the rule of each event that is on disk."""
    site_file = folder / "site.toml"
    outbox = Outbox.open(folder)
    options = PoleOptions(
        site_file,
        folder,
        folder / "no-sensors",
        ends_with_sources=True,
    )
    clock = SystemClock()
    mandates = make_room(folder, clock)
    surroundings = Surroundings(
        outbox, clock, mandates, Watchdog(None, 0, clock), Starting(folder, outbox, None, "")
    )
    pole = Pole(read_site(site_file), BrightThings(), surroundings, options)
    rereading = threading.Event()
    if changed_site is not None:
        site_file.write_text(changed_site)
        rereading.set()
    try:
        pole.watch(ending or threading.Event(), rereading)
    finally:
        pole.close()
        outbox.close()
    with Spool(spool_path(folder)) as spool:
        rules = []
        for pending in spool.read(0):
            dictionary = spool.dictionary(pending.batch.dictionary)
            assert dictionary is not None
            rules += [dictionary.rules[event.rule - 1] for event in pending.batch.events]
        return rules


def test_a_recording_is_watched_to_its_end_and_the_status_says_so(folder: Path) -> None:
    watch(folder)
    status = json.loads(eye_status_path(folder).read_text())
    assert [camera["camera"] for camera in status["cameras"]] == ["north"]
    assert status["cameras"][0]["frames_captured"] == 25
    assert status["cameras"][0]["frames_analysed"] > 0
    assert status["cameras"][0]["video_bytes"] > 0


def test_a_bad_site_file_stops_nothing_and_is_told(folder: Path) -> None:
    rules = watch(folder, changed_site='version = 1\n[sight]\nname = "typo"\n')
    assert "health/site" in [rule.name for rule in rules]
    status = json.loads(eye_status_path(folder).read_text())
    assert status["cameras"][0]["frames_captured"] == 25


def test_the_hottest_sensor_that_answers_counts(tmp_path: Path) -> None:
    for number, text in enumerate(("41000", "garbage", "52500")):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(text)
    assert read_hottest_celsius(tmp_path) == 52.5
    assert read_hottest_celsius(tmp_path / "absent") is None


def events_of(folder: Path) -> list[tuple[str, int, str]]:
    """Rule, phase and reason of each event on disk; that the film ended is left out."""
    with Spool(spool_path(folder)) as spool:
        told = []
        for pending in spool.read(0):
            dictionary = spool.dictionary(pending.batch.dictionary)
            assert dictionary is not None
            told += [
                (dictionary.rules[event.rule - 1].name, int(event.phase), event.reason)
                for event in pending.batch.events
            ]
        return [each for each in told if each[0] != "health/camera_lost/north"]


def test_without_a_mandate_nothing_is_detected_and_one_event_says_why(folder: Path) -> None:
    for envelope in (folder / "mandate").iterdir():
        envelope.unlink()
    watch(folder)
    assert events_of(folder) == [("health/mandate", 1, "no_mandate")]
    status = json.loads(eye_status_path(folder).read_text())
    assert status["mandate_reason"] == "no_mandate"
    assert "mandate_version" not in status


def test_events_say_under_which_mandate_they_were_seen(folder: Path) -> None:
    watch(folder)
    with Spool(spool_path(folder)) as spool:
        (pending, *_) = spool.read(0)
        dictionary = spool.dictionary(pending.batch.dictionary)
    assert dictionary is not None
    assert (dictionary.mandate_version, dictionary.mandate_profile) == (1, "bench")
    assert dictionary.mandate_mode == event_pb2.MANDATE_MODE_OPERATION
    status = json.loads(eye_status_path(folder).read_text())
    assert (status["mandate_version"], status["clock_source"]) == (1, "kernel_ntp")
    assert pending.batch.clock_error_ms == status["clock_error_ms"]


def test_other_rules_than_the_signed_ones_see_nothing(folder: Path) -> None:
    city = City()
    zones = [{"zone": "gate", "functions": ["line_crossing"]}]
    signed = city.mandate(
        cameras=[{"camera": CAMERA, "zones": zones}],
        rules_sha256={CAMERA: "00" * 32},
        **around(datetime.now(UTC)),
    )
    for envelope in (folder / "mandate").iterdir():
        envelope.unlink()
    city.install(folder, signed)
    watch(folder)
    assert events_of(folder) == [("health/mandate", 1, "rules_changed")]


def after_its_end(repository: Path, folder: Path, room: str, result: str) -> None:
    """What the room's unit runs when systemd says so of its end, with this pole's folder."""
    unit = (repository / "image-build" / "units" / f"vigie-{room}.service").read_text()
    (said,) = [line for line in unit.splitlines() if line.startswith("ExecStopPost=")]
    words = said.partition("=")[2].replace("/var/lib/vigie/pole", str(folder)).split()
    environment = {**os.environ, "SERVICE_RESULT": result}
    subprocess.run([sys.executable, *words[1:]], env=environment, check=True, cwd=repository)


def test_a_room_that_ended_for_want_of_memory_is_told_once(folder: Path, repository: Path) -> None:
    spool_folder(folder).mkdir()
    after_its_end(repository, folder, "vault", "oom-kill")
    after_its_end(repository, folder, "link", "success")
    watch(folder)
    told = [each for each in events_of(folder) if each[0] == "health/room"]
    assert told == [
        ("health/room", 1, "vault_out_of_memory"),
        ("health/room", 3, "vault_out_of_memory"),
    ]
    assert take_endings(spool_folder(folder)) == []
