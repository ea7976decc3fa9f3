"""Raspberry Pi, as far as it goes without the board: the card, and what the firmware is told.

The kernel, the firmware and the camera libraries are small files of the test's own making. No
Raspberry Pi has started this image.
"""

import dataclasses
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.errors import VigieError
from edge.service.image import read_image
from edge.update.autoboot import PARTITIONS, format_autoboot
from edge.update.boot import Slot as Letter
from firmware import disk, given, kernel, manifest, slot
from firmware.board import CABLE_MODULE
from firmware.building import PACKAGES, SHARE, Build, sha256_of
from firmware.run import missing_programs
from tests.image_build.benches import bench_build

RELEASE = "6.12-rpi"
BOOT = (
    *("kernel8.img", "start4.elf", "fixup4.dat", "bcm2711-rpi-4-b.dtb", "bcm2712-rpi-5-b.dtb"),
    *("overlays/imx708.dtbo", "overlays/dwc2.dtbo", "overlays/overlay_map.dtb"),
    *("config.txt", "cmdline.txt"),
)
ROOT = (
    *("usr/bin/vcmailbox", "usr/lib/aarch64-linux-gnu/libcamera.so.0.5"),
    *("usr/lib/python3/dist-packages/libcamera/__init__.py",),
    *("usr/lib/python3/dist-packages/picamera2/__init__.py",),
)


def write(path: Path, words: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """A build of the real profile, given a folder that has all that it asks for."""
    made = bench_build(tmp_path, board="rpi")
    folder = tmp_path / "given"
    for name in BOOT:
        write(folder / "boot" / name, f"theirs: {name}")
    for name in ROOT:
        write(folder / "root" / name, name)
    modules = folder / "lib" / "modules" / RELEASE
    table = made.board.modules
    named = {*table.initramfs, *table.root}
    for name in named:
        write(modules / "kernel" / f"{name}.ko", name)
    write(modules / "modules.dep", "".join(f"kernel/{name}.ko:\n" for name in sorted(named)))
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        write(modules / name, "")
    made.root.mkdir()
    made.keys.folder.mkdir()
    made.keys.provision_public.write_text("a key\n")
    return dataclasses.replace(made, kernel_folder=folder)


def make_slot(build: Build) -> slot.Slot:
    """What the recipe does between the kernel and the disk, with a root of few files."""
    missing = missing_programs(["mkfs.erofs", "veritysetup", "mkfs.vfat", "mcopy"])
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: tools/debian image")
    folder = given.open_given(build)
    linux = kernel.unpack_kernel(build, None, folder)
    given.install_given(build, folder)
    initrd = build.work / "initrd.img"
    initrd.write_bytes(b"initramfs")
    return slot.build_slot(build, linux, initrd, given.boot_files(build, folder))


def read_boot(image: Path, folder: Path) -> dict[str, str]:
    """The files of a boot partition, by their names."""
    folder.mkdir()
    subprocess.run(["mcopy", "-s", "-i", image, "::*", folder], check=True, capture_output=True)
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in found}


def test_the_boot_partition_has_what_the_firmware_reads(build: Build, tmp_path: Path) -> None:
    made = make_slot(build)
    files = read_boot(made.boot, tmp_path / "boot")
    assert files.keys() == {
        *("vmlinuz", "initrd.img", "cmdline.txt", "config.txt", "start4.elf", "fixup4.dat"),
        *("bcm2711-rpi-4-b.dtb", "bcm2712-rpi-5-b.dtb"),
        *("overlays/imx708.dtbo", "overlays/dwc2.dtbo", "overlays/overlay_map.dtb"),
    }
    assert files["vmlinuz"] == "theirs: kernel8.img"
    assert files["start4.elf"] == "theirs: start4.elf"


def test_config_and_command_line_are_ours_and_the_same_in_both_slots(
    build: Build, tmp_path: Path
) -> None:
    made = make_slot(build)
    files = read_boot(made.boot, tmp_path / "boot")
    config = files["config.txt"].splitlines()
    assert config[0] == "[all]"
    assert {"kernel=vmlinuz", "initramfs initrd.img followkernel", "cmdline=cmdline.txt"} < {
        *config
    }
    assert {"arm_64bit=1", "auto_initramfs=0", "enable_uart=0", "dtparam=watchdog=on"} < {*config}
    assert "dtoverlay=dwc2,dr_mode=peripheral" in config
    (line,) = files["cmdline.txt"].splitlines()
    words = line.split()
    assert f"vigie.uuid={made.root_uuid}" in words
    assert f"vigie.roothash={made.root_hash}" in words
    assert "panic=5" in words
    assert not [word for word in words if word.startswith(("rauc.slot", "root=", "console="))]


def test_the_same_folder_makes_the_same_slot_and_stays_as_it_was(
    build: Build, tmp_path: Path
) -> None:
    assert build.kernel_folder is not None
    before = {path: path.stat().st_mtime_ns for path in build.kernel_folder.rglob("*")}
    first = make_slot(build)
    hashes = [sha256_of(first.root), sha256_of(first.boot)]
    shutil.rmtree(build.work / "boot")
    again = make_slot(build)
    assert [sha256_of(again.root), sha256_of(again.boot)] == hashes
    assert {path: path.stat().st_mtime_ns for path in build.kernel_folder.rglob("*")} == before


def test_an_archive_serves_as_well_as_a_folder(build: Build, tmp_path: Path) -> None:
    assert build.kernel_folder is not None
    archive = tmp_path / "given.tar.gz"
    subprocess.run(["tar", "-C", build.kernel_folder, "-czf", archive, "."], check=True)
    folder = given.open_given(dataclasses.replace(build, kernel_folder=archive))
    assert kernel.unpack_kernel(build, None, folder).release == RELEASE


@pytest.mark.parametrize(
    "lacking",
    [
        "boot/start4.elf",
        "boot/overlays/dwc2.dtbo",
        "root/usr/bin/vcmailbox",
        "root/usr/lib/python3/dist-packages/picamera2",
    ],
)
def test_a_folder_that_lacks_something_is_refused_by_its_name(build: Build, lacking: str) -> None:
    assert build.kernel_folder is not None
    for path in build.kernel_folder.glob(lacking):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(VigieError) as refused:
        given.open_given(build)
    first, _, hint = str(refused.value).partition("\n")
    assert first.endswith(f"given lacks {lacking}")
    assert "Copy them from a running Raspberry Pi" in f"{hint} {refused.value.hint}"


def test_an_empty_folder_is_told_all_that_it_lacks(build: Build, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(VigieError, match=r"lacks boot/start4\.elf, .* and 3 more"):
        given.open_given(dataclasses.replace(build, kernel_folder=empty))


def test_a_build_without_the_folder_says_how_to_name_it(build: Build) -> None:
    with pytest.raises(VigieError) as refused:
        given.open_given(dataclasses.replace(build, kernel_folder=None))
    assert "--kernel DIR" in f"{refused.value} {refused.value.hint}"


def test_a_kernel_without_a_modules_of_the_list_is_refused(build: Build) -> None:
    assert build.kernel_folder is not None
    listing = build.kernel_folder / "lib/modules" / RELEASE / "modules.dep"
    rows = [row for row in listing.read_text().splitlines() if "imx708" not in row]
    listing.write_text("\n".join([*rows, ""]))
    linux = kernel.unpack_kernel(build, None, build.kernel_folder)
    with pytest.raises(VigieError, match="has no module imx708"):
        kernel.load_order(linux, build.board.modules.root, build.board.modules.before)


def test_vigies_python_finds_the_camera_libraries_behind_its_own(build: Build) -> None:
    given.install_given(build, given.open_given(build))
    (line,) = (build.root / PACKAGES / "vigie-board.pth").read_text().splitlines()
    assert (build.root / line[1:] / "picamera2" / "__init__.py").is_file()


def test_firmware_finds_its_partitions_by_number_and_kind(build: Build) -> None:
    """2 is boot-a and 3 is boot-b: in the table, in autoboot.txt and in the initramfs."""
    made = slot.Slot(Path("root.img"), Path("boot.vfat"), "ab" * 32, "0" * 36, 4096)
    rows = disk.genimage_config(build, made, "card.img").splitlines()
    parts = [row.split()[1] for row in rows if row.startswith("  partition ")]
    assert [parts[number - 1] for number in PARTITIONS] == ["boot-a", "boot-b"]
    kinds = [row.split('"')[1] for row in rows if "partition-type-uuid" in row]
    basic = disk.FIRMWARE_TYPES["basic-data"]
    assert kinds == [basic, basic, basic, disk.LINUX, disk.LINUX, disk.LINUX]
    assert format_autoboot(Letter.A).decode().startswith(disk.AUTOBOOT)


@pytest.mark.parametrize(
    ("said", "wanted"), [(b"\0\0\0\2", "A"), (b"\0\0\0\3", "B"), (b"\0\0\0\1", ""), (None, "")]
)
def test_the_initramfs_takes_the_firmwares_word_for_the_slot(
    repository: Path, tmp_path: Path, said: bytes | None, wanted: str
) -> None:
    script = (repository / "image-build/initramfs/init").read_text()
    begin = script.index("# A Raspberry Pi's firmware says")
    part = script[begin : script.index("fi\n", begin) + 3]
    word = tmp_path / "partition"
    if said is not None:
        word.write_bytes(said)
    place = "/proc/device-tree/chosen/bootloader/partition"
    assert place in part
    text = f"set -eu\nwanted=\n{part.replace(place, str(word))}\necho $wanted"
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == wanted


def test_the_units_are_told_of_this_board(build: Build) -> None:
    share = build.root / SHARE
    write(share / "board.env", build.board.settings(build.version, build.epoch))
    write(build.root / "run/vigie/slot.env", "SLOT=A\n")
    image = read_image(build.root)
    assert image is not None
    assert (image.board, image.version) == ("rpi", "7")
    assert image.settings["VIGIE_TRYBOOT"] == "reboot_argument"
    assert image.settings["VIGIE_BOARD_SECRET"] == "otp"
    assert image.settings["VIGIE_TRIAL_SECONDS"] == "900"
    # Its USB socket becomes a technician's cable; the module for it is on the list.
    assert image.settings["VIGIE_CABLE"] == "usb0"
    assert {"dwc2", CABLE_MODULE} <= {*build.board.modules.root}
    # The board's watchdog takes no longer time.
    assert build.board.device.watchdog_seconds <= 15


def test_the_manifest_says_that_nobody_started_it(build: Build) -> None:
    made = make_slot(build)
    told = manifest.write_manifest(build, made, [made.boot]).read_text()
    assert '"proof": "checked"' in told
    assert f'"sha256": "{sha256_of(made.boot)}"' in told
