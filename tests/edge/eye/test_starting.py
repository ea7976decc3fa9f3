"""Once a boot an image tells that it started, and notes where that stands in the spool."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.eye.health import DeviceHealth
from edge.eye.starting import Starting
from edge.service.image import Image
from edge.site.model import Health
from edge.spool.outbox import Outbox
from edge.spool.places import spool_path
from edge.spool.spool import Spool
from edge.wire.update_talk import boot_note_path, read_boot_note
from edge.wire.v1 import event_pb2

IMAGE = Image("B", "0.2.0", "qemu-amd64", {})
UTC_NS = 1_790_000_000_000_000_000
RULE = event_pb2.Rule(name="health/software", function=event_pb2.FUNCTION_SOFTWARE)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    (tmp_path / "eye").mkdir()
    box = Outbox.open(tmp_path)
    box.declare(event_pb2.Dictionary(rules=[RULE]))
    yield box
    box.close()


def tell(data: Path, outbox: Outbox, image: Image | None = IMAGE, boot_id: str = "boot-1") -> None:
    health = DeviceHealth(Health(), itertools.count(1))
    Starting(data, outbox, image, boot_id).tell(lambda why: health.report_start(why, UTC_NS))


def reasons(data: Path) -> list[str]:
    with Spool(spool_path(data)) as spool:
        return [each.reason for found in spool.read(0) for each in found.batch.events]


def test_a_boot_is_told_once_however_often_the_eye_starts(tmp_path: Path, outbox: Outbox) -> None:
    for _ in range(3):
        tell(tmp_path, outbox)
    assert reasons(tmp_path) == ["slot_b_0_2_0"] * 2
    note = read_boot_note(boot_note_path(tmp_path))
    assert note is not None
    assert (note.boot_id, note.epoch, note.seq) == ("boot-1", outbox.epoch, 1)


def test_the_next_boot_is_told_again(tmp_path: Path, outbox: Outbox) -> None:
    tell(tmp_path, outbox)
    tell(tmp_path, outbox, boot_id="boot-2")
    note = read_boot_note(boot_note_path(tmp_path))
    assert note is not None
    assert (note.boot_id, note.seq) == ("boot-2", 3)


def test_a_machine_without_an_image_tells_nothing(tmp_path: Path, outbox: Outbox) -> None:
    tell(tmp_path, outbox, image=None, boot_id="")
    assert reasons(tmp_path) == []
    assert not boot_note_path(tmp_path).exists()


def test_a_spool_that_began_anew_is_told_of_the_same_boot(tmp_path: Path, outbox: Outbox) -> None:
    tell(tmp_path, outbox)
    other = tmp_path / "other"
    (other / "eye").mkdir(parents=True)
    shutil.copyfile(boot_note_path(tmp_path), boot_note_path(other))
    fresh = Outbox.open(other)
    fresh.declare(event_pb2.Dictionary(rules=[RULE]))
    tell(other, fresh)
    fresh.close()
    note = read_boot_note(boot_note_path(other))
    assert note is not None
    assert note.epoch == fresh.epoch
