"""The packed image and its Imager list, made by the real program and held against our schema."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from edge.flash.image import load_image
from tests.fakes.cards import describe
from tests.house.sources import REPOSITORY

SCHEMA = json.loads((REPOSITORY / "image-build" / "os-list.schema.json").read_text())
AT = "https://example.org/vigie"


def problems(listed: object) -> list[str]:
    """What our schema says against a list."""
    validator = Draft7Validator(SCHEMA)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(listed)]


def release(folder: Path, board: str) -> subprocess.CompletedProcess[str]:
    image = folder / f"vigie-{board}-0.1.0.img"
    image.write_bytes(bytes(range(256)) * 4096)
    describe(image)
    manifest = folder / f"vigie-{board}-0.1.0.manifest.json"
    record = json.loads(manifest.read_text()) | {"board": board, "epoch": 1_795_000_000}
    manifest.write_text(json.dumps(record))
    program = REPOSITORY / "image-build" / "release.py"
    return subprocess.run(
        [sys.executable, str(program), str(image), "--at", AT],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY)},
    )


def test_a_released_image_is_packed_and_listed(tmp_path: Path) -> None:
    made = release(tmp_path, "rpi")
    assert made.returncode == 0, made.stderr
    packed = tmp_path / "vigie-rpi-0.1.0.img.xz"
    image = load_image(packed)
    image.check(lambda done, total: None)
    listed = json.loads((tmp_path / "vigie-rpi-0.1.0.os_list.json").read_text())
    assert problems(listed) == []
    (entry,) = listed["os_list"]
    assert entry["url"] == f"{AT}/{packed.name}"
    assert entry["extract_sha256"] == image.sha256
    assert entry["extract_size"] == image.size_bytes
    assert entry["image_download_size"] == packed.stat().st_size
    assert entry["release_date"] == "2026-11-18"
    assert entry["init_format"] == "none"


def test_the_same_image_is_packed_into_the_same_bytes(tmp_path: Path) -> None:
    packed = []
    for _ in range(2):
        release(tmp_path, "rpi")
        packed.append((tmp_path / "vigie-rpi-0.1.0.img.xz").read_bytes())
    assert packed[0] == packed[1]


def test_a_board_that_imager_writes_no_cards_for_is_refused(tmp_path: Path) -> None:
    refused = release(tmp_path, "qemu-amd64")
    assert refused.returncode == 3
    assert "Imager writes cards of rpi, not of qemu-amd64" in refused.stderr


GOOD: dict[str, object] = {
    "name": "Vigie 0.1.0",
    "description": "x",
    "icon": f"{AT}/vigie.png",
    "url": f"{AT}/x.img.xz",
    "extract_size": 1024,
    "extract_sha256": "ab" * 32,
    "image_download_size": 7,
    "release_date": "2026-11-18",
    "devices": ["pi4-64bit"],
    "architecture": "armv8",
    "init_format": "none",
}


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://example.org/x.img.xz"},
        {"url": f"{AT}/x.img"},
        {"extract_size": "1024"},
        {"extract_size": 1000},
        {"extract_sha256": "AB" * 32},
        {"image_download_size": 0},
        {"release_date": "today"},
        {"devices": []},
        {"devices": ["pi4-64bit", "pi4-64bit"]},
        {"devices": ["pi3"]},
        {"init_format": "systemd"},
        {"name": ""},
        {"more": 1},
    ],
)
def test_the_schema_refuses_what_imager_could_not_use(change: dict[str, object]) -> None:
    assert problems({"os_list": [GOOD]}) == []
    assert problems({"os_list": [GOOD | change]}) != []
    for key in GOOD:
        assert problems({"os_list": [{k: v for k, v in GOOD.items() if k != key}]}) != []


def test_the_schema_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)
