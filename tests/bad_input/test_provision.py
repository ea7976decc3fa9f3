"""Provisioning files that were touched, and site files that do not fit: told, nothing spent."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge.board.attempts import as_board_error, tell
from edge.board.settled import read_settled
from edge.board.trouble import Trouble
from edge.errors import VigieError
from edge.mandate.keys import make_signing_key
from edge.provision.statement import write_provisioning
from edge.site.check import read_site
from edge.wire.eye_status import eye_status_path
from tests.collector.conftest import Running
from tests.collector.conftest import collector as collector  # noqa: PLC0414 - a fixture
from tests.edge.board.pole import Pole, enrolled, statement_for
from tests.edge.cli.test_flash import Desk, fresh
from tests.edge.eye.test_pole import SITE, events_of, watch
from tests.edge.eye.test_pole import folder as folder  # noqa: PLC0414 - a fixture
from tests.fakes.board_programs import FakeBoard
from tests.fakes.cards import has_programs
from tests.fakes.provisioning import signed, tampered

# What somebody with the card in hand might want to be otherwise.
EDITS = {
    "another pole": {"north-gate": "south-gate"},
    "another board": {'"board": "qemu-amd64"': '"board": "rpi"'},
    "a rule taken out": {"sim:street": "sim:empty"},
    "another collector": {'"address": "': '"address": "thief.'},
    "another token": {'"token": "': '"token": "x'},
    "a technician of one's own": {'"technician_key": null': '"technician_key": "AAAA"'},
    "a longer life": {'"expires_utc": "20': '"expires_utc": "30'},
    "one space": {'"version": 1': '"version":  1'},
}


@pytest.fixture
def pole(tmp_path: Path) -> Pole:
    return Pole(FakeBoard(tmp_path / "board"))


async def refuse(pole: Pole, trouble: Trouble) -> str:
    """One attempt that is refused so; what the report on the card says of it."""
    with pytest.raises(VigieError) as refused:
        await pole.boot_once()
    error = as_board_error(refused.value)
    assert error.trouble is trouble
    tell(pole.board.machine, error)
    return pole.report


def _loosen(written: bytes) -> bytes:
    """As a person would read it; the edits above are written so."""
    return json.dumps(json.loads(written)).encode()


@pytest.mark.parametrize("name", EDITS)
async def test_a_file_edited_after_signing_is_refused_and_its_token_not_spent(
    collector: Running, pole: Pole, name: str
) -> None:
    stated = await statement_for(collector)
    good = signed(_loosen(write_provisioning(stated)))
    pole.put_file(tampered(good, EDITS[name]))
    pole.power_on()
    assert (await refuse(pole, Trouble.NOT_SIGNED)).startswith("not_signed\n")
    assert pole.file.exists()
    assert read_settled(pole.places) is None
    pole.put_file(good)
    pole.power_on()
    await pole.boot_once()
    assert pole.identity.read_identity().device == "north-gate"


@pytest.mark.skipif(not has_programs(), reason="sfdisk or mtools is not here")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: tampered(file, {"north-gate": "south-gate"}),
        lambda file: signed(fresh(), make_signing_key("provision")),
        lambda file: file[: len(file) // 2],
        lambda file: b"",
    ],
    ids=["edited", "signed by somebody else", "cut off", "empty"],
)
def test_no_card_is_written_with_a_file_that_was_touched(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    desk = Desk(tmp_path)
    desk.file.write_bytes(spoil(fresh()))
    refused = desk.write("--to", "card.img")
    assert refused.returncode in {3, 5}
    assert refused.stderr.count("vigie: ") == 1
    assert str(desk.file) in refused.stderr
    assert [path.name for path in tmp_path.glob("*card.img*")] == []


NEWER = "version = 2\n"
TYPO = SITE.replace("source = ", "sauce = ")


@pytest.mark.parametrize(
    ("site", "said"),
    [
        (NEWER, "site.toml:1:11: version 2 is newer than this vigie reads"),
        (TYPO, "site.toml:5:3: source is missing"),
        ("version = 1", "site.toml:1:1: [site] is missing"),
    ],
)
async def test_a_site_that_this_image_cannot_read_is_refused_before_the_token_is_spent(
    collector: Running, pole: Pole, site: str, said: str
) -> None:
    stated = await statement_for(collector)
    pole.put_file(signed(replace(stated, site=site)))
    pole.power_on()
    assert said in await refuse(pole, Trouble.UNREADABLE)
    assert not pole.places.site.exists()
    pole.put_file(signed(stated))
    pole.power_on()
    await pole.boot_once()
    assert pole.places.site.read_text() == stated.site


async def test_an_enrolled_pole_keeps_its_site_when_a_new_file_brings_a_bad_one(
    collector: Running, pole: Pole
) -> None:
    stated = await enrolled(collector, pole)
    pole.put_file(signed(replace(await statement_for(collector), site=NEWER)))
    pole.power_on()
    await pole.boot_once()
    await pole.unlock()
    assert pole.places.site.read_text() == stated.site
    assert pole.report.startswith("unreadable\n")
    assert "version 2 is newer" in pole.report


def _second(source: str) -> str:
    return f'{SITE}[[camera]]\nname = "yard"\nsource = "{source}"\n'


class WhenBothAreLost(threading.Event):
    """Asked by the eye at each turn; set once it has told of both cameras."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        super().__init__()
        self._caplog = caplog

    def is_set(self) -> bool:
        return self._caplog.text.count("camera_lost camera=") >= 2


def test_a_site_with_a_camera_that_is_not_there_loses_only_that_camera(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "site.toml").write_text(_second("v4l2:/dev/video99"))
    watch(folder, ending=WhenBothAreLost(caplog))
    status = json.loads(eye_status_path(folder).read_text())
    by_name = {camera["camera"]: camera for camera in status["cameras"]}
    assert by_name["north"]["frames_analysed"] > 0
    assert by_name["yard"].get("frames_analysed", 0) == 0
    assert [reason for rule, _, reason in events_of(folder) if rule == "health/camera_lost/yard"]


def test_a_site_that_asks_for_more_than_the_camera_gives_takes_what_there_is(folder: Path) -> None:
    """1,920 columns and 60 pictures a second of a camera that has fewer of both."""
    more = 'source = "file:walkers.mp4"\nanalysis_width_px = 1920\nanalysis_fps = 60\n'
    (folder / "site.toml").write_text(SITE.replace('source = "file:walkers.mp4"\n', more))
    assert read_site(folder / "site.toml").cameras[0].analysis_width_px == 1920
    watch(folder)
    (camera,) = json.loads(eye_status_path(folder).read_text())["cameras"]
    assert camera["frames_captured"] == 25
    # A machine that is late leaves some out, and says so.
    assert camera["frames_analysed"] + camera.get("frames_dropped", 0) == 25
    assert camera["frames_analysed"] > 0
