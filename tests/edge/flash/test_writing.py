"""A card is written whole and read back, or it boots nowhere and is nobody."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge.errors import Kind
from edge.flash.card import Card
from edge.flash.image import CHUNK_BYTES, Image, Report, load_image
from edge.flash.problem import FlashError
from edge.flash.selection import TableError, find_selection, parse_table
from edge.flash.writing import write_card
from edge.provision.signing import PLACE_ON_CARD, sign_provisioning
from tests.fakes.cards import (
    IMAGE_MIB,
    LAYOUT,
    MIB,
    FailingCard,
    describe,
    has_programs,
    has_table,
    image_of,
    make_image,
)
from tests.fakes.provisioning import fleet_key, provisioning

pytestmark = pytest.mark.skipif(not has_programs(), reason="sfdisk or mtools is not here")
FILE = sign_provisioning(provisioning(), fleet_key())


class Watched:
    """What was shown of the work."""

    def __init__(self) -> None:
        self.shown: dict[str, list[int]] = {}

    @contextmanager
    def watch(self, what: str) -> Iterator[Report]:
        seen = self.shown.setdefault(what.split(maxsplit=1)[0], [])
        yield lambda done, total: seen.append(done)


def write(image: Image, path: Path, watched: Watched | None = None, **fails: Any) -> None:
    with Card(path, size_bytes=32 * MIB) as card:
        medium = FailingCard(card, **fails) if fails else card
        write_card(
            image,
            FILE,
            medium,
            find=lambda: find_selection(path),
            watch=(watched or Watched()).watch,
        )


@pytest.mark.parametrize("packed", [False, True])
def test_a_card_holds_the_image_and_the_provisioning_file(tmp_path: Path, packed: bool) -> None:
    path = make_image(tmp_path)
    plain = path.read_bytes()
    image = load_image(describe(path, packed=packed))
    target, watched = tmp_path / "card", Watched()
    image.check(lambda done, total: None)
    write(image, target, watched)
    selection = find_selection(target)
    assert selection.offset_bytes == MIB
    assert selection.read_file(PLACE_ON_CARD) == FILE
    written = target.read_bytes()
    assert written[:MIB] == plain[:MIB]
    assert written[9 * MIB : IMAGE_MIB * MIB] == plain[9 * MIB :]
    steps = [CHUNK_BYTES, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES, IMAGE_MIB * MIB]
    assert watched.shown == {"writing": steps, "reading": steps}


def test_a_file_of_an_earlier_card_is_replaced(tmp_path: Path) -> None:
    image, target = image_of(tmp_path), tmp_path / "card"
    write(image, target)
    selection = find_selection(target)
    selection.write_file(PLACE_ON_CARD, b"{}")
    assert selection.read_file(PLACE_ON_CARD) == b"{}"


FAILURES: list[tuple[str, dict[str, object], str, Kind]] = [
    (
        "pulled out",
        {"fails_from": 2 * CHUNK_BYTES + 100, "write_errno": errno.ENODEV},
        "the disk went away while it was written",
        Kind.UNAVAILABLE,
    ),
    (
        "worn",
        {"fails_from": CHUNK_BYTES, "write_errno": errno.EIO},
        "the disk failed while it was written (Input/output error)",
        Kind.DATA_LOSS,
    ),
    (
        "write error told at sync",
        {"fails_from": 2 * CHUNK_BYTES, "sync_errno": errno.EIO},
        "the disk failed while it was written",
        Kind.DATA_LOSS,
    ),
    (
        "full",
        {"fails_from": 3 * CHUNK_BYTES, "write_errno": errno.ENOSPC},
        "the disk is full before the image ends",
        Kind.RESOURCE_EXHAUSTED,
    ),
    (
        "smaller than it says",
        {"fails_from": 3 * CHUNK_BYTES, "ends": True},
        "the disk ends before the image does",
        Kind.RESOURCE_EXHAUSTED,
    ),
    (
        "locked",
        {"fails_from": 0, "write_errno": errno.EROFS},
        "the disk is write-protected",
        Kind.PERMISSION_DENIED,
    ),
    (
        "a bit lost",
        {"fails_from": 10 * MIB, "flips": True},
        "what was read back is not what was written",
        Kind.DATA_LOSS,
    ),
    (
        "unreadable",
        {"fails_from": 10 * MIB, "read_errno": errno.EIO},
        "the disk failed while it was read back",
        Kind.DATA_LOSS,
    ),
]


@pytest.mark.parametrize(
    ("fails", "said", "kind"), [f[1:] for f in FAILURES], ids=[f[0] for f in FAILURES]
)
def test_a_failing_card_boots_nowhere(
    tmp_path: Path, fails: dict[str, Any], said: str, kind: Kind
) -> None:
    target = tmp_path / "card"
    with pytest.raises(FlashError) as refused:
        write(image_of(tmp_path), target, **fails)
    assert said in refused.value.what
    assert refused.value.kind is kind
    assert str(refused.value.where).startswith(f"{target} at ")
    assert not has_table(target)


def test_a_pulled_card_held_an_older_image_and_does_not_any_more(tmp_path: Path) -> None:
    image, target = image_of(tmp_path), tmp_path / "card"
    write(image, target)
    assert has_table(target)
    held = target.read_bytes()
    target.unlink()
    with Card(target, size_bytes=32 * MIB) as card:
        card.write(held, 0)
        medium = FailingCard(card, fails_from=2 * CHUNK_BYTES, write_errno=errno.ENODEV)
        with pytest.raises(FlashError, match="went away"):
            write_card(
                image, FILE, medium, find=lambda: find_selection(target), watch=Watched().watch
            )
    assert not has_table(target)


def test_an_image_that_changes_while_it_is_written_is_refused(tmp_path: Path) -> None:
    image, target = image_of(tmp_path), tmp_path / "card"
    image.check(lambda done, total: None)
    content = bytearray(image.path.read_bytes())
    content[10 * MIB] ^= 1
    image.path.write_bytes(content)
    with pytest.raises(FlashError, match="the image is not what its manifest says"):
        write(image, target)
    assert not has_table(target)


def test_an_image_without_a_selection_gives_no_card(tmp_path: Path) -> None:
    image = load_image(make_image(tmp_path, layout=LAYOUT.replace("name=sel", "name=cel")))
    target = tmp_path / "card"
    with pytest.raises(FlashError, match="0 partitions named sel, not one"):
        write(image, target)
    assert not has_table(target)


def test_a_selection_that_is_no_file_system_gives_no_card(tmp_path: Path) -> None:
    path = make_image(tmp_path)
    with path.open("r+b") as file:
        file.seek(MIB)
        file.write(bytes(MIB))
    target = tmp_path / "card"
    with pytest.raises(FlashError, match=r"could not write vigie/provision.json to the card"):
        write(load_image(describe(path)), target)
    assert not has_table(target)


@pytest.mark.parametrize("listing", [b"", b"{}", b'{"partitiontable": {"partitions": [7]}}'])
def test_an_unexpected_partition_list_is_refused(listing: bytes) -> None:
    with pytest.raises(TableError):
        parse_table(listing, Path("x"))
