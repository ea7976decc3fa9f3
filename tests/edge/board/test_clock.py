"""The clock before any session: whose word counts, what no word can undo, what is remembered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from collector.listeners import make_server
from collector.timekeeping import Timekeeping
from collector.trusted import Trusted
from edge.board.clock import BoardClock, keep_clock
from edge.board.floor import apply_told, persist_floor, raise_to_floor, read_floor
from edge.board.machine import Settings
from edge.board.told_time import Asked, ToldTime, ask_time
from edge.board.trouble import BoardError, Trouble
from edge.clock import SystemClock
from edge.enrolment.channel import Credentials, make_channel, wait_ready
from edge.mandate.keys import make_signing_key
from edge.mandate.trust import Trust, write_trust
from edge.wire.v1 import time_pb2_grpc
from tests.collector.conftest import Running
from tests.edge.board.pole import BUILT_NS, SETTINGS, Pole, enrolled
from tests.fakes.authority import Authority, Pair
from tests.fakes.mandates import synchronised

OURS = Authority()
CLOCK = SystemClock()
DAY_NS = 86_400 * 10**9


class EndsOncePersisted(BoardClock):
    """Is told to end as soon as it has written the time down."""

    def __init__(self, pole: Pole, told: asyncio.Event) -> None:
        super().__init__(pole.board.machine, SETTINGS, pole.clock)
        object.__setattr__(self, "_told", told)

    def persist(self) -> None:
        super().persist()
        self._told.set()  # type: ignore[attr-defined]  # set above, past the frozen fields


@asynccontextmanager
async def collector_with(
    pair: Pair, folder: Path, *, is_named: bool = True
) -> AsyncIterator[Asked]:
    """Only the time's service, behind any certificate; is_named: its key is the trust file's."""
    trusted = Trusted(folder, CLOCK, synchronised)
    key = trusted.clip_key if is_named else make_signing_key("another")
    trust = Trust("city", 1, (make_signing_key("head").public,), clip_key=key.public)
    if is_named:
        trusted.take(write_trust(trust).decode())
    else:
        trusted.trust, trusted._text = trust, write_trust(trust)
    server = make_server()
    time_pb2_grpc.add_TimeServiceServicer_to_server(Timekeeping(trusted), server)
    secure = grpc.ssl_server_credentials([(pair.key_pem, pair.certificate_pem)])
    port = server.add_secure_port("127.0.0.1:0", secure)
    await server.start()
    try:
        yield Asked(f"127.0.0.1:{port}", OURS.ca_pem.decode(), "yard", trust.fingerprint)
    finally:
        await server.stop(None)


async def refusal(asked: Asked) -> Trouble:
    with pytest.raises(BoardError) as refused:
        await ask_time(asked, CLOCK)
    return refused.value.trouble


@pytest.mark.parametrize("from_day", [-400, 400])
async def test_the_time_comes_through_a_certificate_of_any_date(
    tmp_path: Path, from_day: int
) -> None:
    pair = OURS.make_server(from_day=from_day)
    async with collector_with(pair, tmp_path) as asked:
        async with make_channel(asked.collector, Credentials(OURS.ca_pem)) as dated:
            assert not await wait_ready(dated)
        told = await ask_time(asked, CLOCK)
    assert abs(told.utc_ns - CLOCK.utc_ns()) < 60 * 10**9
    assert told.error_ns > 0


async def test_another_ca_another_name_and_another_signer_are_refused(tmp_path: Path) -> None:
    async with collector_with(Authority("another").make_server(), tmp_path / "a") as asked:
        assert await refusal(asked) is Trouble.WRONG_AUTHORITY
    async with collector_with(OURS.make_server("control.example"), tmp_path / "b") as asked:
        assert await refusal(asked) is Trouble.WRONG_AUTHORITY
    async with collector_with(OURS.make_server(), tmp_path / "c", is_named=False) as asked:
        assert await refusal(asked) is Trouble.BAD_CLOCK
        other = replace(asked, authority_fingerprint="0" * 64)
        assert await refusal(other) is Trouble.WRONG_TRUST
    assert await refusal(asked) is Trouble.NO_NETWORK


def test_the_floor_is_the_latest_of_build_signature_and_memory(pole: Pole) -> None:
    (pole.board.root / "state").mkdir()
    assert read_floor(pole.places, SETTINGS) == BUILT_NS
    assert read_floor(pole.places, SETTINGS, signed_ns=BUILT_NS + 1) == BUILT_NS + 1
    persist_floor(pole.places, BUILT_NS + 2)
    assert read_floor(pole.places, SETTINGS, signed_ns=BUILT_NS + 1) == BUILT_NS + 2
    pole.places.clock_floor.write_text("nonsense")
    assert read_floor(pole.places, SETTINGS) == BUILT_NS


def test_a_clock_below_the_floor_is_raised_and_never_told_below_it(pole: Pole) -> None:
    floor_ns = CLOCK.utc_ns()
    assert raise_to_floor(pole.board.machine, pole.clock, floor_ns)
    assert abs(pole.clock.utc_ns() - floor_ns) < 10**9
    assert not raise_to_floor(pole.board.machine, pole.clock, floor_ns)
    told = ToldTime(floor_ns - DAY_NS, CLOCK.monotonic_ns(), 10**9, "")
    with pytest.raises(BoardError, match="before one that is past already") as refused:
        apply_told(pole.board.machine, pole.clock, told, floor_ns)
    assert refused.value.trouble is Trouble.BAD_CLOCK
    assert pole.clock.utc_ns() >= floor_ns


async def test_the_proven_time_is_the_floor_of_the_next_start(
    collector: Running, pole: Pole
) -> None:
    await enrolled(collector, pole)
    pole.places.clock_floor.unlink()
    pole.power_on()
    told = asyncio.Event()
    await keep_clock(EndsOncePersisted(pole, told), told)
    assert abs(pole.clock.offset_ns) < 60 * 10**9
    # A clock that starts in 1970 stands at what was proven, before anybody is asked.
    pole.clock.set(0)
    pole.power_on()
    assert abs(pole.clock.offset_ns) < 60 * 10**9


async def test_a_pole_that_was_told_to_end_before_it_was_answered_ends(pole: Pole) -> None:
    (pole.board.root / "state").mkdir()
    told = asyncio.Event()
    told.set()
    board = BoardClock(pole.board.machine, Settings("b", "none", BUILT_NS), pole.clock)
    await keep_clock(board, told)
    assert not pole.places.clock_floor.exists()
