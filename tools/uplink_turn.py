"""One stretch of events on a narrow line, with what is beside them.

From a real link to the real collector. Runs inside the city's network namespace
(`tools/narrow_line.py`); the link and the plain connection run in the pole's.
"""

import asyncio
import contextlib
import random
import socket
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edge.enrolment.identity import IdentityDirectory, identity_folder
from edge.spool.bell import ring
from edge.spool.places import bell_path, ensure_spool_folder, spool_path
from edge.spool.spool import Packed, Spool
from edge.wire import clip_talk as talk
from edge.wire.v1 import event_pb2
from tests.collector.clips_stage import ClipsStage, Sealed
from tests.collector.conftest import Running
from tests.fakes.mandates import DEVICE
from tools.narrow_line import CITY_ADDRESS, POLE

ALONE, CLIP, PLAIN = "alone", "clip", "plain TCP"
MEAN_GAP_SECONDS = 0.2
# An upload's beginning counts; that of a plain connection too.
STORED_WITHIN_SECONDS = 60.0
PLAIN_PORT = 9_999
PUMP = (
    "import os,socket,sys\n"
    "line = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
    "while True: line.sendall(os.urandom(16384))\n"
)


@dataclass
class Side:
    """What one side of one width gave. turns: milliseconds of each event, a list a turn."""

    turns: list[list[float]] = field(default_factory=list)
    bits_per_second: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Of all turns together, ms."""
        return percentile([each for turn in self.turns for each in turn], share)


@dataclass
class Turn:
    """One stretch of events, on a link of its own."""

    city: Running
    data: Path
    spool: "OpenSpool"
    sealed: Sealed

    async def run(self, name: str, side: Side, seconds: float) -> None:
        """Add what is measured to a side."""
        async with contextlib.AsyncExitStack() as stack:
            waits = await stack.enter_async_context(self._watch())
            vault = await stack.enter_async_context(self._vault())
            await stack.enter_async_context(self._link())
            await waits.time_event(self.spool)
            await waits.settle()
            waits.found.clear()
            async with asyncio.timeout(STORED_WITHIN_SECONDS):
                vault_line = await vault.get()
            plain = None
            if name == CLIP:
                vault_line.write(talk.write_line(self._get_ready()))
            elif name == PLAIN:
                plain = await stack.enter_async_context(_pump())
            before, started = self._get_bytes(plain), time.monotonic()
            while time.monotonic() - started < seconds:
                await asyncio.sleep(random.expovariate(1 / MEAN_GAP_SECONDS))
                await waits.time_event(self.spool)
            spent = time.monotonic() - started
            side.bits_per_second.append((self._get_bytes(plain) - before) * 8 / spent)
            await waits.settle()
            side.turns.append(waits.found)

    def _get_bytes(self, plain: "Counter | None") -> int:
        if plain is not None:
            return plain.received_bytes
        return self.city.core.services.clips.get_stored_bytes(self.sealed.clip)

    @asynccontextmanager
    async def _watch(self) -> AsyncIterator["Waits"]:
        with self.city.core.services.live.watch() as subscription:
            waits = Waits()

            async def listen() -> None:
                async for number in subscription.numbers():
                    assert number is not None, "fewer than a watcher's queue are under way"
                    waits.take()

            listening = asyncio.create_task(listen())
            try:
                yield waits
            finally:
                listening.cancel()

    @asynccontextmanager
    async def _link(self) -> AsyncIterator[None]:
        command = [sys.executable, "-m", "edge.link.run", "--data", str(self.data)]
        with (self.data / "log").open("ab") as log:
            link = await asyncio.create_subprocess_exec(
                "ip", "netns", "exec", POLE, *command, stderr=log
            )
        try:
            yield
        finally:
            link.terminate()
            await link.wait()

    def _get_ready(self) -> talk.Ready:
        blake3 = self.sealed.offer.sealed_blake3.hex()
        return talk.Ready(self.sealed.clip, len(self.sealed.content), blake3)

    @asynccontextmanager
    async def _vault(self) -> AsyncIterator[asyncio.Queue[asyncio.StreamWriter]]:
        """A vault's socket; who connects comes out of the queue."""
        connected: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connected.put_nowait(writer)
            while line := await reader.readline():
                # The request comes again until it is answered.
                if isinstance(heard := talk.parse_to_vault(line), talk.Request):
                    writer.write(talk.write_line(talk.Answer(heard.command, "done", "")))
            writer.close()

        path = talk.clips_socket_path(self.data)
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(serve, path)
        try:
            yield connected
        finally:
            server.close()


class Waits:
    """Events on their way: they are stored in the order in which they were appended."""

    def __init__(self) -> None:
        self.found: list[float] = []
        self._appended_ns: deque[int] = deque()
        self._is_empty = asyncio.Event()

    async def time_event(self, spool: "OpenSpool") -> None:
        """Append one; it is stored when it is."""
        self._is_empty.clear()
        self._appended_ns.append(time.monotonic_ns())
        spool.append()

    def take(self) -> None:
        """The oldest is stored."""
        self.found.append((time.monotonic_ns() - self._appended_ns.popleft()) / 1e6)
        if not self._appended_ns:
            self._is_empty.set()

    async def settle(self) -> None:
        """Until nothing is on its way. Raises TimeoutError."""
        async with asyncio.timeout(STORED_WITHIN_SECONDS):
            await self._is_empty.wait()


class OpenSpool:
    """The pole's spool as the eye holds it: open, an event a commit, a ring after each."""

    def __init__(self, data: Path) -> None:
        ensure_spool_folder(data)
        self._bell = bell_path(spool_path(data))
        self._spool = Spool(spool_path(data))
        rules = [event_pb2.Rule(name="gate", function=event_pb2.FUNCTION_LINE_CROSSING)]
        self._dictionary = self._spool.declare(event_pb2.Dictionary(rules=rules))

    def append(self) -> None:
        """One event. Blocks for a commit."""
        event = event_pb2.Event(rule=1, phase=event_pb2.PHASE_START).SerializeToString()
        now_ms = time.time_ns() // 1_000_000
        self._spool.append(lambda _: Packed(now_ms, self._dictionary, [event]))
        ring(self._bell)

    def close(self) -> None:
        """Let go of it."""
        self._spool.close()


@dataclass
class Counter:
    """What a plain connection brought."""

    received_bytes: int = 0


@asynccontextmanager
async def _pump() -> AsyncIterator[Counter]:
    counter = Counter()

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65_536):
            counter.received_bytes += len(chunk)
        writer.close()

    server = await asyncio.start_server(count, CITY_ADDRESS, PLAIN_PORT, family=socket.AF_INET)
    pump = await asyncio.create_subprocess_exec(
        "ip", "netns", "exec", POLE, sys.executable, "-c", PUMP, CITY_ADDRESS, str(PLAIN_PORT)
    )
    try:
        yield counter
    finally:
        pump.kill()
        await pump.wait()
        server.close()


def put_pole(data: Path, stage: ClipsStage, sealed: Sealed) -> None:
    """The pole's state: identity, and the clip where its vault leaves it."""
    identity = IdentityDirectory(identity_folder(data))
    identity.path.mkdir(parents=True)
    credentials, address = stage.pole.credentials, stage.collector.addresses["sessions"]
    for name, content in (
        ("key.pem", credentials.key_pem or b""),
        ("certificate.pem", credentials.certificate_pem or b""),
        ("ca.pem", credentials.ca_pem),
        ("device.toml", f'name = "{DEVICE}"\ncollector = "{address}"\n'.encode()),
    ):
        (identity.path / name).write_bytes(content)
    talk.outgoing_folder(data).mkdir()
    talk.sealed_path(data, sealed.clip).write_bytes(sealed.content)
    talk.manifest_path(data, sealed.clip).write_text(sealed.manifest)
    talk.clips_socket_path(data).parent.mkdir(parents=True)


def percentile(found: list[float], share: float) -> float:
    """The figure below which a share of them lies."""
    return sorted(found)[min(len(found) - 1, round(len(found) * share))]
