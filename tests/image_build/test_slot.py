"""What firmware and kernel read: the selection, the layout of the card, the kernel's line."""

import shutil
from pathlib import Path

import pytest

from firmware.bundle import bundle_manifest
from firmware.disk import AUTOBOOT, DATA, genimage_config
from firmware.fat import write_fat
from firmware.slot import Slot, command_line
from tests.image_build.benches import EPOCH, bench_build

SLOT = Slot(
    Path("root.img"), Path("boot.vfat"), "ab" * 32, "6797f899-5449-5bf7-a97a-be99aa37226d", 4096
)


def line(folder: Path, *, has_console: bool) -> list[str]:
    build = bench_build(folder, has_console=has_console)
    return command_line(build, SLOT.root_hash, SLOT.root_uuid, SLOT.hash_offset).split()


def test_the_kernels_line_names_the_root_by_its_hash_and_no_slot(tmp_path: Path) -> None:
    words = line(tmp_path, has_console=False)
    assert f"vigie.roothash={SLOT.root_hash}" in words
    assert f"vigie.uuid={SLOT.root_uuid}" in words
    assert "vigie.hashoffset=4096" in words
    assert "panic=5" in words
    assert not [word for word in words if word.startswith(("rauc.slot", "root=", "init="))]


def test_the_serial_line_is_silent_unless_a_bench_asks(tmp_path: Path) -> None:
    assert not [word for word in line(tmp_path, has_console=False) if word.startswith("console=")]
    assert "console=ttyS0,115200" in line(tmp_path, has_console=True)


def test_the_card_has_its_partitions_in_the_order_that_firmware_counts(tmp_path: Path) -> None:
    text = genimage_config(bench_build(tmp_path), SLOT, "card.img")
    order = [row.split()[1] for row in text.splitlines() if row.startswith("  partition ")]
    assert order == ["sel", "boot-a", "boot-b", "root-a", "root-b", "state"]
    # Selection and the same slot twice: there is something to go back to from the first day on.
    assert text.count("    image = ") == 5
    assert text.count(f'image = "{SLOT.root.name}"') == 2
    assert text.count(f'image = "{SLOT.boot.name}"') == 2
    assert 'partition-table-type = "gpt"' in text


def test_the_same_image_lays_out_the_same_card(tmp_path: Path) -> None:
    build = bench_build(tmp_path)
    other = Slot(SLOT.root, SLOT.boot, SLOT.root_hash, "0" * 8 + SLOT.root_uuid[8:], 4096)
    first = genimage_config(build, SLOT, "card.img")
    assert first == genimage_config(build, SLOT, "card.img")
    assert first != genimage_config(build, other, "card.img")


def test_the_selection_is_one_sector_and_tries_the_other_slot() -> None:
    assert len(AUTOBOOT) < 512
    assert AUTOBOOT.index("boot_partition=2") < AUTOBOOT.index("[tryboot]")
    assert AUTOBOOT.index("[tryboot]") < AUTOBOOT.index("boot_partition=3")


def test_the_data_partition_is_found_by_a_type_of_its_own(repository: Path) -> None:
    settings = repository / "image-build/rootfs/usr/share/vigie/repart.d/data.conf"
    assert f"Type={DATA}" in settings.read_text()


def test_a_bundle_is_for_one_board(tmp_path: Path) -> None:
    said = bundle_manifest(bench_build(tmp_path), SLOT)
    assert "compatible=vigie-qemu-amd64" in said
    assert "version=7" in said
    assert "format=verity" in said


def test_a_boot_partition_is_the_same_bytes_twice(tmp_path: Path) -> None:
    if shutil.which("mkfs.vfat") is None or shutil.which("mcopy") is None:
        pytest.skip("needs dosfstools and mtools: tools/debian image")
    made = []
    for name in ("one", "two"):
        source = tmp_path / f"{name}.txt"
        source.write_text("words")
        image = tmp_path / f"{name}.vfat"
        write_fat(
            image,
            label="VIGIE",
            volume_id="56494700",
            size_mib=34,
            files={"cmdline.txt": source, "overlays/a.dtbo": source},
            epoch=EPOCH,
        )
        made.append(image.read_bytes())
    assert made[0] == made[1]
