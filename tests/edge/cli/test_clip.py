"""`vigie clip verify` and `open`: offline, with files only."""

import io
import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from edge.evidence.device_keys import DeviceKey
from edge.evidence.key_list import KeyList, sign_list
from edge.evidence.sealed import Sealer
from edge.mandate.keys import SigningKey, make_signing_key
from edge.mandate.trust import write_trust
from tests.fakes.control_room import run_vigie
from tests.fakes.evidence import NOW_UTC_MS, FakeClip, Reader, make_clip, make_keys, make_reader
from tests.fakes.mandates import City

CITY = City()


def list_keys(
    path: Path, key: DeviceKey, *, made_utc_ms: int = NOW_UTC_MS, by: SigningKey = CITY.clip_key
) -> None:
    path.write_bytes(sign_list(KeyList(made_utc_ms, (key,)), by))


def verify(
    folder: Path, *more: str | Path, mp4: str = "clip.mp4", keys: str = "keys.json"
) -> subprocess.CompletedProcess[str]:
    return run_vigie(
        "clip", "verify", folder / mp4,
        "--device-keys", folder / keys,
        "--trust", folder / "trust.json",
        *more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clip")


@pytest.fixture(scope="module")
def clip(folder: Path) -> FakeClip:
    clip = make_clip(4_000, 7_000, 3_000)
    (folder / "clip.mp4").write_bytes(clip.mp4)
    (folder / "clip.manifest.json").write_bytes(clip.envelope)
    list_keys(folder / "keys.json", clip.key)
    (folder / "trust.json").write_bytes(write_trust(CITY.trust))
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
    told = verify(folder)
    assert told.returncode == 0, told.stderr
    assert "this is what pole-1 recorded, whole and unchanged" in told.stdout
    assert "2026-0042" in told.stdout
    told = verify(folder, "--json")
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
    told = verify(folder, "--manifest", folder / "clip.manifest.json", mp4="altered.mp4")
    assert told.returncode == 7
    assert "fragment 2 of 3 (seq 42, " in told.stderr
    assert "is not what the pole signed" in told.stderr
    assert told.stdout == ""


def test_a_clip_of_a_pole_that_the_list_does_not_name_is_refused(
    folder: Path, clip: FakeClip
) -> None:
    list_keys(folder / "others.json", make_keys()[1])
    told = verify(folder, keys="others.json")
    assert told.returncode == 5
    assert "no known pole has signed this manifest" in told.stderr


def test_a_list_of_keys_that_the_trusted_collector_did_not_sign_is_refused(
    folder: Path, clip: FakeClip
) -> None:
    list_keys(folder / "forged.json", clip.key, by=make_signing_key("collector"))
    told = verify(folder, keys="forged.json")
    assert told.returncode == 5
    assert "is not signed by the clip key that the trust file names" in told.stderr
    assert "vigie collector device-keys" in told.stderr
    assert told.stdout == ""


def test_a_list_that_is_older_than_the_clip_is_refused(folder: Path, clip: FakeClip) -> None:
    list_keys(folder / "old.json", clip.key, made_utc_ms=NOW_UTC_MS - 3_600_000)
    told = verify(folder, keys="old.json")
    assert told.returncode == 5
    assert "is older than the clip" in told.stderr
    assert told.stdout == ""


@pytest.mark.parametrize("missing", ["nothing.mp4", "nothing.json"])
def test_a_file_that_is_not_there_is_named(folder: Path, clip: FakeClip, missing: str) -> None:
    mp4 = missing if missing.endswith("mp4") else "clip.mp4"
    keys = missing if missing.endswith("json") else "keys.json"
    told = verify(folder, mp4=mp4, keys=keys)
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
