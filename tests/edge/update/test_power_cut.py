"""The power is cut between any two writes of the boot selection, at random and one by one."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.update.autoboot import parse_autoboot
from edge.update.boot import BootError, Event, Slot, Stage
from tests.edge.update.bench import Bench, Fuse, PowerCutError

CUTS = st.one_of(st.none(), st.integers(0, 4))


class PoleUnderCuts(RuleBasedStateMachine):
    """One pole over many installations; each step may lose its power before any of its writes."""

    @initialize()
    def flash(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.bench = Bench.make(Path(self.folder.name))
        self.newest = 1
        self.tries_allowed = 0

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def _do(self, cut: int | None, act: Callable[[], object]) -> bool:
        """Whether the power lasted; if not, the pole starts again."""
        self.bench.fuse = Fuse(cut)
        try:
            act()
        except PowerCutError:
            self._boot()
            return False
        self.bench.fuse = Fuse()
        return True

    def _boot(self) -> None:
        self.bench.boot()

    @precondition(
        lambda self: self.bench.slots.read_record().stage in {Stage.STEADY, Stage.WRITING}
    )
    @rule(
        cut=CUTS, is_cut_while_writing=st.booleans(), is_broken=st.booleans(), is_same=st.booleans()
    )
    def install(
        self, cut: int | None, is_cut_while_writing: bool, is_broken: bool, is_same: bool
    ) -> None:
        bench = self.bench
        slot = bench.booted.other
        if not self._do(cut, lambda: bench.slots.apply(Event.SPOIL, slot)):
            return
        bench.contents[slot] = None
        if is_cut_while_writing:
            self._boot()
            return
        if not is_same:
            self.newest += 1
        bench.contents[slot] = self.newest if not is_same else bench.contents[slot.other]
        if is_broken and not is_same:
            bench.broken.add(self.newest)
        self._do(cut, lambda: bench.slots.apply(Event.INSTALL, slot))

    @precondition(lambda self: self.bench.slots.read_record().stage is Stage.INSTALLED)
    @rule(cut=CUTS)
    def restart_into_it(self, cut: int | None) -> None:
        slot = self.bench.booted.other
        self.tries_allowed += 1
        if self._do(cut, lambda: self.bench.slots.apply(Event.ARM, slot)):
            self._boot()

    @precondition(lambda self: self.bench.booted is not self.bench.primary)
    @rule(cut=CUTS)
    def prove(self, cut: int | None) -> None:
        bench = self.bench
        if bench.slots.read_record().stage is Stage.TRYING:
            self._do(cut, lambda: bench.slots.apply(Event.PROVE, bench.booted))

    @precondition(lambda self: self.bench.booted is not self.bench.primary)
    @rule(cut=CUTS)
    def give_up(self, cut: int | None) -> None:
        bench = self.bench
        if self._do(cut, lambda: bench.slots.apply(Event.GIVE_UP, bench.booted)):
            self._boot()

    @rule(cut=CUTS)
    def start_up(self, cut: int | None) -> None:
        self._do(cut, self.bench.slots.start)

    @rule()
    def lose_power(self) -> None:
        self._boot()

    @invariant()
    def the_primary_holds_an_image_that_starts(self) -> None:
        bench = self.bench
        assert bench.contents[bench.primary] not in {None, *bench.broken}
        assert bench.contents[bench.booted] is not None

    @invariant()
    def no_image_is_tried_twice_without_being_asked_for_twice(self) -> None:
        assert len(self.bench.tried) <= self.tries_allowed

    @invariant()
    def autoboot_is_always_whole(self) -> None:
        parse_autoboot((self.bench.sel / "autoboot.txt").read_bytes())

    @invariant()
    def what_is_written_over_is_never_what_starts(self) -> None:
        record = self.bench.slots.read_record()
        if record.stage is Stage.WRITING:
            assert record.slot is not self.bench.primary
            assert not (self.bench.sel / "tryboot").exists()


PoleUnderCuts.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, print_blob=True
)
TestPoleUnderCuts = PoleUnderCuts.TestCase


@pytest.mark.parametrize("cut", range(12))
@pytest.mark.parametrize("is_proven", [True, False])
def test_a_whole_update_cut_before_any_one_write_ends_on_a_slot_that_starts(
    tmp_path: Path, cut: int, is_proven: bool
) -> None:
    bench = Bench.make(tmp_path)
    bench.fuse = Fuse(cut)

    def update() -> None:
        slots = bench.slots
        slots.apply(Event.SPOIL, Slot.B)
        bench.contents[Slot.B] = 2
        slots.apply(Event.INSTALL, Slot.B)
        slots.apply(Event.ARM, Slot.B)
        fuse = bench.fuse
        bench.boot()
        bench.fuse = fuse
        bench.slots.start()
        bench.slots.apply(Event.PROVE if is_proven else Event.GIVE_UP, bench.booted)

    was_cut = False
    try:
        update()
    except PowerCutError:
        was_cut = True
    bench.boot()
    bench.slots.start()
    assert len(bench.tried) <= 1 or bench.slots.read_record().stage is Stage.TRYING
    if not was_cut:
        assert bench.booted is (Slot.B if is_proven else Slot.A)
    record = bench.slots.read_record()
    assert record.stage is not Stage.ARMED
    bench.boot()
    bench.slots.start()
    assert bench.booted is bench.primary


def test_a_slot_that_was_cut_while_it_was_being_kept_is_kept(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    bench.contents[Slot.B] = 2
    for event in (Event.SPOIL, Event.INSTALL, Event.ARM):
        bench.slots.apply(event, Slot.B)
    bench.boot()
    bench.slots.start()
    bench.fuse = Fuse(1)
    with pytest.raises(PowerCutError):
        bench.slots.apply(Event.PROVE, Slot.B)
    bench.boot()
    before, after = bench.slots.start()
    assert (bench.booted, before.stage, after.stage) == (Slot.B, Stage.TRYING, Stage.STEADY)


def test_an_installation_while_a_slot_is_on_trial_is_refused(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    bench.contents[Slot.B] = 2
    for event in (Event.SPOIL, Event.INSTALL, Event.ARM):
        bench.slots.apply(event, Slot.B)
    bench.boot()
    with pytest.raises(BootError):
        bench.slots.apply(Event.SPOIL, Slot.A)
    assert bench.contents[bench.primary] == 1
