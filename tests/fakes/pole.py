"""A pole's state on disk, a link that runs beside the test, and what it writes to its log."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from edge.clock import SystemClock
from edge.enrolment.identity import IdentityDirectory
from edge.link.client import Client
from edge.link.drain import Drain
from edge.service.image import Image
from edge.spool.bell import ring
from edge.spool.places import bell_path, ensure_spool_folder, spool_path
from edge.spool.spool import Packed, Spool
from edge.wire.v1 import event_pb2
from tests.fakes.authority import Authority, Pair
from tests.fakes.server import DEVICE


class Pole:
    """One pole's `DATA` directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.spool = spool_path(data)
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
        ensure_spool_folder(self.data)
        with Spool(self.spool) as spool:
            number = spool.declare(event_pb2.Dictionary(rules=rules))
            body = event_pb2.Event(rule=1, phase=event_pb2.PHASE_START).SerializeToString()
            for _ in range(count):
                # Each at a time of its own: what was captured at once travels in one batch.
                seqs = spool.append(lambda seq: Packed(1_790_000_000_000 + seq, number, [body]))
        ring(bell_path(self.spool))
        return seqs[-1]

    def read_pending(self) -> int:
        """How many seqs wait."""
        with Spool(self.spool) as spool:
            return spool.pending().seqs

    @contextlib.asynccontextmanager
    async def run_link(
        self,
        *,
        clip_bits_per_second: int = 800_000_000,
        rng: random.Random | None = None,
        image: Image | None = None,
    ) -> AsyncIterator[Client]:
        """A link that runs until the block ends, then stops cleanly. rng: draws its pauses."""
        drain = await Drain.open(self.data)
        client = Client(
            self.data,
            self.directory,
            drain,
            clock=SystemClock(),
            rng=rng or random.Random(1),
            software="0.1.0",
            clip_bits_per_second=clip_bits_per_second,
            image=image,
        )
        running = asyncio.create_task(client.run())
        try:
            yield client
        finally:
            await client.stop()
            async with asyncio.timeout(60):
                await running
            await drain.close()


class NoPause(random.Random):
    """Draws the shortest pause there is, each time."""

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return 0 if stop is None else start


class Told(logging.Handler):
    """The link's log lines without their times; a test may wait for one."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._has_more = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self._has_more.set()

    def find(self, event: str) -> list[str]:
        """Lines of one event, less those in which gRPC lost what the peer said.

        A peer that refuses at once races with our first write; now and then core reports an error
        of its own in place of the refusal, and the link asks again.
        """
        lines = [line for line in self.lines if line.split(" ")[0] == event]
        return [line for line in lines if "Internal error from Core" not in line]

    async def wait_for(self, event: str) -> str:
        """The first line of an event; fails after 30 s."""
        try:
            async with asyncio.timeout(30):
                while not self.find(event):
                    self._has_more.clear()
                    await self._has_more.wait()
        except TimeoutError:
            raise AssertionError(f"no {event} in {self.lines}") from None
        return self.find(event)[0]


@contextlib.contextmanager
def listen_to_link() -> Iterator[Told]:
    """What the link writes while the block runs."""
    log, told = logging.getLogger("vigie.link"), Told()
    before = log.level
    log.setLevel(logging.INFO)
    log.addHandler(told)
    try:
        yield told
    finally:
        log.removeHandler(told)
        log.setLevel(before)
