"""RAUC as a pole has it: bundles made and read by the real program, slots written by a stand-in.

Writing needs device-mapper and a service on the system bus; the stand-in asks the backend what
RAUC asks, in its order, lets the real program check the whole payload against its signed hash tree
as a slot is written through it, and copies nothing.
"""

import hashlib
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.service.image import read_image
from edge.update.bundle import Rauc
from edge.update.floor import VersionFloor
from edge.update.install import Installer
from edge.update.pole_slots import STATE, open_slots
from edge.update.slots import Slots
from edge.update.version import parse_version
from edge.wire import update_talk as talk
from firmware.keys import make_keys
from tests.fakes.image import write_image

_IMAGE_BYTES = 20_000
_STAND_IN = """#!{python}
import subprocess, sys, tempfile
words = [word for word in sys.argv[1:] if not word.startswith("--conf=")]
if words[0] == "info":
    sys.exit(subprocess.call(["rauc", *sys.argv[1:]]))
sys.path.insert(0, {repository!r})
from pathlib import Path
from edge.update import backend
root = Path({root!r})
(root / "written").touch()
for asked in (["get-primary"], ["get-state", "B"], ["set-state", "B", "bad"]):
    if backend.main(asked, root):
        sys.exit("LastError: the backend refused " + " ".join(asked))
with tempfile.TemporaryDirectory() as folder:
    words = ["rauc", *sys.argv[1:2], "extract", sys.argv[-1], folder + "/out"]
    checked = subprocess.run(words, capture_output=True, text=True)
if checked.returncode:
    sys.exit("LastError: Installation error: " + checked.stderr.strip().splitlines()[-1])
if (root / "slot-is-broken").exists():
    sys.exit("LastError: Failed updating slot rootfs.1: failed to write: No space left on device")
sys.exit(backend.main(["set-primary", "B"], root))
"""


def need_rauc() -> None:
    """Skip where the machine lacks what makes bundles."""
    for program in ("rauc", "mksquashfs"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: tools/debian image")


def make_bundle(
    folder: Path,
    keys: Path,
    *,
    version: str = "2",
    board: str = "qemu-amd64",
    image_bytes: int = _IMAGE_BYTES,
) -> Path:
    """A signed bundle with both images of a slot."""
    content, bundle = (
        folder / f"in-{version}-{board}-{keys.name}",
        folder / f"{version}-{board}-{keys.name}.raucb",
    )
    content.mkdir(parents=True)
    for image in ("root.img", "boot.vfat"):
        # What cannot be compressed: RAUC makes no bundle as small as a block.
        (content / image).write_bytes(random.Random(image).randbytes(image_bytes))
    (content / "manifest.raucm").write_text(
        f"[update]\ncompatible=vigie-{board}\nversion={version}\n\n[bundle]\nformat=verity\n\n"
        "[image.rootfs]\nfilename=root.img\n\n[image.boot]\nfilename=boot.vfat\n"
    )
    signing = [f"--cert={keys / 'update.pem'}", f"--key={keys / 'update.key'}"]
    ring = f"--keyring={keys / 'update-ca.pem'}"
    subprocess.run(
        ["rauc", "bundle", *signing, ring, content, bundle], check=True, capture_output=True
    )
    return bundle


@dataclass
class UpdatingPole:
    """A pole with an image in slot A that takes bundles from its link's folder."""

    root: Path
    keys: Path
    restarts: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, folder: Path, repository: Path) -> "UpdatingPole":
        root, keys = folder / "pole-root", folder / "fleet"
        write_image(root, slot="A", version="1")
        make_keys(keys)
        pole = cls(root, keys)
        for path in (talk.update_folder(pole.data), talk.slots_folder(pole.data)):
            path.mkdir(parents=True)
        program = root / "rauc"
        program.write_text(
            _STAND_IN.format(python=sys.executable, repository=str(repository), root=str(root))
        )
        program.chmod(0o755)
        (root / "system.conf").write_text(
            "[system]\ncompatible=vigie-qemu-amd64\nbootloader=custom\n"
            f"[handlers]\nbootloader-custom-backend={program}\n"
            f"[keyring]\npath={keys / 'update-ca.pem'}\n"
        )
        return pole

    @property
    def data(self) -> Path:
        return self.root / "var/lib/vigie/pole"

    @property
    def installer(self) -> Installer:
        image = read_image(self.root)
        assert image is not None
        running = parse_version(image.version)
        assert running is not None

        @contextmanager
        def slots() -> Iterator[Slots]:
            with open_slots(image, self.root) as found:
                yield found

        return Installer(
            data=self.data,
            image=image,
            floor=VersionFloor(self.root / STATE, self.data, running),
            rauc=Rauc(self.root / "system.conf", str(self.root / "rauc")),
            open_slots=slots,
            restart=lambda: self.restarts.append("now"),
        )

    def bring(self, bundle: bytes, *, version: str = "2", offered: bytes | None = None) -> None:
        """As the link leaves it. offered: the bytes that the collector meant."""
        meant = bundle if offered is None else offered
        digest = hashlib.sha256(meant).hexdigest()
        offer = talk.Offer(9, version, "qemu-amd64", digest, len(meant))
        talk.write_offer(self.data, offer)
        talk.arrived_path(self.data).write_bytes(bundle)

    @property
    def told(self) -> tuple[str, str | None]:
        report = talk.read_report(self.data)
        return ("nothing", None) if report is None else (report.phase, report.refusal)

    def find_leftovers(self) -> list[str]:
        """Whatever of a bundle lies anywhere."""
        return [path.name for path in self.data.rglob("bundle*")]
