"""The collector is killed at random between receive and commit: each acked event is found."""

import asyncio
import random
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import grpc
import pytest

from collector.audit import verify
from collector.authority import Authority
from collector.core import DATABASE
from collector.schema import open_reader
from edge.clock import SystemClock
from edge.enrolment.channel import Credentials, make_channel
from edge.wire.v1 import session_pb2, session_pb2_grpc
from tests.collector.conftest import make_batch, make_hello

DEVICE = "north-gate"
EVENTS_A_BATCH = 8
READY_SECONDS = 60.0
Call = grpc.aio.StreamStreamCall[session_pb2.ConnectRequest, session_pb2.ConnectResponse]


class Pole:
    """Sends on from what the welcome says; remembers the highest ack it ever heard."""

    def __init__(self, credentials: Credentials, rng: random.Random) -> None:
        self._credentials = credentials
        self._rng = rng
        self.acked_seq = 0
        self.sent_seq = 0

    async def send_until_cut(self, address: str, kill: asyncio.Event) -> None:
        async with make_channel(address, self._credentials) as channel:
            stub = session_pb2_grpc.SessionServiceStub(channel)
            call = stub.Connect()
            await call.write(session_pb2.ConnectRequest(hello=make_hello(last_seq=1 << 40)))
            answer = await call.read()
            assert isinstance(answer, session_pb2.ConnectResponse)
            welcome = answer.welcome
            assert welcome.stored_seq >= self.acked_seq
            self.sent_seq = welcome.stored_seq
            kill_at = self.sent_seq + EVENTS_A_BATCH * self._rng.randrange(1, 120)
            await asyncio.gather(self._send(call, kill_at, kill), self._hear(call))

    async def _send(self, call: Call, kill_at: int, kill: asyncio.Event) -> None:
        while True:
            batch = make_batch(self.sent_seq + 1, EVENTS_A_BATCH)
            await call.write(session_pb2.ConnectRequest(batch=batch))
            self.sent_seq += EVENTS_A_BATCH
            if self.sent_seq >= kill_at:
                kill.set()
            await asyncio.sleep(0)

    async def _hear(self, call: Call) -> None:
        while isinstance(answer := await call.read(), session_pb2.ConnectResponse):
            self.acked_seq = max(self.acked_seq, answer.ack.stored_seq)
        raise asyncio.InvalidStateError("the stream is over")


@asynccontextmanager
async def started(data: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    command = [sys.executable, "-m", "edge.cli.main", "collector", "run", "--data", str(data)]
    ports = ["--listen", "127.0.0.1:0", "--page", "127.0.0.1:0"]
    process = await asyncio.create_subprocess_exec(*command, *ports, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(READY_SECONDS):
            await wait_for_listening(process.stderr)
        found = tomllib.loads((data / "operator" / "collector.toml").read_text())
        draining = asyncio.ensure_future(process.stderr.read())
        yield process, str(found["sessions"])
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    await draining


async def wait_for_listening(words: asyncio.StreamReader) -> None:
    while line := await words.readline():
        if line.startswith(b"vigie: devices connect to"):
            return
    raise AssertionError("the collector did not start again")


def check_stored(data: Path, acked_seq: int) -> None:
    """Every acked seq once, none twice, the audit's chain whole."""
    with closing(open_reader(data / DATABASE)) as connection:
        seqs = [row[0] for row in connection.execute("SELECT seq FROM events ORDER BY seq")]
        stored_seq = connection.execute("SELECT max(stored_seq) FROM epochs").fetchone()[0] or 0
        assert len(seqs) == len(set(seqs))
        assert seqs[:acked_seq] == list(range(1, acked_seq + 1))
        assert acked_seq <= stored_seq == len(seqs)
        verify(connection)
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


async def run_cycles(data: Path, cycles: int, seed: int) -> int:
    rng = random.Random(seed)
    data.mkdir()  # noqa: ASYNC240 - nothing else runs yet
    pair = Authority(data / "authority", SystemClock()).make_client(f"vigie://device/{DEVICE}")
    ca_pem = (data / "authority" / "ca.pem").read_bytes()
    pole = Pole(Credentials(ca_pem, pair.key_pem, pair.certificate_pem), rng)
    for _ in range(cycles):
        async with started(data) as (process, address):
            kill = asyncio.Event()
            sending = asyncio.ensure_future(pole.send_until_cut(address, kill))
            async with asyncio.timeout(READY_SECONDS):
                await asyncio.wait(
                    [sending, asyncio.ensure_future(kill.wait())],
                    return_when=asyncio.FIRST_COMPLETED,
                )
            process.kill()
            with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError, AttributeError):
                await sending
        check_stored(data, pole.acked_seq)
    return pole.acked_seq


@pytest.mark.timeout(900)
async def test_what_was_acked_survives_kill_9(tmp_path: Path) -> None:
    assert await run_cycles(tmp_path / "collector", 30, seed=1) > 0


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_what_was_acked_survives_many_kills(tmp_path: Path) -> None:
    assert await run_cycles(tmp_path / "collector", 500, seed=2) > 0
