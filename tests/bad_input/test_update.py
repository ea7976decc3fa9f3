"""Updates that are not what they should be: one closed reason, no slot touched, nothing left."""

import hashlib
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.link.bundle_stream import BundleStream
from edge.link.pace import Pace
from edge.update.boot import Record, Slot, Stage, get_next
from edge.update.floor import VersionFloor
from edge.update.pole_slots import STATE
from edge.update.slots import RecordFile
from edge.wire import update_talk as talk
from firmware.keys import make_keys
from tests.collector.conftest import run_collector
from tests.collector.updates.stage import UpdateStage
from tests.fakes.rauc import UpdatingPole, make_bundle, need_rauc


@pytest.fixture
def pole(tmp_path: Path, repository: Path) -> UpdatingPole:
    need_rauc()
    return UpdatingPole.make(tmp_path, repository)


def expect_refusal(pole: UpdatingPole, refusal: str) -> str:
    pole.installer.run()
    assert pole.told == ("refused", refusal)
    assert pole.find_leftovers() == []
    assert RecordFile(pole.root / STATE / "record.json").read() == Record(), "a slot was touched"
    assert pole.restarts == []
    report = talk.read_report(pole.data)
    assert report is not None
    assert report.message
    return report.message


def test_a_bundle_of_another_fleet_is_refused(pole: UpdatingPole, tmp_path: Path) -> None:
    other = tmp_path / "other-fleet"
    make_keys(other)
    pole.bring(make_bundle(tmp_path, other).read_bytes())
    said = expect_refusal(pole, "wrong_signature")
    assert "signature" in said.lower()


def test_a_bundle_for_another_board_is_refused(pole: UpdatingPole, tmp_path: Path) -> None:
    pole.bring(make_bundle(tmp_path, pole.keys, board="rpi").read_bytes())
    assert expect_refusal(pole, "wrong_board") == "the bundle is for vigie-rpi, this is qemu-amd64"


def test_an_older_version_is_refused(pole: UpdatingPole, tmp_path: Path) -> None:
    VersionFloor(pole.root / STATE, pole.data, (1, 0, 0, 0)).raise_to((3, 0, 0, 0))
    pole.bring(make_bundle(tmp_path, pole.keys).read_bytes())
    assert expect_refusal(pole, "older_version") == "the bundle is 2; the floor is 3.0"


def test_an_older_version_that_is_offered_as_a_newer_one_is_refused(
    pole: UpdatingPole, tmp_path: Path
) -> None:
    pole.bring(make_bundle(tmp_path, pole.keys, version="0.9").read_bytes(), version="9")
    expect_refusal(pole, "older_version")


def test_a_version_that_has_no_order_is_refused(pole: UpdatingPole, tmp_path: Path) -> None:
    pole.bring(make_bundle(tmp_path, pole.keys, version="2-beta").read_bytes(), version="2-beta")
    expect_refusal(pole, "older_version")


def test_another_version_than_the_one_offered_is_refused(
    pole: UpdatingPole, tmp_path: Path
) -> None:
    pole.bring(make_bundle(tmp_path, pole.keys, version="3").read_bytes(), version="2")
    expect_refusal(pole, "changed")


@pytest.mark.parametrize("missing", [1, 4_096, 20_000])
def test_a_truncated_bundle_is_refused(pole: UpdatingPole, tmp_path: Path, missing: int) -> None:
    bundle = make_bundle(tmp_path, pole.keys).read_bytes()
    pole.bring(bundle[:-missing], offered=bundle)
    expect_refusal(pole, "truncated")


def test_a_bundle_that_was_offered_truncated_is_refused(pole: UpdatingPole, tmp_path: Path) -> None:
    pole.bring(make_bundle(tmp_path, pole.keys).read_bytes()[:-700])
    expect_refusal(pole, "wrong_signature")


@pytest.mark.parametrize("place", [0, 5_000, -1])
def test_a_bundle_that_changed_while_it_came_is_refused(
    pole: UpdatingPole, tmp_path: Path, place: int
) -> None:
    bundle = make_bundle(tmp_path, pole.keys).read_bytes()
    changed = bytearray(bundle)
    changed[place] ^= 1
    pole.bring(bytes(changed), offered=bundle)
    expect_refusal(pole, "changed")


def test_a_longer_bundle_than_offered_is_refused(pole: UpdatingPole, tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path, pole.keys).read_bytes()
    pole.bring(bundle + b"\0", offered=bundle)
    expect_refusal(pole, "changed")


def test_a_bundle_that_somebody_still_writes_to_is_refused(
    pole: UpdatingPole, tmp_path: Path
) -> None:
    pole.bring(make_bundle(tmp_path, pole.keys).read_bytes())
    with talk.arrived_path(pole.data).open("r+b"):
        assert "still writes" in expect_refusal(pole, "changed")


def _as_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("/etc/passwd")


def _as_second_name(path: Path) -> None:
    os.link(path, path.with_name("held"))


def _as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("disguise", [_as_link, _as_second_name, _as_pipe])
def test_what_is_no_plain_file_of_its_own_is_refused(
    pole: UpdatingPole, tmp_path: Path, disguise: Callable[[Path], None]
) -> None:
    pole.bring(make_bundle(tmp_path, pole.keys).read_bytes())
    disguise(talk.arrived_path(pole.data))
    expect_refusal(pole, "changed")


@pytest.mark.parametrize("junk", [b"", b"\0" * 70_000, b"hsqs" + b"\xff" * 9_000])
def test_a_bundle_that_is_none_is_refused(pole: UpdatingPole, junk: bytes) -> None:
    pole.bring(junk, offered=junk or b"x")
    expect_refusal(pole, "wrong_signature" if junk else "truncated")


@pytest.mark.parametrize(
    "offer", [None, b"", b"{}", b"[" * 3_000, b'{"command": 1}', b"\xff\xfe", b"{" + b" " * 9_000]
)
def test_a_bundle_without_an_offer_that_can_be_read_is_removed(
    pole: UpdatingPole, tmp_path: Path, offer: bytes | None
) -> None:
    pole.bring(make_bundle(tmp_path, pole.keys).read_bytes())
    talk.offer_path(pole.data).unlink()
    if offer is not None:
        talk.offer_path(pole.data).write_bytes(offer)
    pole.installer.run()
    assert pole.told == ("nothing", None)
    assert pole.find_leftovers() == []
    assert pole.restarts == []


# What RAUC itself makes of a bundle, by its own programs and the fleet's authority.


def ask_rauc(keys: Path, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["rauc", f"--keyring={keys / 'update-ca.pem'}", *words],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    need_rauc()
    make_keys(tmp_path / "fleet")
    return tmp_path / "fleet"


def test_rauc_itself_takes_what_the_fleet_signed_and_nobody_elses(
    keys: Path, tmp_path: Path
) -> None:
    bundle = make_bundle(tmp_path, keys)
    assert ask_rauc(keys, "info", bundle).returncode == 0
    assert ask_rauc(keys, "extract", bundle, tmp_path / "out").returncode == 0
    other = tmp_path / "other-fleet"
    make_keys(other)
    refused = ask_rauc(other, "info", bundle)
    assert refused.returncode
    assert "signature verification failed" in refused.stderr


@pytest.mark.parametrize("missing", [1, 8, 700, 5_000, 20_000])
def test_rauc_itself_refuses_a_truncated_bundle(keys: Path, tmp_path: Path, missing: int) -> None:
    bundle = make_bundle(tmp_path, keys)
    os.truncate(bundle, bundle.stat().st_size - missing)
    assert ask_rauc(keys, "info", bundle).returncode


def alter(bundle: Path, place: int) -> bytes:
    """One bit of it, in place."""
    content = bytearray(bundle.read_bytes())
    content[place] ^= 1
    bundle.write_bytes(content)
    return bytes(content)


@pytest.mark.parametrize("place", [100, 9_000, 30_000])
def test_rauc_itself_reads_no_altered_payload_though_its_signature_holds(
    keys: Path, tmp_path: Path, place: int
) -> None:
    """The signature covers a hash tree: `info` checks the one, reading for a slot the other."""
    bundle = make_bundle(tmp_path, keys)
    alter(bundle, place)
    assert ask_rauc(keys, "info", bundle).returncode == 0
    refused = ask_rauc(keys, "extract", bundle, tmp_path / "out")
    assert refused.returncode
    assert "bundle payload is corrupted" in refused.stderr


def test_a_payload_altered_by_who_offers_it_never_starts(
    pole: UpdatingPole, tmp_path: Path
) -> None:
    """A collector in wrong hands offers the hash of what it altered: only RAUC can tell."""
    pole.bring(alter(make_bundle(tmp_path, pole.keys), 9_000))
    pole.installer.run()
    assert pole.told == ("refused", "slot_failed")
    report = talk.read_report(pole.data)
    assert report is not None
    assert "payload is corrupted" in report.message
    record = RecordFile(pole.root / STATE / "record.json").read()
    assert (record.stage, record.slot) == (Stage.WRITING, Slot.B), "begun, and never to be tried"
    assert (pole.restarts, pole.find_leftovers()) == ([], [])
    with pole.installer.open_slots() as slots:
        assert get_next(slots.read_record(), slots.read_primary()) is Slot.A


# The same through a real collector.


@pytest.fixture
async def stage(tmp_path: Path, pole: UpdatingPole) -> AsyncIterator[UpdateStage]:
    """A collector that offers a signed bundle of this pole's fleet."""
    bundle = make_bundle(tmp_path, pole.keys, image_bytes=200_000).read_bytes()
    async with run_collector(tmp_path / "collector") as running:
        yield UpdateStage(running, bundle)


async def fetch(stage: UpdateStage, pole: UpdatingPole, *, altered_at: int | None) -> None:
    """As the link fetches; after two pieces one bit changes where the collector keeps it."""
    connected = await stage.connect("north")
    await stage.push()
    await stage.start("north")
    await stage.decide()
    await connected.hear_offer()
    await connected.is_heard()
    offer = talk.Offer(
        9, "2", "qemu-amd64", hashlib.sha256(stage.bundle).hexdigest(), len(stage.bundle)
    )
    part = talk.part_path(pole.data)
    part.write_bytes(await connected.fetch(stage.sha256, len(stage.bundle), pieces=2))
    if altered_at is not None:
        (kept,) = stage.collector.data.rglob("*.raucb")
        alter(kept, altered_at)
    clock = SystemClock()
    call = connected.updates.FetchBundle()
    stream = BundleStream(call, offer, Pace(10**9, clock.monotonic_ns()), clock)
    await stream.fetch(part, part.stat().st_size)
    pole.bring(part.read_bytes(), offered=stage.bundle)
    part.unlink()


async def test_a_bundle_that_changes_while_it_streams_writes_to_no_slot(
    pole: UpdatingPole, stage: UpdateStage
) -> None:
    await fetch(stage, pole, altered_at=250_000)
    expect_refusal(pole, "changed")
    assert not (pole.root / "written").exists(), "RAUC was asked to install it"


async def test_the_same_bundle_unchanged_is_installed(
    pole: UpdatingPole, stage: UpdateStage
) -> None:
    await fetch(stage, pole, altered_at=None)
    pole.installer.run()
    assert pole.told == ("restarting", None)
    assert pole.restarts == ["now"]
    assert (pole.root / "written").exists()
