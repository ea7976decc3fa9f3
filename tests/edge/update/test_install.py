"""A bundle on its way into the other slot, with the real RAUC reading it."""

from pathlib import Path

import pytest

from edge.update.boot import Record, Slot, Stage
from edge.update.pole_slots import STATE
from edge.update.slots import RecordFile
from edge.wire import update_talk as talk
from tests.fakes.image import write_image
from tests.fakes.rauc import UpdatingPole, make_bundle, need_rauc


@pytest.fixture
def pole(tmp_path: Path, repository: Path) -> UpdatingPole:
    need_rauc()
    return UpdatingPole.make(tmp_path, repository)


def stage(pole: UpdatingPole) -> tuple[Stage, Slot | None]:
    record = RecordFile(pole.root / STATE / "record.json").read()
    return record.stage, record.slot


def test_a_good_bundle_is_installed_and_the_other_slot_tried_once(
    pole: UpdatingPole, tmp_path: Path
) -> None:
    pole.bring(make_bundle(tmp_path, pole.keys).read_bytes())
    pole.installer.run()
    assert pole.told == ("restarting", None)
    assert stage(pole) == (Stage.ARMED, Slot.B)
    assert (pole.root / "run/vigie/sel/tryboot").exists()
    assert pole.restarts == ["now"]
    assert pole.find_leftovers() == []


def test_nothing_to_install_is_nothing_done(pole: UpdatingPole) -> None:
    pole.installer.run()
    assert (pole.told, pole.restarts, stage(pole)) == (("nothing", None), [], (Stage.STEADY, None))


def test_what_a_cut_left_in_root_s_hands_is_checked_again_at_the_next_start(
    pole: UpdatingPole, tmp_path: Path
) -> None:
    pole.bring(make_bundle(tmp_path, pole.keys).read_bytes())
    talk.arrived_path(pole.data).rename(talk.slots_folder(pole.data) / "bundle.raucb")
    pole.installer.run()
    assert pole.told == ("restarting", None)


def test_the_link_is_told_before_the_bundle_is_taken(pole: UpdatingPole, tmp_path: Path) -> None:
    pole.bring(make_bundle(tmp_path, pole.keys).read_bytes())
    (talk.slots_folder(pole.data) / "bundle.raucb").mkdir()
    with pytest.raises(IsADirectoryError):
        pole.installer.run()
    assert talk.arrived_path(pole.data).exists()
    assert pole.told == ("checking", None)


def test_an_installed_slot_that_was_not_tried_yet_is_tried_at_the_next_start(
    pole: UpdatingPole, tmp_path: Path
) -> None:
    pole.bring(make_bundle(tmp_path, pole.keys).read_bytes())
    pole.installer.run()
    (pole.root / "run/vigie/sel/tryboot").unlink()
    RecordFile(pole.root / STATE / "record.json").write(Record(Stage.INSTALLED, Slot.B, "boot-0"))
    pole.installer.run()
    assert stage(pole) == (Stage.ARMED, Slot.B)
    assert len(pole.restarts) == 2


def test_a_slot_on_trial_is_not_disturbed_by_the_next_bundle(
    pole: UpdatingPole, tmp_path: Path
) -> None:
    bundle = make_bundle(tmp_path, pole.keys).read_bytes()
    pole.bring(bundle)
    pole.installer.run()
    write_image(pole.root, slot="B", version="2", boot_id="boot-2")
    (pole.root / "run/vigie/sel/tryboot").unlink()
    pole.bring(bundle)
    pole.installer.run()
    assert stage(pole) == (Stage.TRYING, Slot.B)
    assert talk.arrived_path(pole.data).exists()
    assert len(pole.restarts) == 1


def test_a_slot_that_cannot_be_written_is_told_and_the_old_one_stays(
    pole: UpdatingPole, tmp_path: Path
) -> None:
    (pole.root / "slot-is-broken").touch()
    pole.bring(make_bundle(tmp_path, pole.keys).read_bytes())
    pole.installer.run()
    assert pole.told == ("refused", "slot_failed")
    assert stage(pole) == (Stage.WRITING, Slot.B)
    assert (pole.restarts, pole.find_leftovers()) == ([], [])
