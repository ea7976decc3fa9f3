"""Bundles and rollouts at a real collector: taken in, begun, offered, reported, halted."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from collector.rights import RIGHTS, Right, Role
from collector.updates.rollout import Plan
from collector.updates.wishes import Asker, Wish
from edge.errors import Kind, VigieError
from edge.wire.v1 import operator_pb2, rollout_pb2, session_pb2, update_pb2
from tests.collector.conftest import run_collector
from tests.collector.updates.fleet import ALWAYS
from tests.collector.updates.stage import BOARD, VERSION, UpdateStage, make_bundle

INVALID, MISSING = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
FAILED = grpc.StatusCode.FAILED_PRECONDITION


async def actions(stage: UpdateStage) -> list[str]:
    lines = await stage.collector.core.services.audit.list_lines(0, 1000)
    return [line.action for line in lines]


# Bundles.


async def test_a_bundle_comes_in_whole_and_goes_on_where_it_was_cut(stage: UpdateStage) -> None:
    assert (await stage.desk.OfferBundle(stage.announce())).stored_bytes == 0
    await stage.desk.SendBundle(iter(list(stage.pieces())[:2]))
    stored = (await stage.desk.OfferBundle(stage.announce())).stored_bytes
    assert stored == 2 * 65_536
    answer = await stage.desk.SendBundle(stage.pieces(stored))
    assert answer.stored_bytes == len(stage.bundle)
    path = stage.collector.data / "updates" / f"{stage.sha256.hex()}.raucb"
    assert path.read_bytes() == stage.bundle
    assert (await actions(stage))[-3:] == ["offer bundle", "offer bundle", "take bundle"]


async def test_a_bundle_with_another_byte_is_dropped_and_comes_again(stage: UpdateStage) -> None:
    await stage.desk.OfferBundle(stage.announce())
    changed = replace(stage, bundle=stage.bundle[:-1] + b"x")
    pieces = list(changed.pieces())
    for each in pieces:
        each.bundle_sha256 = stage.sha256
    with pytest.raises(grpc.aio.AioRpcError, match="other bytes than were announced"):
        await stage.desk.SendBundle(iter(pieces))
    assert list((stage.collector.data / "updates").iterdir()) == []
    with pytest.raises(grpc.aio.AioRpcError, match="not here, or not whole"):
        await stage.start()
    await stage.push()


async def test_a_truncated_bundle_is_rolled_out_to_nobody(stage: UpdateStage) -> None:
    await stage.connect("north")
    await stage.desk.OfferBundle(stage.announce())
    await stage.desk.SendBundle(iter(list(stage.pieces())[:-1]))
    with pytest.raises(grpc.aio.AioRpcError, match="not here, or not whole") as refused:
        await stage.start("north")
    assert refused.value.code() is MISSING


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sha256": b"short"}, "no SHA-256"),
        ({"size_bytes": 0}, "0 bytes"),
        ({"size_bytes": 3 << 30}, "allowed: 1 to"),
        ({"version": ""}, "no version"),
        ({"board": ""}, "no board"),
    ],
)
async def test_what_can_be_no_bundle_is_refused(
    stage: UpdateStage, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match=said) as refused:
        await stage.desk.OfferBundle(stage.announce(**changes))
    assert refused.value.code() is INVALID


async def test_more_than_was_announced_is_refused(stage: UpdateStage) -> None:
    await stage.desk.OfferBundle(stage.announce(size_bytes=1000))
    with pytest.raises(grpc.aio.AioRpcError, match="longer than the 1000 bytes"):
        await stage.desk.SendBundle(iter([next(stage.pieces())]))


async def test_a_file_goes_when_nobody_needs_it_and_not_before(stage: UpdateStage) -> None:
    await stage.connect("north")
    await stage.push()
    taking = stage.collector.core.services.bundles
    late = stage.collector.core.services.clock.utc_ns() + 31 * 86_400 * 10**9
    rollout = await stage.start("north")
    taking._clock = FixedClock(late)
    await taking.delete_old()
    folder = stage.collector.data / "updates"
    assert len(list(folder.iterdir())) == 1
    await stage.collector.operator.RevokeDevice(
        operator_pb2.RevokeDeviceRequest(device="north", reason="stolen")
    )
    await stage.decide()
    assert (await stage.read(rollout.number)).state == rollout_pb2.ROLLOUT_STATE_FINISHED
    await taking.delete_old()
    assert list(folder.iterdir()) == []
    assert "delete bundle" in await actions(stage)


class FixedClock:
    """A clock that stands."""

    def __init__(self, utc_ns: int) -> None:
        self._utc_ns = utc_ns

    def utc_ns(self) -> int:
        return self._utc_ns

    def monotonic_ns(self) -> int:
        return 0


# Rollouts.


async def test_an_update_goes_its_way_and_each_step_is_seen(stage: UpdateStage) -> None:
    pole = await stage.connect("north")
    await stage.push()
    number = (await stage.start()).number
    await stage.decide()
    offer = await pole.hear_offer()
    assert (offer.version, offer.board) == (VERSION, BOARD)
    assert (offer.bundle_sha256, offer.bundle_bytes) == (stage.sha256, len(stage.bundle))
    seen = []
    for phase in update_pb2.UpdatePhase.values()[1:7]:
        await pole.report(phase, stage.bundle)
        await pole.is_heard()
        seen.append((await stage.states(number))["north"])
    assert seen == ["fetching", "installing", "installing", "trying", "trying", "committed"]
    await stage.decide()
    assert (await stage.read(number)).state == rollout_pb2.ROLLOUT_STATE_FINISHED
    done = await actions(stage)
    for action in ("start rollout", "offer update", "report update", "finish rollout"):
        assert action in done


async def test_a_failure_halts_and_nobody_else_is_offered_anything(stage: UpdateStage) -> None:
    first, second = await stage.connect("a"), await stage.connect("b")
    await stage.push()
    number = (await stage.start("a", "b", waves=[1])).number
    await stage.decide()
    await first.hear_offer()
    await first.report(
        update_pb2.UPDATE_PHASE_RETURNED, stage.bundle, update_pb2.UPDATE_REFUSAL_NO_PROGRESS
    )
    await first.is_heard()
    await stage.decide()
    found = await stage.read(number)
    assert found.state == rollout_pb2.ROLLOUT_STATE_HALTED
    assert found.message == "1 of the 1 poles of wave 1 failed"
    await second.is_heard()
    assert (await stage.states(number)) == {"a": "returned", "b": "waiting"}
    await stage.desk.ResumeRollout(rollout_pb2.ResumeRolloutRequest(number=number))
    await stage.decide()
    assert (await second.hear_offer()).version == VERSION


async def test_a_halt_takes_back_what_is_not_fetched_and_a_new_stream_hears_no_offer(
    stage: UpdateStage,
) -> None:
    pole = await stage.connect("north")
    await stage.push()
    number = (await stage.start()).number
    await stage.decide()
    await pole.hear_command()
    await stage.desk.HaltRollout(rollout_pb2.HaltRolloutRequest(number=number, reason="a festival"))
    await stage.decide()
    assert (await stage.states(number)) == {"north": "put_back"}
    assert (await stage.read(number)).message == "a festival"
    again = await stage.open("north", pole.credentials)
    await again.is_heard()
    waiting = await stage.collector.core.services.commands.waiting("north")
    assert waiting == []


async def test_an_offer_that_a_pole_cannot_take_is_a_failure_with_its_words(
    stage: UpdateStage,
) -> None:
    pole = await stage.connect("north")
    await stage.push()
    number = (await stage.start()).number
    await stage.decide()
    await pole.answer(
        await pole.hear_command(), session_pb2.ANSWER_CODE_REFUSED, "this pole has no slots"
    )
    await pole.is_heard()
    (told,) = (await stage.read(number)).poles
    assert told.state == rollout_pb2.POLE_STATE_REFUSED
    assert told.refusal == update_pb2.UPDATE_REFUSAL_NOT_POSSIBLE
    assert told.message == "this pole has no slots"


async def test_the_old_report_of_an_earlier_rollout_fails_no_new_one(stage: UpdateStage) -> None:
    pole = await stage.connect("north")
    await stage.push()
    number = (await stage.start()).number
    await pole.report(update_pb2.UPDATE_PHASE_RETURNED, stage.bundle)
    await pole.is_heard()
    assert (await stage.states(number)) == {"north": "waiting"}


async def test_a_later_rollout_takes_over_who_waits_and_none_is_offered_two_at_once(
    stage: UpdateStage,
) -> None:
    first, second = await stage.connect("a"), await stage.connect("b")
    await stage.push()
    earlier = (await stage.start("a", "b", at_most=1)).number
    await stage.decide()
    await first.hear_offer()
    newer = UpdateStage(stage.collector, make_bundle(seed=1))
    await newer.push()
    later = (await newer.start("a", "b")).number
    await stage.decide()
    assert (await second.hear_offer()).bundle_sha256 == newer.sha256
    assert (await stage.states(earlier)) == {"a": "fetching", "b": "left_out"}
    assert (await stage.states(later)) == {"a": "waiting", "b": "fetching"}
    await first.report(update_pb2.UPDATE_PHASE_COMMITTED, stage.bundle)
    await first.is_heard()
    await stage.decide()
    assert (await first.hear_offer()).bundle_sha256 == newer.sha256


async def test_a_rollout_goes_on_after_the_collector_was_started_again(tmp_path: Path) -> None:
    data = tmp_path / "collector"
    async with run_collector(data) as running:
        before = UpdateStage(running, make_bundle())
        pole = await before.connect("north")
        await before.push()
        number = (await before.start()).number
        await before.decide()
        offer = (await pole.hear_command()).offer_update
    async with run_collector(data) as running:
        after = UpdateStage(running, before.bundle)
        assert await after.states(number) == {"north": "offered"}
        again = await after.open("north", pole.credentials)
        await after.decide()
        await again.report(update_pb2.UPDATE_PHASE_TRYING, after.bundle)
        await again.is_heard()
        assert await after.states(number) == {"north": "trying"}
        (told,) = (await after.read(number)).poles
        assert told.offers == 1
        assert offer.bundle_sha256 == after.sha256


async def test_an_offer_that_was_not_answered_is_sent_again_on_the_next_stream(
    stage: UpdateStage,
) -> None:
    pole = await stage.connect("north")
    await stage.push()
    await stage.start()
    await stage.decide()
    first = await pole.hear_command()
    (again,) = await stage.collector.core.services.commands.waiting("north")
    assert again == first


@pytest.mark.parametrize(
    ("devices", "changes", "said"),
    [
        (("nobody",), {}, "no enrolled pole nobody"),
        (("other",), {}, "has an image for rpi"),
        (("plain",), {}, "said of no image yet"),
        (("north", "north"), {}, "names a pole twice"),
        (("north",), {"time_zone": "Mars/Olympus"}, "no time zone"),
        (("north",), {"starts_minute": 1440}, "no time of a day"),
        (("north",), {"at_most": 5000}, "allowed: 1 to 1000"),
        (("north",), {"waves": [0]}, "at least one pole"),
        (("north",), {"failures_percent": 60}, "50 % failures at most"),
    ],
)
async def test_a_rollout_that_cannot_be_is_refused_before_anything_is_written(
    stage: UpdateStage, devices: tuple[str, ...], changes: dict[str, object], said: str
) -> None:
    await stage.connect("north")
    await stage.connect("other", board="rpi")
    await stage.collector.enrol("plain")
    await stage.push()
    with pytest.raises(grpc.aio.AioRpcError, match=said):
        await stage.start(*devices, **changes)
    assert not (await stage.desk.ListRollouts(rollout_pb2.ListRolloutsRequest())).rollouts


async def test_without_a_zone_nobody_knows_the_office_hours(stage: UpdateStage) -> None:
    await stage.connect("north")
    await stage.push()
    request = rollout_pb2.StartRolloutRequest(bundle_sha256=stage.sha256, ends_minute=960)
    with pytest.raises(grpc.aio.AioRpcError, match="no mandate names a time zone"):
        await stage.desk.StartRollout(request)


async def test_all_means_every_pole_of_the_board_that_needs_it(stage: UpdateStage) -> None:
    await stage.connect("b")
    await stage.connect("a")
    await stage.connect("newest", image=VERSION)
    await stage.connect("other", board="rpi")
    await stage.push()
    assert list(await stage.states((await stage.start()).number)) == ["a", "b"]


# Rights: each cell of the table.

CALLS = {
    Right.ROLL_OUT_UPDATES: ("offer", "start", "resume"),
    Right.HALT_UPDATES: ("halt",),
}


async def is_allowed(call: Callable[[], Awaitable[object]]) -> bool:
    try:
        await call()
    except VigieError as refused:
        if refused.kind is not Kind.PERMISSION_DENIED:
            raise
        return False
    return True


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role.value)
async def test_who_may_do_what_with_updates(stage: UpdateStage, role: Role) -> None:
    await stage.connect("north")
    await stage.push()
    await stage.start("north")
    services = stage.collector.core.services
    asker = Asker("account:ana", role)
    bundle = await services.bundles.find_coming(Asker("t", Role.TECHNICIAN), stage.sha256)
    wish = Wish(stage.sha256, ("north",), (1,), Plan(ALWAYS), "UTC")
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "offer": lambda: services.bundles.offer(asker, bundle),
        "start": lambda: services.rollouts.start(asker, wish),
        "halt": lambda: services.rollouts.halt(asker, 1, ""),
        "resume": lambda: services.rollouts.resume(asker, 1),
    }
    wanted = {
        Role.OPERATOR: set(),
        Role.SUPERVISOR: {"halt"},
        Role.AUTHORITY: set(),
        Role.TECHNICIAN: {"offer", "start", "halt", "resume"},
    }
    may = {name for name, call in calls.items() if await is_allowed(call)}
    assert may == wanted[role]
    held = {name for right, names in CALLS.items() if right in RIGHTS[role] for name in names}
    assert may == held


async def test_the_bytes_of_a_bundle_are_named_by_their_hash(stage: UpdateStage) -> None:
    await stage.push()
    (path,) = (stage.collector.data / "updates").iterdir()
    assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()
