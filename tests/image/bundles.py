"""Signed bundles for a bench, by the build's own steps, from the tree that the last build left.

Each is as a city would make it: the fleet's key, the board's profile, a manifest beside it. What
is wrong with an image is put into it before it is signed; only its boot files or its root are made
anew, never more than differs.
"""

import dataclasses
import json
import shutil
import subprocess
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware import bundle, manifest, slot, tree
from firmware.board import read_board
from firmware.building import IMAGE_BUILD, PACKAGES, Build, sha256_of
from firmware.fat import write_fat
from firmware.kernel import Kernel
from firmware.keys import load_keys
from firmware.slot import Slot
from firmware.steps import Steps

_MIB = 1 << 20
MODEL = PACKAGES / "edge/cards/street-s/street-s.tflite"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle with its manifest beside it. what: of it, for a report."""

    version: str
    path: Path
    what: str


@dataclass(frozen=True, slots=True)
class Bundler:
    """Makes bundles. cache: .cache/image; image: the card's image that the poles were made from."""

    cache: Path
    image: Path
    folder: Path
    board: str = "qemu-amd64"

    @property
    def _last(self) -> Path:
        """What the last build of this board has left: the tree, and what was made of it."""
        return self.cache / "work" / self.board

    def make_good(self, version: str) -> Bundle:
        """The same software as a later version."""
        return self._make_root(version, "works", lambda _: None)

    def make_broken_application(self, version: str) -> Bundle:
        """No program of Vigie starts: neither a room nor what would judge the slot."""

        def break_it(root: Path) -> None:
            package = root / PACKAGES / "edge" / "__init__.py"
            package.write_text('raise RuntimeError("this application is broken")\n')
            for stale in package.parent.glob("__pycache__/__init__.*"):
                stale.unlink()

        return self._make_root(version, "broken application", break_it)

    def make_blind(self, version: str) -> Bundle:
        """Everything starts, and no frame is ever analysed: the detector is half there."""

        def break_it(root: Path) -> None:
            model = root / MODEL
            model.write_bytes(model.read_bytes()[: model.stat().st_size // 2])

        return self._make_root(version, "never analyses a frame", break_it)

    def make_broken_kernel_line(self, version: str) -> Bundle:
        """The kernel is told of a root that nobody has."""
        build, last = self._build(version), self._last_slot()
        line = (self._last / "cmdline.txt").read_text()
        assert last.root_uuid in line
        changed = build.work / "cmdline.txt"
        changed.write_text(line.replace(last.root_uuid, str(uuid.UUID(int=0))))
        boot = build.work / "boot.vfat"
        write_fat(
            boot,
            label="VIGIEBOOT",
            volume_id="56494745",
            size_mib=build.board.disk.boot_mib,
            files={**self._boot_files(build), "cmdline.txt": changed},
            epoch=build.epoch,
        )
        return self._sign(build, dataclasses.replace(last, boot=boot), "broken kernel line")

    def make_corrupt_root(self, version: str) -> Bundle:
        """The head of the root is whole, nearly all behind it is not what its tree says."""
        build, last = self._build(version), self._last_slot()
        root = build.work / "root.img"
        shutil.copyfile(last.root, root)
        with root.open("r+b") as file:
            file.seek(_MIB)
            file.write(bytes(last.hash_offset - 2 * _MIB))
        return self._sign(build, dataclasses.replace(last, root=root), "corrupt root")

    def _make_root(self, version: str, what: str, change: Callable[[Path], None]) -> Bundle:
        build = self._build(version)
        self._last_slot()
        # Owners, links and capabilities as they are.
        subprocess.run(["cp", "-a", self._last / "root", build.root], check=True)
        tree.install_files(build)
        change(build.root)
        kernel = Kernel(self._last / "vmlinuz", build.work)
        made = slot.build_slot(build, kernel, self._boot_files(build)["initrd.img"], {})
        return self._sign(build, made, what)

    def _sign(self, build: Build, made: Slot, what: str) -> Bundle:
        path = bundle.build_bundle(build, made)
        manifest.write_manifest(build, made, [path])
        shutil.rmtree(build.work)
        return Bundle(build.version, path, what)

    def _build(self, version: str) -> Build:
        build = Build(
            board=read_board(IMAGE_BUILD / "boards" / f"{self.board}.toml"),
            cache=self.cache,
            work=self.folder / f"work-{version}",
            out=self.folder,
            keys=load_keys(self.cache / "keys"),
            version=version,
            epoch=self._record()["epoch"],
            steps=Steps(),
            has_console=True,
        )
        build.work.mkdir(parents=True)
        return build

    def _boot_files(self, build: Build) -> dict[str, Path]:
        """Copies, for each gets a date."""
        return {
            name: Path(shutil.copyfile(self._last / name, build.work / f"{name}.copy"))
            for name in ("vmlinuz", "initrd.img")
        }

    def _last_slot(self) -> Slot:
        """The slot of the poles' image. It must be the one that the last build has made."""
        said = self._record()["slot"]
        root = self._last / "root.img"
        is_same = sha256_of(root) == said["root"]["sha256"]
        assert is_same, f"{root} is of another build: make image BOARD={self.board} CONSOLE=1"
        return Slot(
            root=root,
            boot=self._last / "boot.vfat",
            root_hash=said["root_hash"],
            root_uuid=said["root_uuid"],
            hash_offset=said["hash_offset_bytes"],
        )

    def _record(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.image.with_suffix(".manifest.json").read_text())
        return read
