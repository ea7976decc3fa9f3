"""The collector's folder of sealed clips: what is on the disk when, and after a crash."""

import errno
import os
from pathlib import Path

import pytest
from blake3 import blake3

from collector.clips.shelf import Shelf
from collector.core import open_core
from edge.errors import Kind, VigieError
from tests.fakes.clock import FakeClock


async def test_a_copy_that_no_hold_stands_for_is_swept_at_the_start(tmp_path: Path) -> None:
    async with open_core(tmp_path, FakeClock()) as core:
        await core.writer.submit(
            lambda connection: connection.execute(
                "INSERT INTO holds VALUES ('kept', 'order 12/2026', 'account:sue', 1, 2)"
            )
        )
    folder = tmp_path / "clips"
    for name in ("kept.held", "orphan.held", "orphan.sealed"):
        (folder / name).write_bytes(b"sealed")
    async with open_core(tmp_path, FakeClock()):
        assert {path.name for path in folder.iterdir()} == {"kept.held", "orphan.sealed"}


SEALED = bytes(range(256)) * 40


def test_a_clip_is_synced_once_before_it_has_its_name(tmp_path: Path) -> None:
    """A thousand small chunks of a slow line cost one sync; who was told "whole" is on the disk."""
    synced: list[tuple[int, list[str]]] = []

    def sync(handle: int) -> None:
        synced.append((os.fstat(handle).st_size, [path.name for path in tmp_path.iterdir()]))
        os.fsync(handle)

    shelf = Shelf(tmp_path, sync)
    for offset in range(0, len(SEALED), 768):
        shelf.append("gate", offset, SEALED[offset : offset + 768])
    assert synced == []
    shelf.finish("gate", blake3(SEALED).digest())
    assert synced == [(len(SEALED), ["gate.part"])]
    assert shelf.is_whole("gate")


def test_a_clip_that_the_disk_does_not_take_in_the_end_begins_again(tmp_path: Path) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    shelf = Shelf(tmp_path, fail)
    shelf.append("gate", 0, SEALED)
    with pytest.raises(
        VigieError, match="clip gate cannot be stored: Input/output error"
    ) as refused:
        shelf.finish("gate", blake3(SEALED).digest())
    assert refused.value.kind is Kind.RESOURCE_EXHAUSTED
    assert shelf.get_stored_bytes("gate") == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("left", [0, 768, 5_000])
def test_a_part_that_a_power_cut_shortened_goes_on_where_it_ends(tmp_path: Path, left: int) -> None:
    shelf = Shelf(tmp_path)
    shelf.append("gate", 0, SEALED[:9_000])
    os.truncate(tmp_path / "gate.part", left)
    again = Shelf(tmp_path)
    stored = again.get_stored_bytes("gate")
    assert stored == left
    assert again.append("gate", stored, SEALED[stored:]) == len(SEALED)
    again.finish("gate", blake3(SEALED).digest())
    assert b"".join(again.read("gate", 0)) == SEALED


def test_a_part_of_which_a_power_cut_left_only_the_length_is_dropped(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    (tmp_path / "gate.part").write_bytes(bytes(4_096))
    shelf.append("gate", 4_096, SEALED[4_096:])
    with pytest.raises(VigieError) as refused:
        shelf.finish("gate", blake3(SEALED).digest())
    assert refused.value.kind is Kind.DATA_LOSS
    assert shelf.get_stored_bytes("gate") == 0
