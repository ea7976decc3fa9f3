"""A slot: the root as erofs with its verity tree, and the boot partition that names it."""

import re
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.errors import Kind, VigieError
from firmware.building import Build, sha256_of
from firmware.fat import write_fat
from firmware.kernel import Kernel
from firmware.run import run

# A slot must come over a modem and fit every board's partition.
LARGEST_SLOT_BYTES = 450_000_000
_BLOCK_BYTES = 4096
_MIB = 1 << 20
# Names for things that have no name of their own; any fixed values do.
EROFS_UUID = "5d5b1c4e-6f39-4d1c-9a55-0f3c7a1e9e01"
NAMESPACE = uuid.UUID("6f0a4c2e-52d1-4e0c-8f0e-3c8b8f3a7d10")
_SALT = "7669676965" * 6 + "7669"


@dataclass(frozen=True, slots=True)
class Slot:
    """What goes into one slot. root: erofs and tree; boot: FAT; root_hash: of the tree, in hex.

    root_uuid: in the tree's superblock, made from the data's SHA-256; hash_offset: bytes of data.
    """

    root: Path
    boot: Path
    root_hash: str
    root_uuid: str
    hash_offset: int


def build_slot(build: Build, kernel: Kernel, initramfs: Path, firmware: Mapping[str, Path]) -> Slot:
    """Make both images of a slot. firmware: what the board's own reads beside the kernel.

    Raises VigieError where they are larger than a slot may be.
    """
    root = build.work / "root.img"
    _write_erofs(build, root)
    hash_offset = root.stat().st_size
    root_uuid = str(uuid.uuid5(NAMESPACE, sha256_of(root)))
    root_hash = _append_tree(root, hash_offset, root_uuid)
    _check_size(build, root)
    boot = build.work / "boot.vfat"
    line = build.work / "cmdline.txt"
    line.write_text(command_line(build, root_hash, root_uuid, hash_offset) + "\n")
    image = build.work / "vmlinuz"
    shutil.copyfile(kernel.image, image)
    write_fat(
        boot,
        label="VIGIEBOOT",
        volume_id="56494745",
        size_mib=build.board.disk.boot_mib,
        files={**firmware, "vmlinuz": image, "initrd.img": initramfs, "cmdline.txt": line},
        epoch=build.epoch,
    )
    return Slot(root, boot, root_hash, root_uuid, hash_offset)


def command_line(build: Build, root_hash: str, root_uuid: str, hash_offset: int) -> str:
    """What the kernel is told: the same line for slot A and slot B."""
    kernel = build.board.kernel
    words = [
        *kernel.command_line,
        # The root names itself; nothing is mounted because of how it looks.
        "systemd.gpt_auto=0",
        "ro",
        f"vigie.uuid={root_uuid}",
        f"vigie.roothash={root_hash}",
        f"vigie.hashoffset={hash_offset}",
    ]
    if build.has_console:
        words = [kernel.console, *words]
    return " ".join(words)


def _write_erofs(build: Build, image: Path) -> None:
    image.unlink(missing_ok=True)
    run(
        [
            *("mkfs.erofs", "--quiet", "-zlz4hc", "-C65536", f"-T{build.epoch}"),
            *("-U", EROFS_UUID, image, build.root),
        ]
    )
    # The tree is counted in whole blocks.
    size = -(-image.stat().st_size // _BLOCK_BYTES) * _BLOCK_BYTES
    with image.open("r+b") as file:
        file.truncate(size)


def _append_tree(root: Path, hash_offset: int, root_uuid: str) -> str:
    said = run(
        [
            *("veritysetup", "format", f"--hash-offset={hash_offset}"),
            *(f"--data-blocks={hash_offset // _BLOCK_BYTES}", f"--salt={_SALT}"),
            *(f"--uuid={root_uuid}", root, root),
        ]
    )
    found = re.search(r"Root hash:\s+([0-9a-f]{64})", said)
    if found is None:
        raise VigieError(Kind.INTERNAL, f"veritysetup named no root hash:\n{said}")
    return found[1]


def _check_size(build: Build, root: Path) -> None:
    size = root.stat().st_size
    room = min(LARGEST_SLOT_BYTES, build.board.disk.root_mib * _MIB)
    if size > room:
        raise VigieError(
            Kind.RESOURCE_EXHAUSTED,
            f"the slot is {size:,} bytes; {room:,} is the most",
            where=str(root),
            hint=f"See what it holds: du -x --max-depth=3 {build.root} | sort -n | tail -n 40",
        )
