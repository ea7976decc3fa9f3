"""What a build says of what it made, and whose word stands behind it."""

from pathlib import Path

import pytest

from edge.flash.image import load_image
from edge.flash.problem import FlashError
from edge.flash.signature import signature_path
from edge.mandate.keys import load_private_pem, write_private_pem
from edge.provision.keys import load_public
from firmware.building import Build
from firmware.keys import make_keys
from firmware.manifest import write_manifest
from firmware.slot import Slot
from tests.image_build.benches import bench_build


@pytest.fixture
def build(tmp_path: Path) -> Build:
    build = bench_build(tmp_path)
    make_keys(build.keys.folder)
    return build


def write(build: Build) -> tuple[Path, Path]:
    """A manifest of an image of one sector; its path and the image's."""
    made = Slot(build.work / "root.img", build.work / "boot.vfat", "00" * 32, "uuid", 4096)
    image = build.out / f"{build.name}.img"
    for path in (made.root, made.boot, image):
        path.write_bytes(bytes(512))
    return write_manifest(build, made, [image]), image


def test_a_build_that_has_the_fleets_key_signs_its_manifest(build: Build) -> None:
    manifest, image = write(build)
    fleet = load_public(build.keys.provision_public.read_bytes())
    assert load_image(image, fleet).board == build.board.name
    first = signature_path(manifest).read_bytes()
    write(build)
    assert signature_path(manifest).read_bytes() == first


@pytest.mark.parametrize("is_locked", [False, True])
def test_without_it_the_manifest_waits_for_who_has_the_key(build: Build, is_locked: bool) -> None:
    """It lies in a drawer, or under a passphrase; an older build's signature must not stay."""
    manifest, _ = write(build)
    private = build.keys.provision_key
    key = load_private_pem("provision", private.read_bytes())
    private.unlink()
    if is_locked:
        private.write_bytes(write_private_pem(key, b"a passphrase"))
    manifest, image = write(build)
    assert not signature_path(manifest).exists()
    assert load_image(image)
    with pytest.raises(FlashError, match="is not signed"):
        load_image(image, key.public)
