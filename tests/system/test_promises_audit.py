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

from collector.accounts.ceremony import PublicHalf
from collector.accounts.passkey_rows import keep_passkey
from collector.clips.asker import Asker
from collector.clips.desk import ClipDesk
from collector.clips.limits import DAY_MS
from collector.clips.shelf import Shelf
from collector.core import DATABASE
from collector.page.app import DOORS
from collector.peer import DEVICE as DEVICE_ROLE
from collector.peer import Peer
from collector.rights import Role, has_right
from collector.updates.rows import keep_image
from collector.updates.states import State
from edge.mandate.trust import write_trust
from edge.wire.v1 import clip_pb2, operator_pb2, rollout_pb2, storage_pb2
from tests.collector.clips_stage import ClipsStage, now_utc_ms, set_stage, stage_mandate
from tests.collector.conftest import make_batch, run_collector
from tests.collector.updates.stage import BOARD, UpdateStage, make_bundle
from tests.fakes.clip_pole import ClipPole
from tests.fakes.clock import FakeClock
from tests.fakes.mandates import DEVICE as POLE
from tests.fakes.mandates import around
from tests.fakes.page_stage import CALIBRATION, DEVICE, PASSWORD, Browserless, Stage, crossing
from tests.fakes.passkey import SoftPasskey
from tests.fakes.rollouts import put_rollout

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
    "OperatorService.ListPasskeys": "list passkeys",
    "OperatorService.RemovePasskey": "remove passkey",
    "StorageService.ReleaseShare": "release share",
    "ClipDeskService.AskClip": "request clip",
    "ClipDeskService.ApproveClip": "approve clip",
    "ClipDeskService.ListClips": "list clips",
    "ClipDeskService.FetchClip": "open clip",
    "ClipDeskService.HoldClip": "hold clip",
    "UpdateDeskService.OfferBundle": "offer bundle",
    "UpdateDeskService.SendBundle": "take bundle",
    "UpdateDeskService.StartRollout": "start rollout",
    "UpdateDeskService.ListRollouts": "list rollouts",
    "UpdateDeskService.HaltRollout": "halt rollout",
    "UpdateDeskService.ResumeRollout": "resume rollout",
    "ClipService.OfferClip": NO_LINE + "a clip counts only when it is whole: 'deliver clip'",
    "ClipService.UploadClip": "deliver clip",
    "ClipService.ReportClip": "report clip",
}
ROUTES = {
    "POST /api/logout": "log out",
    "POST /api/step-up": "step up",
    "POST /api/step-up/passkey/begin": NO_LINE + "a random number to sign; the answer has its line",
    "POST /api/step-up/passkey": "step up",
    "GET /api/passkeys": "list passkeys",
    "POST /api/passkeys/begin": NO_LINE + "a random number to sign; the answer has its line",
    "POST /api/passkeys": "register passkey",
    "POST /api/passkeys/remove": "remove passkey",
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
    "GET /api/updates": NO_LINE + "states of machines, asked again every few seconds",
    "GET /api/updates/{number}": NO_LINE + "states of machines, asked again every few seconds",
    "GET /api/accounts": "list accounts",
    "POST /api/accounts/invite": "invite account",
    "POST /api/accounts/{name}/close": "close account",
}
# Routes before there is a session.
ENTRIES = {
    "/api/welcome": "make account",
    "/api/login": "log in",
    "/api/login/passkey": "log in",
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
        *rollout_pb2.DESCRIPTOR.services_by_name.values(),
        *storage_pb2.DESCRIPTOR.services_by_name.values(),
    ]
    methods = {f"{service.name}.{each.name}" for service in services for each in service.methods}
    assert methods == set(CALLS), "say in CALLS which line the call leaves, and call it below"


class Calls:
    """One good call of each kind, on things that are there."""

    def __init__(self, stage: ClipsStage) -> None:
        self._stage = stage
        self._operator, self._desk = stage.collector.operator, stage.desk
        self._whole = UpdateStage(stage.collector, make_bundle(1000))
        self._half = UpdateStage(stage.collector, make_bundle(1000, seed=1))
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
        await stage.pole.upload(first.chunks())
        self.reported = (await self._desk.AskClip(stage.ask())).clip.clip
        await stage.pole.hear_command()
        await self._desk.AskClip(stage.ask())
        self._coming = stage.seal(await stage.pole.hear_command())
        await stage.pole.clips.OfferClip(self._coming.offer)
        await self._operator.InviteDevice(operator_pb2.InviteDeviceRequest(device="stolen"))
        await self._whole.push()
        await self._half.desk.OfferBundle(self._half.announce())
        await stage.collector.core.writer.submit(
            lambda connection: keep_image(
                connection, stage.pole.evidence.public.name, "A", "0.1.0", BOARD
            )
        )
        await self._whole.start()
        half = PublicHalf(b"one", b"key", 0)
        await stage.collector.core.writer.submit(
            lambda connection: keep_passkey(connection, "ana", "blue key", half, now_ms)
        )

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
        shares, pole = stage.collector.core.services.shares, Peer(DEVICE_ROLE, POLE, "1", 0)
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
            "OperatorService.ListPasskeys": lambda: operator.ListPasskeys(
                operator_pb2.ListPasskeysRequest(account="ana")
            ),
            "OperatorService.RemovePasskey": lambda: operator.RemovePasskey(
                operator_pb2.RemovePasskeyRequest(account="ana", name="blue key")
            ),
            "ClipDeskService.AskClip": lambda: desk.AskClip(stage.ask()),
            "StorageService.ReleaseShare": lambda: shares.release(pole),
            # Nobody agrees to what they asked for themselves; gRPC's caller is the one who asked.
            "ClipDeskService.ApproveClip": lambda: approve(SUPERVISOR, self.waiting),
            "ClipDeskService.ListClips": lambda: desk.ListClips(clip_pb2.ListClipsRequest()),
            "ClipDeskService.FetchClip": lambda: desk.FetchClip(fetch).read(),
            "ClipDeskService.HoldClip": lambda: desk.HoldClip(hold),
            **self._list_of_updates(),
            "ClipService.UploadClip": lambda: stage.pole.upload(self._coming.chunks()),
            "ClipService.ReportClip": lambda: stage.pole.clips.ReportClip(report),
        }

    def _list_of_updates(self) -> dict[str, Callable[[], Awaitable[object]]]:
        updates = self._whole.desk
        return {
            "UpdateDeskService.OfferBundle": lambda: updates.OfferBundle(self._whole.announce()),
            "UpdateDeskService.SendBundle": lambda: updates.SendBundle(self._half.pieces()),
            "UpdateDeskService.StartRollout": self._whole.start,
            "UpdateDeskService.ListRollouts": lambda: updates.ListRollouts(
                rollout_pb2.ListRolloutsRequest()
            ),
            "UpdateDeskService.HaltRollout": lambda: updates.HaltRollout(
                rollout_pb2.HaltRolloutRequest(number=1)
            ),
            "UpdateDeskService.ResumeRollout": lambda: updates.ResumeRollout(
                rollout_pb2.ResumeRolloutRequest(number=1)
            ),
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


def ask_question(caller: Browserless, path: str) -> dict[str, object]:
    answer = caller.post(path, {})
    assert answer.status == 200, answer.text
    return cast(dict[str, object], answer.json()["question"])


def register_key(page: Stage, caller: Browserless) -> SoftPasskey:
    key = SoftPasskey(page.origin.text)
    answer = key.create(ask_question(caller, "/api/passkeys/begin"))
    kept = caller.post("/api/passkeys", {"name": "blue key", "answer": answer})
    assert kept.status == 200, kept.text
    return key


class Routes:
    """One good request for each route."""

    def __init__(self, page: Stage, folder: Path) -> None:
        self.ana = Browserless(page.address)
        self.ana.enter(page)
        self._key = register_key(page, self.ana)
        self._spare = SoftPasskey(page.origin.text, b"spare")
        olga = Browserless(page.address)
        olga.enter(page, "olga", Role.OPERATOR)
        page.deliver(crossing())
        pole = ClipPole(page, folder / "pole")
        self._whole = ask(self.ana)
        pole.bring()
        put_rollout(page, {"pole-7": State.WAITING})
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
        """Route, address and fields, good for one time; leaving comes last."""
        proof = self._key.get(ask_question(self.ana, "/api/step-up/passkey/begin"))
        new = self._spare.create(ask_question(self.ana, "/api/passkeys/begin"))
        hold: dict[str, object] = {"reason": "the trial goes on", "until_utc_ms": self._until}
        wish: dict[str, object] = {
            "event": "1", "kind": "still", "reason": "a person was pushed", "case": "7",
        }  # fmt: skip
        whole, waiting = f"/api/clips/{self._whole}", f"/api/clips/{self._waiting}"
        return [
            ("POST /api/step-up", "/api/step-up", {"password": PASSWORD}),
            ("POST /api/step-up/passkey", "/api/step-up/passkey", {"answer": proof}),
            ("GET /api/passkeys", "/api/passkeys", None),
            ("POST /api/passkeys", "/api/passkeys", {"name": "spare", "answer": new}),
            ("POST /api/passkeys/remove", "/api/passkeys/remove", {"name": "blue key"}),
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
    for name, path, fields in routes.list():
        lines = len(read_actions(data))
        assert status_of(routes.ana, path, fields) == 200, name
        assert ROUTES[name] in read_actions(data)[lines:], name


class Entries:
    """One good way in for each route before there is a session, each by a caller of its own."""

    def __init__(self, page: Stage) -> None:
        self._page = page
        ana = Browserless(page.address)
        ana.enter(page)
        self._key = register_key(page, ana)
        self._token = page.invite(Role.OPERATOR).rpartition("/")[2]

    def list(self) -> list[tuple[str, Browserless, Fields]]:
        callers = {path: Browserless(self._page.address) for path in ENTRIES}
        by_key = callers["/api/login/passkey"]
        answer = self._key.get(ask_question(by_key, "/api/login/passkey/begin"))
        fields: dict[str, Fields] = {
            "/api/welcome": {"token": self._token, "name": "bob", "password": PASSWORD},
            "/api/login": {"name": "ana", "password": PASSWORD},
            "/api/login/passkey": {"answer": answer},
        }
        return [(path, caller, fields[path]) for path, caller in callers.items()]


def test_every_way_in_waits_for_its_line_and_leaves_it(page: Stage, tmp_path: Path) -> None:
    entries, data = Entries(page), tmp_path / "collector"
    tried = entries.list()
    before = count_rows(data)
    with nothing_can_be_written(data):
        assert {status_of(caller, path, fields) for path, caller, fields in tried} == {503}
    assert count_rows(data) == before
    for path, caller, fields in entries.list():
        lines = len(read_actions(data))
        assert status_of(caller, path, fields) == 200, path
        assert read_actions(data)[lines:] == [ENTRIES[path]]


def test_a_refused_way_in_leaves_its_line(page: Stage, tmp_path: Path) -> None:
    entries, data = Entries(page), tmp_path / "collector"
    wrong: dict[str, Fields] = {
        "/api/login": {"name": "ana", "password": "a guess at the sentence"},
        "/api/login/passkey": {"answer": "{}"},
    }
    for path, caller, _ in entries.list():
        if path in wrong:
            lines = len(read_actions(data))
            assert status_of(caller, path, wrong[path]) == 403, path
            assert read_actions(data)[lines:] == ["refuse login"]
