"""An authority for tests: keys, a trust file, and mandates that a test bends where it wants."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.clock import Clock
from edge.mandate.envelope import MANDATE, REVOCATION, add_signature, sign_payload
from edge.mandate.kernel_clock import KernelClock
from edge.mandate.keys import SigningKey, make_signing_key
from edge.mandate.mailbox import write_incoming
from edge.mandate.places import Places, RoomName, trust_path
from edge.mandate.room import MandateRoom
from edge.mandate.statement import parse_mandate, utc_text, write_revocation
from edge.mandate.trust import Reader, Trust, write_trust
from edge.whole_file import write_whole

DEVICE = "pole-1"
CAMERA = "north"
CITY = "Ville de Testville"
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ALWAYS = [{"weekdays": EVERY_DAY, "starts": "00:00", "ends": "24:00"}]
FAKE_NOW = datetime.fromtimestamp(1_790_000_000, UTC)
"""What `FakeClock` shows at first."""


def synchronised(max_error_us: int = 1000) -> KernelClock:
    """A kernel whose clock a time service keeps."""
    return KernelClock(is_synchronised=True, max_error_us=max_error_us)


def adrift() -> KernelClock:
    """A kernel whose clock nobody keeps."""
    return KernelClock(is_synchronised=False, max_error_us=16_000_000)


@dataclass(frozen=True, slots=True)
class City:
    """An authority whose keys are known to the test. threshold: how many must sign."""

    keys: tuple[SigningKey, ...] = field(
        default_factory=lambda: tuple(
            make_signing_key(name) for name in ("mayor", "prefect", "officer")
        )
    )
    clip_key: SigningKey = field(default_factory=lambda: make_signing_key("collector"))
    threshold: int = 2
    readers: tuple[Reader, ...] = ()

    @property
    def trust(self) -> Trust:
        """What its poles believe."""
        public = tuple(key.public for key in self.keys)
        return Trust(CITY, self.threshold, public, self.clip_key.public, self.readers)

    def sign(
        self,
        statement: bytes,
        payload_type: str = MANDATE,
        by: Sequence[SigningKey] | None = None,
    ) -> bytes:
        """An envelope with the signatures of some keys; as many as are needed unless said."""
        first, *others = self.keys[: self.threshold] if by is None else by
        envelope = sign_payload(statement, payload_type, first)
        for key in others:
            envelope = add_signature(envelope, key)
        return envelope

    def mandate(self, **changes: object) -> bytes:
        """A signed bench mandate for DEVICE and CAMERA that holds around FAKE_NOW."""
        return self.sign(statement(**changes))

    def revocation(self, mandate_statement: bytes, reason: str = "withdrawn") -> bytes:
        """The signed revocation of a mandate, by one key."""
        text = write_revocation(parse_mandate(mandate_statement), reason=reason, issued=FAKE_NOW)
        return self.sign(text, REVOCATION, by=self.keys[:1])

    def install(self, data: Path, *envelopes: bytes) -> None:
        """Put trust and envelopes where the rooms of a pole look for them."""
        write_whole(trust_path(data), write_trust(self.trust), mode=0o644)
        for envelope in envelopes:
            write_incoming(data, envelope)


def statement(**changes: object) -> bytes:
    """The text of a bench mandate; keys are replaced, or left out where the change is None."""
    record: dict[str, object] = {
        "format": 1,
        "version": 1,
        "authority": CITY,
        "legal_basis": "None: a test",
        "purpose": "To test",
        "place": "A table",
        "contact": "nobody@example.org",
        "profile": "bench",
        "mode": "operation",
        "devices": [DEVICE],
        "cameras": [
            {"camera": CAMERA, "zones": [{"zone": "*", "functions": ["intrusion", "loitering"]}]}
        ],
        "time_zone": "Europe/Paris",
        "windows": ALWAYS,
        "not_before_utc": utc_text(FAKE_NOW - timedelta(days=10)),
        "expires_utc": utc_text(FAKE_NOW + timedelta(days=300)),
        "ring_days": 7,
        "clip_requesters": ["operator", "supervisor"],
        "rules_sha256": {},
        "models": [],
    }
    record |= changes
    kept = {key: value for key, value in record.items() if value is not None}
    return json.dumps(kept, indent=1).encode()


def around(now: datetime, days: int = 30) -> Mapping[str, object]:
    """Changes that make a mandate hold around a moment, such as the machine's own clock."""
    return {
        "not_before_utc": utc_text(now - timedelta(days=days)),
        "expires_utc": utc_text(now + timedelta(days=days)),
    }


def make_room(
    data: Path, clock: Clock, *, room: RoomName = "eye", kernel: KernelClock | None = None
) -> MandateRoom:
    """A room whose kernel says that the clock is right, polled once."""
    told = kernel or synchronised()
    made = MandateRoom(
        Places(data, room),
        device=DEVICE,
        clock=clock,
        computes=room == "eye",
        kernel=lambda: told,
    )
    made.poll()
    return made
