"""Two builds compared: what differs is named, down to the file in the root."""

import json
import os
import random
import struct
import subprocess
from pathlib import Path

import pytest

from edge.errors import Kind, VigieError
from firmware.bundle import build_bundle
from firmware.keys import make_keys
from firmware.slot import Slot
from firmware.twice import SIGNED, check_same, differences, differing_files
from tests.fakes.rauc import need_rauc
from tests.image_build.benches import bench_build


def record(sha256: str, bundle: str = "b") -> dict[str, object]:
    return {
        "slot": {"root": {"sha256": sha256, "size_bytes": 1}},
        "files": {"v.raucb": {"sha256": bundle, "size_bytes": 1}},
    }


def test_the_same_records_have_no_difference() -> None:
    assert list(differences(record("a"), record("a"))) == []


def test_a_difference_is_named_by_its_file() -> None:
    assert list(differences(record("a"), record("c"))) == ["slot/root"]


def test_a_signature_may_differ_and_a_root_may_not(tmp_path: Path) -> None:
    builds = (bench_build(tmp_path), bench_build(tmp_path))
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(json.dumps(record("a", "b")))
    second.write_text(json.dumps(record("a", "other")))
    assert check_same(first, second, builds) == ["files/v.raucb"]
    second.write_text(json.dumps(record("c", "b")))
    builds[0].root.mkdir()
    with pytest.raises(VigieError, match="differ in slot/root") as refused:
        check_same(first, second, builds)
    assert refused.value.kind is Kind.DATA_LOSS


def test_files_that_differ_are_found_in_the_trees(tmp_path: Path) -> None:
    for name, words in (("one", "a"), ("two", "b")):
        (tmp_path / name / "etc").mkdir(parents=True)
        (tmp_path / name / "etc" / "changed").write_text(words)
        (tmp_path / name / "etc" / "same").write_text("same")
        (tmp_path / name / "etc" / "link").symlink_to(f"/nowhere/{name}")
    (tmp_path / "two" / "more").touch()
    found = list(differing_files(tmp_path / "one", tmp_path / "two"))
    assert found == ["more", "etc/changed"]


def payload_of(bundle: Path) -> bytes:
    """The squashfs at a bundle's beginning; how long it is stands in its superblock."""
    content = bundle.read_bytes()
    (length,) = struct.unpack_from("<Q", content, 40)
    return content[:length]


def test_two_real_bundles_of_one_slot_carry_the_same_bytes_and_are_not_the_same(
    tmp_path: Path,
) -> None:
    """What is not the same at each build, and why `SIGNED` alone may differ."""
    need_rauc()
    build = bench_build(tmp_path)
    make_keys(build.keys.folder)
    slot = Slot(build.work / "root.img", build.work / "boot.vfat", "00" * 32, "uuid", 4096)
    made = []
    for number in range(2):
        for seed, path in enumerate((slot.root, slot.boot)):
            path.write_bytes(random.Random(seed).randbytes(40_000))
            os.utime(path, (10**9 + number, 10**9 + number))
        bundle = build_bundle(build, slot)
        made.append(bundle.rename(tmp_path / f"{number}{SIGNED}"))
    first, second = made
    assert payload_of(first) == payload_of(second)
    assert len(payload_of(first)) > 80_000
    assert first.read_bytes() != second.read_bytes()
    for bundle in made:
        words = ["rauc", f"--keyring={build.keys.ca}", "extract", str(bundle), f"{bundle}.out"]
        subprocess.run(words, check=True, capture_output=True)
        assert Path(f"{bundle}.out", slot.root.name).read_bytes() == slot.root.read_bytes()
