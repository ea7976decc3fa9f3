"""The road of a clip at the collector: asked, signed, carried, checked, opened, held, expired."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
import pytest

from collector.clips.asker import Asker
from collector.clips.limits import DAY_MS
from collector.rights import Role
from edge.errors import Kind, VigieError
from edge.wire.v1 import clip_pb2, operator_pb2, session_pb2
from tests.collector.clips_stage import (
    REASON,
    ClipsStage,
    connect_pole,
    now_utc_ms,
    set_stage,
    stage_mandate,
)
from tests.collector.conftest import SECONDS, Running, make_batch
from tests.fakes.mandates import CAMERA, DEVICE

SUPERVISOR = Asker("account:sue", Role.SUPERVISOR)


@pytest.fixture
async def stage(collector: Running) -> ClipsStage:
    return await set_stage(collector)


async def refusal(call: Awaitable[object]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code(), str(refused.value.details()).splitlines()[0]


async def look(stage: ClipsStage, clip: str) -> clip_pb2.Clip:
    answer = await stage.desk.ListClips(clip_pb2.ListClipsRequest(clip=clip))
    return answer.clips[0]


async def wait_for_state(
    stage: ClipsStage, clip: str, state: clip_pb2.ClipState.ValueType
) -> clip_pb2.Clip:
    async with asyncio.timeout(SECONDS):
        found = await look(stage, clip)
        while found.state != state:
            found = await look(stage, clip)
    return found


async def audit_actions(stage: ClipsStage) -> list[str]:
    lines = await stage.collector.core.services.audit.list_lines(0, 1000)
    return [line.action for line in lines]


async def bring(stage: ClipsStage) -> tuple[str, bytes]:
    """Ask for a clip and let the pole deliver it; its name and sealed bytes."""
    asked = (await stage.desk.AskClip(stage.ask())).clip
    sealed = stage.seal(await stage.pole.hear_command())
    await stage.pole.clips.OfferClip(sealed.offer)
    await stage.pole.upload(sealed.chunks())
    return asked.clip, sealed.content


async def test_a_clip_goes_the_whole_way(stage: ClipsStage) -> None:
    asked = (await stage.desk.AskClip(stage.ask())).clip
    assert asked.state == clip_pb2.CLIP_STATE_REQUESTED
    command = await stage.pole.hear_command()
    request = stage.read_request(command)
    assert (request.device, request.camera, request.reason) == (DEVICE, CAMERA, REASON)
    assert request.readers == (stage.reader.keyid,)
    await stage.pole.answer(command, session_pb2.ANSWER_CODE_DONE, "")
    sealed = stage.seal(command)
    assert (await stage.pole.clips.OfferClip(sealed.offer)).stored_bytes == 0
    assert await stage.pole.upload(sealed.chunks()) == len(sealed.content)
    ready = await look(stage, asked.clip)
    assert ready.state == clip_pb2.CLIP_STATE_READY
    assert ready.is_bench
    assert ready.manifest == sealed.manifest
    fetched = [part.sealed async for part in stage.desk.FetchClip(
        clip_pb2.FetchClipRequest(clip=asked.clip))]  # fmt: skip
    assert b"".join(fetched) == sealed.content


async def test_the_audit_has_a_line_before_each_step(stage: ClipsStage) -> None:
    clip, _ = await bring(stage)
    async for _ in stage.desk.FetchClip(clip_pb2.FetchClipRequest(clip=clip)):
        pass
    actions = [each for each in await audit_actions(stage) if "clip" in each]
    assert actions == ["request clip", "deliver clip", "open clip"]


async def test_an_upload_goes_on_where_it_was_cut(stage: ClipsStage) -> None:
    await stage.desk.AskClip(stage.ask())
    sealed = stage.seal(await stage.pole.hear_command())
    await stage.pole.clips.OfferClip(sealed.offer)
    chunks = [chunk async for chunk in sealed.chunks()]
    for cut in range(1, len(chunks)):
        stored_bytes = await stage.pole.upload(one_by_one(chunks[cut - 1 : cut]))
        offered = await stage.pole.clips.OfferClip(sealed.offer)
        assert offered.stored_bytes == stored_bytes == chunks[cut].offset_bytes
    assert await stage.pole.upload(one_by_one(chunks[-2:])) == len(sealed.content)
    assert (await look(stage, sealed.clip)).state == clip_pb2.CLIP_STATE_READY


@pytest.mark.parametrize("ending", [".part", ".sealed"])
async def test_a_collector_cut_off_between_the_last_chunk_and_its_check_makes_up_for_it(
    stage: ClipsStage, ending: str
) -> None:
    """The pole lets go of a clip that it hears is whole: so it has to be."""
    await stage.desk.AskClip(stage.ask())
    sealed = stage.seal(await stage.pole.hear_command())
    assert (await stage.pole.clips.OfferClip(sealed.offer)).stored_bytes == 0
    left = stage.collector.data / "clips" / f"{sealed.clip}{ending}"
    left.write_bytes(sealed.content)
    offered = await stage.pole.clips.OfferClip(sealed.offer)
    assert offered.stored_bytes == len(sealed.content)
    assert (await look(stage, sealed.clip)).state == clip_pb2.CLIP_STATE_READY


async def test_what_a_power_cut_left_of_it_wrong_is_sent_again(stage: ClipsStage) -> None:
    await stage.desk.AskClip(stage.ask())
    sealed = stage.seal(await stage.pole.hear_command())
    await stage.pole.clips.OfferClip(sealed.offer)
    left = stage.collector.data / "clips" / f"{sealed.clip}.part"
    left.write_bytes(bytes(len(sealed.content)))
    assert (await stage.pole.clips.OfferClip(sealed.offer)).stored_bytes == 0
    assert await stage.pole.upload(sealed.chunks()) == len(sealed.content)
    assert (await look(stage, sealed.clip)).state == clip_pb2.CLIP_STATE_READY


async def one_by_one(
    chunks: list[clip_pb2.UploadClipRequest],
) -> AsyncIterator[clip_pb2.UploadClipRequest]:
    for chunk in chunks:
        yield chunk


async def test_a_chunk_behind_a_hole_is_refused(stage: ClipsStage) -> None:
    await stage.desk.AskClip(stage.ask())
    sealed = stage.seal(await stage.pole.hear_command())
    await stage.pole.clips.OfferClip(sealed.offer)
    chunks = [chunk async for chunk in sealed.chunks()]
    code, said = await refusal(stage.pole.upload(one_by_one(chunks[1:2])))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert said.startswith(f"clip {sealed.clip}: a chunk begins at byte 32768, 0 are stored")


async def test_altered_bytes_never_become_ready(stage: ClipsStage) -> None:
    await stage.desk.AskClip(stage.ask())
    sealed = stage.seal(await stage.pole.hear_command())
    await stage.pole.clips.OfferClip(sealed.offer)
    sealed.content = sealed.content[:-1] + bytes([sealed.content[-1] ^ 1])
    code, said = await refusal(stage.pole.upload(sealed.chunks()))
    assert code is grpc.StatusCode.DATA_LOSS
    assert said.startswith(f"clip {sealed.clip} arrived with other bytes than the pole announced")
    found = await look(stage, sealed.clip)
    assert (found.state, found.stored_bytes) == (clip_pb2.CLIP_STATE_UPLOADING, 0)


async def test_a_manifest_for_another_request_is_refused(stage: ClipsStage) -> None:
    await stage.desk.AskClip(stage.ask())
    first = stage.seal(await stage.pole.hear_command())
    await stage.desk.AskClip(stage.ask())
    second = stage.seal(await stage.pole.hear_command())
    first.manifest = second.manifest
    code, said = await refusal(stage.pole.clips.OfferClip(first.offer))
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert said == f"clip {first.clip} is not taken: its manifest answers another request"


async def test_a_clip_is_taken_from_nobody_else(stage: ClipsStage) -> None:
    await stage.desk.AskClip(stage.ask())
    sealed = stage.seal(await stage.pole.hear_command())
    stranger = await connect_pole(stage.collector, "pole-2")
    code, said = await refusal(stranger.clips.OfferClip(sealed.offer))
    assert code is grpc.StatusCode.NOT_FOUND
    assert said == f"there is no clip {sealed.clip} of device pole-2"


async def test_a_refusal_of_the_pole_reaches_the_desk_with_its_reason(stage: ClipsStage) -> None:
    asked = (await stage.desk.AskClip(stage.ask())).clip
    command = await stage.pole.hear_command()
    await stage.pole.answer(command, session_pb2.ANSWER_CODE_REFUSED, "the ring begins at 12:00")
    found = await wait_for_state(stage, asked.clip, clip_pb2.CLIP_STATE_REFUSED)
    assert found.message == "the ring begins at 12:00"


async def test_a_report_of_the_pole_reaches_the_desk(stage: ClipsStage) -> None:
    asked = (await stage.desk.AskClip(stage.ask())).clip
    for state, message in (
        (clip_pb2.CLIP_STATE_CUTTING, ""),
        (clip_pb2.CLIP_STATE_FAILED, "disk full"),
    ):
        await stage.pole.clips.ReportClip(
            clip_pb2.ReportClipRequest(clip=asked.clip, state=state, message=message)
        )
        found = await look(stage, asked.clip)
        assert (found.state, found.message) == (state, message)


async def test_a_request_waits_for_a_pole_that_is_away(stage: ClipsStage) -> None:
    stage.pole.stream.call.cancel()
    asked = (await stage.desk.AskClip(stage.ask())).clip
    stream, _ = await stage.collector.open_stream(stage.pole.credentials, DEVICE)
    stage.pole.stream = stream
    command = await stage.pole.hear_command()
    assert stage.read_request(command).clip == asked.clip


async def test_a_long_clip_waits_for_a_second_person(stage: ClipsStage) -> None:
    now_ms = now_utc_ms()
    wish = stage.ask(from_utc_ms=now_ms - 400_000, to_utc_ms=now_ms - 10_000)
    asked = (await stage.desk.AskClip(wish)).clip
    assert asked.state == clip_pb2.CLIP_STATE_WAITING
    code, said = await refusal(stage.desk.ApproveClip(clip_pb2.ApproveClipRequest(clip=asked.clip)))
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert said.startswith("the second person is the one who asked")
    await stage.collector.core.services.clips.approve(SUPERVISOR, asked.clip)
    request = stage.read_request(await stage.pole.hear_command())
    assert (request.operator, request.second_person) == ("operator:local", "account:sue")


async def test_a_held_clip_outlives_its_expiry(stage: ClipsStage) -> None:
    clip, content = await bring(stage)
    desk = stage.collector.core.services.clips
    until_ms = now_utc_ms() + 90 * DAY_MS
    await desk.hold(SUPERVISOR, clip, "order 12/2026 of the court", until_ms)
    assert await desk.delete_expired() == 0
    await stage.collector.core.writer.submit(
        lambda connection: connection.execute("UPDATE clips SET expires_utc_ms = 1")
    )
    assert await desk.delete_expired() == 1
    found = await look(stage, clip)
    assert found.state == clip_pb2.CLIP_STATE_EXPIRED
    assert found.held_until_utc_ms == until_ms
    assert b"".join(await desk.open(SUPERVISOR, clip, 0)) == content
    await stage.collector.core.writer.submit(
        lambda connection: connection.execute("UPDATE holds SET until_utc_ms = 1")
    )
    await desk.delete_expired()
    with pytest.raises(VigieError) as gone:
        list(await desk.open(SUPERVISOR, clip, 0))
    assert gone.value.kind is Kind.NOT_FOUND


async def test_a_clip_of_an_event_takes_its_place_and_time(stage: ClipsStage) -> None:
    await stage.pole.stream.say(make_batch(1))
    await stage.pole.stream.hear_ack(1)
    wish = clip_pb2.AskClipRequest(event_number=1, reason=REASON, case="2026-0042")
    asked = (await stage.desk.AskClip(wish)).clip
    assert (asked.device, asked.camera, asked.event_number) == (DEVICE, CAMERA, 1)
    assert asked.to_utc_ms - asked.from_utc_ms == 30_000
    request = stage.read_request(await stage.pole.hear_command())
    assert request.event is not None
    assert request.event.seq == 1


async def test_a_still_is_a_clip_of_one_moment(stage: ClipsStage) -> None:
    asked = (await stage.desk.AskClip(stage.ask(is_still=True))).clip
    assert asked.is_still
    request = stage.read_request(await stage.pole.hear_command())
    assert (request.kind, request.asked_ms) == ("still", 0)


async def test_the_days_clips_of_one_person_are_counted(stage: ClipsStage) -> None:
    for _ in range(20):
        await stage.desk.AskClip(stage.ask())
    code, said = await refusal(stage.desk.AskClip(stage.ask()))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert said.startswith("operator:local has asked for 20 clips within 24 hours, 20 are allowed")


Change = dict[str, object]
WRONG: list[tuple[str, Callable[[int], Change], str]] = [
    ("no reason", lambda _: {"reason": " short "},
     "the request gives no reason of at least 8 characters"),
    ("no case", lambda _: {"case": " "}, "the request names no case"),
    ("from after to", lambda now: {"from_utc_ms": now, "to_utc_ms": now - 1},
     "the request ends before it begins"),
    ("24 hours", lambda now: {"from_utc_ms": now - DAY_MS},
     "the clip would be 1439 minutes long, over 30"),
    ("unknown camera", lambda _: {"camera": "south"}, f"device {DEVICE} has no camera south"),
    ("unknown device", lambda _: {"device": "pole-9"}, "there is no device pole-9"),
    ("unknown event", lambda _: {"event_number": 99}, "there is no event 99"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), [row[1:] for row in WRONG],
                         ids=[row[0] for row in WRONG])  # fmt: skip
async def test_a_wish_that_cannot_be_is_refused_in_words(
    stage: ClipsStage, change: Callable[[int], Change], said: str
) -> None:
    _, first_line = await refusal(stage.desk.AskClip(stage.ask(**change(now_utc_ms()))))
    assert first_line.startswith(said)
    assert (await stage.desk.ListClips(clip_pb2.ListClipsRequest())).clips == []


async def test_a_mandate_that_names_no_requester_lets_nobody_ask(stage: ClipsStage) -> None:
    await stage.collector.operator.DeliverMandate(
        operator_pb2.DeliverMandateRequest(
            envelope=stage_mandate(stage.city, version=2, clip_requesters=[]).decode()
        )
    )
    code, said = await refusal(stage.desk.AskClip(stage.ask()))
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert said.startswith("mandate 2 does not let an operator ask for clips of north")


async def test_an_authority_may_not_ask_for_clips(stage: ClipsStage) -> None:
    with pytest.raises(VigieError, match="may not open clips"):
        await stage.collector.core.services.clips.list_clips(
            Asker("account:mayor", Role.AUTHORITY), "", 10
        )
