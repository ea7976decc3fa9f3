"""What link and root leave for each other about updates: small JSON files and the bundle.

DATA/update/               the link writes, root reads and believes nothing
    offer.json             what the collector offers, as it came
    bundle.part            the bundle while it comes
    bundle.raucb           the bundle, as long as it was offered: root may look at it
    acknowledged.json      the collector has this boot's first event
DATA/slots/                root writes, the link reads
    report.json            how the last update stands
    bundle.raucb           the bundle while root checks and installs it; nobody else's
DATA/eye/boot.json         the eye's first event of this boot
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from edge.whole_file import read_bounded, write_whole
from edge.wire.fields import Fields
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object

MAX_BUNDLE_BYTES = 1 << 30
"""Twice the largest slot."""
MAX_MESSAGE_CHARS = 240
_MAX_FILE_BYTES = 4_096
_MAX_NUMBER = 2**64 - 1

Phase = Literal[
    "fetching", "checking", "installing", "restarting", "trying", "committed", "returned", "refused"
]
Refusal = Literal[
    "wrong_board",
    "older_version",
    "wrong_signature",
    "truncated",
    "changed",
    "no_room",
    "slot_failed",
    "no_progress",
    "no_ack",
    "power",
    "withdrawn",
    "not_possible",
]
PHASES: tuple[Phase, ...] = get_args(Phase)
REFUSALS: tuple[Refusal, ...] = get_args(Refusal)
ENDS: frozenset[Phase] = frozenset({"committed", "returned", "refused"})


class TalkError(ProblemsError):
    """A file that means nothing here."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the collector offers.

    command: the collector's id of the offer: the same bundle may be offered twice.
    bundle_sha256: hexadecimal, of the whole bundle.
    """

    command: int
    version: str
    board: str
    bundle_sha256: str
    bundle_bytes: int


@dataclass(frozen=True, slots=True)
class Report:
    """How the update of an offer stands.

    refusal: in phases refused and returned only. message: one sentence, or empty.
    """

    offer: Offer
    phase: Phase
    refusal: Refusal | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class BootNote:
    """The eye's first event of a boot, and where it stands in the spool.

    boot_id: the kernel's name of the boot; epoch, seq: of the event.
    """

    boot_id: str
    epoch: int
    seq: int


def update_folder(data: Path) -> Path:
    """DATA/update, the link's."""
    return data / "update"


def slots_folder(data: Path) -> Path:
    """DATA/slots, root's."""
    return data / "slots"


def offer_path(data: Path) -> Path:
    """The offer."""
    return update_folder(data) / "offer.json"


def part_path(data: Path) -> Path:
    """The bundle while it comes."""
    return update_folder(data) / "bundle.part"


def arrived_path(data: Path) -> Path:
    """The bundle as the link leaves it for root."""
    return update_folder(data) / "bundle.raucb"


def acknowledged_path(data: Path) -> Path:
    """Which boot's first event the collector has."""
    return update_folder(data) / "acknowledged.json"


def report_path(data: Path) -> Path:
    """How the last update stands."""
    return slots_folder(data) / "report.json"


def boot_note_path(data: Path) -> Path:
    """The eye's first event of this boot."""
    return data / "eye" / "boot.json"


def write_offer(data: Path, offer: Offer) -> None:
    """Keep an offer. Raises OSError."""
    _write(offer_path(data), asdict(offer))


def read_offer(data: Path) -> Offer | None:
    """The offer; None: there is none. Raises TalkError for one that means nothing."""
    fields = _read(offer_path(data), "the offer")
    if fields is None:
        return None
    offer = _read_fields(fields)
    fields.close()
    fields.raise_problems(TalkError)
    return offer


def write_report(data: Path, report: Report) -> None:
    """Say how an update stands. Raises OSError."""
    _write(report_path(data), asdict(report), mode=0o644)


def read_report(data: Path) -> Report | None:
    """How the last update stands; None: none was begun. Raises TalkError."""
    fields = _read(report_path(data), "the report")
    if fields is None:
        return None
    inner = fields.inner("offer")
    report = Report(
        offer=_read_fields(inner),
        phase=fields.word("phase", PHASES) or "refused",
        refusal=None if fields.is_null("refusal") else fields.word("refusal", REFUSALS) or None,
        message=fields.text("message", shortest=0, longest=MAX_MESSAGE_CHARS),
    )
    _end(fields)
    return report


def write_boot_note(path: Path, note: BootNote) -> None:
    """Leave a note at `boot_note_path` or `acknowledged_path`. Raises OSError."""
    _write(path, asdict(note))


def read_boot_note(path: Path) -> BootNote | None:
    """The note; None: there is none, or it means nothing."""
    try:
        fields = _read(path, "the note")
        if fields is None:
            return None
        note = BootNote(
            boot_id=fields.text("boot_id", longest=64),
            epoch=fields.whole("epoch", least=1, most=_MAX_NUMBER),
            seq=fields.whole("seq", least=1, most=_MAX_NUMBER),
        )
        _end(fields)
    except TalkError:
        return None
    return note


def _read_fields(fields: Fields) -> Offer:
    return Offer(
        command=fields.whole("command", least=1, most=_MAX_NUMBER),
        version=fields.text("version", longest=64),
        board=fields.text("board", longest=32),
        bundle_sha256=fields.sha256("bundle_sha256"),
        bundle_bytes=fields.whole("bundle_bytes", least=1, most=_MAX_NUMBER),
    )


def _write(path: Path, record: dict[str, object], mode: int = 0o640) -> None:
    write_whole(path, json.dumps(record).encode() + b"\n", mode=mode, folder_mode=None)


def _read(path: Path, what: str) -> Fields | None:
    content = read_bounded(path, _MAX_FILE_BYTES)
    if content is None:
        return None
    record = parse_object(content, what=what, max_bytes=_MAX_FILE_BYTES, refusal=TalkError)
    return Fields(record)


def _end(fields: Fields) -> None:
    fields.close()
    fields.raise_problems(TalkError)
