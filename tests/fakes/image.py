"""The files by which a machine knows that it runs an image, in a folder."""

from pathlib import Path

from edge.update.autoboot import format_autoboot
from edge.update.boot import Slot


def write_image(
    root: Path, *, slot: str, version: str, boot_id: str = "boot-1", board: str = "qemu-amd64"
) -> None:
    """What build, initramfs and kernel write; `sel` is mounted and made where it is missing."""
    share, run = root / "usr/share/vigie", root / "run/vigie"
    kernel = root / "proc/sys/kernel/random"
    sel, state = run / "sel", root / "state/update"
    for folder in (share, sel, kernel, state):
        folder.mkdir(parents=True, exist_ok=True)
    (share / "board.env").write_text(
        f"VIGIE_BOARD={board}\nVIGIE_VERSION={version}\nVIGIE_TRYBOOT=mark\n"
    )
    (run / "slot.env").write_text(f"SLOT={slot}\nROOT=/dev/vda4\n")
    (kernel / "boot_id").write_text(f"{boot_id}\n")
    if not (sel / "autoboot.txt").exists():
        (sel / "autoboot.txt").write_bytes(format_autoboot(Slot.A))
