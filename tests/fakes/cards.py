"""Images that are small but real (GPT, FAT), and cards that fail in one way each."""

import errno
import hashlib
import json
import lzma
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.flash.card import Card
from edge.flash.image import CHUNK_BYTES, Image, load_image
from edge.flash.problem import FlashError
from edge.flash.programs import require_programs
from edge.flash.signature import sign_manifest, signature_path
from edge.provision.keys import write_public
from tests.fakes.provisioning import BOARD, fleet_key

MIB = 1024 * 1024
IMAGE_MIB = 14
"""Three whole chunks and a half."""
LAYOUT = "label: gpt\nstart=2048, size=8MiB, name=sel\nsize=2MiB, name=boot-a\n"
NAME = f"vigie-{BOARD}-0.1.0"


def has_programs() -> bool:
    """Whether sfdisk and mtools are on this machine."""
    try:
        require_programs("sfdisk", "mcopy", "lsblk")
    except FlashError:
        return False
    return True


def has_loops() -> bool:
    """Whether this user may make block devices of files."""
    if os.geteuid() != 0 or not has_programs():
        return False
    words = ["losetup", "--find"]
    done = subprocess.run(words, capture_output=True, env=environment(), check=False)
    return done.returncode == 0


def environment() -> dict[str, str]:
    """Where Debian keeps sfdisk and losetup."""
    return {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}


def make_image(folder: Path, *, layout: str = LAYOUT) -> Path:
    """An image with its manifest, as the build writes them; its boot-a is noise."""
    path = folder / f"{NAME}.img"
    with path.open("wb") as file:
        file.truncate(IMAGE_MIB * MIB)
    subprocess.run(
        ["sfdisk", "--quiet", str(path)], input=layout.encode(), env=environment(), check=True
    )
    subprocess.run(["mformat", "-i", f"{path}@@1M", "-T", "16384", "-v", "VIGIE", "::"], check=True)
    with path.open("r+b") as file:
        file.seek(9 * MIB)
        file.write(hashlib.shake_256(b"boot").digest(2 * MIB))
    return describe(path)


def describe(path: Path, *, packed: bool = False) -> Path:
    """Write the manifest of an image, sign it, and pack the image."""
    content = path.read_bytes()
    record = {
        "board": BOARD,
        "version": "0.1.0",
        "provision_key": write_public(fleet_key().public).decode().strip(),
        "files": {
            path.name: {
                "size_bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        },
    }
    manifest = path.with_name(path.name.replace(".img", ".manifest.json"))
    manifest.write_text(json.dumps(record))
    signature_path(manifest).write_bytes(sign_manifest(manifest.read_bytes(), fleet_key()))
    if packed:
        path.unlink()
        path = path.with_name(path.name + ".xz")
        path.write_bytes(lzma.compress(content, preset=0))
    return path


def image_of(folder: Path) -> Image:
    """A loaded image."""
    return load_image(make_image(folder))


class FailingCard:
    """A card that answers with an error from some byte on; the file behind it is real.

    write_errno, read_errno: what the kernel says; taken_bytes: how much of a write it takes before.
    """

    def __init__(
        self,
        card: Card,
        *,
        fails_from: int,
        write_errno: int = 0,
        read_errno: int = 0,
        sync_errno: int = 0,
        flips: bool = False,
        ends: bool = False,
    ) -> None:
        self._card = card
        self._fails_from = fails_from
        self._write_errno = write_errno
        self._read_errno = read_errno
        self._sync_errno = sync_errno
        self._flips = flips
        self._ends = ends
        self._is_gone = False
        self._furthest = 0

    @property
    def name(self) -> str:
        return self._card.name

    def write(self, chunk: bytes, offset: int) -> int:
        self._refuse_if_gone()
        reach = min(len(chunk), max(0, self._fails_from - offset))
        if self._write_errno and not reach:
            self._is_gone = self._write_errno == errno.ENODEV
            raise OSError(self._write_errno, os.strerror(self._write_errno))
        if self._ends:
            return self._card.write(chunk[:reach], offset) if reach else 0
        taken = self._card.write(chunk[:reach] if self._write_errno else chunk, offset)
        self._furthest = max(self._furthest, offset + taken)
        return taken

    def sync(self) -> None:
        self._refuse_if_gone()
        if self._sync_errno and self._furthest > self._fails_from:
            raise OSError(self._sync_errno, os.strerror(self._sync_errno))
        self._card.sync()

    def forget(self) -> None:
        self._refuse_if_gone()
        self._card.forget()

    def read(self, size_bytes: int, offset: int) -> bytes:
        if self._read_errno and offset + size_bytes > self._fails_from:
            raise OSError(self._read_errno, os.strerror(self._read_errno))
        found = self._card.read(size_bytes, offset)
        if self._flips and offset <= self._fails_from < offset + len(found):
            at = self._fails_from - offset
            return found[:at] + bytes([found[at] ^ 1]) + found[at + 1 :]
        return found

    def _refuse_if_gone(self) -> None:
        if self._is_gone:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


def has_table(path: Path) -> bool:
    """Whether a kernel or firmware would find partitions here."""
    with path.open("rb") as file:
        return any(file.read(CHUNK_BYTES))


@contextmanager
def loop_device(path: Path, *words: str) -> Iterator[Path]:
    """A block device over a file. Raises CalledProcessError where there are none."""
    done = subprocess.run(
        ["losetup", "--find", "--show", *words, str(path)],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    device = Path(done.stdout.strip())
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", str(device)], env=environment(), check=True)
