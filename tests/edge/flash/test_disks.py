"""Which disk may be overwritten: every refusal, from what lsblk really prints."""

import json
from typing import Any

import pytest

from edge.errors import Kind
from edge.flash.disks import (
    ListingError,
    check_disk,
    find_disk,
    is_offered,
    list_disks,
    parse_disks,
)
from edge.flash.problem import FlashError
from tests.fakes.cards import has_programs

GB = 1_000_000_000
Row = dict[str, Any]


def row(name: str, **changed: object) -> Row:
    """A card in a USB reader, but for what a test changes."""
    values: Row = {
        "name": name,
        "path": f"/dev/{name}",
        "type": "disk",
        "size": 32 * GB,
        "model": "STORAGE DEVICE",
        "tran": "usb",
        "rm": True,
        "hotplug": True,
        "ro": False,
        "mountpoints": [None],
    }
    return values | changed


def part(name: str, *mounted: str, kind: str = "part", **changed: object) -> Row:
    return row(name, type=kind, mountpoints=list(mounted) or [None], **changed)


def listing(*rows: Row) -> bytes:
    return json.dumps({"blockdevices": rows}).encode()


CARD = row("sdb", children=[part("sdb1"), part("sdb2")])
SYSTEM = row(
    "nvme0n1",
    tran="nvme",
    rm=False,
    hotplug=False,
    children=[part("nvme0n1p1", "/boot/efi"), part("nvme0n1p2", "/")],
)


def test_a_card_in_a_reader_may_be_written() -> None:
    (disk,) = parse_disks(listing(CARD))
    check_disk(disk, 2 * GB)
    assert is_offered(disk)
    assert disk.words == "/dev/sdb, 32.0 GB, STORAGE DEVICE, usb"
    assert find_disk([disk], "sdb") == find_disk([disk], "/dev/sdb") == disk


def test_a_card_in_the_machines_own_reader_may_be_written() -> None:
    (disk,) = parse_disks(listing(row("mmcblk0", rm=False, tran=None, model=None)))
    check_disk(disk, 2 * GB)
    assert disk.bus == "mmc"


REFUSED: list[tuple[str, list[Row], str]] = [
    ("the system", [SYSTEM], "holds the running system"),
    ("swap", [row("sdb", children=[part("sdb1", "[SWAP]")])], "holds the running system"),
    (
        "a system on encrypted volumes",
        [
            row(
                "sdb",
                children=[
                    part(
                        "sdb1",
                        children=[
                            part("luks", kind="crypt", children=[part("v-root", "/", kind="lvm")])
                        ],
                    )
                ],
            )
        ],
        "holds the running system",
    ),
    ("mounted", [row("sdb", children=[part("sdb1", "/media/a b")])], "is mounted at /media/a b"),
    ("mounted without partitions", [row("sdb", mountpoints=["/mnt"])], "is mounted at /mnt"),
    ("in use by a volume", [row("sdb", children=[part("x", kind="raid1")])], "in use (raid1)"),
    (
        "a chip on the board",
        [row("mmcblk0", rm=False), row("mmcblk0boot0", size=4 * 1024 * 1024)],
        "the machine's own memory chip",
    ),
    ("fixed", [row("sdb", rm=False, hotplug=False)], "is not removable"),
    ("no card", [row("sdb", size=0)], "there is no card in it"),
    ("locked", [row("sdb", ro=True)], "is write-protected"),
    ("too small", [row("sdb", size=GB)], "has 1.0 GB, and the image needs 2.0 GB"),
]


@pytest.mark.parametrize(
    ("rows", "said"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_a_disk_is_refused(rows: list[Row], said: str) -> None:
    disk = parse_disks(listing(*rows))[0]
    with pytest.raises(FlashError) as refused:
        check_disk(disk, 2 * GB)
    assert said in refused.value.what
    assert refused.value.where == disk.path
    assert refused.value.hint
    assert refused.value.exit_code == 5


def test_the_worst_reason_is_told() -> None:
    (disk,) = parse_disks(listing(SYSTEM | {"size": GB, "ro": True}))
    with pytest.raises(FlashError, match="holds the running system"):
        check_disk(disk, 2 * GB)


def test_only_removable_disks_with_a_card_are_offered() -> None:
    disks = parse_disks(
        listing(
            CARD,
            SYSTEM,
            row("sdc", size=0),
            row("sr0", type="rom"),
            row("loop0", type="loop"),
            row("mmcblk0", rm=False),
            row("mmcblk0boot0"),
        )
    )
    assert [disk.name for disk in disks if is_offered(disk)] == ["sdb"]


def test_a_part_of_a_disk_is_not_a_disk() -> None:
    with pytest.raises(FlashError, match="/dev/sdb1 is a part of sdb") as refused:
        find_disk(parse_disks(listing(CARD)), "/dev/sdb1")
    assert refused.value.kind is Kind.INVALID_ARGUMENT


def test_a_disk_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(FlashError, match="there is no disk sdx") as refused:
        find_disk(parse_disks(listing(CARD, SYSTEM)), "sdx")
    assert refused.value.hint == "There is /dev/sdb."
    with pytest.raises(FlashError) as refused:
        find_disk(parse_disks(listing(SYSTEM)), "sdx")
    assert refused.value.hint == "Put the card in; 'vigie flash' lists disks."


def test_a_model_that_would_move_the_cursor_is_cleaned() -> None:
    (disk,) = parse_disks(listing(row("sdb", model="\x1b[2JUSB  Disk \n")))
    assert disk.model == "[2JUSB  Disk"


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"[]",
        b"{}",
        b'{"blockdevices": {}}',
        b'{"blockdevices": [1]}',
        listing(row("sdb", size="32G")),
        listing(row("sdb", rm="1")),
        listing(row("sdb", ro=None)),
        listing(row("sdb", mountpoints="/")),
        listing({key: value for key, value in row("sdb").items() if key != "hotplug"}),
        listing(row("sdb", children=[{"name": "sdb1"}])),
        listing(*[row(f"sd{number}") for number in range(1001)]),
    ],
)
def test_an_unexpected_listing_is_refused_whole(received: bytes) -> None:
    with pytest.raises(ListingError):
        parse_disks(received)


@pytest.mark.skipif(not has_programs(), reason="lsblk is not here")
def test_this_machines_disks_can_be_read_and_its_own_is_refused() -> None:
    for disk in list_disks():
        if disk.mounted:
            with pytest.raises(FlashError):
                check_disk(disk, 0)
