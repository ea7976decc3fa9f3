"""Board profiles: every one in the repository loads, and a wrong one is told by its lines."""

import tomllib
from pathlib import Path

import pytest

from edge.errors import Kind, VigieError
from firmware.board import read_board, read_vendor_board
from firmware.building import IMAGE_BUILD

PROFILES = sorted((IMAGE_BUILD / "boards").glob("*.toml"))


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_every_profile_can_be_taken(path: Path) -> None:
    read = read_vendor_board if path.stem == "jetson" else read_board
    assert read(path).name == path.stem


def test_a_board_is_built_as_what_it_takes() -> None:
    boards = IMAGE_BUILD / "boards"
    with pytest.raises(VigieError, match="jetson takes a package, no image"):
        read_board(boards / "jetson.toml")
    with pytest.raises(VigieError, match="rpi takes an image, no package"):
        read_vendor_board(boards / "rpi.toml")


def test_only_what_started_in_a_machine_is_called_booted() -> None:
    proofs = {path.stem: tomllib.loads(path.read_text())["proof"] for path in PROFILES}
    assert proofs == {
        "jetson": "checked",
        "qemu-amd64": "booted",
        "qemu-arm64": "booted",
        "rpi": "checked",
    }


def test_a_board_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(VigieError) as refused:
        read_board(PROFILES[0].with_name("abacus.toml"))
    assert refused.value.kind is Kind.NOT_FOUND
    assert "qemu-amd64" in str(refused.value)


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = (IMAGE_BUILD / "boards" / "qemu-amd64.toml").read_text()
    assert old in text
    path = tmp_path / "qemu-amd64.toml"
    path.write_text(text.replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("state_mib = 64", "state_mib = 1", "greater than or equal to 32"),
        ("state_mib = 64", 'state_mib = "much"', "valid integer"),
        ("trial_seconds = 900", "trial_seconds = 5", "greater than or equal to 60"),
        ('tryboot = "mark"', 'tryboot = "luck"', "'nvboot'"),
        ("watchdog_seconds = 30", "watchdog_second = 30", "Extra inputs"),
        ('architecture = "amd64"', 'architecture = "vax"', "'amd64' or 'arm64'"),
        ('"virtio_net"', '"virtio net; rm"', "pattern"),
    ],
)
def test_a_wrong_value_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = changed(tmp_path, old, new)
    line = next(
        number
        for number, text in enumerate(path.read_text().splitlines(), start=1)
        if new.split(",", maxsplit=1)[0] in text
    )
    with pytest.raises(VigieError) as refused:
        read_board(path)
    assert f"{path}:{line}:" in str(refused.value)
    assert said in str(refused.value)
    assert "^" in str(refused.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = changed(tmp_path, "state_mib = 64", "state_mib = 1")
    path.write_text(path.read_text().replace("sel_mib = 48", "sel_mib = 1"))
    with pytest.raises(VigieError) as refused:
        read_board(path)
    assert str(refused.value).index("sel_mib") < str(refused.value).index("state_mib")


def test_a_debian_kernel_needs_its_package(tmp_path: Path) -> None:
    path = changed(tmp_path, 'package = "linux-image-amd64"\n', "")
    with pytest.raises(VigieError, match="package is named where source"):
        read_board(path)


def test_a_cable_of_the_boards_own_needs_the_module_that_makes_it(tmp_path: Path) -> None:
    path = changed(tmp_path, 'tryboot = "mark"', 'tryboot = "mark"\ncable = "usb0"')
    with pytest.raises(VigieError, match="needs the module g_ether"):
        read_board(path)


def test_a_file_that_is_no_toml_is_told_by_its_place(tmp_path: Path) -> None:
    path = changed(tmp_path, "[kernel]", "[kernel")
    with pytest.raises(VigieError, match="line 7"):
        read_board(path)


def test_a_profile_stands_under_its_own_name(tmp_path: Path) -> None:
    path = changed(tmp_path, 'name = "qemu-amd64"', 'name = "other"')
    with pytest.raises(VigieError, match=r"Name the file other\.toml"):
        read_board(path)
