"""FetchBundle over the real port: cuts anywhere, only who was offered it, and events come first."""

import asyncio
import random
import statistics
import time

import grpc
import pytest

from collector.updates.fetching import MAX_FETCHES, MAX_PIECE_BYTES, Pace
from edge.wire.v1 import operator_pb2, rollout_pb2, update_pb2
from tests.collector.conftest import make_batch, make_dictionary
from tests.collector.updates.stage import PIECE_BYTES, Pole, UpdateStage, make_bundle

STATUS = grpc.StatusCode


@pytest.fixture
async def pole(stage: UpdateStage) -> Pole:
    """A pole that was offered the bundle, and has answered."""
    pole = await stage.connect("north")
    await stage.push()
    await stage.start("north")
    await stage.decide()
    await pole.hear_offer()
    await pole.is_heard()
    return pole


async def refusal(work: "asyncio.Future[bytes]") -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await work
    return refused.value.code()


async def test_a_bundle_cut_at_random_places_arrives_byte_for_byte(
    stage: UpdateStage, pole: Pole
) -> None:
    chance = random.Random(9)
    for _ in range(10):
        got = bytearray()
        while len(got) < len(stage.bundle):
            # Whatever lies on the pole's disk after a cut, and no more than that.
            got += await pole.fetch(stage.sha256, len(stage.bundle), len(got), chance.randint(1, 3))
            del got[chance.randint(max(0, len(got) - 70_000), len(got)) :]
            if chance.random() < 0.3:
                got += await pole.fetch(stage.sha256, len(stage.bundle), len(got))
        assert bytes(got) == stage.bundle
    (told,) = (await stage.read(1)).poles
    assert told.state == rollout_pb2.POLE_STATE_FETCHING
    assert told.received_bytes == len(stage.bundle)


async def test_nobody_fetches_what_was_offered_to_another(stage: UpdateStage, pole: Pole) -> None:
    other = await stage.connect("south")
    fetch = asyncio.ensure_future(other.fetch(stage.sha256, len(stage.bundle)))
    assert await refusal(fetch) is STATUS.NOT_FOUND
    unknown = asyncio.ensure_future(pole.fetch(bytes(32), 10))
    assert await refusal(unknown) is STATUS.NOT_FOUND


async def test_a_revoked_pole_fetches_nothing(stage: UpdateStage, pole: Pole) -> None:
    await stage.collector.operator.RevokeDevice(
        operator_pb2.RevokeDeviceRequest(device="north", reason="stolen")
    )
    fetch = asyncio.ensure_future(pole.fetch(stage.sha256, len(stage.bundle)))
    assert await refusal(fetch) is STATUS.PERMISSION_DENIED


async def test_a_halted_rollout_is_fetched_no_more(stage: UpdateStage, pole: Pole) -> None:
    await stage.desk.HaltRollout(rollout_pb2.HaltRolloutRequest(number=1))
    fetch = asyncio.ensure_future(pole.fetch(stage.sha256, len(stage.bundle)))
    assert await refusal(fetch) is STATUS.FAILED_PRECONDITION


async def test_outside_office_hours_a_pole_keeps_what_it_has_and_asks_again(
    stage: UpdateStage, pole: Pole
) -> None:
    weekday = time.gmtime().tm_wday
    await stage.collector.core.writer.submit(
        lambda connection: connection.execute(
            "UPDATE rollouts SET hours = ?", (f'[["{"sat" if weekday < 3 else "tue"}"], 0, 1]',)
        )
    )
    fetch = asyncio.ensure_future(pole.fetch(stage.sha256, len(stage.bundle)))
    assert await refusal(fetch) is STATUS.UNAVAILABLE


@pytest.mark.parametrize(("offset", "size"), [(0, 0), (0, 65_537), (10**9, 100)])
async def test_what_is_no_piece_is_refused(
    stage: UpdateStage, pole: Pole, offset: int, size: int
) -> None:
    call = pole.updates.FetchBundle()
    await call.write(
        update_pb2.FetchBundleRequest(
            bundle_sha256=stage.sha256, offset_bytes=offset, size_bytes=size
        )
    )
    assert await call.code() is STATUS.INVALID_ARGUMENT


async def test_a_newer_stream_of_a_pole_takes_the_place_of_the_older(
    stage: UpdateStage, pole: Pole
) -> None:
    """A pole knows that its line was cut before the collector does."""
    asked = update_pb2.FetchBundleRequest(bundle_sha256=stage.sha256, size_bytes=PIECE_BYTES)
    older = pole.updates.FetchBundle()
    await older.write(asked)
    await older.read()
    assert await pole.fetch(stage.sha256, len(stage.bundle)) == stage.bundle
    await older.write(asked)
    assert await older.code() is STATUS.UNAVAILABLE
    assert await pole.fetch(stage.sha256, len(stage.bundle)) == stage.bundle


def test_the_pace_of_all_together_is_bounded_and_turns_are_in_order() -> None:
    pace = Pace(1_000_000)
    waits = [pace.take(100_000, 10.0) for _ in range(5)]
    assert waits == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert pace.take(100_000, 20.0) == 0.0
    assert MAX_FETCHES * MAX_PIECE_BYTES <= 4 << 20, "memory of all pieces on their way"


async def test_events_are_acknowledged_while_poles_fetch(
    stage: UpdateStage, capsys: pytest.CaptureFixture[str]
) -> None:
    big = UpdateStage(stage.collector, make_bundle(6 << 20))
    poles = [await big.connect(f"pole-{number}") for number in range(6)]
    await big.push()
    await big.start()
    await big.decide()
    for each in poles:
        await each.hear_offer()
        await each.is_heard()
    north = await big.connect("north")
    await north.stream.say(make_dictionary())
    alone = [await _acknowledge(north, seq) for seq in range(1, 61)]
    fetches = [asyncio.ensure_future(each.fetch(big.sha256, len(big.bundle))) for each in poles]
    beside: list[float] = []
    while not all(each.done() for each in fetches):
        beside.append(await _acknowledge(north, 61 + len(beside)))
    assert all(each.result() == big.bundle for each in fetches)
    with capsys.disabled():
        print(
            f"\nan event's way to its ack: alone {statistics.median(alone) * 1e3:.1f} ms, beside "
            f"6 fetches {statistics.median(beside) * 1e3:.1f} ms (medians), "
            f"{max(beside) * 1e3:.0f} ms at most of {len(beside)}"
        )


async def _acknowledge(pole: Pole, seq: int) -> float:
    began = time.perf_counter()
    await pole.stream.say(make_batch(seq))
    await pole.stream.hear_ack(seq)
    return time.perf_counter() - began
