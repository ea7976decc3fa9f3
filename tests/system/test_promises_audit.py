"""P22: every call and every route that reads or changes something has its line before it does.

Every call and every route is walked: one without a line fails here, and whoever adds one has to
leave a line, or say in the tables why it leaves none. That lines come first is shown by holding
the database's only writing place: whoever is answered all the same did not wait for a line.
"""

import asyncio
import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import grpc
import pytest

from collector.clips.asker import Asker
from collector.clips.desk import ClipDesk
from collector.clips.limits import DAY_MS
from collector.clips.shelf import Shelf
from collector.core import DATABASE
from collector.page.app import DOORS
from collector.rights import Role, has_right
from edge.mandate.trust import write_trust
from edge.wire.v1 import clip_pb2, operator_pb2
from tests.collector.clips_stage import ClipsStage, now_utc_ms, set_stage, stage_mandate
from tests.collector.conftest import make_batch, run_collector
from tests.fakes.clip_pole import ClipPole
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import around
from tests.fakes.page_stage import CALIBRATION, DEVICE, PASSWORD, Browserless, Stage, crossing

NO_LINE = "no line: "
# What a pole may do by itself is written down where it takes effect, or changes nothing.
CALLS = {
    "OperatorService.ListEvents": "list events",
    "OperatorService.TailEvents": "tail events",
    "OperatorService.GetEvent": "read event",
    "OperatorService.ReviewEvent": "review event",
    "OperatorService.ListDevices": "list devices",
    "OperatorService.InviteDevice": "invite device",
    "OperatorService.RevokeDevice": "revoke device",
    "OperatorService.TakeTrust": "take trust",
    "OperatorService.DeliverMandate": "deliver mandate",
    "OperatorService.ListMandates": "list mandates",
    "ClipDeskService.AskClip": "request clip",
    "ClipDeskService.ApproveClip": "approve clip",
    "ClipDeskService.ListClips": "list clips",
    "ClipDeskService.FetchClip": "open clip",
    "ClipDeskService.HoldClip": "hold clip",
    "ClipService.OfferClip": NO_LINE + "a clip counts only when it is whole: 'deliver clip'",
    "ClipService.UploadClip": "deliver clip",
    "ClipService.ReportClip": "report clip",
}
ROUTES = {
    "POST /api/logout": "log out",
    "POST /api/step-up": "step up",
    "GET /api/feed": "follow events",
    "GET /api/signals": "list events",
    "GET /api/signals/{number}": "read event",
    "POST /api/signals/{number}/review": "review event",
    "GET /api/precision": NO_LINE + "counts of verdicts by rule, no event",
    "GET /api/clips": "list clips",
    "POST /api/clips": "request clip",
    "GET /api/clips/progress": NO_LINE + "names, states and bytes of clips whose list was read",
    "GET /api/clips/{clip}": "read clip",
    "GET /api/clips/{clip}/sealed": "open clip",
    "POST /api/clips/{clip}/approve": "approve clip",
    "POST /api/clips/{clip}/hold": "hold clip",
    "GET /api/devices": NO_LINE + "the health of machines, asked again every few seconds",
    "GET /api/accounts": "list accounts",
    "POST /api/accounts/invite": "invite account",
    "POST /api/accounts/{name}/close": "close account",
}
Fields = dict[str, object] | None
Request = tuple[str, Browserless, str, Fields]
PLACES = {"{number}": "1", "{name}": "nobody"}
SUPERVISOR = Asker("account:sue", Role.SUPERVISOR)


def is_audited(line: str) -> bool:
    return not line.startswith(NO_LINE)


@contextmanager
def nothing_can_be_written(data: Path) -> Iterator[None]:
    """Hold the database as a program that copies it would; readers go on."""
    with closing(sqlite3.connect(data / DATABASE, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")


def count_rows(data: Path) -> dict[str, int]:
    with closing(sqlite3.connect(f"file:{data / DATABASE}?mode=ro", uri=True)) as reader:
        tables = reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: reader.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in tables
        }


def read_actions(data: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{data / DATABASE}?mode=ro", uri=True)) as reader:
        return [action for (action,) in reader.execute("SELECT action FROM audit ORDER BY line")]


# Calls.


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[ClipsStage]:
    async with run_collector(tmp_path / "collector") as running:
        yield await set_stage(running)


def test_every_call_says_which_line_it_leaves() -> None:
    services = [
        operator_pb2.DESCRIPTOR.services_by_name["OperatorService"],
        *clip_pb2.DESCRIPTOR.services_by_name.values(),
    ]
    methods = {f"{service.name}.{each.name}" for service in services for each in service.methods}
    assert methods == set(CALLS), "say in CALLS which line the call leaves, and call it below"


class Calls:
    """One good call of each kind, on things that are there."""

    def __init__(self, stage: ClipsStage) -> None:
        self._stage = stage
        self._operator, self._desk = stage.collector.operator, stage.desk
        self.waiting = self.whole = self.reported = ""
        self._sealed = b""

    async def prepare(self) -> None:
        """An event, a clip that waits, one that is whole, one on its way, one to be refused."""
        stage = self._stage
        await stage.pole.stream.say(make_batch(1, 2))
        await stage.pole.stream.hear_ack(2)
        now_ms = now_utc_ms()
        long = stage.ask(from_utc_ms=now_ms - 1_500_000, to_utc_ms=now_ms - 60_000)
        self.waiting = (await self._desk.AskClip(long)).clip.clip
        self.whole = (await self._desk.AskClip(stage.ask())).clip.clip
        first = stage.seal(await stage.pole.hear_command())
        await stage.pole.clips.OfferClip(first.offer)
        await stage.pole.clips.UploadClip(first.chunks())
        self.reported = (await self._desk.AskClip(stage.ask())).clip.clip
        await stage.pole.hear_command()
        await self._desk.AskClip(stage.ask())
        self._coming = stage.seal(await stage.pole.hear_command())
        await stage.pole.clips.OfferClip(self._coming.offer)
        await self._operator.InviteDevice(operator_pb2.InviteDeviceRequest(device="stolen"))

    def list(self) -> dict[str, Callable[[], Awaitable[object]]]:
        stage, operator, desk = self._stage, self._operator, self._desk
        hold = clip_pb2.HoldClipRequest(
            clip=self.whole, reason="the trial goes on", until_utc_ms=now_utc_ms() + 30 * DAY_MS
        )
        revoke = operator_pb2.RevokeDeviceRequest(device="stolen", reason="it was stolen")
        report = clip_pb2.ReportClipRequest(
            clip=self.reported, state=clip_pb2.CLIP_STATE_FAILED, message="the disk is full"
        )
        review = operator_pb2.ReviewEventRequest(number=1, verdict=operator_pb2.VERDICT_CONFIRMED)
        mandate = stage_mandate(stage.city, version=2).decode()
        trust = write_trust(stage.collector.core.services.trusted.require()).decode()
        fetch = clip_pb2.FetchClipRequest(clip=self.whole)
        approve = stage.collector.core.services.clips.approve
        return {
            "OperatorService.ListEvents": lambda: operator.ListEvents(
                operator_pb2.ListEventsRequest()
            ),
            "OperatorService.TailEvents": lambda: operator.TailEvents(
                operator_pb2.TailEventsRequest(after_number=0)
            ).read(),
            "OperatorService.GetEvent": lambda: operator.GetEvent(
                operator_pb2.GetEventRequest(number=1)
            ),
            "OperatorService.ReviewEvent": lambda: operator.ReviewEvent(review),
            "OperatorService.ListDevices": lambda: operator.ListDevices(
                operator_pb2.ListDevicesRequest()
            ),
            "OperatorService.InviteDevice": lambda: operator.InviteDevice(
                operator_pb2.InviteDeviceRequest(device="new-pole")
            ),
            "OperatorService.RevokeDevice": lambda: operator.RevokeDevice(revoke),
            "OperatorService.TakeTrust": lambda: operator.TakeTrust(
                operator_pb2.TakeTrustRequest(trust=trust)
            ),
            "OperatorService.DeliverMandate": lambda: operator.DeliverMandate(
                operator_pb2.DeliverMandateRequest(envelope=mandate)
            ),
            "OperatorService.ListMandates": lambda: operator.ListMandates(
                operator_pb2.ListMandatesRequest()
            ),
            "ClipDeskService.AskClip": lambda: desk.AskClip(stage.ask()),
            # Nobody agrees to what they asked for themselves; gRPC's caller is the one who asked.
            "ClipDeskService.ApproveClip": lambda: approve(SUPERVISOR, self.waiting),
            "ClipDeskService.ListClips": lambda: desk.ListClips(clip_pb2.ListClipsRequest()),
            "ClipDeskService.FetchClip": lambda: desk.FetchClip(fetch).read(),
            "ClipDeskService.HoldClip": lambda: desk.HoldClip(hold),
            "ClipService.UploadClip": lambda: stage.pole.clips.UploadClip(self._coming.chunks()),
            "ClipService.ReportClip": lambda: stage.pole.clips.ReportClip(report),
        }


async def test_every_call_waits_for_its_line_and_leaves_it(stage: ClipsStage) -> None:
    calls = Calls(stage)
    await calls.prepare()
    listed = calls.list()
    assert set(listed) == {name for name, line in CALLS.items() if is_audited(line)}
    data = stage.collector.data
    before = count_rows(data)
    with nothing_can_be_written(data):
        outcomes = await asyncio.gather(
            *(_outcome(call) for call in listed.values()), return_exceptions=True
        )
    answered = [name for name, ok in zip(listed, outcomes, strict=True) if ok is True]
    assert answered == [], "these were answered without a line"
    assert count_rows(data) == before
    for name, call in listed.items():
        lines = len(read_actions(data))
        await call()
        assert CALLS[name] in read_actions(data)[lines:], name


async def _outcome(call: Callable[[], Awaitable[object]]) -> bool:
    answer = await call()
    return answer is not grpc.aio.EOF


# Files, which no transaction takes back.


class LookingShelf(Shelf):
    """Looks at the audit on the disk whenever a file is about to change."""

    def __init__(self, folder: Path, data: Path) -> None:
        super().__init__(folder)
        self._data = data
        self.seen: list[tuple[str, str]] = []

    def remove(self, clip: str) -> None:
        self.seen.append(("remove", read_actions(self._data)[-1]))
        super().remove(clip)

    def keep_copy(self, clip: str) -> None:
        self.seen.append(("keep copy", read_actions(self._data)[-1]))
        super().keep_copy(clip)

    def drop_copy(self, clip: str) -> None:
        self.seen.append(("drop copy", read_actions(self._data)[-1]))
        super().drop_copy(clip)


async def test_no_file_changes_before_its_line_is_on_the_disk(stage: ClipsStage) -> None:
    calls = Calls(stage)
    await calls.prepare()
    data, desk = stage.collector.data, stage.collector.core.services.clips
    shelf = LookingShelf(desk._shelf._folder, data)
    later = FakeClock(utc_ns=(now_utc_ms() + 365 * DAY_MS) * 10**6)
    desk._shelf = shelf
    await desk.hold(SUPERVISOR, calls.whole, "the trial goes on", now_utc_ms() + 30 * DAY_MS)
    desk._clock = later
    assert await desk.delete_expired() == 1
    assert shelf.seen == [
        ("keep copy", "hold clip"),
        ("remove", "end hold"),
        ("drop copy", "end hold"),
    ]
    assert read_actions(data)[-2:] == ["delete clip", "end hold"]
    assert isinstance(desk, ClipDesk)


# Routes.


def test_no_route_of_the_table_is_gone() -> None:
    assert set(ROUTES) <= {f"{door.method} {door.path}" for door in DOORS}


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Stage]:
    clock = FakeClock(utc_ns=now_utc_ms() * 10**6)
    with Stage(tmp_path / "collector", clock) as stage:
        yield stage


def ask(caller: Browserless, **changes: object) -> str:
    wish = {"event": "1", "kind": "clip", "reason": "a person was pushed", "case": "7", **changes}
    answer = caller.post("/api/clips", wish)
    assert answer.status == 200, answer.text
    return str(cast(dict[str, object], answer.json()["clip"])["clip"])


def status_of(caller: Browserless, path: str, fields: Fields) -> int:
    """How a request is answered; the body, which may have no end, stays unread."""
    body = None if fields is None else json.dumps(fields).encode()
    request = urllib.request.Request(caller.address + path, body, caller._proofs(body))
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


class Routes:
    """One good request for each route."""

    def __init__(self, page: Stage, folder: Path) -> None:
        self.ana = Browserless(page.address)
        self.ana.enter(page)
        olga = Browserless(page.address)
        olga.enter(page, "olga", Role.OPERATOR)
        page.deliver(crossing())
        pole = ClipPole(page, folder / "pole")
        self._whole = ask(self.ana)
        pole.bring()
        now_ms = now_utc_ms()
        times = {"from_utc_ms": str(now_ms - 1_500_000), "to_utc_ms": str(now_ms - 60_000)}
        self._waiting = ask(olga, **times)
        self._until = str(now_ms + 30 * DAY_MS)
        page.deliver(crossing(), dictionary=CALIBRATION)
        period = f"from={now_ms - DAY_MS}&to={now_ms}"
        next_mandate = pole.city.mandate(
            version=2, devices=[DEVICE], **around(datetime.now(UTC))
        ).decode()
        # What would be refused before anything is read or changed if it said nothing.
        self._known: dict[str, tuple[str, Fields]] = {
            "GET /api/register": (f"/api/register?{period}", None),
            "GET /api/register/export": (f"/api/register/export?{period}", None),
            "POST /api/mandates": ("/api/mandates", {"envelope": next_mandate}),
            "POST /api/calibration/signals/{number}/review": (
                "/api/calibration/signals/2/review",
                {"verdict": "rejected"},
            ),
        }

    def list_unnamed(self, page: Stage) -> list[Request]:
        """Routes that ROUTES does not name, with nothing but places filled in."""
        found: list[Request] = []
        callers: dict[Role, Browserless] = {}
        for door in DOORS:
            name = f"{door.method} {door.path}"
            if name in ROUTES:
                continue
            role = next(each for each in Role if door.right is None or has_right(each, door.right))
            if role not in callers:
                callers[role] = Browserless(page.address)
                callers[role].enter(page, f"an-{role.value}", role)
            path, fields = self._known.get(name, (door.path, {} if door.method == "POST" else None))
            for place, value in PLACES.items():
                path = path.replace(place, value)
            found.append((name, callers[role], path, fields))
        return found

    def list(self) -> list[tuple[str, str, Fields]]:
        """Route, address and fields; leaving comes last."""
        hold: dict[str, object] = {"reason": "the trial goes on", "until_utc_ms": self._until}
        wish: dict[str, object] = {
            "event": "1", "kind": "still", "reason": "a person was pushed", "case": "7",
        }  # fmt: skip
        whole, waiting = f"/api/clips/{self._whole}", f"/api/clips/{self._waiting}"
        return [
            ("POST /api/step-up", "/api/step-up", {"password": PASSWORD}),
            ("GET /api/feed", "/api/feed", None),
            ("GET /api/signals", "/api/signals", None),
            ("GET /api/signals/{number}", "/api/signals/1", None),
            ("POST /api/signals/{number}/review", "/api/signals/1/review",
             {"verdict": "confirmed"}),
            ("GET /api/clips", "/api/clips", None),
            ("POST /api/clips", "/api/clips", wish),
            ("GET /api/clips/{clip}", whole, None),
            ("GET /api/clips/{clip}/sealed", f"{whole}/sealed", None),
            ("POST /api/clips/{clip}/approve", f"{waiting}/approve", {}),
            ("POST /api/clips/{clip}/hold", f"{whole}/hold", hold),
            ("GET /api/accounts", "/api/accounts", None),
            ("POST /api/accounts/invite", "/api/accounts/invite", {"role": "operator"}),
            ("POST /api/accounts/{name}/close", "/api/accounts/olga/close", {}),
            ("POST /api/logout", "/api/logout", {}),
        ]  # fmt: skip


def test_every_route_waits_for_its_line_and_leaves_it(page: Stage, tmp_path: Path) -> None:
    """Routes that the table does not name are asked too, by somebody who has the right."""
    routes = Routes(page, tmp_path)
    good = routes.list()
    assert {name for name, _, _ in good} == {n for n, line in ROUTES.items() if is_audited(line)}
    asked = [(name, routes.ana, path, fields) for name, path, fields in good]
    asked += routes.list_unnamed(page)
    data = tmp_path / "collector"
    before = count_rows(data)
    with nothing_can_be_written(data), ThreadPoolExecutor(len(asked)) as callers:
        waiting = {
            name: callers.submit(status_of, caller, path, fields)
            for name, caller, path, fields in asked
        }
        statuses = {name: each.result() for name, each in waiting.items()}
    answered = {name: status for name, status in statuses.items() if status != 503}
    assert answered == {}, "without a line, or the request needs a good one in Routes.list()"
    assert count_rows(data) == before
    for name, path, fields in good:
        lines = len(read_actions(data))
        assert status_of(routes.ana, path, fields) == 200, name
        assert ROUTES[name] in read_actions(data)[lines:], name
