"""The version floor: in two places, never lower, whatever happens to either."""

from itertools import pairwise
from pathlib import Path

import pytest

from edge.update.floor import VersionFloor
from edge.update.version import Version, format_version, parse_version
from edge.wire.update_talk import slots_folder

RUNNING: Version = (1, 0, 0, 0)


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    state, data = tmp_path / "state", tmp_path / "pole"
    state.mkdir()
    slots_folder(data).mkdir(parents=True)
    return state, data


def make(places: tuple[Path, Path], running: Version = RUNNING) -> VersionFloor:
    return VersionFloor(*places, running)


def test_a_fresh_pole_s_floor_is_what_runs(places: tuple[Path, Path]) -> None:
    assert make(places).read() == RUNNING


def test_the_floor_never_falls(places: tuple[Path, Path]) -> None:
    make(places).raise_to((5, 1, 0, 0))
    make(places).raise_to((4, 9, 9, 9))
    assert make(places).read() == (5, 1, 0, 0)


@pytest.mark.parametrize("lost", [0, 1])
@pytest.mark.parametrize("damage", [None, b"", b"{}", b"\xff" * 40, b"[" * 2_000])
def test_either_copy_may_be_lost_or_damaged_and_is_made_again(
    places: tuple[Path, Path], lost: int, damage: bytes | None
) -> None:
    make(places).raise_to((5, 0, 0, 0))
    copies = [places[0] / "floor.json", slots_folder(places[1]) / "floor.json"]
    copies[lost].unlink()
    if damage is not None:
        copies[lost].write_bytes(damage)
    assert make(places).read() == (5, 0, 0, 0)
    make(places).raise_to((2, 0, 0, 0))
    copies[1 - lost].unlink()
    assert make(places).read() == (5, 0, 0, 0)


def test_a_copy_put_back_to_an_older_one_changes_nothing(places: tuple[Path, Path]) -> None:
    make(places).raise_to((3, 0, 0, 0))
    path = places[0] / "floor.json"
    old = path.read_bytes()
    make(places).raise_to((6, 0, 0, 0))
    path.write_bytes(old)
    assert make(places).read() == (6, 0, 0, 0)
    make(places).raise_to((6, 0, 0, 0))
    assert path.read_bytes() != old


def test_with_both_copies_gone_the_image_that_runs_is_the_floor(places: tuple[Path, Path]) -> None:
    make(places).raise_to((6, 0, 0, 0))
    (places[0] / "floor.json").write_bytes(b"?")
    (slots_folder(places[1]) / "floor.json").unlink()
    assert make(places, (6, 0, 0, 0)).read() == (6, 0, 0, 0)


def test_a_floor_that_stands_is_not_written_again(places: tuple[Path, Path]) -> None:
    make(places).raise_to((3, 0, 0, 0))
    before = (places[0] / "floor.json").stat().st_mtime_ns
    make(places).raise_to((3, 0, 0, 0))
    assert (places[0] / "floor.json").stat().st_mtime_ns == before


def test_one_flipped_bit_makes_a_copy_a_damaged_one(places: tuple[Path, Path]) -> None:
    make(places).raise_to((3, 0, 0, 0))
    path = places[0] / "floor.json"
    text = path.read_bytes()
    (slots_folder(places[1]) / "floor.json").unlink()
    for place in range(len(text)):
        path.write_bytes(text[:place] + bytes([text[place] ^ 4]) + text[place + 1 :])
        assert make(places).read() in {RUNNING, (3, 0, 0, 0)}


def test_versions_are_compared_as_numbers() -> None:
    texts = ["0.1", "0.1.1", "0.2", "0.10", "1", "1.0.0.1", "2", "10"]
    versions = [parse_version(text) for text in texts]
    assert all(low and high and low < high for low, high in pairwise(versions))
    assert parse_version("0.2") == parse_version("0.2.0.0")
    assert format_version((0, 2, 0, 0)) == "0.2"
    assert format_version((0, 2, 0, 1)) == "0.2.0.1"


@pytest.mark.parametrize(
    "text",
    ["", "v1", "1.", ".1", "1..2", "01", "1.2.3.4.5", "1-rc1", "1 ", "1\n", "9" * 10, "1\u0661"],
)
def test_what_is_no_version_has_no_order(text: str) -> None:
    assert parse_version(text) is None
