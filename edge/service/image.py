"""Which image runs, and in which slot: what the build and the initramfs wrote down.

A machine that runs Vigie without an image has neither file: it has no slot and takes no update.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from edge.whole_file import read_bounded

_MAX_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Image:
    """The running image. slot: A or B; board: its profile's name; settings: all that it says."""

    slot: str
    version: str
    board: str
    settings: dict[str, str]


def read_image(root: Path = Path("/")) -> Image | None:
    """The image that runs; None: there is none, or its files say nothing."""
    settings = {
        **_read_settings(root / "usr/share/vigie/board.env"),
        **_read_settings(root / "run/vigie/slot.env"),
    }
    slot, version, board = (
        settings.get(key, "") for key in ("SLOT", "VIGIE_VERSION", "VIGIE_BOARD")
    )
    if slot not in {"A", "B"} or not version or not board:
        return None
    return Image(slot, version, board, settings)


def read_boot_id(root: Path = Path("/")) -> str:
    """The kernel's random name of this boot. Raises OSError."""
    path = root / "proc/sys/kernel/random/boot_id"
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(handle, 64).decode("ascii").strip()
    finally:
        os.close(handle)


def _read_settings(path: Path) -> dict[str, str]:
    text = (read_bounded(path, _MAX_BYTES) or b"").decode("utf-8", "replace")
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {key.strip(): value.strip().strip('"') for key, sign, value in pairs if sign}
