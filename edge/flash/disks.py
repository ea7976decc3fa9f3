"""Which disks there are, by lsblk, and which of them may be overwritten: hardly any.

Pure but for `list_disks`. What is refused is refused before a byte is written; the kernel is the
last guard, because a disk is opened for us alone (`card.py`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.errors import Kind
from edge.flash.problem import FlashError
from edge.flash.programs import run_program
from edge.wire.fields import Fields
from edge.wire.problem import ProblemsError
from edge.wire.strict_json import parse_object

MAX_LISTING_BYTES = 4 * 1024 * 1024
MAX_DEVICES = 1000
_COLUMNS = "NAME,PATH,TYPE,SIZE,MODEL,TRAN,RM,HOTPLUG,RO,MOUNTPOINTS"
_SYSTEM_MOUNTS = frozenset({"/", "/boot", "/boot/efi", "/boot/firmware", "/usr", "/var", "/home"})
_BOOT_AREA = re.compile(r"boot\d$")
_GB = 1_000_000_000


class ListingError(ProblemsError):
    """What lsblk printed is not what this release reads."""


@dataclass(frozen=True, slots=True)
class Disk:
    """One whole disk. bus: usb, mmc, nvme, …; empty: unknown.

    mounted: where it or what stands on it is mounted, or [SWAP]. used_as: what else holds it, such
    as crypt or lvm. is_soldered: an eMMC chip, which no hand takes out.
    """

    name: str
    path: str
    size_bytes: int
    model: str
    bus: str
    is_removable: bool
    is_read_only: bool
    is_soldered: bool
    mounted: tuple[str, ...]
    used_as: tuple[str, ...]
    parts: tuple[str, ...]

    @property
    def size_words(self) -> str:
        """As it is printed on cards: 31.9 GB."""
        return f"{self.size_bytes / _GB:.1f} GB"

    @property
    def words(self) -> str:
        """Name, size and model, for a question."""
        return ", ".join(
            word for word in (self.path, self.size_words, self.model, self.bus) if word
        )


def list_disks() -> tuple[Disk, ...]:
    """All whole disks of this machine. Raises FlashError or ListingError."""
    words = ("lsblk", "--json", "--bytes", "--output", _COLUMNS)
    return parse_disks(run_program(words, doing="list the disks"))


def parse_disks(listing: bytes) -> tuple[Disk, ...]:
    """The disks of lsblk's JSON. Raises ListingError for anything unexpected."""
    record = parse_object(
        listing, what="lsblk's list", max_bytes=MAX_LISTING_BYTES, refusal=ListingError
    )
    fields = Fields(record)
    devices = [_read(each) for each in fields.objects("blockdevices", most=MAX_DEVICES)]
    fields.raise_problems(ListingError)
    names = {device.name for device in devices}
    return tuple(_disk(device, names) for device in devices if device.kind == "disk")


def is_offered(disk: Disk) -> bool:
    """Whether a person who wants to write a card wants to see it: removable, with a card in it."""
    return disk.is_removable and not disk.is_soldered and disk.size_bytes > 0


def find_disk(disks: Sequence[Disk], named: str) -> Disk:
    """The disk called sdb or /dev/sdb. Raises FlashError(NOT_FOUND)."""
    for disk in disks:
        if named in {disk.name, disk.path}:
            return disk
        if named.removeprefix("/dev/") in disk.parts:
            raise FlashError(
                Kind.INVALID_ARGUMENT,
                f"{named} is a part of {disk.name}; an image fills a whole disk",
                hint=f"If you mean all of it: --disk {disk.path}",
            )
    offered = ", ".join(disk.path for disk in disks if is_offered(disk))
    raise FlashError(
        Kind.NOT_FOUND,
        f"there is no disk {named}",
        hint=f"There is {offered}." if offered else "Put the card in; 'vigie flash' lists disks.",
    )


def check_disk(disk: Disk, image_bytes: int) -> None:
    """Raises FlashError(FAILED_PRECONDITION) unless the image may be written over all of it."""
    for what, hint in _reasons_against(disk, image_bytes):
        raise FlashError(Kind.FAILED_PRECONDITION, what, where=disk.path, hint=hint)


def _reasons_against(disk: Disk, image_bytes: int) -> Iterator[tuple[str, str]]:
    """What is wrong with the disk and what to do; what is worst comes first."""
    another = "'vigie flash' lists the disks that may be written."
    if _SYSTEM_MOUNTS.intersection(disk.mounted) or "[SWAP]" in disk.mounted:
        yield "this disk holds the running system", another
    if disk.mounted:
        places = ", ".join(disk.mounted)
        yield f"this disk is mounted at {places}", f"Run: umount {disk.mounted[0]}"
    if disk.used_as:
        yield f"this disk is in use ({', '.join(disk.used_as)})", another
    if disk.is_soldered:
        yield "this is the machine's own memory chip, not a card", another
    if not disk.is_removable:
        yield "this disk is not removable", another
    if disk.size_bytes == 0:
        yield "there is no card in it", "Put the card in."
    if disk.is_read_only:
        yield "this disk is write-protected", "Slide the card's lock away from LOCK."
    if disk.size_bytes < image_bytes:
        needed = f"{image_bytes / _GB:.1f} GB"
        yield f"this disk has {disk.size_words}, and the image needs {needed}", "Take a larger one."


@dataclass(frozen=True, slots=True)
class _Device:
    """A row of lsblk with all that stands on it. inside: kinds and names below."""

    name: str
    path: str
    kind: str
    size_bytes: int
    model: str
    bus: str
    is_removable: bool
    is_read_only: bool
    mounted: tuple[str, ...]
    inside: tuple["_Device", ...]

    def walk(self) -> tuple["_Device", ...]:
        """Everything that stands on it, at any depth."""
        return tuple(found for each in self.inside for found in (each, *each.walk()))


def _read(fields: Fields) -> _Device:
    return _Device(
        name=fields.text("name", longest=256),
        path=fields.text("path", longest=256),
        kind=fields.text("type", longest=64),
        size_bytes=fields.whole("size"),
        model=_words(fields, "model"),
        bus=_words(fields, "tran"),
        # Card readers say one or the other: the disk comes out, or the whole reader does.
        is_removable=any([fields.flag("rm"), fields.flag("hotplug")]),
        is_read_only=fields.flag("ro"),
        mounted=tuple(
            str(place) for place in fields.items("mountpoints", most=MAX_DEVICES) if place
        ),
        inside=tuple(
            _read(each) for each in fields.objects("children", most=MAX_DEVICES, default=[])
        ),
    )


def _words(fields: Fields, key: str) -> str:
    """A text or null; of what a disk calls itself, only what a terminal may print."""
    if fields.is_null(key):
        return ""
    text = fields.letter(key, longest=1000)
    return "".join(sign for sign in text if sign.isprintable()).strip()


def _disk(device: _Device, names: set[str]) -> Disk:
    inside = device.walk()
    kinds = sorted({each.kind for each in inside} - {"part"})
    mounted = [place for each in (device, *inside) for place in each.mounted]
    return Disk(
        name=device.name,
        path=device.path,
        size_bytes=device.size_bytes,
        model=device.model,
        bus=device.bus or ("mmc" if device.name.startswith("mmcblk") else ""),
        is_removable=device.is_removable,
        is_read_only=device.is_read_only,
        # Only an eMMC chip has boot areas beside it (JEDEC JESD84); a card has none.
        is_soldered=f"{_BOOT_AREA.sub('', device.name)}boot0" in names,
        mounted=tuple(dict.fromkeys(mounted)),
        used_as=tuple(kinds),
        parts=tuple(each.name for each in device.inside),
    )
