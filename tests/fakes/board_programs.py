"""The programs that root starts on a pole, strict and in memory: what lies on the card stays.

A partition is a file: empty, or a line that says what a fake cryptsetup made of it. A file system
is a folder under `disks/`, shown where it is mounted by a symbolic link. Whatever the fake does
not know is an error, never a success.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.board.machine import Machine, Output

OK = Output(0, "")


class Cut(BaseException):
    """The power goes while a program runs."""


class FakeBoard:
    """One board with its card. `start()` is a new power-on: mounts and mappings are gone."""

    def __init__(self, folder: Path) -> None:
        self.card = folder / "card"
        self.root = folder / "root"
        self.started: list[list[str]] = []
        self.cut_after: int | None = None
        self.share: Output = Output(1, "")
        self.is_locked = False
        self.set_clock: Callable[[int], None] = lambda _: None
        for name in ("sel", "state", "data"):
            self.write_partition(name, b"")
        (self.card / "disks" / "sel").mkdir(parents=True)
        self.start()

    @property
    def machine(self) -> Machine:
        return Machine(self.root, self.run)

    @property
    def sel(self) -> Path:
        """The first partition as a laptop sees it."""
        return self.card / "disks" / "sel"

    def write_partition(self, name: str, content: bytes) -> None:
        self.card.mkdir(parents=True, exist_ok=True)
        (self.card / name).write_bytes(content)

    def start(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        # A bind within a disk is a mount too: the folder below it comes to light again.
        for bind in [path for path in self.card.rglob("*") if path.is_symlink()]:
            bind.unlink()
            bind.mkdir()
        labels = self.root / "dev/disk/by-partlabel"
        labels.mkdir(parents=True)
        (self.root / "dev/mapper").mkdir()
        (self.root / "run/vigie").mkdir(parents=True)
        (self.root / "etc").mkdir()
        for entry in self.card.iterdir():
            if entry.is_file():
                (labels / entry.name).symlink_to(entry)
        self._mounts: dict[str, str] = {}
        self._write_mounts()

    def mount_of(self, path: str) -> bool:
        return str(self.root / path.lstrip("/")) in self._mounts

    def run(self, arguments: Sequence[str], entered: bytes = b"") -> Output:
        self.started.append(list(arguments))
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                raise Cut
        program, *rest = arguments
        known = {
            "cryptsetup": self._cryptsetup,
            "e2fsck": self._e2fsck,
            "mkfs.ext4": self._mkfs,
            "mount": self._mount,
            "umount": self._umount,
            "install": self._install,
            "systemd-tmpfiles": self._tmpfiles,
        }
        if program in {"hostname", "modprobe", "udevadm"}:
            return OK
        if program == "date":
            assert rest[:2] == ["--utc", "--set"]
            self.set_clock(round(float(rest[2].removeprefix("@")) * 1e9))
            return OK
        if program == "systemctl":
            assert rest in (["start", "vigie-cable.service"], ["stop", "vigie-cable.service"]), rest
            return OK
        if program == "setpriv":
            assert rest[-2:] == ["-m", "edge.board.share"], rest
            return self.share
        return known[program](rest, entered)

    # A partition's file holds: "luks KEYHASH [broken]"; its file system is disks/KEYHASH.

    def _words(self, device: str) -> list[str]:
        return Path(device).read_text().split()

    def _cryptsetup(self, rest: list[str], entered: bytes) -> Output:
        action, device = rest[0], Path(rest[-1])
        key = hashlib.sha256(entered).hexdigest()
        if action == "isLuks":
            return OK if self._words(str(device))[:1] == ["luks"] else Output(1, "")
        if action == "luksDump":
            slots = ["0"] if len(self._words(str(device))) > 1 else []
            return Output(0, json.dumps({"keyslots": dict.fromkeys(slots)}))
        if action == "luksFormat":
            assert "--key-file" in rest
            assert len(entered) == 32
            device.resolve().write_text(f"luks {key}")
            return OK
        assert action == "open", rest
        device, name = Path(rest[-2]), rest[-1]
        words = self._words(str(device))
        if words[:1] != ["luks"]:
            return Output(1, "Device is not a valid LUKS device.")
        if words[1:] != [key]:
            return Output(2, "No key available with this passphrase.")
        (self.root / "dev/mapper" / name).write_text(key)
        return OK

    def _disk(self, mapping: str) -> Path:
        return self.card / "disks" / Path(mapping).read_text()

    def _e2fsck(self, rest: list[str], _: bytes) -> Output:
        disk = self._disk(rest[-1])
        if not disk.is_dir():
            return Output(8, "Bad magic number in super-block")
        if (disk / "beyond-repair").exists():
            return Output(4, "errors left")
        if (disk / "damaged").exists():
            if "-p" in rest:
                return Output(4, "run it by hand")
            (disk / "damaged").unlink()
            return Output(1, "repaired")
        return OK

    def _mkfs(self, rest: list[str], _: bytes) -> Output:
        disk = self._disk(rest[-1])
        shutil.rmtree(disk, ignore_errors=True)
        disk.mkdir(parents=True)
        return OK

    def _mount(self, rest: list[str], _: bytes) -> Output:
        source, target = rest[-2:]
        if "--bind" in rest:
            disk = Path(source).resolve()
        elif "vfat" in rest:
            assert Path(source).name == "sel"
            if self.is_locked and rest[rest.index("-o") + 1].startswith("rw"):
                return Output(32, "mount: sel: cannot mount read-only")
            disk = self.sel
        else:
            disk = self._disk(source)
        if target in self._mounts or not Path(target).is_dir():
            return Output(32, f"mount: {target}: cannot be mounted on")
        Path(target).rmdir()
        Path(target).symlink_to(disk)
        self._mounts[target] = source
        self._write_mounts()
        return OK

    def _umount(self, rest: list[str], _: bytes) -> Output:
        del self._mounts[rest[0]]
        Path(rest[0]).unlink()
        Path(rest[0]).mkdir()
        self._write_mounts()
        return OK

    def _install(self, rest: list[str], _: bytes) -> Output:
        assert rest[:3] == ["-d", "-m", "0700"]
        Path(rest[-1]).mkdir(mode=0o700, exist_ok=True)
        return OK

    def _tmpfiles(self, rest: list[str], _: bytes) -> Output:
        for room in ("vault", "identity", "eye"):
            (self.root / "var/lib/vigie/pole" / room).mkdir(parents=True, exist_ok=True)
        return OK

    def _write_mounts(self) -> None:
        lines = "".join(f"{source} {target} x x 0 0\n" for target, source in self._mounts.items())
        (self.root / "proc/self").mkdir(parents=True, exist_ok=True)
        (self.root / "proc/self/mounts").write_text(lines)
