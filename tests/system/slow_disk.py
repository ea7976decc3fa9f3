"""A disk of its own that the kernel slows down: a file as a loop device, ext4, cgroup v1's blkio.

Needs root. Leaves nothing behind but its image.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.waiting import wait_until

_BLKIO = Path("/sys/fs/cgroup/blkio")
_LIMIT = "blkio.throttle.write_bps_device"
_IMAGE_BYTES = 512 * 1024 * 1024


def why_not() -> str:
    """Why no disk can be slowed here; empty: one can."""
    if os.geteuid() != 0:
        return "slowing a disk needs root"
    missing = [tool for tool in ("losetup", "mkfs.ext4", "mount") if shutil.which(tool) is None]
    if missing:
        return f"slowing a disk needs {', '.join(missing)}: apt-get install mount e2fsprogs"
    if not (_BLKIO / _LIMIT).exists():
        return "slowing a disk needs cgroup v1's blkio; io.max of cgroup v2 is not tried"
    found = subprocess.run(["losetup", "-f"], check=False, capture_output=True)
    return "" if found.returncode == 0 else "slowing a disk needs a free loop device"


class SlowDisk:
    """`with SlowDisk(image, place, rate) as disk:` mounts it; `start` runs what feels the limit."""

    def __init__(self, image: Path, place: Path, bytes_per_second: int) -> None:
        self._image, self._place, self._rate = image, place, bytes_per_second
        self._group = _BLKIO / f"vigie-slow-{os.getpid()}"
        self._loop = ""
        self._children: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "SlowDisk":
        with self._image.open("wb") as file:
            file.truncate(_IMAGE_BYTES)
        _run("mkfs.ext4", "-q", "-F", self._image)
        self._loop = _run("losetup", "--find", "--show", self._image).strip()
        try:
            _run("mount", self._loop, self._place)
            (self._place / "lost+found").rmdir()
            self._group.mkdir()
            device = Path(self._loop).stat().st_rdev
            named = f"{os.major(device)}:{os.minor(device)} {self._rate}"
            (self._group / _LIMIT).write_text(named)
        except BaseException:
            self._take_down()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._take_down()

    def start(self, words: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
        """A process whose own and whose children's writes to this disk are slow."""
        shell = ["sh", "-ec", 'echo $$ > "$1"; shift; exec "$@"', "sh"]
        with log.open("wb") as sink:
            child = subprocess.Popen(
                [*shell, str(self._group / "cgroup.procs"), *words],
                stdin=subprocess.DEVNULL, stdout=sink, stderr=sink,
            )  # fmt: skip
        self._children.append(child)
        return child

    def _take_down(self) -> None:
        for child in self._children:
            child.kill()  # a keeper's rooms end with it
            child.wait()
        # Lazily: a namespace that somebody else made meanwhile may hold the mount a little longer.
        subprocess.run(["umount", "--lazy", self._place], check=False, capture_output=True)
        subprocess.run(["losetup", "--detach", self._loop], check=False, capture_output=True)
        if self._group.exists():
            _wait_until_empty(self._group)
            self._group.rmdir()


def _wait_until_empty(group: Path) -> None:
    members = group / "cgroup.procs"
    wait_until(lambda: not members.read_text(), "the group is empty", folders=(group,))


def _run(*words: str | Path) -> str:
    done = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)
    return done.stdout
