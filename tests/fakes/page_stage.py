"""A real collector's store behind its real page, in a thread; events are put in by hand."""

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from collector.accounts import INVITATION_PATH
from collector.accounts.origin import Origin
from collector.core import Core, open_core, own_directory
from collector.ledger import keep_dictionary
from collector.listeners import Address, listen_plain
from collector.rights import Role
from collector.store import Committed, Delivery
from collector.web import Page
from edge.clock import Clock
from edge.errors import VigieError
from edge.wire.codec import pack_box
from edge.wire.event import Box
from edge.wire.trace import pack_trace
from edge.wire.v1 import event_pb2, session_pb2

T = TypeVar("T")
DEVICE, EPOCH = "pole-7", 0xFEED_0000_0000_0001
PASSWORD = "a sentence is a good password"
SECONDS = 60.0

RULES: tuple[tuple[str, event_pb2.Function.ValueType, str, dict[str, str]], ...] = (
    ("fence", event_pb2.FUNCTION_LINE_CROSSING, "yard-line", {"direction": "both"}),
    ("night-yard", event_pb2.FUNCTION_INTRUSION, "yard", {"min_seconds": "1", "when": "presence"}),
    ("doorway", event_pb2.FUNCTION_LOITERING, "door", {"min_seconds": "20"}),
    ("lens", event_pb2.FUNCTION_CAMERA_COVERED, "", {}),
)

CALIBRATION, BENCH = 2, 3
# The stage's dictionaries: the same rules, under mandates for different purposes.
MODES: dict[int, tuple[event_pb2.MandateMode.ValueType, str]] = {
    1: (event_pb2.MANDATE_MODE_OPERATION, ""),
    CALIBRATION: (event_pb2.MANDATE_MODE_CALIBRATION, "pe-municipal"),
    BENCH: (event_pb2.MANDATE_MODE_OPERATION, "bench"),
}


class Stage:
    """`with Stage(folder, clock) as stage:` serves the page on a free port of loopback."""

    def __init__(self, data: Path, clock: Clock) -> None:
        self._data = data
        self._clock = clock
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._leave: asyncio.Event
        self._serving: asyncio.Task[None]
        self._next_seq = 1
        self.core: Core
        self.page: Page
        self.address = ""
        self.origin: Origin

    def __enter__(self) -> "Stage":
        self._thread.start()
        ready: asyncio.Future[None] = self.run(self._start())
        self.run(_wait(ready))
        self.run(self._prepare())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Do something on the collector's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    def invite(self, role: Role = Role.SUPERVISOR) -> str:
        """The address of a one-time link."""
        token = self.run(self.core.services.accounts.invite("collector", role))
        return f"{self.address}{INVITATION_PATH}{token}"

    def stop_page(self) -> None:
        """The collector falls silent; what is open notices it by the missing heartbeat."""
        self.run(self.page.stop())

    def deliver(
        self,
        *events: event_pb2.Event,
        age_ms: int = 400,
        clock_error_ms: int | None = 12,
        dictionary: int = 1,
    ) -> int:
        """Store events as one batch captured `age_ms` ago; the seq of the first."""
        first_seq = self._next_seq
        self._next_seq += len(events)
        batch = event_pb2.Batch(
            first_seq=first_seq,
            captured_utc_ms=self._clock.utc_ns() // 1_000_000 - age_ms,
            dictionary=dictionary,
            events=events,
            clock_error_ms=clock_error_ms,
        )
        self.run(self._store(batch))
        return first_seq

    def say_health(self, health: session_pb2.Status) -> None:
        """The pole says how it is."""
        self.run(self.core.services.devices.keep_health(DEVICE, health))

    async def _start(self) -> "asyncio.Future[None]":
        ready: asyncio.Future[None] = self._loop.create_future()
        self._leave = asyncio.Event()
        self._serving = asyncio.ensure_future(self._serve(ready))
        return ready

    async def _serve(self, ready: "asyncio.Future[None]") -> None:
        try:
            with own_directory(self._data):
                listener = listen_plain(Address("127.0.0.1", 0))
                port = listener.getsockname()[1]
                self.address = f"http://127.0.0.1:{port}"
                self.origin = Origin.parse(f"http://localhost:{port}")
                async with open_core(self._data, self._clock, self.origin) as self.core:
                    self.page = Page(self.core.services, listener)
                    ready.set_result(None)
                    await self._leave.wait()
                    await self.page.stop()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    async def _stop(self) -> None:
        self._leave.set()
        await self._serving

    async def _prepare(self) -> None:
        for number, (mode, profile) in MODES.items():
            await self._keep(
                event_pb2.Dictionary(
                    number=number,
                    model="ssd-coco15",
                    rules=_rules(),
                    mandate_mode=mode,
                    mandate_profile=profile,
                )
            )
        await self.core.services.devices.invite(DEVICE, 0, "operator:test")

    async def _keep(self, dictionary: event_pb2.Dictionary) -> None:
        await self.core.writer.submit(
            lambda connection: keep_dictionary(connection, DEVICE, EPOCH, dictionary)
        )

    async def _store(self, batch: event_pb2.Batch) -> None:
        stored: asyncio.Future[Committed] = self._loop.create_future()

        def answer(outcome: Committed | VigieError) -> None:
            if isinstance(outcome, VigieError):
                stored.set_exception(outcome)
            else:
                stored.set_result(outcome)

        self.core.writer.deliver(Delivery(DEVICE, EPOCH, batch), answer)
        await stored


@dataclass
class Answer:
    """What came back: the status, the headers, and the JSON or the text."""

    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> dict[str, object]:
        read = json.loads(self.text)
        assert isinstance(read, dict)
        return read


class Browserless:
    """A caller with a cookie and a CSRF token, and nothing a browser would add."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookie = ""
        self.csrf_token = ""

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return self._ask(path, None, headers or {})

    def get_bytes(self, path: str) -> bytes:
        """What is there, which is no text."""
        request = urllib.request.Request(self.address + path, None, self._proofs(None))
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return bytes(response.read())

    def post(
        self, path: str, fields: dict[str, object], headers: dict[str, str] | None = None
    ) -> Answer:
        return self.post_bytes(path, json.dumps(fields).encode(), headers)

    def post_bytes(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        """Whatever the page would not send."""
        return self._ask(path, body, headers or {})

    def refusal(self, path: str, method: str) -> tuple[int, str]:
        """The status, and the text where it is refused; other bodies, some endless, stay unread."""
        body = b"{}" if method == "POST" else None
        request = urllib.request.Request(self.address + path, body, self._proofs(body))
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as response:
                return int(response.status), ""
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def enter(self, stage: Stage, name: str = "ana", role: Role = Role.SUPERVISOR) -> None:
        """Make an account by a one-time link."""
        token = stage.invite(role).rpartition("/")[2]
        answer = self.post("/api/welcome", {"token": token, "name": name, "password": PASSWORD})
        assert answer.status == 200, answer.text
        self.csrf_token = str(answer.json()["csrf_token"])

    def _ask(self, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        request = urllib.request.Request(self.address + path, body, self._proofs(body) | headers)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as response:
                return self._take(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as refused:
            return self._take(refused.code, dict(refused.headers), refused.read())

    def _proofs(self, body: bytes | None) -> dict[str, str]:
        """The headers that say who asks, and that it is the page."""
        proofs = {"Content-type": "application/json"} if body is not None else {}
        if self.cookie:
            proofs["Cookie"] = self.cookie
        if self.csrf_token:
            proofs["X-csrf-token"] = self.csrf_token
        return proofs

    def _take(self, status: int, headers: dict[str, str], body: bytes) -> Answer:
        lowered = {name.lower(): value for name, value in headers.items()}
        if given := lowered.get("set-cookie"):
            morsel = next(iter(SimpleCookie(given).values()))
            self.cookie = f"{morsel.key}={morsel.value}"
        return Answer(status, lowered, body.decode())


def crossing(rule: int = 1) -> event_pb2.Event:
    """Somebody crosses a line: a START with a box and a way, momentary."""
    foot = (0.55, 0.82)
    way: Sequence[tuple[float, float]] = [
        foot, (0.5, 0.8), (0.44, 0.79), (0.37, 0.74), (0.31, 0.72),
    ]  # fmt: skip
    return event_pb2.Event(
        rule=rule,
        phase=event_pb2.PHASE_START,
        object_class=event_pb2.OBJECT_CLASS_PERSON,
        box=pack_box(Box(0.51, 0.42, 0.59, 0.82)),
        track=17,
        score_percent=87,
        trace=pack_trace(way),
    )


def presence(phase: event_pb2.Phase.ValueType, duration_ms: int, back: int = 0) -> event_pb2.Event:
    """Somebody is in the yard; `back` seqs after its START."""
    event = crossing(rule=2)
    event.phase = phase
    event.duration_ms = duration_ms
    if back:
        event.start_back = back
    return event


def healthy() -> session_pb2.Status:
    """A pole that is well."""
    return session_pb2.Status(
        uptime_ms=7_260_000,
        pending_events=3,
        spool_bytes=180_224,
        spool_quota_bytes=67_108_864,
        temperature_c=54,
        disk_free_bytes=21_400_000_000,
        clock_error_ms=12,
        cameras=[
            session_pb2.CameraStatus(
                camera="north", is_open=True, frames_captured=181_500, frames_analysed=58_080,
                frames_dropped=112, video_bytes=3_630_000_000, cpu_ms=2_904_000,
            )
        ],
    )  # fmt: skip


def _rules() -> list[event_pb2.Rule]:
    return [
        event_pb2.Rule(
            name=name,
            function=function,
            camera="north",
            place=place,
            parameters=[event_pb2.Parameter(name=key, text=text) for key, text in limits.items()],
            version=bytes.fromhex("a1b2c3d4e5f60718"),
        )
        for name, function, place, limits in RULES
    ]


async def _wait(ready: "asyncio.Future[None]") -> None:
    await ready
