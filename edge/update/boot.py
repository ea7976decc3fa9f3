"""Which slot starts: a transition table without I/O, and what has to be written in which order.

Two things decide at power-on: the primary slot, which starts whenever nothing else is asked for,
and a one-shot mark, by which the firmware starts the other slot once and forgets the mark. The
record says what was meant; it alone is ours. A power cut between any two writes leaves a pair of
firmware and record that the next start finds in this table.

Rules for editing: each row names the writes in the order in which they go to the disk; a pair that
does not stand here is refused. `docs/design/update.md` is drawn from this table
(`tools/reference`); a test walks every pair, another cuts the power between any two writes.

Only the standard library is imported here and in what `backend.py` needs: RAUC starts that one
often, and a pole's processor is slow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from edge.errors import Kind, VigieError


class BootError(VigieError):
    """Something was asked of the slots that cannot be now."""


class Slot(Enum):
    """One of the two places for an image; the values are RAUC's boot names."""

    A = "A"
    B = "B"

    @property
    def other(self) -> "Slot":
        """The slot that this one is not."""
        return Slot.B if self is Slot.A else Slot.A


class Stage(Enum):
    """How far the slot that is not the primary has come."""

    STEADY = "steady"
    """Nothing is under way."""
    WRITING = "writing"
    """It is being written: it must not start."""
    INSTALLED = "installed"
    """It is whole and has not been tried."""
    ARMED = "armed"
    """The next start tries it, once."""
    TRYING = "trying"
    """It runs and must prove itself."""
    RETURNING = "returning"
    """It failed; whatever starts next, it does not stay."""


class Event(Enum):
    """What happens to a slot."""

    SPOIL = "spoil"
    """RAUC is about to write it."""
    INSTALL = "install"
    """RAUC has written it whole."""
    ARM = "arm"
    """The pole is about to start it."""
    STARTED_PRIMARY = "started primary"
    STARTED_OTHER = "started other"
    """The slot that is not the primary came up."""
    STARTED_KEPT = "started kept"
    """The slot came up, and the primary is this one already."""
    PROVE = "prove"
    """Frames were analysed, an event was acknowledged."""
    GIVE_UP = "give up"
    """It did not prove itself in time."""


class Write(Enum):
    """One write that is on the disk whole or not at all."""

    MARK = "mark"
    """Ask the firmware to start the slot once."""
    UNMARK = "unmark"
    """Take such a request back, where the firmware has not."""
    PRIMARY = "primary"
    """The slot is the primary from now on."""
    RECORD = "record"
    """The record says the stage that the row leads to."""


@dataclass(frozen=True, slots=True)
class Row:
    """Where an event leads, and what is written on the way, in this order."""

    goes_to: Stage
    writes: tuple[Write, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What the pole means to do. slot: which one the stage is about; None: none yet.

    In STEADY the slot is one that failed, and may not be started before it is written again.
    boot_id: the kernel's name of the boot in which this was written.

    Raises:
        ValueError: a stage about no slot.

    """

    stage: Stage = Stage.STEADY
    slot: Slot | None = None
    boot_id: str = ""

    def __post_init__(self) -> None:
        if self.slot is None and self.stage is not Stage.STEADY:
            raise ValueError(f"{self.stage.value}, and no slot")


_S, _W, _I, _A, _T, _R = Stage
_NEXT = (Write.RECORD,)
_CLEARED = (Write.UNMARK, Write.RECORD)

TRANSITIONS: Mapping[tuple[Stage, Event], Row] = {
    (_S, Event.SPOIL): Row(_W, _NEXT),
    (_S, Event.INSTALL): Row(_I, _NEXT, "asked for by hand"),
    (_S, Event.STARTED_PRIMARY): Row(_S),
    (_S, Event.STARTED_OTHER): Row(_T, _NEXT, "the record was lost"),
    (_S, Event.PROVE): Row(_S),
    (_W, Event.SPOIL): Row(_W),
    (_W, Event.INSTALL): Row(_I, _NEXT),
    (_W, Event.STARTED_PRIMARY): Row(_W, (), "cut while writing"),
    (_W, Event.STARTED_OTHER): Row(_R, _CLEARED, "it was never whole"),
    (_W, Event.STARTED_KEPT): Row(_S, _CLEARED),
    (_I, Event.SPOIL): Row(_W, _NEXT),
    (_I, Event.INSTALL): Row(_I),
    (_I, Event.ARM): Row(_A, (Write.RECORD, Write.MARK)),
    (_I, Event.STARTED_PRIMARY): Row(_I, (), "cut before it was tried"),
    (_I, Event.STARTED_OTHER): Row(_T, _CLEARED, "started by hand"),
    (_I, Event.STARTED_KEPT): Row(_S, _CLEARED),
    (_I, Event.GIVE_UP): Row(_S, _NEXT),
    (_A, Event.SPOIL): Row(_W, _CLEARED),
    (_A, Event.INSTALL): Row(_A),
    (_A, Event.ARM): Row(_A, (Write.MARK,)),
    (_A, Event.STARTED_PRIMARY): Row(_S, _CLEARED, "it did not come up"),
    (_A, Event.STARTED_OTHER): Row(_T, _CLEARED, "it came up"),
    (_A, Event.STARTED_KEPT): Row(_S, _CLEARED),
    (_A, Event.GIVE_UP): Row(_S, _CLEARED),
    (_T, Event.PROVE): Row(_S, (Write.PRIMARY, Write.RECORD), "it stays"),
    (_T, Event.GIVE_UP): Row(_R, _CLEARED),
    (_T, Event.STARTED_PRIMARY): Row(_S, _CLEARED, "cut off while trying"),
    (_T, Event.STARTED_OTHER): Row(_R, _CLEARED, "a second start: no second try"),
    (_T, Event.STARTED_KEPT): Row(_S, (Write.PRIMARY, Write.RECORD), "cut while it was kept"),
    (_R, Event.GIVE_UP): Row(_R),
    (_R, Event.STARTED_PRIMARY): Row(_S, _CLEARED),
    (_R, Event.STARTED_OTHER): Row(_R, (Write.UNMARK,)),
    (_R, Event.STARTED_KEPT): Row(_S, _CLEARED),
}


def advance(record: Record, event: Event, slot: Slot, boot_id: str) -> tuple[Record, Row]:
    """The record after an event about a slot, and the row that says what is to be written.

    Raises:
        BootError: this cannot be now; FAILED_PRECONDITION.

    """
    row = TRANSITIONS.get((record.stage, event))
    is_another = record.stage is not Stage.STEADY and record.slot is not slot
    if row is None or is_another:
        raise BootError(
            Kind.FAILED_PRECONDITION,
            f"slot {slot.value}: '{event.value}' cannot be while slot "
            f"{(record.slot or slot).value} is {record.stage.value}",
        )
    return _after(record, event, slot, boot_id, row), row


def _after(record: Record, event: Event, slot: Slot, boot_id: str, row: Row) -> Record:
    if Write.RECORD not in row.writes:
        return record
    is_kept = event in {Event.PROVE, Event.STARTED_KEPT}
    return Record(row.goes_to, None if is_kept else slot, boot_id)


def read_start(record: Record, booted: Slot, primary: Slot, boot_id: str) -> Event | None:
    """Which event this boot is for a record; None: the record is of this very boot."""
    if record.boot_id == boot_id:
        return None
    if booted is not primary:
        return Event.STARTED_OTHER
    is_about_it = record.stage is not Stage.STEADY and record.slot is primary
    return Event.STARTED_KEPT if is_about_it else Event.STARTED_PRIMARY


def settle(record: Record, booted: Slot, primary: Slot, boot_id: str) -> tuple[Record, Row]:
    """The record that this boot leads to: a try that was spent is a try no more."""
    event = read_start(record, booted, primary, boot_id)
    if event is None:
        return record, Row(record.stage)
    if event is Event.STARTED_OTHER and record.slot is not booted:
        # Whatever was under way was about the other one: what runs now is what must prove itself.
        record = replace(record, stage=Stage.STEADY, slot=None)
    slot = booted if event is not Event.STARTED_PRIMARY else record.slot or booted.other
    return advance(record, event, slot, boot_id)


def get_next(record: Record, primary: Slot) -> Slot:
    """The slot that the next start is meant to bring up."""
    is_pending = record.stage in {Stage.INSTALLED, Stage.ARMED}
    return record.slot if is_pending and record.slot is not None else primary


def is_good(record: Record, slot: Slot) -> bool:
    """Whether a slot holds what may be started."""
    return record.slot is not slot or record.stage in {
        Stage.INSTALLED,
        Stage.ARMED,
        Stage.TRYING,
    }
