"""The whole card: selection, two slots, state. Written by genimage; no loop device, no mount."""

import uuid
from pathlib import Path

from firmware.building import Build
from firmware.fat import write_fat
from firmware.run import run
from firmware.slot import NAMESPACE, Slot

# The firmware reads this file: 2 is boot-a, 3 is boot-b, tried once by `reboot "0 tryboot"`.
AUTOBOOT = """\
[all]
tryboot_a_b=1
boot_partition=2
[tryboot]
boot_partition=3
"""
_SECTOR_BYTES = 512
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
FIRMWARE_TYPES = {"linux": LINUX, "basic-data": "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"}
# systemd-repart finds the partition that it may make and grow by this; nothing else has it.
DATA = "a6e0f5c4-3f0b-4b57-9c05-2b1d0c8a7e44"


def build_disk(build: Build, slot: Slot) -> Path:
    """Write the card's image: the same in both slots, state empty, data not there yet.

    With B filled there is another root before the first update, too: the initramfs takes it when
    the head of root-a is damaged, and the firmware can be told to start it.
    """
    sector = build.work / "autoboot.txt"
    # One whole sector: whoever changes it replaces it with one write.
    sector.write_text(AUTOBOOT + "\n" * (_SECTOR_BYTES - len(AUTOBOOT)))
    sel = build.work / "sel.vfat"
    write_fat(
        sel,
        label="VIGIE",
        volume_id="56494700",
        size_mib=build.board.disk.sel_mib,
        files={"autoboot.txt": sector},
        epoch=build.epoch,
    )
    image = build.out / f"{build.name}.img"
    config = build.work / "genimage.cfg"
    config.write_text(genimage_config(build, slot, image.name))
    empty = build.work / "empty"
    empty.mkdir()
    run(
        [
            *("genimage", "--rootpath", empty, "--tmppath", build.work / "genimage.tmp"),
            *("--inputpath", build.work, "--outputpath", build.out, "--config", config),
        ]
    )
    return image


def genimage_config(build: Build, slot: Slot, image: str) -> str:
    """The layout as genimage reads it. Identifiers come from the image, so they repeat."""
    disk = build.board.disk
    read_by_firmware = FIRMWARE_TYPES[disk.firmware_type]
    parts = [
        ("sel", read_by_firmware, disk.sel_mib, "sel.vfat"),
        ("boot-a", read_by_firmware, disk.boot_mib, slot.boot.name),
        ("boot-b", read_by_firmware, disk.boot_mib, slot.boot.name),
        ("root-a", LINUX, disk.root_mib, slot.root.name),
        ("root-b", LINUX, disk.root_mib, slot.root.name),
        ("state", LINUX, disk.state_mib, None),
    ]
    lines = [f"image {image} {{", "  hdimage {", '    partition-table-type = "gpt"']
    lines += ["    align = 1M", f'    disk-uuid = "{_named(slot, "disk")}"', "  }"]
    for name, kind, size_mib, content in parts:
        lines += [f"  partition {name} {{", f'    partition-type-uuid = "{kind}"']
        lines += [f'    partition-uuid = "{_named(slot, name)}"', f"    size = {size_mib}M"]
        lines += [f'    image = "{content}"'] if content else []
        lines += ["  }"]
    return "\n".join([*lines, "}", ""])


def _named(slot: Slot, part: str) -> uuid.UUID:
    return uuid.uuid5(NAMESPACE, f"{slot.root_uuid} {part}")
