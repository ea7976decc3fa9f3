"""The package for a vendor's system: what dpkg reads, what it unpacks, and the same bytes twice."""

import os
import shutil
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from edge.errors import VigieError
from edge.update import backend
from firmware import package
from firmware.building import Place, sha256_of
from tests.fakes.image import write_image
from tests.fakes.nvbootctrl import write_nvbootctrl
from tests.image_build.benches import EPOCH
from tests.image_build.packages import jetson, small_tree

pytestmark = pytest.mark.skipif(
    shutil.which("dpkg-deb") is None, reason="dpkg-deb is on Debian machines only"
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return small_tree(tmp_path, jetson())


@pytest.fixture
def deb(place: Place, tmp_path: Path) -> Path:
    return package.pack(place, jetson(), "0.1.0", tmp_path)


def entries(deb: Path) -> dict[str, tarfile.TarInfo]:
    """What dpkg will unpack, by its place."""
    packed = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, check=True)
    tar = deb.with_suffix(".tar")
    tar.write_bytes(packed.stdout)
    with tarfile.open(tar) as archive:
        return {entry.name.removeprefix("./"): entry for entry in archive}


def field(deb: Path, name: str) -> str:
    said = subprocess.run(
        ["dpkg-deb", "--field", deb, name], capture_output=True, text=True, check=True
    )
    return said.stdout.strip()


def test_dpkg_reads_what_it_is_and_what_it_needs(deb: Path) -> None:
    assert deb.name == "vigie_0.1.0_arm64.deb"
    assert (field(deb, "Package"), field(deb, "Version")) == ("vigie", "0.1.0")
    assert field(deb, "Architecture") == "arm64"
    assert field(deb, "Depends") == "python3.12, systemd (>= 252)"


def test_the_units_are_those_of_the_image(deb: Path, repository: Path, tmp_path: Path) -> None:
    unpacked = tmp_path / "unpacked"
    subprocess.run(["dpkg-deb", "-x", deb, unpacked], check=True)
    units = repository / "image-build/units"
    for unit in units.glob("*.service"):
        assert (unpacked / "usr/lib/systemd/system" / unit.name).read_text() == unit.read_text()
    for kind in ("sysusers", "tmpfiles"):
        ours = units / f"vigie.{kind}"
        assert (unpacked / f"usr/lib/{kind}.d/vigie.conf").read_text() == ours.read_text()


def test_its_settings_name_the_board_and_its_way_to_choose_a_slot(
    deb: Path, tmp_path: Path
) -> None:
    unpacked = tmp_path / "unpacked"
    subprocess.run(["dpkg-deb", "-x", deb, unpacked], check=True)
    lines = (unpacked / "usr/share/vigie/board.env").read_text().splitlines()
    assert {"VIGIE_BOARD=jetson", "VIGIE_TRYBOOT=nvboot", "VIGIE_VERSION=0.1.0"} < {*lines}


def test_rauc_is_answered_by_the_vendors_own_choice_of_slots(
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not tried on a board: NVIDIA's program is played by a strict fake."""
    programs = tmp_path / "programs"
    programs.mkdir()
    write_nvbootctrl(programs)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    settings = (place.root / "usr/share/vigie/board.env").read_text()
    write_image(place.root, slot="A", version="1")
    (place.root / "usr/share/vigie/board.env").write_text(settings)

    def ask(*words: str) -> str:
        assert backend.main(words, place.root) == 0
        return capsys.readouterr().out.strip()

    assert (ask("get-primary"), ask("get-state", "B")) == ("A", "good")
    ask("set-state", "B", "bad")
    ask("set-primary", "B")
    assert (ask("get-primary"), ask("get-current")) == ("B", "A")
    asked = (programs / "log").read_text().splitlines()
    assert {*asked} == {"get-current-slot"}, "nothing is armed before the restart"


def test_everything_is_roots_and_nobody_else_writes_it(deb: Path) -> None:
    for name, entry in entries(deb).items():
        assert (entry.uid, entry.gid, entry.uname) == (0, 0, "root"), name
        if not entry.issym():
            assert entry.mode == (0o755 if entry.isdir() or "/bin/vigie" in name else 0o644), name
        assert entry.mtime == EPOCH, name
    python = entries(deb)["opt/vigie/bin/python"]
    assert (python.issym(), python.linkname) == (True, "/usr/bin/python3.12")


def test_it_brings_no_setting_of_a_pole_and_takes_no_file_of_the_vendors(deb: Path) -> None:
    files = [name for name, entry in entries(deb).items() if not entry.isdir()]
    places = ("opt/vigie/", "usr/share/", "usr/lib/s", "usr/lib/tmpfiles.d/vigie.conf")
    assert [name for name in files if not name.startswith(places)] == []


def test_two_builds_are_the_same_bytes(deb: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    old = os.umask(0o077)
    try:
        made = package.pack(small_tree(again, jetson()), jetson(), "0.1.0", again)
    finally:
        os.umask(old)
    assert sha256_of(made) == sha256_of(deb)


@pytest.mark.parametrize("name", ["postinst", "prerm"])
def test_a_script_is_one_that_a_shell_takes_and_starts_no_room(
    place: Place, deb: Path, name: str
) -> None:
    script = place.root / "DEBIAN" / name
    subprocess.run(["sh", "-n", script], check=True)
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    words = script.read_text().split()
    assert "start" not in words
    assert "enable" not in words


def test_a_tree_without_a_unit_is_not_packed(place: Place, tmp_path: Path) -> None:
    (place.root / "usr/lib/systemd/system/vigie-eye.service").unlink()
    with pytest.raises(VigieError, match=r"lacks usr/lib/systemd/system/vigie-eye\.service"):
        package.pack(place, jetson(), "0.1.0", tmp_path)
    assert not list(tmp_path.glob("*.deb"))
