"""A pole's state on disk, and a link that runs beside the test."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.link.client import Client
from edge.link.drain import Drain
from edge.link.identity import IdentityDirectory
from edge.spool.bell import ring
from edge.spool.reader import BELL_NAME
from edge.spool.spool import FILE_NAME, Packed, Spool
from edge.wire.v1 import event_pb2
from tests.fakes.authority import Authority, Pair
from tests.fakes.server import DEVICE


class Pole:
    """One pole's `DATA` directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.directory = IdentityDirectory(data / "identity")

    def put_identity(
        self, authority: Authority, collector: str, *, pair: Pair | None = None, name: str = DEVICE
    ) -> None:
        """As an enrolment leaves it."""
        pair = pair or authority.make_device(name)
        self.directory.path.mkdir(exist_ok=True)
        for file, content in (
            ("key.pem", pair.key_pem),
            ("certificate.pem", pair.certificate_pem),
            ("ca.pem", authority.ca_pem),
            ("device.toml", f'name = "{name}"\ncollector = "{collector}"\n'.encode()),
        ):
            (self.directory.path / file).write_bytes(content)

    def append(self, count: int = 1) -> int:
        """Events as the eye appends them, one commit each, with a ring; the last seq."""
        rules = [event_pb2.Rule(name="gate", function=event_pb2.FUNCTION_LINE_CROSSING)]
        with Spool(self.data / FILE_NAME) as spool:
            number = spool.declare(event_pb2.Dictionary(rules=rules))
            body = event_pb2.Event(rule=1, phase=event_pb2.PHASE_START).SerializeToString()
            packed = Packed(1_790_000_000_000, number, [body])
            for _ in range(count):
                seqs = spool.append(lambda _: packed)
        ring(self.data / BELL_NAME)
        return seqs[-1]

    def read_pending(self) -> int:
        """How many seqs wait."""
        with Spool(self.data / FILE_NAME) as spool:
            return spool.pending().seqs

    @contextlib.asynccontextmanager
    async def run_link(self) -> AsyncIterator[Client]:
        """A link that runs until the block ends, then stops cleanly."""
        drain = await Drain.open(self.data)
        client = Client(
            self.data,
            self.directory,
            drain,
            clock=SystemClock(),
            rng=random.Random(1),
            software="0.1.0",
        )
        running = asyncio.create_task(client.run())
        try:
            yield client
        finally:
            await client.stop()
            async with asyncio.timeout(20):
                await running
            await drain.close()


@pytest.fixture
def pole(tmp_path: Path) -> Pole:
    return Pole(tmp_path)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What the link has written to its log so far, without the times."""
    caplog.set_level("INFO", "vigie.link")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "vigie.link"]
