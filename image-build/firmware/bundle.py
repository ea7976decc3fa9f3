"""The update bundle: both images of a slot, signed as RAUC wants it, in its verity format."""

import os
import shutil
from pathlib import Path

from firmware.building import Build
from firmware.run import run
from firmware.slot import Slot


def build_bundle(build: Build, slot: Slot) -> Path:
    """Sign a bundle that serves either slot of this board.

    What it carries is the same bytes at each build; RAUC draws the salt of its hash tree and the
    signature's number anew, and the signature names its moment.
    """
    content = build.work / "bundle"
    content.mkdir()
    for path in (slot.root, slot.boot):
        shutil.copyfile(path, content / path.name)
    (content / "manifest.raucm").write_text(bundle_manifest(build, slot))
    bundle = build.out / f"{build.name}.raucb"
    bundle.unlink(missing_ok=True)
    keys = build.keys
    words = ["rauc", "bundle", f"--cert={keys.certificate}", f"--key={keys.key}"]
    for path in (*content.iterdir(), content):
        os.utime(path, (build.epoch, build.epoch))
    epoch = {"SOURCE_DATE_EPOCH": str(build.epoch)}
    run([*words, f"--keyring={keys.ca}", content, bundle], env=epoch)
    shutil.rmtree(content)
    return bundle


def bundle_manifest(build: Build, slot: Slot) -> str:
    """RAUC's manifest; the board's name keeps it from every other board."""
    return f"""\
[update]
compatible=vigie-{build.board.name}
version={build.version}

[bundle]
format=verity

[image.rootfs]
filename={slot.root.name}

[image.boot]
filename={slot.boot.name}
"""
