"""Small files: there whole, or as they were, with nothing half written beside them."""

import os
import resource
from pathlib import Path

import pytest

from edge.whole_file import write_private, write_whole


@pytest.mark.parametrize("is_synced", [True, False])
def test_a_file_is_replaced_whole_and_nothing_else_stays(tmp_path: Path, is_synced: bool) -> None:
    place = tmp_path / "new" / "file"
    for content in (b"first", b"second"):
        write_whole(place, content, is_synced=is_synced)
    assert place.read_bytes() == b"second"
    assert list(place.parent.iterdir()) == [place]


def test_what_cannot_take_its_place_is_removed(tmp_path: Path) -> None:
    place = tmp_path / "taken"
    (place / "inside").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write_whole(place, b"content")
    assert list(tmp_path.iterdir()) == [place]


def test_what_the_disk_does_not_take_whole_leaves_the_old(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the kernel takes the first bytes only."""
    place = tmp_path / "file"
    write_whole(place, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            write_whole(place, b"much longer than that")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]


def test_without_a_folder_nothing_is_made_unless_it_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "gone" / "file", b"content", folder_mode=None)
    assert list(tmp_path.iterdir()) == []


def test_modes_are_as_asked_whatever_the_mask(tmp_path: Path) -> None:
    mask = os.umask(0o077)
    try:
        write_whole(tmp_path / "shared", b"", mode=0o644)
    finally:
        os.umask(mask)
    write_private(tmp_path / "own" / "secret", b"")
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "own" / "secret").stat().st_mode & 0o777 == 0o600
