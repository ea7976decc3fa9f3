"""A fresh pole of the real programs on a fake board, against a real collector on loopback."""

import asyncio
import json
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.board.first_boot import FirstBoot
from edge.board.machine import Output, Settings
from edge.board.settled import Places
from edge.board.share import ask_share
from edge.board.state import FLEET_KEY, open_state
from edge.board.trouble import BoardError
from edge.board.unlock import unlock
from edge.enrolment.identity import IdentityDirectory
from edge.mandate.keys import make_signing_key
from edge.mandate.trust import Trust, write_trust
from edge.provision.keys import write_public
from edge.provision.signing import PLACE_ON_CARD
from edge.provision.statement import Provisioning
from edge.wire.v1 import operator_pb2
from tests.collector.conftest import Running
from tests.fakes.board_programs import FakeBoard
from tests.fakes.provisioning import BOARD, fleet_key, provisioning, signed

BUILT_NS = 1_780_000_000 * 10**9
SETTINGS = Settings(BOARD, "fw_cfg", BUILT_NS)
SECRET = b"the board's own secret"


@dataclass
class SettableClock:
    """A wall clock that the fake `date` sets; monotonic time is the machine's."""

    offset_ns: int = 0

    def utc_ns(self) -> int:
        return time.time_ns() + self.offset_ns

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def set(self, utc_ns: int) -> None:
        self.offset_ns = utc_ns - time.time_ns()


@dataclass
class Pole:
    """One board, one card, one clock that starts in 1970."""

    board: FakeBoard
    clock: SettableClock = field(default_factory=lambda: SettableClock(-time.time_ns()))

    def __post_init__(self) -> None:
        self.board.set_clock = self.clock.set
        self.lay_root()

    def lay_root(self) -> None:
        """What the image and the board hold at each start."""
        files = {
            FLEET_KEY: write_public(fleet_key().public),
            "/sys/firmware/qemu_fw_cfg/by_name/opt/vigie/board-secret/raw": SECRET,
            "/sys/class/leds/ACT/trigger": b"none",
        }
        for name, content in files.items():
            path = self.board.machine.at(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    @property
    def places(self) -> Places:
        return Places(self.board.machine)

    @property
    def identity(self) -> IdentityDirectory:
        return IdentityDirectory(self.places.identity)

    @property
    def file(self) -> Path:
        """The provisioning file, as a laptop sees it."""
        return self.board.sel / PLACE_ON_CARD

    @property
    def report(self) -> str:
        path = self.board.sel / "vigie/report.txt"
        return path.read_text() if path.exists() else ""

    def put_file(self, content: bytes) -> None:
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_bytes(content)

    def power_on(self) -> None:
        """A new start up to an open /state."""
        self.board.start()
        self.lay_root()
        open_state(self.board.machine, SETTINGS, self.clock)

    async def boot_once(self) -> None:
        """One attempt of the first boot."""
        await FirstBoot(self.board.machine, SETTINGS, self.clock).attempt()

    async def unlock(self) -> None:
        """As the last unit does, with the share's program in this process."""
        self.board.share = await self._share_line()
        await unlock(self.board.machine, SETTINGS)

    async def _share_line(self) -> Output:
        try:
            share = await ask_share(await asyncio.to_thread(self.identity.read_identity))
        except BoardError as error:
            return Output(1, json.dumps({"trouble": error.trouble.value, "what": error.what}))
        return Output(0, json.dumps({"share": share.hex()}))


async def invite(collector: Running, device: str = "north-gate") -> str:
    request = operator_pb2.InviteDeviceRequest(device=device)
    return (await collector.operator.InviteDevice(request)).token


def give_trust(collector: Running) -> Trust:
    """The authority has said whom poles believe."""
    trusted = collector.core.services.trusted
    if trusted.trust is not None:
        return trusted.trust
    keys = (make_signing_key("head").public, make_signing_key("deputy").public)
    trust = Trust("city", 2, keys, clip_key=trusted.clip_key.public)
    trusted.take(write_trust(trust).decode())
    return trust


async def statement_for(collector: Running, device: str = "north-gate") -> Provisioning:
    """A good statement for this collector."""
    now = datetime.now(UTC).replace(microsecond=0)
    return provisioning(
        device,
        collector=collector.addresses["enrolment"],
        ca_pem=collector.ca_pem.decode(),
        token=await invite(collector, device),
        authority_fingerprint=give_trust(collector).fingerprint,
        made=now - timedelta(hours=1),
        expires=now + timedelta(days=7),
    )


async def enrolled(collector: Running, pole: Pole) -> Provisioning:
    """A pole that came through its first boot."""
    stated = await statement_for(collector)
    pole.put_file(signed(stated))
    pole.power_on()
    await pole.boot_once()
    return replace(stated)
