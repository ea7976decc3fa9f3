"""The package in a Debian root: installed, its users and folders made, taken away again."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware import package
from firmware.building import packages_folder
from tests.image_build.packages import jetson, small_tree

pytestmark = [pytest.mark.image, pytest.mark.timeout(300)]
PYTHON = "3.13"


@pytest.fixture
def debian(repository: Path, tmp_path: Path) -> Iterator[Path]:
    """The root of Debian's packages that `make image` keeps, unpacked; with dpkg and no Vigie."""
    if os.geteuid() != 0:
        pytest.fail("a root file system is unpacked by root")
    kept = sorted((repository / ".cache/image/rootfs").glob("amd64-*/root.tar"))
    if not kept:
        pytest.fail("no root of Debian's packages here: make image BOARD=qemu-amd64")
    root = tmp_path / "debian"
    root.mkdir()
    subprocess.run(["tar", "-C", root, "-xpf", kept[-1], "--numeric-owner"], check=True)
    # systemd's own programs, which the package's script starts, look at /proc.
    subprocess.run(["mount", "-t", "proc", "proc", root / "proc"], check=True)
    yield root
    subprocess.run(["umount", root / "proc"], check=True)


def dpkg(root: Path, *words: str | Path) -> str:
    done = subprocess.run(
        ["dpkg", f"--root={root}", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_package_is_installed_upgraded_and_removed(debian: Path, tmp_path: Path) -> None:
    """The vendor's system is played by Debian 13: its Python and its word for the machine."""
    board = jetson()
    needs = board.deb.model_copy(
        update={"python": PYTHON, "depends": (f"python{PYTHON}", "systemd (>= 252)")}
    )
    debian_board = board.model_copy(update={"architecture": "amd64", "deb": needs})
    place = small_tree(tmp_path, debian_board)
    deb = package.pack(place, debian_board, "0.1.0", tmp_path)
    before = set((debian / "opt").rglob("*"))
    dpkg(debian, "--install", deb)
    assert dpkg(debian, "--audit") == ""
    assert dpkg(debian, "--verify", "vigie") == ""

    users = (debian / "etc/passwd").read_text()
    for room in ("vigie-eye", "vigie-vault", "vigie-link"):
        assert f"\n{room}:" in users
    vault = (debian / "var/lib/vigie/pole/vault").stat()
    assert stat.S_IMODE(vault.st_mode) == 0o700
    assert vault.st_uid != 0
    cached = debian / packages_folder(PYTHON) / "edge/__pycache__"
    assert [path.name for path in cached.iterdir()] == ["__init__.cpython-313.pyc"]
    found = [
        "chroot",
        str(debian),
        "/opt/vigie/bin/python",
        "-c",
        "import edge; print(edge.__doc__)",
    ]
    said = subprocess.run(found, capture_output=True, text=True, check=True)
    assert said.stdout == "Vigie.\n"
    wanted = debian / "etc/systemd/system/multi-user.target.wants"
    assert not list(wanted.glob("vigie-*")), "nothing starts before the pole is enrolled"

    (place.root / packages_folder(PYTHON) / "edge/__init__.py").write_text('"""Newer."""\n')
    dpkg(debian, "--install", package.pack(place, debian_board, "0.2.0", tmp_path))
    said = subprocess.run(found, capture_output=True, text=True, check=True)
    assert said.stdout == "Newer.\n", "no bytecode of the older version is left"

    dpkg(debian, "--remove", "vigie")
    assert set((debian / "opt").rglob("*")) == before
    assert (debian / "var/lib/vigie/pole").is_dir(), "what the pole recorded stays"
