"""From a flashed card to an enrolled pole with its data open; cut anywhere, refused by name."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.board.attempts import as_board_error, get_delay_seconds, tell
from edge.board.card import VISIT
from edge.board.settled import read_settled
from edge.board.trouble import Trouble
from edge.errors import VigieError
from edge.mandate.keys import make_signing_key
from edge.provision.keys import write_public
from edge.provision.network import Wifi
from edge.provision.places import VISIT_ON_CARD, technician_key_path
from edge.provision.statement import Provisioning
from edge.wire.v1 import operator_pb2
from tests.collector.conftest import Running, run_collector
from tests.edge.board.pole import SECRET, Pole, enrolled, statement_for
from tests.fakes.authority import Authority
from tests.fakes.board_programs import Cut, FakeBoard
from tests.fakes.provisioning import signed, tampered

Change = Callable[[Provisioning], Provisioning]


async def fail(attempt: Awaitable[None]) -> Trouble:
    with pytest.raises((VigieError, OSError)) as refused:
        await attempt
    assert isinstance(refused.value, VigieError | OSError)
    return as_board_error(refused.value).trouble


async def test_a_flashed_card_becomes_an_enrolled_pole(collector: Running, pole: Pole) -> None:
    stated = await enrolled(collector, pole)
    root = pole.board.root
    assert not pole.file.exists()
    assert pole.identity.read_identity().device == "north-gate"
    assert (root / "var/lib/vigie/pole/device").read_text() == "north-gate\n"
    assert (root / "var/lib/vigie/pole/trust.json").read_text() == (
        collector.core.services.trusted.text
    )
    assert (root / "var/lib/vigie/pole/vault/evidence.pem").exists()
    assert (root / "state/site.toml").read_text() == stated.site
    assert (root / "etc/hostname").read_text() == "north-gate\n"
    assert abs(pole.clock.offset_ns) < 60 * 10**9
    keys = await collector.core.services.devices.list_evidence_keys("north-gate")
    assert len(keys) == 1


async def test_the_technicians_key_is_where_a_visit_looks_for_it_and_goes_with_its_file(
    collector: Running, pole: Pole
) -> None:
    key = make_signing_key("technician").public
    first = replace(await statement_for(collector), technician_key=key.raw)
    pole.put_file(signed(first))
    pole.power_on()
    await pole.boot_once()
    assert technician_key_path(pole.places.pole).read_bytes() == write_public(key)
    pole.power_on()
    await pole.boot_once()
    await pole.unlock()
    assert technician_key_path(pole.places.pole).read_bytes() == write_public(key)
    pole.put_file(signed(await statement_for(collector)))
    pole.power_on()
    await pole.boot_once()
    await pole.unlock()
    assert not technician_key_path(pole.places.pole).exists()


async def test_a_start_takes_a_visits_token_along_and_leaves_it_on_the_card(
    collector: Running, pole: Pole
) -> None:
    stated = await statement_for(collector)
    token = pole.board.sel / VISIT_ON_CARD
    pole.put_file(signed(stated))
    token.write_bytes(b"a token")
    pole.power_on()
    await pole.boot_once()
    brought = pole.board.machine.at(VISIT)
    assert brought.read_bytes() == b"a token"
    assert brought.stat().st_mode & 0o777 == 0o600
    assert token.exists()
    token.unlink()
    pole.power_on()
    assert not brought.exists()


async def test_the_token_is_gone_and_the_secret_was_never_written(
    collector: Running, pole: Pole
) -> None:
    stated = await enrolled(collector, pole)
    for mark in (stated.token.encode(), SECRET):
        assert find_on_card(pole, mark) == []


def find_on_card(pole: Pole, mark: bytes) -> list[str]:
    files = [path for path in pole.board.card.rglob("*") if path.is_file()]
    return [path.name for path in files if mark in path.read_bytes()]


async def test_an_enrolled_pole_opens_its_data_at_each_cold_start(
    collector: Running, pole: Pole
) -> None:
    await enrolled(collector, pole)
    (pole.board.root / "var/lib/vigie/pole/event").write_text("kept")
    pole.power_on()
    assert (pole.board.root / "etc/hostname").read_text() == "north-gate\n"
    await pole.boot_once()
    await pole.unlock()
    assert (pole.board.root / "var/lib/vigie/pole/event").read_text() == "kept"
    assert pole.board.mount_of("/var/lib/vigie/pole/identity")


async def test_a_revoked_pole_opens_nothing(collector: Running, pole: Pole) -> None:
    await enrolled(collector, pole)
    await collector.operator.RevokeDevice(
        operator_pb2.RevokeDeviceRequest(device="north-gate", reason="stolen")
    )
    pole.power_on()
    assert await fail(pole.unlock()) is Trouble.REFUSED
    assert not pole.board.mount_of("/var/lib/vigie")


async def test_a_pole_that_returns_after_revocation_begins_with_empty_data(
    collector: Running, pole: Pole
) -> None:
    await enrolled(collector, pole)
    (pole.board.root / "var/lib/vigie/pole/event").write_text("of before")
    await collector.operator.RevokeDevice(
        operator_pb2.RevokeDeviceRequest(device="north-gate", reason="stolen")
    )
    await enrolled(collector, pole)
    assert not (pole.board.root / "var/lib/vigie/pole/event").exists()
    pole.power_on()
    await pole.unlock()


async def test_a_full_partition_opens_because_nothing_has_to_be_written(
    collector: Running, pole: Pole
) -> None:
    await enrolled(collector, pole)
    names = [pole.board.root / "var/lib/vigie/pole" / name for name in ("device", "trust.json")]
    before = [path.stat().st_ino for path in names]
    pole.power_on()
    await pole.unlock()
    assert [path.stat().st_ino for path in names] == before


async def test_data_that_was_lost_is_made_anew_with_what_state_kept(
    collector: Running, pole: Pole
) -> None:
    await enrolled(collector, pole)
    pole.board.write_partition("data", b"nothing that a header describes")
    pole.power_on()
    await pole.unlock()
    assert (pole.board.root / "var/lib/vigie/pole/device").read_text() == "north-gate\n"
    assert (pole.board.root / "var/lib/vigie/pole/trust.json").exists()


async def test_a_cut_before_any_program_of_the_first_boot_is_made_up_for(tmp_path: Path) -> None:
    async with run_collector(tmp_path / "collector") as collector:
        programs = 0
        while await _is_cut(collector, Pole(FakeBoard(tmp_path / f"pole-{programs}")), programs):
            programs += 1
    assert programs > 20


async def _is_cut(collector: Running, pole: Pole, programs: int) -> bool:
    """One first boot that is cut before that program, and the start after it."""
    stated = await statement_for(collector, f"pole-{programs}")
    pole.put_file(signed(stated))
    pole.board.cut_after = programs
    is_cut = True
    with suppress(Cut):
        pole.power_on()
        await pole.boot_once()
        is_cut = False
    pole.board.cut_after = None
    pole.power_on()
    await pole.boot_once()
    await pole.unlock()
    assert not pole.file.exists()
    assert pole.identity.read_identity().device == stated.device
    assert find_on_card(pole, stated.token.encode()) == []
    return is_cut


NOW = datetime.now(UTC).replace(microsecond=0)
REFUSED: dict[str, tuple[Change, Trouble]] = {
    "another board": (lambda it: replace(it, board="rpi"), Trouble.WRONG_BOARD),
    "a file that is over": (
        lambda it: replace(it, made=NOW - timedelta(days=9), expires=NOW - timedelta(days=2)),
        Trouble.EXPIRED,
    ),
    "another token": (lambda it: replace(it, token="a" * 32), Trouble.REFUSED),
    "another collector's CA": (
        lambda it: replace(it, ca_pem=Authority("another").ca_pem.decode()),
        Trouble.WRONG_AUTHORITY,
    ),
    "another trust file": (
        lambda it: replace(it, authority_fingerprint="0" * 64),
        Trouble.WRONG_TRUST,
    ),
    "nobody there": (lambda it: replace(it, collector="127.0.0.1:9"), Trouble.NO_NETWORK),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_file_that_does_not_fit_is_refused_by_name(
    collector: Running, pole: Pole, name: str
) -> None:
    change, trouble = REFUSED[name]
    pole.put_file(signed(change(await statement_for(collector))))
    pole.power_on()
    assert await fail(pole.boot_once()) is trouble
    assert pole.file.exists()
    assert read_settled(pole.places) is None
    # And never a brick: the right file is taken at the next attempt.
    pole.put_file(signed(await statement_for(collector)))
    pole.power_on()
    await pole.boot_once()
    assert not pole.file.exists()


async def test_a_used_token_and_an_edited_file_and_none_are_named(
    collector: Running, pole: Pole, tmp_path: Path
) -> None:
    pole.power_on()
    assert await fail(pole.boot_once()) is Trouble.NO_PROVISIONING
    stated = await enrolled(collector, pole)
    copied = Pole(FakeBoard(tmp_path / "copied"))
    copied.put_file(signed(stated))
    copied.power_on()
    assert await fail(copied.boot_once()) is Trouble.REFUSED
    copied.put_file(tampered(signed(stated), {"north-gate": "south-gate"}))
    assert await fail(copied.boot_once()) is Trouble.NOT_SIGNED


async def test_an_enrolled_pole_keeps_what_it_has_when_a_new_file_is_no_good(
    collector: Running, pole: Pole
) -> None:
    await enrolled(collector, pole)
    pole.put_file(signed(replace(await statement_for(collector), board="rpi")))
    pole.power_on()
    await pole.boot_once()
    await pole.unlock()
    assert pole.report.startswith("wrong_board\n")
    assert pole.identity.read_identity().device == "north-gate"


async def test_a_card_in_another_board_waits_for_a_signed_file(
    collector: Running, pole: Pole
) -> None:
    await enrolled(collector, pole)
    pole.board.write_partition("state", b"luks another-boards-key")
    with pytest.raises(VigieError) as refused:
        pole.power_on()
    assert as_board_error(refused.value).trouble is Trouble.STATE_LOCKED
    pole.put_file(signed(await statement_for(collector)))
    pole.power_on()
    await pole.boot_once()
    assert not pole.file.exists()


async def test_the_network_of_the_file_is_used_before_anything_is_asked(
    collector: Running, pole: Pole
) -> None:
    radio = Wifi("yard", "a passphrase", "FR")
    pole.put_file(signed(replace(await statement_for(collector), network=radio)))
    pole.power_on()
    folder = pole.board.root / "etc/NetworkManager/system-connections"
    written = folder / "vigie.nmconnection"
    assert "psk=a passphrase\n" in written.read_text()
    assert written.stat().st_mode & 0o777 == 0o600
    await pole.boot_once()
    pole.power_on()
    assert "psk=a passphrase\n" in written.read_text()
    assert find_on_card(pole, b"a passphrase") == ["settled.json"]


async def test_what_an_earlier_start_reported_goes_when_all_is_well(
    collector: Running, pole: Pole
) -> None:
    await enrolled(collector, pole)
    tell(pole.board.machine, as_board_error(OSError(110, "Connection timed out")))
    pole.power_on()
    await pole.boot_once()
    assert pole.report == ""


async def test_a_start_with_nothing_to_remove_writes_nothing(
    collector: Running, pole: Pole
) -> None:
    await enrolled(collector, pole)
    pole.power_on()
    pole.board.started.clear()
    await pole.boot_once()
    mounts = [words for words in pole.board.started if words[0] == "mount"]
    assert mounts
    assert not [words for words in mounts if words[words.index("-o") + 1].startswith("rw")]


def test_what_is_wrong_stands_on_the_card_and_in_the_light(pole: Pole) -> None:
    error = as_board_error(OSError(28, "No space left on device", "/state/x"))
    tell(pole.board.machine, error)
    assert pole.report == "storage\n\nNo space left on device (/state/x)\n\n"
    led = pole.board.root / "sys/class/leds/ACT"
    assert (led / "delay_on").read_text() == "80"


def test_a_line_that_is_down_is_tried_soon_and_a_refusal_slowly() -> None:
    waits = [get_delay_seconds(Trouble.NO_NETWORK, failures) for failures in (0, 1, 2, 9, 99)]
    assert waits == [2.0, 4.0, 8.0, 60.0, 60.0]
    assert get_delay_seconds(Trouble.REFUSED, 0) == 300.0
