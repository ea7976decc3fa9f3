"""A pole's two slots on a real folder, with a firmware that plays by autoboot.txt and the mark."""

from dataclasses import dataclass, field
from pathlib import Path

from edge.update.autoboot import format_autoboot
from edge.update.boot import Record, Slot
from edge.update.selector import MarkSelector
from edge.update.slots import RecordFile, Slots


class PowerCutError(Exception):
    """The power is gone before this write."""


@dataclass
class Fuse:
    """Lets so many writes through, then cuts the power. None: never."""

    writes_left: int | None = None
    written: int = 0

    def burn(self) -> None:
        if self.writes_left is not None:
            if self.writes_left == 0:
                raise PowerCutError
            self.writes_left -= 1
        self.written += 1


class FusedSelector(MarkSelector):
    """The real one, with a fuse before each of its writes."""

    def __init__(self, sel: Path, fuse: Fuse) -> None:
        super().__init__(sel)
        self._fuse = fuse

    def write_primary(self, slot: Slot) -> None:
        self._fuse.burn()
        super().write_primary(slot)

    def mark(self, slot: Slot) -> None:
        self._fuse.burn()
        super().mark(slot)

    def unmark(self) -> None:
        self._fuse.burn()
        super().unmark()


class FusedRecord(RecordFile):
    """The real one, with a fuse before each write."""

    def __init__(self, path: Path, fuse: Fuse) -> None:
        super().__init__(path)
        self._fuse = fuse

    def write(self, record: Record) -> None:
        self._fuse.burn()
        super().write(record)


@dataclass
class Bench:
    """The card of one pole. contents: the version in each slot; None: torn, it does not start."""

    sel: Path
    state: Path
    contents: dict[Slot, int | None] = field(default_factory=lambda: {Slot.A: 1, Slot.B: None})
    broken: set[int] = field(default_factory=set)
    boots: int = 0
    booted: Slot = Slot.A
    tried: list[Slot] = field(default_factory=list)
    fuse: Fuse = field(default_factory=Fuse)

    @classmethod
    def make(cls, folder: Path) -> "Bench":
        sel, state = folder / "sel", folder / "state"
        sel.mkdir(parents=True)
        state.mkdir()
        (sel / "autoboot.txt").write_bytes(format_autoboot(Slot.A))
        bench = cls(sel, state)
        bench.boot()
        return bench

    @property
    def slots(self) -> Slots:
        return Slots(
            FusedSelector(self.sel, self.fuse),
            FusedRecord(self.state / "record.json", self.fuse),
            booted=self.booted,
            boot_id=f"boot-{self.boots}",
        )

    @property
    def primary(self) -> Slot:
        return MarkSelector(self.sel).read_primary()

    def boot(self) -> None:
        """As the firmware does: a mark is taken away and its slot started once."""
        self.fuse = Fuse()
        self.boots += 1
        mark = self.sel / "tryboot"
        if mark.exists():
            mark.unlink()
            wanted = self.primary.other
            self.tried.append(wanted)
            if self._comes_up(wanted):
                self.booted = wanted
                return
            # It panicked and reset itself; the mark is spent.
            self.boots += 1
        self.booted = self.primary
        assert self._comes_up(self.booted), f"slot {self.booted} does not start: a dead pole"

    def _comes_up(self, slot: Slot) -> bool:
        version = self.contents[slot]
        return version is not None and version not in self.broken
