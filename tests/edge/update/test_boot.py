"""Which slot starts: the table, every pair of it, and the two cases that a UUID cannot tell."""

import itertools
from pathlib import Path

import pytest

from edge.update.boot import (
    TRANSITIONS,
    BootError,
    Event,
    Record,
    Slot,
    Stage,
    Write,
    advance,
    get_next,
    is_good,
    read_start,
    settle,
)
from edge.update.slots import RecordFile
from tests.edge.update.bench import Bench


@pytest.mark.parametrize(("stage", "event"), [*itertools.product(Stage, Event)])
def test_every_pair_leads_where_the_table_says_or_is_refused(stage: Stage, event: Event) -> None:
    record = Record(stage, Slot.B, "boot-1")
    row = TRANSITIONS.get((stage, event))
    if row is None:
        with pytest.raises(BootError):
            advance(record, event, Slot.B, "boot-2")
        return
    after, told = advance(record, event, Slot.B, "boot-2")
    assert told is row
    assert after.stage is row.goes_to
    if row.goes_to is not stage:
        assert Write.RECORD in row.writes, "a change that no start would remember"


@pytest.mark.parametrize(("stage", "slot"), [(Stage.STEADY, None), *itertools.product(Stage, Slot)])
@pytest.mark.parametrize(("booted", "primary"), [*itertools.product(Slot, Slot)])
def test_no_start_is_without_an_answer(
    stage: Stage, slot: Slot | None, booted: Slot, primary: Slot
) -> None:
    after, _ = settle(Record(stage, slot, "before"), booted, primary, "now")
    if booted is primary:
        assert after.stage in {Stage.STEADY, Stage.WRITING, Stage.INSTALLED}
    else:
        assert after.stage in {Stage.TRYING, Stage.RETURNING}
        assert after.slot is booted


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.STEADY])
def test_what_is_under_way_about_one_slot_is_not_changed_through_the_other(stage: Stage) -> None:
    for event in Event:
        with pytest.raises(BootError):
            advance(Record(stage, Slot.B, "boot-1"), event, Slot.A, "boot-1")


def test_a_mark_is_recorded_before_it_is_made_and_a_slot_is_kept_before_it_is_recorded() -> None:
    assert TRANSITIONS[Stage.INSTALLED, Event.ARM].writes == (Write.RECORD, Write.MARK)
    assert TRANSITIONS[Stage.TRYING, Event.PROVE].writes == (Write.PRIMARY, Write.RECORD)


def test_only_a_slot_that_proved_itself_becomes_the_primary() -> None:
    causes = {pair for pair, row in TRANSITIONS.items() if Write.PRIMARY in row.writes}
    assert causes == {(Stage.TRYING, Event.PROVE), (Stage.TRYING, Event.STARTED_KEPT)}


def test_a_record_of_this_boot_is_no_start() -> None:
    record = Record(Stage.ARMED, Slot.B, "now")
    assert read_start(record, Slot.A, Slot.A, "now") is None


def test_a_try_that_was_spent_is_not_named_as_next(tmp_path: Path) -> None:
    """The second case: the file of a try is left behind by a start that fell back."""
    bench = Bench.make(tmp_path)
    bench.slots.apply(Event.SPOIL, Slot.B)
    bench.contents[Slot.B] = 2
    bench.broken.add(2)
    bench.slots.apply(Event.INSTALL, Slot.B)
    assert get_next(bench.slots.read_record(), bench.primary) is Slot.B
    bench.slots.apply(Event.ARM, Slot.B)
    bench.boot()
    left = RecordFile(bench.state / "record.json").read()
    assert (left.stage, left.slot) == (Stage.ARMED, Slot.B)
    settled = bench.slots.read_record()
    assert get_next(settled, bench.primary) is Slot.A
    assert not is_good(settled, Slot.B)
    assert RecordFile(bench.state / "record.json").read() == left, "asking changes nothing"
    bench.boot()
    assert bench.booted is Slot.A
    assert bench.tried == [Slot.B]


def test_the_same_version_in_both_slots_is_tried_in_the_slot_that_started(tmp_path: Path) -> None:
    """The first case: content cannot tell the slots apart, so only the slot's letter counts."""
    bench = Bench.make(tmp_path)
    bench.slots.apply(Event.SPOIL, Slot.B)
    bench.contents[Slot.B] = bench.contents[Slot.A]
    bench.slots.apply(Event.INSTALL, Slot.B)
    bench.slots.apply(Event.ARM, Slot.B)
    bench.boot()
    before, after = bench.slots.start()
    assert (before.stage, after.stage, after.slot) == (Stage.ARMED, Stage.TRYING, Slot.B)
    bench.slots.apply(Event.PROVE, Slot.B)
    bench.boot()
    assert (bench.booted, bench.slots.read_record().stage) == (Slot.B, Stage.STEADY)


def test_a_steady_pole_writes_nothing_at_a_start(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    bench.slots.start()
    assert bench.fuse.written == 0
    assert list(bench.state.iterdir()) == []


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b'{"format": 2}', b"\xff", b'{"format":1,"stage":"x"}', b"[" * 9999],
)
def test_a_damaged_record_is_none_and_the_primary_starts(tmp_path: Path, damage: bytes) -> None:
    bench = Bench.make(tmp_path)
    (bench.state / "record.json").write_bytes(damage)
    assert bench.slots.read_record() == Record()
    assert get_next(bench.slots.read_record(), bench.primary) is Slot.A


def test_a_slot_that_runs_without_a_record_must_prove_itself(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    bench.contents[Slot.B] = 2
    (bench.sel / "tryboot").write_bytes(b"")
    bench.boot()
    assert bench.slots.start()[1].stage is Stage.TRYING
