"""Rooms and link wake up when something is put before them; otherwise they look each second."""

import select
from contextlib import closing
from pathlib import Path

from edge.mandate.lookout import Lookout
from edge.whole_file import write_whole
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import City, make_room

WAIT_MS = 10_000


def is_woken(handles: tuple[int, ...], within_ms: int = WAIT_MS) -> bool:
    poller = select.poll()
    for handle in handles:
        poller.register(handle, select.POLLIN)
    return bool(poller.poll(within_ms))


def test_a_file_that_is_put_into_a_folder_wakes_and_is_told_once(tmp_path: Path) -> None:
    with closing(Lookout([tmp_path], "wanted")) as lookout:
        assert not lookout.take()
        write_whole(tmp_path / "other", b"1")
        assert not lookout.take()
        write_whole(tmp_path / "wanted", b"1")
        assert is_woken(lookout.handles)
        assert lookout.take()
        assert not lookout.take()
        assert not is_woken(lookout.handles, 0)


def test_a_folder_may_come_later(tmp_path: Path) -> None:
    with closing(Lookout([tmp_path / "later"])) as lookout:
        (tmp_path / "later").mkdir()
        assert not lookout.take()
        write_whole(tmp_path / "later" / "file", b"1")
        assert is_woken(lookout.handles)
        assert lookout.take()


def test_what_the_link_brings_wakes_the_room(tmp_path: Path) -> None:
    city = City()
    city.install(tmp_path, city.mandate())
    room = make_room(tmp_path, FakeClock())
    assert not room.has_come()
    city.install(tmp_path, city.mandate(version=2))
    assert is_woken(room.handles)
    assert room.has_come()
    assert room.has_come(), "until it was looked at"
    room.poll()
    assert not room.has_come()
    room.close()
