"""What the root is made of, by size, so that a slot that grew says where."""

from collections.abc import Mapping
from pathlib import Path

from firmware.building import PACKAGES, Build

_MB = 1_000_000
# Each file counts for the first folder that it stands in.
_FOLDERS: Mapping[str, Path] = {
    "detector": PACKAGES / "edge" / "cards",
    "kernel modules": Path("usr/lib/modules"),
    "Vigie": PACKAGES / "edge",
    "Python packages": PACKAGES,
    "Debian's Python": Path("usr/lib/python3.13"),
    "Debian": Path(),
}


def part_sizes(root: Path) -> dict[str, int]:
    """Bytes of the files of each part, before compression; a link counts nothing."""
    sizes = dict.fromkeys(_FOLDERS, 0)
    for path in root.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        inside = path.relative_to(root)
        part = next(name for name, folder in _FOLDERS.items() if inside.is_relative_to(folder))
        sizes[part] += path.stat().st_size
    return sizes


def tell_parts(build: Build, slot_bytes: int) -> None:
    """Say the sizes below the running step, the largest first."""
    sizes = part_sizes(build.root)
    for name, size in sorted(sizes.items(), key=lambda part: -part[1]):
        build.steps.note(f"{size / _MB:7.1f} MB  {name}")
    total = sum(sizes.values())
    build.steps.note(f"{total / _MB:7.1f} MB in all, {slot_bytes / _MB:.1f} MB as a slot")
