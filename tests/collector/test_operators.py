"""What the control room's command line asks, over real mutual TLS."""

import asyncio

import grpc
import pytest

from collector.store import VerdictCount
from edge.enrolment.channel import Credentials
from edge.wire.v1 import event_pb2, operator_pb2, operator_pb2_grpc
from tests.collector.conftest import (
    SECONDS,
    Running,
    Stream,
    make_batch,
    make_dictionary,
    make_event,
    numbers,
)

CONFIRMED, REJECTED = operator_pb2.VERDICT_CONFIRMED, operator_pb2.VERDICT_REJECTED
WITHDRAWN, UNSURE = operator_pb2.VERDICT_WITHDRAWN, operator_pb2.VERDICT_UNSURE


@pytest.fixture
async def stream(collector: Running) -> Stream:
    """A stream with a dictionary and ten stored events."""
    stream, _ = await collector.open_stream(await collector.enrol())
    await stream.say(make_dictionary())
    await stream.say(make_batch(1, 10))
    await stream.hear_ack(10)
    return stream


async def review(
    collector: Running, number: int, verdict: int, note: str = ""
) -> operator_pb2.Review:
    request = operator_pb2.ReviewEventRequest(
        number=number, verdict=operator_pb2.Verdict.ValueType(verdict), note=note
    )
    return (await collector.operator.ReviewEvent(request)).review


async def listed(collector: Running, **asked: object) -> list[int]:
    request = operator_pb2.ListEventsRequest(**asked)  # type: ignore[arg-type]
    return numbers((await collector.operator.ListEvents(request)).events)


@pytest.mark.usefixtures("stream")
async def test_pages_follow_each_other_in_both_directions(collector: Running) -> None:
    assert await listed(collector, limit=4) == [1, 2, 3, 4]
    assert await listed(collector, limit=4, after_number=8) == [9, 10]
    assert await listed(collector, limit=3, newest_first=True) == [10, 9, 8]
    assert await listed(collector, limit=3, newest_first=True, after_number=8) == [7, 6, 5]


@pytest.mark.usefixtures("stream")
async def test_events_are_found_by_device_and_function(collector: Running) -> None:
    assert await listed(collector, device="south-gate") == []
    assert len(await listed(collector, device="north-gate")) == 10
    assert len(await listed(collector, function=event_pb2.FUNCTION_INTRUSION)) == 10
    assert await listed(collector, function=event_pb2.FUNCTION_FIGHT) == []


async def test_the_tail_gives_old_and_new_events_once_each_in_order(
    collector: Running, stream: Stream
) -> None:
    tail = collector.operator.TailEvents(operator_pb2.TailEventsRequest(after_number=7))
    seen: list[int] = []
    async with asyncio.timeout(SECONDS):
        async for response in tail:
            seen.append(response.event.number)
            if len(seen) == 3:
                await stream.say(make_batch(11, 250))
            if len(seen) == 253:
                break
    tail.cancel()
    assert seen == list(range(8, 261))


async def test_a_review_stands_until_the_next_and_none_is_lost(
    collector: Running, stream: Stream
) -> None:
    await review(collector, 3, CONFIRMED, "a cat")
    await review(collector, 3, REJECTED)
    await review(collector, 3, WITHDRAWN)
    await review(collector, 3, UNSURE, "dark")
    answer = await collector.operator.GetEvent(operator_pb2.GetEventRequest(number=3))
    assert [(r.verdict, r.note, r.reviewer) for r in answer.reviews] == [
        (CONFIRMED, "a cat", "operator:local"),
        (REJECTED, "", "operator:local"),
        (WITHDRAWN, "", "operator:local"),
        (UNSURE, "dark", "operator:local"),
    ]
    assert answer.event.review.verdict == UNSURE


@pytest.mark.usefixtures("stream")
async def test_a_withdrawn_review_is_shown_as_none(collector: Running) -> None:
    await review(collector, 2, CONFIRMED)
    await review(collector, 2, WITHDRAWN)
    answer = await collector.operator.GetEvent(operator_pb2.GetEventRequest(number=2))
    assert not answer.event.HasField("review")
    assert len(answer.reviews) == 2


@pytest.mark.usefixtures("stream")
async def test_verdicts_are_counted_by_rule_and_camera(collector: Running) -> None:
    for number, verdict in ((1, CONFIRMED), (2, CONFIRMED), (3, REJECTED), (4, UNSURE)):
        await review(collector, number, verdict)
    await review(collector, 5, CONFIRMED)
    await review(collector, 5, WITHDRAWN)
    counts = await collector.core.services.reader.count_verdicts()
    intrusion = event_pb2.FUNCTION_INTRUSION
    assert counts == [VerdictCount("north-gate", "north", "night-yard", intrusion, 2, 1, 1)]


REFUSED_REVIEWS: dict[str, tuple[int, int, str, str]] = {
    "no such event": (
        99,
        CONFIRMED,
        "",
        "there is no event 99. Run 'vigie events list' to see the numbers.",
    ),
    "an unknown verdict": (
        1,
        9,
        "",
        "verdict 9 is not known. Say one of: confirm, reject, unsure, withdraw.",
    ),
    "nothing to withdraw": (
        1,
        WITHDRAWN,
        "",
        "event 1 has no review to withdraw. Run 'vigie events show 1' to see its reviews.",
    ),
    "a long note": (
        1,
        CONFIRMED,
        "x" * 1025,
        "the request is refused: ReviewEventRequest.note is 1025 bytes, over 1024",
    ),
}


@pytest.mark.usefixtures("stream")
@pytest.mark.parametrize("case", REFUSED_REVIEWS.values(), ids=REFUSED_REVIEWS.keys())
async def test_a_wrong_review_is_refused_in_words(
    collector: Running, case: tuple[int, int, str, str]
) -> None:
    number, verdict, note, reason = case
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await review(collector, number, verdict, note)
    assert refused.value.details() == reason


async def test_the_events_of_an_incident_are_found_together(
    collector: Running, stream: Stream
) -> None:
    batch = make_batch(11, 2)
    update, end = make_event(phase=event_pb2.PHASE_UPDATE), make_event(phase=event_pb2.PHASE_END)
    update.start_back, end.start_back = 3, 4
    del batch.events[:]
    batch.events.extend([update, end])
    await stream.say(batch)
    await stream.hear_ack(12)
    reader = collector.core.services.reader
    assert numbers(await reader.list_incident(12)) == [8, 11, 12]
    assert numbers(await reader.list_incident(8)) == [8, 11, 12]
    assert numbers(await reader.list_incident(99)) == []


async def test_a_device_cannot_ask_as_an_operator(collector: Running) -> None:
    credentials: Credentials = await collector.enrol()
    stub = operator_pb2_grpc.OperatorServiceStub(collector.channel(credentials))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.ListEvents(operator_pb2.ListEventsRequest())
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_a_damaged_event_is_named_and_never_shown(collector: Running, stream: Stream) -> None:
    def damage(connection: object) -> None:
        connection.execute(  # type: ignore[attr-defined]
            "UPDATE events SET body = CAST(substr(body, 1, length(body) - 1) || 'Q' AS BLOB) "
            "WHERE number = 4"
        )

    await collector.core.writer.submit(damage)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await collector.operator.GetEvent(operator_pb2.GetEventRequest(number=4))
    assert refused.value.code() is grpc.StatusCode.DATA_LOSS
    assert refused.value.details() == (
        "event 4 is damaged: its bytes do not match their checksum. "
        "Check the disk, and restore the newest copy of the collector's database."
    )
