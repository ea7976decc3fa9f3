"""`vigie clip verify` and `open`: offline, with files only."""

import io
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from edge.evidence.device_keys import write_keys
from edge.evidence.sealed import Sealer
from tests.fakes.control_room import run_vigie
from tests.fakes.evidence import FakeClip, Reader, make_clip, make_keys, make_reader


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clip")


@pytest.fixture(scope="module")
def clip(folder: Path) -> FakeClip:
    clip = make_clip(4_000, 7_000, 3_000)
    (folder / "clip.mp4").write_bytes(clip.mp4)
    (folder / "clip.manifest.json").write_bytes(clip.envelope)
    (folder / "keys.json").write_text(write_keys([clip.key]))
    return clip


@pytest.fixture(scope="module")
def reader(folder: Path, clip: FakeClip) -> Reader:
    reader = make_reader()
    target = io.BytesIO()
    sealer = Sealer(target, "pole-1-0001", {reader.keyid: reader.raw})
    sealer.write(clip.mp4)
    sealer.finish()
    (folder / "clip.sealed").write_bytes(target.getvalue())
    for name, each in (("reader", reader), ("stranger", make_reader())):
        pem = each.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (folder / f"{name}.key.pem").write_bytes(pem)
    return reader


def test_a_clip_is_proven_without_any_service(folder: Path, clip: FakeClip) -> None:
    told = run_vigie("clip", "verify", folder / "clip.mp4", "--device-keys", folder / "keys.json")
    assert told.returncode == 0, told.stderr
    assert "this is what pole-1 recorded, whole and unchanged" in told.stdout
    assert "2026-0042" in told.stdout
    told = run_vigie(
        "clip", "verify", folder / "clip.mp4", "--device-keys", folder / "keys.json", "--json"
    )
    record = json.loads(told.stdout)
    assert record["fragments"] == 3
    assert record["clock_error_ms"] == 12
    assert record["device_removed"] is None


def test_the_first_wrong_fragment_is_named_and_the_exit_code_says_damaged(
    folder: Path, clip: FakeClip
) -> None:
    altered = bytearray(clip.mp4)
    altered[len(clip.header) + 4_000] ^= 1
    (folder / "altered.mp4").write_bytes(altered)
    told = run_vigie(
        "clip", "verify", folder / "altered.mp4", "--device-keys", folder / "keys.json",
        "--manifest", folder / "clip.manifest.json",
    )  # fmt: skip
    assert told.returncode == 7
    assert "fragment 2 of 3 (seq 42, " in told.stderr
    assert "is not what the pole signed" in told.stderr
    assert told.stdout == ""


def test_a_clip_of_a_pole_that_the_list_does_not_name_is_refused(
    folder: Path, clip: FakeClip
) -> None:
    (folder / "others.json").write_text(write_keys([make_keys()[1]]))
    told = run_vigie("clip", "verify", folder / "clip.mp4", "--device-keys", folder / "others.json")
    assert told.returncode == 5
    assert "no known pole has signed this manifest" in told.stderr


@pytest.mark.parametrize("missing", ["nothing.mp4", "nothing.json"])
def test_a_file_that_is_not_there_is_named(folder: Path, clip: FakeClip, missing: str) -> None:
    mp4 = missing if missing.endswith("mp4") else "clip.mp4"
    keys = missing if missing.endswith("json") else "keys.json"
    told = run_vigie("clip", "verify", folder / mp4, "--device-keys", folder / keys)
    assert told.returncode == 4
    assert str(folder / "nothing") in told.stderr


def test_a_reader_opens_a_sealed_clip_and_it_is_the_one_that_was_sealed(
    folder: Path, clip: FakeClip, reader: Reader
) -> None:
    told = run_vigie(
        "clip", "open", folder / "clip.sealed", "--key", folder / "reader.key.pem",
        "--out", folder / "opened.mp4",
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert (folder / "opened.mp4").read_bytes() == clip.mp4


def test_a_stranger_opens_nothing_and_leaves_nothing(
    folder: Path, clip: FakeClip, reader: Reader
) -> None:
    told = run_vigie(
        "clip", "open", folder / "clip.sealed", "--key", folder / "stranger.key.pem",
        "--out", folder / "stolen.mp4",
    )  # fmt: skip
    assert told.returncode == 5
    assert "is not sealed to this key" in told.stderr
    assert not list(folder.glob("stolen*"))


def test_a_damaged_sealed_clip_leaves_nothing_half_written(
    folder: Path, clip: FakeClip, reader: Reader
) -> None:
    sealed = bytearray((folder / "clip.sealed").read_bytes())
    sealed[-1] ^= 1
    (folder / "damaged.sealed").write_bytes(sealed)
    told = run_vigie("clip", "open", folder / "damaged.sealed", "--key", folder / "reader.key.pem")
    assert told.returncode == 7
    assert "chunk 0 of the sealed clip is damaged" in told.stderr
    assert not list(folder.glob("damaged.mp4*"))


def test_a_key_that_is_none_is_refused(folder: Path, clip: FakeClip, reader: Reader) -> None:
    told = run_vigie("clip", "open", folder / "clip.sealed", "--key", folder / "keys.json")
    assert told.returncode == 3
    assert "no reader's private key" in told.stderr
