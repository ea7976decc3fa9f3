"""The verdict on a new slot: what proves it, what does not, and what is told either way."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.service.image import Image
from edge.update.boot import Event, Slot, Stage
from edge.update.commit import Committer
from edge.update.floor import VersionFloor
from edge.update.slots import Slots
from edge.update.verdict import Seen, Trial, Verdict
from edge.wire.eye_status import eye_status_path
from edge.wire.update_talk import (
    BootNote,
    Offer,
    Phase,
    Refusal,
    Report,
    acknowledged_path,
    boot_note_path,
    read_report,
    write_boot_note,
    write_report,
)
from tests.edge.update.bench import Bench, Fuse, PowerCutError
from tests.fakes.clock import FakeClock

MINUTE_NS = 60_000_000_000
SHA256 = "ab" * 32


def test_a_slot_is_kept_when_frames_grow_and_an_event_was_acknowledged() -> None:
    trial = Trial(0)
    assert trial.look(Seen(5, is_acknowledged=False), 1) is Verdict.WAIT
    assert trial.look(Seen(6, is_acknowledged=False), 2) is Verdict.WAIT
    assert trial.look(Seen(None, is_acknowledged=True), 3) is Verdict.KEEP


def test_a_number_left_by_the_boot_before_is_no_progress() -> None:
    trial = Trial(0)
    for now_ns in range(10):
        assert trial.look(Seen(90_000, is_acknowledged=True), now_ns) is Verdict.WAIT
    assert trial.look(Seen(0, is_acknowledged=True), 11) is Verdict.WAIT
    assert trial.look(Seen(1, is_acknowledged=True), 12) is Verdict.KEEP


@pytest.mark.parametrize(
    ("seen", "refusal"),
    [
        ([Seen(None, is_acknowledged=True)], "no_progress"),
        ([Seen(7, is_acknowledged=True)], "no_progress"),
        ([Seen(7, is_acknowledged=False), Seen(8, is_acknowledged=False)], "no_ack"),
    ],
)
def test_a_slot_goes_back_after_a_quarter_of_an_hour_and_says_what_was_missing(
    seen: list[Seen], refusal: str
) -> None:
    trial = Trial(0)
    for each in seen:
        assert trial.look(each, 1) is Verdict.WAIT
    assert trial.look(seen[-1], 15 * MINUTE_NS - 1) is Verdict.WAIT
    assert trial.look(seen[-1], 15 * MINUTE_NS) is Verdict.RETURN
    assert trial.refusal == refusal


class Pole:
    """A pole on a bench: `during` is what its rooms do between two looks."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench.make(folder / "card")
        self.data = folder / "pole"
        for name in ("eye", "update", "slots"):
            (self.data / name).mkdir(parents=True)
        self.clock = FakeClock()
        self.restarts = 0
        self.during: Callable[[], None] = lambda: None
        self.has_data = True

    def install(self, version: int = 2) -> None:
        bench = self.bench
        bench.slots.apply(Event.SPOIL, bench.booted.other)
        bench.contents[bench.booted.other] = version
        bench.slots.apply(Event.INSTALL, bench.booted.other)
        write_report(
            self.data, Report(Offer(1, str(version), "qemu-amd64", SHA256, 1), "restarting")
        )
        bench.slots.apply(Event.ARM, bench.booted.other)
        bench.boot()

    @property
    def committer(self) -> Committer:
        bench = self.bench

        @contextmanager
        def open_slots() -> Iterator[Slots]:
            yield bench.slots

        version = bench.contents[bench.booted] or 0
        return Committer(
            data=self.data,
            image=Image(bench.booted.value, str(version), "qemu-amd64", {}),
            boot_id=f"boot-{bench.boots}",
            floor=self.floor,
            open_slots=open_slots,
            has_data=lambda: self.has_data,
            restart=self._restart,
            pause=self._pause,
            clock=self.clock,
        )

    @property
    def floor(self) -> VersionFloor:
        return VersionFloor(self.bench.state, self.data, (1, 0, 0, 0))

    @property
    def told(self) -> tuple[Phase, Refusal | None]:
        report = read_report(self.data)
        assert report is not None
        return report.phase, report.refusal

    def see_frames(self, count: int) -> None:
        said = {"cameras": [{"camera": "north", "frames_analysed": count}]}
        eye_status_path(self.data).write_text(json.dumps(said))

    def acknowledge(self, boot_id: str | None = None) -> None:
        note = BootNote(boot_id or f"boot-{self.bench.boots}", 7, 1)
        write_boot_note(boot_note_path(self.data), note)
        write_boot_note(acknowledged_path(self.data), note)

    def _restart(self) -> None:
        self.restarts += 1
        self.bench.boot()

    def _pause(self) -> None:
        self.clock.advance(2.0)
        self.during()


def proving(pole: Pole) -> Callable[[], None]:
    frames = iter(range(1, 1_000))

    def work() -> None:
        pole.see_frames(next(frames))
        pole.acknowledge()

    return work


def test_a_new_slot_that_works_is_kept_and_raises_the_floor(tmp_path: Path) -> None:
    pole = Pole(tmp_path)
    pole.install()
    pole.during = proving(pole)
    pole.committer.run()
    assert pole.told == ("committed", None)
    assert pole.restarts == 0
    assert pole.floor.read() == (2, 0, 0, 0)
    pole.bench.boot()
    pole.committer.run()
    assert (pole.bench.booted, pole.bench.primary) == (Slot.B, Slot.B)


def test_a_new_slot_that_never_analyses_a_frame_goes_back_by_itself(tmp_path: Path) -> None:
    pole = Pole(tmp_path)
    pole.see_frames(5_000)
    pole.install()
    pole.during = pole.acknowledge
    pole.committer.run()
    assert pole.told == ("returned", "no_progress")
    assert (pole.restarts, pole.bench.booted) == (1, Slot.A)
    pole.committer.run()
    assert pole.told == ("returned", "no_progress")
    assert pole.bench.slots.read_record().stage is Stage.STEADY
    assert pole.floor.read() == (1, 0, 0, 0)


def test_an_acknowledgement_of_the_boot_before_proves_nothing(tmp_path: Path) -> None:
    pole = Pole(tmp_path)
    pole.acknowledge("boot-1")
    pole.install()
    frames = iter(range(1, 1_000))
    pole.during = lambda: pole.see_frames(next(frames))
    pole.committer.run()
    assert pole.told == ("returned", "no_ack")


def test_a_slot_that_did_not_come_up_is_told_by_the_old_one(tmp_path: Path) -> None:
    pole = Pole(tmp_path)
    pole.bench.broken.add(2)
    pole.install()
    pole.committer.run()
    assert pole.told == ("returned", "slot_failed")


def test_the_old_slot_tells_nothing_before_it_has_the_disk_to_tell_it_on(tmp_path: Path) -> None:
    pole = Pole(tmp_path)
    pole.bench.broken.add(2)
    pole.install()
    pole.has_data = False

    def unlock() -> None:
        assert pole.bench.fuse.written == 0
        pole.has_data = True

    pole.during = unlock
    pole.committer.run()
    assert pole.told == ("returned", "slot_failed")


def test_a_power_cut_while_a_slot_is_tried_is_told_as_one(tmp_path: Path) -> None:
    pole = Pole(tmp_path)
    pole.install()

    def cut() -> None:
        raise PowerCutError

    pole.during = cut
    with pytest.raises(PowerCutError):
        pole.committer.run()
    report = read_report(pole.data)
    assert report is not None
    assert report.phase == "trying"
    pole.bench.boot()
    pole.during = lambda: None
    pole.committer.run()
    assert pole.told == ("returned", "power")
    assert pole.bench.booted is Slot.A


def test_a_cut_between_keeping_and_recording_still_ends_committed(tmp_path: Path) -> None:
    pole = Pole(tmp_path)
    pole.install()
    work = proving(pole)

    def prove_and_cut() -> None:
        work()
        pole.bench.fuse = Fuse(1)

    pole.during = prove_and_cut
    with pytest.raises(PowerCutError):
        pole.committer.run()
    pole.bench.boot()
    pole.committer.run()
    assert (pole.told, pole.bench.booted) == (("committed", None), Slot.B)
    assert pole.floor.read() == (2, 0, 0, 0)


@pytest.mark.parametrize(
    "status",
    [b"", b"[]", b"{", b'{"cameras": 5}', b'{"cameras": [1, {"frames_analysed": "9"}]}', b"\xff"],
)
def test_a_status_that_means_nothing_proves_nothing(tmp_path: Path, status: bytes) -> None:
    pole = Pole(tmp_path)
    pole.install()
    eye_status_path(pole.data).write_bytes(status)
    assert not pole.committer.look().frames_analysed
