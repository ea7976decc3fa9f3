"""An image is what its manifest says, or no disk is touched."""

import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.errors import Kind, VigieError
from edge.flash.image import CHUNK_BYTES, ManifestError, load_image
from edge.flash.problem import FlashError
from tests.fakes.cards import NAME, describe
from tests.fakes.provisioning import BOARD, fleet_key

SIZE_BYTES = CHUNK_BYTES + 512 * 7


def ignore(done: int, total: int | None) -> None:
    """A report that nobody looks at."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / f"{NAME}.img"
    file.write_bytes((os.urandom(65_536) * 65)[:SIZE_BYTES])
    return describe(file)


@pytest.mark.parametrize("packed", [False, True])
def test_an_image_is_checked_unpacked(path: Path, packed: bool) -> None:
    content = path.read_bytes()
    image = load_image(describe(path, packed=packed))
    reports: list[int] = []
    image.check(lambda done, total: reports.append(done))
    assert reports == [CHUNK_BYTES, SIZE_BYTES]
    assert b"".join(image.read_chunks()) == content
    assert (image.board, image.size_bytes) == (BOARD, SIZE_BYTES)
    assert image.provision_key.raw == fleet_key().public.raw


def _flip(content: bytes) -> bytes:
    return content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "spoil",
    [
        _flip,
        lambda content: content[:-512],
        lambda content: content + bytes(512),
        lambda content: b"",
    ],
    ids=["a bit flipped", "cut off", "longer", "empty"],
)
def test_a_damaged_image_is_refused(
    path: Path, packed: bool, spoil: Callable[[bytes], bytes]
) -> None:
    path = describe(path, packed=packed)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(FlashError, match="the image is not what its manifest says") as refused:
        load_image(path).check(ignore)
    assert refused.value.exit_code == 7


def test_an_image_that_unpacks_without_end_is_stopped(path: Path) -> None:
    path = describe(path, packed=True)
    path.write_bytes(lzma.compress(bytes(SIZE_BYTES * 40), preset=0))
    seen: list[int] = []
    with pytest.raises(FlashError, match="longer than that"):
        load_image(path).check(lambda done, total: seen.append(done))
    assert max(seen) == SIZE_BYTES


def _bend(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    manifest = path.with_name(f"{NAME}.manifest.json")
    record = json.loads(manifest.read_text())
    change(record)
    manifest.write_text(json.dumps(record))
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: record.pop("board"), "board: is missing"),
        (lambda record: record.pop("files"), "files: is missing"),
        (lambda record: record.pop("provision_key"), "provision_key: is missing"),
        (lambda record: record.update(provision_key="AA=="), "provision_key: this is no public"),
        (lambda record: record["files"].clear(), f"files.{NAME}.img: is missing"),
        (lambda record: record["files"][f"{NAME}.img"].update(sha256="ab"), "sha256: is"),
        (lambda record: record["files"][f"{NAME}.img"].update(size_bytes=-1), "size_bytes: is -1"),
        (lambda record: record["files"][f"{NAME}.img"].update(size_bytes=513), "whole number of"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    path: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    with pytest.raises(ManifestError) as refused:
        load_image(_bend(path, change))
    assert said in refused.value.what
    assert str(refused.value.where).endswith(".manifest.json")


def test_an_image_without_its_manifest_is_refused(path: Path) -> None:
    path.with_name(f"{NAME}.manifest.json").unlink()
    with pytest.raises(FlashError, match="the image's manifest cannot be read") as refused:
        load_image(path)
    assert refused.value.kind is Kind.NOT_FOUND


def test_a_manifest_of_another_build_is_refused(path: Path) -> None:
    other = path.with_name("vigie-rpi-0.1.0.img")
    path.rename(other)
    path.with_name(f"{NAME}.manifest.json").rename(other.with_suffix(".manifest.json"))
    with pytest.raises(ManifestError, match=r"files.vigie-rpi-0.1.0.img: is missing"):
        load_image(other)


@pytest.mark.parametrize("name", ["x.img.zst", "x.img.gz", "x.iso", "x"])
def test_an_image_in_another_packing_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(FlashError, match=r"read as NAME.img or NAME.img.xz"):
        load_image(tmp_path / name)


def test_what_is_no_file_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "folder.img").mkdir()
    with pytest.raises(VigieError, match="this is no image file"):
        load_image(tmp_path / "folder.img")
    with pytest.raises(VigieError, match="there is no such image"):
        load_image(tmp_path / "nowhere.img")
