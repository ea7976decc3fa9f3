"""What is in the root of a flashed card, read from the card itself."""

import json
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.wheels import OF_OTHER_MACHINES
from tests.image.card import Card

pytestmark = [pytest.mark.image, pytest.mark.timeout(300)]
_CHUNK_BYTES = 1 << 24
# The slot's size that a modem and every board's partition can take.
LARGEST_SLOT_BYTES = 450_000_000


@pytest.fixture(scope="module")
def root(bench_image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of root-a, unpacked."""
    folder = tmp_path_factory.mktemp("root")
    found = Card(bench_image).partitions()["root-a"]
    image = folder / "root.img"
    with bench_image.open("rb") as disk, image.open("wb") as slot:
        disk.seek(found.start_bytes)
        for _ in range(0, found.size_bytes, _CHUNK_BYTES):
            slot.write(disk.read(min(_CHUNK_BYTES, found.size_bytes - slot.tell())))
    tree = folder / "tree"
    subprocess.run(["fsck.erofs", f"--extract={tree}", image], check=True, capture_output=True)
    image.unlink()
    return tree


def files(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path


def test_nobody_can_log_in(root: Path) -> None:
    shadow = [line.split(":") for line in (root / "etc/shadow").read_text().splitlines()]
    assert [name for name, word, *_ in shadow if not word.startswith(("*", "!"))] == []
    assert not list(root.rglob("sshd*"))
    for unit in ("getty@.service", "serial-getty@.service", "debug-shell.service"):
        assert (root / "etc/systemd/system" / unit).readlink() == Path("/dev/null")


def test_no_mirror_and_no_installer_is_left(root: Path) -> None:
    assert not (root / "etc/apt").exists()
    assert not [
        name for name in ("apt", "apt-get", "dpkg", "pip") if (root / "usr/bin" / name).exists()
    ]
    assert (root / "etc/resolv.conf").read_text() == ""


def test_what_signs_is_not_in_the_root(root: Path) -> None:
    assert (root / "usr/share/vigie/update-ca.pem").is_file()
    private = b"PRIVATE" + b" KEY-----"
    held = [
        str(path.relative_to(root))
        for path in files(root)
        if path.stat().st_size < 100_000 and private in path.read_bytes()
    ]
    # Code that reads keys names their first line.
    assert [name for name in held if not name.endswith((".py", ".pyc"))] == []


def test_only_known_programs_run_as_another_user(root: Path) -> None:
    found = {
        path.relative_to(root).name
        for path in files(root)
        if path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)
    }
    assert found <= {
        *(
            "mount",
            "umount",
            "su",
            "passwd",
            "chsh",
            "chfn",
            "gpasswd",
            "newgrp",
            "chage",  # codespell:ignore chage
            "expiry",
        ),
        *("unix_chkpwd", "dbus-daemon-launch-helper", "polkit-agent-helper-1", "pkexec"),
    }


def test_the_units_run_what_is_there(root: Path) -> None:
    assert (root / "opt/vigie/bin/python").readlink() == Path("/usr/bin/python3.13")
    assert (root / "usr/bin/python3.13").is_file()
    packages = root / "opt/vigie/lib/python3.13/site-packages"
    assert (packages / "edge/link/run.py").is_file()
    assert list((packages / "edge/link/__pycache__").glob("run.cpython-313.pyc"))
    assert (packages / "edge/cards/street-s/street-s.tflite").is_file()


def test_what_runs_elsewhere_is_not_on_a_pole(root: Path) -> None:
    packages = root / "opt/vigie/lib/python3.13/site-packages"
    assert [name for name in OF_OTHER_MACHINES if (packages / name).exists()] == []


def test_bytecode_is_never_compared_with_dates(root: Path) -> None:
    flags = {path.read_bytes()[4:8] for path in files(root) if path.suffix == ".pyc"}
    # PEP 552: bit 0 says that a hash stands in it, bit 1 that it is compared.
    assert flags == {(1).to_bytes(4, "little")}


def test_the_slot_is_small_enough_and_its_bill_is_whole(bench_image: Path, root: Path) -> None:
    manifest = json.loads(bench_image.with_suffix(".manifest.json").read_text())
    assert manifest["slot"]["root"]["size_bytes"] <= LARGEST_SLOT_BYTES
    bill = json.loads((root / "usr/share/vigie/sbom.cdx.json").read_text())
    named = {component["name"].lower().replace("_", "-") for component in bill["components"]}
    assert {"systemd", "rauc", "numpy", "grpcio", "street-s", "vigie"} <= named
    assert [name for name in named if name.startswith("linux-image-")]
