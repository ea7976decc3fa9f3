"""P22: the collector is killed while people review, revoke, ask for clips and open them.

After each kill whatever took effect has its line in the chain. A line without its act may be there;
an act without its line may not.
"""

import asyncio
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from collector.audit import verify
from collector.core import DATABASE
from edge.enrolment.channel import Credentials, make_channel
from edge.wire.v1 import clip_pb2, clip_pb2_grpc, operator_pb2, operator_pb2_grpc
from tests.collector.clips_stage import now_utc_ms, set_stage
from tests.collector.conftest import run_collector
from tests.collector.test_kill import started
from tests.fakes.mandates import CAMERA, DEVICE
from tests.system.test_promises_audit import Calls

if TYPE_CHECKING:
    from edge.wire.v1.clip_pb2_grpc import ClipDeskServiceAsyncStub
    from edge.wire.v1.operator_pb2_grpc import OperatorServiceAsyncStub

KILLS = 30
EVENTS = 2
READY_SECONDS = 60.0


@dataclass
class People:
    """Everybody at once; remembers what they were answered."""

    data: Path
    whole: str
    rng: random.Random
    answered: Counter[str] = field(default_factory=Counter)
    devices: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    target: int = 0

    def plan(self) -> None:
        """After how many answers the next kill comes."""
        self.target = self.answered.total() + self.rng.randint(1, 60)
        self.enough.clear()

    async def work(self, address: str) -> None:
        """Until the collector is gone."""
        folder = self.data / "operator"
        parts = [(folder / name).read_bytes() for name in ("ca.pem", "key.pem", "certificate.pem")]
        async with make_channel(address, Credentials(*parts)) as channel:
            operator: OperatorServiceAsyncStub = operator_pb2_grpc.OperatorServiceStub(channel)
            desk: ClipDeskServiceAsyncStub = clip_pb2_grpc.ClipDeskServiceStub(channel)
            acts: dict[str, Callable[[], Awaitable[object]]] = {
                "review event": lambda: operator.ReviewEvent(self._review()),
                "revoke device": lambda: self._revoke(operator),
                "request clip": lambda: desk.AskClip(self._wish()),
                "open clip": lambda: _open(desk, self.whole),
            }
            await asyncio.gather(*(self._go_on(name, act) for name, act in acts.items()))

    async def _go_on(self, name: str, act: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await act()
            except grpc.aio.AioRpcError as refused:
                # The quota of clips a day is used up in time; everything else is the kill.
                if refused.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    return
                await asyncio.sleep(0)
                continue
            self.answered[name] += 1
            if self.answered.total() >= self.target:
                self.enough.set()

    def _review(self) -> operator_pb2.ReviewEventRequest:
        return operator_pb2.ReviewEventRequest(
            number=self.rng.randint(1, EVENTS), verdict=operator_pb2.VERDICT_CONFIRMED
        )

    async def _revoke(self, operator: "OperatorServiceAsyncStub") -> object:
        self.devices += 1
        name = f"pole-{self.devices}-of-many"
        await operator.InviteDevice(operator_pb2.InviteDeviceRequest(device=name))
        return await operator.RevokeDevice(
            operator_pb2.RevokeDeviceRequest(device=name, reason="it was stolen")
        )

    def _wish(self) -> clip_pb2.AskClipRequest:
        now_ms = now_utc_ms()
        return clip_pb2.AskClipRequest(
            device=DEVICE, camera=CAMERA, from_utc_ms=now_ms - 60_000, to_utc_ms=now_ms - 50_000,
            reason="a person was pushed, see the report", case="2026-0042",
        )  # fmt: skip


async def _open(desk: "ClipDeskServiceAsyncStub", clip: str) -> None:
    async for _ in desk.FetchClip(clip_pb2.FetchClipRequest(clip=clip)):
        pass


def check_every_act_has_its_line(data: Path, people: People) -> None:
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        verify(connection)
        lines = Counter(connection.execute("SELECT action, object FROM audit").fetchall())
        reviews = connection.execute("SELECT event_number FROM reviews").fetchall()
        revoked = connection.execute(
            "SELECT name FROM devices WHERE state = ?", (operator_pb2.DEVICE_STATE_REVOKED,)
        ).fetchall()
        clips = connection.execute("SELECT clip FROM clips").fetchall()
    for number, count in Counter(number for (number,) in reviews).items():
        assert count <= lines["review event", str(number)]
    assert all(lines["revoke device", name] for (name,) in revoked)
    assert all(lines["request clip", clip] for (clip,) in clips)
    told = Counter[str]()
    for (action, _), count in lines.items():
        told[action] += count
    for action, count in people.answered.items():
        assert count <= told[action], f"{action}: answered more often than it stands in the audit"
    assert people.answered["revoke device"] <= len(revoked)


async def run_kills(folder: Path, kills: int, seed: int) -> Counter[str]:
    data = folder / "collector"
    async with run_collector(data) as running:
        calls = Calls(await set_stage(running))
        await calls.prepare()
    people = People(data, calls.whole, random.Random(seed))
    for _ in range(kills):
        async with started(data) as (process, address):
            people.plan()
            working = asyncio.ensure_future(people.work(address))
            async with asyncio.timeout(READY_SECONDS):
                await people.enough.wait()
            os.kill(process.pid, signal.SIGKILL)
            with suppress(grpc.aio.AioRpcError, asyncio.CancelledError):
                await working
        check_every_act_has_its_line(data, people)
    return people.answered


@pytest.mark.timeout(600)
async def test_thirty_kills_leave_no_act_without_its_line(tmp_path: Path) -> None:
    answered = await run_kills(tmp_path, KILLS, seed=7)
    assert set(answered) == {"review event", "revoke device", "request clip", "open clip"}
    print(f"{KILLS} kills: {dict(answered)}")


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_many_kills_leave_no_act_without_its_line(tmp_path: Path) -> None:
    answered = await run_kills(tmp_path, 500, seed=8)
    assert answered.total() > 0
    print(f"500 kills: {dict(answered)}")
